"""Who asks: the least used credential first, none that was refused, and nobody where it is not safe."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from github_script import NOW, TOKEN, World

from connectors.base import Budget, Secret
from connectors.errors import AuthFailed, ConnectorError, Gone, NotPermitted, RateLimited
from connectors.github.access import Access, Stopped
from connectors.github.asks import CORE, GRAPHQL, Get
from connectors.github.credentials import Credential
from connectors.github.failures import Errand
from harvester.demo.exchange import Answer, Request, as_json

RESET = NOW + timedelta(minutes=30)
ONE = Get(Errand("repository", "ann/one"), "/repos/ann/one", shape="object")


def secret(name: str, value: str = "") -> Secret:
    return Secret(f"env:{name}", lambda: value or f"ghp_{name}")


def several(github: World, *names: str) -> Access:
    """A way in for several accounts."""
    github.token = None
    github.config["tokens"] = tuple(secret(name) for name in names)
    return github.access()


def chosen(access: Access, bucket: str = CORE, points: int = 1, without: tuple[Credential, ...] = ()) -> str | None:
    """Who is asked as now; the request is never answered."""
    admitted = access.admit(bucket, points, without)
    assert not isinstance(admitted, float)
    return admitted[0].reference


def left(access: Access, remaining: Mapping[str, int], bucket: str = CORE) -> None:
    for one in access.credentials:
        if one.reference in remaining:
            one.ledger.told(bucket, Budget(5000, remaining[one.reference], RESET), NOW)


class TestWhoIsAskedAs:
    def test_the_token_and_all_other_tokens_and_installations_in_their_order(self, github: World) -> None:
        github.config |= {"tokens": (secret("B"),), "app": 7, "app_key": secret("KEY"), "installations": ("1", "2")}
        references = [one.reference for one in github.access().credentials]
        assert references == ["env:GITHUB_TOKEN", "env:B", "app 7, installation 1", "app 7, installation 2"]

    def test_without_any_it_is_nobody(self, github: World) -> None:
        github.token = None
        [nobody] = github.access().credentials
        assert (nobody.reference, nobody.secret) == (None, None)

    def test_the_least_used_goes_first(self, github: World) -> None:
        access = several(github, "A", "B", "C")
        left(access, {"env:A": 1000, "env:B": 3000, "env:C": 2000})
        assert chosen(access) == "env:B"

    def test_one_of_whom_nothing_is_known_is_unused(self, github: World) -> None:
        access = several(github, "A", "B")
        left(access, {"env:A": 4999})
        assert chosen(access) == "env:B"

    def test_they_take_turns_as_they_are_used(self, github: World) -> None:
        access = several(github, "A", "B")
        left(access, {"env:A": 3000, "env:B": 3000})
        assert [chosen(access, points=10) for _ in range(4)] == ["env:A", "env:B", "env:A", "env:B"]

    def test_each_allowance_is_looked_at_by_itself(self, github: World) -> None:
        access = several(github, "A", "B")
        left(access, {"env:A": 1000, "env:B": 3000}, CORE)
        left(access, {"env:A": 3000, "env:B": 1000}, GRAPHQL)
        assert (chosen(access, CORE), chosen(access, GRAPHQL)) == ("env:B", "env:A")

    def test_one_that_is_used_up_leaves_the_rest_to_the_other(self, github: World) -> None:
        access = several(github, "A", "B")
        left(access, {"env:A": 500, "env:B": 501})
        assert chosen(access) == "env:B"
        with pytest.raises(RateLimited):
            chosen(access)

    def test_where_all_are_used_up_the_first_to_be_full_again_is_named(self, github: World) -> None:
        access = several(github, "A", "B")
        first, second = access.credentials
        first.ledger.told(CORE, Budget(5000, 0, RESET), NOW)
        second.ledger.told(CORE, Budget(5000, 0, RESET - timedelta(minutes=10)), NOW)
        with pytest.raises(RateLimited) as caught:
            access.admit(CORE, 1)
        assert caught.value.retry_at == RESET - timedelta(minutes=10)

    def test_where_one_has_to_wait_a_little_nobody_is_told_to_come_back_later(self, github: World) -> None:
        access = several(github, "A", "B")
        left(access, {"env:A": 0})
        while not isinstance(pause := access.admit(CORE, 1), float):
            admitted = pause[0].reference
            assert admitted == "env:B"
        assert pause == 1.0

    def test_nobody_in_particular_keeps_no_reserve(self, github: World) -> None:
        github.token = None
        access = github.access()
        access.credentials[0].ledger.told(CORE, Budget(60, 1, RESET), NOW)
        assert chosen(access) is None

    def test_who_was_refused_an_answer_is_left_out(self, github: World) -> None:
        access = several(github, "A", "B")
        assert chosen(access, without=(access.credentials[0],)) == "env:B"

    def test_a_run_that_is_to_end_lets_nobody_in(self, github: World) -> None:
        github.options["is_stopping"] = lambda: True
        with pytest.raises(Stopped):
            github.access().admit(CORE, 1)

    def test_what_earlier_runs_were_told_is_known(self, github: World) -> None:
        host = github.service.url.removeprefix("http://")
        github.meter.budgets[f"env:GITHUB_TOKEN at {host}", CORE] = Budget(5000, 10, RESET)
        with pytest.raises(RateLimited):
            github.access().admit(CORE, 1)


class TestRefusals:
    def refuse(self, access: Access, credential: Credential, error: ConnectorError, token: str | None = None) -> None:
        access.remember(credential, token or credential.token(NOW, lambda _: pytest.fail("mints")), CORE, error)

    def test_one_that_is_refused_is_not_asked_as_any_more(self, github: World) -> None:
        access = several(github, "A", "B")
        self.refuse(access, access.credentials[0], AuthFailed("refused"))
        assert {chosen(access), chosen(access)} == {"env:B"}

    def test_where_all_are_refused_that_is_the_end(self, github: World) -> None:
        access = several(github, "A", "B")
        for number, one in enumerate(access.credentials):
            self.refuse(access, one, AuthFailed(f"refused {number}"))
        with pytest.raises(AuthFailed, match="refused 0"):
            access.admit(CORE, 1)

    @pytest.mark.parametrize("error", [Gone("x"), NotPermitted("x")])
    def test_a_refusal_of_one_thing_is_none_of_the_rest(self, github: World, error: ConnectorError) -> None:
        access = several(github, "A")
        self.refuse(access, access.credentials[0], error)
        assert chosen(access) == "env:A"

    def test_a_limit_concerns_its_credential_only(self, github: World) -> None:
        access = several(github, "A", "B")
        self.refuse(access, access.credentials[0], RateLimited("used up", retry_at=RESET))
        assert {chosen(access), chosen(access)} == {"env:B"}
        assert chosen(access, GRAPHQL) == "env:A"


class TestClients:
    def test_a_client_that_is_given_back_is_taken_again(self, github: World) -> None:
        access = github.access()
        [credential] = access.credentials
        first = access.take(credential)
        assert access.take(credential) is not first
        access.give_back(credential, first)
        assert access.take(credential) is first

    def test_a_client_is_never_taken_in_another_name(self, github: World) -> None:
        access = several(github, "A", "B")
        first, second = access.credentials
        access.give_back(first, access.take(first))
        assert access.take(second).token == "ghp_B"

    def test_what_answers_say_is_left_is_kept_for_the_next_run(self, github: World) -> None:
        reset = str(int(RESET.timestamp()))
        limits = {"Resource": "core", "Limit": "5000", "Remaining": "77", "Reset": reset}
        headers = {f"X-RateLimit-{name}": value for name, value in limits.items()}
        github.script.said["/repos/ann/one"] = as_json({}, headers=headers)
        access = github.access()
        access.take(access.credentials[0]).get(ONE)
        host = github.service.url.removeprefix("http://")
        assert github.meter.budgets == {(f"env:GITHUB_TOKEN at {host}", "core"): Budget(5000, 77, RESET)}
        assert github.meter.requests == 1

    def test_requests_of_many_threads_are_all_counted(self, github: World) -> None:
        access = github.access()
        [credential] = access.credentials

        def ask() -> None:
            client = access.take(credential)
            for _ in range(5):
                client.get(ONE)
            access.give_back(credential, client)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert github.meter.requests == 30


class TestTokenFile:
    """A token is read when it is needed, and read again when it is refused."""

    def serve(self, github: World, *good: str) -> None:
        def answer(request: Request) -> Answer:
            return as_json({"id": 1}) if request.bearer() in good else as_json({"message": "Bad credentials"}, 401)

        github.script.said["/x"] = answer

    def ask(self, access: Access, sent: str | None = None) -> Any:
        """Ask as the one credential; `sent`: with the token that was current then."""
        [credential] = access.credentials
        client = access.take(credential)
        try:
            return client.get(Get(Errand("x"), "/x", shape="object")).data
        except ConnectorError as error:
            access.remember(credential, sent or client.token, CORE, error)
            raise
        finally:
            access.give_back(credential, client)

    def test_a_token_that_was_replaced_meanwhile_is_used_after_a_refusal(self, github: World) -> None:
        self.serve(github, "ghp_new")
        github.token = "ghp_old"
        access = github.access()
        access.give_back(access.credentials[0], access.take(access.credentials[0]))
        github.token = "ghp_new"
        with pytest.raises(AuthFailed):
            self.ask(access)
        assert self.ask(access) == {"id": 1}

    def test_a_token_that_is_still_the_same_is_refused_for_good(self, github: World) -> None:
        self.serve(github)
        access = github.access()
        with pytest.raises(AuthFailed):
            self.ask(access)
        with pytest.raises(AuthFailed):
            access.admit(CORE, 1)

    def test_a_new_token_that_is_refused_too_is_the_end(self, github: World) -> None:
        self.serve(github)
        github.token = "ghp_old"
        access = github.access()
        access.take(access.credentials[0])
        github.token = "ghp_new"
        with pytest.raises(AuthFailed):
            self.ask(access)
        with pytest.raises(AuthFailed):
            self.ask(access)
        with pytest.raises(AuthFailed):
            access.admit(CORE, 1)

    def test_of_several_workers_refused_with_the_old_token_none_condemns_the_new_one(self, github: World) -> None:
        self.serve(github, "ghp_new")
        github.token = "ghp_old"
        access = github.access()
        [credential] = access.credentials
        access.take(credential)
        github.token = "ghp_new"
        for _ in range(8):
            access.remember(credential, "ghp_old", CORE, AuthFailed("refused"))
        assert chosen(access) == "env:GITHUB_TOKEN"
        assert self.ask(access) == {"id": 1}

    def test_clients_of_the_old_token_are_not_kept(self, github: World) -> None:
        self.serve(github, "ghp_new")
        github.token = "ghp_old"
        access = github.access()
        [credential] = access.credentials
        old = access.take(credential)
        access.give_back(credential, old)
        github.token = "ghp_new"
        access.remember(credential, "ghp_old", CORE, AuthFailed("refused"))
        assert access.take(credential) is not old
        assert access._idle == {}

    def test_a_token_that_cannot_be_read_is_an_error_of_its_own(self, github: World) -> None:
        def reveal() -> str:
            raise AuthFailed("file:token: cannot read it")

        github.token = None
        github.config["tokens"] = (Secret("file:token", reveal),)
        access = github.access()
        with pytest.raises(AuthFailed, match="cannot read it"):
            access.take(access.credentials[0])


class TestTheWayIn:
    def test_a_token_is_not_sent_unencrypted(self, github: World) -> None:
        github.options["allow_private"] = False
        with pytest.raises(NotPermitted, match="unencrypted"):
            github.access().check()

    def test_a_private_address_wants_to_be_allowed(self, github: World) -> None:
        github.options["allow_private"] = False
        github.token = None
        with pytest.raises(NotPermitted, match="private"):
            github.access().check()

    def test_a_test_server_is_allowed_by_name(self, github: World) -> None:
        github.access().check()


def test_nothing_that_is_shown_holds_a_secret(github: World) -> None:
    github.config |= {"app": 7, "app_key": secret("KEY", "-----BEGIN KEY-----"), "installations": ("1",)}
    access = github.access()
    access.give_back(access.credentials[0], access.take(access.credentials[0]))
    shown = f"{access!r} {access.take(access.credentials[0])!r} {github.meter!r}"
    assert "env:GITHUB_TOKEN" in shown
    assert TOKEN not in shown
    assert "BEGIN KEY" not in shown


def test_a_passage_that_is_let_in_is_entered_in_the_ledger(github: World) -> None:
    access = github.access()
    admitted = access.admit(GRAPHQL, 7)
    assert not isinstance(admitted, float)
    credential, passage = admitted
    assert (passage.bucket, passage.points, passage.began, passage.ended) == (GRAPHQL, 7, NOW, None)
    credential.ledger.leave(passage, datetime.now(NOW.tzinfo))
