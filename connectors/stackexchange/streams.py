"""Answers given, and what others said to one's posts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from typing import Any

from connectors.base import (
    Batch,
    Context,
    Coverage,
    Cursor,
    Kind,
    Listing,
    Metric,
    Observation,
    Reject,
    Stream,
    StreamSpec,
    Subject,
)
from connectors.errors import Gone, Malformed
from connectors.instants import instant_of_seconds
from connectors.pages import count_of, day_of
from connectors.stackexchange.api import Api
from connectors.stackexchange.config import StackexchangeConfig

ANSWERS = StreamSpec("answers", (Metric("answers", Kind.EVENT),))
POSTS = StreamSpec("posts", (Metric("post_comments", Kind.EVENT), Metric("post_reactions", Kind.LEVEL)))


_Accounts = Mapping[str, tuple[Subject, date]]


@dataclass(slots=True)
class _Page:
    """What a page tells, or several together."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, other: _Page) -> None:
        self.subjects |= other.subjects
        self.observations += other.observations
        self.rejects += other.rejects


def _accounts(api: Api) -> dict[str, tuple[Subject, date]] | None:
    """The users with the day each came to the site, by number; None where the run is to end.

    Raises Gone for a user who does not exist: their lists are empty like those of somebody who never wrote.
    """
    said = api.ask("users/{ids}", ";".join(api.config.users))
    if said is None:
        return None
    found, now, site = {}, api.context.clock(), api.config.site
    for item in said["items"]:
        try:
            user, since = str(count_of(item["user_id"])), instant_of_seconds(item["creation_date"], now)
            url, name = str(item["link"]), unescape(str(item.get("display_name") or ""))
        except (ValueError, TypeError, LookupError) as error:
            raise Malformed(f"{api.config.api_url}/users: cannot be used ({error})") from None
        found[user] = (Subject(f"{site}/users/{user}", url, "account", name, url, since), since.date())
    for user in api.config.users:
        if user not in found:
            raise Gone(
                f"{api.context.source}: no user {user} on {api.config.site}", remedy="check `users` and `site`"
            )
    return found


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers given, each once. Every read lists them all, so that deleted ones are noticed."""

    api: Api
    spec: StreamSpec = ANSWERS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """A batch for each page; a read that was cut short goes on where it was."""
        config, context = self.api.config, self.api.context
        known = cursor.get(config.part) or {}
        accounts = _accounts(self.api)
        if accounts is None:
            return
        begin, whole = known.get("at"), _Page({account.id: account for account, _ in accounts.values()})
        for items, next_at in self.api.walk("users/{ids}/answers", ";".join(config.users), begin):
            page = self._page(items, accounts)
            whole.add(page)
            if next_at is None:
                yield self._last(whole, _first_day(known, accounts), is_whole=begin is None)
                return
            at = {config.part: {**known, "at": next_at}}
            yield Batch(page.observations, page.rejects, at, list(page.subjects.values()))
            if context.is_stopping():
                return

    def _page(self, items: list[Any], accounts: _Accounts) -> _Page:
        page, now = _Page(), self.api.context.clock()
        for item in items:
            try:
                key, at = str(count_of(item["answer_id"])), instant_of_seconds(item["creation_date"], now)
                user = str(count_of(item["owner"]["user_id"]))
                about = accounts[user][0]
            except (ValueError, TypeError, LookupError) as error:
                page.rejects.append(_reject("answer", item, error))
                continue
            page.subjects[about.id] = about
            attrs = {"direction": "given"}
            page.observations.append(Observation("answers", about.id, key, at, actor=user, attrs=attrs))
        return page

    def _last(self, whole: _Page, first: date, *, is_whole: bool) -> Batch:
        """Everything of this read again, where that is all there is: what is not in it was deleted."""
        today = self.api.context.today()
        is_listing = is_whole and not whole.rejects
        return Batch(
            whole.observations,
            whole.rejects,
            {self.api.config.part: {"through": str(today), "at": None}},
            list(whole.subjects.values()),
            [_span("answers", first, today, whole.rejects)],
            listings=[Listing("answers", one, cause="deleted") for one in whole.subjects] if is_listing else [],
        )


@dataclass(frozen=True, slots=True)
class Posts:
    """Scores of one's questions and answers, and the comments that others wrote under them."""

    api: Api
    spec: StreamSpec = POSTS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """A batch for each page of posts, with all their comments."""
        config, context = self.api.config, self.api.context
        known, today = cursor.get(config.part) or {}, context.today()
        accounts = _accounts(self.api)
        if accounts is None:
            return
        first, rejects = _first_day(known, accounts), list[Reject]()
        for items, next_at in self.api.walk("users/{ids}/posts", ";".join(config.users), known.get("at")):
            page = self._page(items)
            comments = self._comments(page)
            if comments is None:
                return
            rejects += page.rejects
            is_last = next_at is None
            yield Batch(
                [*page.observations, *comments],
                page.rejects,
                {config.part: {"through": str(today), "at": None} if is_last else {**known, "at": next_at}},
                list(page.subjects.values()),
                [_span("post_comments", first, today, rejects), _span("post_reactions", today, today, rejects)]
                if is_last
                else [],
                # A comment that could not be read is not one that was deleted.
                listings=[]
                if page.rejects
                else [Listing("post_comments", one, cause="deleted") for one in page.subjects],
            )
            if context.is_stopping():
                return

    def _page(self, items: list[Any]) -> _Page:
        page, now, today = _Page(), self.api.context.clock(), str(self.api.context.today())
        for item in items:
            try:
                number, at = count_of(item["post_id"]), instant_of_seconds(item["creation_date"], now)
                score, url = item["score"], str(item["link"])
                if isinstance(score, bool) or not isinstance(score, int):
                    raise TypeError(f"{score!r} is not a score")
            except (ValueError, TypeError, LookupError) as error:
                page.rejects.append(_reject("post", item, error))
                continue
            title = unescape(str(item.get("title") or ""))
            about = Subject(f"{self.api.config.site}/posts/{number}", url, "post", title, url, at)
            page.subjects[about.id] = about
            # A post that is voted below nought has no reactions that would count for it.
            page.observations.append(Observation("post_reactions", about.id, today, now, float(max(score, 0))))
        return page

    def _comments(self, page: _Page) -> list[Observation] | None:
        """Comments under the posts of a page; None where the run is to end."""
        ids = ";".join(name.rpartition("/")[2] for name in page.subjects)
        facts: list[Observation] = []
        number = 1
        while ids:
            said = self.api.ask("posts/{ids}/comments", ids, sort="creation", order="asc", page=number)
            if said is None:
                return None
            for item in said["items"]:
                try:
                    facts.append(self._comment(item, page))
                except (ValueError, TypeError, LookupError) as error:
                    page.rejects.append(_reject("comment", item, error))
            if not said.get("has_more"):
                break
            if not said["items"]:
                raise Malformed(f"{self.api.config.api_url}: has more comments and gave none")
            number += 1
        return facts

    def _comment(self, item: Any, page: _Page) -> Observation:
        config = self.api.config
        subject = f"{config.site}/posts/{count_of(item['post_id'])}"
        if subject not in page.subjects:
            raise ValueError("is under a post that was not asked for")
        # Who left the site has no number any more.
        owner = item.get("owner") or {}
        user = str(owner.get("user_id") or owner.get("display_name") or "") or None
        return Observation(
            "post_comments",
            subject,
            str(count_of(item["comment_id"])),
            instant_of_seconds(item["creation_date"], self.api.context.clock()),
            actor=user,
            attrs={"direction": "self" if user in config.users else "received"},
        )


def _first_day(known: Mapping[str, Any], accounts: _Accounts) -> date:
    """From when on the lists tell everything: from the first day on the site, later from the read before."""
    return day_of(known["through"]) if known.get("through") else min(since for _, since in accounts.values())


def _span(metric: str, first: date, today: date, rejects: list[Reject]) -> Coverage:
    if rejects:
        return Coverage(min(first, today), today, "partial", "some of it could not be used", (metric,))
    return Coverage(min(first, today), today, metrics=(metric,))


def _reject(what: str, item: Any, error: Exception) -> Reject:
    return Reject(f"{what}: {item}"[:200], f"{type(error).__name__}: {error}"[:200])


def open_streams(config: StackexchangeConfig, context: Context) -> tuple[Stream, ...]:
    """Both streams, which share the pauses that the service asks for."""
    api = Api(config, context)
    return Answers(api), Posts(api)
