"""What a faultless harvest of a world stores: totals by metric, subject and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from harvester.demo.things import Repo, threads_of

if TYPE_CHECKING:
    from harvester.demo.world import World

LOS_ANGELES = ZoneInfo("America/Los_Angeles")  # whose days the star history counts by

Fact = tuple[str, str, date, int]


@dataclass(frozen=True, slots=True)
class Truth:
    """`days`: metric → (subject, day) → total, zeros absent. `levels`: metric → subject → its value now.

    Days are UTC days, except those of `stars`. Subjects are the names of architecture A3: owner/name, the
    canonical address of a page (of the site itself for `site_visits`), the title of a talk.
    """

    days: dict[str, dict[tuple[str, date], int]]
    levels: dict[str, dict[str, int]]

    def total(self, metric: str) -> int:
        """The sum over all subjects and days."""
        return sum(self.days.get(metric, {}).values())

    def by_day(self, metric: str) -> dict[date, int]:
        """The sum over all subjects, per day."""
        sums: Counter[date] = Counter()
        for (_, day), count in self.days.get(metric, {}).items():
            sums[day] += count
        return dict(sums)


def truth_of(world: World) -> Truth:
    """Count what is in the world now; what was taken back (unstars, deletions) counts nowhere."""
    days: dict[str, Counter[tuple[str, date]]] = {}
    with world.lock:
        for metric, subject, day, count in _facts(world):
            if count:
                days.setdefault(metric, Counter())[subject, day] += count
        repos = [r for r in world.repos if r.access in ("open", "private")]
        levels = {
            "stargazers": {r.full_name: len(r.stars) for r in repos},
            "forks": {r.full_name: len(r.forks) for r in repos},
            "watchers": {r.full_name: r.watchers for r in repos},
            "post_comments": {world.post_url(p.path): len(p.comments) for p in world.posts},
        }
    return Truth({metric: dict(counts) for metric, counts in days.items()}, levels)


def los_angeles_day(at: datetime) -> date:
    """The calendar day of an instant in Los Angeles."""
    return at.astimezone(LOS_ANGELES).date()


def _facts(world: World) -> Iterator[Fact]:
    for repo in world.repos:
        if repo.access in ("open", "private"):
            yield from _facts_of(repo)
    for post in world.posts:
        yield "posts_published", world.post_url(post.path), _day(post.published_at), 1
    for day, pages in world.page_reads.items():
        for path, reads in pages.items():
            if not world.is_dark(day):
                yield "post_reads", world.post_url(path), day, reads.pageviews
                yield "post_visitors", world.post_url(path), day, reads.visitors
    for day, site in world.site_reads.items():
        if not world.is_dark(day):
            yield "site_visits", world.post_url("/"), day, site.visits
    for talk in world.talks:
        yield "talks", talk.title, talk.day, 1
        yield "talk_audience", talk.title, talk.day, talk.audience
        yield "attendees", talk.title, talk.day, talk.attendees
        yield "talk_interactions", talk.title, talk.day, talk.interactions


def _facts_of(repo: Repo) -> Iterator[Fact]:
    name = repo.full_name
    for star in repo.stars:
        yield "stars", name, los_angeles_day(star.at), 1
    for day, traffic in repo.traffic.items():
        yield "traffic_views", name, day, traffic.views
        yield "traffic_visitors", name, day, traffic.visitors
        yield "traffic_clones", name, day, traffic.clones
        yield "traffic_cloners", name, day, traffic.cloners
    for thread in threads_of(repo):
        pull = thread.pull
        if pull is None and not repo.has_issues:
            continue
        for said in thread.comments:
            yield "issue_comments", name, _day(said.created_at), 1
        if pull is None:
            yield "issues_opened", name, _day(thread.created_at), 1
            if thread.closed_at is not None:
                yield "issues_closed", name, _day(thread.closed_at), 1
            continue
        yield "pulls_opened", name, _day(thread.created_at), 1
        if pull.merged_at is not None:
            yield "pulls_merged", name, _day(pull.merged_at), 1
        for review in pull.reviews:
            if review.submitted_at is not None:
                yield "pull_reviews", name, _day(review.submitted_at), 1
        for inline in pull.inline:
            yield "review_comments", name, _day(inline.created_at), 1


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
