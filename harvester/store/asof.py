"""What was known at a moment: a throw-away store that holds the revisions stored by then, and no other."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.base import Batch, Kind, Metric, Observation, Subject
from harvester.spool import Finish, Read, Spool, Writer
from harvester.store import Store, answer, sql
from harvester.store.connection import open_writer, without_pandas

if TYPE_CHECKING:
    import duckdb

_AT_ONCE = 10_000
_KEY = tuple[str, str]


@contextmanager
def as_known(store: Store, moment: datetime) -> Iterator[Store]:
    """A store of its own with what `store` knew at a moment (aware), gone when the block ends.

    Its facts go through the same load as any harvest's, so its sums are those of that day. Who counts for whom, and
    how a stream's facts are summed, is as it is configured now. Raises Busy, StoreError.
    """
    at = {"moment": moment.astimezone(UTC).replace(tzinfo=None)}
    with tempfile.TemporaryDirectory(prefix="harvest-as-of-") as folder:
        spool = Spool(Path(folder) / "spool", clock=lambda: moment)
        spool.prepare()
        with store.reading() as connection:
            days = connection.execute(sql.text("queries/asof_coverage"), at).fetchnumpy()
            _spool(connection, spool, at, moment)
        then = Store(Path(folder) / "harvest.duckdb", store.zone)
        then.prepare(timeout=30)
        then.load(spool, timeout=30)
        _cover(then, days)
        yield then


def _spool(connection: duckdb.DuckDBPyConnection, spool: Spool, at: Mapping[str, Any], moment: datetime) -> None:
    """Write everything known then as one read of each stream."""
    writers = _writers(connection, spool, moment)
    for row in answer(connection, sql.text("queries/asof_subjects"), at):
        described = [writer for (source, _), writer in writers.items() if source == row["source"]]
        if described:
            described[0].add(Batch(subjects=[_subject(row)]))
    waiting: defaultdict[_KEY, list[Observation]] = defaultdict(list)
    found = connection.execute(sql.text("queries/asof_facts"), at)
    while rows := found.fetchmany(_AT_ONCE):
        for source, stream, *fact in rows:
            waiting[source, stream].append(_observation(*fact))
        for key, facts in waiting.items():
            writers[key].add(Batch(facts))
        waiting.clear()
    for writer in writers.values():
        writer.finish(Finish(finished_at=moment, outcome="ok", succeeded=True))


def _writers(connection: duckdb.DuckDBPyConnection, spool: Spool, moment: datetime) -> dict[_KEY, Writer]:
    """A read for every stream that declares metrics now, whether it has facts or only observed silences."""
    persons = dict(connection.execute("SELECT source, person FROM store.sources").fetchall())
    declared: defaultdict[_KEY, list[Metric]] = defaultdict(list)
    for source, stream, name, kind, revise, gauge in connection.execute(
        "SELECT source, stream, metric, kind, revise, gauge FROM store.metrics ORDER BY ALL"
    ).fetchall():
        declared[source, stream].append(Metric(name, Kind(kind), revise=revise, gauge=gauge))
    return {
        (source, stream): spool.writer(
            Read(
                source=source, connector="", person=persons.get(source) or "", schedule="", config_hash="",
                stream=stream, cursor_version=1, metrics=tuple(metrics), run_id="as-of", trigger="now",
                started_at=moment,
            ),
            {},
        )
        for (source, stream), metrics in declared.items()
    }  # fmt: skip


def _observation(
    metric: str, subject: str, key: str, occurred_at: datetime, actor: str | None, value: float, attrs: str | None
) -> Observation:
    return Observation(
        metric, subject, key, occurred_at.replace(tzinfo=UTC), value, actor, json.loads(attrs) if attrs else {}
    )


def _subject(row: Mapping[str, Any]) -> Subject:
    published_at = row["published_at"]
    return Subject(
        row["stable_id"], row["name"], row["kind"], row["title"] or "", row["url"] or "",
        published_at.replace(tzinfo=UTC) if published_at else None,
    )  # fmt: skip


def _cover(then: Store, days: Mapping[str, Any]) -> None:
    """Note what was known of each day, as it was noted then: the shares of days are not to be worked out anew."""
    plain = {name: each.astype(str) if each.dtype == object else each for name, each in days.items()}
    with without_pandas(), closing(open_writer(then.path, timeout=30, threads=1)) as connection:
        connection.execute("DELETE FROM store.coverage")
        connection.execute("DELETE FROM store.period_coverage")
        connection.register("days", plain)
        connection.execute(
            "INSERT INTO store.coverage (source, stream, metric, day, state, share)"
            " SELECT source, stream, metric, day, state, share FROM days"
        )
        connection.execute(sql.text("queries/asof_periods"))
