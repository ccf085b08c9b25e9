"""How streams that are read at once share the requests that may be under way."""

from __future__ import annotations

import pytest

from connectors.github.width import Share, Width


def take_in_turn(shares: list[Share], waiting: int = 100) -> list[int]:
    """Each takes one after the other until nobody gets any more; what each has then."""
    while sum(share.take(waiting) for share in shares):
        pass
    return [share.under_way for share in shares]


@pytest.mark.parametrize(
    ("most", "streams", "expected"), [(8, 1, [8]), (8, 2, [4, 4]), (8, 5, [2, 2, 2, 1, 1]), (3, 5, [1, 1, 1, 0, 0])]
)
def test_all_of_the_width_is_used_and_shared_evenly(most: int, streams: int, expected: list[int]) -> None:
    width = Width(most)
    assert take_in_turn([width.join() for _ in range(streams)]) == expected


def test_what_the_others_do_not_want_is_had() -> None:
    width = Width(8)
    busy, idle = width.join(), width.join()
    assert idle.take(1)
    assert take_in_turn([busy]) == [7]


def test_a_stream_keeps_its_share_free_while_it_has_something_to_send() -> None:
    width = Width(8)
    first, second = width.join(), width.join()
    second.waiting = 100
    assert take_in_turn([first]) == [4]
    assert take_in_turn([second]) == [4]


def test_what_is_given_back_goes_to_the_one_that_has_less() -> None:
    width = Width(8)
    first = width.join()
    take_in_turn([first])
    second = width.join()
    assert not second.take(10)
    for _ in range(4):
        first.give()
        assert not first.take(10)
        assert second.take(10)
    first.give()
    assert first.take(10)


def test_one_that_has_left_is_owed_nothing() -> None:
    width = Width(8)
    first, second = width.join(), width.join()
    second.waiting = 100
    second.leave()
    assert take_in_turn([first]) == [8]
