"""From what GitLab tells of issues, merge requests, notes and approvals to facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.base import Observation, Reject
from connectors.gitlab.config import GitlabConfig
from connectors.instants import instant_of
from connectors.pages import count_of

_TOKEN_BOT = re.compile(r"(project|group)_[0-9]+_bot(_[0-9a-f]+)?[0-9]*")  # who acts for a project's token
_GHOST = "ghost"  # stands for everybody who left
_APPROVED = "approved this merge request"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the objects of one project. `user`: the person's own name; `bots`: names that are machines.

    Each method raises ValueError, TypeError or LookupError where the object cannot be used.
    """

    subject: str
    now: datetime
    user: str = ""
    bots: frozenset[str] = frozenset()

    def star(self, item: Any) -> Observation:
        """Somebody's star, since they gave it."""
        actor, attrs = self._who(item["user"])
        at = instant_of(item["starred_since"], self.now)
        return Observation("stars", self.subject, str(count_of(item["user"]["id"])), at, actor=actor, attrs=attrs)

    def issue(self, item: Any) -> Iterator[Observation]:
        """An issue: opened, and closed where it is closed now."""
        number = count_of(item["iid"])
        yield self._fact("issues_opened", item, "created_at", number)
        if item["state"] == "closed":
            yield self._fact("issues_closed", item, "closed_at", number, by=item.get("closed_by") or {})

    def merge_request(self, item: Any) -> Iterator[Observation]:
        """A merge request: opened, and merged."""
        number = count_of(item["iid"])
        yield self._fact("pulls_opened", item, "created_at", number)
        if item["state"] == "merged":
            by = item.get("merge_user") or item.get("merged_by") or {}
            yield self._fact("pulls_merged", item, "merged_at", number, by=by)

    def note(self, item: Any, number: int, on: str) -> Observation | None:
        """A comment; None for what GitLab itself wrote."""
        if item["system"]:
            return None
        is_inline = on == "pull" and item.get("type") == "DiffNote"
        return self._fact("review_comments" if is_inline else "issue_comments", item, "created_at", number, on=on)

    def approval(self, item: Any, pull: int, number: int, notes: list[Any]) -> Observation:
        """An approval that stands, dated by itself, or on older servers by the note that GitLab wrote of it."""
        user = item["user"]
        written = item.get("approved_at")
        if written is None:
            by = count_of(user["id"])
            written = max(
                note["created_at"]
                for note in notes
                if note["system"] and note.get("body") == _APPROVED and note["author"]["id"] == by
            )
        fact = {"id": count_of(pull), "at": written, "author": user}
        return self._fact("pull_reviews", fact, "at", number, on="pull", key=f"{pull}:{count_of(user['id'])}")

    def _fact(
        self, metric: str, item: Any, when: str, number: int, *, by: Any = None, on: str = "", key: str = ""
    ) -> Observation:
        actor, attrs = self._who(item.get("author") if by is None else by)
        attrs |= {"number": number, **({"on": on} if on else {})}
        at = instant_of(item[when], self.now)
        return Observation(metric, self.subject, key or str(count_of(item["id"])), at, actor=actor, attrs=attrs)

    def _who(self, account: Any) -> tuple[str | None, dict[str, Any]]:
        name = account.get("username") if isinstance(account, dict) else None
        if not isinstance(name, str) or not name or name == _GHOST:
            return None, {"direction": "received"}
        lower = name.lower()
        attrs: dict[str, Any] = {"direction": "self" if lower == self.user else "received"}
        if lower in self.bots or _TOKEN_BOT.fullmatch(lower):
            attrs["bot"] = True
        return name, attrs


def reader_of(config: GitlabConfig, project: int, now: datetime) -> Reader:
    """Reads what is told of a project, as the configuration knows people."""
    bots = frozenset(name.lower() for name in config.bots)
    return Reader(str(project), now, (config.user or "").lower(), bots)


def reject(what: str, item: Any, error: Exception) -> Reject:
    """A record that cannot be used."""
    return Reject(f"{what}: {item}"[:200], f"{type(error).__name__}: {error}"[:200])
