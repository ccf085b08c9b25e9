"""Issues and merge requests of GitLab, some of them recorded: what is told of each, and what is taken back."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from fake_gitlab import FakeGitlab, note, person, thread
from gitlab_reader import BORN, TODAY, at, attrs, opened, read, states, values
from wired import cursor_after, rejects, said, spans, total, until

from connectors.base import Coverage
from connectors.errors import NotPermitted, RateLimited
from connectors.testing import NOW, Answer

# Issues


def test_an_issue_is_opened_closed_and_spoken_of():
    fake = FakeGitlab(
        issues=[thread(1, at(2), by=5, notes=2, state="closed", closed_at=at(4), closed_by=person(6))],
        notes={("issues", 1): [note(11, at(3)), note(12, at(3), system=True), note(13, at(4), by=8)]},
    )
    batches = read(fake, "issues")
    about = {"direction": "received", "number": 1}
    assert attrs(batches, "issues_opened") == {"1001": ("user5", about)}
    assert attrs(batches, "issues_closed") == {"1001": ("user6", about)}
    assert attrs(batches, "issue_comments") == {
        "11": ("user7", {**about, "on": "issue"}),
        "13": ("user8", {**about, "on": "issue"}),
    }
    assert spans(batches) == [
        Coverage(BORN, TODAY, metrics=(metric,)) for metric in ("issues_opened", "issues_closed", "issue_comments")
    ]


def test_issues_without_comments_cost_nothing_more():
    fake = FakeGitlab(issues=[thread(n, at(2)) for n in range(50)])
    read(fake, "issues")
    assert [path for path, _ in fake.requests] == ["projects/team%2Fengine", "projects/9/issues"]


def test_reopened_issues_and_deleted_comments_are_taken_back():
    batches = read(FakeGitlab(issues=[thread(1, at(2)), thread(2, at(3))]), "issues")
    told = {one.metric: (one.on, list(one.numbers)) for batch in batches for one in batch.listings}
    assert told == {"issues_closed": (None, [1, 2]), "issue_comments": ("issue", [1, 2])}


def test_a_thread_that_cannot_be_used_takes_nothing_back():
    fake = FakeGitlab(
        issues=[thread(1, at(2), state="closed", closed_at=None), thread(2, at(3), notes=1)],
        notes={("issues", 2): [note(11, "long ago")]},
    )
    batches = read(fake, "issues")
    told = {one.metric: list(one.numbers) for batch in batches for one in batch.listings}
    assert told == {"issues_closed": [2], "issue_comments": [1]}
    assert len(rejects(batches)) == 2
    assert set(states(batches).values()) == {("partial", "records that could not be used: 2")}


def test_a_later_read_asks_for_what_changed_since():
    fake = FakeGitlab(issues=[thread(n, at(n)) for n in range(1, 6)])
    first = read(fake, "issues")
    fake.issues[0]["updated_at"] = at(20)
    again = read(fake, "issues", cursor_after(first), now=NOW + timedelta(days=1))
    assert fake.requests[-1][1]["updated_after"] == at(5)
    assert set(values(again, "issues_opened")) == {"1001", "1005"}
    assert spans(again)[0] == Coverage(TODAY, TODAY + timedelta(days=1), metrics=("issues_opened",))


def test_since_shortens_the_first_read():
    fake = FakeGitlab(issues=[thread(n, at(n)) for n in range(1, 6)])
    batches = read(fake, "issues", since=date(2026, 11, 4))
    assert set(values(batches, "issues_opened")) == {"1004", "1005"}
    assert spans(batches)[0].first_day == date(2026, 11, 4)


def test_pages_go_on_by_change_and_a_full_instant_by_number():
    threads = [thread(n, at(2)) for n in range(250)] + [thread(n, at(3, n - 250)) for n in range(250, 400)]
    fake = FakeGitlab(issues=threads)
    assert total(read(fake, "issues"), "issues_opened") == 400


def test_an_issue_that_changes_while_it_is_read_pushes_none_out():
    fake = FakeGitlab(issues=[thread(n, at(1 + n)) for n in range(10)], most=4)
    stirred = []

    def stir(path, query):
        if "updated_after" in query and not stirred:
            stirred.append(fake.issues[0])
            fake.issues[0]["updated_at"] = at(20)

    fake.spoil = stir
    batches = read(fake, "issues")
    assert stirred
    assert set(values(batches, "issues_opened")) == {str(1000 + n) for n in range(10)}


def test_what_was_read_before_a_refusal_is_kept_and_the_next_read_goes_on_there():
    fake = FakeGitlab(issues=[thread(n, at(1 + n % 20), notes=1) for n in range(20)])
    fake.spoil = lambda path, _: Answer(429, {"Retry-After": "30"}) if path.endswith("issues/15/notes") else None
    kept = until(RateLimited, opened(fake, "issues").read({}))
    assert total(kept, "issues_opened") == 10
    assert cursor_after(kept) == {"9": {"at": at(10)}}
    fake.spoil = None
    rest = read(fake, "issues", cursor_after(kept))
    assert len({*values(kept, "issues_opened"), *values(rest, "issues_opened")}) == 20
    assert spans(rest)[0].first_day == BORN


def test_an_issue_that_is_deleted_while_it_is_read_stops_no_other():
    issues = [thread(1, at(2), notes=1), thread(2, at(3), notes=1)]
    fake = FakeGitlab(issues=issues, notes={("issues", 2): [note(1, at(3))]})
    fake.spoil = lambda path, _: said({"message": "404 Not found"}, 404) if path.endswith("issues/1/notes") else None
    batches = read(fake, "issues")
    assert total(batches, "issue_comments") == 1
    assert len(rejects(batches)) == 1
    assert [list(one.numbers) for b in batches for one in b.listings if one.metric == "issue_comments"] == [[2]]


def test_issues_that_are_switched_off_are_not_nought():
    with pytest.raises(NotPermitted, match="issues are switched off"):
        read(FakeGitlab(about={"issues_enabled": False}), "issues")
    with pytest.raises(NotPermitted, match="merge requests are switched off"):
        read(FakeGitlab(about={"merge_requests_access_level": "disabled"}), "merge_requests")


def test_people_who_left_are_nobody_and_tokens_are_machines():
    fake = FakeGitlab(
        issues=[
            thread(1, at(1), author=person(1, "ghost")),
            thread(2, at(2), author=None),
            thread(3, at(3), author=person(3, "project_9_bot_0a1b2c")),
        ]
    )
    assert attrs(read(fake, "issues"), "issues_opened") == {
        "1001": (None, {"direction": "received", "number": 1}),
        "1002": (None, {"direction": "received", "number": 2}),
        "1003": ("project_9_bot_0a1b2c", {"direction": "received", "bot": True, "number": 3}),
    }


# Merge requests


def merged(**more):
    return thread(5, at(2), notes=2, state="merged", merged_at=at(4), merge_user=person(6), **more)


def test_a_merge_request_is_opened_merged_reviewed_and_spoken_of():
    fake = FakeGitlab(
        merge_requests=[merged()],
        notes={
            ("merge_requests", 5): [note(11, at(3)), note(12, at(3), kind="DiffNote"), note(13, at(3), system=True)]
        },
        approvals={5: [{"user": person(3), "approved_at": at(3)}]},
    )
    batches = read(fake, "merge_requests")
    assert attrs(batches, "pulls_merged") == {"1005": ("user6", {"direction": "received", "number": 5})}
    on_pull = {"direction": "received", "number": 5, "on": "pull"}
    assert attrs(batches, "issue_comments") == {"11": ("user7", on_pull)}
    assert attrs(batches, "review_comments") == {"12": ("user7", on_pull)}
    assert attrs(batches, "pull_reviews") == {"1005:3": ("user3", on_pull)}
    assert {state for state, _ in states(batches).values()} == {"measured"}


def test_an_approval_of_an_older_server_is_dated_by_the_note_of_it():
    approved = note(14, at(3, 5), by=3, system=True, body="approved this merge request")
    fake = FakeGitlab(
        merge_requests=[merged()],
        notes={("merge_requests", 5): [approved]},
        approvals={5: [{"user": person(3)}, {"user": person(4)}]},
    )
    batches = read(fake, "merge_requests")
    assert values(batches, "pull_reviews") == {"1005:3": 1}
    assert len(rejects(batches)) == 1  # nobody says when the other one approved


def test_approvals_are_missing_without_a_token():
    fake = FakeGitlab(merge_requests=[merged()])
    batches = read(fake, "merge_requests", token=None)
    assert states(batches)["pull_reviews"] == ("missing", "approvals are told only with a token")
    assert states(batches)["pulls_merged"] == ("measured", "")
    assert not any("approvals" in path for path, _ in fake.requests)


def test_approvals_that_are_not_told_are_asked_for_once():
    fake = FakeGitlab(merge_requests=[thread(n, at(2)) for n in range(5)])
    fake.spoil = lambda path, _: said({"message": "404 Not Found"}, 404) if path.endswith("approvals") else None
    batches = read(fake, "merge_requests")
    assert states(batches)["pull_reviews"][0] == "missing"
    assert sum(path.endswith("approvals") for path, _ in fake.requests) == 1


# Recorded answers


def recorded(shared_data, name):
    return json.loads((shared_data / "platforms" / "gitlab" / name).read_text())


def test_recorded_issues_and_their_notes_are_read(shared_data):
    """fdroiddata, 2017: closed without a date, and notes of which GitLab wrote the half."""
    issues = [issue for page in (1, 2) for issue in recorded(shared_data, f"perceval/issue_page_{page}")]
    notes = {("issues", issue["iid"]): recorded(shared_data, f"perceval/notes_{issue['iid']}") for issue in issues}
    batches = read(
        FakeGitlab(issues=issues, notes=notes, about=recorded(shared_data, "perceval/project") | {"id": 9}), "issues"
    )
    assert total(batches, "issues_opened") == 4
    assert total(batches, "issue_comments") == 2
    undated = [issue for issue in issues if issue["state"] == "closed" and issue["closed_at"] is None]
    assert len(rejects(batches)) == len(undated)


def test_a_recorded_merge_request_is_counted_right(shared_data):
    """gitlab-foss!27117, 2019: 15 notes, 4 of them by people, and two approvals without a date of their own."""
    name = "danger_js/getMergeRequest{}.json"
    (request,) = [one["response"] for one in recorded(shared_data, name.format("Info"))]
    (notes,) = [one["response"] for one in recorded(shared_data, name.format("Notes"))]
    (approvals,) = [one["response"] for one in recorded(shared_data, name.format("Approvals"))]
    fake = FakeGitlab(
        merge_requests=[request],
        notes={("merge_requests", 27117): notes},
        approvals={27117: approvals["approved_by"]},
    )
    batches = read(fake, "merge_requests", bots=("gitlab-bot",))
    assert total(batches, "issue_comments") == request["user_notes_count"] == 4
    assert values(batches, "pull_reviews") == {"27253868:171554": 1, "27253868:283999": 1}
    (merge,) = [fact for b in batches for fact in b.observations if fact.metric == "pulls_merged"]
    assert (merge.actor, str(merge.occurred_at.date())) == ("dbalexandre", "2019-04-09")
    assert attrs(batches, "issue_comments")["158392374"][1]["bot"] is True
    assert rejects(batches) == []
