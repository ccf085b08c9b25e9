"""What the three kinds of threads hold, and how they are told whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from github_script import NOW, of_list
from github_small import SmallGithub
from github_things import answer_of, discussion_node, issue_node, line_thread, pull_node, reply, review, said
from github_work import repository, steps, visit

from connectors.base import Batch
from connectors.github.asks import Ask
from connectors.github.kinds import DISCUSSIONS, ISSUES, PULLS, Kind
from connectors.github.repository import Sign
from connectors.github.threads import discussions, issues, pulls


class TestKinds:
    def read(self, kind: Kind, node: Any, reading: Any) -> list[tuple[str, str, Any, Any]]:
        seen = repository(signs={kind.thing: Sign(1, NOW)})
        first, *_ = steps(reading(visit(of=seen)), lambda _: {kind.connection: of_list(node)})
        return [(o.metric, o.key, o.attrs.get("number"), o.attrs.get("on")) for o in first.observations]

    def test_an_issue_and_its_comments(self) -> None:
        node = issue_node(7, said(5), closedAt="2026-02-09T00:00:00Z")
        assert self.read(ISSUES, node, issues) == [
            ("issues_opened", "1007", 7, None),
            ("issues_closed", "1007", 7, None),
            ("issue_comments", "5", 7, "issue"),
        ]

    def test_a_pull_request_and_all_that_hangs_on_it(self) -> None:
        node = pull_node(
            7,
            mergedAt="2026-02-09T00:00:00Z",
            comments=of_list(said(5)),
            reviews=of_list(review(6), review(8, state="PENDING", submittedAt=None)),
            reviewThreads=of_list(line_thread(1, said(9), said(10, state="PENDING")), line_thread(2, said(11))),
        )
        assert self.read(PULLS, node, pulls) == [
            ("pulls_opened", "7", 7, None),
            ("pulls_merged", "7", 7, None),
            ("issue_comments", "5", 7, "pull"),
            ("pull_reviews", "6", 7, None),
            ("review_comments", "9", 7, None),
            ("review_comments", "11", 7, None),
        ]

    def test_a_discussion_its_answer_and_the_replies(self) -> None:
        node = discussion_node(
            7,
            answer_of(5, reply(6)),
            answer_of(8, deletedAt="2026-02-09T00:00:00Z"),
            answerChosenAt="2026-02-09T00:00:00Z",
            answer={"id": "DC_5", "author": {"__typename": "User", "login": "bob"}},
        )
        assert self.read(DISCUSSIONS, node, discussions) == [
            ("discussions_opened", "7", 7, None),
            ("answers", "7", 7, None),
            ("discussion_comments", "5", 7, None),
            ("discussion_comments", "6", 7, None),
        ]

    @pytest.mark.parametrize("kind", [ISSUES, PULLS, DISCUSSIONS], ids=lambda kind: kind.thing)
    def test_a_thread_looks_the_same_read_or_counted(self, kind: Kind) -> None:
        hub = SmallGithub(kind, fits=100)
        thread = hub.open()
        comment = hub.say(thread)
        hub.say(thread, "line" if kind is PULLS else "replies", comment.id)
        hub.say(thread, "reviews" if kind is PULLS else "comments")
        hub.end(thread)
        assert kind.mark(hub._node(thread)) == kind.mark(hub._counted(thread))


class TestRejects:
    def answer(self, *nodes: Any) -> Callable[[Ask], Any]:
        return lambda _: {"issues": of_list(*nodes)}

    def read(self, *nodes: Any) -> Batch:
        seen = repository(signs={"issues": Sign(len(nodes), NOW)})
        first, *_ = steps(issues(visit(of=seen)), self.answer(*nodes))
        assert isinstance(first, Batch)
        return first

    def test_a_thread_with_a_record_that_cannot_be_used_is_not_told_whole(self) -> None:
        batch = self.read(issue_node(1, said(5), said(6, createdAt=None)), issue_node(2))
        assert [(o.metric, o.key) for o in batch.observations] == [
            ("issues_opened", "1001"),
            ("issue_comments", "5"),
            ("issues_opened", "1002"),
        ]
        assert [f"{r.what}: {r.why}" for r in batch.rejects] == ["comment 6 of ann/one: no createdAt"]
        assert {tuple(one.numbers or ()) for one in batch.listings if not one.is_rest} == {(2,)}

    def test_nor_is_it_taken_for_gone_at_the_end(self) -> None:
        batch = self.read(issue_node(1, createdAt=None), issue_node(2))
        assert {tuple(one.numbers or ()) for one in batch.listings if one.is_rest} == {(1, 2)}

    def test_what_is_sound_in_a_broken_thread_is_kept(self) -> None:
        batch = self.read(issue_node(1, said(5), closedAt="soon"))
        assert [(o.metric, o.key) for o in batch.observations] == [("issues_opened", "1001"), ("issue_comments", "5")]

    def test_a_thread_without_a_number_does_not_stop_the_others(self) -> None:
        batch = self.read(issue_node(1) | {"number": None}, issue_node(2))
        assert ("issues_opened", "1002") in [(o.metric, o.key) for o in batch.observations]

    def test_a_record_without_an_id_is_named_as_such(self) -> None:
        batch = self.read(issue_node(1, said(5, fullDatabaseId=None)))
        assert [r.what for r in batch.rejects] == ["comment without id of ann/one"]
