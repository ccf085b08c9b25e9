"""What can happen in issues and pull requests; `at` defaults to now."""

from __future__ import annotations

from datetime import datetime

from harvester.demo.ground import Ground
from harvester.demo.things import (
    Account,
    Comment,
    InlineComment,
    Pull,
    Repo,
    Review,
    ReviewState,
    Thread,
    pull_of,
)


class Conversations(Ground):
    """A world's issues and pull requests, their comments and reviews."""

    def open_issue(
        self, repo: Repo, author: Account | None, title: str = "It breaks", at: datetime | None = None
    ) -> Thread:
        """An issue is opened; author None is a ghost."""
        with self._change():
            thread = self._open(repo, author, title, at)
            self.index.add("I", thread.id, thread, author)
            return thread

    def open_pull(
        self, repo: Repo, author: Account | None, title: str = "Mend it", at: datetime | None = None
    ) -> Thread:
        """A pull request is opened."""
        with self._change():
            thread = self._open(repo, author, title, at)
            thread.pull = Pull(self.take_id("pull"))
            self.index.add("PR", thread.pull.id, thread, author)
            return thread

    def close(self, thread: Thread, at: datetime | None = None, *, merged_by: Account | None = None) -> None:
        """An issue is closed; a pull request is closed, or merged where somebody merges it."""
        with self._change():
            thread.closed_at = thread.updated_at = at or self.now
            thread.reason = "completed"
            if thread.pull is not None and merged_by is not None:
                thread.pull.merged_at, thread.pull.merged_by = thread.closed_at, merged_by

    def reopen(self, thread: Thread, at: datetime | None = None) -> None:
        """A closed issue is open again: it forgets when it was closed."""
        with self._change():
            thread.closed_at, thread.reason = None, "reopened"
            thread.updated_at = at or self.now

    def comment(self, thread: Thread, author: Account | None, at: datetime | None = None) -> Comment:
        """Somebody comments in the conversation."""
        with self._change():
            when = at or self.now
            said = Comment(self.take_id("comment"), author, when, when, thread)
            thread.comments.append(said)
            thread.updated_at = max(thread.updated_at, when)
            self.index.add("IC", said.id, said, author)
            return said

    def edit(self, comment: Comment, at: datetime | None = None) -> None:
        """A comment is reworded; its thread does not notice."""
        with self._change():
            comment.updated_at = at or self.now

    def delete_comment(self, thread: Thread, comment: Comment) -> None:
        """A comment vanishes; nothing else shows it."""
        with self._change():
            thread.comments.remove(comment)
            self.index.drop("IC", comment.id, comment.author)

    def delete_issue(self, repo: Repo, thread: Thread) -> None:
        """An issue vanishes with its comments; its address answers 410."""
        with self._change():
            del repo.threads[thread.number]
            repo.deleted.add(thread.number)
            self.index.drop("I", thread.id, thread.author)
            for said in thread.comments:
                self.index.drop("IC", said.id, said.author)

    def transfer_issue(self, repo: Repo, thread: Thread, to: Repo) -> None:
        """An issue moves to another repository under a new number; its old address answers 301."""
        with self._change():
            del repo.threads[thread.number]
            to.last_number += 1
            repo.moved[thread.number] = (to, to.last_number)
            thread.number, thread.repo = to.last_number, to
            to.threads[thread.number] = thread

    def review(
        self,
        thread: Thread,
        author: Account | None,
        state: ReviewState = "COMMENTED",
        at: datetime | None = None,
        inline: int = 0,
    ) -> Review:
        """Somebody reviews a pull request, with so many inline comments."""
        with self._change():
            pull, when = pull_of(thread), at or self.now
            submitted = None if state == "PENDING" else when
            review = Review(self.take_id("review"), author, state, when, submitted, thread)
            pull.reviews.append(review)
            self.index.add("PRR", review.id, review, author)
            for _ in range(inline):
                number = self.take_id("inline")
                pull.inline.append(InlineComment(number, author, when, when, thread, review, number))
            if submitted is not None:
                thread.updated_at = max(thread.updated_at, when)
            return review

    def dismiss(self, thread: Thread, review: Review, at: datetime | None = None) -> None:
        """A review is dismissed; it stays, submitted when it was."""
        with self._change():
            review.state = "DISMISSED"
            thread.updated_at = at or self.now

    def delete_inline(self, thread: Thread, comment: InlineComment) -> None:
        """An inline comment vanishes."""
        with self._change():
            pull_of(thread).inline.remove(comment)

    def _open(self, repo: Repo, author: Account | None, title: str, at: datetime | None) -> Thread:
        repo.last_number += 1
        when = at or self.now
        thread = Thread(self.take_id("issue"), repo.last_number, title, author, when, when, repo)
        repo.threads[thread.number] = thread
        return thread
