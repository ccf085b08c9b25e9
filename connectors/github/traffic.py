"""Views and clones by day, and where visitors come from: the fortnight that GitHub remembers of a repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.base import Batch, Observation, Reject, Subject
from connectors.errors import Malformed, NotPermitted
from connectors.github.facts import AHEAD, OLDEST, count_of, entry, instant
from connectors.github.readings import Visit
from connectors.github.survey import Repository

# What is counted → the metrics of its number and of the people behind it.
DAILY = {"views": ("traffic_views", "traffic_visitors"), "clones": ("traffic_clones", "traffic_cloners")}


def traffic(visit: Visit) -> Iterator[Batch]:
    """Views and clones of each day that had some. GitHub says nothing of the others, and neither do we."""
    _insist_on_token(visit)
    facts: list[Observation] = []
    rejects: list[Reject] = []
    for what, metrics in DAILY.items():
        answer = visit.client.get(visit.errand, f"{visit.repository.path}/traffic/{what}", per="day")
        days = answer.get(what)
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
    checkpoint = {"read_on": visit.context.clock().date().isoformat()}
    yield Batch(facts, rejects, checkpoint, [visit.repository.subject])


def referrers(visit: Visit) -> Iterator[Batch]:
    """The ten places that sent, and the ten pages that got, the most views within the last 14 days."""
    _insist_on_token(visit)
    moment = visit.context.clock()
    day = moment.astimezone(visit.context.timezone).date().isoformat()
    subjects: dict[str, Subject] = {}
    views: dict[tuple[str, str], int] = {}
    rejects: list[Reject] = []
    for metric, what, read in (("referrer_views", "referrers", _referrer), ("path_views", "paths", _path)):
        path = f"{visit.repository.path}/traffic/popular/{what}"
        for said in visit.client.page(visit.errand, path).items:
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
    yield Batch(facts, rejects, {"read_on": day}, list(subjects.values()))


def _insist_on_token(visit: Visit) -> None:
    """Nobody is nowhere allowed to: asking would draw a refusal that ends the whole source."""
    if visit.client.token is None:
        raise NotPermitted(
            f"{visit.errand.whole}: GitHub tells it to those with the permission {visit.errand.permission} only",
            remedy="set token",
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
