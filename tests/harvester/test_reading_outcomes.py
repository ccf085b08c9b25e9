from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Batch, Connector, Context, Cursor, Kind, Metric, Observation, Stream, StreamSpec
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from harvester.config import ScoringSettings, Settings, Source
from harvester.pipeline import Harvest, harvest
from harvester.reading import Order, Patience
from harvester.schedule import parse
from harvester.store import Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ISSUES = Metric("issues_opened", Kind.EVENT)
VIEWS = Metric("post_reads", Kind.DAILY)


def issue(key: str) -> Observation:
    return Observation("issues_opened", "repo:1", key, NOW)


@dataclass
class Scripted:
    """A stream whose n-th read does what the script says: yield batches, then perhaps raise."""

    name: str
    script: list[tuple[Sequence[Batch], Exception | None]]
    version: int = 1
    cursors: list[Cursor] = field(default_factory=list)

    @property
    def spec(self) -> StreamSpec:
        return StreamSpec(self.name, (ISSUES, VIEWS), cursor_version=self.version)

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        self.cursors.append(dict(cursor))
        batches, error = self.script[min(len(self.cursors), len(self.script)) - 1]
        yield from batches
        if error:
            raise error


@dataclass(frozen=True)
class NoConfig:
    pass


@dataclass
class Desk:
    """Settings for sources that are made of scripted streams."""

    folder: Path
    sources: list[Source] = field(default_factory=list)

    def add(self, name: str, *streams: Stream, opening: Exception | None = None) -> None:
        def opened(_config: object, _context: Context) -> Sequence[Stream]:
            if opening:
                raise opening
            return streams

        connector = Connector("scripted", NoConfig, opened, ())
        self.sources.append(
            Source(name=name, connector=connector, config=NoConfig(), schedule=parse("every 6h"), config_hash="c")
        )

    def harvest(self, *, full: bool = False, at: datetime = NOW) -> Harvest:
        settings = Settings(
            path=self.folder / "config.toml", folder=self.folder, database=self.folder / "harvest.duckdb",
            spool=self.folder / "spool", timezone=ZoneInfo("UTC"), sources=tuple(self.sources),
            scoring=ScoringSettings(),
        )  # fmt: skip
        patience = Patience(first_pause=timedelta(0), longest_pause=timedelta(seconds=1))
        return harvest(settings, self.sources, Order(full=full, patience=patience), clock=lambda: at)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with Store(self.folder / "harvest.duckdb", ZoneInfo("UTC")).reading() as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (AuthFailed("refused"), "auth failed"),
        (NotPermitted("no right"), "not permitted"),
        (RateLimited("slow down", retry_at=NOW + timedelta(hours=1)), "rate limited"),
        (Unavailable("down"), "unavailable"),
        (Gone("gone"), "gone"),
        (Malformed("HTML"), "malformed"),
        (KeyError("login"), "defect"),
    ],
)
def test_each_failure_has_its_word_and_is_on_record(desk: Desk, error: Exception, word: str) -> None:
    desk.add("work", Scripted("issues", [([Batch([issue("1")], checkpoint={"at": 1})], error)]))
    done = desk.harvest()
    assert [outcome.outcome for outcome in done.outcomes] == [word]
    assert desk.ask("SELECT outcome, stored FROM runs") == [(word, 1)]
    assert desk.ask("SELECT DISTINCT state FROM coverage") == [("missing",)]


def test_a_passing_failure_goes_on_from_the_last_checkpoint(desk: Desk) -> None:
    stream = Scripted(
        "issues",
        [
            ([Batch([issue("1")], checkpoint={"at": 1})], Unavailable("reset")),
            ([Batch([issue("2")], checkpoint={"at": 2})], None),
        ],
    )
    desk.add("work", stream)
    assert [outcome.outcome for outcome in desk.harvest().outcomes] == ["ok"]
    assert stream.cursors == [{}, {"at": 1}]
    assert desk.ask("SELECT key FROM observations ORDER BY key") == [("1",), ("2",)]


def test_a_failure_that_stays_is_given_up_after_three_tries(desk: Desk) -> None:
    stream = Scripted("issues", [([], Unavailable("down"))])
    desk.add("work", stream)
    desk.harvest()
    assert len(stream.cursors) == 3


def test_what_an_earlier_harvest_reached_is_where_the_next_starts(desk: Desk) -> None:
    stream = Scripted("issues", [([Batch([issue("1")], checkpoint={"at": 1})], None), ([], None)])
    desk.add("work", stream)
    desk.harvest()
    desk.harvest()
    desk.harvest(full=True)
    assert stream.cursors == [{}, {"at": 1}, {}]


def test_a_far_retry_pauses_the_source_until_then(desk: Desk) -> None:
    stream = Scripted("issues", [([], RateLimited("later", retry_at=NOW + timedelta(hours=1))), ([], None)])
    desk.add("work", stream, Scripted("pulls", [([], None)]))
    first = desk.harvest()
    assert [outcome.outcome for outcome in first.outcomes] == ["rate limited", "rate limited"]
    again = desk.harvest(at=NOW + timedelta(minutes=5))
    assert again.outcomes[0].message.startswith("the service asked not to be called before 2026-11-24 13:00")
    assert desk.harvest(at=NOW + timedelta(hours=2)).outcomes[0].outcome == "ok"
    assert len(stream.cursors) == 2


def test_refused_credentials_end_the_source_and_no_other(desk: Desk) -> None:
    pulls = Scripted("pulls", [([], None)])
    desk.add("work", Scripted("issues", [([], AuthFailed("refused"))]), pulls)
    desk.add("blog", Scripted("posts", [([Batch([issue("1")])], None)]))
    outcomes = {(o.source, o.stream): o.outcome for o in desk.harvest().outcomes}
    assert outcomes == {("work", "issues"): "auth failed", ("work", "pulls"): "auth failed", ("blog", "posts"): "ok"}
    assert pulls.cursors == []


def test_a_missing_right_skips_one_stream_only(desk: Desk) -> None:
    desk.add("work", Scripted("traffic", [([], NotPermitted("push access"))]), Scripted("issues", [([], None)]))
    done = desk.harvest()
    assert [outcome.outcome for outcome in done.outcomes] == ["not permitted", "ok"]
    assert not any(outcome.is_failure for outcome in done.outcomes)
    assert desk.ask("SELECT last_success FROM sources") == [(NOW.replace(tzinfo=None),)]


def test_a_source_that_does_not_open_stops_no_other(desk: Desk) -> None:
    desk.add("work", opening=Malformed("odd"))
    desk.add("blog", Scripted("posts", [([], None)]))
    assert {o.source: o.outcome for o in desk.harvest().outcomes} == {"work": "malformed", "blog": "ok"}


def test_a_problem_of_one_subject_makes_the_stream_partial(desk: Desk) -> None:
    gone = Batch([issue("1")], problems=[Gone("me/old is gone", remedy="take it out of repos")])
    desk.add("work", Scripted("issues", [([gone], None)]))
    (outcome,) = desk.harvest().outcomes
    assert (outcome.outcome, outcome.message) == ("partial", "me/old is gone; take it out of repos")
    assert desk.ask("SELECT last_success FROM sources") == [(None,)]


@pytest.mark.parametrize(
    ("observation", "why"),
    [
        (Observation("stars", "repo:1", "1", NOW), "does not declare"),
        (Observation("post_reads", "post:1", "24.11.2026", NOW), "must be a day"),
    ],
)
def test_a_fact_that_could_not_be_loaded_is_rejected_not_fatal(
    desk: Desk, observation: Observation, why: str
) -> None:
    desk.add("work", Scripted("issues", [([Batch([issue("1"), observation])], None)]))
    (outcome,) = desk.harvest().outcomes
    assert (outcome.outcome, outcome.rejects) == ("ok", 1)
    assert why in outcome.message
    assert desk.ask("SELECT count(*) FROM observations") == [(1,)]


def test_a_cursor_of_a_newer_version_is_refused_and_an_older_one_is_not_used(desk: Desk) -> None:
    desk.add("work", Scripted("issues", [([Batch([], checkpoint={"at": 1})], None)], version=2))
    desk.harvest()
    desk.sources.clear()
    older = Scripted("issues", [([], None)], version=1)
    desk.add("work", older)
    (outcome,) = desk.harvest().outcomes
    assert (outcome.outcome, older.cursors) == ("malformed", [])
    assert "upgrade harvester" in outcome.message
    desk.sources.clear()
    newer = Scripted("issues", [([], None)], version=3)
    desk.add("work", newer)
    desk.harvest()
    assert newer.cursors == [{}]


def test_a_stream_that_says_nothing_of_coverage_has_measured_today(desk: Desk) -> None:
    desk.add("work", Scripted("issues", [([Batch([issue("1")])], None)]))
    desk.harvest()
    assert desk.ask("SELECT DISTINCT day, state FROM coverage") == [(NOW.date(), "measured")]


def test_a_slow_source_does_not_keep_another_from_being_loaded(desk: Desk) -> None:
    found: list[int] = []

    def look() -> Iterator[Batch]:
        for _ in range(100):
            rows = desk.ask("SELECT count(*) FROM observations WHERE source = 'quick'")
            if rows != [(0,)]:
                found.append(1)
                return
            yield Batch()

    desk.add("quick", Scripted("posts", [([Batch([issue("1")], checkpoint={"at": 1})], None)]))
    desk.add("slow", Looking(look))
    desk.harvest()
    assert found == [1]


@dataclass
class Looking:
    look: Callable[[], Iterator[Batch]]

    @property
    def spec(self) -> StreamSpec:
        return StreamSpec("looking", (ISSUES,))

    def read(self, _cursor: Cursor) -> Iterator[Batch]:
        return self.look()
