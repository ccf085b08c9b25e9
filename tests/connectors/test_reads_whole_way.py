"""Counters of reads the whole way: a configuration, secrets in files, loopback servers, `harvest`, totals."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import fake_forem
import fake_google
import fake_matomo
import fake_umami
import fake_wordpress
import pytest
import requests
from fake_google import EMAIL, PEM, FakeAnalytics, FakeSearch

from connectors.testing import NOW
from harvester.config import load
from harvester.demo.exchange import Answer, Request
from harvester.demo.wire import Service
from harvester.pipeline import harvest
from harvester.reading import Order
from harvester.store.connection import open_reader

DAY = "2026-11-20"
SOURCES = {
    "umami": 'site = "example.org"\nwebsite = "{website}"\ntoken = "file:umami"\napi_url = "{umami}"',
    "matomo": 'api_url = "{matomo}"\nsite_id = 1\ntoken = "file:matomo"',
    "devto": 'api_key = "file:devto"\napi_url = "{devto}/api"',
    "wordpress": 'site = "ann.example"\ntoken = "file:wordpress"\napi_url = "{wordpress}/rest/v1.1"',
    "ga4": 'site = "example.org"\nproperty_id = 1234\naccount_key = "file:ga4"\napi_url = "{ga4}"',
    "searchconsole": 'site = "sc-domain:example.org"\naccount_key = "file:search"\napi_url = "{searchconsole}"',
}


@dataclass
class AsApp:
    """A fake of the connector tests behind a real socket."""

    fake: object

    def answer(self, request: Request) -> Answer:
        url = f"{request.base}{request.target}"
        asked = requests.Request(request.method, url, dict(request.headers), data=request.body).prepare()
        status, headers, body = self.fake(asked)
        return Answer(status, headers, body)


def fakes() -> dict[str, object]:
    return {
        "umami": fake_umami.FakeUmami([(DAY, "/a", "ann"), (DAY, "/a", "bob")], is_cloud=False),
        "matomo": fake_matomo.FakeMatomo([(DAY, "https://example.org/a", "ann")] * 3, created_on=DAY),
        "devto": fake_forem.FakeForem([fake_forem.article(7)]),
        "wordpress": fake_wordpress.FakeWordpress({(DAY, 7): 4}),
        "ga4": FakeAnalytics(views={(DAY, "/a"): (5, 2)}),
        "searchconsole": FakeSearch(shown={(DAY, "https://example.org/a"): (60, 6)}),
    }


@dataclass
class Farm:
    folder: Path
    urls: dict[str, str]

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def give_keys(self, **other: str) -> None:
        keys = {
            "umami": fake_umami.KEY,
            "matomo": fake_matomo.TOKEN,
            "devto": fake_forem.KEY,
            "wordpress": fake_wordpress.TOKEN,
            "ga4": self.account("ga4"),
            "search": self.account("searchconsole"),
        }
        for name, text in {**keys, **other}.items():
            (self.folder / name).touch(mode=0o600)
            (self.folder / name).write_text(text)

    def account(self, name: str, pem: str = PEM) -> str:
        """A key file as Google writes it, over several lines."""
        key = {"type": "service_account", "client_email": EMAIL, "private_key": pem}
        return json.dumps({**key, "token_uri": f"{self.urls[name]}/token"}, indent=2)


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    with ExitStack() as stack:
        urls = {}
        for name, fake in fakes().items():
            service = Service(AsApp(fake))
            stack.enter_context(service.listen())
            urls[name] = service.url
            if isinstance(fake, fake_google.FakeGoogle):
                fake.token_uri = f"{service.url}/token"
        made = Farm(tmp_path, urls)
        made.give_keys()
        sections = [
            f'[source.{name}]\nconnector = "{name}"\nallow_private = true\n'
            + text.format(**urls, website=fake_umami.WEBSITE)
            for name, text in SOURCES.items()
        ]
        made.config.write_text("\n\n".join(["[harvest]", *sections]))
        yield made


def test_what_was_served_is_what_is_stored(farm):
    settings = load(farm.config)
    done = harvest(settings, settings.select(), Order(), stop=threading.Event(), clock=lambda: NOW)
    assert {outcome.outcome for outcome in done.outcomes} == {"ok"}
    with open_reader(settings.database, timeout=10) as connection:
        query = "SELECT source, metric, sum(value) FROM observations GROUP BY ALL ORDER BY ALL"
        assert connection.execute(query).fetchall() == [
            ("devto", "post_comments", 1),
            ("devto", "post_reactions", 4),
            ("devto", "post_reads", 107),
            ("ga4", "post_reads", 5),
            ("ga4", "post_visitors", 2),
            ("ga4", "site_visits", 2),
            ("matomo", "post_reads", 3),
            ("matomo", "post_visitors", 1),
            ("matomo", "site_visits", 1),
            ("searchconsole", "clicks", 6),
            ("searchconsole", "impressions", 60),
            ("umami", "post_reads", 2),
            ("umami", "post_visitors", 2),
            ("umami", "site_visits", 2),
            ("wordpress", "post_reads", 4),
        ]
        daily = "SELECT DISTINCT day FROM daily WHERE metric IN ('post_reads', 'clicks') AND total > 0"
        assert [str(day) for (day,) in connection.execute(daily).fetchall()] == [DAY]
    again = harvest(settings, settings.select(), Order(), stop=threading.Event(), clock=lambda: NOW)
    assert (again.loaded.stored, again.loaded.revised) == (0, 0)
