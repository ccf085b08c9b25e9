"""How long processes take, and how much memory they and their children hold at most."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.05  # seconds between two looks at a process
SHOWN = 1500  # characters of what it said


class Failed(Exception):
    """A command ended with an error; says which, and with what words."""


@dataclass(frozen=True, slots=True)
class Command:
    """A process to run. `given`: for its standard input; `out`: the file for its standard output."""

    arguments: Sequence[str]
    folder: Path
    given: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    out: Path = Path(os.devnull)


@dataclass(frozen=True, slots=True)
class Cost:
    """`seconds` from the first start to the last end; `rss`: MiB of the largest of them with its children.

    `cpu`: seconds of processor time of all of them. `own`: MiB of the largest without its children.
    """

    seconds: float
    cpu: float
    rss: float
    own: float


def watch(commands: Iterable[Command]) -> Cost:
    """Run them one after the other. Raises Failed."""
    started, spent = time.perf_counter(), _spent()
    peaks = [(0.0, 0.0), *map(_run, commands)]
    rss, own = map(max, zip(*peaks, strict=True))
    return Cost(time.perf_counter() - started, _spent() - spent, rss, own)


def _spent() -> float:
    """Processor time of every child that has ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(command: Command) -> tuple[float, float]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARVEST", "PYTHON", "VIRTUAL_ENV"))}
    with command.out.open("wb") as out, (command.folder / "stderr.txt").open("w+b") as err:
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env={**kept, **command.environment},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
        )
        peaks: list[tuple[int, int]] = [(0, 0)]
        ended = threading.Event()
        looking = threading.Thread(target=_look, args=(process.pid, ended, peaks), daemon=True)
        looking.start()
        process.communicate(command.given.encode())
        ended.set()
        looking.join()
        if process.returncode:
            err.seek(0)
            said = err.read().decode(errors="replace").strip()
            raise Failed(f"{Path(command.arguments[0]).name} ended with {process.returncode}: …{said[-SHOWN:]}")
    return max(tree for tree, _ in peaks) / 1024, max(own for _, own in peaks) / 1024


def _look(pid: int, ended: threading.Event, peaks: list[tuple[int, int]]) -> None:
    while not ended.wait(EVERY):
        # The peak that the system keeps, not what it is just now: nothing is missed between two looks.
        found = [_peak_of(one) for one in _tree(pid)]
        peaks.append((sum(found), found[0]))


def _tree(pid: int) -> Iterable[int]:
    yield pid
    with suppress(OSError):  # it has ended
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in listed.read_text().split():
                yield from _tree(int(child))


def _peak_of(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
