"""GitHub's objects turned into observations, or into rejects that say why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Observation

Json = Mapping[str, Any]
Facts = Iterator[Observation]

GHOST = "ghost"  # GitHub's stand-in for deleted accounts where it does not say null
BOT_SUFFIX = "[bot]"

# Issues that moved in from elsewhere keep dates from before GitHub; nothing has dates from before the web.
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class People:
    """Who is the person, and who is a machine. `bots`: logins, with or without "[bot]".

    `own`: what the person's own acts are: "self" in the repositories that are watched, "given" in those of others.
    """

    user: str | None = None
    bots: frozenset[str] = frozenset()
    own: str = "self"

    @classmethod
    def of(cls, user: str | None, bots: Iterable[str], own: str = "self") -> People:
        """From the configuration; logins know no case."""
        return cls(user and user.lower(), frozenset(bot.lower().removesuffix(BOT_SUFFIX) for bot in bots), own)

    def attribute(self, account: Any) -> tuple[str | None, dict[str, Any]]:
        """The actor, null for deleted accounts, and what attrs say of them.

        `account`: a REST user or a GraphQL actor; these name a bot without its suffix, so it is put on here.
        """
        said = account if isinstance(account, dict) else {}
        login = said.get("login")
        if not isinstance(login, str) or not login or login == GHOST:
            return None, {"direction": "received"}
        is_bot = said.get("type", said.get("__typename")) == "Bot" or login.endswith(BOT_SUFFIX)
        if is_bot and not login.endswith(BOT_SUFFIX):
            login += BOT_SUFFIX
        lower = login.lower()
        attrs: dict[str, Any] = {"direction": self.own if lower == self.user else "received"}
        if is_bot or lower.removesuffix(BOT_SUFFIX) in self.bots:
            attrs["bot"] = True
        return login, attrs


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the objects of one repository, of REST or of GraphQL. `subject`: its stable id; `now`: to judge dates.

    Each method raises ValueError where the object cannot be used.
    """

    subject: str
    people: People
    now: datetime

    def issue(self, item: Json) -> Facts:
        """An issue: opened, and closed or not. A pull request among them is none."""
        # In 2012 every issue said so, with nulls in it; Enterprise Servers of old still do.
        if any((entry(item).get("pull_request") or {}).values()):
            return
        key = identity(item, "fullDatabaseId", "id")
        about = {"number": item.get("number")}
        opened_at = self._instant(item, "created_at", "createdAt")
        yield self._event("issues_opened", key, opened_at, _author(item), about)
        if _any(item, "closed_at", "closedAt") is not None:
            closed_at = self._instant(item, "closed_at", "closedAt")
            yield self._event("issues_closed", key, closed_at, item.get("closed_by"), about)
        elif str(_any(item, "state_reason", "stateReason")).lower() == "reopened":
            # Takes back a closing. Dated by the opening, which does not change with every later edit.
            yield Observation("issues_closed", self.subject, key, opened_at, value=0.0)

    def pull(self, item: Json) -> Facts:
        """A pull request: opened, and merged or not, both by its author.

        Keyed by its number, the one thing that every listing of GitHub gives: a pull request has one id as an
        issue and another as a pull request.
        """
        key = identity(entry(item), "number")
        about = {"number": item["number"]}
        opened_at = self._instant(item, "created_at", "createdAt")
        yield self._event("pulls_opened", key, opened_at, _author(item), about)
        if _any(item, "merged_at", "mergedAt") is not None:
            merged_at = self._instant(item, "merged_at", "mergedAt")
            yield self._event("pulls_merged", key, merged_at, _author(item), about)

    def review(self, item: Json, number: int) -> Facts:
        """A review of pull request `number`, in any state but pending, which is a draft."""
        if entry(item).get("state") == "PENDING":
            return
        about = {"state": str(item.get("state")).lower(), "number": number}
        submitted_at = self._instant(item, "submitted_at", "submittedAt")
        key = identity(item, "fullDatabaseId", "id")
        yield self._event("pull_reviews", key, submitted_at, _author(item), about)

    def issue_comment(self, item: Json, number: int, on: str) -> Facts:
        """A comment in the conversation of issue or pull request `number`. `on`: which of the two it is."""
        yield self._comment("issue_comments", item, {"number": number, "on": on})

    def review_comment(self, item: Json, number: int) -> Facts:
        """A comment on a line of pull request `number`; a pending one is a draft."""
        if entry(item).get("state") != "PENDING":
            yield self._comment("review_comments", item, {"number": number})

    def discussion(self, item: Json) -> Facts:
        """A discussion: opened, and answered or not. The answer is whose comment was chosen, when it was."""
        key = identity(entry(item), "number")
        about = {"number": item["number"]}
        opened_at = self._instant(item, "createdAt")
        yield self._event("discussions_opened", key, opened_at, _author(item), about)
        if isinstance(item.get("answer"), dict) and item.get("answerChosenAt") is not None:
            yield from self.answer(item["answer"], item)

    def answer(self, item: Json, discussion: Json) -> Facts:
        """A comment that was chosen as the answer to a discussion, at the moment it was."""
        key = identity(discussion, "number")
        chosen_at = self._instant(discussion, "answerChosenAt")
        yield self._event("answers", key, chosen_at, _author(item), {"number": discussion["number"]})

    def discussion_comment(self, item: Json, number: int) -> Facts:
        """A comment of discussion `number`, or a reply to one; a deleted one whose replies stay is none."""
        if entry(item).get("deletedAt") is None:
            yield self._comment("discussion_comments", item, {"number": number})

    def fork(self, item: Json) -> Facts:
        """A fork, by its owner."""
        key = identity(entry(item), "databaseId", "id")
        yield self._event("forks", key, self._instant(item, "created_at", "createdAt"), item.get("owner"), {})

    def _comment(self, metric: str, item: Json, about: dict[str, Any]) -> Observation:
        key = identity(entry(item), "fullDatabaseId", "databaseId", "id")
        return self._event(metric, key, self._instant(item, "created_at", "createdAt"), _author(item), about)

    def _event(
        self, metric: str, key: str, occurred_at: datetime, account: Any, about: dict[str, Any]
    ) -> Observation:
        actor, attrs = self.people.attribute(account)
        return Observation(metric, self.subject, key, occurred_at, actor=actor, attrs={**about, **attrs})

    def _instant(self, item: Json, *names: str) -> datetime:
        value = _any(item, *names)
        if value is None:
            raise ValueError(f"no {names[-1]}")
        moment = instant(value)
        if not OLDEST <= moment <= self.now + AHEAD:
            raise ValueError(f"{names[-1]} is {moment:%Y-%m-%d}")
        return moment


def entry(item: Any) -> Json:
    """An entry of a list, which has to be an object. Raises ValueError."""
    if not isinstance(item, dict):
        raise ValueError("not an object")  # noqa: TRY004 - a fault of the data, like the others
    return item


def identity(item: Json, *names: str) -> str:
    """A stable id as the key of a fact: the first of these that is told. Raises ValueError where there is none."""
    value = _any(item, *names)
    if isinstance(value, bool) or not isinstance(value, int | str) or not value:
        raise ValueError(f"no {names[-1]}")
    return str(value)


def instant(value: Any) -> datetime:
    """A date of GitHub's, in UTC. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a date")  # noqa: TRY004 - a fault of the data, like the next one
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def count_of(value: Any) -> int:
    """A number of things. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


def thread_of(item: Json, *names: str) -> int:
    """The number of the issue or pull request that stands at the end of an address. Raises ValueError."""
    for name in names:
        number = str(item.get(name) or "").rpartition("/")[2]
        if number.isdecimal():
            return int(number)
    raise ValueError(f"no {names[0]}")


def _any(item: Json, *names: str) -> Any:
    for name in names:
        if (value := item.get(name)) is not None:
            return value
    return None


def _author(item: Json) -> Any:
    return item["user"] if "user" in item else item.get("author")
