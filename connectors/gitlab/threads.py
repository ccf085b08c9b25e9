"""Issues and merge requests: what changed since the last read, with all that is said on each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from connectors.base import Batch, Coverage, Listing, Observation, Reject, StreamSpec
from connectors.errors import Gone, Malformed, NotPermitted
from connectors.gitlab.api import Api, Project
from connectors.gitlab.facts import Reader, reader_of, reject
from connectors.gitlab.specs import ISSUES, MERGE_REQUESTS

TOGETHER = 10
"""Threads of a batch: each takes requests of its own, and what was read shall be kept when the next is refused."""

_UNUSABLE = (ValueError, TypeError, LookupError, AttributeError)


@dataclass(slots=True)
class Told:
    """What some threads tell. `complete`: numbers of those whose comments were all read."""

    facts: list[Observation] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    complete: list[int] = field(default_factory=list)


class Kind(Protocol):
    """What issues and merge requests do not have in common. `lacks`: why approvals are missing."""

    spec: StreamSpec
    path: str
    on: str
    lacks: str

    def begin(self, api: Api) -> None:
        """Turn to another project."""
        ...

    def facts(self, reader: Reader, item: Any) -> Iterator[Observation]:
        """Of the thread itself."""
        ...

    def rest(self, api: Api, project: Project, reader: Reader, item: Any, told: Told) -> None:
        """Add what is said on it."""
        ...

    def listings(self, subject: str, told: Told) -> list[Listing]:
        """What may have vanished from these threads."""
        ...


@dataclass(slots=True)
class IssueThreads:
    """Issues, with their comments."""

    spec: StreamSpec = ISSUES
    path: str = "issues"
    on: str = "issue"
    lacks: str = ""

    def begin(self, api: Api) -> None:
        """Nothing is remembered."""

    def facts(self, reader: Reader, item: Any) -> Iterator[Observation]:
        """Opened and closed."""
        return reader.issue(item)

    def rest(self, api: Api, project: Project, reader: Reader, item: Any, told: Told) -> None:
        """Comments, where there are any."""
        notes = notes_of(api, project, self.path, item) if item.get("user_notes_count") != 0 else []
        add_notes(reader, notes, item["iid"], self.on, told)

    def listings(self, subject: str, told: Told) -> list[Listing]:
        """A reopened issue is closed no more; comments are deleted."""
        return [
            Listing("issues_closed", subject, numbers=told.numbers, cause="reopened"),
            Listing("issue_comments", subject, on=self.on, numbers=told.complete, cause="deleted"),
        ]


@dataclass(slots=True)
class MergeThreads:
    """Merge requests, with their comments and approvals."""

    spec: StreamSpec = MERGE_REQUESTS
    path: str = "merge_requests"
    on: str = "pull"
    lacks: str = ""

    def begin(self, api: Api) -> None:
        """Approvals are asked for again, where there is a token to ask with."""
        self.lacks = "" if api.config.token else "approvals are told only with a token"

    def facts(self, reader: Reader, item: Any) -> Iterator[Observation]:
        """Opened and merged."""
        return reader.merge_request(item)

    def rest(self, api: Api, project: Project, reader: Reader, item: Any, told: Told) -> None:
        """Approvals, and comments where there are any."""
        approvals = self._approvals(api, project, item)
        is_undated = any(isinstance(one, dict) and one.get("approved_at") is None for one in approvals)
        notes = notes_of(api, project, self.path, item) if is_undated or item.get("user_notes_count") != 0 else []
        add_notes(reader, notes, item["iid"], self.on, told)
        for approval in approvals:
            try:
                told.facts.append(reader.approval(approval, item["id"], item["iid"], notes))
            except _UNUSABLE as error:
                told.rejects.append(reject(f"approval of !{item['iid']}", approval, error))

    def _approvals(self, api: Api, project: Project, item: Any) -> list[Any]:
        if self.lacks:
            return []
        try:
            said = api.get(f"projects/{project.id}/merge_requests/{item['iid']}/approvals", project.path)
        except (NotPermitted, Gone) as error:
            self.lacks = f"approvals are not told: {error.what}"
            return []
        approved = said.get("approved_by") if isinstance(said, dict) else None
        if not isinstance(approved, list):
            raise Malformed(f"{api.config.host}: tells no approvals of {project.path}!{item['iid']}")
        return approved

    def listings(self, subject: str, told: Told) -> list[Listing]:
        """Comments are deleted. Approvals stay: one that a later push took away was given all the same."""
        return [
            Listing(metric, subject, on=self.on, numbers=told.complete, cause="deleted")
            for metric in ("issue_comments", "review_comments")
        ]


def notes_of(api: Api, project: Project, path: str, item: Any) -> list[Any]:
    """All notes of a thread, those that GitLab itself wrote among them."""
    what = f"projects/{project.id}/{path}/{item['iid']}/notes"
    parameters = {"sort": "asc", "order_by": "created_at"}
    return [note for notes in api.items(what, project.path, parameters) for note in notes]


def add_notes(reader: Reader, notes: list[Any], number: int, on: str, told: Told) -> None:
    """Add the comments among the notes of a thread."""
    before = len(told.rejects)
    for note in notes:
        try:
            fact = reader.note(note, number, on)
        except _UNUSABLE as error:
            told.rejects.append(reject(f"note of {number}", note, error))
        else:
            told.facts += [fact] if fact else []
    if len(told.rejects) == before:
        told.complete.append(number)


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of a project by their last change, oldest first, so that nothing moves to a page that was read."""

    api: Api
    kind: Kind

    @property
    def spec(self) -> StreamSpec:
        """Of issues or of merge requests."""
        return self.kind.spec

    def project(self, project: Project, known: Mapping[str, Any]) -> Iterator[Batch]:
        """A batch for some threads at a time, each a point to go on from."""
        subject, path = str(project.id), self.kind.path
        if is_off(project, path):
            raise NotPermitted(f"{project.path}: {path.replace('_', ' ')} are switched off", subject=project.path)
        self.kind.begin(self.api)
        since = self.api.context.since
        at = known.get("at") or (f"{since}T00:00:00Z" if since else None)
        flaws = 0
        for items in self._pages(project, at):
            for start in range(0, len(items), TOGETHER):
                some = items[start : start + TOGETHER]
                told = self._tell(project, some)
                flaws += len(told.rejects)
                at = _updated(some[-1]) or at
                yield Batch(
                    told.facts,
                    told.rejects,
                    {subject: {**known, "at": at}},
                    listings=self.kind.listings(subject, told),
                )
        today = self.api.context.today()
        first = project.first_day(known, self.api.context)
        yield Batch(
            checkpoint={subject: {"at": at, "through": str(today)}},
            coverage=[self._span(metric.name, first, today, flaws) for metric in self.spec.metrics],
        )

    def _span(self, metric: str, first: Any, today: Any, flaws: int) -> Coverage:
        if metric == "pull_reviews" and self.kind.lacks:
            return Coverage(first, today, "missing", self.kind.lacks[:300], (metric,))
        if flaws:
            return Coverage(first, today, "partial", f"records that could not be used: {flaws}", (metric,))
        return Coverage(first, today, metrics=(metric,))

    def _pages(self, project: Project, begin: str | None) -> Iterator[list[Any]]:
        """Lists from the last change seen on; within one instant that fills a page, by number."""
        what, number = f"projects/{project.id}/{self.kind.path}", 1
        while True:
            parameters: dict[str, str | int] = {
                "scope": "all",
                "state": "all",
                "order_by": "updated_at",
                "sort": "asc",
                "page": number,
                **({"updated_after": begin} if begin else {}),
            }
            items, has_more = self.api.page(what, project.path, parameters)
            yield items
            if not has_more:
                return
            last = _updated(items[-1]) if items else None
            if last is None:
                raise Malformed(f"{self.api.config.host}: does not say when {self.kind.path} changed")
            number, begin = (number + 1, begin) if last == begin else (1, last)

    def _tell(self, project: Project, items: list[Any]) -> Told:
        told, reader = Told(), reader_of(self.api.config, project.id, self.api.context.clock())
        for item in items:
            before = len(told.rejects)
            try:
                for fact in self.kind.facts(reader, item):
                    told.facts.append(fact)
            except _UNUSABLE as error:
                told.rejects.append(reject(self.kind.path, item, error))
            if not isinstance(item, dict) or not isinstance(item.get("iid"), int):
                continue
            if len(told.rejects) == before:
                told.numbers.append(item["iid"])
            try:
                self.kind.rest(self.api, project, reader, item, told)
            except (Gone, NotPermitted) as error:  # deleted or hidden since the list was made
                told.rejects.append(reject(self.kind.path, item["iid"], error))
        return told


def is_off(project: Project, path: str) -> bool:
    """Whether a project has no issues or no merge requests at all."""
    about = project.about
    return about.get(f"{path}_access_level") == "disabled" or about.get(f"{path}_enabled") is False


def _updated(item: Any) -> str | None:
    at = item.get("updated_at") if isinstance(item, dict) else None
    return at if isinstance(at, str) else None
