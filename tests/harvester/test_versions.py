"""As of a time, exactly what was known then; and other parameters are another curve."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Batch, Coverage, Kind, Metric, Observation, Subject
from harvester.cli import run
from harvester.config import Settings, load
from harvester.scorejob import inputs_of, params, rescore
from harvester.store.asof import as_known
from harvester.versions import difference, moment_of
from tests.harvester.store.building import METRICS, Shelf, on

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = tmp_path / "config.toml"
    config.write_text('[harvest]\ndatabase = "harvest.duckdb"\ntimezone = "Europe/Berlin"\n')
    return load(config)


def noon(day: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def facts(chance: random.Random, now: datetime) -> Iterator[Observation]:
    """What a service tells on a day: new things, old things told otherwise, things taken back, counters, gauges."""
    today = now.date()
    for number in range(12):
        happened = now - timedelta(days=chance.randrange(20), hours=chance.randrange(12))
        who = chance.choice(["ann", "bob", "robot", None])
        attrs = {"bot": True} if who == "robot" else {"direction": "self"} if who == "bob" else {}
        value = 0.0 if chance.random() < 0.2 else 1.0
        yield Observation(
            "issues_opened", f"repo:{number % 2}", str(chance.randrange(30)), happened, value, who, attrs
        )
    for back in range(5):
        day = today - timedelta(days=back)
        for metric in ("post_reads", "traffic_views"):
            at = datetime(day.year, day.month, day.day, tzinfo=UTC)
            yield Observation(metric, "post", day.isoformat(), at, float(chance.randrange(50)))
    yield Observation("post_comments", "post", today.isoformat(), now, float(10 * today.day + chance.randrange(5)))
    yield Observation("stargazers", "repo:1", today.isoformat(), now, float(chance.randrange(100)))


@pytest.mark.parametrize("seed", range(2))
def test_as_of_any_moment_the_inputs_are_those_of_that_moment(tmp_path: Path, settings: Settings, seed: int) -> None:
    chance, shelf, chosen = random.Random(seed), Shelf(tmp_path, zone=BERLIN), params(settings.scoring)
    known = []
    for day in (3, 4, 4, 12):
        now = noon(day) + timedelta(hours=len(known))
        shelf.spool.clock = lambda now=now: now
        first = on(day) - timedelta(days=chance.randrange(1, 25))
        state = chance.choice(["measured", "partial", "missing"])
        told = {(each.metric, each.subject, each.key): each for each in facts(chance, now)}
        shelf.harvest(
            Batch(
                list(told.values()),
                subjects=[Subject("post", f"name {day}", "post", published_at=noon(1, 10))],
                coverage=[Coverage(first, on(day), state)],
            )
        )
        known.append((now, inputs_of(shelf.store, chosen, today=on(20))))
    for now, then in known:
        with as_known(shelf.store, now + timedelta(seconds=1)) as store:
            again = inputs_of(store, chosen, today=on(20))
        assert rows(again.totals) == rows(then.totals)
        assert rows(again.participants) == rows(then.participants)
    assert len({str(rows(then.totals)) for _, then in known}) == len(known)


def rows(columns) -> list[tuple[str, ...]]:
    return sorted(
        zip(*([f"{each:.9g}" if isinstance(each, float) else str(each) for each in values.tolist()]
              for values in columns.values()), strict=True)
    )  # fmt: skip


def test_what_was_known_before_coverage_was_logged_is_known_from_the_end_of_its_day(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.harvest(Batch(coverage=[Coverage(on(2), on(8))]))

    logged = shelf.ask("SELECT count(*), count(DISTINCT day) FROM store.coverage_log WHERE metric = 'post_reads'")
    assert logged == [(7, 7)]


def test_a_throw_away_store_is_thrown_away(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with as_known(shelf.store, noon(3)) as then:
        assert then.path.exists()
        assert then.path.parent != tmp_path
    assert not then.path.parent.exists()


def test_diff_says_what_was_learnt_revised_and_taken_back(tmp_path: Path, settings: Settings) -> None:
    shelf = Shelf(tmp_path, zone=BERLIN, metrics=(*METRICS, Metric("stars", Kind.EVENT)))
    shelf.spool.clock = lambda: noon(20, 10)
    days = [Coverage(date(2026, 9, 1), date(2026, 10, 19))]
    reads = [Observation("post_reads", "post", f"2026-09-{day:02}", noon(day, 9), 10.0) for day in range(1, 31)]
    shelf.harvest(Batch([*reads, Observation("stars", "repo", "1", noon(15, 9))], coverage=days))
    shelf.spool.clock = lambda: noon(2)
    shelf.harvest(
        Batch(
            [
                replace(reads[9], value=25.0),
                Observation("stars", "repo", "1", noon(15, 9), 0.0),
                Observation("issues_opened", "repo", "7", noon(8, 9)),
            ],
            subjects=[Subject("repo", "me/repo", "repo")],
        )
    )

    found = difference(settings, noon(25, 10), person=None, grain="week", model="chained", today=date(2026, 11, 3))

    told = {(row["metric"], row["period"]): row for row in found.facts}
    assert {
        key: (row["learnt"], row["revised"], row["taken_back"], row["was"], row["is"]) for key, row in told.items()
    } == {
        ("post_reads", date(2026, 9, 7)): (0, 1, 0, 10.0, 25.0),
        ("stars", date(2026, 9, 14)): (0, 0, 1, 1.0, 0.0),
        ("issues_opened", date(2026, 9, 7)): (1, 0, 0, 0.0, 1.0),
    }
    assert told["issues_opened", date(2026, 9, 7)]["subject"] == "me/repo"
    assert found.periods[0].period == date(2026, 9, 7)
    then, now = found.periods[0].factor_e
    assert now > then
    assert all(change.period < date(2026, 10, 19) for change in found.periods)
    assert found.days == []


def test_diff_shows_an_outage_that_was_filled_later(tmp_path: Path, settings: Settings) -> None:
    shelf = Shelf(tmp_path, zone=BERLIN)
    shelf.spool.clock = lambda: noon(20, 10)
    gap = [
        Coverage(date(2026, 9, 1), date(2026, 9, 9)),
        Coverage(date(2026, 9, 10), date(2026, 9, 12), "missing", "the service was down"),
        Coverage(date(2026, 9, 13), date(2026, 10, 19)),
    ]
    shelf.harvest(Batch([Observation("post_reads", "post", "2026-09-02", noon(2, 9), 10.0)], coverage=gap))
    shelf.spool.clock = lambda: noon(2)
    shelf.harvest(Batch(coverage=[Coverage(date(2026, 9, 10), date(2026, 9, 12))]))

    found = difference(settings, noon(25, 10), person="me", grain="week", model="chained", today=date(2026, 11, 3))

    assert {(row["metric"], row["days"], row["first_day"]) for row in found.days} >= {
        ("post_reads", 3.0, date(2026, 9, 10))
    }
    assert found.periods


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24", datetime(2026, 11, 24, 23, tzinfo=UTC)),  # the end of the day in Berlin
        ("2026-11-24T18:00", datetime(2026, 11, 24, 17, tzinfo=UTC)),
        ("2026-11-24 18:00", datetime(2026, 11, 24, 17, tzinfo=UTC)),
        ("2026-11-24T18:00+05:00", datetime(2026, 11, 24, 13, tzinfo=UTC)),
        ("2026-10-24", datetime(2026, 10, 24, 22, tzinfo=UTC)),
        ("2026-10-25", datetime(2026, 10, 25, 23, tzinfo=UTC)),  # clocks go back in its night
        ("2026-03-29", datetime(2026, 3, 29, 22, tzinfo=UTC)),  # and forth
    ],
)
def test_times_are_those_of_the_configured_zone(settings: Settings, text: str, moment: datetime) -> None:
    assert moment_of(text, settings) == moment


def drawn(shelf: Shelf, settings: Settings, **scoring) -> Settings:
    """Score with other settings of [scoring]."""
    chosen = replace(settings, scoring=replace(settings.scoring, **scoring))
    rescore(chosen, today=date(2026, 11, 30))
    return chosen


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path, zone=BERLIN)
    reads = [Observation("post_reads", "post", str(on(day)), noon(day), 5.0 * day) for day in range(2, 16)]
    shelf.harvest(Batch(reads, coverage=[Coverage(on(2), on(15))]))
    return shelf


def test_a_parameter_change_begins_a_curve_and_keeps_the_old_one_as_it_was(shelf: Shelf, settings: Settings) -> None:
    drawn(shelf, settings)
    before = {name: shelf.ask(f"FROM {name} ORDER BY ALL") for name in ("factors", "influence")}
    old = before["influence"][0][-1]
    drawn(shelf, settings, half_life_days=7.0, weights={"stars": 10.0})

    for name, rows_before in before.items():
        assert shelf.ask(f"FROM former_{name} ORDER BY ALL") == rows_before
        assert {row[-1] for row in shelf.ask(f"FROM {name}")} & {old} == set()
        assert len(shelf.ask(f"FROM {name}")) == len(rows_before)
    assert shelf.ask("SELECT params = $old, is_shown FROM curves ORDER BY first_scored", old=old) == [
        (True, False),
        (False, True),
    ]
    (told,) = shelf.ask("SELECT settings FROM curves WHERE is_shown")
    assert json.loads(told[0])["half_life_days"] == 7.0
    assert json.loads(told[0])["weights"]["stars"] == {"role": "reads", "weight": 10.0}


def test_new_facts_leave_a_kept_curve_alone(shelf: Shelf, settings: Settings) -> None:
    drawn(shelf, settings)
    drawn(shelf, settings, half_life_days=7.0)
    kept = shelf.ask("FROM former_influence ORDER BY ALL")
    shelf.harvest(
        Batch([Observation("post_reads", "post", str(on(16)), noon(16), 500.0)], coverage=[Coverage(on(16), on(16))])
    )
    drawn(shelf, settings, half_life_days=7.0)

    assert shelf.ask("FROM former_influence ORDER BY ALL") == kept
    assert kept


def test_going_back_goes_on_with_the_earlier_curve(shelf: Shelf, settings: Settings) -> None:
    drawn(shelf, settings)
    first = shelf.ask("FROM influence ORDER BY ALL")
    drawn(shelf, settings, half_life_days=7.0)
    second = shelf.ask("FROM influence ORDER BY ALL")
    drawn(shelf, settings)

    assert shelf.ask("FROM influence ORDER BY ALL") == first
    assert shelf.ask("FROM former_influence ORDER BY ALL") == second
    assert len(shelf.ask("FROM curves")) == 2


def test_scoring_again_with_the_same_parameters_keeps_nothing(shelf: Shelf, settings: Settings) -> None:
    drawn(shelf, settings)
    drawn(shelf, settings)

    assert shelf.ask("FROM former_factors") == []
    assert len(shelf.ask("FROM curves")) == 1


def test_the_report_says_which_curve_is_shown_and_what_is_different(
    shelf: Shelf, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn(shelf, settings)
    (old,) = shelf.ask("SELECT params FROM curves")
    settings.path.write_text(
        settings.path.read_text() + "[scoring]\nhalf_life_days = 7\n[scoring.weights]\nstars = 10\n"
    )
    assert run(["score", "--config", str(settings.path)]) == 0
    text = capsys.readouterr().out

    assert f"Kept beside it: {old[0]}, last drawn on " in text
    assert "with half_life_days 28 (here 7); weight of stars 25 as reads (here 10 as reads)" in text

    assert run(["score", "--config", str(settings.path), "--params", old[0][:5], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["influence"]
    kept = shelf.ask("SELECT influence FROM influence WHERE grain = 'week' ORDER BY model, period")
    assert [row["influence"] for row in told] == [value for (value,) in kept]


def test_with_one_curve_nothing_is_said_of_others(shelf: Shelf, settings: Settings, capsys) -> None:
    drawn(shelf, settings)
    assert run(["score", "--config", str(settings.path)]) == 0

    assert "Shown: the curve" not in capsys.readouterr().out
