"""GitHub's objects turned into observations, or into rejects that say why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Observation, Reject

Json = Mapping[str, Any]
Facts = Iterator[Observation]

GHOST = "ghost"  # GitHub's stand-in for deleted accounts where it does not say null
BOT_SUFFIX = "[bot]"

# Issues that moved in from elsewhere keep dates from before GitHub; nothing has dates from before the web.
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class People:
    """Who is the person, and who is a machine. `bots`: logins, with or without "[bot]"."""

    user: str | None = None
    bots: frozenset[str] = frozenset()

    @classmethod
    def of(cls, user: str | None, bots: Iterable[str]) -> People:
        """From the configuration; logins know no case."""
        return cls(user and user.lower(), frozenset(bot.lower().removesuffix(BOT_SUFFIX) for bot in bots))

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
        attrs: dict[str, Any] = {"direction": "self" if lower == self.user else "received"}
        if is_bot or lower.removesuffix(BOT_SUFFIX) in self.bots:
            attrs["bot"] = True
        return login, attrs


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the objects of one repository. `subject`: its stable id; `name`: for messages; `now`: for dates."""

    subject: str
    name: str
    people: People
    now: datetime

    def issue(self, item: Any) -> Facts:
        """An issue of the REST list: opened, and closed or not. Its pull requests are no issues."""
        # In 2012 every issue said so, with nulls in it; Enterprise Servers of old still do.
        if any((entry(item).get("pull_request") or {}).values()):
            return
        key = identity(item, "id")
        about = {"number": item.get("number")}
        opened_at = self._instant(item, "created_at")
        yield self._event("issues_opened", key, opened_at, item.get("user"), about)
        if item.get("closed_at") is not None:
            closed_at = self._instant(item, "closed_at")
            yield self._event("issues_closed", key, closed_at, item.get("closed_by"), about)
        elif item.get("state_reason") == "reopened":
            # Takes back a closing. Dated by the opening, which does not change with every later edit.
            yield Observation("issues_closed", self.subject, key, opened_at, value=0.0)

    def pull(self, item: Any) -> Facts:
        """A pull request: opened, and merged or not, both by its author. REST or GraphQL.

        Keyed by its number, the one thing that every listing of GitHub gives: a pull request has one id as an
        issue and another as a pull request.
        """
        key = identity(entry(item), "number")
        author = item["user"] if "user" in item else item.get("author")
        about = {"number": item["number"]}
        opened_at = self._instant(item, "created_at", "createdAt")
        yield self._event("pulls_opened", key, opened_at, author, about)
        if item.get("merged_at", item.get("mergedAt")) is not None:
            merged_at = self._instant(item, "merged_at", "mergedAt")
            yield self._event("pulls_merged", key, merged_at, author, about)

    def review(self, item: Any) -> Facts:
        """A review, in any state but pending, which is a draft. REST or GraphQL, with its pull request's number."""
        if entry(item).get("state") == "PENDING":
            return
        author = item["user"] if "user" in item else item.get("author")
        about = {"state": str(item.get("state")).lower(), **_number(item, "number", "pull_request_url")}
        submitted_at = self._instant(item, "submitted_at", "submittedAt")
        key = identity(item, "fullDatabaseId" if "fullDatabaseId" in item else "id")
        yield self._event("pull_reviews", key, submitted_at, author, about)

    def issue_comment(self, item: Any) -> Facts:
        """A comment in the conversation of an issue or of a pull request."""
        yield self._comment("issue_comments", item, "issue_url")

    def review_comment(self, item: Any) -> Facts:
        """A comment on a line of a pull request."""
        yield self._comment("review_comments", item, "pull_request_url")

    def reject(self, kind: str, item: Any, why: Exception) -> Reject:
        """A record that could not be used."""
        said = item if isinstance(item, dict) else {}
        which = said.get("id") or said.get("fullDatabaseId") or said.get("number") or "without id"
        return Reject(f"{kind} {which} of {self.name}", str(why))

    def _comment(self, metric: str, item: Any, url: str) -> Observation:
        key = identity(entry(item), "id")
        created_at = self._instant(item, "created_at")
        return self._event(metric, key, created_at, item.get("user"), _number(item, url))

    def _event(
        self, metric: str, key: str, occurred_at: datetime, account: Any, about: dict[str, Any]
    ) -> Observation:
        actor, attrs = self.people.attribute(account)
        return Observation(metric, self.subject, key, occurred_at, actor=actor, attrs={**about, **attrs})

    def _instant(self, item: Json, *names: str) -> datetime:
        value = next((item[name] for name in names if item.get(name) is not None), None)
        if value is None:
            raise ValueError(f"no {names[0]}")
        moment = instant(value)
        if not OLDEST <= moment <= self.now + AHEAD:
            raise ValueError(f"{names[0]} is {moment:%Y-%m-%d}")
        return moment


def entry(item: Any) -> Json:
    """An entry of a list, which has to be an object. Raises ValueError."""
    if not isinstance(item, dict):
        raise ValueError("not an object")  # noqa: TRY004 - a fault of the data, like the others
    return item


def identity(item: Json, name: str) -> str:
    """A stable id as the key of a fact. Raises ValueError where there is none."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str) or not value:
        raise ValueError(f"no {name}")
    return str(value)


def instant(value: Any) -> datetime:
    """A date of GitHub's, in UTC. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a date")  # noqa: TRY004 - a fault of the data, like the next one
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return moment.astimezone(UTC)


def count_of(value: Any) -> int:
    """A number of things. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


def _number(item: Json, *names: str) -> dict[str, int]:
    """The number of the issue or pull request, said plainly or at the end of an address."""
    for name in names:
        number = str(item.get(name) or "").rpartition("/")[2]
        if number.isdecimal():
            return {"number": int(number)}
    return {}
