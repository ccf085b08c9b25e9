from __future__ import annotations

import ast
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import harvester.demo
from harvester.demo.life import build, crowd
from harvester.demo.things import threads_of
from harvester.demo.truth import GIVEN
from harvester.demo.world import World

TODAY = date(2026, 11, 24)


def test_same_day_gives_the_same_world(world: World) -> None:
    assert build(TODAY).truth() == world.truth()


def test_another_seed_gives_another_world(world: World) -> None:
    assert build(TODAY, seed=8).truth() != world.truth()


def test_yesterdays_world_advanced_is_todays(world: World) -> None:
    earlier = build(TODAY - timedelta(days=3))
    earlier.advance(3)
    assert earlier.now == world.now
    assert earlier.truth() == world.truth()


@pytest.mark.parametrize("today", [date(2026, 7, 1), date(2026, 12, 31), date(2028, 2, 29)])
def test_world_spans_two_years_and_is_small(today: date) -> None:
    world = build(today)
    truth = world.truth()
    first = min(day for _, day in truth.days["stars"])
    assert 728 <= (today - first).days <= 920
    sizes = {
        "stars": (1_100, 1_900),
        "issues_opened": (230, 400),
        "issue_comments": (550, 1_000),
        "pulls_opened": (120, 250),
        "pull_reviews": (250, 500),
        "review_comments": (170, 360),
        "posts_published": (45, 80),
    }
    assert {m: lo <= truth.total(m) <= hi for m, (lo, hi) in sizes.items()} == dict.fromkeys(sizes, True)
    assert truth.total("talks") == 6


def test_nothing_happens_after_now(world: World) -> None:
    truth = world.truth()
    assert max(day for days in truth.days.values() for _, day in days) < TODAY


def test_quiet_month_is_quiet_and_spike_week_is_not(world: World) -> None:
    stars = world.truth().by_day("stars")
    months = Counter[tuple[int, int]]()
    for day, count in stars.items():
        months[day.year, day.month] += count
    start = date(2024, 7, 1)
    quiet = start + timedelta(days=290)
    assert months[quiet.year, quiet.month] < 0.4 * sum(months.values()) / len(months)
    spike = sum(stars.get(start + timedelta(days=n), 0) for n in range(610, 617))
    assert spike > 100


def test_outage_of_nine_days_is_missing_from_the_truth(world: World) -> None:
    assert world.outage is not None
    first, last = world.outage
    assert (last - first).days == 8
    reads = world.truth().by_day("post_reads")
    assert all(first + timedelta(days=n) not in reads for n in range(9))
    assert first - timedelta(days=1) in reads
    assert last + timedelta(days=1) in reads


def test_world_holds_every_oddity_a_harvest_must_bear(world: World) -> None:
    threads = [t for repo in world.repos for t in threads_of(repo)]
    reviews = [r for t in threads if t.pull for r in t.pull.reviews]
    authors = [t.author for t in threads]
    assert {r.state for r in reviews} == {"APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"}
    assert all((r.submitted_at is None) == (r.state == "PENDING") for r in reviews)
    assert None in authors
    assert any(a.type == "Bot" and a.login.endswith("[bot]") for a in authors if a)
    assert world.person in authors
    assert any(t.reason == "reopened" for t in threads)
    assert any(t.pull and t.closed_at and not t.pull.merged_at for t in threads)
    assert any(repo.former_names for repo in world.repos)
    assert any(count > 1 for count in Counter(t.created_at for t in threads).values())


def test_no_two_things_share_an_id_and_those_of_discussions_fit_an_int(world: World) -> None:
    threads = [t for repo in world.repos for t in threads_of(repo)]
    discussions = [d for repo in world.repos for d in repo.discussions.values()]
    talk = [each.id for d in discussions for each in (d, *d.remarks())]
    ids = [t.id for t in threads] + [c.id for t in threads for c in t.comments] + talk
    for thread in threads:
        if thread.pull is not None:
            ids += [thread.pull.id, *(r.id for r in thread.pull.reviews), *(c.id for c in thread.pull.inline)]
    repos = [each.id for repo in world.repos for each in (repo, *repo.forks)]
    assert len(set(ids)) == len(ids)
    assert len(set(repos)) == len(repos)
    assert max(talk) < 2**31 < min(t.id for t in threads)


def test_nothing_in_a_thread_precedes_it_or_outlives_its_update(world: World) -> None:
    for repo in world.repos:
        for thread in threads_of(repo):
            moments = [c.created_at for c in thread.comments] + [thread.closed_at or thread.created_at]
            assert all(thread.created_at <= at <= thread.updated_at for at in moments)


def test_unstar_takes_the_star_from_the_day_it_was_given(world: World) -> None:
    repo = world.repos[0]
    mark = repo.stars[0]
    before = world.truth().by_day("stars")
    world.unstar(repo, mark)
    after = world.truth().by_day("stars")
    lost = {day for day in before if before[day] != after.get(day, 0)}
    assert len(lost) == 1
    assert sum(before.values()) - sum(after.values()) == 1


def test_stars_count_by_los_angeles_days_and_issues_by_utc_days(world: World) -> None:
    repo, night = world.repos[0], datetime(2026, 11, 24, 5, tzinfo=UTC)
    before = world.truth()
    world.star(repo, at=night)
    world.open_issue(repo, world.person, at=night)
    after = world.truth()
    key = (repo.full_name, date(2026, 11, 23))
    assert after.days["stars"][key] == before.days["stars"].get(key, 0) + 1
    assert after.days["issues_opened"][repo.full_name, TODAY] == 1


def test_what_vanishes_counts_nowhere(world: World) -> None:
    repo = world.repos[0]
    thread = world.open_issue(repo, world.person)
    said = world.comment(thread, None)
    before = world.truth()
    world.delete_comment(thread, said)
    assert before.total("issue_comments") - world.truth().total("issue_comments") == 1
    world.delete_issue(repo, thread)
    assert before.total("issues_opened") - world.truth().total("issues_opened") == 1


def test_reopened_issue_is_not_closed(world: World) -> None:
    thread = world.open_issue(world.repos[0], world.person)
    before = world.truth().total("issues_closed")
    world.close(thread)
    assert world.truth().total("issues_closed") == before + 1
    world.reopen(thread)
    assert world.truth().total("issues_closed") == before


def test_pending_review_is_no_fact_until_submitted(world: World) -> None:
    thread = world.open_pull(world.repos[0], None)
    before = world.truth().total("pull_reviews")
    world.review(thread, world.person, "PENDING")
    assert world.truth().total("pull_reviews") == before
    world.review(thread, world.person, "APPROVED", inline=2)
    assert world.truth().total("pull_reviews") == before + 1


def test_rename_carries_the_past_along(world: World) -> None:
    repo = world.repos[1]
    before = world.truth().levels["stargazers"][repo.full_name]
    world.rename(repo, "pocketnote")
    levels = world.truth().levels["stargazers"]
    assert levels["wren-hollow/pocketnote"] == before
    assert "wren-hollow/pocketlog" not in levels
    assert world.renamed("Wren-Hollow/PocketLog") is repo


def test_gone_repository_is_not_in_the_truth(world: World) -> None:
    repo = world.repos[1]
    world.restrict(repo, "gone")
    assert all(repo.full_name not in subjects for subjects in world.truth().levels.values())


def test_every_change_counts_a_version(world: World) -> None:
    before = world.version
    world.star(world.repos[0])
    assert world.version > before


def test_crowd_makes_repositories_of_about_the_sizes_asked_for() -> None:
    plans = crowd(10, stars=500, issues=200, pulls=60, days=365, forks=20, discussions=30, releases=4)
    world = build(TODAY, plans=plans, start=TODAY - timedelta(days=365))
    truth = world.truth()
    assert len(world.repos) == 10
    assert 4_000 < truth.total("stars") < 8_500  # the spike week is beyond a year, the quiet month within
    assert 1_500 < truth.total("issues_opened") < 2_200
    assert 400 < truth.total("pulls_opened") < 700
    assert 1.6 < truth.total("issue_comments") / truth.total("issues_opened") < 2.6
    assert 1.5 < truth.total("pull_reviews") / truth.total("pulls_opened") < 2.2
    assert 100 < truth.total("forks") < 260
    assert 200 < truth.total("discussions_opened") < 360
    assert [len(repo.releases) for repo in world.repos] == [4] * 10


def test_a_crowd_without_comments_and_reviews_is_silent() -> None:
    plans = crowd(2, stars=50, issues=20, pulls=10, days=100, comments=0, reviews=0)
    truth = build(TODAY, plans=plans, start=TODAY - timedelta(days=100)).truth()
    assert truth.total("issues_opened") > 10
    assert (truth.total("issue_comments"), truth.total("pull_reviews"), truth.total("forks")) == (0, 0, 0)


def test_visitors_come_every_day_where_they_are_wanted() -> None:
    world = build(TODAY, visitors=True)
    truth = world.truth()
    assert build(TODAY).truth().total("traffic_views") == 0
    assert len(truth.by_day("traffic_views")) > 700
    assert {f"{name} from Google" for name in ("wren-hollow/lantern", "saltmarsh-dev/fieldguide")} <= set(
        truth.levels["referrer_views"]
    )


def test_world_has_forks_discussions_releases_and_a_life_elsewhere(world: World) -> None:
    truth = world.truth()
    sizes = {
        "forks": (80, 220),
        "discussions_opened": (40, 140),
        "discussion_comments": (100, 400),
        "answers": (20, 90),
    }
    assert {m: lo <= truth.total(m) <= hi for m, (lo, hi) in sizes.items()} == dict.fromkeys(sizes, True)
    assert set(truth.given) == GIVEN
    assert sum(truth.levels["release_downloads"].values()) > 500
    assert world.repos[0].network() > len(world.repos[0].forks)
    remarks = [r for repo in world.repos for d in repo.discussions.values() for r in d.remarks()]
    assert {r.author for r in remarks} >= {None, world.person}
    assert any(r.reply_to for r in remarks)


def test_demo_stands_on_the_standard_library_graphql_and_jwt() -> None:
    imported = set()
    for file in Path(harvester.demo.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
    ours = {name for name in imported if name.startswith("harvester.demo.")}
    others = {name.split(".")[0] for name in imported - ours} - set(sys.stdlib_module_names)
    assert ours
    assert others == {"graphql", "jwt"}
