"""Readers of the pages of a site, as GoatCounter counts them (API v0)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from connectors.base import (
    LONGEST_ID,
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
from connectors.daily import RE_READ, State, by_day
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, in_words
from connectors.pages import DAY, count_of, day_of, noon, page_url, spans, split_site

PER_PAGE = 100
"""Paths of an answer, the most that the service gives."""

WINDOW = 184
"""Days of one question: an answer then has at most 100 × 186 days of 24 hours, about 2 MB."""

LONGEST_EXCLUDE = 6000
"""Characters of path ids in an address; many servers refuse addresses above 8 KB."""

Counted = Mapping[str, Sequence[int]]
"""Day → ids of paths."""

_EARLIEST = date(2000, 1, 1)  # imported log files may be older than GoatCounter
_BORN = date(2019, 1, 1)  # the year of its first release: where to begin with a server that does not tell

PAGES = StreamSpec(
    "pages",
    (Metric("post_visitors", Kind.DAILY, tz="site"),),
    permission='API key with "Read statistics"',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoatcounterConfig:
    """Raises ValueError("key: why") for a site or an address that cannot be one."""

    site: str = field(
        metadata={
            "help": "the site whose pages are read: example.org; without api_url the GoatCounter itself: "
            "its code, or code.goatcounter.com"
        }
    )
    api_key: Secret = field(
        metadata={"help": 'an API key with the permission "Read statistics" (GoatCounter: user name, API)'}
    )
    api_url: str | None = field(
        default=None, metadata={"help": "address of the GoatCounter: https://code.goatcounter.com, or your own"}
    )

    def __post_init__(self) -> None:
        for key, value in (("site", self.site), ("api_url", self.api_url)):
            try:
                if value is not None:
                    split_site(value)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None

    @property
    def counter(self) -> str:
        """The address of the GoatCounter, which also says which of its sites is meant."""
        if self.api_url is None and re.fullmatch(r"[A-Za-z0-9-]+", self.site):
            return f"https://{self.site.lower()}.goatcounter.com"
        return "".join(split_site(self.api_url or self.site))

    @property
    def identity(self) -> str:
        """What the cursor and the subjects are named by: the site, wherever it is counted."""
        address = self.counter if self.api_url is None else "".join(split_site(self.site))
        return address.partition("://")[2]

    def page_name(self, path: str) -> str:
        """The address of a page where it is known on which site it lies, else its path, as GoatCounter shows it."""
        if self.api_url is None or not path.startswith("/"):  # a site may send whole addresses as paths
            return path
        return page_url(split_site(self.site)[0], path)


@dataclass(frozen=True, slots=True)
class _Api:
    config: GoatcounterConfig
    context: Context

    def get(self, what: str, first: date, last: date, **more: str) -> Any:
        """The JSON of /api/v0/stats/`what` over whole days, with a day to spare on both sides.

        Days are cut in the time zone of the key's owner, but the question's ends are in UTC: only days that lie
        wholly between them are complete.
        """
        query = {"start": f"{first - DAY}T00:00:00Z", "end": f"{last + DAY}T23:00:00Z", **more}
        # Commas as they are: the service takes one list, and escaped ones would treble its length.
        address = f"{self.config.counter}/api/v0/stats/{what}?" + "&".join(f"{k}={v}" for k, v in query.items())
        headers = {"Authorization": f"Bearer {self.config.api_key.reveal()}", "Content-Type": "application/json"}
        source, counter = self.context.source, self.config.counter
        meanings: dict[type[ConnectorError], tuple[str, str]] = {
            AuthFailed: (
                f"{source}: {counter} does not accept the API key",
                'make a key with the permission "Read statistics" there, under user name, API',
            ),
            NotPermitted: (
                f"{source}: the API key may not read the statistics of {counter}",
                'give the key the permission "Read statistics", under user name, API',
            ),
            Gone: (
                f"{source}: no GoatCounter API at {counter}",
                "check `site`, or name the GoatCounter's address in `api_url`",
            ),
        }
        with in_words(meanings):
            return self.context.http.fetch(address, headers=headers).json()


@dataclass(frozen=True, slots=True)
class _Window:
    """A question that may take several answers, and how far it has come.

    `seen`: ids of the paths that were told. `flaw`: why its days are not complete. `counted`: as in _Progress.
    """

    first: date
    last: date
    seen: tuple[int, ...] = ()
    flaw: str = ""
    counted: Counted = field(default_factory=dict)

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> _Window:
        first, last, seen = day_of(known["first"]), day_of(known["last"]), tuple(known["seen"])
        return cls(first, last, seen, known["flaw"], known.get("counted") or {})

    def plain(self) -> dict[str, Any]:
        return {
            "first": str(self.first),
            "last": str(self.last),
            "seen": list(self.seen),
            "flaw": self.flaw,
            "counted": self.counted,
        }

    def after(self, answer: _Told) -> _Window:
        """With what an answer tells."""
        flaw = "some figures of the answer could not be used" if answer.rejects else self.flaw
        days = self.counted.keys() | answer.counted.keys()
        counted = {day: [*self.counted.get(day, ()), *answer.counted.get(day, ())] for day in sorted(days)}
        return replace(self, seen=(*self.seen, *answer.ids), flaw=flaw, counted=counted)


@dataclass(slots=True)
class _Progress:
    """What the cursor says, as it changes during a read.

    `begins_on`: the first day with a hit, None while it is not known. `through`: everything up to here was read.
    `counted`: of each of the days that are to be read again, the ids of the paths that had visitors on it: a nought
    told of one of them takes a figure back, any other says what absence says already.
    """

    begins_on: date | None
    through: date
    window: _Window | None = None
    counted: Counted = field(default_factory=dict)

    def checkpoint(self) -> dict[str, Any]:
        return {
            "from": str(self.begins_on) if self.begins_on else None,
            "through": str(self.through),
            "window": self.window.plain() if self.window else None,
            "counted": self.counted,
        }

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> _Progress:
        through = day_of(known["through"])
        begins_on = day_of(known["from"]) if known.get("from") else None
        window = _Window.of(known["window"]) if known.get("window") else None
        return cls(begins_on, through, window, known.get("counted") or {})

    def close(self, window: _Window) -> None:
        """Everything of this window was told."""
        later = {day: ids for day, ids in self.counted.items() if day > str(window.last)}
        self.through, self.window, self.counted = window.last, None, {**window.counted, **later}


@dataclass(slots=True)
class _Told:
    """What one answer tells of the days of a window."""

    observations: list[Observation] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    days: set[date] = field(default_factory=set)
    ids: list[int] = field(default_factory=list)
    counted: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pages:
    """Visitors per path and day.

    The first read goes back to the first hit, a later one starts RE_READ before the last. The cursor's one part is
    named by the site: another site starts anew. It remembers which paths of an unfinished window were told, because
    the rate limit of four requests a second may cut a window after any of its answers.
    """

    api: _Api
    spec: StreamSpec = PAGES
    longest_exclude: int = LONGEST_EXCLUDE

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a figure that cannot be used is a reject, and its days are partial."""
        today = self.api.context.clock().date()
        known = cursor.get(self.api.config.identity)
        if known:
            progress = _Progress.of(known)
        else:
            progress = self._beginning(today)
            yield self._batch(progress)
        if progress.window:
            yield from self._window(progress, progress.window)
        first = min(progress.through, today) - RE_READ
        for start, end in spans(max(first, progress.begins_on or first), today, WINDOW):
            yield from self._window(progress, _Window(start, end))

    def _beginning(self, today: date) -> _Progress:
        """Where the backfill starts: days before the first hit were not counted, which is not zero."""
        since = self.api.context.since
        said = self.api.get("total", since or _EARLIEST, today)
        try:
            total = count_of(said["total"])
        except (ValueError, TypeError, LookupError):
            raise Malformed(f"{self.api.config.counter}: answered something else than a total") from None
        if total == 0:
            return _Progress(None, today)
        days = []
        # Older servers tell the total only.
        with suppress(TypeError, LookupError):
            days = [day_of(stat["day"]) for stat in said["stats"] if _count(stat)]
        if not days:
            return _Progress(None, max(_BORN, since or _BORN) - DAY)
        first = max(min(days), since or min(days))
        return _Progress(first, first - DAY)

    def _window(self, progress: _Progress, window: _Window) -> Iterator[Batch]:
        told: set[date] = set()
        while not self.api.context.is_stopping():
            exclude = ",".join(map(str, window.seen))
            asked = {"limit": str(PER_PAGE)} | ({"exclude_paths": exclude} if exclude else {})
            said = self.api.get("hits", window.first, window.last, **asked)
            answer, more = self._read(said, window, progress)
            told |= answer.days
            window = window.after(answer)
            is_too_long = len(exclude) > self.longest_exclude
            if more and is_too_long and window.first < window.last:
                yield self._batch(progress, answer)
                yield from self._halves(progress, window)
                return
            if more and is_too_long:
                window = replace(window, flaw=f"only the {len(window.seen)} most visited paths were read")
            if not more or is_too_long:
                progress.close(window)
                yield self._batch(progress, answer, self._coverage(progress, window, told))
                return
            progress.window = window
            yield self._batch(progress, answer)

    def _halves(self, progress: _Progress, window: _Window) -> Iterator[Batch]:
        """The window again in two parts: a shorter one has fewer paths."""
        half = (window.last - window.first) // 2
        for first, last in ((window.first, window.first + half), (window.first + half + DAY, window.last)):
            if self.api.context.is_stopping():
                return
            progress.window = None
            yield from self._window(progress, _Window(first, last))

    def _read(self, said: Any, window: _Window, progress: _Progress) -> tuple[_Told, bool]:
        hits = said.get("hits") if isinstance(said, dict) else None
        if not isinstance(hits, list):
            raise Malformed(f"{self.api.config.counter}: answered something else than a list of hits")
        answer = _Told()
        for hit in hits:
            self._read_hit(hit, answer, window, progress)
        more = said.get("more")
        more = more if isinstance(more, bool) else len(hits) >= PER_PAGE
        if more and set(answer.ids) <= set(window.seen):
            raise Malformed(f"{self.api.config.counter}: has more paths and tells the same ones again")
        return answer, more

    def _read_hit(self, hit: Any, answer: _Told, window: _Window, progress: _Progress) -> None:
        try:
            path_id = count_of(hit["path_id"])
            answer.ids.append(path_id)
            if hit.get("event"):  # a click or the like, named as a path
                return
            subject = self._subject(hit["path"], hit.get("title"))
            stats = list(hit["stats"])
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            answer.rejects.append(Reject(str(hit)[:200], f"{type(error).__name__}: {error}"[:200]))
            return
        answer.subjects.append(subject)
        for stat in stats:
            try:
                day, count = day_of(stat["day"]), _count(stat)
            except (ValueError, TypeError, LookupError) as error:
                answer.rejects.append(
                    Reject(f"{subject.name}: {stat}"[:200], f"{type(error).__name__}: {error}"[:200])
                )
                continue
            if not window.first <= day <= window.last:
                continue  # the day to spare
            answer.days.add(day)
            if count and day >= window.last - RE_READ:  # where the next read begins
                answer.counted.setdefault(str(day), []).append(path_id)
            if count or path_id in progress.counted.get(str(day), ()):
                observation = Observation("post_visitors", subject.id, str(day), noon(day), float(count))
                answer.observations.append(observation)
            if count and (progress.begins_on is None or day < progress.begins_on):
                progress.begins_on = day

    def _subject(self, path: Any, title: Any) -> Subject:
        if not isinstance(path, str) or not path:
            raise ValueError(f"{path!r} is not a path")
        stable = f"{self.api.config.identity} {path}"
        if len(stable) > LONGEST_ID:
            raise ValueError(f"a path of {len(path)} characters")
        name = self.api.config.page_name(path)
        return Subject(stable, name, "post", str(title or ""), name if "://" in name else "")

    def _coverage(self, progress: _Progress, window: _Window, told: set[date]) -> list[Coverage]:
        if progress.begins_on is None:
            return []
        first = max(window.first, progress.begins_on)
        if first > window.last:
            return []
        known: tuple[State, str] = ("partial", window.flaw) if window.flaw else ("measured", "")
        silent: tuple[State, str] = ("missing", "GoatCounter says nothing about these days")
        # No path at all: nobody came.
        return by_day(first, window.last, window.last, lambda day: known if not told or day in told else silent)

    def _batch(self, progress: _Progress, answer: _Told | None = None, coverage: Sequence[Coverage] = ()) -> Batch:
        answer = answer or _Told()
        return Batch(
            answer.observations,
            answer.rejects,
            checkpoint={self.api.config.identity: progress.checkpoint()},
            subjects=answer.subjects,
            coverage=coverage,
        )


def _count(stat: Any) -> int:
    """A day's visitors. Servers before 2.4 told page loads as `daily`, and visitors beside them."""
    return count_of(stat["daily_unique"] if "daily_unique" in stat else stat["daily"])


def open_streams(config: GoatcounterConfig, context: Context) -> Sequence[Stream]:
    """The one stream; the API tells no page loads and no visits of the whole site."""
    return (Pages(_Api(config, context)),)


CONNECTOR = Connector(
    "goatcounter",
    GoatcounterConfig,
    open_streams,
    (PAGES,),
    "visitors of the pages of a site, per day, as GoatCounter counts them",
)
