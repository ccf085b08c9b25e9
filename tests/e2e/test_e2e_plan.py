"""What a harvest would cost, said beforehand, against what it then costs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.github import packing
from harvester.config import load
from harvester.demo.github import GitHub
from harvester.demo.github_access import RIGHTS, Token
from harvester.demo.life import build, crowd
from harvester.demo.world import World
from harvester.outcomes import Outcome
from harvester.probing import probe
from tests.e2e.running import KEY, Field, command, field_of, today

PERMISSIONS = {
    "issues": "Issues: read",
    "pulls": "Pull requests: read",
    "discussions": "Discussions: read",
    "releases": "Contents: read",
    "traffic": "Administration: read",
    "referrers": "Administration: read",
}


def busy_world() -> World:
    """Ten repositories whose lists have several pages, and somebody who comments elsewhere."""
    plans = crowd(10, stars=300, issues=220, pulls=60, days=500, forks=30, discussions=10, releases=4)
    return build(today(), plans=plans, start=today() - timedelta(days=500))


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of(busy_world(), Path(tmp_path_factory.mktemp("plan")) / "farm") as made:
        made.configure(only="work")
        yield made


def foreseen(farm: Field, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """Requests by bucket."""
    done = command(farm, capsys, "now", "--plan", "--json")
    assert done.code == 0
    [source] = json.loads(done.out)["sources"]
    assert source["unforeseen"] == []
    return {cost["bucket"]: cost["requests"] for cost in source["costs"]}


def asked(farm: Field, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """Requests that a harvest sent, by bucket."""
    before = len(farm.servers.github.log)
    assert command(farm, capsys, "now").code == 0
    log = farm.servers.github.log[before:]
    return dict(Counter("graphql" if request.path == "/graphql" else "core" for request in log))


def probed(farm: Field) -> dict[str, Outcome]:
    """What `harvest check` shows, by stream."""
    settings = load(farm.config)
    return {outcome.stream: outcome for source in settings.select([]) for outcome in probe(settings, source)}


@pytest.mark.parametrize("state", ["at first", "unchanged"])
def test_a_plan_is_right_within_a_tenth(
    farm: Field, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    # A machine busy with other tests sends in two queries what would have gone into one.
    monkeypatch.setattr(packing, "LINGER", 1.0)
    plan, told = foreseen(farm, capsys), asked(farm, capsys)
    assert told.keys() == plan.keys(), state
    for bucket, requests in told.items():
        assert abs(plan[bucket] - requests) <= max(1, requests / 10), (state, bucket, plan, told)


def test_a_plan_stores_nothing_and_reads_nothing(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    known = farm.ask("SELECT count(*) FROM runs")
    before = len(farm.servers.github.log)
    foreseen(farm, capsys)
    assert farm.ask("SELECT count(*) FROM runs") == known
    assert len(farm.servers.github.log) - before <= 2


def test_check_names_each_stream_that_a_token_may_not_read_and_the_right_it_takes(
    farm: Field,
) -> None:
    github = farm.servers.github.app
    assert isinstance(github, GitHub)
    login = farm.world.person.login
    github.tokens[KEY] = Token(login, lacks=RIGHTS - {"metadata"})
    said = probed(farm)
    github.tokens[KEY] = Token(login)
    assert {stream for stream, outcome in said.items() if outcome.outcome == "not permitted"} == set(PERMISSIONS)
    for stream, permission in PERMISSIONS.items():
        assert f"the permission {permission}" in said[stream].message
        assert "a write permission is never needed" in said[stream].message
    assert not any(": write" in outcome.message for outcome in said.values())


def test_check_names_a_right_that_is_lacking_on_one_repository(
    farm: Field,
) -> None:
    github = farm.servers.github.app
    assert isinstance(github, GitHub)
    login, name = farm.world.person.login, farm.world.repos[3].full_name
    github.tokens[KEY] = Token(login, lacks_in={name: frozenset({"issues"})})
    said = probed(farm)
    github.tokens[KEY] = Token(login)
    assert said["issues"].outcome == "ok"
    assert said["issues"].message.startswith(f"issues of {name}: the token file:key has not got")
