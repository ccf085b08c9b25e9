"""Small files that others may read at any moment: there is the old one or the new one, never half of one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace_text(path: Path, text: str, *, mode: int) -> None:
    """Write `text` to `path` as a whole. Raises OSError, and then the old file is still there.

    One writer at a time. Not synced: for what may be older, or gone, after a power cut.
    """
    # Always the same name, so that what a killed process left is written over, not left for ever.
    fresh = path.with_name(f"{path.name}.part")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        fresh.chmod(mode)
        fresh.rename(path)
    except BaseException:
        with suppress(OSError):  # why the writing failed is what the caller has to know
            fresh.unlink()
        raise
