"""Which repositories a source means now, and what has changed in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from github_script import NOW, Json, Refusal, World, harvest, of_list, pulse, sign
from pulse_taken import names, only, problems, several, take

from connectors.base import Cost
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.github.pulse import Found, Pulse
from connectors.github.repository import Sign
from harvester.demo.exchange import Answer, as_json


class TestNames:
    def test_one_query_tells_of_all_repositories_in_the_order_of_the_configuration(self, github: World) -> None:
        wanted = several(github, 20)[::-1]
        assert names(take(github, *wanted)) == list(wanted)
        assert len(github.script.seen) == github.meter.requests == 1

    def test_no_more_than_fifty_are_asked_for_in_one_query(self, github: World) -> None:
        assert len(names(take(github, *several(github, 120)))) == 120
        assert sorted(len(asked) // 6 for asked in github.script.queries("Pulse")) == [20, 50, 50]

    def test_a_name_written_twice_is_asked_for_once(self, github: World) -> None:
        assert names(take(github, "ann/one", "Ann/One", "ANN/ONE")) == ["ann/one"]
        assert len(github.script.queries()[0]) == 6

    def test_two_names_of_one_repository_are_one_repository(self, github: World) -> None:
        github.script.add(5, "ann/new")
        github.script.rename("ann/old", "ann/new")
        found = take(github, "ann/old", "ann/new")
        assert [(one.id, one.name) for one in found.repositories] == [(5, "ann/new")]

    def test_a_renamed_one_is_known_by_its_id_under_its_name_of_today(self, github: World) -> None:
        github.script.add(5, "ann/new")
        github.script.rename("ann/old", "ann/new")
        repository = only(take(github, "ann/old"))
        assert (repository.key, repository.path, repository.node) == ("5", "/repos/ann/new", "R_5")

    def test_it_is_asked_once_for_all_streams_of_a_source(self, github: World) -> None:
        for stream in github.streams().values():
            if stream.spec.name != "given":
                harvest(stream)
        assert len(github.script.queries("Pulse")) == 1

    def test_everything_is_told_as_it_was_then(self, github: World) -> None:
        more = {
            "stargazerCount": 9,
            "viewerPermission": "READ",
            "description": "Tools",
            "issues": sign(4, "2026-11-20T00:00:00Z"),
            "forks": sign(2, "2026-10-01T00:00:00Z", of="createdAt"),
            "releases": {"totalCount": 7},
        }
        github.script.add(pulse=more)
        repository = only(take(github))
        assert (repository.stargazers, repository.watchers, repository.permission) == (9, 3, "READ")
        assert (repository.read_at, repository.description) == (NOW, "Tools")
        assert repository.signs == {
            "issues": Sign(4, datetime(2026, 11, 20, tzinfo=UTC)),
            "forks": Sign(2, datetime(2026, 10, 1, tzinfo=UTC)),
            "releases": Sign(7),
            "pulls": Sign(0),
            "discussions": Sign(0),
        }

    def test_what_it_took_is_told(self, github: World) -> None:
        github.say_each("Pulse", github.script.pulse_of, cost=2)
        look = Pulse(github.access())
        look.take()
        assert look.cost == Cost("graphql", 1, 2)


class TestOwners:
    def test_an_owner_stands_for_all_own_repositories(self, github: World) -> None:
        several(github, 3)
        github.script.add(9, "ann/fork", pulse={"isFork": True})
        github.script.add(10, "bob/other")
        assert names(take(github, "ann/*")) == ["ann/one", "ann/r001", "ann/r002", "ann/r003"]
        assert len(github.script.seen) == 1

    def test_public_ones_only_that_are_no_forks_are_asked_for(self, github: World) -> None:
        take(github, "ann/*")
        [request] = github.script.seen
        asked = request.body.decode()
        assert "isFork: false, privacy: PUBLIC, ownerAffiliations: [OWNER]" in asked

    def test_many_are_asked_for_page_by_page(self, github: World) -> None:
        several(github, 119)
        assert len(names(take(github, "ann/*"))) == 120
        assert [(one["first_0"], one["after_0"]) for one in github.script.queries()] == [
            (50, None),
            (50, "50"),
            (50, "100"),
        ]

    def test_one_that_is_named_as_well_is_there_once(self, github: World) -> None:
        several(github, 2)
        assert names(take(github, "ann/r002", "ann/*")) == ["ann/r002", "ann/one", "ann/r001"]

    def test_an_owner_without_repositories_has_none(self, github: World) -> None:
        assert take(github, "carol/*") == Found((), ())

    def test_an_unknown_owner_is_gone(self, github: World) -> None:
        github.say_each("PulseOfOwner", lambda values: None if values["owner"] == "nobody" else usual(github, values))
        found = take(github, "nobody/*", "ann/one")
        assert (problems(found), names(found)) == ({"nobody/*": Gone}, ["ann/one"])

    def test_a_page_that_is_too_much_is_asked_for_in_halves(self, github: World) -> None:
        several(github, 59)
        fine = github.script._usual("PulseOfOwner")

        def answer(variables: Mapping[str, Any]) -> Answer | Json:
            too_much = Answer(502, {"Content-Type": "text/html"}, b"<html>")
            return too_much if variables["first_0"] > 15 else fine(variables)  # type: ignore[operator]

        github.say("PulseOfOwner", answer)
        assert len(names(take(github, "ann/*"))) == 60
        assert [one["first_0"] for one in github.script.queries()] == [50, 25, 12, 12, 12, 12, 12]

    def test_one_of_them_that_cannot_be_seen_whole_is_asked_for_by_its_name(self, github: World) -> None:
        several(github, 3)
        tell_owned(github, pulse(1), None, None, forbidden="discussions")
        listed = [{"full_name": f"ann/{name}"} for name in ("one", "r001", "r002")]
        github.script.said["/users/ann/repos"] = as_json([*listed, {"full_name": "ann/f", "fork": True}])
        found = take(github, "ann/*")
        assert names(found) == ["ann/one", "ann/r001", "ann/r002"]
        assert problems(found) == {}

    def test_one_that_vanished_since_the_list_was_read_is_no_failure(self, github: World) -> None:
        tell_owned(github, pulse(1), None)
        github.script.said["/users/ann/repos"] = as_json([{"full_name": "ann/one"}, {"full_name": "ann/gone"}])
        found = take(github, "ann/*")
        assert (names(found), problems(found)) == (["ann/one"], {})

    def test_an_owner_whose_repositories_are_forbidden_altogether_is_a_problem(self, github: World) -> None:
        def answer(values: Json) -> Any:
            raise Refusal("FORBIDDEN")

        github.say_each("PulseOfOwner", answer)
        found = take(github, "bob/*", "ann/one")
        assert (problems(found)["bob/*"].__mro__[1], names(found)) == (NotPermitted, ["ann/one"])


def usual(github: World, values: Json) -> Any:
    return github.script._pulses_of_owner(values)


def tell_owned(github: World, *nodes: Json | None, forbidden: str | None = None) -> None:
    """A page of an owner's repositories, null where one cannot be seen."""

    def answer(_: Json) -> Any:
        partial = {"__typename": "User", "repositories": of_list(*nodes)}
        if forbidden:
            raise Refusal("FORBIDDEN", "repositories", "nodes", 1, forbidden, partial=partial)
        return partial

    github.say_each("PulseOfOwner", answer)


class TestFailures:
    @pytest.mark.parametrize("kind", ["NOT_FOUND", ""])
    def test_one_that_fails_keeps_no_other_out(self, github: World, kind: str) -> None:
        wanted = several(github, 5)

        def answer(values: Json) -> Any:
            if values["name"] == "r003":
                raise Refusal(kind)
            return github.script.pulse_of(values)

        github.say_each("Pulse", answer)
        found = take(github, *wanted)
        assert names(found) == [name for name in wanted if name != "ann/r003"]
        assert list(problems(found)) == ["ann/r003"]

    def test_one_described_uselessly_is_a_problem_of_its_own(self, github: World) -> None:
        wanted = several(github, 3)
        github.script.add(101, "ann/r002", pulse={"createdAt": None})
        found = take(github, *wanted)
        assert (problems(found), len(found.repositories)) == ({"ann/r002": Malformed}, 2)

    def test_where_none_is_found_that_is_the_error(self, github: World) -> None:
        with pytest.raises(Gone, match="bob/none is gone or private"):
            take(github, "bob/none", "bob/nothing")

    def test_an_outage_is_not_looked_at_again_by_every_stream(self, github: World) -> None:
        look = Pulse(github.access())
        github.say("Pulse", as_json({"message": "Server Error"}, 503))
        for _ in range(2):
            with pytest.raises(Unavailable):
                look.take()
        assert len(github.script.queries()) == 3

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (as_json({"message": "Bad credentials"}, 401), AuthFailed),
            (as_json({"message": "?"}, 403, {"Retry-After": "60"}), RateLimited),
            (as_json({"errors": [{"type": "RATE_LIMITED"}]}), RateLimited),
        ],
    )
    def test_what_concerns_the_whole_source_is_raised(
        self, github: World, answer: Answer, kind: type[ConnectorError]
    ) -> None:
        github.say("Pulse", answer)
        with pytest.raises(kind):
            take(github, *several(github, 3))


class TestWithoutToken:
    @pytest.fixture
    def github(self, github: World) -> World:
        github.token = None
        return github

    def test_each_repository_is_a_rest_request(self, github: World) -> None:
        assert names(take(github, *several(github, 3))) == ["ann/r001", "ann/r002", "ann/r003"]
        assert github.script.queries() == []
        assert len(github.script.seen) == 3

    def test_its_cost_is_in_requests(self, github: World) -> None:
        look = Pulse(github.access())
        look.take()
        assert look.cost == Cost("core", 1, 1)

    def test_an_owner_is_asked_for_by_list_and_each_by_name(self, github: World) -> None:
        several(github, 2)
        url = f"{github.service.url}/users/ann/repos?page=2"
        listed: list[Json] = [{"full_name": "ann/r001"}, {"full_name": "ann/f", "fork": True}]
        pages = {
            "1": as_json(listed, headers={"Link": f'<{url}>; rel="next"'}),
            "2": as_json([{"full_name": "ann/r002"}, None, {}]),
        }
        github.script.said["/users/ann/repos"] = lambda request: pages[request.query.get("page", "1")]
        assert names(take(github, "ann/*")) == ["ann/r001", "ann/r002"]

    def test_a_renamed_one_is_followed(self, github: World) -> None:
        github.script.add(5, "ann/new")
        github.script.rename("ann/old", "ann/new")
        assert [(one.id, one.name) for one in take(github, "ann/old").repositories] == [(5, "ann/new")]

    def test_a_removed_one_is_gone_and_nothing_of_it_switched_off(self, github: World) -> None:
        github.script.said["/repos/ann/r001"] = as_json({"message": "?"}, 410)
        found = take(github, "ann/one", "ann/r001")
        assert (problems(found), names(found)) == ({"ann/r001": Gone}, ["ann/one"])

    def test_an_owner_without_repositories_has_none(self, github: World) -> None:
        github.script.said["/users/carol/repos"] = as_json([])
        assert take(github, "carol/*") == Found((), ())
