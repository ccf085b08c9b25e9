"""Why the store could not be used.

StoreError     the database cannot be used as it is: the message says what to do
└── Busy       another process holds it; waiting or closing that process helps
"""

from __future__ import annotations


class StoreError(Exception):
    """The database, or the folder it lies in, cannot be used; the text says what happened and what to do."""


class Busy(StoreError):
    """Another process holds the database. `pid`: which, where that is known; `command`: what it calls itself."""

    def __init__(self, what: str, *, pid: int | None = None, command: str | None = None) -> None:
        super().__init__(what)
        self.pid = pid
        self.command = command
