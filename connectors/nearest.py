"""Which of some known names is meant by one that is misspelt."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one that is most like it, whatever the case; None where none is near."""
    import difflib  # takes longer than reading a configuration in which nothing is misspelt

    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None
