"""The streams of GitLab projects: each reads project after project, and one that fails stops no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, Protocol

from connectors.base import (
    Batch,
    Context,
    Coverage,
    Cursor,
    Listing,
    Observation,
    Reject,
    Stream,
    StreamSpec,
    Subject,
)
from connectors.errors import ConnectorError, Gone, Malformed, NotPermitted
from connectors.gitlab.api import Api, Project
from connectors.gitlab.config import GitlabConfig
from connectors.gitlab.facts import reader_of, reject
from connectors.gitlab.specs import PROJECTS, REMEMBERED, STARS, TRAFFIC
from connectors.gitlab.threads import IssueThreads, MergeThreads, Threads
from connectors.pages import DAY, count_of, day_of

WHOLE_LIST = 7 * DAY
"""How often the list of stars is read although their number is the same: somebody left and somebody came."""


class Reading(Protocol):
    """How a stream reads one project."""

    @property
    def spec(self) -> StreamSpec:
        """What it yields."""
        ...

    def project(self, project: Project, known: Mapping[str, Any]) -> Iterator[Batch]:
        """What is new of a project; its coverage is of this project alone."""
        ...


@dataclass(frozen=True, slots=True)
class Projects:
    """A stream over all projects. The cursor has a part for each, by its number: a renamed one goes on."""

    api: Api
    reading: Reading

    @property
    def spec(self) -> StreamSpec:
        """The declaration that is kept."""
        return self.reading.spec

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new; a project that is gone or not permitted is a problem, all of them an error."""
        failures: list[ConnectorError] = []
        spans: list[Coverage] = []
        paths = tuple(dict.fromkeys(self.api.config.projects))
        for path in paths:
            try:
                project = self.api.project(path)
                about = subject_of(project)
                for batch in self.reading.project(project, cursor.get(about.id) or {}):
                    spans += batch.coverage
                    yield Batch(
                        batch.observations,
                        batch.rejects,
                        batch.checkpoint,
                        [about],
                        listings=batch.listings,
                    )
                    if self.api.context.is_stopping():
                        return
            except (Gone, NotPermitted) as error:
                failures.append(error)
        if failures and len(failures) == len(paths):
            raise failures[0]
        yield Batch(coverage=_together(spans, failures, len(paths)), problems=failures)


def subject_of(project: Project) -> Subject:
    """A project is known by its number and called by its path."""
    name, url = (str(project.about.get(key) or "") for key in ("name", "web_url"))
    return Subject(str(project.id), project.path, "repo", name, url)


def _together(spans: Sequence[Coverage], failures: Sequence[ConnectorError], projects: int) -> list[Coverage]:
    """What is known of each metric over all projects: the longest span, and every flaw."""
    by_metric: dict[str, list[Coverage]] = {}
    for span in spans:
        for metric in span.metrics or ():
            by_metric.setdefault(metric, []).append(span)
    told = []
    for metric, each in by_metric.items():
        reasons = [span.reason for span in each if span.state != "measured"]
        if failures:
            reasons.append(f"projects that could not be read: {len(failures)} of {projects}")
        first, last = min(span.first_day for span in each), max(span.last_day for span in each)
        reason = "; ".join(dict.fromkeys(reasons))[:300]
        state: Literal["missing", "partial", "measured"] = "partial" if reasons else "measured"
        if all(span.state == "missing" for span in each):
            state = "missing"
        told.append(Coverage(first, last, state, reason, (metric,)))
    return told


@dataclass(frozen=True, slots=True)
class Stargazers:
    """How many have starred a project."""

    api: Api
    spec: StreamSpec = PROJECTS

    def project(self, project: Project, known: Mapping[str, Any]) -> Iterator[Batch]:  # noqa: ARG002 - no memory
        """The number, which comes with the project itself."""
        today, now, subject = self.api.context.today(), self.api.context.clock(), str(project.id)
        checkpoint = {subject: {"read_on": str(today)}}
        try:
            count = count_of(project.about.get("star_count"))
        except ValueError as error:
            missing = Coverage(today, today, "missing", f"no number of stars of {project.path}", ("stargazers",))
            yield Batch((), [Reject(f"stars of {project.path}", str(error))], checkpoint, coverage=[missing])
            return
        fact = Observation("stargazers", subject, str(today), now, float(count))
        yield Batch([fact], checkpoint=checkpoint, coverage=[Coverage(today, today, metrics=("stargazers",))])


@dataclass(frozen=True, slots=True)
class Stars:
    """Who starred a project, and when. Stars that are taken back vanish from the list."""

    api: Api
    spec: StreamSpec = STARS

    def project(self, project: Project, known: Mapping[str, Any]) -> Iterator[Batch]:
        """The whole list in one batch; only the days, where the number is the same and the list is young."""
        context, subject = self.api.context, str(project.id)
        today, count = context.today(), project.about.get("star_count")
        first = project.first_day(known, context)
        listed_on = day_of(known["listed_on"]) if known.get("listed_on") else date.min
        if known and known.get("count") == count and today - listed_on < WHOLE_LIST:
            known = {**known, "through": str(today)}
            yield Batch(checkpoint={subject: known}, coverage=[self._span(first, today, known["hidden"])])
            return
        reader = reader_of(self.api.config, project.id, context.clock())
        facts: list[Observation] = []
        rejects: list[Reject] = []
        for items in self.api.items(f"projects/{project.id}/starrers", project.path):
            for item in items:
                try:
                    facts.append(reader.star(item))
                except (ValueError, TypeError, LookupError, AttributeError) as error:
                    rejects.append(reject("star", item, error))
            if context.is_stopping():
                return
        hidden = max(0, count - len(facts)) if isinstance(count, int) else 0
        listing = [] if rejects else [Listing("stars", subject, cause="taken back, or its owner hid the profile")]
        memory = {"count": count, "listed_on": str(today), "through": str(today), "hidden": hidden}
        yield Batch(facts, rejects, {subject: memory}, coverage=[self._span(first, today, hidden)], listings=listing)

    def _span(self, first: date, today: date, hidden: int) -> Coverage:
        if hidden:
            return Coverage(first, today, "partial", f"stars of private profiles: {hidden}", ("stars",))
        return Coverage(first, today, metrics=("stars",))


@dataclass(frozen=True, slots=True)
class Fetches:
    """Clones and fetches over HTTPS by day; GitLab remembers them for thirty days and counts none over SSH."""

    api: Api
    spec: StreamSpec = TRAFFIC

    def project(self, project: Project, known: Mapping[str, Any]) -> Iterator[Batch]:  # noqa: ARG002 - all is told
        """All days of the answer; one without fetches is not in it."""
        if self.api.config.token is None:
            raise NotPermitted(
                f"{project.path}: fetches are told only with a token",
                remedy="give a `token` with the scope read_api, of somebody who may push",
                subject=project.path,
            )
        context, subject = self.api.context, str(project.id)
        said = self.api.get(f"projects/{project.id}/statistics", project.path)
        try:
            days, total = list(said["fetches"]["days"]), count_of(said["fetches"]["total"])
        except (ValueError, TypeError, LookupError):
            raise Malformed(f"{self.api.config.host}: tells no fetches of {project.path}") from None
        today = context.clock().date()  # GitLab's days are UTC
        first = today - timedelta(days=REMEMBERED - 1)
        facts: list[Observation] = []
        rejects: list[Reject] = []
        for item in days:
            try:
                day, count = day_of(item["date"]), count_of(item["count"])
                if not first - DAY <= day <= today:
                    raise ValueError(f"{day} is not among the last {REMEMBERED} days")
            except (ValueError, TypeError, LookupError) as error:
                rejects.append(reject("fetches", item, error))
                continue
            noon = datetime.combine(day, time(12), UTC)
            facts.append(Observation("traffic_clones", subject, str(day), noon, float(count)))
        begins_on = min(max(first, project.first_day({}, context)), today)
        span = Coverage(begins_on, today, metrics=("traffic_clones",))
        if rejects or sum(fact.value for fact in facts) != total:
            flaw = f"the days of {project.path} do not add up to its total"
            span = Coverage(span.first_day, today, "partial", flaw, ("traffic_clones",))
        yield Batch(facts, rejects, {subject: {"through": str(today)}}, coverage=[span])


def open_streams(config: GitlabConfig, context: Context) -> Sequence[Stream]:
    """All streams; the one that takes a token says so when it is read without."""
    api = Api(config, context)
    readings: tuple[Reading, ...] = (
        Stargazers(api),
        Stars(api),
        Threads(api, IssueThreads()),
        Threads(api, MergeThreads()),
        Fetches(api),
    )
    return tuple(Projects(api, reading) for reading in readings)
