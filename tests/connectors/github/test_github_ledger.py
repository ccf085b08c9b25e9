"""What a credential may still ask: by the hour, by the minute, at once, and after GitHub has said no."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from github_script import NOW
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Budget
from connectors.errors import RateLimited
from connectors.github.asks import CORE, GRAPHQL
from connectors.github.failures import Hurried
from connectors.github.ledger import MOST_AT_ONCE, POINTS_A_MINUTE, SECONDS_A_MINUTE, SHARE, Ledger, Ledgers, Passage

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@dataclass
class Account:
    """A ledger, and the time at which it is asked."""

    ledger: Ledger = field(default_factory=Ledger)
    now: datetime = NOW

    def admit(self, bucket: str = CORE, points: int = 1, reserve: int = 0) -> Passage | float:
        return self.ledger.admit(bucket, points, reserve, self.now)

    def ask(self, bucket: str = CORE, points: int = 1, takes: float = 0.0) -> bool:
        """Send a request and wait for its answer; false where it is not let in."""
        passage = self.admit(bucket, points)
        if not isinstance(passage, Passage):
            return False
        self.now += seconds(takes)
        self.ledger.leave(passage, self.now)
        return True

    def told(self, remaining: int, limit: int = 5000, *, bucket: str = CORE, reset: datetime = NOW + HOUR) -> None:
        self.ledger.told(bucket, Budget(limit, remaining, reset), self.now)


@pytest.fixture
def account() -> Account:
    return Account()


def hurried(pause: timedelta = MINUTE, *, is_told: bool = False, now: datetime = NOW) -> Hurried:
    error = Hurried("too many at a time", retry_at=now + pause)
    error.is_told = is_told
    return error


class TestTheHour:
    def test_where_nothing_is_known_everybody_is_let_in(self, account: Account) -> None:
        assert isinstance(account.admit(points=5000, reserve=500), Passage)

    def test_the_reserve_is_left_for_others(self, account: Account) -> None:
        account.told(501)
        assert isinstance(account.admit(reserve=500), Passage)
        with pytest.raises(RateLimited) as caught:
            account.admit(reserve=500)
        assert caught.value.retry_at == NOW + HOUR
        assert caught.value.bucket == CORE
        assert "of the core allowance 501 of 5000 are left, and 500 are kept in reserve" in caught.value.what
        assert "13:00:00 UTC" in caught.value.remedy

    def test_without_a_reserve_the_last_request_is_ours(self, account: Account) -> None:
        account.told(1, 60)
        assert account.ask()
        account.told(0, 60)
        with pytest.raises(RateLimited) as caught:
            account.admit()
        assert "reserve" not in caught.value.what

    def test_of_a_small_allowance_no_more_than_half_is_kept(self, account: Account) -> None:
        account.told(60, 60)
        assert isinstance(account.admit(reserve=500), Passage)
        account.told(30, 60)
        with pytest.raises(RateLimited, match="30 are kept"):
            account.admit(reserve=500)

    def test_requests_under_way_are_counted_before_they_are_answered(self, account: Account) -> None:
        account.told(10)
        first = account.admit(points=6)
        assert isinstance(first, Passage)
        with pytest.raises(RateLimited):
            account.admit(points=5)
        account.ledger.leave(first, account.now)
        assert isinstance(account.admit(points=5), Passage)

    def test_each_bucket_has_its_own_hour(self, account: Account) -> None:
        account.told(0)
        assert account.ask(GRAPHQL)
        with pytest.raises(RateLimited):
            account.admit(CORE)

    def test_after_the_reset_the_old_number_means_nothing(self, account: Account) -> None:
        account.told(0)
        account.now = NOW + HOUR
        assert account.ask()

    def test_answers_that_overtake_each_other_do_not_give_back_what_is_used(self, account: Account) -> None:
        account.told(4000)
        account.told(4007)
        assert account.ledger.budgets[CORE].remaining == 4000

    def test_a_new_hour_is_believed_though_more_is_left(self, account: Account) -> None:
        account.told(10)
        account.told(4999, reset=NOW + 2 * HOUR)
        assert account.ledger.budgets[CORE].remaining == 4999

    def test_an_hour_that_is_over_gives_way_to_whatever_is_told(self, account: Account) -> None:
        account.told(10)
        account.now = NOW + HOUR
        account.told(4999, reset=NOW + HOUR)
        assert account.ledger.budgets[CORE].remaining == 4999

    def test_what_is_left_is_a_share_less_what_is_promised(self, account: Account) -> None:
        assert account.ledger.left(CORE, NOW) == 1.0
        account.told(2500)
        assert account.ledger.left(CORE, NOW) == 0.5
        account.admit(points=500)
        assert account.ledger.left(CORE, NOW) == 0.4
        assert account.ledger.left(CORE, NOW + HOUR) == 1.0


class TestTheMinute:
    @pytest.mark.parametrize(("bucket", "most"), [(CORE, 900), (GRAPHQL, 2_000)])
    def test_no_more_are_sent_in_a_minute_than_github_allows(self, account: Account, bucket: str, most: int) -> None:
        assert POINTS_A_MINUTE[bucket] == most
        sent = 0
        while account.ask(bucket):
            sent += 1
        assert sent == int(most * SHARE)

    def test_a_query_is_one_of_them_whatever_it_takes_of_the_hour(self, account: Account) -> None:
        assert all(account.ask(GRAPHQL, points=50) for _ in range(1000))

    def test_the_pause_lasts_until_the_oldest_is_a_minute_old(self, account: Account) -> None:
        while account.ask(CORE, takes=0.05):
            pass
        pause = account.admit(CORE)
        assert isinstance(pause, float)
        assert account.now + seconds(pause) == NOW + MINUTE
        account.now += seconds(pause)
        assert account.ask(CORE)
        assert not account.ask(CORE)

    def test_the_apis_do_not_share_their_number(self, account: Account) -> None:
        while account.ask(CORE):
            pass
        assert account.ask(GRAPHQL)

    @pytest.mark.parametrize(("bucket", "most"), [(CORE, 90.0), (GRAPHQL, 60.0)])
    def test_no_more_than_so_many_seconds_of_answers_are_drawn_in_a_minute(
        self, account: Account, bucket: str, most: float
    ) -> None:
        assert SECONDS_A_MINUTE.get(bucket, SECONDS_A_MINUTE[None]) == most
        passages = [account.admit(bucket) for _ in range(20)]
        account.now += seconds(5)
        for passage in passages:
            assert isinstance(passage, Passage)
            account.ledger.leave(passage, account.now)
        pause = account.admit(bucket)
        assert isinstance(pause, float)
        # They took 5 seconds each, ended together, and leave the minute together.
        assert pause == 60

    def test_seconds_of_rest_count_for_both_apis_together_and_leave_graphql_its_share(self, account: Account) -> None:
        def draw(bucket: str, count: int) -> None:
            passages = [account.admit(bucket) for _ in range(count)]
            account.now += seconds(1)
            for passage in passages:
                assert isinstance(passage, Passage)
                account.ledger.leave(passage, account.now)

        draw(CORE, 40)
        assert isinstance(account.admit(GRAPHQL), Passage)
        draw(GRAPHQL, 45)
        assert isinstance(account.admit(CORE), float)

    def test_who_is_still_being_answered_is_waited_for(self, account: Account) -> None:
        account.admit(GRAPHQL)
        account.now += seconds(58)
        assert account.admit(GRAPHQL) == 0.1
        assert isinstance(account.admit(CORE), Passage)

    @given(takes=st.lists(st.sampled_from([0.0, 0.1, 0.5, 2.0, 9.0]), min_size=1, max_size=400))
    def test_one_by_one_nobody_is_held_up_for_ever(self, takes: list[float]) -> None:
        account = Account()
        for each in takes:
            waits = 0
            while not account.ask(GRAPHQL, takes=each):
                pause = account.admit(GRAPHQL)
                assert isinstance(pause, float)
                assert 0 < pause <= 60
                account.now += seconds(pause)
                waits += 1
                assert waits < 100


class TestAtOnce:
    def test_no_more_are_under_way_than_github_allows(self, account: Account) -> None:
        under_way = []
        while isinstance(passage := account.admit(CORE), Passage):
            under_way.append(passage)
        assert len(under_way) == MOST_AT_ONCE * SHARE <= 100
        assert passage == 1.0
        assert account.admit(GRAPHQL) == 1.0
        account.ledger.leave(under_way[-1], account.now)
        assert isinstance(account.admit(GRAPHQL), Passage)

    def test_many_threads_together_are_not_let_in_too_often(self) -> None:
        account, let_in = Account(), []
        account.told(5000)
        together = threading.Barrier(8)

        def ask() -> None:
            together.wait()
            with suppress(RateLimited):
                while isinstance(passage := account.admit(points=100), Passage):
                    let_in.append(passage)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(let_in) == 50


class TestAfterANo:
    def test_a_used_up_allowance_holds_back_its_own_kind_only(self, account: Account) -> None:
        limit = RateLimited("used up", retry_at=NOW + 20 * MINUTE)
        account.ledger.remember(GRAPHQL, limit)
        with pytest.raises(RateLimited) as caught:
            account.admit(GRAPHQL)
        assert caught.value is limit
        assert account.ask(CORE)

    def test_it_is_over_at_its_end(self, account: Account) -> None:
        account.ledger.remember(CORE, RateLimited("used up", retry_at=NOW + MINUTE))
        account.now = NOW + MINUTE
        assert account.ask(CORE)

    @pytest.mark.parametrize("bucket", [CORE, GRAPHQL])
    def test_a_secondary_limit_holds_back_everything(self, account: Account, bucket: str) -> None:
        account.ledger.remember(CORE, hurried())
        with pytest.raises(Hurried):
            account.admit(bucket)

    def test_where_github_does_not_say_how_long_the_pauses_grow(self, account: Account) -> None:
        pauses = []
        for _ in range(4):
            error = hurried(now=account.now)
            account.ledger.remember(CORE, error)
            pauses.append(error.retry_at - account.now)
            account.now = error.retry_at
        assert pauses == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]

    def test_where_github_says_how_long_it_is_believed(self, account: Account) -> None:
        for _ in range(3):
            error = hurried(seconds(17), is_told=True, now=account.now)
            account.ledger.remember(CORE, error)
            account.now += seconds(17)
        assert error.retry_at == account.now
        assert account.ask(CORE)

    def test_after_a_calm_hour_the_pauses_begin_anew(self, account: Account) -> None:
        for _ in range(3):
            error = hurried(now=account.now)
            account.ledger.remember(CORE, error)
            account.now = error.retry_at
        account.now += HOUR + seconds(1)
        error = hurried(now=account.now)
        account.ledger.remember(CORE, error)
        assert error.retry_at == account.now + MINUTE

    def test_many_requests_that_meet_one_limit_together_are_one_limit(self, account: Account) -> None:
        for late in range(8):
            account.ledger.remember(CORE, hurried(now=NOW + seconds(late)))
        account.now = NOW + MINUTE + seconds(7)
        assert account.ask(CORE)

    def test_the_pauses_do_not_grow_beyond_reason(self, account: Account) -> None:
        for _ in range(100):
            error = hurried(now=account.now)
            account.ledger.remember(CORE, error)
            last, account.now = error.retry_at - account.now, error.retry_at
        assert HOUR <= last <= 2 * HOUR

    def test_of_two_limits_the_later_end_counts(self, account: Account) -> None:
        account.ledger.remember(CORE, RateLimited("used up", retry_at=NOW + 20 * MINUTE))
        account.ledger.remember(GRAPHQL, hurried(is_told=True))
        account.now = NOW + 2 * MINUTE
        with pytest.raises(RateLimited, match="used up"):
            account.admit(CORE)
        assert account.ask(GRAPHQL)


def test_two_sources_with_one_token_share_its_account() -> None:
    ledgers = Ledgers()
    assert ledgers.of("env:T at api.github.com") is ledgers.of("env:T at api.github.com")
    assert ledgers.of("env:T at api.github.com") is not ledgers.of("env:U at api.github.com")
