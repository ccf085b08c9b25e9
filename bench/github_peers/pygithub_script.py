"""What somebody would write with PyGithub who knows it: a hundred per page, no pause, `since` where there is one.

    python pygithub_script.py API_URL OWNER STATE.json ROWS.ndjson < token

Writes a line per record, [kind, id, content, whose], and "whose" alone where all of its records follow. STATE
holds, per repository, until when its lists were read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from github import Auth, Github
from github.PullRequest import PullRequest
from github.Repository import Repository

State = dict[str, str]  # list → the newest `updated_at` seen in it


def main() -> None:
    """Read everything new, then remember where."""
    url, owner, state_file, rows_file = sys.argv[1:]
    token = sys.stdin.readline().strip()
    github = Github(auth=Auth.Token(token), base_url=url, per_page=100, seconds_between_requests=None)
    path = Path(state_file)
    states: dict[str, State] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    with Path(rows_file).open("w", encoding="utf-8") as rows:
        for repo in github.get_user(owner).get_repos():
            state = states.setdefault(str(repo.id), {})
            rows.writelines(json.dumps(row) + "\n" for row in read(repo, state))
    path.write_text(json.dumps(states), encoding="utf-8")


def read(repo: Repository, state: State) -> Iterator[list[Any]]:
    """The records of a repository that are new or may have changed."""
    yield ["repository", repo.id, repo.full_name, ""]
    stars = f"stars of {repo.id}"  # no since here: only the whole list shows who has gone
    yield [stars]
    for star in repo.get_stargazers_with_dates():
        yield ["star", f"{repo.id}/{star.user.id}", 1, stars]
    for issue in repo.get_issues(state="all", sort="updated", direction="asc", **since(state, "issues")):
        note(state, "issues", issue.updated_at)
        if "/pull/" not in issue.html_url:  # its attribute pull_request would ask again wherever there is none
            yield ["issue", issue.id, [repo.id, issue.closed_at is not None], ""]
    for comment in repo.get_issues_comments(sort="updated", direction="asc", **since(state, "comments")):
        note(state, "comments", comment.updated_at)
        yield ["comment", comment.id, repo.id, ""]
    for pull in changed_pulls(repo, state):
        yield ["pull", f"{repo.id}/{pull.number}", pull.merged_at is not None, ""]
        for review in pull.get_reviews():
            if review.state != "PENDING":
                yield ["review", review.id, review.state, ""]
    for inline in repo.get_pulls_review_comments(sort="updated", direction="asc", **since(state, "inline")):
        note(state, "inline", inline.updated_at)
        yield ["inline", inline.id, repo.id, ""]


def changed_pulls(repo: Repository, state: State) -> Iterator[PullRequest]:
    """There is no since: the newest change first, until what was known before."""
    known, newest = since(state, "pulls").get("since"), dict(state)
    for pull in repo.get_pulls(state="all", sort="updated", direction="desc"):
        if known is not None and pull.updated_at and pull.updated_at < known:
            break
        note(newest, "pulls", pull.updated_at)
        yield pull
    state.update(newest)


def since(state: State, name: str) -> dict[str, Any]:
    """The parameter, where the list was read before."""
    return {"since": datetime.fromisoformat(state[name])} if name in state else {}


def note(state: State, name: str, at: datetime | None) -> None:
    """Keep the newest change."""
    state[name] = max(state.get(name, ""), at.isoformat() if at else "")


if __name__ == "__main__":
    main()
