"""Videos of a channel, published once each and counted at every read, and the channel's subscribers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from connectors.base import Batch, Context, Cost, Coverage, Cursor, Observation, Reject, Stream, StreamSpec, Subject
from connectors.errors import Gone, Malformed, Unavailable
from connectors.etiquette import Manners, Visit
from connectors.http import Page
from connectors.instants import instant_of
from connectors.pages import DAY, count_of, day_of
from connectors.youtube.api import PER_PAGE, QUOTA, DataApi
from connectors.youtube.config import YoutubeConfig
from connectors.youtube.feed import LATEST, FeedVideo, read_feed
from connectors.youtube.specs import CHANNEL, VIDEOS

_LONGEST_ID = 100
# The counters, and why a video may have none.
_LEVELS = {"video_views": "videos that hide their views", "video_comments": "videos with comments switched off"}


@dataclass(slots=True)
class _Told:
    """What was told of videos, and why some of it is missing. `lacks`: by metric."""

    now: datetime
    today: date
    observations: list[Observation] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    lacks: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in _LEVELS})

    def video(self, name: str, title: str, published: Any, counts: Mapping[str, Any], *, is_out: bool = True) -> None:
        """Add a video; one without id or date is a reject, a count that is not told is missing."""
        try:
            if not name or len(name) > _LONGEST_ID:
                raise ValueError(f"{name!r} is not the id of a video")
            published_at = instant_of(published, self.now)
        except ValueError as error:
            self.rejects.append(Reject(f"video {name[:50]}: {title[:100]}", str(error)[:200]))
            return
        url = f"https://www.youtube.com/watch?v={name}"
        self.subjects.append(Subject(name, url, "video", title, url, published_at))
        if is_out:
            self.observations.append(Observation("videos_published", name, name, published_at))
        for metric, value in counts.items():
            if value in (None, ""):
                self.lacks[metric][_LEVELS[metric]] += 1
                continue
            try:
                count = count_of(value)
            except ValueError as error:
                self.rejects.append(Reject(f"{metric} of {name}", str(error)[:200]))
                self.lacks[metric]["counts that cannot be used"] += 1
            else:
                self.observations.append(Observation(metric, name, str(self.today), self.now, float(count)))

    def batch(self, checkpoint: Cursor, coverage: Sequence[Coverage] = ()) -> Batch:
        return Batch(self.observations, self.rejects, checkpoint, self.subjects, coverage)

    def level(self, metric: str, also: str = "") -> Coverage:
        """What today's readings of a counter are worth."""
        flaws = [f"{why}: {count}" for why, count in sorted(self.lacks[metric].items())]
        flaws += [also] if also else []
        return _span(metric, self.today, self.today, "; ".join(flaws))


@dataclass(frozen=True, slots=True)
class VideosByFeed:
    """The latest videos, without a key. The cursor remembers which were shown, to notice what went by unseen."""

    config: YoutubeConfig
    context: Context
    spec: StreamSpec = VIDEOS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """One batch: what the feed shows, or what is known where it has not changed or may not be asked yet.

        Views move without the feed's validators moving, so it is read in full once a day.
        """
        name, context = self.config.channel_id, self.context
        known = cursor.get(name) or {}
        visit = Visit(context, f"{self.config.feed_url}?channel_id={name}", self._videos)
        manners, now, today = Manners.of(known, visit.configured), context.clock(), context.today()
        if context.since is None and manners.rests(now):
            yield manners.left_alone(context, visit.configured, key="channel")
            return
        is_due = known.get("counted_on") != str(today) or context.since is not None
        try:
            answer = visit.ask(manners.move, None if is_due else known)
        except Gone as error:
            if (rest := manners.after_refusal(error, now)) is None:
                # YouTube answers 404 to feeds of living channels for hours on end.
                raise Unavailable(
                    f"{context.source}: YouTube does not show the channel's feed ({error.what})",
                    remedy="it mostly comes back by itself; if not, check `channel`, or give an api_key",
                ) from error
            yield Batch(checkpoint={name: {**known, **rest.part()}})
            raise
        told = _Told(now, today)
        validators = answer.page.validators
        manners = manners.after(answer, now, timedelta(0), has_validators=answer.content is None or bool(validators))
        if answer.content is None:
            # Nothing was published since: that is measured. Of the views it says nothing.
            memory = {**known, "read_at": now.isoformat(), **manners.part()}
            yield told.batch({name: memory}, self._published(told, known, known.get("shown") or ()))
            return
        if not answer.content and known.get("shown"):
            raise Malformed(f"{self.config.feed_url}: shows no video, and did before")
        for video in answer.content:
            told.video(video.id, video.title, video.published, {"video_views": video.views})
        shown = [video.id for video in answer.content]
        also = f"the feed shows the latest {LATEST} videos only" if len(shown) >= LATEST else ""
        memory = {"read_at": now.isoformat(), "shown": shown, "counted_on": str(today), **manners.part()}
        yield told.batch(
            {name: {**memory, **validators}},
            [
                *self._published(told, known, shown),
                told.level("video_views", also),
                Coverage(today, today, "missing", "the feed tells no comments", ("video_comments",)),
            ],
        )

    def _videos(self, page: Page) -> Sequence[FeedVideo]:
        return read_feed(page.body, self.config.feed_url)[1]

    def _published(self, told: _Told, known: Mapping[str, Any], shown: Sequence[str]) -> list[Coverage]:
        """Days of which it is known what was published."""
        dates = sorted(fact.occurred_at for fact in told.observations if fact.metric == "videos_published")
        first = self._day(dates[0]) if dates else told.today
        spans = []
        if known.get("read_at"):  # a read with a key leaves another memory
            read_at = datetime.fromisoformat(known["read_at"])
            slid = dates and dates[0] > read_at and not set(shown) & set(known["shown"])
            read_on = min(self._day(read_at), told.today)
            if slid and known["shown"]:
                reason = f"more than {LATEST} videos since the read before; with an api_key all are read"
                spans.append(Coverage(read_on, first, "lost", reason, ("videos_published",)))
                first = min(first + DAY, told.today)
            else:
                first = read_on
        flaw = "videos of the feed could not be used" if told.rejects else ""
        return [*spans, _span("videos_published", first, told.today, flaw)]

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(self.context.timezone).date()


@dataclass(frozen=True, slots=True)
class VideosByApi:
    """All videos of the channel: two units of quota for 50."""

    api: DataApi
    spec: StreamSpec = VIDEOS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """A batch for each page of the list; counters move without notice, so every read is a whole one."""
        context, name = self.api.context, self.api.config.channel_id
        known = cursor.get(name) or {}
        channel = self.api.channel()
        told = _Told(context.clock(), context.today())
        whole = _Told(told.now, told.today)  # lacks and rejects of all pages
        for ids in self._pages(channel):
            if context.is_stopping():
                return
            self._tell(told, ids)
            whole.rejects += told.rejects
            for metric, lacks in told.lacks.items():
                whole.lacks[metric] += lacks
            # Nothing is claimed yet, but what was read is kept if the next page fails.
            yield told.batch({name: dict(known)})
            told = _Told(context.clock(), context.today())
        flaw = "some videos could not be used" if whole.rejects else ""
        first = min(self._first(channel, known, whole), whole.today)
        published = _span("videos_published", first, whole.today, flaw)
        yield Batch(
            checkpoint={name: {"through": str(whole.today)}},
            coverage=[published, *(whole.level(metric) for metric in _LEVELS)],
        )

    def plan(self, cursor: Cursor) -> Sequence[Cost]:  # noqa: ARG002 - every read is a whole one
        """Two units for 50 videos, by the number that the channel tells, which itself costs one."""
        told = _statistics(self.api.channel()).get("videoCount")
        videos = int(told) if isinstance(told, str | int) and str(told).isdecimal() else 0
        units = 1 + 2 * max(1, -(-videos // PER_PAGE))
        return (Cost(QUOTA, units, units),)

    def _pages(self, channel: Mapping[str, Any]) -> Iterator[list[str]]:
        try:
            playlist = str(channel["contentDetails"]["relatedPlaylists"]["uploads"])
        except (TypeError, LookupError):
            raise Malformed(f"{self.api.config.api_url}/channels: names no playlist of uploads") from None
        try:
            yield from self.api.uploads(playlist)
        except Gone as error:
            # A channel that never published has no such playlist.
            if "playlistNotFound" not in error.codes or _statistics(channel).get("videoCount") not in ("0", 0):
                raise

    def _tell(self, told: _Told, ids: list[str]) -> None:
        items = {item.get("id"): item for item in self.api.videos(ids) if isinstance(item, dict)}
        for name in ids:
            item = items.get(name)
            if item is None:
                for lacks in told.lacks.values():
                    lacks["videos that are private or deleted"] += 1
                continue
            about = item["snippet"] if isinstance(item.get("snippet"), dict) else {}
            counts = _statistics(item)
            told.video(
                name,
                str(about.get("title") or ""),
                about.get("publishedAt"),
                {"video_views": counts.get("viewCount"), "video_comments": counts.get("commentCount")},
                # A premiere is listed from the day it is announced.
                is_out=about.get("liveBroadcastContent") != "upcoming",
            )

    def _first(self, channel: Mapping[str, Any], known: Mapping[str, Any], whole: _Told) -> date:
        """From when on the list is complete: the channel's first day, or where the last whole read ended."""
        if known.get("through"):
            return day_of(known["through"])
        try:
            return instant_of(channel["snippet"]["publishedAt"], whole.now).date()
        except (ValueError, TypeError, LookupError):
            return whole.today


@dataclass(frozen=True, slots=True)
class Subscribers:
    """The channel's subscribers, which YouTube rounds down to three digits."""

    api: DataApi
    spec: StreamSpec = CHANNEL

    def plan(self, cursor: Cursor) -> Sequence[Cost]:  # noqa: ARG002 - always the same
        """One unit."""
        return (Cost(QUOTA, 1, 1),)

    def read(self, cursor: Cursor) -> Iterator[Batch]:  # noqa: ARG002 - it is read anew each time
        """One batch; a channel may hide the number, which is then missing and not zero."""
        context, name = self.api.context, self.api.config.channel_id
        channel, today, now = self.api.channel(), context.today(), context.clock()
        about = channel["snippet"] if isinstance(channel.get("snippet"), dict) else {}
        url = f"https://www.youtube.com/channel/{name}"
        subject = Subject(name, url, "account", str(about.get("title") or ""), url)
        counts, facts, rejects = _statistics(channel), [], []
        coverage = Coverage(today, today)
        if counts.get("hiddenSubscriberCount") is True:
            coverage = Coverage(today, today, "missing", "the channel hides how many subscribers it has")
        else:
            try:
                count = count_of(counts.get("subscriberCount"))
                facts.append(Observation("subscribers", name, str(today), now, float(count)))
            except ValueError as error:
                rejects.append(Reject(f"subscribers of {name}", str(error)[:200]))
                coverage = Coverage(today, today, "missing", "YouTube tells no number of subscribers")
        yield Batch(facts, rejects, {name: {"read_on": str(today)}}, [subject], [coverage])


def _span(metric: str, first: date, last: date, flaw: str) -> Coverage:
    return Coverage(first, last, "partial" if flaw else "measured", flaw[:300], (metric,))


def _statistics(item: Mapping[str, Any]) -> dict[str, Any]:
    told = item.get("statistics")
    return told if isinstance(told, dict) else {}


def open_streams(config: YoutubeConfig, context: Context) -> Sequence[Stream]:
    """The latest videos without a key; all of them and the channel with one."""
    if config.api_key is None:
        return (VideosByFeed(config, context),)
    api = DataApi(config, config.api_key, context)
    return VideosByApi(api), Subscribers(api)
