"""What vanishes leaves no trace but a number: counting finds it, and says why it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from github_small import DAY, Shelf, SmallGithub, read, visit_of
from github_work import Driven, access, drive, steps

from connectors.base import Batch, Listing
from connectors.errors import ConnectorError, Gone, NotPermitted, Unavailable
from connectors.github.asks import Ask, Get, Query
from connectors.github.failures import Elsewhere, TooMuch
from connectors.github.kinds import DISCUSSIONS, ISSUES, PULLS
from connectors.github.threads import threads


@pytest.fixture
def hub(request: pytest.FixtureRequest) -> SmallGithub:
    """Five threads with two comments each."""
    hub = SmallGithub(getattr(request, "param", ISSUES), fits=100)
    for _ in range(5):
        thread = hub.open()
        hub.say(thread)
        hub.say(thread)
        hub.now += DAY
    return hub


EACH_KIND = pytest.mark.parametrize("hub", [ISSUES, PULLS, DISCUSSIONS], ids=lambda kind: kind.thing, indirect=True)


def walk(hub: SmallGithub, shelf: Shelf, since: date | None = None) -> list[Batch]:
    return read(hub, shelf, access(lambda: hub.now, since=since))


def counted(hub: SmallGithub, since: date | None = None) -> Shelf:
    """What is known, a day before the next count."""
    shelf = Shelf()
    walk(hub, shelf, since)
    hub.now += DAY
    hub.asked.clear()
    return shelf


def rounds(hub: SmallGithub, shelf: Shelf, answer: Callable[[Ask], Any] | None = None) -> list[list[str]]:
    """Walk; what was asked at once, by name."""
    driven = Driven()
    work = threads(visit_of(hub, shelf, access(lambda: hub.now)), hub.kind)
    shelf.take(list(steps(work, answer or hub.answer, driven)))
    return [[ask.fields.name for ask in asks if isinstance(ask, Query)] for asks in driven.rounds]


def told(batches: list[Batch]) -> list[tuple[str, Any, str]]:
    """What the listings of the count tell of single threads."""
    return sorted({(one.metric, *(one.numbers or ()), one.cause) for batch in batches for one in batch.listings})  # type: ignore[misc]


class TestWhatIsFound:
    @EACH_KIND
    def test_where_nothing_has_vanished_nothing_is_read_again(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        [batch, _] = walk(hub, shelf)
        assert (batch.observations, batch.listings) == ([], [])
        assert hub.asked == [hub.kind.counted.name]
        assert shelf.parts[""]["counted"] == hub.now.date().isoformat()

    @EACH_KIND
    def test_a_deleted_comment_has_its_thread_read_again(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        thread = hub.threads[4]
        hub.unsay(thread, min(thread.said))
        found = walk(hub, shelf)
        assert hub.asked == [hub.kind.counted.name, hub.kind.one.name]
        assert {number for _, number, _ in told(found)} == {4}
        assert shelf.known() == hub.truth()

    @EACH_KIND
    def test_a_deleted_thread_is_taken_back_with_all_that_hung_on_it(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        hub.lose(hub.threads[4], "deleted")
        walk(hub, shelf)
        assert shelf.known() == hub.truth()
        assert "4" not in shelf.parts["/0"]

    @pytest.mark.parametrize(
        "hub", [replace(kind, counted_size=2) for kind in (ISSUES, PULLS, DISCUSSIONS)], indirect=True
    )
    def test_what_a_page_shows_is_read_again_beside_the_next_one(self, hub: SmallGithub) -> None:
        """A round of its own would be a request and a wait more."""
        shelf = counted(hub)
        for number in (1, 4, 13):
            hub.unsay(hub.threads[number], min(hub.threads[number].said))
        count, one = hub.kind.counted.name, hub.kind.one.name
        assert rounds(hub, shelf) == [[count], [count, one, one], [count], [one]]
        assert shelf.known() == hub.truth()

    @EACH_KIND
    def test_the_first_page_of_a_count_that_is_due_goes_with_the_walk(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        hub.say(hub.threads[7])
        hub.unsay(hub.threads[4], min(hub.threads[4].said))
        page, count, one = hub.kind.page.name, hub.kind.counted.name, hub.kind.one.name
        assert rounds(hub, shelf) == [[page, count], [one]]
        assert shelf.known() == hub.truth()

    @EACH_KIND
    def test_what_is_opened_between_the_two_is_not_taken_for_gone(self, hub: SmallGithub) -> None:
        """They may go in two queries, the count before the walk."""
        shelf, counted_then = counted(hub), dict(hub.threads)
        hub.say(hub.open())

        def answer(ask: Ask) -> Any:
            if not (isinstance(ask, Query) and ask.fields is hub.kind.counted):
                return hub.answer(ask)
            now, hub.threads = hub.threads, counted_then
            try:
                return hub.answer(ask)
            finally:
                hub.threads = now

        rounds(hub, shelf, answer)
        assert shelf.known() == hub.truth()
        hub.now += DAY
        rounds(hub, shelf)
        assert shelf.known() == hub.truth()

    @EACH_KIND
    def test_where_the_two_are_too_much_the_count_comes_later(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        hub.say(hub.threads[7])
        page, count = hub.kind.page.name, hub.kind.counted.name

        def answer(ask: Ask) -> Any:
            if isinstance(ask, Query) and ask.fields is hub.kind.counted and count not in hub.asked:
                hub.asked.append(count)
                raise TooMuch("too much")
            return hub.answer(ask)

        assert rounds(hub, shelf, answer) == [[page, count], [page], [count]]
        assert shelf.known() == hub.truth()

    def test_a_new_one_that_no_change_told_of_is_read(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        hub.open().updated -= 30 * DAY
        walk(hub, shelf)
        assert shelf.known() == hub.truth()

    def test_many_that_differ_are_asked_for_together(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        for thread in hub.threads.values():
            hub.unsay(thread, min(thread.said))
        driven = Driven()
        list(steps(threads(visit_of(hub, shelf, access(lambda: hub.now)), ISSUES), hub.answer, driven))
        assert [len(asks) for asks in driven.rounds] == [1, 5]

    def test_a_thread_that_is_read_again_is_read_with_all_that_hangs_on_it(self, hub: SmallGithub) -> None:
        hub.fits = 1
        for _ in range(4):
            hub.say(hub.threads[4])
        shelf = counted(hub)
        hub.unsay(hub.threads[4], min(hub.threads[4].said))
        walk(hub, shelf)
        assert shelf.known() == hub.truth()

    @EACH_KIND
    def test_counting_goes_page_by_page_and_in_halves_where_a_page_is_too_much(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        hub.most = 2
        driven = Driven()
        list(steps(threads(visit_of(hub, shelf, access(lambda: hub.now)), hub.kind), hub.answer, driven))
        sizes = [ask.values["first"] for ask in driven.asked if isinstance(ask, Query)]
        assert sizes[0] == hub.kind.counted_size
        assert sizes[-3:] == [sizes[-1]] * 3 or sizes[-1] == 1
        assert sizes[-1] <= 2

    def test_a_count_that_is_too_much_for_a_single_one_is_a_failure(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        hub.most = 0
        driven = drive(threads(visit_of(hub, shelf, access(lambda: hub.now)), ISSUES), hub.answer)
        assert isinstance(driven.error, TooMuch)

    def test_the_gap_of_the_day_is_noted(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        hub.unlisted = 3
        walk(hub, shelf)
        assert shelf.parts[""]["gap"] == 3
        hub.asked.clear()
        walk(hub, shelf)
        assert hub.asked == []

    def test_threads_left_out_as_too_old_stay_unknown(self, hub: SmallGithub) -> None:
        since = hub.now.date() - 2 * DAY
        shelf = counted(hub, since)
        hub.unsay(hub.threads[1], min(hub.threads[1].said))
        walk(hub, shelf)
        assert shelf.known() == hub.truth(since)
        assert "Issue" not in hub.asked


class TestTheYoungest:
    """They come last in a count, and need not be counted where this visit has read them whole."""

    def read(self, hub: SmallGithub, *, before: Callable[[], None] = lambda: None) -> Shelf:
        """Counted by pages of five: five are known, a sixth and a seventh are new."""
        shelf = counted(hub)
        hub.say(hub.open())
        hub.open()
        hub.now += DAY
        before()
        hub.asked.clear()
        walk(hub, shelf)
        return shelf

    @pytest.mark.parametrize("hub", [replace(ISSUES, counted_size=5)], indirect=True)
    def test_one_page_is_enough_then(self, hub: SmallGithub) -> None:
        assert self.read(hub).known() == hub.truth()
        assert hub.asked.count("CountedIssues") == 1

    @pytest.mark.parametrize("hub", [replace(ISSUES, counted_size=5)], indirect=True)
    def test_what_has_vanished_is_found_all_the_same(self, hub: SmallGithub) -> None:
        def vanish() -> None:
            hub.unsay(hub.threads[1], min(hub.threads[1].said))
            hub.lose(hub.threads[4], "deleted")

        assert self.read(hub, before=vanish).known() == hub.truth()
        assert hub.asked.count("CountedIssues") == 2

    @pytest.mark.parametrize("hub", [replace(kind, counted_size=3) for kind in (ISSUES, DISCUSSIONS)], indirect=True)
    def test_a_total_that_lags_behind_takes_nothing_back(self, hub: SmallGithub) -> None:
        """It is what three that are listed and two that were read come to, and the fourth is on the next page."""
        shelf = counted(hub)
        hub.open()
        hub.now += DAY
        hub.unlisted = -1
        walk(hub, shelf)
        assert shelf.known() == hub.truth()

    @pytest.mark.parametrize("hub", [replace(ISSUES, counted_size=5)], indirect=True)
    def test_where_github_says_there_are_more_all_are_counted(self, hub: SmallGithub) -> None:
        def hide() -> None:
            hub.unlisted = 1

        assert self.read(hub, before=hide).known() == hub.truth()
        assert hub.asked.count("CountedIssues") == 2


class TestWhy:
    def read(self, hub: SmallGithub, answer: Callable[[Ask], Any] | None = None) -> Driven:
        shelf = counted(hub)
        thread = hub.threads[4]
        hub.lose(thread, "deleted")
        return drive(threads(visit_of(hub, shelf, access(lambda: hub.now)), hub.kind), answer or hub.answer)

    @pytest.mark.parametrize(
        ("how", "cause"),
        [
            ("deleted", "#4 was deleted"),
            ("transferred", "#4 moved to another repository"),
            ("missing", "#4 is not there any more"),
        ],
    )
    def test_github_is_asked_why_a_thread_is_gone(self, hub: SmallGithub, how: str, cause: str) -> None:
        shelf = counted(hub)
        hub.lose(hub.threads[4], how)
        if how == "missing":
            del hub.lost[4]
        assert told(walk(hub, shelf)) == [(metric, 4, cause) for metric in sorted(ISSUES.metrics)]

    def test_pull_requests_are_asked_for_as_the_issues_they_are(self) -> None:
        hub = SmallGithub(PULLS)
        hub.open()
        hub.open()
        hub.now += DAY
        shelf = counted(hub)
        hub.lose(hub.threads[1], "deleted")
        walk(hub, shelf)
        assert hub.asked[-1] == "/repos/ann/one/issues/1"

    def test_discussions_cannot_be_asked_for_that_way(self) -> None:
        hub = SmallGithub(DISCUSSIONS)
        hub.open()
        hub.open()
        hub.now += DAY
        shelf = counted(hub)
        hub.lose(hub.threads[1], "deleted")
        assert {cause for _, _, cause in told(walk(hub, shelf))} == {"its thread is gone"}
        assert not [path for path in hub.asked if path.startswith("/")]

    def test_of_many_only_a_few_are_asked_about(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        for number in (1, 4, 7, 10):
            hub.lose(hub.threads[number], "deleted")
        causes = {number: cause for _, number, cause in told(walk(hub, shelf))}
        assert causes == {
            1: "#1 was deleted",
            4: "#4 was deleted",
            7: "#7 was deleted",
            10: "its thread is gone",
        }
        assert len([path for path in hub.asked if path.startswith("/")]) == 3

    def test_one_that_github_has_and_does_not_list_is_no_reason_to_take_anything_back(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        before = shelf.known()
        hub.lose(hub.threads[4], "hidden")
        with pytest.raises(Unavailable, match="GitHub has #4 and does not list it"):
            walk(hub, shelf)
        assert shelf.known() == before

    def test_an_index_that_lags_is_asked_again_at_the_next_visit(self, hub: SmallGithub) -> None:
        shelf = counted(hub)
        thread = hub.threads[4]
        hub.lose(thread, "hidden")
        with pytest.raises(Unavailable):
            walk(hub, shelf)
        hub.threads[4] = thread
        walk(hub, shelf)
        assert shelf.known() == hub.truth()

    @pytest.mark.parametrize("name", ["repos/ann/one", "repositories/1"])
    def test_the_same_under_another_address_is_there(self, hub: SmallGithub, name: str) -> None:
        driven = self.read(hub, of_rest(hub, at(f"{name}/issues/4")))
        assert isinstance(driven.error, Unavailable)

    @pytest.mark.parametrize(
        "place",
        [
            "repos/joann/one/issues/4",
            "repos/bob/two/issues/4",
            "repositories/21/issues/4",
            "repositories/1/issues/99",
            "repositories/1/issues/14",
            "",
        ],
    )
    def test_another_repository_or_number_is_another_place(self, hub: SmallGithub, place: str) -> None:
        driven = self.read(hub, of_rest(hub, at(place)))
        assert driven.error is None
        assert {cause for _, _, cause in told(driven.results)} == {"#4 moved to another repository"}

    @pytest.mark.parametrize("error", [NotPermitted("x"), Unavailable("x")])
    def test_where_github_does_not_say_nothing_is_taken_back(self, hub: SmallGithub, error: ConnectorError) -> None:
        driven = self.read(hub, of_rest(hub, error))
        assert driven.error is error
        assert not any(batch.listings for batch in driven.results)

    def test_an_answer_without_a_body_of_its_own_is_gone(self, hub: SmallGithub) -> None:
        driven = self.read(hub, of_rest(hub, Gone("x")))
        assert {cause for _, _, cause in told(driven.results)} == {"#4 is not there any more"}


def at(place: str) -> Elsewhere:
    return Elsewhere("issue 4 has moved", address=f"https://api.github.com/{place}")


def of_rest(hub: SmallGithub, said: ConnectorError) -> Callable[[Ask], Any]:
    """The same GitHub, but for what REST says of a single issue."""

    def answer(ask: Ask) -> Any:
        if not isinstance(ask, Get):
            return hub.answer(ask)
        raise said

    return answer


def test_each_vanished_thread_is_a_listing_of_its_own(hub: SmallGithub) -> None:
    shelf = counted(hub)
    hub.lose(hub.threads[4], "deleted")
    [batch, _] = walk(hub, shelf)
    assert Listing("issue_comments", "repo:1", "issue", [4], cause="#4 was deleted") in batch.listings
