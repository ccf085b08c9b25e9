"""What counts when things are taken back, moved, or done in other people's repositories."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from harvester.demo.things import Repo
from harvester.demo.truth import Truth
from harvester.demo.world import World

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=2)


@pytest.fixture
def world(bare_world: World) -> World:
    """Nothing has happened yet."""
    return bare_world


@pytest.fixture
def repo(world: World) -> Repo:
    """A repository in which nothing has happened yet."""
    repo = world.create(world.person, "fresh", at=NOON - timedelta(days=400))
    world.enable_discussions(repo)
    return repo


@pytest.fixture
def foreign(world: World) -> Repo:
    """Somebody else's, as new."""
    repo = world.create(world.accounts["tidewater"], "elsewhere", maintained=False)
    world.enable_discussions(repo)
    return repo


def counted(world: World, repo: Repo) -> dict[str, dict[date, int]]:
    """A repository's totals by day."""
    return of(world.truth().days, repo)


def of(days: dict[str, dict[tuple[str, date], int]], repo: Repo) -> dict[str, dict[date, int]]:
    found = {
        metric: {day: n for (name, day), n in counts.items() if name == repo.full_name}
        for metric, counts in days.items()
    }
    return {metric: counts for metric, counts in found.items() if counts}


def test_a_fork_counts_on_the_day_it_was_made_until_it_is_deleted(world: World, repo: Repo) -> None:
    fork = world.fork(repo, world.accounts["amber-badger"], NOON)
    world.fork(repo, world.accounts["calm-badger"], LATER)
    world.fork(fork, world.accounts["dusty-badger"], LATER)
    assert counted(world, repo)["forks"] == {NOON.date(): 1, LATER.date(): 1}
    assert repo.network() == 3
    world.unfork(fork)
    assert counted(world, repo)["forks"] == {LATER.date(): 2}
    assert world.repo("amber-badger/fresh") is fork
    assert fork.access == "gone"


def test_two_forks_by_one_account_have_two_names(world: World, repo: Repo) -> None:
    who = world.accounts["amber-badger"]
    assert [world.fork(repo, who).full_name for _ in range(3)] == [
        "amber-badger/fresh",
        "amber-badger/fresh-1",
        "amber-badger/fresh-2",
    ]


def test_only_a_fork_can_be_unforked(world: World, repo: Repo) -> None:
    with pytest.raises(ValueError, match="no fork"):
        world.unfork(repo)


def test_a_star_given_years_ago_is_missing_there_when_it_is_taken_back(world: World, repo: Repo) -> None:
    old, new = world.star(repo, at=NOON - timedelta(days=900)), world.star(repo, at=NOON)
    world.unstar(repo, old, LATER)
    assert counted(world, repo)["stars"] == {new.at.date(): 1}
    assert repo.updated_at == LATER


def test_discussions_count_by_opening_and_what_was_said_by_its_own_day(world: World, repo: Repo) -> None:
    found = world.open_discussion(repo, None, at=NOON)
    said = world.comment_discussion(found, world.person, LATER)
    world.comment_discussion(found, None, LATER, reply_to=said)
    world.choose_answer(said, LATER + timedelta(days=1))
    assert counted(world, repo) == {
        "discussions_opened": {NOON.date(): 1},
        "discussion_comments": {LATER.date(): 2},
        "answers": {LATER.date() + timedelta(days=1): 1},
    }


def test_another_answer_moves_the_day_and_none_takes_it_away(world: World, repo: Repo) -> None:
    found = world.open_discussion(repo, None, at=NOON)
    one, two = (world.comment_discussion(found, world.person, NOON) for _ in range(2))
    world.choose_answer(one, NOON)
    world.choose_answer(two, LATER)
    assert counted(world, repo)["answers"] == {LATER.date(): 1}
    assert found.updated_at == LATER
    world.unchoose_answer(found, LATER + timedelta(days=1))
    assert "answers" not in counted(world, repo)
    assert found.updated_at == LATER + timedelta(days=1)


def test_an_answer_may_be_chosen_without_a_trace_in_the_update_time(world: World, repo: Repo) -> None:
    found = world.open_discussion(repo, None, at=NOON)
    world.choose_answer(world.comment_discussion(found, None, NOON), LATER, quietly=True)
    assert (found.updated_at, found.answered_at) == (NOON, LATER)
    world.unchoose_answer(found, LATER, quietly=True)
    assert (found.updated_at, found.answered_at) == (NOON, None)


def test_a_deleted_comment_counts_nowhere_and_one_with_replies_leaves_a_shell(world: World, repo: Repo) -> None:
    found = world.open_discussion(repo, None, at=NOON)
    lone, answered = (world.comment_discussion(found, world.person, NOON) for _ in range(2))
    reply = world.comment_discussion(found, None, NOON, reply_to=answered)
    world.choose_answer(answered, NOON)
    world.delete_remark(lone, LATER)
    world.delete_remark(answered, LATER)
    assert counted(world, repo) == {"discussions_opened": {NOON.date(): 1}, "discussion_comments": {NOON.date(): 1}}
    assert list(found.remarks()) == [answered, reply]
    assert (answered.author, answered.deleted_at, found.updated_at) == (None, LATER, NOON)
    world.delete_remark(reply)
    assert answered.replies == []


def test_a_deleted_discussion_is_gone_with_all_that_was_said(world: World, repo: Repo) -> None:
    found = world.open_discussion(repo, world.person, at=NOON)
    said = world.comment_discussion(found, world.person, NOON)
    world.delete_discussion(found)
    assert counted(world, repo) == {}
    assert world.index.find("D", found.id) is None
    assert world.index.find("DC", said.id) is None


def test_issues_pulls_and_discussions_share_their_numbers(world: World, repo: Repo) -> None:
    made = (world.open_issue(repo, None), world.open_discussion(repo, None), world.open_pull(repo, None))
    assert [each.number for each in made] == [1, 2, 3]


def test_where_discussions_are_off_none_can_be_opened_and_none_counts(world: World, repo: Repo) -> None:
    world.open_discussion(repo, None, at=NOON)
    world.disable_discussions(repo)
    assert counted(world, repo) == {}
    with pytest.raises(ValueError, match="enable_discussions"):
        world.open_discussion(repo, None)


def test_what_vanishes_from_a_conversation_moves_no_date(world: World, repo: Repo) -> None:
    thread = world.open_pull(repo, None, at=NOON)
    said = world.comment(thread, None, NOON)
    inline = world.comment_inline(thread, world.person, NOON)
    world.delete_comment(thread, said)
    world.delete_inline(thread, inline)
    world.dismiss(thread.pull.reviews[0])  # type: ignore[union-attr]
    assert thread.updated_at == NOON
    assert counted(world, repo) == {"pulls_opened": {NOON.date(): 1}, "pull_reviews": {NOON.date(): 1}}


def test_a_transferred_issue_keeps_its_dates_and_gets_new_numbers(world: World, repo: Repo) -> None:
    there = world.create(world.person, "there")
    for _ in range(3):
        world.open_issue(there, None)
    thread = world.open_issue(repo, world.person, at=NOON)
    said = world.comment(thread, world.person, NOON)
    before, old = (thread.id, thread.updated_at), said.id
    world.transfer_issue(repo, thread, there)
    assert (thread.id, thread.updated_at) == before
    assert (thread.number, thread.repo, said.repo) == (4, there, there)
    assert said.id != old
    assert world.index.find("IC", old) is None
    assert world.index.find("IC", said.id) is said
    assert counted(world, repo) == {}
    assert counted(world, there)["issue_comments"] == {NOON.date(): 1}


def test_a_single_inline_comment_and_an_answer_to_it_are_reviews_of_their_own(world: World, repo: Repo) -> None:
    thread = world.open_pull(repo, None, at=NOON)
    one = world.comment_inline(thread, world.person, NOON)
    two = world.comment_inline(thread, None, LATER, reply_to=one)
    assert counted(world, repo)["pull_reviews"] == {NOON.date(): 1, LATER.date(): 1}
    assert (one.review is two.review, one.root == two.root == one.id) == (False, True)
    assert thread.updated_at == LATER


def test_a_pending_review_counts_with_its_comments_when_it_is_submitted(world: World, repo: Repo) -> None:
    thread = world.open_pull(repo, None, at=NOON)
    review = world.review(thread, world.person, "PENDING", NOON, inline=2)
    assert set(counted(world, repo)) == {"pulls_opened"}
    assert thread.updated_at == NOON
    world.submit(review, "APPROVED", LATER)
    assert counted(world, repo)["pull_reviews"] == {LATER.date(): 1}
    assert counted(world, repo)["review_comments"] == {NOON.date(): 2}
    assert thread.updated_at == LATER


def test_in_the_repositories_of_others_only_what_the_person_gave_counts(world: World, foreign: Repo) -> None:
    other = world.accounts["amber-badger"]
    for who in (world.person, other, None):
        world.comment(world.open_issue(foreign, who, at=NOON), who, NOON)
        pull = world.open_pull(foreign, who, at=NOON)
        world.review(pull, who, "APPROVED", NOON, inline=1)
        world.close(pull, LATER, merged_by=other)
        discussion = world.open_discussion(foreign, who, at=NOON)
        world.choose_answer(world.comment_discussion(discussion, who, NOON), LATER)
    world.review(pull, world.person, "PENDING", NOON)
    world.star(foreign, world.person, NOON)
    truth = world.truth()
    assert of(truth.days, foreign) == {}
    assert foreign.full_name not in truth.levels["stargazers"]
    early, late = {NOON.date(): 1}, {LATER.date(): 1}
    assert of(truth.given, foreign) == {
        "issues_opened": early,
        "issue_comments": early,
        "pulls_opened": early,
        "pulls_merged": late,
        "pull_reviews": early,
        "discussion_comments": early,
        "answers": late,
    }


def test_what_the_person_does_at_home_is_not_given(still_world: World) -> None:
    world = still_world
    at_home = {repo.full_name for repo in world.maintained()}
    given = world.truth().given
    assert given
    assert not at_home & {name for counts in given.values() for name, _ in counts}


def test_levels_of_files_referrers_and_pages_go_by_the_names_people_know(world: World, repo: Repo) -> None:
    file = world.release(repo, "v1", "tool.zip").assets[0]
    world.download(file, 3)
    draft = world.release(repo, "v2", "tool.zip", draft=True)
    world.refer(repo, {f"site{n}": n for n in range(1, 13)}, {"": 5, "/issues": 2})
    levels = world.truth().levels
    assert levels["release_downloads"].get("wren-hollow/fresh v1 tool.zip") == 3
    assert "wren-hollow/fresh v2 tool.zip" not in levels["release_downloads"]
    told = {name for name in levels["referrer_views"] if name.startswith(repo.full_name)}
    assert told == {f"wren-hollow/fresh from site{n}" for n in range(3, 13)}
    assert levels["path_views"]["wren-hollow/fresh at /"] == 5
    world.publish_release(draft)
    assert levels_of(world)["wren-hollow/fresh v2 tool.zip"] == 0
    world.delete_asset(file)
    world.delete_release(draft)
    assert not [name for name in levels_of(world) if name.startswith(repo.full_name)]


def levels_of(world: World) -> dict[str, int]:
    truth: Truth = world.truth()
    return truth.levels["release_downloads"]


def test_a_repository_that_moves_to_another_owner_is_the_new_owners(world: World, repo: Repo) -> None:
    org = world.accounts["saltmarsh-dev"]
    world.rename(repo, "moved", org)
    assert repo in world.index.by("R", org)
    assert repo not in world.index.by("R", world.person)
