"""Checks of how a connector behaves: towards time, secrets, and a service that is not well."""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from connectors.base import Batch, Stream
from connectors.errors import ConnectorError, RateLimited
from connectors.testing.case import FAULTS, Case, Mood, hold, opened, read, read_all


@contextmanager
def _watched_sleep() -> Iterator[list[str]]:
    """Who calls time.sleep in this thread; a fake server in another may, and so may the standard library."""
    naps: list[str] = []
    sleep, reader = time.sleep, threading.get_ident()

    def watched(seconds: Any) -> None:
        caller = inspect.currentframe()
        name = str(caller.f_back.f_globals.get("__name__")) if caller and caller.f_back else ""
        if threading.get_ident() == reader and name.partition(".")[0] not in sys.stdlib_module_names:
            naps.append(f"{seconds} s in {name}")
        else:
            sleep(seconds)

    time.sleep = watched
    try:
        yield naps
    finally:
        time.sleep = sleep


def check_waiting(case: Case) -> None:
    """read() never sleeps, may be closed half way, and returns after the current batch when asked to stop."""
    with _watched_sleep() as naps:
        read_all(case)
    hold(not naps, f"read() slept: {naps[:3]}")
    with opened(case) as (streams, _, _):
        for stream in streams:
            next(read(stream, {}), None)  # a clean-up that fails raises here
    with opened(case, is_stopping=True) as (streams, _, _):
        for stream in streams:
            count = sum(1 for _ in read(stream, {}))
            hold(count <= 1, f"{stream.spec.name} gave {count} batches after it was asked to stop")


def check_secrets(case: Case) -> None:
    """No secret shows in what is yielded, printed or raised."""
    texts = [repr(case.config)]
    for mood in Mood if asks_web(case) else [Mood.FINE]:
        with opened(case, mood) as (streams, _, context):
            texts += [repr(context), *map(repr, streams)]
            for stream in streams:
                batches, error = _try(stream)
                texts += [repr(batches), f"{error} {error!r} {vars(error) if error else ''}"]
    for secret in case.secrets:
        shown = next((text for text in texts if secret in text), None)
        hold(shown is None, f"a secret shows: {(shown or '').replace(secret, '[the secret]')[:500]}")


def _try(stream: Stream) -> tuple[list[Batch], ConnectorError | None]:
    batches: list[Batch] = []
    try:
        batches += read(stream, {})
    except ConnectorError as error:
        return batches, error
    return batches, None


def asks_web(case: Case) -> bool:
    """Whether there is a web service that can be unwell."""
    return case.answer is not None or case.serving is not None


def _check_fault(case: Case, mood: Mood) -> None:
    kind = FAULTS[mood][1]
    with opened(case, mood) as (streams, _, _):
        for stream in streams:
            name = stream.spec.name
            batches, error = _try(stream)
            errors = [*(problem for batch in batches for problem in batch.problems), *([error] if error else [])]
            hold(
                any(isinstance(one, kind) for one in errors),
                f"{name}: a service that {mood} is no {kind.__name__}: {errors}",
            )
            hold(not any(batch.observations for batch in batches), f"{name} has facts from a service that {mood}")
            measured = [span for batch in batches for span in batch.coverage if span.state == "measured"]
            hold(not measured, f"{name} calls days measured by a service that {mood}: {measured}")
            for one in errors:
                if isinstance(one, RateLimited) and mood is Mood.BUSY:
                    asked = case.now + timedelta(seconds=90)
                    hold(one.retry_at == asked, f"{name}: retry_at is {one.retry_at}, asked was {asked}")


def check_refusal(case: Case) -> None:
    """Refused credentials are AuthFailed."""
    _check_fault(case, Mood.REFUSING)


def check_outage(case: Case) -> None:
    """An outage is Unavailable."""
    _check_fault(case, Mood.DOWN)


def check_login_page(case: Case) -> None:
    """A web page in place of an answer is Malformed, never an absence of facts."""
    _check_fault(case, Mood.WEB_PAGE)


def check_empty_answer(case: Case) -> None:
    """An empty answer is Malformed, never an absence of facts."""
    _check_fault(case, Mood.EMPTY)


def check_rate_limit(case: Case) -> None:
    """A service that asks to be left alone for 90 seconds is RateLimited until then."""
    _check_fault(case, Mood.BUSY)
