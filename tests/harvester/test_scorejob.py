from __future__ import annotations

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
    before = evaluate(settings, today=date(2026, 11, 9)).factors
    shelf.harvest(
        Batch(
            [
                Observation("issues_opened", "repo", "1", at(5), actor="robot", attrs={"bot": True}),
                Observation("issues_opened", "repo", "2", at(5), actor="me", attrs={"direction": "self"}),
            ]
        )
    )
    after = evaluate(settings, today=date(2026, 11, 9)).factors
    assert after["factor_i"].equals(before["factor_i"])
    assert after["interactions"].equals(before["interactions"])


def test_people_are_distinct_over_metrics_and_days(settings: Settings, shelf: Shelf) -> None:
    shelf.harvest(Batch([Observation("issues_opened", "repo", str(n), at(3 + n), actor="ann") for n in range(3)]))
    factors = evaluate(settings, today=date(2026, 11, 9)).factors
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
    told = evaluate(chosen, today=date(2026, 11, 21))
    with shelf.store.reading(frames=True) as connection:
        whole = connection.execute("FROM scored_totals").df()
    plain = scoring.score(whole, params(chosen.scoring), now=date(2026, 11, 21))
    assert len(whole) > 40
    drop = ["participants", "interactions_per_participant"]
    left, right = (
        result.factors.drop(columns=drop).sort_values(["model", "grain", "period"], ignore_index=True)
        for result in (told, plain)
    )
    pd.testing.assert_frame_equal(left, right)


def test_an_empty_database_scores_to_empty_tables(settings: Settings, tmp_path: Path) -> None:
    Shelf(tmp_path)
    assert evaluate(settings, today=date(2026, 11, 9)).factors.empty
