"""What a world is made of: accounts, repositories and what happens in them, posts, reads, talks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]
Access = Literal["open", "private", "gone", "blocked"]

JOINED = datetime(2011, 1, 25, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a login. A deleted account is None wherever an author stands."""

    login: str
    id: int
    type: Literal["User", "Bot", "Organization"] = "User"
    created_at: datetime = JOINED


@dataclass(slots=True, eq=False)
class Mark:
    """A star: who gave it and when."""

    account: Account
    at: datetime


@dataclass(slots=True, eq=False)
class Comment:
    """A comment in the conversation of an issue or a pull request."""

    id: int
    author: Account | None
    created_at: datetime
    updated_at: datetime
    thread: Thread = field(repr=False)

    @property
    def repo(self) -> Repo:
        """Where it stands."""
        return self.thread.repo


@dataclass(slots=True, eq=False)
class InlineComment(Comment):
    """A comment on a line of a diff, part of a review. `root`: the comment whose answer it is, or itself."""

    review: Review = field(repr=False)
    root: int


@dataclass(slots=True, eq=False)
class Review:
    """A review; a pending one has no `submitted_at` and is seen, with its comments, by its author only."""

    id: int
    author: Account | None
    state: ReviewState
    created_at: datetime
    submitted_at: datetime | None
    thread: Thread = field(repr=False)

    @property
    def repo(self) -> Repo:
        """Where it stands."""
        return self.thread.repo


@dataclass(slots=True, eq=False)
class Pull:
    """What a pull request has beside an issue. Its id is not the id of its issue."""

    id: int
    merged_at: datetime | None = None
    merged_by: Account | None = None
    reviews: list[Review] = field(default_factory=list)
    inline: list[InlineComment] = field(default_factory=list)

    def told(self) -> list[InlineComment]:
        """Its inline comments without those of pending reviews."""
        return [said for said in self.inline if said.review.submitted_at is not None]


@dataclass(slots=True, eq=False)
class Thread:
    """An issue, or a pull request where `pull` is there: they share numbers and comments."""

    id: int
    number: int
    title: str
    author: Account | None
    created_at: datetime
    updated_at: datetime
    repo: Repo = field(repr=False)
    closed_at: datetime | None = None
    reason: Literal["completed", "not_planned", "reopened"] | None = None
    comments: list[Comment] = field(default_factory=list)
    pull: Pull | None = None


@dataclass(slots=True, eq=False)
class Discussion:
    """A discussion; its number is of the same sequence as those of issues and pull requests.

    `answered_at`: when `answer`, one of its comments or their replies, was chosen.
    """

    id: int
    number: int
    title: str
    author: Account | None
    created_at: datetime
    updated_at: datetime
    repo: Repo = field(repr=False)
    comments: list[Remark] = field(default_factory=list)
    answer: Remark | None = None
    answered_at: datetime | None = None

    def remarks(self) -> Iterator[Remark]:
        """Everything that was said in it: comments and replies."""
        for comment in self.comments:
            yield comment
            yield from comment.replies


@dataclass(slots=True, eq=False)
class Remark:
    """A comment in a discussion, or a reply to one. Deleted under its replies, it stays without its author."""

    id: int
    author: Account | None
    created_at: datetime
    updated_at: datetime
    discussion: Discussion = field(repr=False)
    reply_to: Remark | None = field(default=None, repr=False)
    replies: list[Remark] = field(default_factory=list)
    deleted_at: datetime | None = None

    @property
    def repo(self) -> Repo:
        """Where it stands."""
        return self.discussion.repo


@dataclass(frozen=True, slots=True)
class Traffic:
    """What GitHub counted of a repository on one UTC day."""

    views: int = 0
    visitors: int = 0
    clones: int = 0
    cloners: int = 0


@dataclass(slots=True, eq=False)
class Asset:
    """A file of a release."""

    id: int
    name: str
    created_at: datetime
    release: Release = field(repr=False)
    downloads: int = 0


@dataclass(slots=True, eq=False)
class Release:
    """A release; a draft is one that is not published."""

    id: int
    tag: str
    created_at: datetime
    published_at: datetime | None
    repo: Repo = field(repr=False)
    assets: list[Asset] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Repo:
    """A repository. `access`: gone answers 404, blocked 451. `moved` holds where transferred issues went.

    `maintained`: whether the world's person runs it; what others run counts only for what the person gave there.
    `parent`: of what it is a fork; `forks`: its own, not theirs. `referrers` and `paths`: the views of the last
    14 days by where they came from, and by page below the repository.
    """

    id: int
    owner: Account
    name: str
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    description: str = ""
    maintained: bool = True
    parent: Repo | None = field(default=None, repr=False)
    former_names: list[str] = field(default_factory=list)
    stars: list[Mark] = field(default_factory=list)
    forks: list[Repo] = field(default_factory=list)
    watchers: int = 1
    threads: dict[int, Thread] = field(default_factory=dict)
    discussions: dict[int, Discussion] = field(default_factory=dict)
    last_number: int = 0
    deleted: set[int] = field(default_factory=set)
    moved: dict[int, tuple[Repo, int]] = field(default_factory=dict)
    has_issues: bool = True
    has_discussions: bool = False
    traffic: dict[date, Traffic] = field(default_factory=dict)
    referrers: dict[str, int] = field(default_factory=dict)
    paths: dict[str, int] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    access: Access = "open"

    @property
    def full_name(self) -> str:
        """owner/name, as it is called now."""
        return f"{self.owner.login}/{self.name}"

    def take_number(self) -> int:
        """The next number of an issue, a pull request or a discussion."""
        self.last_number += 1
        return self.last_number

    def network(self) -> int:
        """How many forks there are in its network, forks of forks included."""
        return sum(1 + fork.network() for fork in self.forks)


@dataclass(slots=True, eq=False)
class Post:
    """A blog post. `comments`: when each comment was written."""

    slug: str
    title: str
    published_at: datetime
    updated_at: datetime
    comments: list[datetime] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Where it lies on its site."""
        return f"/posts/{self.slug}/"


@dataclass(frozen=True, slots=True)
class Reads:
    """What an analytics service counted on one day: of a page, or of the site."""

    pageviews: int
    visitors: int
    visits: int


@dataclass(frozen=True, slots=True)
class Talk:
    """A talk held: `audience` invited or present, `attendees` counted, `interactions` questions and the like."""

    title: str
    day: date
    audience: int
    attendees: int
    interactions: int


def pull_of(thread: Thread) -> Pull:
    """The pull request that this thread is."""
    if thread.pull is None:
        raise ValueError(f"#{thread.number} is an issue, not a pull request")
    return thread.pull


def threads_of(repo: Repo, *, pulls: bool | None = None) -> Iterator[Thread]:
    """Issues and pull requests of a repository: both, or only one kind."""
    return (t for t in repo.threads.values() if pulls is None or (t.pull is not None) == pulls)


def utc(day: date, seconds: int = 0) -> datetime:
    """An instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)
