"""What a GitHub source may be configured with."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Context, Secret
from connectors.github import CONNECTOR, SPECS, GithubConfig
from connectors.http import Http


@pytest.mark.parametrize("name", ["ann/one", "ann/*", "big-org/a.b_c-d", "corp_user/.github", "A1/1"])
def test_names_that_github_allows_are_accepted(name: str) -> None:
    assert GithubConfig(repos=(name,)).repos == (name,)


@pytest.mark.parametrize(
    "name",
    ["ann", "ann/", "/one", "ann/one/two", "https://github.com/ann/one", "*/one", "ann/on e", "ann/..", "-a/b"],
)
def test_a_name_that_is_no_repository_is_named_in_the_error(name: str) -> None:
    with pytest.raises(ValueError, match="repos: ") as caught:
        GithubConfig(repos=(name,))
    assert name in str(caught.value)


def test_no_repository_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="repos: name at least one"):
        GithubConfig(repos=())


@pytest.mark.parametrize("address", ["", "api.github.com", "ftp://h/x", "https://", "https://h/?q=1", "https://h/#x"])
def test_an_api_url_that_is_no_root_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="api_url: "):
        GithubConfig(repos=("a/b",), api_url=address)


def test_a_password_in_the_api_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="api_url: ") as caught:
        GithubConfig(repos=("a/b",), api_url="https://ann:hunter2@h/api/v3")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("key", "value"), [("user", ""), ("user", "ann/one"), ("bots", ("ok", "not ok"))])
def test_a_login_that_cannot_be_one_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{key}: "):
        GithubConfig(repos=("a/b",), **{key: value})  # type: ignore[arg-type]


class TestCredentials:
    KEY = Secret("file:key.pem", lambda: "-----BEGIN KEY-----")
    TOKEN = Secret("env:T", lambda: "ghp_x")

    def config(self, **more: Any) -> GithubConfig:
        return GithubConfig(repos=("a/b",), **more)

    @pytest.mark.parametrize(
        ("more", "is_anonymous"),
        [
            ({}, True),
            ({"token": TOKEN}, False),
            ({"tokens": (TOKEN,)}, False),
            ({"app": 7, "app_key": KEY, "installations": ("1", "23")}, False),
        ],
    )
    def test_without_any_github_is_asked_in_nobodys_name(self, more: dict[str, Any], is_anonymous: bool) -> None:
        assert self.config(**more).is_anonymous is is_anonymous

    @pytest.mark.parametrize(
        "more",
        [
            {"app": 7},
            {"app_key": KEY},
            {"installations": ("1",)},
            {"app": 7, "app_key": KEY},
            {"app": 7, "installations": ("1",)},
            {"app_key": KEY, "installations": ("1",)},
        ],
    )
    def test_half_an_app_is_refused(self, more: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="app: an App needs app, app_key and installations"):
            self.config(**more)

    @pytest.mark.parametrize("number", ["", "x", "-1", "1.5"])
    def test_an_installation_that_is_no_number_is_refused(self, number: str) -> None:
        with pytest.raises(ValueError, match="installations: "):
            self.config(app=7, app_key=self.KEY, installations=(number,))

    def test_no_secret_is_shown(self) -> None:
        shown = repr(self.config(token=self.TOKEN, app=7, app_key=self.KEY, installations=("1",)))
        assert "env:T" in shown
        assert "ghp_x" not in shown
        assert "BEGIN KEY" not in shown


@pytest.mark.parametrize(("key", "value"), [("reserve", -1), ("concurrency", 0), ("concurrency", 101)])
def test_a_number_out_of_bounds_is_refused(key: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{key}: "):
        GithubConfig(repos=("a/b",), **{key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "value"), [("reserve", 0), ("concurrency", 1), ("concurrency", 100)])
def test_the_bounds_themselves_are_fine(key: str, value: int) -> None:
    assert getattr(GithubConfig(repos=("a/b",), **{key: value}), key) == value  # type: ignore[arg-type]


def test_every_key_says_what_it_is_for() -> None:
    assert all(field.metadata.get("help") for field in dataclasses.fields(GithubConfig))


def test_every_stream_declares_metrics_and_the_least_right_it_needs() -> None:
    assert {spec.permission for spec in CONNECTOR.streams} == {
        "Metadata: read",
        "Issues: read",
        "Pull requests: read",
        "Discussions: read",
        "Contents: read",
        "Administration: read",
    }
    assert len({spec.name for spec in CONNECTOR.streams}) == len(CONNECTOR.streams) == 11
    assert all(spec.metrics for spec in CONNECTOR.streams)


def test_no_stream_needs_a_right_to_write() -> None:
    assert all(spec.permission.endswith(": read") for spec in CONNECTOR.streams)


@pytest.mark.parametrize(("user", "is_there"), [(None, False), ("ann", True)])
def test_what_is_done_elsewhere_is_read_of_a_person_only(user: str | None, is_there: bool) -> None:
    config = GithubConfig(repos=("a/b",), user=user)
    context = Context("work", Http(), lambda: datetime(2026, 11, 24, tzinfo=UTC))
    names = [stream.spec.name for stream in CONNECTOR.open(config, context)]
    assert ("given" in names) is is_there
    assert names[: len(SPECS)] == [spec.name for spec in SPECS]
