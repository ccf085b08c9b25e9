"""What can happen in issues and pull requests; `at` defaults to now."""

from __future__ import annotations

from datetime import datetime

from harvester.demo.ground import Ground
from harvester.demo.things import (
    Account,
    Comment,
    InlineComment,
    Pull,
    Remark,
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
                thread.repo.pushed_at = max(thread.repo.pushed_at, thread.closed_at)

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

    def edit(self, comment: Comment | Remark, at: datetime | None = None) -> None:
        """A comment is reworded, wherever it stands; what it stands in does not notice."""
        with self._change():
            comment.updated_at = at or self.now

    def delete_comment(self, thread: Thread, comment: Comment) -> None:
        """A comment vanishes; nothing else shows it, no date moves."""
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
        """An issue moves to another repository, under a new number and its comments under new ids.

        Its old address answers 301; none of its dates moves.
        """
        with self._change():
            del repo.threads[thread.number]
            number = to.take_number()
            repo.moved[thread.number] = (to, number)
            thread.number, thread.repo = number, to
            to.threads[number] = thread
            for said in thread.comments:
                self.index.drop("IC", said.id, said.author)
                said.id = self.take_id("comment")
                self.index.add("IC", said.id, said, said.author)

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
                self._on_line(review, when)
            if submitted is not None:
                thread.updated_at = max(thread.updated_at, when)
            return review

    def submit(self, review: Review, state: ReviewState = "COMMENTED", at: datetime | None = None) -> None:
        """A pending review is submitted, with the comments that were written before."""
        with self._change():
            review.state, review.submitted_at = state, at or self.now
            review.thread.updated_at = max(review.thread.updated_at, review.submitted_at)
            for said in pull_of(review.thread).inline:
                if said.review is review:
                    said.updated_at = review.submitted_at

    def comment_inline(
        self,
        thread: Thread,
        author: Account | None,
        at: datetime | None = None,
        *,
        reply_to: InlineComment | None = None,
    ) -> InlineComment:
        """A single comment on a line, or an answer to one: GitHub makes a review of its own for it."""
        with self._change():
            review = self.review(thread, author, "COMMENTED", at)
            return self._on_line(review, review.created_at, reply_to.root if reply_to else None)

    def dismiss(self, review: Review) -> None:
        """A review is dismissed: its state changes, and nothing else."""
        with self._change():
            review.state = "DISMISSED"

    def delete_inline(self, thread: Thread, comment: InlineComment) -> None:
        """An inline comment vanishes; its review stays, and no date moves."""
        with self._change():
            pull_of(thread).inline.remove(comment)
            self.index.drop("PRRC", comment.id, comment.author)

    def _open(self, repo: Repo, author: Account | None, title: str, at: datetime | None) -> Thread:
        when = at or self.now
        thread = Thread(self.take_id("issue"), repo.take_number(), title, author, when, when, repo)
        repo.threads[thread.number] = thread
        return thread

    def _on_line(self, review: Review, at: datetime, root: int | None = None) -> InlineComment:
        number = self.take_id("inline")
        said = InlineComment(number, review.author, at, at, review.thread, review, root or number)
        pull_of(review.thread).inline.append(said)
        self.index.add("PRRC", number, said, review.author)
        return said
