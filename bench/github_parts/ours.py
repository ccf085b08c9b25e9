"""Our own harvest as a contestant: `harvest now --quiet` in a process of its own, and what its database holds."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.github_parts.fake import ROOT, TOKEN, Fake
from bench.github_parts.watch import Command, Cost, watch
from bench.github_parts.world import OWNER, Rows
from harvester.store import open_reader

CONFIG = """[harvest]
database = "harvest.duckdb"

[source.work]
connector = "github"
api_url = "{url}"
token = "file:key"
repos = ["{owner}/*"]
allow_private = true
"""

# Runs the command as it would run that much later: nothing but the clock of the harvest differs.
LATER = """
import sys
from datetime import timedelta
from harvester import pipeline
from harvester.__main__ import main
ahead = timedelta(seconds=float(sys.argv.pop(1)))
now = pipeline.utc_now
pipeline.harvest.__kwdefaults__["clock"] = lambda: now() + ahead
sys.exit(main())
"""


KINDS = ("repository", "star day", "traffic day", "issue", "comment", "pull", "review", "inline")


class Ours:
    """A folder with a configuration, harvested again and again."""

    name = "harvester"
    note = ""

    def __init__(self, fake: Fake, folder: Path, token: str = TOKEN) -> None:
        self.fake = fake
        self.kinds = KINDS if token == TOKEN else tuple(kind for kind in KINDS if kind != "traffic day")
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(CONFIG.format(url=fake.url, owner=OWNER), encoding="utf-8")
        key = folder / "key"
        key.touch(mode=0o600)
        key.write_text(token, encoding="utf-8")

    def warm(self, ahead: timedelta) -> None:
        """Harvest unmeasured, as `run` will, and forget it: the fake has its answers ready then."""
        with copy_of(self.folder) as copy:
            watch([self._command(copy, ahead)])

    def run(self, ahead: timedelta) -> Cost:
        """Harvest once. Raises Failed."""
        return watch([self._command(self.folder, ahead)])

    def held(self) -> Rows:
        """What the database says now."""
        return _held(self.folder / "harvest.duckdb")

    def _command(self, folder: Path, ahead: timedelta) -> Command:
        start: Sequence[str] = ("-c", LATER, str(ahead.total_seconds())) if ahead else ("-m", "harvester")
        arguments = [sys.executable, *start, "now", "--config", str(folder / "config.toml"), "--quiet"]
        return Command(arguments, folder, environment={"PYTHONPATH": str(ROOT)})


@contextmanager
def copy_of(folder: Path) -> Iterator[Path]:
    """A folder beside it with the same in it, while the block runs."""
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy)
    try:
        yield copy
    finally:
        shutil.rmtree(copy)


def _held(database: Path) -> Rows:
    with open_reader(database, timeout=10) as connection:
        named = connection.execute("SELECT stable_id, subject FROM subjects WHERE kind = 'repo'").fetchall()
        facts = connection.execute(
            "SELECT metric, subject, key, value, attrs FROM observations WHERE value <> 0 AND kind <> 'level'"
            " ORDER BY observed_at DESC"
        ).fetchall()
    numbers = {name: stable.removeprefix("repo:") for stable, name in named if stable.count(":") == 1}
    rows: Rows = {"repository": {number: name for name, number in numbers.items()}}
    of: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
    for metric, subject, key, value, attrs in facts:
        number = numbers.get(subject, subject)
        if metric == "stars":
            rows.setdefault("star day", {})[f"{number}/{key}"] = int(value)
        elif metric.startswith("traffic_"):
            rows.setdefault("traffic day", {})[f"{metric}/{number}/{key}"] = int(value)
        else:
            of.setdefault(metric, {})[number, key] = json.loads(attrs or "{}")
    closed, merged = of.get("issues_closed", {}), of.get("pulls_merged", {})
    told: dict[str, dict[tuple[str, str], Any]] = {
        "issue": {(n, key): [int(n), (n, key) in closed] for n, key in of.get("issues_opened", {})},
        "comment": {(n, key): int(n) for n, key in of.get("issue_comments", {})},
        "inline": {(n, key): int(n) for n, key in of.get("review_comments", {})},
        "review": {at: about["state"].upper() for at, about in of.get("pull_reviews", {}).items()},
    }
    for kind, by_place in told.items():
        rows[kind] = {}
        for (number, key), content in by_place.items():
            # What has moved and is held in both places is held once too often; where it was seen last is where it is.
            rows[kind][f"{key} of {number}" if key in rows[kind] else key] = content
    rows["pull"] = {f"{number}/{key}": (number, key) in merged for number, key in of.get("pulls_opened", {})}
    return rows
