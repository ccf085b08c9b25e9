"""The SQL of the store, one file per statement or view, read by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def text(name: str) -> str:
    """The text of `<name>.sql`; names may hold a folder, as in 'views/daily'."""
    return files(__name__).joinpath(*f"{name}.sql".split("/")).read_text(encoding="utf-8")


def names(folder: str) -> list[str]:
    """Names of all files in a folder, sorted: the order they are applied in."""
    entries = files(__name__).joinpath(folder).iterdir()
    return sorted(f"{folder}/{entry.name.removesuffix('.sql')}" for entry in entries if entry.name.endswith(".sql"))
