"""What changed, in words: for people who read a chat, and for programs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harvester.redact import redact

_MOST_LINES = 20
_LONGEST_LINE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """A condition that is new, or over."""

    state: str
    key: str
    kind: str
    source: str
    text: str

    @property
    def line(self) -> str:
        """The change on one line, secrets masked."""
        line = " ".join(redact(f"over: {self.text}" if self.state == "over" else self.text).split())
        return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"


def text_of(changes: Sequence[Change], host: str) -> str:
    """One message for all of them."""
    who = f"harvester on {host}" if host else "harvester"
    if len(changes) == 1:
        return f"{who}: {changes[0].line}"
    lines = [f"• {change.line}" for change in changes[:_MOST_LINES]]
    if more := len(changes) - len(lines):
        lines.append(f"and {more} more: see `harvest status`")
    return "\n".join([f"{who}: {len(changes)} changes", *lines])


def for_programs(changes: Sequence[Change], host: str, at: datetime) -> Mapping[str, Any]:
    """All that is known, as JSON takes it."""
    return {
        "text": text_of(changes, host),
        "at": at.isoformat(),
        "host": host,
        "changes": [
            {
                "state": each.state,
                "key": each.key,
                "kind": each.kind,
                "source": each.source,
                "text": redact(each.text),
            }
            for each in changes
        ],
    }


def for_chat(changes: Sequence[Change], host: str) -> Mapping[str, Any]:
    """What Slack and its like take. What sources say in it mentions nobody and hides no link behind words."""
    text = text_of(changes, host).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": re.sub(r"@(?=\w)", "@\u200b", text).replace("](", "] (")}
