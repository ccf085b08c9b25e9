"""The conformance suite finds what it is there to find: a sound connector passes, each broken one fails its check."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from shop import (
    DAILY,
    EVENT,
    FIRST,
    KEY,
    LAST,
    LEVEL,
    PAGE,
    SPEC,
    Pages,
    case_of,
    connector_of,
    yielding,
)

from connectors.base import (
    Batch,
    Coverage,
    Kind,
    Metric,
    Observation,
    Secret,
)
from connectors.errors import AuthFailed, ConnectorError, Malformed, RateLimited, Unavailable
from connectors.testing import NOW, Case, Mood, check_connector, checks_for
from connectors.testing.conduct import (
    check_empty_answer,
    check_login_page,
    check_outage,
    check_rate_limit,
    check_refusal,
    check_secrets,
    check_waiting,
)
from connectors.testing.declaration import check_declaration, check_opening
from connectors.testing.facts import check_coverage, check_facts, check_rereading, check_resuming


def with_fact(observation: Observation) -> type[Pages]:
    return yielding(replace(FIRST, observations=[EVENT, observation]), LAST)


def with_coverage(*spans: Coverage) -> type[Pages]:
    return yielding(FIRST, replace(LAST, coverage=spans))


def forged(**changes) -> Observation:
    """An observation that its own constructor would refuse."""
    observation = replace(EVENT)
    for name, value in changes.items():
        object.__setattr__(observation, name, value)
    return observation


def swallowing(*kinds: type[ConnectorError]) -> type[Pages]:
    """A stream that takes a failure of its service for an absence of facts."""

    class Swallowing(Pages):
        def read(self, cursor):
            try:
                yield from super().read(cursor)
            except kinds:
                yield Batch()

    return Swallowing


def renaming(kind: type[ConnectorError], other: type[ConnectorError]) -> type[Pages]:
    class Renaming(Pages):
        def read(self, cursor):
            try:
                yield from super().read(cursor)
            except kind as error:
                raise other("something") from error

    return Renaming


def open_talkatively(config, context):
    context.http.get("https://site.example/api")
    return [Pages(config, context)]


def open_undeclared(config, context):
    return [Pages(config, context, replace(SPEC, name="others"))]


def open_with(*metrics):
    return lambda config, context: [Pages(config, context, replace(SPEC, metrics=metrics))]


class Forgetful(Pages):
    """Skips what follows its first checkpoint."""

    def read(self, cursor):
        if not cursor:
            yield from super().read(cursor)


class Drifting(Pages):
    count = 0

    def batches(self):
        Drifting.count += 1
        return [replace(FIRST, observations=[replace(EVENT, key=f"c{Drifting.count}")]), LAST]


class Napping(Pages):
    def ask(self):
        time.sleep(0.001)
        return super().ask()


class Deaf(Pages):
    """Does not listen when asked to stop."""

    def read(self, cursor):
        yield from self.batches()[cursor.get("seen", 0) :]


class Untidy(Pages):
    def read(self, cursor):
        try:
            yield from super().read(cursor)
        finally:
            raise RuntimeError("cannot clean up")


class Blabbing(Pages):
    def ask(self):
        try:
            return super().ask()
        except ConnectorError as error:
            raise Unavailable(f"the key {self.config.key.reveal()} did not work") from error


@dataclass(frozen=True)
class Melted:
    key: str = field(default="", metadata={"help": "key"})


@dataclass
class Thawed:
    key: Secret = field(kw_only=True, metadata={"help": "key"})


@dataclass(frozen=True, kw_only=True)
class Unexplained:
    key: Secret


@dataclass(frozen=True, kw_only=True)
class Odd:
    keys: dict[str, str] = field(metadata={"help": "keys"})


def declaring(*metrics: Metric, **changes) -> dict[str, Any]:
    return {"streams": (replace(SPEC, **({"metrics": metrics} if metrics else {}), **changes),)}


BROKEN = [
    (check_declaration, Pages, {"name": "My Shop"}, "not snake_case"),
    (check_declaration, Pages, {"summary": ""}, "no summary"),
    (check_declaration, Pages, {"streams": ()}, "no streams"),
    (check_declaration, Pages, {"streams": (SPEC, SPEC)}, "two streams have one name"),
    (check_declaration, Pages, declaring(name="Pages"), "not snake_case"),
    (check_declaration, Pages, {"streams": (replace(SPEC, metrics=()),)}, "no metrics"),
    (check_declaration, Pages, declaring(cursor_version=0), "cursor_version"),
    (check_declaration, Pages, declaring(retention_days=0), "retention_days"),
    (check_declaration, Pages, declaring(permission=""), "names no permission"),
    (check_declaration, Pages, declaring(Metric("click", Kind.EVENT)), "plural noun"),
    (check_declaration, Pages, declaring(Metric("Clicks", Kind.EVENT)), "plural noun"),
    (check_declaration, Pages, declaring(Metric("clicks", Kind.EVENT, revise="max")), "only a DAILY"),
    (check_declaration, Pages, declaring(Metric("clicks", Kind.EVENT, gauge=True)), "only a LEVEL"),
    (
        check_declaration,
        Pages,
        {"streams": (SPEC, replace(SPEC, name="others", metrics=(Metric("reads", Kind.DAILY, revise="max"),)))},
        "declared in two ways",
    ),
    (check_declaration, Pages, {"config": dict}, "no dataclass"),
    (check_declaration, Pages, {"config": Melted}, "not frozen and keyword-only"),
    (check_declaration, Pages, {"config": Thawed}, "not frozen and keyword-only"),
    (check_declaration, Pages, {"config": Unexplained}, "has no metadata"),
    (check_declaration, Pages, {"config": Odd}, "no type of a key"),
    (check_opening, Pages, {"open": open_talkatively}, "sent 1 requests"),
    (check_opening, Pages, {"open": open_undeclared}, "not the one"),
    (check_opening, Pages, {"open": open_with(*SPEC.metrics, Metric("sales", Kind.EVENT))}, "not the one"),
    (check_opening, Pages, {"open": open_with()}, "not the one"),
    (check_opening, Pages, {"open": lambda config, context: []}, "no streams"),
    (check_opening, Pages, {"open": lambda config, context: [Pages(config, context)] * 2}, "two streams of one name"),
    (check_facts, yielding(Batch(checkpoint={})), {}, "yielded no fact"),
    (check_facts, yielding(replace(FIRST, subjects=[])), {}, "no Subject"),
    (check_facts, yielding(replace(FIRST, subjects=[replace(PAGE, name="")])), {}, "lacks an id or a name"),
    (
        check_facts,
        yielding(replace(FIRST, subjects=[replace(PAGE, published_at=datetime(2026, 1, 1))])),  # noqa: DTZ001
        {},
        "published_at is not UTC",
    ),
    (check_facts, with_fact(replace(EVENT, metric="sales")), {}, "does not declare metric sales"),
    (check_facts, with_fact(replace(EVENT, value=2.0)), {}, "one identity, two facts"),
    (check_facts, with_fact(replace(EVENT, key="x", occurred_at=NOW + timedelta(days=3))), {}, "not happened yet"),
    (
        check_facts,
        with_fact(replace(EVENT, key="x", occurred_at=datetime(1970, 1, 1, tzinfo=UTC))),
        {},
        "before 1990",
    ),
    (check_facts, with_fact(forged(key="x", occurred_at=datetime(2026, 1, 1))), {}, "not UTC"),  # noqa: DTZ001
    (check_facts, with_fact(forged(key="x", value=float("nan"))), {}, "finite"),
    (check_facts, with_fact(replace(EVENT, key="x", value=-1.0)), {}, "not negative"),
    (check_facts, with_fact(replace(EVENT, key="x", attrs={"at": NOW})), {}, "attrs must be JSON"),
    (check_facts, with_fact(replace(DAILY, key="yesterday")), {}, "must be a day"),
    (check_facts, with_fact(replace(DAILY, key="20261120")), {}, "must be a day"),
    (check_facts, with_fact(replace(DAILY, key="2026-11-18")), {}, "not in the day of its key"),
    (check_facts, with_fact(replace(LEVEL, key="2026-11-24")), {}, "Context.today()"),
    (check_coverage, with_coverage(Coverage(date(2026, 11, 2), date(2026, 11, 1))), {}, "ends before it begins"),
    (check_coverage, with_coverage(Coverage(date(1970, 1, 1), date(2026, 11, 1))), {}, "begins before"),
    (check_coverage, with_coverage(Coverage(date(2026, 11, 1), date(2026, 12, 1))), {}, "future"),
    (
        check_coverage,
        with_coverage(Coverage(date(2026, 11, 1), date(2026, 11, 2), metrics=("sales",))),
        {},
        "does not declare",
    ),
    (check_coverage, with_coverage(Coverage(date(2026, 11, 1), date(2026, 11, 2), metrics=())), {}, "no metric"),
    (check_coverage, with_coverage(Coverage(date(2026, 11, 1), date(2026, 11, 2), "lost")), {}, "no reason"),
    (check_rereading, Drifting, {}, "say different things"),
    (check_resuming, Forgetful, {}, "loses"),
    (check_resuming, yielding(replace(FIRST, checkpoint=None)), {}, "never gave a checkpoint"),
    (check_resuming, yielding(replace(FIRST, checkpoint={"at": NOW})), {}, "not JSON"),
    (check_resuming, yielding(replace(FIRST, checkpoint={1: "a"})), {}, "not JSON"),
    (check_waiting, Napping, {}, r"slept: \['0.001 s in test_testing"),
    (check_waiting, Deaf, {}, "2 batches after it was asked to stop"),
    (check_secrets, Blabbing, {}, "a secret shows: the key .the secret. did not work"),
    (check_secrets, with_fact(replace(EVENT, key=KEY)), {}, "a secret shows"),
    (check_refusal, swallowing(AuthFailed), {}, "is no AuthFailed"),
    (check_refusal, renaming(AuthFailed, Unavailable), {}, "is no AuthFailed"),
    (check_outage, swallowing(Unavailable), {}, "is no Unavailable"),
    (check_login_page, swallowing(Malformed), {}, "is no Malformed"),
    (check_empty_answer, swallowing(Malformed), {}, "is no Malformed"),
    (check_rate_limit, swallowing(RateLimited), {}, "is no RateLimited"),
]


@pytest.mark.parametrize("check", checks_for(case_of(connector_of(Pages))))
def test_a_sound_connector_passes(check):
    check(case_of(connector_of(Pages)))


def test_a_stream_may_have_those_of_its_metrics_that_are_asked_for():
    check_opening(case_of(connector_of(Pages, open=open_with(SPEC.metrics[0]))))


@pytest.mark.parametrize(("check", "stream", "changes", "reason"), BROKEN)
def test_a_broken_connector_fails_its_check(check, stream, changes, reason):
    with pytest.raises(AssertionError, match=reason):
        check(case_of(connector_of(stream, **changes)))


def test_every_check_has_a_connector_that_fails_it():
    assert {check for check, *_ in BROKEN} == set(checks_for(case_of(connector_of(Pages))))


def test_all_checks_at_once_raise_the_first_failure():
    check_connector(case_of(connector_of(Pages)))
    with pytest.raises(AssertionError, match="slept"):
        check_connector(case_of(connector_of(Napping)))


def test_a_clean_up_that_fails_is_raised():
    with pytest.raises(RuntimeError, match="cannot clean up"):
        check_waiting(case_of(connector_of(Untidy)))


def test_facts_beside_a_failure_are_found():
    class Inventing(Pages):
        def read(self, cursor):
            yield FIRST
            yield from super().read(cursor)

    with pytest.raises(AssertionError, match="has facts from a service that is down"):
        check_outage(case_of(connector_of(Inventing)))


OTHERS = replace(SPEC, name="others", metrics=(Metric("clicks", Kind.DAILY),))


class Others(Pages):
    """Counts by the day what another stream counts one by one."""

    subject = PAGE

    def read(self, cursor):
        daily = replace(DAILY, metric="clicks", subject=self.subject.id)
        yield Batch([daily], subjects=[self.subject], checkpoint={"seen": 1})


class OthersOfAnotherPage(Others):
    subject = replace(PAGE, id="p2")


def counting_twice(others: type[Others]) -> Case:
    return case_of(
        connector_of(
            Pages,
            streams=(SPEC, OTHERS),
            open=lambda config, context: [Pages(config, context), others(config, context, OTHERS)],
        )
    )


def test_a_metric_may_have_two_kinds_for_different_subjects():
    check_declaration(counting_twice(OthersOfAnotherPage))
    check_facts(counting_twice(OthersOfAnotherPage))


def test_a_metric_of_one_subject_in_two_kinds_is_found():
    with pytest.raises(AssertionError, match="clicks of p1 come in two kinds"):
        check_facts(counting_twice(Others))


def test_a_stream_may_say_that_there_was_nothing_to_read():
    span = Coverage(date(2026, 11, 25), date(2026, 11, 25), "missing", "nothing there", metrics=())
    check_coverage(case_of(connector_of(with_coverage(span))))


def test_days_called_measured_beside_a_failure_are_found():
    class Covering(Pages):
        def read(self, cursor):
            yield Batch(coverage=LAST.coverage)
            yield from super().read(cursor)

    with pytest.raises(AssertionError, match="calls days measured"):
        check_outage(case_of(connector_of(Covering)))


def test_a_failure_of_one_subject_may_be_told_as_a_problem():
    class Telling(Pages):
        def read(self, cursor):
            try:
                yield from super().read(cursor)
            except ConnectorError as error:
                yield Batch(problems=[error])

    check_outage(case_of(connector_of(Telling)))


def test_a_wrong_instant_to_come_back_is_found():
    class Impatient(Pages):
        def ask(self):
            try:
                super().ask()
            except RateLimited as error:
                raise RateLimited(error.what, retry_at=NOW) from None

    with pytest.raises(AssertionError, match="retry_at is"):
        check_rate_limit(case_of(connector_of(Impatient)))


def test_without_a_web_service_its_faults_are_not_checked():
    class Local(Pages):
        def ask(self):
            return {}

    case = case_of(connector_of(Local), answer=None)
    assert check_outage not in checks_for(case)
    check_connector(case)


def test_a_request_that_no_answer_was_given_for_is_told():
    with pytest.raises(AssertionError, match=r"GET https://site\.example/api was asked"):
        check_facts(case_of(connector_of(Pages), answer=None))


def test_a_connector_with_a_transport_of_its_own_brings_its_service():
    moods = []

    @contextmanager
    def serving(mood: Mood):
        moods.append(mood)
        yield

    class Own(Pages):
        def ask(self):
            if moods[-1] is Mood.DOWN:
                raise Unavailable("down")

    case = case_of(connector_of(Own), answer=None, serving=serving)
    check_facts(case)
    check_outage(case)
    assert moods == [Mood.FINE, Mood.DOWN]
