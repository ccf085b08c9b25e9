"""A demo world, its servers, and the published schemas its answers must fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator, FormatChecker

from harvester.demo.graphql_schema import small_sdl
from harvester.demo.life import build
from harvester.demo.plans import PLANS
from harvester.demo.server import Servers, serve
from harvester.demo.things import Account
from harvester.demo.world import World

TODAY = date(2026, 11, 24)


@pytest.fixture
def world() -> World:
    """A world of one's own, to be changed at will."""
    return build(TODAY)


@pytest.fixture(scope="session")
def still_world() -> World:
    """A world that no test changes."""
    return build(TODAY)


@pytest.fixture
def bare_world() -> World:
    """The repositories of the demo world, its bots and a few people, and nothing that ever happened."""
    world = World(datetime(2026, 11, 20, 12, tzinfo=UTC), Account("wren-hollow", 3_999_001), "notes.wren.example")
    for login in ("amber-badger", "brisk-badger", "calm-badger", "dusty-badger"):
        world.new_account(login)
    world.new_account("dependabot[bot]", "Bot")
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    for n, plan in enumerate(PLANS):
        owner = world.account(plan.owner) or world.new_account(plan.owner, "Organization")
        world.create(owner, plan.name, at=begun + timedelta(days=n), maintained=plan.maintained)
    return world


@pytest.fixture
def servers(world: World) -> Iterator[Servers]:
    """The world's servers."""
    with serve(world) as running:
        yield running


@pytest.fixture(scope="session")
def published_sdl(shared_data: Path) -> str:
    """The GraphQL schema that GitHub publishes."""
    return (shared_data / "github_graphql" / "schema.graphql").read_text()


@pytest.fixture(params=["small", "published"])
def sdl(request: pytest.FixtureRequest) -> str:
    """The schema that GraphQL answers by: every query of a test fits both."""
    return small_sdl() if request.param == "small" else request.getfixturevalue("published_sdl")


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """A client with the demo token."""
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer demo"
        yield session


@pytest.fixture(scope="session")
def openapi(shared_data: Path) -> Callable[..., list[str]]:
    """What GitHub's REST description objects to in the answer to a path, which a GET has drawn unless told."""
    described = json.loads((shared_data / "github_openapi" / "api.github.com.json").read_text())
    components = {"components": _with_nulls(described["components"])}
    checker = FormatChecker(())
    checker.checks("date-time", raises=ValueError)(_is_date_time)

    def objections(path: str, answer: Any, method: str = "get", status: int = 200) -> list[str]:
        content = described["paths"][path][method]["responses"][str(status)]["content"]
        schema = {**_with_nulls(content["application/json"]["schema"]), **components}
        found = Draft202012Validator(schema, format_checker=checker).iter_errors(answer)
        return [f"{error.json_path}: {error.message[:200]}" for error in found]

    return objections


def _with_nulls(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_with_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _with_nulls(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if schema.get("nullable") is True else rest


def _is_date_time(text: Any) -> bool:
    if isinstance(text, str):
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007  # only its form
    return True
