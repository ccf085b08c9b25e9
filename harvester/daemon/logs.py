"""What the daemon says on standard error: plain or JSON lines with the run they belong to, and never in its way."""

from __future__ import annotations

import json
import logging
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from harvester.redact import RedactingFilter, redact

_WAITING = 10_000
_run: ContextVar[tuple[str, str]] = ContextVar("_run", default=("", ""))


@contextmanager
def run_named(source: str, run_id: str) -> Iterator[None]:
    """Lines that are logged meanwhile in this thread belong to this run."""
    token = _run.set((source, run_id))
    try:
        yield
    finally:
        _run.reset(token)


class Lines(logging.Handler):
    """Writes from a thread of its own: who logs never waits for a pipe that nobody empties.

    What does not fit is dropped and counted; the count is told when there is room again.
    """

    def __init__(self, stream: TextIO, *, as_json: bool) -> None:
        super().__init__()
        self._stream = stream
        self._as_json = as_json
        self._queue: queue.Queue[str] = queue.Queue(_WAITING)
        self._dropped = 0
        self.addFilter(RedactingFilter())
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Put the line where the writing thread finds it."""
        try:
            line = self._line(record)
            if self._dropped:
                line = f"{line}\n{self._told(record, f'{self._dropped} lines before this one were dropped')}"
            self._queue.put_nowait(line)
            self._dropped = 0
        except queue.Full:
            self._dropped += 1
        except Exception:  # noqa: BLE001 - logging's own way with a record that cannot be formatted
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text = redact(f"{text}\n{logging.Formatter().formatException(record.exc_info)}")
        return self._told(record, text)

    def _told(self, record: logging.LogRecord, text: str) -> str:
        source, run_id = _run.get()
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if self._as_json:
            line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": text}
            if run_id:
                line |= {"source": source, "run": run_id}
            return json.dumps(line, ensure_ascii=False)
        return f"{at[:19]}Z {record.levelname.lower()}{f' [{source} {run_id}]' if run_id else ''} {text}"

    def _write(self) -> None:
        while True:
            line = self._queue.get()
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # nobody listens any more; the work goes on
                pass
            finally:
                self._queue.task_done()

    def drain(self, timeout: float) -> None:
        """Wait until everything is written, but not for long."""
        done = threading.Thread(target=self._queue.join, daemon=True)
        done.start()
        done.join(timeout)


def set_up(*, as_json: bool, is_verbose: bool, is_quiet: bool) -> Lines:
    """Make our loggers write such lines to standard error."""
    handler = Lines(sys.stderr, as_json=as_json)
    log = logging.getLogger("harvester")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.DEBUG if is_verbose else logging.WARNING if is_quiet else logging.INFO)
    apscheduler = logging.getLogger("apscheduler")
    apscheduler.handlers, apscheduler.propagate = [handler], False
    return handler
