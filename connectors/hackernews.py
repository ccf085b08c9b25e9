"""Stories on Hacker News that point to one's site, with their points and comments (search by Algolia)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

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
    Stream,
    StreamSpec,
    Subject,
)
from connectors.errors import Malformed
from connectors.instants import instant_of_seconds
from connectors.pages import count_of, split_site

PER_PAGE = 1000
"""Stories of an answer; the index gives no more to a question, however many there are."""

STORIES = StreamSpec(
    "stories", (Metric("post_comments", Kind.LEVEL), Metric("post_reactions", Kind.LEVEL)), retention_days=1
)

_COUNTERS = {"num_comments": "post_comments", "points": "post_reactions"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HackernewsConfig:
    """Raises ValueError("key: why") for what is no site or no address."""

    sites: tuple[str, ...] = field(
        metadata={"help": "where your posts lie: example.org, or the start of their addresses: github.com/your-login"}
    )
    api_url: str = field(default="https://hn.algolia.com/api/v1", metadata={"help": "address of the search"})

    def __post_init__(self) -> None:
        if not self.sites:
            raise ValueError('sites: name at least one, as in ["example.org"]')
        for key, values in (("sites", self.sites), ("api_url", (self.api_url,))):
            try:
                for value in values:
                    split_site(value)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None


@dataclass(frozen=True, slots=True)
class _Site:
    """A host with its subdomains, below a path."""

    host: str
    path: str

    @classmethod
    def of(cls, text: str) -> _Site:
        base, path = split_site(text)
        return cls(base.partition("://")[2].removeprefix("www."), path)

    @property
    def name(self) -> str:
        """As it is searched for, and as the cursor names it."""
        return self.host + self.path

    def has(self, url: str) -> bool:
        """Whether an address lies there; the search also finds those that only speak of it."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
        except ValueError:
            return False
        is_host = host == self.host or host.endswith(f".{self.host}")
        return is_host and f"{parts.path}/".startswith(f"{self.path}/")


@dataclass(slots=True)
class _Told:
    """What was told of stories."""

    observations: list[Observation] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stories:
    """Every read counts all stories, new and old: a question finds a thousand, and the old cost nothing more."""

    config: HackernewsConfig
    context: Context
    spec: StreamSpec = STORIES

    def read(self, cursor: Cursor) -> Iterator[Batch]:  # noqa: ARG002 - it is read anew each time
        """A batch for each answer of the search; the last one says what today's readings are worth."""
        today, flaws = self.context.today(), list[str]()
        for site in dict.fromkeys(map(_Site.of, self.config.sites)):
            seen: set[str] = set()
            for hits, flaw in self._windows(site):
                told = self._read(hits, site, seen)
                flaws += [flaw] if flaw else []
                flaws += ["some stories could not be used"] if told.rejects else []
                checkpoint = {site.name: {"read_on": str(today)}}
                yield Batch(told.observations, told.rejects, checkpoint, told.subjects)
                if self.context.is_stopping():
                    return
        flaw = "; ".join(dict.fromkeys(flaws))
        yield Batch(coverage=[Coverage(today, today, "partial" if flaw else "measured", flaw[:300])])

    def _windows(self, site: _Site) -> Iterator[tuple[list[Any], str]]:
        """What the search finds, newest first. Each next question asks for what is older, as totals are capped."""
        before = None
        while True:
            query: dict[str, str | int] = {
                "query": site.name,
                "restrictSearchableAttributes": "url",
                "typoTolerance": "false",
                "tags": "story",
                "hitsPerPage": PER_PAGE,
                **({} if before is None else {"numericFilters": f"created_at_i<{before}"}),
            }
            hits, total = self._ask(query)
            if total <= len(hits) < PER_PAGE:  # a full answer may have a total that is capped to it
                yield hits, ""
                return
            oldest = min((at for hit in hits if (at := _created(hit)) is not None), default=None)
            if oldest is None:
                raise Malformed(f"{self.config.api_url}: found {total} stories and told none")
            # The second of the oldest again: the answer may have ended in the middle of it.
            is_stuck = before is not None and oldest + 1 >= before
            yield hits, "more stories in one second than the search tells" if is_stuck else ""
            before = oldest if is_stuck else oldest + 1

    def _ask(self, query: dict[str, str | int]) -> tuple[list[Any], int]:
        address = f"{self.config.api_url.rstrip('/')}/search_by_date"
        page = self.context.http.get(address, params=query)
        said = None if page is None else page.json()
        if not isinstance(said, dict) or not isinstance(said.get("hits"), list):
            raise Malformed(f"{address}: answered something else than the hits of a search")
        try:
            return said["hits"], count_of(said.get("nbHits"))
        except ValueError:
            raise Malformed(f"{address}: does not tell how much it found") from None

    def _read(self, hits: list[Any], site: _Site, seen: set[str]) -> _Told:
        told, now, today = _Told(), self.context.clock(), str(self.context.today())
        for hit in hits:
            try:
                url = hit.get("url") or ""
                if not site.has(url):
                    continue
                story = str(count_of(hit["objectID"]))
                created_at = instant_of_seconds(hit["created_at_i"], now)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                told.rejects.append(Reject(f"story: {hit}"[:200], f"{type(error).__name__}: {error}"[:200]))
                continue
            if story in seen:
                continue
            seen.add(story)
            name = f"https://news.ycombinator.com/item?id={story}"
            title = unescape(str(hit.get("title") or ""))
            told.subjects.append(Subject(story, name, "post", title, url, created_at))
            for field_name, metric in _COUNTERS.items():
                try:
                    count = count_of(hit.get(field_name))
                except ValueError as error:
                    told.rejects.append(Reject(f"{field_name} of {name}", str(error)[:200]))
                else:
                    told.observations.append(Observation(metric, story, today, now, float(count)))
        return told


def _created(hit: Any) -> int | None:
    at = hit.get("created_at_i") if isinstance(hit, dict) else None
    return at if isinstance(at, int) else None


def open_streams(config: HackernewsConfig, context: Context) -> tuple[Stream, ...]:
    """The one stream."""
    return (Stories(config, context),)


CONNECTOR = Connector(
    "hackernews",
    HackernewsConfig,
    open_streams,
    (STORIES,),
    "stories on Hacker News that point to your site: points and comments",
)
