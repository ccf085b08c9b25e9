"""What the pulse may not see, and what an older server has not got: it is taken without them."""

from __future__ import annotations

from typing import Any

import pytest
from github_script import Json, Refusal, World
from pulse_taken import names, only, problems, several, take

from connectors.errors import Malformed, NotPermitted
from connectors.github.failures import Blocked
from connectors.github.pulse import Pulse
from harvester.demo.exchange import as_json


class TestWhatIsForbidden:
    def forbid(self, github: World, *parts: str) -> None:
        """These lists cannot be seen; asked without them, the repository can."""
        switches = {"pullRequests": "pulls"}

        def answer(values: Json) -> Any:
            for part in parts:
                if values[switches.get(part, part)] and values["name"] == "one":
                    raise Refusal("FORBIDDEN", part)
            return github.script.pulse_of(values)

        github.say_each("Pulse", answer)

    @pytest.mark.parametrize(
        ("field", "part", "right"),
        [
            ("issues", "issues", "Issues: read"),
            ("pullRequests", "pulls", "Pull requests: read"),
            ("discussions", "discussions", "Discussions: read"),
            ("releases", "releases", "Contents: read"),
        ],
    )
    def test_a_list_that_the_token_may_not_see_is_left_out_and_named(
        self, github: World, field: str, part: str, right: str
    ) -> None:
        self.forbid(github, field)
        repository = only(take(github))
        assert set(repository.signs) == {"forks", "issues", "pulls", "discussions", "releases"} - {part}
        [(name, refusal)] = repository.forbidden.items()
        assert (name, refusal.subject) == (part, "ann/one")
        assert right in refusal.what
        assert "env:GITHUB_TOKEN" in refusal.what

    def test_several_such_lists_are_found_one_by_one(self, github: World) -> None:
        self.forbid(github, "issues", "discussions", "pullRequests")
        repository = only(take(github))
        assert set(repository.forbidden) == {"issues", "discussions", "pulls"}
        assert len(github.script.queries()) == 4

    def test_the_other_repositories_are_not_asked_for_again(self, github: World) -> None:
        wanted = several(github, 5)
        self.forbid(github, "issues")
        assert len(names(take(github, "ann/one", *wanted))) == 6
        assert [len(asked) // 6 for asked in github.script.queries()] == [6, 1]

    @pytest.mark.parametrize("stream", ["issues", "pulls", "discussions", "releases"])
    def test_the_stream_of_a_forbidden_list_says_so_and_the_others_go_on(self, github: World, stream: str) -> None:
        self.forbid(github, "pullRequests" if stream == "pulls" else stream)
        found = github.read(stream)
        assert isinstance(found.error, NotPermitted)
        assert "has not got the permission" in found.error.what
        assert github.read("forks").error is None
        github.streams()[stream].plan({})  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("status", "body"), [(451, {"message": "?"}), (403, {"message": "?", "block": {"reason": "tos"}})]
    )
    def test_a_blocked_repository_is_gone_as_rest_says(self, github: World, status: int, body: Json) -> None:
        several(github, 1)
        self.block(github)
        github.script.said["/repos/ann/one"] = as_json(body, status)
        found = take(github, "ann/one", "ann/r001")
        assert (problems(found), names(found)) == ({"ann/one": Blocked}, ["ann/r001"])
        assert "blocked" in found.problems[0].what

    def test_one_that_graphql_forbids_and_rest_does_not_is_a_problem_and_not_empty(self, github: World) -> None:
        several(github, 1)
        self.block(github)
        found = take(github, "ann/one", "ann/r001")
        assert names(found) == ["ann/r001"]
        assert issubclass(problems(found)["ann/one"], NotPermitted)

    def block(self, github: World) -> None:
        def answer(values: Json) -> Any:
            if values["name"] == "one":
                raise Refusal("FORBIDDEN")
            return github.script.pulse_of(values)

        github.say_each("Pulse", answer)


class TestOlderServers:
    """An Enterprise Server whose GraphQL has no discussions."""

    def lack(self, github: World, field: str = "hasDiscussionsEnabled") -> None:
        fine = {name: github.script._usual(name) for name in ("Pulse", "PulseOfOwner")}
        more = {"code": "undefinedField", "typeName": "Repository", "fieldName": field}
        refusal = {"errors": [{"path": ["query Pulse", "a0", field], "extensions": more, "message": "?"}]}
        for name, say in fine.items():
            github.say(name, lambda variables, say=say: refusal if "discussions_0" in variables else say(variables))

    def test_the_pulse_is_taken_without_them(self, github: World) -> None:
        self.lack(github)
        assert names(take(github)) == ["ann/one"]
        assert len(github.script.queries()) == 2

    def test_so_is_that_of_many_repositories_and_owners(self, github: World) -> None:
        self.lack(github)
        wanted = several(github, 60)
        github.script.add(200, "bob/own")
        found = take(github, *wanted, "bob/*", "ann/one")
        assert (len(found.repositories), problems(found)) == (62, {})

    def test_what_was_learnt_serves_the_whole_run(self, github: World) -> None:
        self.lack(github)
        access = github.access()
        Pulse(access).take()
        Pulse(access).take()
        assert len(github.script.queries()) == 3

    def test_discussions_are_then_switched_off_and_no_failure(self, github: World) -> None:
        self.lack(github)
        for told in github.script.shown.values():
            del told["hasDiscussionsEnabled"], told["discussions"]
        found = github.read("discussions")
        assert (found.error, found.problems) == (None, [])
        assert "switched off" in found.reasons

    def test_another_field_that_is_lacking_is_an_error(self, github: World) -> None:
        self.lack(github, "stargazerCount")
        with pytest.raises(Malformed, match="knows no field stargazerCount"):
            take(github)
