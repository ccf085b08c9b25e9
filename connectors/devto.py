"""Reads, reactions and comments of articles on dev.to, or on another Forem (API v1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from connectors.base import (
    Batch,
    Connector,
    Context,
    Coverage,
    Cursor,
    Kind,
    Metric,
    Observation,
    Reject,
    Secret,
    Stream,
    StreamSpec,
    Subject,
)
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, in_words
from connectors.pace import Pace
from connectors.pages import count_of, split_site

PER_PAGE = 50
"""Articles of an answer. A thousand are allowed, but the author's own list brings every text along."""

MOST_PAGES = 400

CALLS, SPAN = 3, timedelta(seconds=1)  # of an address, says Forem's source

READS, REACTIONS, COMMENTS = "post_reads", "post_reactions", "post_comments"
FIELDS = {READS: "page_views_count", REACTIONS: "public_reactions_count", COMMENTS: "comments_count"}

ARTICLES = StreamSpec(
    "articles",
    tuple(Metric(name, Kind.LEVEL) for name in FIELDS),
    permission="API key of the author for reads; none for the rest",
    retention_days=1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DevtoConfig:
    """Raises ValueError("key: why") for an address that cannot be one, and for no author or two."""

    api_key: Secret | None = field(
        default=None,
        metadata={"help": "the author's key (dev.to: Settings, Extensions); only with it reads are told"},
    )
    username: str | None = field(
        default=None, metadata={"help": "a user or organization whose reactions and comments are read without a key"}
    )
    api_url: str = field(default="https://dev.to/api", metadata={"help": "API of another Forem"})

    def __post_init__(self) -> None:
        try:
            split_site(self.api_url)
        except ValueError as error:
            raise ValueError(f"api_url: {error}") from None
        if (self.api_key is None) == (self.username is None):
            raise ValueError("api_key: write either api_key, for its owner's articles, or username")
        if self.username is not None and not re.fullmatch(r"\w{1,60}", self.username):
            raise ValueError("username: write the name as it stands in the profile's address, without @")

    @property
    def endpoint(self) -> str:
        """The address that all others begin with."""
        return "".join(split_site(self.api_url))


@dataclass(slots=True)
class _Listed:
    """The articles of a read, as readings of their counters."""

    observations: list[Observation] = field(default_factory=list)
    subjects: dict[str, Subject] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    flawed: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Articles:
    """Counters of every published article. An article that is told no more is a gap in its readings, no fall."""

    config: DevtoConfig
    context: Context
    pace: Pace
    spec: StreamSpec = ARTICLES

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield today's readings; an article or a counter that cannot be used is a reject, and its metric partial."""
        author = self.config.username or "me"
        known = int((cursor.get(author) or {}).get("articles", 0))
        today, listed = self.context.today(), _Listed()
        for articles in self._pages(listed):
            for article in articles:
                self._take(article, listed, today)
            if self.context.is_stopping():
                yield Batch(listed.observations, listed.rejects, subjects=list(listed.subjects.values()))
                return
        if not listed.subjects:
            self._make_sure()
        if known and not listed.subjects and not listed.rejects:
            # Lists that were empty for a while have been seen; nothing is known of the articles then.
            why = f"none of {known} articles was told"
            yield Batch(coverage=[Coverage(today, today, "missing", why)])
            return
        yield Batch(
            listed.observations,
            listed.rejects,
            checkpoint={author: {"articles": len(listed.subjects)}},
            subjects=list(listed.subjects.values()),
            coverage=[self._covered(metric, listed, today) for metric in FIELDS],
        )

    def _pages(self, listed: _Listed) -> Iterator[list[Any]]:
        """Page by page until one is empty: a server may give fewer than asked for, and articles move while read."""
        for number in range(1, MOST_PAGES + 1):
            asked: dict[str, str | int] = {"page": number, "per_page": PER_PAGE}
            if self.config.username is None:
                articles = self._get("articles/me/published", asked)
            else:
                articles = self._get("articles", {"username": self.config.username, **asked})
            if not isinstance(articles, list):
                raise Malformed(f"{self.config.endpoint}: answered something else than a list of articles")
            known = len(listed.subjects) + len(listed.rejects)
            if not articles:
                return
            yield articles
            if len(listed.subjects) + len(listed.rejects) == known:
                return  # a server that tells the same again
        raise Malformed(f"{self.config.endpoint}: has no last page")

    def _get(self, what: str, params: dict[str, str | int] | None = None) -> Any:
        config, source = self.config, self.context.source
        headers = {"Accept": "application/vnd.forem.api-v1+json"}
        if config.api_key is not None:
            headers["api-key"] = config.api_key.reveal()
        meanings: dict[type[ConnectorError], tuple[str, str]] = {
            AuthFailed: (
                f"{source}: {config.endpoint} does not accept the API key",
                "make a new one in the author's settings there, under Extensions",
            ),
            NotPermitted: (
                f"{source}: {config.endpoint} does not let this account use its API",
                "look whether the account is suspended",
            ),
            Gone: (f"{source}: no articles of {config.username or 'the author'}", "check `username` and `api_url`"),
        }
        self.pace.step()
        with in_words(meanings):
            return self.context.http.fetch(f"{config.endpoint}/{what}", params=params, headers=headers).json()

    def _make_sure(self) -> None:
        """An unknown name is answered with an empty list; raise Gone for it."""
        if (name := self.config.username) is None:
            return
        try:
            self._get("users/by_username", {"url": name})
        except Gone:
            self._get(f"organizations/{quote(name)}")

    def _take(self, article: Any, listed: _Listed, today: date) -> None:
        try:
            subject = _subject(article)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            listed.rejects.append(Reject(_name(article), f"{type(error).__name__}: {error}"[:200]))
            listed.flawed |= set(FIELDS)
            return
        if subject.id in listed.subjects:  # it moved to the next page while this one was read
            return
        listed.subjects[subject.id] = subject
        now = self.context.clock()
        for metric, name in FIELDS.items():
            if metric == READS and self.config.api_key is None:
                continue
            try:
                count = count_of(article.get(name))
            except ValueError as error:
                listed.rejects.append(Reject(subject.url, f"{name}: {error}"[:200]))
                listed.flawed.add(metric)
                continue
            listed.observations.append(Observation(metric, subject.id, str(today), now, float(count)))

    def _covered(self, metric: str, listed: _Listed, today: date) -> Coverage:
        if metric == READS and self.config.api_key is None:
            return Coverage(today, today, "missing", "reads are told to the author's api_key only", (metric,))
        if metric in listed.flawed:
            return Coverage(today, today, "partial", "some articles could not be read", (metric,))
        return Coverage(today, today, metrics=(metric,))


def _subject(article: Any) -> Subject:
    """The article by its number; its name is where it wants to be found, often the author's own site."""
    url = str(article["url"])
    canonical = article.get("canonical_url")
    name = canonical if isinstance(canonical, str) and re.match(r"https?://[^/\s]+", canonical) else url
    published_at = datetime.fromisoformat(article["published_at"]) if article.get("published_at") else None
    if published_at is not None and published_at.tzinfo is None:
        raise ValueError(f"published_at {article['published_at']!r} has no time zone")
    title = str(article.get("title") or "")[:500]
    day = None if published_at is None else published_at.astimezone(UTC)
    return Subject(str(count_of(article["id"])), name[:2000], "post", title, url, day)


def _name(article: Any) -> str:
    """Which article it is, without its text."""
    known = article.get("url") or article.get("id") if isinstance(article, dict) else article
    return str(known)[:200]


def open_streams(config: DevtoConfig, context: Context) -> Sequence[Stream]:
    """The one stream; a list tells all counters."""
    return (Articles(config, context, Pace(context, CALLS, SPAN)),)


CONNECTOR = Connector(
    "devto",
    DevtoConfig,
    open_streams,
    (ARTICLES,),
    "reads, reactions and comments of articles on dev.to",
)
