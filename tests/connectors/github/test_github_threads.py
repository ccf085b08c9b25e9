"""How a repository's threads are walked, and what each batch tells completely."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from github_script import of_list
from github_small import BEGIN, DAY, Shelf, SmallGithub, read, visit_of
from github_work import Driven, access, checkpoints, drive, repository, steps, visit

from connectors.base import Batch, Listing
from connectors.errors import NotPermitted, Unavailable
from connectors.github.asks import Ask, Query
from connectors.github.failures import SwitchedOff, TooMuch
from connectors.github.kinds import ISSUES
from connectors.github.repository import Repository
from connectors.github.threads import discussions, issues, pulls, threads
from connectors.github.visit import Visit, write

HOUR = timedelta(hours=1)


@pytest.fixture
def hub() -> SmallGithub:
    """Five issues, opened on five days, with a comment each."""
    hub = SmallGithub(ISSUES)
    for _ in range(5):
        hub.say(hub.open())
        hub.now += DAY
    return hub


def walk(hub: SmallGithub, shelf: Shelf, since: date | None = None, most: int | None = None) -> list[Batch]:
    return read(hub, shelf, access(lambda: hub.now, since=since), most)


def whole(hub: SmallGithub, **more: Any) -> Shelf:
    """What is known after a first visit, an hour after the last change."""
    shelf = Shelf()
    hub.now += HOUR
    walk(hub, shelf, **more)
    hub.asked.clear()
    return shelf


def asked(visited: Visit, hub: SmallGithub) -> list[Query]:
    driven = Driven()
    list(steps(threads(visited, hub.kind), hub.answer, driven))
    return [ask for ask in driven.asked if isinstance(ask, Query)]


def numbers(batch: Batch) -> list[int]:
    return sorted({o.attrs["number"] for o in batch.observations})


class TestByAge:
    def test_the_first_walk_goes_from_the_oldest_to_the_newest(self, hub: SmallGithub) -> None:
        hub.most = 2
        found = walk(hub, Shelf())
        assert [numbers(batch) for batch in found] == [[1, 3], [5, 7], [9], []]

    def test_a_page_asks_for_no_more_than_there_are(self, hub: SmallGithub) -> None:
        [ask] = asked(visit_of(hub, Shelf(), access(lambda: hub.now)), hub)
        assert (ask.values["first"], ask.values["order"]["direction"]) == (5, "ASC")

    def test_every_page_is_a_checkpoint_and_the_next_visit_goes_on_there(self, hub: SmallGithub) -> None:
        hub.most = 2
        shelf = Shelf()
        walk(hub, shelf, most=1)
        assert shelf.parts[""]["whole"] is False
        hub.asked.clear()
        found = walk(hub, shelf)
        assert [number for batch in found for number in numbers(batch)] == [5, 7, 9]
        assert shelf.known() == hub.truth()

    def test_a_walk_that_was_cut_off_days_ago_remembers_when_it_began(self, hub: SmallGithub) -> None:
        hub.most = 2
        hub.now += HOUR
        shelf = Shelf()
        walk(hub, shelf, most=1)
        began = hub.now
        hub.edit(hub.threads[1])
        hub.now += 9 * DAY
        walk(hub, shelf)
        assert shelf.parts[""]["seen"] == write(began)
        hub.most = 1000
        changed, *_ = walk(hub, shelf)
        assert numbers(changed) == [1, 9]

    def test_each_page_tells_its_threads_whole(self, hub: SmallGithub) -> None:
        hub.most = 2
        first, *_ = walk(hub, Shelf())
        assert first.listings == [
            Listing("issues_opened", "repo:1", None, [1, 3], cause="gone from its thread"),
            Listing("issues_closed", "repo:1", None, [1, 3], cause="gone from its thread"),
            Listing("issue_comments", "repo:1", "issue", [1, 3], cause="gone from its thread"),
        ]

    def test_the_end_tells_that_there_are_no_others(self, hub: SmallGithub) -> None:
        hub.most = 2
        *before, last, _ = walk(hub, Shelf())
        assert not any(listing.is_rest for batch in before for listing in batch.listings)
        rest = [listing for listing in last.listings if listing.is_rest]
        assert [(one.metric, one.numbers, one.cause) for one in rest] == [
            (metric, [1, 3, 5, 7, 9], "its thread is gone") for metric in ISSUES.metrics
        ]

    def test_a_repository_without_threads_is_asked_for_them_once(self) -> None:
        hub = SmallGithub(ISSUES)
        shelf = whole(hub)
        assert shelf.parts[""]["whole"] is True
        walk(hub, shelf)
        assert hub.asked == []

    def test_a_page_that_is_too_much_is_asked_for_in_halves(self, hub: SmallGithub) -> None:
        hub.most = 1
        sizes = [ask.values["first"] for ask in asked(visit_of(hub, Shelf(), access(lambda: hub.now)), hub)]
        assert sizes == [5, 2, 1, 1, 1, 1, 1]

    def test_one_that_is_too_much_by_itself_is_a_failure(self, hub: SmallGithub) -> None:
        hub.most = 0
        driven = drive(issues(visit_of(hub, Shelf(), access(lambda: hub.now))), hub.answer)
        assert isinstance(driven.error, TooMuch)
        assert driven.results == []

    def test_the_rest_of_long_conversations_is_there_when_the_page_is_told(self, hub: SmallGithub) -> None:
        for _ in range(7):
            hub.say(hub.threads[1])
        [batch, _] = walk(hub, Shelf())
        assert len([o for o in batch.observations if o.metric == "issue_comments"]) == 5 + 7
        assert hub.asked.count("IssueComments") == 3


class TestToTheKnown:
    def test_where_nothing_has_changed_nothing_is_asked(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        assert walk(hub, shelf) == [Batch()]
        assert hub.asked == []

    def test_the_newest_are_asked_for_few_at_first(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        hub.say(hub.threads[3])
        [ask] = asked(visit_of(hub, shelf, access(lambda: hub.now)), hub)
        assert (ask.values["first"], ask.values["order"]) == (10, {"field": "UPDATED_AT", "direction": "DESC"})

    def test_only_what_has_changed_is_told(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        hub.now += HOUR
        hub.say(hub.threads[3])
        [batch, _] = walk(hub, shelf)
        assert numbers(batch) == [3, 9]  # the newest that was known is met again
        assert shelf.known() == hub.truth()

    def test_many_changes_are_followed_down_to_the_known(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        hub.now += HOUR
        for _ in range(25):
            hub.open()
        hub.most = 4
        walk(hub, shelf)
        assert shelf.known() == hub.truth()
        assert shelf.parts[""]["whole"] is True

    def test_only_its_end_is_a_checkpoint(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        hub.now += HOUR
        for number in sorted(hub.threads):
            hub.edit(hub.threads[number])
        hub.most = 2
        found = walk(hub, shelf)
        assert [bool(point) for point in checkpoints(found)] == [False, False, True, False]

    def test_a_change_that_was_just_made_is_looked_for_again_until_it_is_settled(self, hub: SmallGithub) -> None:
        shelf = Shelf()
        hub.edit(hub.threads[1])
        walk(hub, shelf)
        hub.asked.clear()
        walk(hub, shelf)
        assert hub.asked == ["Issues"]
        hub.now += 2 * HOUR
        walk(hub, shelf)
        hub.asked.clear()
        walk(hub, shelf)
        assert hub.asked == []

    def test_a_change_that_a_lagging_replica_hid_is_met_within_the_overlap(self, hub: SmallGithub) -> None:
        hub.now += HOUR
        hub.edit(hub.threads[1])
        shelf = Shelf()
        walk(hub, shelf)
        hub.now -= timedelta(minutes=4)
        hub.say(hub.threads[9])
        hub.now += timedelta(minutes=4)
        walk(hub, shelf)
        assert shelf.known() == hub.truth()

    def test_a_list_out_of_order_is_read_to_its_end(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        hub.now += HOUR
        hub.edit(hub.threads[1])
        answer = hub.answer

        def shuffled(ask: Ask) -> Any:
            told = answer(ask)
            if "issues" in told:
                told["issues"]["nodes"] = told["issues"]["nodes"][::-1]
            return told

        hub.most = 2
        driven = drive(issues(visit_of(hub, shelf, access(lambda: hub.now))), shuffled)
        assert len(driven.asked) == 3 + 2  # two that were too much

    def test_a_total_that_differs_leads_to_a_count(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        hub.lose(hub.threads[3], "deleted")
        walk(hub, shelf)
        assert hub.asked == ["CountedIssues", "/repos/ann/one/issues/3"]
        assert shelf.known() == hub.truth()

    def test_the_total_is_that_of_the_last_page_not_of_the_pulse(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        hub.now += HOUR
        hub.open()
        visited = visit_of(hub, shelf, access(lambda: hub.now))
        hub.open()
        shelf.take(steps(issues(visited), hub.answer))
        assert hub.asked == ["Issues"]


class TestSince:
    def test_a_first_walk_since_a_day_leaves_out_what_is_older(self, hub: SmallGithub) -> None:
        since = BEGIN.date() + 2 * DAY
        shelf = whole(hub, since=since)
        assert shelf.known() == hub.truth(since)
        assert shelf.parts[""]["from"] == since.isoformat()

    def test_it_goes_newest_first_down_to_that_day(self, hub: SmallGithub) -> None:
        way = access(lambda: hub.now, since=BEGIN.date() + 2 * DAY)
        [ask] = asked(visit_of(hub, Shelf(), way), hub)
        assert ask.values["order"]["direction"] == "DESC"

    def test_an_old_thread_that_has_changed_since_tells_what_is_new_in_it_only(self, hub: SmallGithub) -> None:
        hub.say(hub.threads[1])
        shelf = whole(hub, since=hub.now.date())
        assert {metric for metric, _ in shelf.known()} == {"issue_comments"}

    def test_its_listings_speak_of_those_days_only(self, hub: SmallGithub) -> None:
        since = BEGIN.date() + 2 * DAY
        found = walk(hub, Shelf(), since=since)
        assert {listing.since for batch in found for listing in batch.listings} == {
            datetime.combine(since, datetime.min.time(), BEGIN.tzinfo)
        }

    def test_the_total_of_all_is_then_no_difference(self, hub: SmallGithub) -> None:
        shelf = whole(hub, since=hub.now.date())
        walk(hub, shelf)
        assert hub.asked == []

    def test_a_backfill_reads_what_is_known_again_from_that_day(self, hub: SmallGithub) -> None:
        shelf = whole(hub)
        [batch, _] = walk(hub, shelf, since=BEGIN.date() + 3 * DAY)
        assert numbers(batch) == [7, 9]
        assert "from" not in shelf.parts[""]

    def test_a_backfill_beyond_the_first_day_goes_back_further(self, hub: SmallGithub) -> None:
        shelf = whole(hub, since=BEGIN.date() + 3 * DAY)
        earlier = BEGIN.date() + DAY
        walk(hub, shelf, since=earlier)
        assert shelf.known() == hub.truth(earlier)
        assert shelf.parts[""]["from"] == earlier.isoformat()

    def test_a_backfill_never_raises_the_first_day(self, hub: SmallGithub) -> None:
        since = BEGIN.date() + DAY
        shelf = whole(hub, since=since)
        walk(hub, shelf, since=BEGIN.date() + 3 * DAY)
        assert (shelf.parts[""]["from"], shelf.known()) == (since.isoformat(), hub.truth(since))

    def test_a_walk_by_age_under_way_is_finished_first(self, hub: SmallGithub) -> None:
        hub.most = 2
        shelf = Shelf()
        walk(hub, shelf, most=1)
        walk(hub, shelf, since=hub.now.date())
        assert shelf.known() == hub.truth()


class TestWhatIsNotThere:
    @pytest.mark.parametrize(
        ("seen", "reading"),
        [
            (repository(has_issues=False), issues),
            (repository(has_discussions=False), discussions),
            (repository(signs={}), discussions),
        ],
    )
    def test_what_a_repository_has_switched_off_is_not_asked_for(self, seen: Repository, reading: Any) -> None:
        driven = drive(reading(visit(of=seen)), lambda _: pytest.fail("asks"))
        assert isinstance(driven.error, SwitchedOff)
        assert driven.error.subject == "ann/one"

    def test_pull_requests_cannot_be_switched_off(self) -> None:
        assert drive(pulls(visit()), lambda _: {"pullRequests": of_list()}).error is None

    def test_what_the_token_may_not_see_is_not_asked_for(self) -> None:
        refusal = NotPermitted("issues of ann/one: the token has not got the permission Issues: read")
        seen = repository(signs={}, forbidden={"issues": refusal})
        driven = drive(issues(visit(of=seen)), lambda _: pytest.fail("asks"))
        assert driven.error is refusal

    def test_a_thread_that_is_deleted_while_it_is_read_is_not_the_repository(self, hub: SmallGithub) -> None:
        for _ in range(5):
            hub.say(hub.threads[1])
        hub.before = [lambda: None, lambda: hub.lose(hub.threads[1], "deleted")]
        driven = drive(issues(visit_of(hub, Shelf(), access(lambda: hub.now))), hub.answer)
        assert isinstance(driven.error, Unavailable)
        assert "deleted while they were read" in driven.error.what
