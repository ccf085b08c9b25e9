"""Several questions of one service at once: where each answer is one request, waiting takes most of the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from connectors.base import Context

Q = TypeVar("Q")
A = TypeVar("A")

AT_ONCE = 4
"""As many as the door lets through to one host."""


def abreast(context: Context, questions: Iterable[Q], ask: Callable[[Q], A]) -> Iterator[tuple[Q, Future[A]]]:
    """Ask them a few at a time, and yield each with its answer to come, in their order.

    `ask` is called in threads of its own. What it raises, `result()` raises. When the run is to end, or the caller
    ends the iteration, nothing more is asked: look at `Context.is_stopping` behind it.
    """
    coming: deque[tuple[Q, Future[A]]] = deque()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=context.source)
    try:
        for question in questions:
            if context.is_stopping():
                return
            # In a copy of the context: what is sent counts for whoever watches the meter here.
            coming.append((question, pool.submit(copy_context().run, ask, question)))
            if len(coming) > AT_ONCE:
                yield coming.popleft()
        yield from coming
    finally:
        pool.shutdown(cancel_futures=True)
