"""GitHub's REST answers under /repos/{owner}/{name}: each takes a Call and gives data and a Link header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from harvester.demo.exchange import as_json
from harvester.demo.github_access import Asker
from harvester.demo.github_commits import commit_json
from harvester.demo.github_insights import clones, paths, referrers, releases, views
from harvester.demo.github_json import Json, Renderer, iso
from harvester.demo.github_lists import Paging, Position, Refused, choice, cut, refuse, since_of
from harvester.demo.github_talk_json import (
    comment_json,
    full_pull_json,
    inline_json,
    issue_json,
    pull_json,
    review_json,
)
from harvester.demo.things import Comment, Mark, Pull, Repo, Thread, pull_of, threads_of
from harvester.demo.truth import los_angeles_day
from harvester.demo.world import World

T = TypeVar("T")
Said = tuple[Any, str | None]

WEEKS_A_PAGE = 30


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one repository: `rest` is the path after its name."""

    world: World
    repo: Repo
    rest: str
    query: Mapping[str, str]
    accept: str
    asker: Asker
    render: Renderer
    paging: Paging
    closed_stargazers: int

    def page(
        self, items: Sequence[T], position: Callable[[T], Position], *, down: bool
    ) -> tuple[list[T], str | None]:
        """The part of a list asked for, with its Link header, which names the repository by its id."""
        url = f"{self.render.base}/repositories/{self.repo.id}{self.rest}"
        return cut(items, position, is_descending=down, url=url, query=self.query, paging=self.paging)


def answer_repo(call: Call) -> Said:
    """Answer whatever was asked of the repository, or refuse."""
    for pattern, _, respond in _ROUTES:
        found = pattern.fullmatch(call.rest)
        if found:
            return respond(call, *(int(group) for group in found.groups()))
    raise refuse(404, "Not Found")


def permission_for(rest: str) -> str:
    """The right that a token needs for what follows the repository's name."""
    return next((needs for pattern, needs, _ in _ROUTES if pattern.fullmatch(rest)), "metadata")


def _repo(call: Call) -> Said:
    return call.render.full_repo(call.repo), None


def _issues(call: Call) -> Said:
    if not call.repo.has_issues:
        raise refuse(410, "Issues are disabled for this repo")
    state = choice(call.query, "state", ("open", "closed", "all"), "open")
    sort = choice(call.query, "sort", ("created", "updated", "comments"), "created")
    down = choice(call.query, "direction", ("asc", "desc"), "desc") == "desc"
    since = since_of(call.query)
    threads = [t for t in threads_of(call.repo) if t.updated_at >= since and _is_in(t, state)]
    chosen, link = call.page(threads, _in_order(sort), down=down)
    return [issue_json(call.render, thread) for thread in chosen], link


def _pulls(call: Call) -> Said:
    state = choice(call.query, "state", ("open", "closed", "all"), "open")
    sort = choice(call.query, "sort", ("created", "updated", "popularity", "long-running"), "created")
    # GitHub's own rule: newest first only where the order is that of creation.
    usual = "desc" if sort == "created" else "asc"
    down = choice(call.query, "direction", ("asc", "desc"), usual) == "desc"
    threads = [t for t in threads_of(call.repo, pulls=True) if _is_in(t, state)]
    chosen, link = call.page(threads, _in_order(sort), down=down)
    return [pull_json(call.render, thread) for thread in chosen], link


def _issue(call: Call, number: int) -> Said:
    return issue_json(call.render, _find(call, number)), None


def _pull(call: Call, number: int) -> Said:
    return full_pull_json(call.render, _find_pull(call, number)[0]), None


def _all_comments(call: Call) -> Said:
    said = [c for t in threads_of(call.repo) if t.pull or call.repo.has_issues for c in t.comments]
    return _comments(call, said, comment_json)


def _comments_of(call: Call, number: int) -> Said:
    since = since_of(call.query)
    said = [c for c in _find(call, number).comments if c.updated_at >= since]
    chosen, link = call.page(said, _by_id, down=False)
    return [comment_json(call.render, c) for c in chosen], link


def _all_inline(call: Call) -> Said:
    said = [c for t in threads_of(call.repo, pulls=True) for c in pull_of(t).told()]
    return _comments(call, said, inline_json)


def _inline_of(call: Call, number: int) -> Said:
    return _comments(call, _find_pull(call, number)[1].told(), inline_json)


def _comments(call: Call, said: Sequence[Any], to_json: Callable[[Renderer, Any], Json]) -> Said:
    sort = choice(call.query, "sort", ("created", "created_at", "updated"), "created")
    # Without `sort` the order is that of the ids, whatever `direction` says.
    down = "sort" in call.query and choice(call.query, "direction", ("asc", "desc"), "desc") == "desc"
    since = since_of(call.query)
    recent = [c for c in said if c.updated_at >= since]
    chosen, link = call.page(recent, _by_id if "sort" not in call.query else _in_order(sort), down=down)
    return [to_json(call.render, c) for c in chosen], link


def _reviews(call: Call, number: int) -> Said:
    reviews = [r for r in _find_pull(call, number)[1].reviews if call.asker.may_read(r)]
    chosen, link = call.page(reviews, lambda r: (r.created_at, r.id), down=False)
    return [review_json(call.render, review) for review in chosen], link


def _commits(call: Call, number: int) -> Said:
    return [commit_json(call.render, _find_pull(call, number)[0])], None


def _stargazers(call: Call) -> Said:
    if not call.asker.maintains(call.repo):
        if call.closed_stargazers != 200:
            raise refuse(call.closed_stargazers, "Not Found" if call.closed_stargazers == 404 else "Forbidden")
        return [], None
    chosen, link = call.page(call.repo.stars, _by_mark, down=False)
    if "star+json" in call.accept:
        return [{"starred_at": iso(m.at), "user": call.render.account(m.account)} for m in chosen], link
    return [call.render.account(mark.account) for mark in chosen], link


def _star_count(call: Call) -> Said:
    return {"count": len(call.repo.stars)}, None


def _star_history(call: Call) -> Said:
    per_day = Counter(los_angeles_day(mark.at) for mark in call.repo.stars)
    sunday = _sunday(los_angeles_day(call.world.now))
    weeks = []
    while sunday >= _sunday(los_angeles_day(call.repo.created_at)):
        days = [per_day[sunday + timedelta(days=n)] for n in range(7)]
        epoch = int(datetime(sunday.year, sunday.month, sunday.day, tzinfo=UTC).timestamp())
        weeks.append({"week": epoch, "total": sum(days), "days": days})
        sunday -= timedelta(days=7)
    url = f"{call.render.base}/repositories/{call.repo.id}{call.rest}"
    return cut(
        weeks,
        lambda week: (datetime.fromtimestamp(week["week"], UTC), 0),
        is_descending=True,
        url=url,
        query=call.query,
        paging=Paging(),
        cap=WEEKS_A_PAGE,
        default=WEEKS_A_PAGE,
    )


def _forks(call: Call) -> Said:
    sort = choice(call.query, "sort", ("newest", "oldest", "stargazers", "watchers"), "newest")
    forks = [fork for fork in call.repo.forks if call.asker.may_open(fork)]
    if sort in ("newest", "oldest"):
        chosen, link = call.page(forks, lambda fork: (fork.created_at, fork.id), down=sort == "newest")
    else:  # watchers: GitHub's old name for stargazers
        chosen, link = call.page(forks, lambda fork: (len(fork.stars), fork.id), down=True)
    return [call.render.minimal_repo(fork) for fork in chosen], link


def _find(call: Call, number: int) -> Thread:
    repo = call.repo
    if number in repo.deleted:
        raise refuse(410, "This issue was deleted")
    if number in repo.moved:
        to, there = repo.moved[number]
        rest = call.rest.replace(f"/issues/{number}", f"/issues/{there}", 1)
        url = f"{call.render.base}/repositories/{to.id}{rest}"
        raise Refused(as_json({"message": "Moved Permanently", "url": url}, 301, {"Location": url}))
    thread = repo.threads.get(number)
    if thread is None:
        raise refuse(404, "Not Found")
    if thread.pull is None and not repo.has_issues:
        raise refuse(410, "Issues are disabled for this repo")
    return thread


def _find_pull(call: Call, number: int) -> tuple[Thread, Pull]:
    thread = call.repo.threads.get(number)
    if thread is None or thread.pull is None:
        raise refuse(404, "Not Found")
    return thread, thread.pull


def _is_in(thread: Thread, state: str) -> bool:
    return state == "all" or (thread.closed_at is None) == (state == "open")


def _in_order(sort: str) -> Callable[[Any], Position]:
    if sort == "updated":
        return lambda thing: (thing.updated_at, thing.id)
    if sort in ("comments", "popularity"):
        return lambda thread: (len(thread.comments), thread.id)
    return lambda thing: (thing.created_at, thing.id)


def _by_id(said: Comment) -> Position:
    return datetime.min.replace(tzinfo=UTC), said.id


def _by_mark(mark: Mark) -> Position:
    return mark.at, mark.account.id


def _sunday(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


_ROUTES: tuple[tuple[re.Pattern[str], str, Callable[..., Said]], ...] = tuple(
    (re.compile(pattern), needs, respond)
    for pattern, needs, respond in (
        (r"", "metadata", _repo),
        (r"/issues", "issues", _issues),
        (r"/issues/comments", "issues", _all_comments),
        (r"/issues/(\d+)", "issues", _issue),
        (r"/issues/(\d+)/comments", "issues", _comments_of),
        (r"/pulls", "pull_requests", _pulls),
        (r"/pulls/comments", "pull_requests", _all_inline),
        (r"/pulls/(\d+)", "pull_requests", _pull),
        (r"/pulls/(\d+)/reviews", "pull_requests", _reviews),
        (r"/pulls/(\d+)/comments", "pull_requests", _inline_of),
        (r"/pulls/(\d+)/commits", "pull_requests", _commits),
        (r"/forks", "metadata", _forks),
        (r"/stargazers", "metadata", _stargazers),
        (r"/stargazers/count", "metadata", _star_count),
        (r"/stargazers/history", "metadata", _star_history),
        (r"/releases", "contents", releases),
        (r"/traffic/views", "administration", views),
        (r"/traffic/clones", "administration", clones),
        (r"/traffic/popular/referrers", "administration", referrers),
        (r"/traffic/popular/paths", "administration", paths),
    )
)
