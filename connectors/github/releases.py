"""Downloads of the files that releases carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.base import Batch, Observation, Reject, Subject
from connectors.github.facts import count_of, entry, identity, instant
from connectors.github.readings import Visit
from connectors.github.walks import linked


def releases(visit: Visit) -> Iterator[Batch]:
    """How often each file of each release was downloaded until now. Only the end is sure of anything."""
    moment = visit.context.clock()
    day = moment.astimezone(visit.context.timezone).date().isoformat()
    seen: set[str] = set()
    for page, is_last in linked(visit.client, visit.errand, f"{visit.repository.path}/releases"):
        subjects: list[Subject] = []
        facts: list[Observation] = []
        rejects: list[Reject] = []
        for tag, said in _assets(visit, page, rejects):
            try:
                subject, count = _asset(visit, tag, said), count_of(said.get("download_count"))
            except ValueError as error:
                rejects.append(
                    Reject(f"file {said.get('name')} of release {tag} of {visit.repository.name}", str(error))
                )
                continue
            if subject.id not in seen:  # a release published meanwhile moves the others to the next page
                seen.add(subject.id)
                subjects.append(subject)
                facts.append(Observation("release_downloads", subject.id, day, moment, value=count))
        yield Batch(facts, rejects, {"read_on": day} if is_last else None, subjects)


def _assets(visit: Visit, page: list[Any], rejects: list[Reject]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The files of some releases, each with its tag. Drafts are left out: nobody can download them."""
    for item in page:
        try:
            release = entry(item)
            if release.get("draft"):
                continue
            tag, files = identity(release, "tag_name"), release.get("assets")
            if not isinstance(files, list):
                raise ValueError("no assets")  # noqa: TRY004 - a fault of the data, like the others
            found = [entry(file) for file in files]
        except ValueError as error:
            which = item.get("id") if isinstance(item, dict) else None
            rejects.append(Reject(f"release {which or 'without id'} of {visit.repository.name}", str(error)))
        else:
            yield from ((tag, file) for file in found)


def _asset(visit: Visit, tag: str, said: Mapping[str, Any]) -> Subject:
    return Subject(
        f"asset:{identity(said, 'id')}",
        f"{visit.repository.name} {tag} {identity(said, 'name')}",
        "repo",
        str(said.get("label") or ""),
        str(said.get("browser_download_url") or ""),
        published_at=instant(said.get("created_at")),
    )
