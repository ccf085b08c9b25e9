"""What a GitHub source may be configured with."""

from __future__ import annotations

import pytest

from connectors.github import CONNECTOR, GithubConfig


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


def test_every_stream_declares_metrics_and_the_least_right_it_needs() -> None:
    assert {spec.permission for spec in CONNECTOR.streams} == {
        "Metadata: read",
        "Issues: read",
        "Pull requests: read",
        "Contents: read",
        "Administration: read",
    }
    assert len({spec.name for spec in CONNECTOR.streams}) == len(CONNECTOR.streams) == 11
    assert all(spec.metrics for spec in CONNECTOR.streams)
