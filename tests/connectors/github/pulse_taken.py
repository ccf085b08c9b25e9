"""A look at which repositories a source means now, and what came of it."""

from __future__ import annotations

from github_script import World

from connectors.github.pulse import Found, Pulse
from connectors.github.repository import Repository


def take(github: World, *repos: str) -> Found:
    """What one look finds."""
    if repos:
        github.config["repos"] = repos
    return Pulse(github.access()).take()


def names(found: Found) -> list[str]:
    return [repository.name for repository in found.repositories]


def problems(found: Found) -> dict[str | None, type]:
    return {problem.subject: type(problem) for problem in found.problems}


def several(github: World, count: int, owner: str = "ann") -> tuple[str, ...]:
    wanted = tuple(f"{owner}/r{n:03}" for n in range(1, count + 1))
    for n, name in enumerate(wanted, 100):
        github.script.add(n, name)
    return wanted


def only(found: Found) -> Repository:
    [repository] = found.repositories
    return repository
