"""Six services on loopback through the whole pipeline: harvested, harvested again, and what vanishes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import fake_gitlab
import fake_hackernews
import fake_stackexchange
import fake_youtube
import pytest
from fake_downloads import FakeNpm, FakePypiStats, each
from fake_gitlab import FakeGitlab, note, person, thread
from fake_hackernews import FakeHackerNews
from fake_stackexchange import BORN, FakeStackExchange
from fake_youtube import FakeYoutube, Video

from harvester.cli import run
from harvester.store.connection import open_reader

TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)
CONFIG = """
[harvest]
database = "harvest.duckdb"

[source.videos]
connector = "youtube"
channel = "{channel}"
api_key = "file:youtube"
api_url = "{youtube}/youtube/v3"
allow_private = true

[source.answers]
connector = "stackexchange"
users = ["42"]
api_key = "file:stackexchange"
api_url = "{stackexchange}/2.3"
allow_private = true

[source.hn]
connector = "hackernews"
sites = ["example.org"]
api_url = "{hackernews}/api/v1"
allow_private = true

[source.lab]
connector = "gitlab"
projects = ["team/engine"]
token = "file:gitlab"
user = "user5"
api_url = "{gitlab}"
allow_private = true

[source.wheels]
connector = "pypi"
packages = ["engine"]
api_url = "{pypi}/api"
allow_private = true

[source.modules]
connector = "npm"
packages = ["@me/engine"]
api_url = "{npm}"
allow_private = true
"""
KEYS = {"youtube": fake_youtube.KEY, "stackexchange": fake_stackexchange.KEY, "gitlab": fake_gitlab.TOKEN}
# Counters begin with their first reading, which is no growth; gauges are their reading.
TRUTH = {
    ("videos", "videos_published"): 3,
    ("videos", "subscribers"): 1230,
    ("answers", "answers"): 4,
    ("answers", "post_comments"): 3,
    ("lab", "stargazers"): 2,
    ("lab", "stars"): 2,
    ("lab", "issues_opened"): 2,
    ("lab", "issues_closed"): 1,
    ("lab", "issue_comments"): 3,
    ("lab", "pulls_opened"): 1,
    ("lab", "pulls_merged"): 1,
    ("lab", "review_comments"): 1,
    ("lab", "pull_reviews"): 1,
    ("lab", "traffic_clones"): 9,
    ("wheels", "downloads"): 35,
    ("modules", "downloads"): 21,
}


@contextmanager
def listening(fake) -> Iterator[str]:
    """A fake at an address of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = SimpleNamespace(url=f"http://{self.headers['Host']}{self.path}", headers=self.headers)
            status, headers, body = fake(asked)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    worker = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    worker.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        worker.join()


def lab() -> FakeGitlab:
    at = [f"{TODAY - days * DAY}T10:00:00.000Z" for days in range(20)]
    return FakeGitlab(
        issues=[thread(1, at[9], notes=3), thread(2, at[8], state="closed", closed_at=at[7])],
        merge_requests=[thread(3, at[6], notes=1, state="merged", merged_at=at[5])],
        notes={
            ("issues", 1): [note(1, at[9]), note(2, at[8], by=5), note(3, at[7]), note(4, at[7], system=True)],
            ("merge_requests", 3): [note(5, at[6], kind="DiffNote"), note(6, at[6], system=True)],
        },
        approvals={3: [{"user": person(8), "approved_at": at[6]}]},
        starrers=[(1, at[4]), (2, at[3])],
        fetches={str(TODAY - 3 * DAY): 4, str(TODAY - 1 * DAY): 5},
    )


@pytest.fixture
def services():
    week = each(TODAY - 7 * DAY, TODAY - DAY)
    return {
        "youtube": FakeYoutube(
            [Video(f"video-{n}", f"{TODAY - n * DAY}T08:00:00Z", 100, 7) for n in (3, 5, 9)],
            created=f"{TODAY - 60 * DAY}T08:00:00Z",
        ),
        "stackexchange": FakeStackExchange(
            answers={n: BORN + n * 86_400 for n in range(1, 5)},
            posts={n: BORN + n * 86_400 for n in range(1, 5)},
            scores={1: 9},
            comments={n: (1, BORN + (20 + n) * 86_400, 7) for n in range(1, 4)},
        ),
        "hackernews": FakeHackerNews(fake_hackernews.stories(2)),
        "gitlab": lab(),
        "pypi": FakePypiStats({"engine": dict.fromkeys(week, 5)}, each(TODAY - 180 * DAY, TODAY - DAY)),
        "npm": FakeNpm({"@me/engine": dict.fromkeys(week, 3)}, TODAY - DAY),
    }


@pytest.fixture
def field(services, tmp_path):
    with ExitStack() as stack:
        addresses = {name: stack.enter_context(listening(fake)) for name, fake in services.items()}
        (tmp_path / "config.toml").write_text(CONFIG.format(channel=fake_youtube.CHANNEL, **addresses))
        for name, key in KEYS.items():
            (tmp_path / name).touch(mode=0o600)
            (tmp_path / name).write_text(key)
        yield SimpleNamespace(folder=tmp_path, config=str(tmp_path / "config.toml"), **services)


def ask(field, query):
    with open_reader(field.folder / "harvest.duckdb", timeout=10) as connection:
        return connection.execute(query).fetchall()


def totals(field):
    """The sum of each metric over all weeks; of a gauge the reading of the last."""
    rows = ask(
        field,
        "SELECT source, metric, sum(total), max_by(total, period) FROM totals WHERE grain = 'week' GROUP BY ALL",
    )
    gauges = {"stargazers", "subscribers"}
    return {(source, metric): last if metric in gauges else total for source, metric, total, last in rows if total}


def test_a_harvest_stores_what_the_services_hold_and_a_later_one_takes_back_what_vanished(field, capsys):
    assert run(["now", "--config", field.config, "--json"]) == 0
    assert totals(field) == TRUTH
    stored = ask(field, "SELECT count(*) FROM revisions")
    assert run(["now", "--config", field.config, "--json"]) == 0
    assert totals(field) == TRUTH
    assert ask(field, "SELECT count(*) FROM revisions") == stored

    del field.stackexchange.answers[2], field.stackexchange.comments[3]
    field.gitlab.starrers.pop()
    field.gitlab.issues[0] |= {"updated_at": f"{TODAY}T01:00:00Z", "user_notes_count": 2}
    field.gitlab.notes["issues", 1].pop(0)
    field.gitlab.issues[1] |= {"updated_at": f"{TODAY}T02:00:00Z", "state": "opened", "closed_at": None}
    assert run(["now", "--config", field.config, "--json", "answers", "lab"]) == 0
    changed = {
        ("answers", "answers"): 3,
        ("answers", "post_comments"): 2,
        ("lab", "stargazers"): 1,
        ("lab", "stars"): 1,
        ("lab", "issue_comments"): 2,
    }
    assert totals(field) == {**{key: n for key, n in TRUTH.items() if key != ("lab", "issues_closed")}, **changed}
