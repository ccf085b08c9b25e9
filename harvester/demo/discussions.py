"""What can happen in discussions; `at` defaults to now."""

from __future__ import annotations

from datetime import datetime

from harvester.demo.ground import Ground
from harvester.demo.things import Account, Discussion, Remark, Repo


class Discussions(Ground):
    """A world's discussions, their comments, replies and answers."""

    def open_discussion(
        self, repo: Repo, author: Account | None, title: str = "How do you", at: datetime | None = None
    ) -> Discussion:
        """A discussion is opened; author None is a ghost. Raises ValueError where discussions are switched off."""
        if not repo.has_discussions:
            raise ValueError(f"{repo.full_name} has no discussions; enable_discussions first")
        with self._change():
            when = at or self.now
            found = Discussion(self.take_id("discussion"), repo.take_number(), title, author, when, when, repo)
            repo.discussions[found.number] = found
            self.index.add("D", found.id, found, author)
            return found

    def comment_discussion(
        self,
        discussion: Discussion,
        author: Account | None,
        at: datetime | None = None,
        *,
        reply_to: Remark | None = None,
    ) -> Remark:
        """Somebody comments, or replies to a comment; the discussion counts as updated."""
        with self._change():
            when = at or self.now
            said = Remark(self.take_id("remark"), author, when, when, discussion, reply_to)
            (discussion.comments if reply_to is None else reply_to.replies).append(said)
            discussion.updated_at = max(discussion.updated_at, when)
            self.index.add("DC", said.id, said, author)
            return said

    def choose_answer(self, remark: Remark, at: datetime | None = None, *, quietly: bool = False) -> None:
        """A comment becomes the answer, in place of another one if there was one.

        GitHub does not say whether that updates the discussion; `quietly`: it does not.
        """
        with self._change():
            discussion = remark.discussion
            discussion.answer, discussion.answered_at = remark, at or self.now
            if not quietly:
                discussion.updated_at = max(discussion.updated_at, discussion.answered_at)

    def unchoose_answer(self, discussion: Discussion, at: datetime | None = None, *, quietly: bool = False) -> None:
        """The answer is none any more."""
        with self._change():
            discussion.answer = discussion.answered_at = None
            if not quietly:
                discussion.updated_at = max(discussion.updated_at, at or self.now)

    def delete_discussion(self, discussion: Discussion) -> None:
        """A discussion vanishes with all that was said in it."""
        with self._change():
            del discussion.repo.discussions[discussion.number]
            self.index.drop("D", discussion.id, discussion.author)
            for said in discussion.remarks():
                self.index.drop("DC", said.id, said.author)

    def delete_remark(self, remark: Remark, at: datetime | None = None) -> None:
        """A comment vanishes, or stays as a deleted one where it has replies; no date of the discussion moves."""
        with self._change():
            discussion = remark.discussion
            if discussion.answer is remark:
                discussion.answer = discussion.answered_at = None
            self.index.drop("DC", remark.id, remark.author)
            if remark.replies:
                remark.author, remark.deleted_at = None, at or self.now
                self.index.add("DC", remark.id, remark)
            else:
                (discussion.comments if remark.reply_to is None else remark.reply_to.replies).remove(remark)
