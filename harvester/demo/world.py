"""A small world to harvest: what is in it now, and what can happen to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from harvester.demo.conversations import Conversations
from harvester.demo.discussions import Discussions
from harvester.demo.repositories import Repositories
from harvester.demo.things import Account, Post, Reads
from harvester.demo.truth import Truth, truth_of


class World(Repositories, Conversations, Discussions):
    """Everything there is, at `now`. Change it by its methods only: servers cache what they said by `version`.

    `live` makes one more day happen; `advance` calls it.
    """

    def __init__(
        self, now: datetime, person: Account, site: str, live: Callable[[World, date], None] | None = None
    ) -> None:
        super().__init__(now, person, site)
        self._live = live

    def advance(self, days: int = 1) -> None:
        """Let days pass, as they did until now."""
        with self.lock:
            for _ in range(days):
                if self._live is not None:
                    self._live(self, self.now.date())
                self.now += timedelta(days=1)
            self.version += 1

    def truth(self) -> Truth:
        """What a faultless harvest stores, by metric, subject and day."""
        return truth_of(self)

    def post_url(self, path: str) -> str:
        """The canonical address of a page."""
        return f"https://{self.site}{path}"

    def is_dark(self, day: date) -> bool:
        """Whether analytics counted nothing on this day, because it was down."""
        return self.outage is not None and self.outage[0] <= day <= self.outage[1]

    def publish(self, slug: str, title: str, at: datetime | None = None) -> Post:
        """A post appears on the blog."""
        with self._change():
            when = at or self.now
            post = Post(slug, title, when, when)
            self.posts.append(post)
            return post

    def comment_post(self, post: Post, at: datetime | None = None) -> None:
        """A reader comments on a post."""
        with self._change():
            post.comments.append(at or self.now)

    def read(self, path: str, day: date, reads: Reads) -> None:
        """So often a page was read on a day; replaces what was known of it."""
        with self._change():
            self.page_reads.setdefault(day, {})[path] = reads
