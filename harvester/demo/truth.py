"""What a faultless harvest of a world stores: totals by metric, subject and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from harvester.demo.things import Account, Repo, Thread, threads_of

if TYPE_CHECKING:
    from harvester.demo.world import World

LOS_ANGELES = ZoneInfo("America/Los_Angeles")  # whose days the star history counts by

Fact = tuple[str, str, date, int]

GIVEN = frozenset(
    ("issues_opened", "pulls_opened", "pulls_merged", "issue_comments", "pull_reviews", "discussion_comments",
     "answers")
)  # fmt: skip
"""What counts as given where the person does it in somebody else's repository."""


@dataclass(frozen=True, slots=True)
class Truth:
    """`days`: metric → (subject, day) → total, zeros absent. `levels`: metric → subject → its value now.

    Days are UTC days, except those of `stars`. Subjects are the names of architecture A3: owner/name, the
    canonical address of a page (of the site itself for `site_visits`), the title of a talk; a file of a release,
    a referrer and a page by the repository and their own names. Only repositories that the world's person
    maintains are counted; `given`, in the form of `days`: what the person did in those of others.
    """

    days: dict[str, dict[tuple[str, date], int]]
    levels: dict[str, dict[str, int]]
    given: dict[str, dict[tuple[str, date], int]]

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
    with world.lock:
        return Truth(_totals(_facts(world)), _levels(world), _totals(_given(world)))


def los_angeles_day(at: datetime) -> date:
    """The calendar day of an instant in Los Angeles."""
    return at.astimezone(LOS_ANGELES).date()


def _totals(facts: Iterable[Fact]) -> dict[str, dict[tuple[str, date], int]]:
    days: dict[str, Counter[tuple[str, date]]] = {}
    for metric, subject, day, count in facts:
        if count:
            days.setdefault(metric, Counter())[subject, day] += count
    return {metric: dict(counts) for metric, counts in days.items()}


def _levels(world: World) -> dict[str, dict[str, int]]:
    repos = world.maintained()
    return {
        "stargazers": {repo.full_name: len(repo.stars) for repo in repos},
        "watchers": {repo.full_name: repo.watchers for repo in repos},
        "release_downloads": {
            f"{repo.full_name} {release.tag} {file.name}": file.downloads
            for repo in repos
            for release in repo.releases
            if release.published_at is not None
            for file in release.assets
        },
        "referrer_views": {f"{r.full_name} from {name}": n for r in repos for name, n in largest(r.referrers)},
        "path_views": {f"{r.full_name} at {path or '/'}": n for r in repos for path, n in largest(r.paths)},
        "post_comments": {world.post_url(post.path): len(post.comments) for post in world.posts},
    }


def largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The ten that GitHub tells of referrers and of pages."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]


def _facts(world: World) -> Iterator[Fact]:
    for repo in world.maintained():
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
    for fork in repo.forks:
        yield "forks", name, _day(fork.created_at), int(fork.access == "open")
    for day, traffic in repo.traffic.items():
        yield "traffic_views", name, day, traffic.views
        yield "traffic_visitors", name, day, traffic.visitors
        yield "traffic_clones", name, day, traffic.clones
        yield "traffic_cloners", name, day, traffic.cloners
    for what, day, _ in _talk(repo):
        yield what, name, day, 1


def _given(world: World) -> Iterator[Fact]:
    for repo in world.repos:
        if not repo.maintained and repo.access == "open":
            for what, day, who in _talk(repo):
                if who == world.person and what in GIVEN:
                    yield what, repo.full_name, day, 1


def _talk(repo: Repo) -> Iterator[tuple[str, date, Account | None]]:
    """What was done in a repository's conversations, when, and whose work it is: a merge is its pull's author's."""
    for thread in threads_of(repo):
        if thread.pull is not None or repo.has_issues:
            yield from _thread(thread)
    for discussion in repo.discussions.values() if repo.has_discussions else ():
        yield "discussions_opened", _day(discussion.created_at), discussion.author
        for remark in discussion.remarks():
            if remark.deleted_at is None:
                yield "discussion_comments", _day(remark.created_at), remark.author
        if discussion.answer is not None and discussion.answered_at is not None:
            yield "answers", _day(discussion.answered_at), discussion.answer.author


def _thread(thread: Thread) -> Iterator[tuple[str, date, Account | None]]:
    pull = thread.pull
    for said in thread.comments:
        yield "issue_comments", _day(said.created_at), said.author
    if pull is None:
        yield "issues_opened", _day(thread.created_at), thread.author
        if thread.closed_at is not None:
            yield "issues_closed", _day(thread.closed_at), None
        return
    yield "pulls_opened", _day(thread.created_at), thread.author
    if pull.merged_at is not None:
        yield "pulls_merged", _day(pull.merged_at), thread.author
    for review in pull.reviews:
        if review.submitted_at is not None:
            yield "pull_reviews", _day(review.submitted_at), review.author
    for inline in pull.inline:
        if inline.review.submitted_at is not None:
            yield "review_comments", _day(inline.created_at), inline.author


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
