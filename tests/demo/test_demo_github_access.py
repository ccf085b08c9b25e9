"""Who may see what: tokens that lack rights or repositories, and Apps with their hourly tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from demo_asking import ask, get, post
from github import Auth, Github

from harvester.demo.faults import VirtualClock
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_apps import GitHubApp, Installation
from harvester.demo.server import serve
from harvester.demo.things import Repo
from harvester.demo.world import World

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TOKENS_OF_7 = "/app/installations/7/access_tokens"
LEVELS = """query($name: String!) { repository(owner: "saltmarsh-dev", name: $name) {
    name viewerPermission issues { totalCount } } }"""

Claim = Callable[..., str]


@pytest.fixture
def world(bare_world: World) -> World:
    return bare_world


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """The App's private and public key."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def secret_repo(world: World) -> Repo:
    """A private repository on the account that the App is installed on."""
    repo = world.create(world.accounts["saltmarsh-dev"], "secret")
    world.restrict(repo, "private")
    return repo


@pytest.fixture
def github(world: World, keys: tuple[str, str], clock: VirtualClock) -> GitHub:
    limited = {"metadata": "read", "issues": "read"}
    installations = {7: Installation("saltmarsh-dev"), 8: Installation("saltmarsh-dev", limited, limit=9)}
    return GitHub(world, app=GitHubApp("4711", keys[1], installations), clock=clock)


@pytest.fixture
def claim(keys: tuple[str, str], clock: VirtualClock) -> Claim:
    """What an App signs to prove who it is."""

    def make(*, key: str = keys[0], algorithm: str = "RS256", without: str = "", **claims: Any) -> str:
        now = int(clock().timestamp())
        whole = {"iat": now - 60, "exp": now + 540, "iss": "4711", **claims}
        whole.pop(without, None)
        return jwt.encode(whole, key, algorithm=algorithm)

    return make


def drawn(github: GitHub, claim: Claim, path: str = TOKENS_OF_7, **wishes: Any) -> str:
    """A token of the installation."""
    answer = post(github, path, wishes or None, token=claim())
    assert answer.status == 201, answer.body
    return str(json.loads(answer.body)["token"])


def test_a_signed_claim_draws_a_token_for_an_hour(
    github: GitHub, claim: Claim, openapi: Callable[..., list[str]]
) -> None:
    answer = post(github, TOKENS_OF_7, token=claim())
    said = json.loads(answer.body)
    assert answer.status == 201
    assert said["token"].startswith("ghs_")
    assert said["expires_at"] == "2026-11-24T01:00:00Z"
    assert said["permissions"]["administration"] == "read"
    assert openapi("/app/installations/{installation_id}/access_tokens", said, "post", 201) == []


def test_a_token_of_an_app_ends_after_its_hour_and_its_etags_end_with_it(
    github: GitHub, claim: Claim, clock: VirtualClock
) -> None:
    first = drawn(github, claim)
    tag = get(github, "/repos/wren-hollow/lantern", token=first).headers["ETag"]
    assert get(github, "/repos/wren-hollow/lantern", token=first, if_none_match=tag).status == 304
    clock.advance(timedelta(hours=1))
    assert get(github, "/repos/wren-hollow/lantern", token=first).status == 401
    second = drawn(github, claim)
    assert second != first
    assert get(github, "/repos/wren-hollow/lantern", token=second, if_none_match=tag).status == 200


@pytest.mark.parametrize(
    ("claims", "status", "message"),
    [
        ({"exp": int(NOW.timestamp()) + 601}, 401, "is too far in the future"),
        ({"exp": int(NOW.timestamp())}, 401, "must be a numeric value representing the future time"),
        ({"without": "exp"}, 401, "must be a numeric value representing the future time"),
        ({"iat": int(NOW.timestamp()) + 1}, 401, "'Issued at' claim"),
        ({"without": "iat"}, 401, "'Issued at' claim"),
        ({"iss": "12"}, 404, "Integration not found"),
        ({"key": "k" * 64, "algorithm": "HS256"}, 401, "could not be decoded"),
    ],
)
def test_a_claim_that_is_wrong_is_refused(
    github: GitHub, claim: Claim, claims: dict[str, Any], status: int, message: str
) -> None:
    answer = post(github, TOKENS_OF_7, token=claim(**claims))
    assert answer.status == status
    assert message in json.loads(answer.body)["message"]


def test_a_claim_for_ten_minutes_is_just_good_enough(github: GitHub, claim: Claim) -> None:
    assert post(github, TOKENS_OF_7, token=claim(exp=int(NOW.timestamp()) + 600)).status == 201


def test_a_claim_signed_by_another_key_is_refused(github: GitHub, claim: Claim) -> None:
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert post(github, TOKENS_OF_7, token=claim(key=pem)).status == 401


def test_neither_nobodys_installation_nor_nobodys_app_is_found(world: World, github: GitHub, claim: Claim) -> None:
    assert post(github, "/app/installations/9/access_tokens", token=claim()).status == 404
    assert post(GitHub(world), TOKENS_OF_7, token=claim()).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [({"permissions": {"checks": "read"}}, 422), ([1], 400), ({"permissions": {"issues": "read"}}, 201)],
)
def test_a_token_may_have_less_than_the_installation_and_not_more(
    github: GitHub, claim: Claim, body: Any, status: int
) -> None:
    assert post(github, TOKENS_OF_7, body, token=claim()).status == status


def test_an_installation_sees_its_accounts_repositories_and_public_ones(
    world: World, github: GitHub, claim: Claim, secret_repo: Repo
) -> None:
    world.restrict(world.repos[0], "private")
    token = drawn(github, claim)
    assert ask(github, LEVELS, name="secret", token=token)["data"]["repository"] == {
        "name": "secret",
        "viewerPermission": None,
        "issues": {"totalCount": 0},
    }
    assert get(github, "/repos/wren-hollow/pocketlog", token=token).status == 200
    assert get(github, "/repos/wren-hollow/lantern", token=token).status == 404
    listed = json.loads(get(github, "/installation/repositories", token=token).body)
    assert (listed["total_count"], [repo["name"] for repo in listed["repositories"]]) == (2, ["fieldguide", "secret"])
    assert get(github, "/repos/saltmarsh-dev/secret/traffic/views", token=token).status == 200
    assert get(github, "/repos/saltmarsh-dev/secret/stargazers", token=token).status == 404


def test_an_installations_list_of_repositories_fits_the_published_schema(
    github: GitHub, claim: Claim, openapi: Callable[..., list[str]]
) -> None:
    listed = json.loads(get(github, "/installation/repositories", token=drawn(github, claim)).body)
    assert openapi("/installation/repositories", listed) == []
    assert get(github, "/installation/repositories").status == 403


def test_a_token_for_some_repositories_sees_no_other_private_one(
    world: World, github: GitHub, claim: Claim, secret_repo: Repo
) -> None:
    token = drawn(github, claim, repositories=["fieldguide"])
    assert get(github, "/repos/saltmarsh-dev/secret", token=token).status == 404
    listed = json.loads(get(github, "/installation/repositories", token=token).body)
    assert [repo["name"] for repo in listed["repositories"]] == ["fieldguide"]


def test_an_app_lacks_what_it_was_not_granted_and_is_told_so_as_an_integration(github: GitHub, claim: Claim) -> None:
    token = drawn(github, claim, "/app/installations/8/access_tokens")
    refused = get(github, "/repos/wren-hollow/lantern/pulls", token=token)
    assert (refused.status, refused.headers["X-Accepted-GitHub-Permissions"]) == (403, "pull_requests=read")
    assert json.loads(refused.body)["message"] == "Resource not accessible by integration"
    query = '{ repository(owner: "wren-hollow", name: "lantern") { pullRequests { totalCount } } viewer { login } }'
    answer = ask(github, query, token=token)
    assert answer["data"] == {"repository": None, "viewer": {"login": "harvester[bot]"}}
    assert answer["errors"][0]["message"] == "Resource not accessible by integration"


def test_an_app_is_no_user(github: GitHub, claim: Claim) -> None:
    token = drawn(github, claim)
    assert [get(github, path, token=token).status for path in ("/user", "/user/repos")] == [403, 403]


def test_pygithub_draws_and_uses_a_token_of_an_installation(world: World, keys: tuple[str, str]) -> None:
    app = GitHubApp("4711", keys[1], {7: Installation("saltmarsh-dev")})
    with serve(world, github=GitHub(world, app=app)) as servers:
        auth = Auth.AppAuth(4711, keys[0]).get_installation_auth(7)
        with Github(base_url=servers.github.url, auth=auth, seconds_between_requests=None) as client:
            assert client.get_repo("saltmarsh-dev/fieldguide").name == "fieldguide"


def test_tokens_of_one_user_share_a_limit_and_users_have_their_own(world: World) -> None:
    tokens = {
        "one": Token("wren-hollow", limit=3),
        "two": Token("Wren-Hollow", limit=3),
        "other": Token("amber-badger"),
    }
    github = GitHub(world, tokens=tokens)
    path = "/repos/wren-hollow/lantern"
    assert [get(github, path, token=token).status for token in ("one", "two", "one", "two")] == [200, 200, 200, 403]
    assert get(github, path, token="other").headers["X-RateLimit-Used"] == "1"


def test_logins_know_no_case(world: World, secret_repo: Repo) -> None:
    github = GitHub(world, tokens={"demo": Token("Wren-Hollow")})
    assert get(github, "/repos/saltmarsh-dev/secret").status == 200
    assert ask(github, "{ viewer { login } }")["data"]["viewer"]["login"] == "wren-hollow"


def test_installations_have_limits_of_their_own(github: GitHub, claim: Claim) -> None:
    seven, eight = drawn(github, claim), drawn(github, claim, "/app/installations/8/access_tokens")
    again = drawn(github, claim, "/app/installations/8/access_tokens")
    path = "/repos/wren-hollow/lantern"
    assert [get(github, path, token=token).headers["X-RateLimit-Remaining"] for token in (seven, eight, again)] == [
        "4999",
        "8",
        "7",
    ]


def test_a_private_repository_that_a_token_was_not_given_is_not_there(world: World, secret_repo: Repo) -> None:
    tokens = {"demo": Token("wren-hollow"), "blind": Token("wren-hollow", blind=frozenset({"Saltmarsh-Dev/Secret"}))}
    github = GitHub(world, tokens=tokens)
    path = "/repos/saltmarsh-dev/secret"
    assert [get(github, path, token=token).status for token in tokens] == [200, 404]
    assert [len(json.loads(get(github, "/user/repos", token=token).body)) for token in tokens] == [4, 3]
    answer = ask(github, LEVELS, name="secret", token="blind")
    assert (answer["data"], answer["errors"][0]["type"]) == ({"repository": None}, "NOT_FOUND")
    world.restrict(secret_repo, "open")
    assert get(github, path, token="blind").status == 200


def test_a_right_may_be_lacking_on_some_repositories_only(world: World) -> None:
    lacking = {"Wren-Hollow/Lantern": frozenset({"issues"})}
    github = GitHub(world, tokens={"demo": Token("wren-hollow", lacks_in=lacking)})
    refused = get(github, "/repos/wren-hollow/lantern/issues")
    assert (refused.status, refused.headers["X-Accepted-GitHub-Permissions"]) == (403, "issues=read")
    assert get(github, "/repos/wren-hollow/pocketlog/issues").status == 200
    fields = "issues { totalCount }"
    query = f"""{{ a: repository(owner: "wren-hollow", name: "lantern") {{ {fields} }}
        b: repository(owner: "wren-hollow", name: "pocketlog") {{ {fields} }} }}"""
    assert ask(github, query)["data"] == {"a": None, "b": {"issues": {"totalCount": 0}}}
