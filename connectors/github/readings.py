"""What each stream reads of one repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.base import Batch, Context, Observation, Reject
from connectors.errors import NotPermitted
from connectors.github.client import Client
from connectors.github.facts import Facts, People, Reader
from connectors.github.failures import Errand
from connectors.github.queries import PULLS, REVIEWED, pull_pages, reviews_of
from connectors.github.survey import Repository
from connectors.github.walks import Part, Start, Step, linked, newest_first, oldest_first

Read = Callable[[Any], Facts]


@dataclass(frozen=True, slots=True)
class Visit:
    """One repository being read for one stream. `part`: its part of the cursor, None at the first time.

    Checkpoints of the batches made here are such parts; the stream names them after the repository.
    """

    client: Client
    repository: Repository
    part: Part | None
    context: Context
    people: People
    errand: Errand

    @property
    def start(self) -> Start:
        """Where to begin."""
        return Start.of(self.part, self.context.since)

    @property
    def reader(self) -> Reader:
        """Makes observations of the repository's objects."""
        return Reader(self.repository.subject.id, self.repository.name, self.people, self.context.clock())

    def batch(self, step: Step, read: Read) -> Batch:
        """The facts in a step of a walk, and where the walk stands after it."""
        start, reader = self.start, self.reader
        facts: list[Observation] = []
        rejects: list[Reject] = []
        for item in step.items:
            try:
                # A retraction takes back what may have happened on any day.
                facts.extend(f for f in read(item) if f.value == 0 or not start.leaves_out(f.occurred_at))
            except ValueError as error:
                rejects.append(reader.reject(self.errand.what, item, error))
        checkpoint = start.part(step.mark) if step.is_sure else None
        return Batch(facts, rejects, checkpoint, [self.repository.subject])


def levels(visit: Visit) -> Iterator[Batch]:
    """Stargazers, watchers and forks, as the survey has seen them: no request of its own."""
    repository = visit.repository
    counts = {"stargazers": repository.stargazers, "watchers": repository.watchers, "forks": repository.forks}
    yield _levels(visit, {metric: count for metric, count in counts.items() if count is not None})


def stars_by_level(visit: Visit) -> Iterator[Batch]:
    """The stars of a repository whose history this GitHub does not tell."""
    yield _levels(visit, {"stars": visit.repository.stargazers})


def issues(visit: Visit) -> Iterator[Batch]:
    """Issues opened and closed. The list has pull requests too, and they are skipped."""
    path = f"{visit.repository.path}/issues"
    for step in oldest_first(visit.client, visit.errand, path, visit.start, state="all"):
        yield visit.batch(step, visit.reader.issue)


def issue_comments(visit: Visit) -> Iterator[Batch]:
    """Comments in the conversations of issues and pull requests."""
    path = f"{visit.repository.path}/issues/comments"
    for step in oldest_first(visit.client, visit.errand, path, visit.start):
        yield visit.batch(step, visit.reader.issue_comment)


def review_comments(visit: Visit) -> Iterator[Batch]:
    """Comments on lines of pull requests."""
    path = f"{visit.repository.path}/pulls/comments"
    for step in oldest_first(visit.client, visit.errand, path, visit.start):
        yield visit.batch(step, visit.reader.review_comment)


def pulls(visit: Visit) -> Iterator[Batch]:
    """Pull requests opened and merged. REST, which says 16 KB of each, is for those without a token."""
    pages: Iterator[tuple[Sequence[Any], bool]]
    if visit.client.token is None:
        path = f"{visit.repository.path}/pulls"
        pages = linked(visit.client, visit.errand, path, state="all", sort="updated", direction="desc")
    else:
        pages = pull_pages(visit.client, visit.errand, visit.repository, PULLS)
    for step in newest_first(pages, visit.start):
        yield visit.batch(step, visit.reader.pull)


def pull_reviews(visit: Visit) -> Iterator[Batch]:
    """Reviews of the pull requests that changed: a review changes its pull request."""
    if visit.client.token is None:
        raise NotPermitted(
            "pull_reviews need a token, though one without any right: GitHub answers GraphQL to nobody else,"
            " and REST wants a request per pull request",
            remedy="set token",
        )

    pages = pull_pages(visit.client, visit.errand, visit.repository, REVIEWED)
    for step in newest_first(pages, visit.start):
        reviews = [
            {**review, "number": pull.get("number")}
            for pull in step.items
            for review in reviews_of(visit.client, visit.errand, pull)
        ]
        yield visit.batch(replace(step, items=reviews), visit.reader.review)


def _levels(visit: Visit, counts: Mapping[str, int]) -> Batch:
    repository = visit.repository
    day = repository.read_at.astimezone(visit.context.timezone).date().isoformat()
    return Batch(
        [
            Observation(metric, repository.subject.id, day, repository.read_at, value=count)
            for metric, count in counts.items()
        ],
        checkpoint={"read_on": day},
        subjects=[repository.subject],
    )
