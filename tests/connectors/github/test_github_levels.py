"""What is read off the pulse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from github_script import NOW
from github_work import drive, repository, visit

from connectors.base import Batch
from connectors.github.asks import Ask
from connectors.github.levels import levels, reading


def nothing(ask: Ask) -> None:
    raise AssertionError(f"asks for {ask}")


def read(**more: object) -> Batch:
    [batch] = drive(levels(visit(of=repository(**more))), nothing).results
    assert isinstance(batch, Batch)
    return batch


def test_stargazers_and_watchers_are_read_without_a_question() -> None:
    batch = read(stargazers=9)
    assert {o.metric: o.value for o in batch.observations} == {"stargazers": 9, "watchers": 3}
    assert {(o.key, o.occurred_at) for o in batch.observations} == {("2026-11-24", NOW)}
    assert [subject.id for subject in batch.subjects] == ["repo:1"]


def test_watchers_that_were_not_told_are_not_zero() -> None:
    assert {o.metric for o in read(watchers=None).observations} == {"stargazers"}


def test_a_reading_is_of_the_day_at_which_the_repository_was_looked_at() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # 00:30 in Berlin
    batch = reading(visit(of=replace(repository(), read_at=late)), {"stars": 5})
    [fact] = batch.observations
    assert (fact.key, fact.occurred_at, fact.value) == ("2026-11-25", late, 5)
    assert batch.checkpoint == {"": {"read_on": "2026-11-25", "name": "ann/one"}}
