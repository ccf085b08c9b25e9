from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import scoring
from connectors.base import Batch, Coverage, Kind, Metric, Observation
from harvester.config import Settings, load
from harvester.scorejob import evaluate, params, rescore
from tests.harvester.store.building import Shelf, at, on

METRICS = tuple(
    Metric(name, Kind.EVENT)
    for name in ("post_reads", "post_comments", "site_visits", "talk_interactions", "talk_audience", "issues_opened")
)


def factors_of(settings: Settings, today: date = date(2026, 11, 9)) -> pd.DataFrame:
    """The factors, as a frame is easier to ask."""
    return pd.DataFrame(dict(evaluate(settings, today=today).factors))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = tmp_path / "config.toml"
    config.write_text('[harvest]\ndatabase = "harvest.duckdb"\n')
    return load(config)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """The essay's own week, 2 to 8 November 2026: its numbers, observed to the full."""
    shelf = Shelf(tmp_path, metrics=METRICS)
    week = {
        "post_reads": 1000, "post_comments": 50, "site_visits": 10_000, "talk_interactions": 1000,
        "talk_audience": 1000,
    }  # fmt: skip
    facts = [Observation(metric, "thing", "1", at(4), float(value)) for metric, value in week.items()]
    shelf.harvest(Batch(facts, coverage=[Coverage(on(2), on(8))]))
    return shelf


def test_the_essays_week_gives_the_essays_factors(settings: Settings, shelf: Shelf) -> None:
    rescore(settings, today=date(2026, 11, 9))
    # E = (1000 + 50) / (10000 · 0.1); I = 1000 / (1000 · 0.5); I_1 = 100 · 1.05 · 2
    assert shelf.ask(
        "SELECT factor_e, factor_i, influence FROM factors JOIN influence USING (person, model, grain, period)"
        " WHERE model = 'essay' AND grain = 'week'"
    ) == [(1.05, 2.0, pytest.approx(210.0))]


def test_scoring_again_gives_equal_rows(settings: Settings, shelf: Shelf) -> None:
    tables = []
    for _ in range(2):
        rescore(settings, today=date(2026, 11, 9))
        tables.append([shelf.ask(f"FROM {name} ORDER BY ALL") for name in ("factors", "influence", "attribution")])
    assert tables[0] == tables[1]
    assert all(tables[0])


def test_bots_and_self_move_no_factor(settings: Settings, shelf: Shelf) -> None:
    before = factors_of(settings)
    shelf.harvest(
        Batch(
            [
                Observation("issues_opened", "repo", "1", at(5), actor="robot", attrs={"bot": True}),
                Observation("issues_opened", "repo", "2", at(5), actor="me", attrs={"direction": "self"}),
            ]
        )
    )
    after = factors_of(settings)
    assert after["factor_i"].equals(before["factor_i"])
    assert after["interactions"].equals(before["interactions"])


def test_people_are_distinct_over_metrics_and_days(settings: Settings, shelf: Shelf) -> None:
    shelf.harvest(Batch([Observation("issues_opened", "repo", str(n), at(3 + n), actor="ann") for n in range(3)]))
    factors = factors_of(settings)
    week = factors[(factors["grain"] == "week") & (factors["model"] == "essay")]
    assert list(week["participants"]) == [1.0]


def test_what_is_summed_in_sql_scores_as_the_view_does(settings: Settings, tmp_path: Path) -> None:
    metrics = (*METRICS, Metric("stargazers", Kind.LEVEL, gauge=True), Metric("forks", Kind.EVENT))
    shelf = Shelf(tmp_path, metrics=metrics)
    facts = []
    for day in range(2, 9):
        for n, repo in enumerate(("a", "b")):
            if day % (n + 2):
                facts.append(Observation("stargazers", repo, str(on(day)), at(day), 10.0 * day + n))
            facts.append(Observation("forks", repo, str(day), at(day)))
            facts.append(Observation("issues_opened", repo, str(day), at(day), actor=f"p{day % 3}"))
    shelf.harvest(Batch(facts, coverage=[Coverage(on(2), on(20))]))
    weights = {"forks": {"role": "audience", "weight": 2.0}}
    chosen = replace(settings, scoring=replace(settings.scoring, weights=weights))
    told = factors_of(chosen, today=date(2026, 11, 21))
    with shelf.store.reading() as connection:
        cursor = connection.execute("FROM scored_totals")
        whole = pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description or ()])
    plain = scoring.score(whole, params(chosen.scoring), now=date(2026, 11, 21))
    assert len(whole) > 40
    drop = ["participants", "interactions_per_participant"]
    left, right = (
        factors.drop(columns=drop).sort_values(["model", "grain", "period"], ignore_index=True)
        for factors in (told, plain.factors)
    )
    pd.testing.assert_frame_equal(left, right, check_dtype=False)


def test_an_empty_database_scores_to_empty_tables(settings: Settings, tmp_path: Path) -> None:
    Shelf(tmp_path)
    assert factors_of(settings).empty


def test_no_pandas_is_imported_for_it(tmp_path: Path) -> None:
    script = (
        "import sys; from datetime import date; from pathlib import Path; from harvester.config import load;"
        "from harvester.scorejob import rescore; settings = load(Path('config.toml'));"
        "rescore(settings, today=date(2026, 11, 9)); sys.exit('pandas' in sys.modules)"
    )
    (tmp_path / "config.toml").write_text('[harvest]\ndatabase = "harvest.duckdb"\n')
    Shelf(tmp_path)
    assert subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False).returncode == 0


def test_what_a_score_takes_can_be_imported_beside_something_else() -> None:
    script = (
        "import sys, threading; from harvester.scorejob import get_ready;"
        "before = sys.getswitchinterval(); get_ready();"
        "[each.join() for each in threading.enumerate() if each is not threading.main_thread()];"
        "print('numpy' in sys.modules, 'scoring.api' in sys.modules, sys.getswitchinterval() == before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 3


def test_where_nothing_is_to_be_scored_nothing_for_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[harvest]\ndatabase = "harvest.duckdb"\n')
    Shelf(tmp_path)
    script = (
        "import sys; from harvester.cli import run; code = run(['now', '--quiet']);"
        "print(code, *(name in sys.modules for name in ('numpy', 'scoring.api', 'rich')))"
    )
    told = [
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert [each.stdout.splitlines()[-1] for each in told] == ["0 True True True", "0 False False False"]
    assert told[1].stdout.splitlines()[:-1] == [f"0 new facts and 0 revised in {tmp_path / 'harvest.duckdb'}"]
