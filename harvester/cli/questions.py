"""What `harvest init` asks on a terminal; every answer may be left out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_WHERE = "Where the token lies: env:NAME, file:PATH, keyring:SERVICE/NAME (never the token itself)"


def ask() -> dict[str, Mapping[str, Any]]:
    """Sections of the configuration with the keys that were answered; empty where nothing was."""
    sys.stderr.write("Press Return to leave a question out; everything can be changed in the file later.\n")
    answers: dict[str, Mapping[str, Any]] = {}
    repos = _line("GitHub repositories, separated by blanks (owner/name or owner/*)").split()
    if repos:
        work: dict[str, Any] = {"repos": repos, "token": _line(_WHERE) or "env:GITHUB_TOKEN"}
        login = _line("Your GitHub login")
        if login:
            work["user"] = login
        answers["source.work"] = work
    feed = _line("Address of your blog's feed (RSS, Atom or JSON Feed)")
    if feed:
        answers["source.blog"] = {"url": feed}
    return answers


def _line(question: str) -> str:
    sys.stderr.write(f"{question}: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()
