"""A person with every connector, through a quarter: what is stored is what there was, metric by metric."""

from __future__ import annotations

import threading
import tomllib
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import fake_google
import pytest
import test_elsewhere_harvest as elsewhere
from quarter import STEP, STEPS, quarter_of
from quarter_truth import days_of, gauges_of, growth_of

from connectors.metrics import USUAL
from harvester.cli import run
from harvester.config import load
from harvester.pipeline import harvest
from harvester.reading import Order

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONNECTORS = set(PROJECT["entry-points"]["harvester.connectors"])
GAUGES = {"stargazers", "watchers", "subscribers", "audience", "referrer_views", "path_views"}
# The demo world's blog has no videos; that feeds may have them is tested with the feed connector.
UNTOLD = {("feed", "video_views")}
# What `harvest check` says of a source whose key is refused.
REMEDIES = {
    "work": "make a new one and put it there",
    "readers": 'make a new key of the kind "Stats API"',
    "pages": 'make a key with the permission "Read statistics"',
    "umami": "make a new token by a user who sees the website",
    "matomo": "make a token of a user with view access",
    "devto": "make a new one in the author's settings",
    "wordpress": "make a new token of WordPress.com",
    "ga4": "make a new JSON key of the service account",
    "searchconsole": "make a new JSON key of the service account",
    "videos": "make an API key in the Google Cloud console",
    "answers": "take the key of your application from stackapps.com",
    "lab": "make one with the scope read_api",
}


def stored(field):
    """(source, metric) → month → total, but for gauges, whose months are no sums."""
    found = {}
    query = "SELECT source, metric, period, sum(total) FROM totals WHERE grain = 'month' GROUP BY ALL"
    for source, metric, month, total in field.ask(query):
        if total and metric not in GAUGES:
            found.setdefault((source, metric), {})[month] = total
    return found


def readings(field):
    """(source, metric) → what gauges said on the last day on which they said anything, all subjects together."""
    days = field.ask("SELECT source, metric, period, sum(total) FROM totals WHERE grain = 'day' GROUP BY ALL")
    told = sorted(row for row in days if row[1] in GAUGES and row[3])
    return {(source, metric): total for source, metric, _, total in told}


def by_month(days):
    sums = Counter()
    for day, count in days.items():
        sums[day.replace(day=1)] += count
    return {month: count for month, count in sums.items() if count}


def check_truth(quarter, field, first):
    grown, found = growth_of(quarter, first), stored(field)
    truth = {key: by_month(days) for key, days in days_of(quarter).items()}
    dated = {key: months for key, months in found.items() if key not in grown}
    assert dated == {key: months for key, months in truth.items() if months}
    assert {key: sum(found.get(key, {}).values()) for key in grown} == grown
    assert readings(field) == gauges_of(quarter)


def untold(sources, quarter, first):
    """(connector, metric) of which the quarter has nothing; those that are mapped by hand need one of all."""
    told = {key for key, days in days_of(quarter).items() if sum(days.values())}
    told |= {key for key, count in {**growth_of(quarter, first), **gauges_of(quarter)}.items() if count}
    left = set()
    for source in sources:
        metrics = {metric.name for stream in source.connector.streams for metric in stream.metrics}
        mine = {metric for name, metric in told if name == source.name}
        assert mine
        if not metrics >= USUAL.keys():
            left |= {(source.connector.name, metric) for metric in metrics - mine}
    return left


def test_a_quarter_of_everything_is_stored_as_it_was(tmp_path):
    with quarter_of(date(2026, 7, 6), tmp_path) as (quarter, field):
        settings = load(field.config)
        sources = settings.select()
        assert {source.connector.name for source in sources} == CONNECTORS
        first = quarter.world.truth().levels

        def harvest_all():
            return harvest(settings, sources, Order(), stop=threading.Event(), clock=quarter.clock)

        for step in range(STEPS):
            if step:
                quarter.world.advance(STEP.days)
                quarter.reach()
            assert [outcome for outcome in harvest_all().outcomes if outcome.outcome != "ok"] == []
            check_truth(quarter, field, first)
        assert untold(sources, quarter, first) == UNTOLD
        assert quarter.world.truth().given

        counted = "SELECT count(*) FROM revisions"
        before = field.ask(counted)
        assert harvest_all().loaded.revised == 0
        assert field.ask(counted) == before
        check_truth(quarter, field, first)


@pytest.fixture
def today(tmp_path):
    """The first step of a quarter, ending today: `harvest check` goes by the system's clock."""
    now = datetime.now(UTC)
    with quarter_of(now.date() - STEP, tmp_path) as (quarter, field):
        for fake in quarter.fakes.values():
            if isinstance(fake, fake_google.FakeGoogle):
                fake.now = now
        yield quarter, field


def test_check_is_green_with_every_connector_and_tells_each_remedy_for_a_refused_key(today, capsys, monkeypatch):
    quarter, field = today
    assert run(["check", "--config", str(field.config)]) == 0, capsys.readouterr().out

    wrong = "a-wrong-key-5566"
    another = fake_google.pem_of(fake_google.rsa.generate_private_key(public_exponent=65537, key_size=2048))
    shared = ("key", "umami", "matomo", "devto", "wordpress", *elsewhere.KEYS)
    quarter.give_keys(dict.fromkeys(shared, wrong), pem=another)
    monkeypatch.setenv("COLUMNS", "1000")  # or the table breaks the remedies into pieces
    capsys.readouterr()

    assert run(["check", "--config", str(field.config)]) == 3

    said = "".join(capsys.readouterr())
    assert wrong not in said
    assert another.splitlines()[1] not in said
    rows = [line.split(maxsplit=2) for line in said.splitlines() if len(line.split()) > 2]
    refused = [(source, rest) for source, _, rest in rows if rest.startswith("auth failed")]
    assert {source for source, _ in refused} == REMEDIES.keys()
    assert [(source, rest) for source, rest in refused if REMEDIES[source] not in rest] == []
