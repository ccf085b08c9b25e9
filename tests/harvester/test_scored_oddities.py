"""From facts that are odd to scores that are sound: resets, clock changes, nobody, nothing."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Batch, Coverage, Kind, Metric, Observation
from harvester.cli import run
from harvester.config import Settings, load
from harvester.scorejob import evaluate
from tests.harvester.store.building import Shelf

BERLIN = ZoneInfo("Europe/Berlin")
METRICS = (
    Metric("post_reads", Kind.EVENT),
    Metric("video_views", Kind.LEVEL),
    Metric("followers", Kind.LEVEL, gauge=True),
    Metric("answers", Kind.EVENT),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = tmp_path / "config.toml"
    config.write_text('[harvest]\ndatabase = "harvest.duckdb"\ntimezone = "Europe/Berlin"\n')
    return load(config)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, zone=BERLIN, metrics=METRICS)


def rows(settings: Settings, today: date, table: str, model: str, grain: str) -> list[dict[str, object]]:
    columns = getattr(evaluate(settings, today=today), table)
    chosen = (columns["model"] == model) & (columns["grain"] == grain)
    return [
        dict(zip(columns, row, strict=True))
        for row in zip(*(values[chosen].tolist() for values in columns.values()), strict=True)
    ]


def test_a_level_that_resets_every_day_never_lowers_anything_below_silence(settings: Settings, shelf: Shelf) -> None:
    start = datetime(2026, 9, 1, 12, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(60)]
    readings = [
        Observation("video_views", "video", f"{day:%Y-%m-%d}", day, 1000.0 if number % 2 else 3.0)
        for number, day in enumerate(days)
    ]
    shelf.spool.clock = lambda: days[-1]
    shelf.harvest(Batch(readings, coverage=[Coverage(days[0].date(), days[-1].date())]))

    assert min(total for (total,) in shelf.ask("SELECT total FROM daily")) >= 0
    for grain in ("day", "week", "month"):
        for row in rows(settings, date(2026, 11, 30), "factors", "chained", grain):
            assert 0 < row["factor_e"] < math.inf
        for row in rows(settings, date(2026, 11, 30), "influence", "chained", grain):
            assert 0 < row["low"] <= row["influence"] <= row["high"] < math.inf


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)])
def test_where_clocks_change_a_day_is_a_day_and_constant_input_gives_one(
    settings: Settings, shelf: Shelf, change: date
) -> None:
    first = change - timedelta(days=34)
    facts, local = [], [0, 1, 2, 3, 12, 23]
    for number in range(70):
        day = first + timedelta(days=number)
        for hour in local:
            at = datetime(day.year, day.month, day.day, hour, 30, tzinfo=BERLIN).astimezone(UTC)
            facts.append(Observation("post_reads", "post", f"{day}-{hour}", at))
    shelf.spool.clock = lambda: datetime.combine(first + timedelta(days=75), datetime.min.time(), UTC)
    shelf.harvest(Batch(facts, coverage=[Coverage(first, first + timedelta(days=69))]))

    assert set(shelf.ask("SELECT total FROM daily")) == {(6.0,)}
    weeks = rows(settings, first + timedelta(days=90), "factors", "chained", "week")
    whole = [row for row in weeks if row["coverage"] == 1]
    assert {row["factor_e"] for row in whole[1:]} == {1.0}
    assert len(whole) >= 9


def test_an_audience_of_nobody_is_said_not_divided_by(settings: Settings, shelf: Shelf) -> None:
    at = datetime(2026, 11, 4, 12, tzinfo=UTC)
    shelf.spool.clock = lambda: at + timedelta(days=7)
    facts = [Observation("followers", "me", "2026-11-04", at, 0.0), Observation("answers", "forum", "1", at)]
    shelf.harvest(Batch(facts, coverage=[Coverage(date(2026, 11, 2), date(2026, 11, 8))]))

    (week, *_) = rows(settings, date(2026, 11, 30), "factors", "essay", "week")
    assert (week["audience"], str(week["i_status"])) == (0.0, "undefined: audience is zero")
    assert math.isnan(week["factor_i"])


def test_a_month_with_nothing_but_gaps_is_held_and_told_in_words(
    settings: Settings, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.spool.clock = lambda: datetime(2026, 11, 20, tzinfo=UTC)
    reads = [
        Observation("post_reads", "post", f"{month}-{n}", datetime(2026, month, 10 + n % 9, 12, tzinfo=UTC))
        for month in (7, 8, 10)
        for n in range(20)
    ]
    known = [
        Coverage(date(2026, 7, 1), date(2026, 8, 31)),
        Coverage(date(2026, 9, 1), date(2026, 9, 30), "lost", "the service forgot it"),
        Coverage(date(2026, 10, 1), date(2026, 11, 19)),
    ]
    shelf.harvest(Batch(reads, coverage=known))

    assert run(["explain", "2026-09", "--config", str(settings.path)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "September 2026: nothing was observed, so both factors are 1 and the influence is held at 100." in text
    assert "were lost for good from 1 to 30 September (the service forgot it)" in text
    assert "counts as unknown, not as zero" in text


@pytest.mark.parametrize("command", [["explain", "2026-11"], ["what-if", "stars=*2"], ["score", "--forecast", "2"]])
def test_of_nobody_and_nothing_there_are_sentences(
    settings: Settings, shelf: Shelf, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run([*command, "--config", str(settings.path)]) == 2
    assert "nothing that counts has been harvested yet; run `harvest now` first" in capsys.readouterr().err
