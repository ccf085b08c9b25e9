"""What is asked again, of whom, and in how large portions, when something fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from github_script import NOW, Refusal, World, each
from github_tasks import asking, conduct, errors, get, things_served, told
from github_work import THING, query

from connectors.base import Secret
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.github.asks import Asking
from connectors.github.conductor import Conductor
from connectors.github.failures import Forbidden, Lacks, SwitchedOff, TooMuch
from connectors.github.tally import Ended
from harvester.demo.exchange import Answer, Request, as_json

DOWN = as_json({"message": "Server Error"}, 503)
FINE = as_json({"fine": True})
SIZED = replace(THING, name="Sized", types={**THING.types, "first": "Int!"})


@pytest.fixture
def github() -> Iterator[World]:
    with things_served() as world:
        world.say_each("Thing", lambda values: {"id": values["id"]})
        yield world


def in_turn(*answers: Answer) -> Callable[[Request], Answer]:
    """One answer after the other; the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def by_token(github: World, path: str, answers: Mapping[str, Answer]) -> None:
    """Another answer for every account."""
    github.token = None
    github.config["tokens"] = tuple(Secret(f"env:{name}", lambda name=name: name) for name in answers)
    github.script.said[path] = lambda request: answers[str(request.bearer())]


def seen(github: World, part: str = "things") -> list[str | None]:
    """Who asked, in order."""
    return [request.bearer() for request in github.script.seen if part in request.path]


class TestPassingFailures:
    def test_it_is_tried_again(self, github: World) -> None:
        github.script.said["/things/1"] = in_turn(DOWN, FINE)
        [(answers, end)] = told(conduct(github, [1], asking(get))).values()
        assert (answers[0].data, end) == ({"fine": True}, Ended())

    def test_the_pauses_grow_and_come_from_the_context(self, github: World) -> None:
        github.script.said["/things/1"] = in_turn(DOWN, DOWN, FINE)
        assert errors(conduct(github, [1], asking(get))) == {1: None}
        first, second = github.waits
        assert 0.2 < first <= 0.5
        assert 0.9 < second <= 2

    def test_it_is_given_up_after_the_third_time(self, github: World) -> None:
        github.script.said["/things/1"] = DOWN
        assert isinstance(errors(conduct(github, [1], asking(get)))[1], Unavailable)
        assert len(github.script.seen) == 3

    def test_others_go_on_in_the_pause(self, github: World) -> None:
        github.config["concurrency"] = 1
        github.script.said["/things/0"] = in_turn(DOWN, FINE)
        list(conduct(github, range(5), asking(get)))
        assert github.script.paths()[-1] == "/things/0"
        assert len(github.script.seen) == 6

    def test_an_outage_is_not_tried_by_everybody_for_ever(self, github: World) -> None:
        github.config["concurrency"] = 1
        for n in range(20):
            github.script.said[f"/things/{n}"] = DOWN
        ends = errors(conduct(github, range(20), asking(get)))
        assert {type(error) for error in ends.values()} == {Unavailable}
        assert len(github.script.seen) <= 20 + 2

    @pytest.mark.parametrize(
        "answer",
        [as_json({}, 404), as_json({}, 410), as_json({}, 422), as_json([]), Answer(200, {}, b"<html>")],
    )
    def test_what_will_not_pass_is_not_tried_again(self, github: World, answer: Answer) -> None:
        github.script.said["/things/1"] = answer
        assert errors(conduct(github, [1], asking(get)))[1] is not None
        assert len(github.script.seen) == 1

    def test_a_query_that_fails_in_passing_is_asked_again_whole(self, github: World) -> None:
        fine = each(lambda values: {"id": values["id"]})
        answers: list[Any] = [DOWN]
        github.say("Thing", lambda variables: answers.pop() if answers else fine(variables))
        assert set(errors(conduct(github, range(3), asking(query))).values()) == {None}
        assert [len(asked) for asked in github.script.queries()] == [3, 3]


class TestTooMuch:
    """GitHub gives up an answer after ten seconds, with 502 or 504, or with an error of no type."""

    HEAVY = Answer(502, {"Content-Type": "text/html"}, b"<html>")

    def limit(self, github: World, most: int, answer: Any = HEAVY) -> None:
        """Queries for more than so many things are too much."""
        fine = each(lambda values: {"id": values["id"]})
        github.say("Thing", lambda variables: fine(variables) if len(variables) <= most else answer)

    @pytest.mark.parametrize("answer", [HEAVY, {"errors": [{"message": "Something went wrong (timeout)"}]}])
    def test_a_query_that_is_too_much_is_divided_until_it_is_not(self, github: World, answer: Any) -> None:
        self.limit(github, 3, answer)
        github.config["concurrency"] = 1
        ends = errors(conduct(github, range(20), asking(lambda n: query(n, weight=10))))
        assert ends == dict.fromkeys(range(20))
        assert [len(asked) for asked in github.script.queries()][:3] == [20, 10, 5]
        assert max(len(asked) for asked in github.script.queries()[3:]) <= 3
        assert github.waits == []

    def test_what_was_learnt_serves_the_queries_after_it(self, github: World) -> None:
        self.limit(github, 5)
        access = github.access()
        list(Conductor[Any, Any](access).run(range(20), asking(lambda n: query(n, weight=10))))
        before = len(github.script.queries())
        list(Conductor[Any, Any](access).run(range(20), asking(lambda n: query(n, weight=10))))
        sizes = [len(asked) for asked in github.script.queries()]
        assert (sizes[0], max(sizes[before:])) == (20, 5)

    def test_one_that_is_too_much_by_itself_is_told_to_the_work_at_once(self, github: World) -> None:
        sizes: list[int] = []

        def work(_: int) -> Asking[Any]:
            size = 8
            while True:
                try:
                    (node,) = yield [query(size, SIZED, size, first=size)]
                except TooMuch:
                    size //= 2
                else:
                    yield node
                    return

        def answer(variables: Mapping[str, Any]) -> Any:
            sizes.append(int(variables["id_0"][1:]))
            return each(lambda values: values)(variables) if sizes[-1] < 3 else self.HEAVY

        github.say("Sized", answer)
        assert errors(conduct(github, [1], work)) == {1: None}
        assert sizes == [8, 4, 2]

    def test_one_alias_that_timed_out_is_asked_for_alone_and_the_others_are_kept(self, github: World) -> None:
        asked: list[int] = []

        def answer(values: dict[str, Any]) -> Any:
            asked.append(int(values["id"][1:]))
            if asked.count(3) == 1 and values["id"] == "X3":
                raise Refusal("")
            return values

        github.say_each("Thing", answer)
        assert set(errors(conduct(github, range(6), asking(query))).values()) == {None}
        assert [len(one) for one in github.script.queries()] == [6, 1]

    def test_one_that_times_out_alone_too_is_the_failure_of_its_task_only(self, github: World) -> None:
        def answer(values: dict[str, Any]) -> Any:
            if values["id"] == "X3":
                raise Refusal("")
            return values

        github.say_each("Thing", answer)
        ends = errors(conduct(github, range(6), asking(query)))
        assert [n for n, error in ends.items() if error is not None] == [3]
        assert isinstance(ends[3], TooMuch)

    def test_an_error_of_no_alias_is_asked_for_one_by_one(self, github: World) -> None:
        fine = each(lambda values: values)
        late = {"errors": [{"message": "?"}]}
        github.say("Thing", lambda variables: fine(variables) | (late if len(variables) > 1 else {}))
        assert set(errors(conduct(github, range(4), asking(query))).values()) == {None}
        assert [len(one) for one in github.script.queries()] == [4, 1, 1, 1, 1]

    def test_a_rest_question_that_took_too_long_is_tried_again(self, github: World) -> None:
        github.script.said["/things/1"] = in_turn(self.HEAVY, FINE)
        assert errors(conduct(github, [1], asking(get))) == {1: None}


class TestOneOfMany:
    @pytest.mark.parametrize(
        ("kind", "error"), [("NOT_FOUND", Gone), ("FORBIDDEN", Forbidden), ("INSUFFICIENT_SCOPES", Forbidden)]
    )
    def test_an_alias_that_is_refused_leaves_the_others(self, github: World, kind: str, error: type) -> None:
        def answer(values: dict[str, Any]) -> Any:
            if values["id"] == "X2":
                raise Refusal(kind)
            return values

        github.say_each("Thing", answer)
        ends = errors(conduct(github, range(5), asking(query)))
        assert {n: type(e) for n, e in ends.items() if e is not None} == {2: error}
        assert len(github.script.queries()) == 1

    def test_an_alias_that_met_the_limit_is_the_last_thing_that_is_asked(self, github: World) -> None:
        def answer(values: dict[str, Any]) -> Any:
            if values["id"] == "X2":
                raise Refusal("RATE_LIMITED")
            return values

        github.say_each("Thing", answer)
        ends = errors(conduct(github, range(5), asking(query)))
        assert {n: type(e) for n, e in ends.items() if e is not None} == {2: RateLimited}
        assert len(github.script.queries()) == 1

    def test_a_null_without_a_reason_is_gone(self, github: World) -> None:
        github.say_each("Thing", lambda values: None if values["id"] == "X2" else values)
        ends = errors(conduct(github, range(5), asking(query)))
        assert {n: type(e) for n, e in ends.items() if e is not None} == {2: Gone}

    def test_what_is_told_beside_a_forbidden_field_is_kept(self, github: World) -> None:
        def answer(values: dict[str, Any]) -> Any:
            raise Refusal("FORBIDDEN", "issues", partial={"id": "X", "issues": None})

        github.say_each("Thing", answer)
        error = errors(conduct(github, [1], asking(query)))[1]
        assert isinstance(error, Forbidden)
        assert (error.path, error.partial) == (("a0", "issues"), {"id": "X", "issues": None})

    def test_a_field_that_this_server_lacks_is_told_to_every_task(self, github: World) -> None:
        more = {"code": "undefinedField", "fieldName": "discussions"}
        github.say("Thing", as_json({"errors": [{"message": "?", "extensions": more}]}))
        ends = errors(conduct(github, range(3), asking(query)))
        assert {(type(error), error.field) for error in ends.values()} == {(Lacks, "discussions")}
        assert len(github.script.queries()) == 1


class TestSeveralCredentials:
    MISSING = as_json({"message": "Not Found"}, 404)
    REFUSED = as_json({"message": "Bad credentials"}, 401)
    FORBIDDEN = as_json({"message": "Resource not accessible"}, 403)

    def limited(self, minutes: int = 9) -> Answer:
        reset = str(int((NOW + timedelta(minutes=minutes)).timestamp()))
        return as_json({}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})

    @pytest.mark.parametrize("answer", [MISSING, FORBIDDEN, REFUSED, as_json({"block": {}}, 451)])
    def test_what_one_is_refused_another_is_asked_for(self, github: World, answer: Answer) -> None:
        by_token(github, "/things/1", {"A": answer, "B": FINE})
        assert errors(conduct(github, [1], asking(get))) == {1: None}
        assert seen(github) == ["A", "B"]

    def test_one_that_is_limited_leaves_it_to_another(self, github: World) -> None:
        by_token(github, "/things/1", {"A": self.limited(), "B": FINE})
        assert errors(conduct(github, [1], asking(get))) == {1: None}
        assert seen(github) == ["A", "B"]

    def test_where_nobody_may_the_last_word_counts(self, github: World) -> None:
        by_token(github, "/things/1", {"A": self.MISSING, "B": self.FORBIDDEN})
        assert isinstance(errors(conduct(github, [1], asking(get)))[1], NotPermitted)
        assert seen(github) == ["A", "B"]

    def test_what_is_switched_off_is_so_for_everybody(self, github: World) -> None:
        by_token(github, "/things/1", {"A": as_json({}, 410), "B": FINE})
        assert isinstance(errors(conduct(github, [1], asking(get)))[1], SwitchedOff)
        assert seen(github) == ["A"]

    def test_a_refusal_of_one_thing_is_none_of_the_next(self, github: World) -> None:
        by_token(github, "/things/1", {"A": self.MISSING, "B": FINE})
        github.config["concurrency"] = 1
        list(conduct(github, [1, 2, 3], asking(get)))
        assert seen(github, "things/2") + seen(github, "things/3") != ["B", "B"]

    def test_a_query_is_divided_among_those_who_may_and_may_not(self, github: World) -> None:
        by_token(github, "/none", {"A": FINE, "B": FINE})

        def answer(request: Request) -> Answer:
            if request.bearer() == "B":
                return as_json(each(lambda values: values)(github.script.queries()[-1]))

            def of_a(values: dict[str, Any]) -> Any:
                if values["id"] in ("X1", "X2"):
                    raise Refusal("NOT_FOUND")
                return values

            return as_json(each(of_a)(github.script.queries()[-1]))

        github.script.said["/graphql"] = answer
        assert set(errors(conduct(github, range(5), asking(query))).values()) == {None}
        assert [len(asked) for asked in github.script.queries()] == [5, 2]
        assert seen(github, "graphql") == ["A", "B"]

    def test_when_all_tokens_are_refused_that_is_the_error(self, github: World) -> None:
        by_token(github, "/things/1", {"A": self.REFUSED, "B": self.REFUSED})
        assert isinstance(errors(conduct(github, [1], asking(get)))[1], AuthFailed)
        assert seen(github) == ["A", "B"]

    def test_after_a_refused_token_nothing_is_sent_with_it(self, github: World) -> None:
        for n in range(9):
            github.script.said[f"/things/{n}"] = self.REFUSED
        github.config["concurrency"] = 2
        ends = errors(conduct(github, range(9), asking(get)))
        assert {type(error) for error in ends.values()} == {AuthFailed}
        assert len(github.script.seen) <= 2

    def test_when_all_are_limited_the_first_to_be_free_is_named(self, github: World) -> None:
        by_token(github, "/things/1", {"A": self.limited(9), "B": self.limited(5)})
        error = errors(conduct(github, [1], asking(get)))[1]
        assert isinstance(error, RateLimited)
        assert error.retry_at == NOW + timedelta(minutes=5)

    @pytest.mark.parametrize("answer", [MISSING, FORBIDDEN])
    def test_a_revoked_token_does_not_hide_what_the_good_one_was_told(self, github: World, answer: Answer) -> None:
        by_token(github, "/things/1", {"A": answer, "B": self.REFUSED})
        assert isinstance(errors(conduct(github, [1], asking(get)))[1], Gone | NotPermitted)

    def test_a_limit_is_not_met_twice(self, github: World) -> None:
        for n in range(9):
            github.script.said[f"/things/{n}"] = as_json({}, 429, {"Retry-After": "30"})
        github.config["concurrency"] = 2
        ends = errors(conduct(github, range(9), asking(get)))
        assert {type(error).__mro__[1] for error in ends.values()} == {RateLimited}
        assert len(github.script.seen) <= 2

    def test_a_pace_is_waited_for_through_the_context(self, github: World) -> None:
        clock = [NOW]
        github.options["clock"] = lambda: clock[0]

        def wait(seconds: float) -> bool:
            github.waits.append(seconds)
            clock[0] += timedelta(seconds=seconds)
            return False

        github.options["wait"] = wait
        github.config["concurrency"] = 1
        github.token = None
        access = github.access()
        [nobody] = access.credentials
        while not isinstance(admitted := nobody.ledger.admit("core", 1, 0, NOW), float):
            nobody.ledger.leave(admitted, NOW)
        assert set(errors(Conductor[Any, Any](access).run([1, 2], asking(get))).values()) == {None}
        assert github.waits == [60.0]


@pytest.mark.parametrize("error", [Malformed("x"), SwitchedOff("x"), Gone("x")])
def test_a_failure_of_the_work_itself_is_not_tried_again(github: World, error: ConnectorError) -> None:
    def work(_: int) -> Asking[Any]:
        yield [get(1)]
        raise error

    assert errors(conduct(github, [1], work)) == {1: error}
    assert len(github.script.seen) == 1
