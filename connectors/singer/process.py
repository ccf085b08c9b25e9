"""A program that is run for its output: started in a group of its own, read line by line, ended whatever happens."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from connectors.errors import ConnectorError, Gone, Malformed, NotPermitted, Unavailable

LONGEST_LINE = 4 * 1024 * 1024
LAST_WORDS = 5

_POLL = 0.25
_GRACE = 5.0
_CHUNK = 1 << 16
_LONGEST_SHOWN = 300


@dataclass(slots=True)
class Program:
    """One run of a program. `silence`: after so many seconds without a word on its standard output it is hung.

    `masked`: makes a text fit to be shown; what the program says on standard error goes through it.
    """

    name: str
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    silence: float
    is_stopping: Callable[[], bool]
    masked: Callable[[str], str]
    longest_line: int = LONGEST_LINE
    is_cut_off: bool = False
    """Whether it was ended because we were asked to stop."""
    _process: subprocess.Popen[bytes] | None = None
    _said: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))
    _rest: bytes = b""
    _line: bytearray = field(default_factory=bytearray)

    def __enter__(self) -> Program:
        """Start it. Raises Gone where there is no such program."""
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own configuration names it
                list(self.arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.folder,
                env=dict(self.environment),
                start_new_session=True,  # so that what it starts itself ends with it
            )
        except FileNotFoundError:
            raise Gone(
                f"{self.name}: there is no program {self.arguments[0]!r}",
                remedy="install it in an environment of its own, and write its whole path in `command`",
            ) from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise NotPermitted(f"{self.name}: {self.arguments[0]!r} cannot be run ({why})") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def lines(self) -> Iterator[bytes]:
        """Each line of its output; returns when it has ended well, or when we are asked to stop.

        Raises Unavailable for a program that failed, was killed or hangs; Malformed for a line that is too long or,
        from a program that ended well, torn.
        """
        process = self._running()
        if process.stdout is None or process.stderr is None:
            raise TypeError("the program has no output")
        with selectors.DefaultSelector() as ready:
            for stream in (process.stdout, process.stderr):
                os.set_blocking(stream.fileno(), False)
                ready.register(stream, selectors.EVENT_READ)
            heard_at = time.monotonic()
            while ready.get_map():
                if self.is_stopping():
                    self.is_cut_off = True
                    return
                events = ready.select(_POLL)
                for key, _ in events:
                    chunk = os.read(key.fd, _CHUNK)
                    if not chunk:
                        ready.unregister(key.fileobj)
                    elif key.fileobj is process.stderr:
                        self._hear(chunk)
                    else:
                        yield from self._whole_lines(chunk)
                        # What the reader does with a line is no silence of the program.
                        heard_at = time.monotonic()
                if not events and process.poll() is not None:
                    break  # somebody it started keeps its output open, and says nothing
                if time.monotonic() - heard_at > self.silence:
                    raise self._failure(f"said nothing for {self.silence:g} s and was ended")
        self._check_end(process, torn=bool(self._line.strip()))

    def _whole_lines(self, chunk: bytes) -> Iterator[bytes]:
        first, *more = chunk.split(b"\n")
        self._line += first
        self._check_length(len(self._line))
        for piece in more:
            yield bytes(self._line)
            self._line[:] = piece
            self._check_length(len(self._line))

    def _check_length(self, length: int) -> None:
        if length > self.longest_line:
            raise Malformed(f"{self.name}: a line is longer than {self.longest_line >> 20} MiB")

    def _hear(self, chunk: bytes) -> None:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[-_CHUNK:]
        # Indented are the frames of a traceback: its last line says what happened.
        self._said.extend(line.decode(errors="replace") for line in whole if line.strip() and not line[:1].isspace())

    def _check_end(self, process: subprocess.Popen[bytes], *, torn: bool) -> None:
        try:
            code = process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            raise self._failure("closed its output and did not end") from None
        if code:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            raise self._failure(how)
        if torn:
            raise Malformed(f"{self.name}: the last line is torn")

    def _failure(self, how: str) -> ConnectorError:
        if self._rest.strip():
            self._said.append(self._rest.decode(errors="replace"))
        words = " | ".join(self.masked(line.strip())[-_LONGEST_SHOWN:] for line in self._said)
        text = "".join(char if char.isprintable() else " " for char in words)
        return Unavailable(f"{self.name}: {how}" + (f"; it said: {text}" if text else ", without a word of why"))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise TypeError("the program was not started")
        return self._process

    def _end(self) -> None:
        """End it and whatever it started, gently at first."""
        process = self._running()
        if process.poll() is None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_GRACE)
        self._signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # all of the group have ended
            os.killpg(self._running().pid, number)
