"""Views and clones by day, and where visitors come from: the fortnight that GitHub remembers of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.base import Batch, Observation, Reject, Subject
from connectors.errors import Malformed, NotPermitted
from connectors.github.asks import Ask, Asking, Etag, Get
from connectors.github.facts import AHEAD, OLDEST, count_of, entry, instant
from connectors.github.failures import SwitchedOff
from connectors.github.planning import Rounds
from connectors.github.repository import Repository
from connectors.github.visit import Visit

NO_PUSH = ("READ", "TRIAGE")
CERTAIN = 2  # refusals, after which it is asked for once a day
# What is counted → the metrics of its number and of the people behind it.
DAILY = {"views": ("traffic_views", "traffic_visitors"), "clones": ("traffic_clones", "traffic_cloners")}


@dataclass(slots=True)
class Traffic:
    """Reads both kinds of it, once a day, and remembers for the run, and for the day, which repositories refused.

    That a token has no right to three of them does not tell that it has none to the fourth.
    """

    _refused: dict[int, NotPermitted] = field(default_factory=dict)

    def by_day(self, visit: Visit) -> Asking[Batch]:
        """Views and clones of each day that had some."""
        part, today = visit.part or {}, visit.context.clock().date().isoformat()
        _insist_on_rights(visit)
        if part.get("read_on") == today:
            yield Batch()
        elif _is_refused(part, today):
            raise self._remember(visit, part["why"], part["remedy"])
        else:
            try:
                yield from _by_day(visit, today)
            except SwitchedOff:
                raise
            except NotPermitted as error:
                refused = {"refused_on": today, "refusals": part.get("refusals", 0) + 1}
                yield Batch(checkpoint={"": {**part, **refused, "why": error.what, "remedy": error.remedy}})
                raise self._remember(visit, error.what, error.remedy) from error

    def by_place(self, visit: Visit) -> Asking[Batch]:
        """The places that sent visitors, and the pages that they saw."""
        _insist_on_rights(visit)
        if (refusal := self._refused.get(visit.repository.id)) is not None:
            what = refusal.what.replace("traffic", visit.errand.what, 1)
            raise NotPermitted(what, remedy=refusal.remedy, subject=refusal.subject)
        yield from _by_place(visit)

    def _remember(self, visit: Visit, what: str, remedy: str) -> NotPermitted:
        error = NotPermitted(what, remedy=remedy, subject=visit.errand.subject)
        self._refused[visit.repository.id] = error
        return error


def _by_day(visit: Visit, today: str) -> Asking[Batch]:
    """GitHub says nothing of days without views, and neither do we."""
    facts: list[Observation] = []
    rejects: list[Reject] = []
    known = (visit.part or {}).get("etags") or {}
    asks: list[Ask] = [
        Get(
            visit.errand,
            f"{visit.repository.path}/traffic/{what}",
            {"per": "day"},
            shape="object",
            etag=Etag(*known[what]) if what in known else None,
        )
        for what in DAILY
    ]
    pages = yield asks
    for (what, metrics), page in zip(DAILY.items(), pages, strict=True):
        if page.is_known:
            continue
        days = page.data.get(what)
        if not isinstance(days, list):
            raise Malformed(
                f"{visit.errand.whole}: an answer without {what}",
                remedy="tried again later",
                subject=visit.errand.subject,
            )
        for said in days:
            try:
                facts += _day(visit, said, metrics)
            except ValueError as error:
                rejects.append(Reject(f"a day of the {what} of {visit.repository.name}", str(error)))
    etags = {what: [page.etag.owner, page.etag.value] for what, page in zip(DAILY, pages, strict=True) if page.etag}
    yield Batch(facts, rejects, {"": {"read_on": today, "etags": etags}}, [visit.repository.subject])


def _by_place(visit: Visit) -> Asking[Batch]:
    """The ten places that sent, and the ten pages that got, the most views within the last 14 days."""
    moment, day = visit.context.clock(), visit.day
    part, name = visit.part or {}, visit.repository.name
    if (part.get("read_on"), part.get("name")) == (day, name):
        yield Batch()
        return
    subjects: dict[str, Subject] = {}
    views: dict[tuple[str, str], int] = {}
    rejects: list[Reject] = []
    asks: list[Ask] = [Get(visit.errand, f"{visit.repository.path}/traffic/popular/{what}") for _, what, _ in POPULAR]
    pages = yield asks
    for (metric, what, read), page in zip(POPULAR, pages, strict=True):
        for said in page.items:
            try:
                subject, count = read(visit.repository, entry(said)), count_of(said.get("count"))
                # After a rename, a page is listed under the old name and under the new one.
                known = views.get((metric, subject.id), 0)
                Observation(metric, subject.id, day, moment, value=known + count)
            except ValueError as error:
                rejects.append(Reject(f"one of the {what} of {visit.repository.name}", str(error)))
            else:
                views[metric, subject.id] = known + count
                subjects[subject.id] = subject
    facts = [Observation(metric, subject, day, moment, value=count) for (metric, subject), count in views.items()]
    yield Batch(facts, rejects, {"": {"read_on": day, "name": name}}, list(subjects.values()))


def forecast(visit: Visit) -> Rounds:
    """Two requests a day, of either stream, where they are allowed."""
    part, today = visit.part or {}, visit.context.clock().date().isoformat()
    if visit.repository.permission in NO_PUSH or visit.access.config.is_anonymous or _is_refused(part, today):
        return []
    if part.get("read_on") == (today if "etags" in part else visit.day):
        return []
    return [[Get(visit.errand, visit.repository.path), Get(visit.errand, visit.repository.path)]]


def _is_refused(part: Mapping[str, Any], day: str) -> bool:
    """Whether it was refused today, and not for the first time: one refusal may pass."""
    return part.get("refused_on") == day and part["refusals"] >= CERTAIN


def _insist_on_rights(visit: Visit) -> None:
    """Raise NotPermitted where the answer could only be a refusal."""
    if visit.access.config.is_anonymous:
        # Nobody is nowhere allowed to: asking would draw a refusal that ends the whole source.
        raise NotPermitted(
            f"{visit.errand.whole}: GitHub tells it to those with the permission {visit.errand.permission} only",
            remedy="set token",
            subject=visit.errand.subject,
        )
    if visit.repository.permission in NO_PUSH:
        raise NotPermitted(
            f"{visit.errand.whole}: the token's owner may not push there, and only those who may are told;"
            f" a fine-grained token needs {visit.errand.permission} too",
            remedy="ask for push access, or leave it: the other streams are fine",
            subject=visit.errand.subject,
        )


def _day(visit: Visit, said: Any, metrics: tuple[str, str]) -> list[Observation]:
    moment = instant(entry(said).get("timestamp")).astimezone(UTC)
    if not OLDEST <= moment <= visit.context.clock() + AHEAD:
        raise ValueError(f"timestamp is {moment:%Y-%m-%d}")
    midnight = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    key, subject = midnight.date().isoformat(), visit.repository.subject.id
    counts = count_of(said.get("count")), count_of(said.get("uniques"))
    return [
        Observation(metric, subject, key, midnight, value=count)
        for metric, count in zip(metrics, counts, strict=True)
    ]


def _referrer(repository: Repository, said: Mapping[str, Any]) -> Subject:
    name = _text(said, "referrer")
    return Subject(f"repo:{repository.id}:referrer:{name}", f"{repository.name} from {name}", "repo")


def _path(repository: Repository, said: Mapping[str, Any]) -> Subject:
    # Without owner and name, which a rename changes.
    start, *parts = _text(said, "path").split("/", 3)
    if start or len(parts) < 2:
        raise ValueError(f"{str(said['path'])[:80]} is not below a repository")
    rest = "/" + "".join(parts[2:])
    return Subject(
        f"repo:{repository.id}:path:{rest}",
        f"{repository.name} at {rest}",
        "repo",
        str(said.get("title") or ""),
        repository.url and repository.url + rest.rstrip("/"),
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"no {name}")
    return value


POPULAR = (("referrer_views", "referrers", _referrer), ("path_views", "paths", _path))
