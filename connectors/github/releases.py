"""Downloads of the files that releases carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from connectors.base import Batch, Observation, Reject, Subject
from connectors.github.asks import Asking, Query
from connectors.github.facts import count_of, entry, identity, instant
from connectors.github.failures import TooMuch
from connectors.github.nested import complete
from connectors.github.planning import Rounds
from connectors.github.queries import RELEASE_NESTED, RELEASES, entries
from connectors.github.visit import Visit

# Downloads show in no sign: they are read again after so long, and on every new day.
FRESH = timedelta(hours=6)
PAGE = 20


def releases(visit: Visit) -> Asking[Batch]:
    """How often each file of each release was downloaded until now. Only the end is sure of anything."""
    if (refusal := visit.repository.forbidden.get("releases")) is not None:
        raise refusal
    if visit.repository.signs["releases"].total == 0 or is_fresh(visit):
        yield Batch()
        return
    after: str | None = None
    first = PAGE
    told: list[Any] = []
    while True:
        try:
            (data,) = yield [_ask(visit, first, after)]
        except TooMuch:
            if first == 1:
                raise
            first //= 2
            continue
        nodes, after = entries(visit.errand, data.get("releases"))
        yield from complete(visit.errand, nodes, RELEASE_NESTED)
        told += nodes
        if after is None:
            break
    yield downloads(visit, told)


def forecast(visit: Visit) -> Rounds:
    """A request per 20 releases, where it is time."""
    if "releases" in visit.repository.forbidden or is_fresh(visit):
        return []
    total = visit.repository.signs["releases"].total
    return [[_ask(visit, PAGE, None)] for _ in range(ceil(total / PAGE))]


def _ask(visit: Visit, first: int, after: str | None) -> Query:
    values = {"id": visit.repository.node, "first": first, "after": after}
    return Query(visit.errand, RELEASES, values, first * 5)


def is_fresh(visit: Visit) -> bool:
    """Whether the last reading, of today, is recent."""
    part = visit.part or {}
    if part.get("read_on") != visit.day or "read" not in part:
        return False
    return visit.context.clock() - datetime.fromisoformat(part["read"]) < FRESH


def downloads(visit: Visit, told: list[Any]) -> Batch:
    """The reading of releases as REST or GraphQL tells them."""
    moment, day = visit.context.clock(), visit.day
    subjects: dict[str, Subject] = {}
    facts: list[Observation] = []
    rejects: list[Reject] = []
    for tag, said in _assets(visit, told, rejects):
        try:
            subject, count = _asset(visit, tag, said), count_of(_any(said, "downloadCount", "download_count"))
        except ValueError as error:
            rejects.append(Reject(f"file {said.get('name')} of release {tag} of {visit.repository.name}", str(error)))
            continue
        if subject.id not in subjects:  # a release published meanwhile moves the others to the next page
            subjects[subject.id] = subject
            facts.append(Observation("release_downloads", subject.id, day, moment, value=count))
    checkpoint = {"": {"read_on": day, "read": moment.isoformat()}}
    return Batch(facts, rejects, checkpoint, list(subjects.values()))


def _assets(visit: Visit, told: list[Any], rejects: list[Reject]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The files of some releases, each with its tag. Drafts are left out: nobody can download them."""
    for item in told:
        try:
            release = entry(item)
            if release.get("draft") or release.get("isDraft"):
                continue
            tag = identity(release, "tagName", "tag_name")
            files = release["releaseAssets"]["nodes"] if "releaseAssets" in release else release.get("assets")
            if not isinstance(files, list):
                raise ValueError("no assets")  # noqa: TRY004 - a fault of the data, like the others
            found = [entry(file) for file in files]
        except ValueError as error:
            which = item.get("id") if isinstance(item, dict) else None
            rejects.append(Reject(f"release {which or 'without id'} of {visit.repository.name}", str(error)))
        else:
            yield from ((tag, file) for file in found)


def _asset(visit: Visit, tag: str, said: Mapping[str, Any]) -> Subject:
    # GraphQL knows a file by its node id only; REST tells that too.
    node = said.get("node_id") or said.get("id")
    return Subject(
        f"asset:{identity({'id': node}, 'id')}",
        f"{visit.repository.name} {tag} {identity(said, 'name')}",
        "repo",
        str(said.get("label") or ""),
        str(_any(said, "browser_download_url", "url") or ""),
        published_at=instant(_any(said, "createdAt", "created_at")),
    )


def _any(said: Mapping[str, Any], *names: str) -> Any:
    return next((said[name] for name in names if said.get(name) is not None), None)
