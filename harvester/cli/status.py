"""`harvest status`: how each source stands."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from harvester.cli import show

OVERDUE_OR_FAILED = 3


def run(options: argparse.Namespace) -> int:
    """A table of sources, then what failed and what waits; exit code 3 when a stream's last read failed."""
    from harvester.spool import Spool
    from harvester.store import Store, standing

    settings = show.settings(options)
    with Store(settings.database, settings.timezone).reading() as connection:
        stored = {row["source"]: row for row in standing(connection)}
    waiting = Spool(settings.spool).peek() if settings.spool.is_dir() else []
    rows = [_row(source, stored.get(source.name)) for source in settings.sources]
    failing = [(row["source"], stream) for row in rows for stream in _failing(row["streams"])]
    if options.json:
        show.write_json(
            {
                "database": str(settings.database),
                "sources": rows,
                "spool": {"segments": len(waiting), "observations": sum(segment.rows for segment in waiting)},
            }
        )
        return OVERDUE_OR_FAILED if failing else 0
    out = show.console(options)
    made = show.table(["source", "connector", "last success", "next due", "rows", "state"], right=["rows"])
    for row in rows:
        made.add_row(
            show.plain(row["source"]), row["connector"], show.moment(row["last_success"]),
            show.moment(row["next_due"]), str(row["rows"]), row["state"],
        )  # fmt: skip
    out.print(made)
    for source, stream in failing:
        why = f": {stream['message']}" if stream["message"] else ""
        out.print(show.plain(f"{source} {stream['stream']}: {stream['outcome'] or 'cut off'}{why}"), soft_wrap=True)
    for row in rows:
        for left in row["quota"]:
            if left["reset_at"] > datetime.now(UTC).replace(tzinfo=None):
                text = (
                    f"{row['source']}: {left['remaining']} of {left['allowed']} left of {left['bucket']}"
                    f" until {left['reset_at']:%H:%M} UTC ({left['credential']})"
                )
                out.print(show.plain(text), soft_wrap=True)
    if waiting:
        out.print(f"{len(waiting)} segments wait in {show.plain(settings.spool)}; the next harvest loads them")
    return OVERDUE_OR_FAILED if failing else 0


def _failing(streams: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Streams that call for somebody; those without a right too, where the source has not got a single one."""
    from harvester.outcomes import FINE

    failing = [stream for stream in streams if stream["outcome"] not in FINE]
    may_read = any(stream["outcome"] != "not permitted" for stream in streams)
    return failing if may_read else streams


def _row(source: Any, stored: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "source": source.name, "connector": source.connector.name, "person": source.person,
        "schedule": str(source.schedule), "last_success": None, "next_due": None, "paused_until": None, "rows": 0,
        "streams": [], "quota": [],
    }  # fmt: skip
    row.update(stored or {})
    failing = _failing(row["streams"])
    if not source.enabled:
        row["state"] = "disabled"
    elif stored is None:
        row["state"] = "never run"
    else:
        row["state"] = f"{len(failing)} of {len(row['streams'])} failing" if failing else "ok"
    return row
