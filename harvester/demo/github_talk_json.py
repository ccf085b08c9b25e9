"""What GitHub's REST API says about issues, pull requests, comments and reviews, field by field."""

from __future__ import annotations

from harvester.demo.github_json import GHOST, WEB, Json, Renderer, association, iso, node_id, prose
from harvester.demo.things import Comment, InlineComment, Review, Thread, pull_of

_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def issue_json(render: Renderer, thread: Thread) -> Json:
    """An issue, or a pull request as the issues list has it: with another id than its own."""
    repo_url, web = render.repo_url(thread.repo), web_of(thread)
    url = f"{repo_url}/issues/{thread.number}"
    about = {
        "url": url,
        "repository_url": repo_url,
        "labels_url": url + "/labels{/name}",
        "comments_url": url + "/comments",
        "events_url": url + "/events",
        "timeline_url": url + "/timeline",
        "html_url": web,
        "id": thread.id,
        "node_id": node_id("I", thread.id) if thread.pull is None else node_id("PR", thread.pull.id),
        "comments": len(thread.comments),
        "closed_by": None,
        "state_reason": None if thread.pull else thread.reason,
        "type": None,
        "reactions": _reactions(url),
        **_open_or_closed(render, thread),
    }
    if thread.pull is not None:
        files = {"diff_url": web + ".diff", "patch_url": web + ".patch"}
        merged = {"merged_at": iso(thread.pull.merged_at)}
        about["pull_request"] = {"url": f"{repo_url}/pulls/{thread.number}", "html_url": web, **files, **merged}
    return about


def pull_json(render: Renderer, thread: Thread) -> Json:
    """A pull request as lists hold it."""
    pull, repo, web = pull_of(thread), thread.repo, web_of(thread)
    repo_url = render.repo_url(repo)
    url, sha = f"{repo_url}/pulls/{thread.number}", f"{pull.id:040x}"
    urls = {
        "html": web,
        "issue": f"{repo_url}/issues/{thread.number}",
        "comments": f"{repo_url}/issues/{thread.number}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{repo_url}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{repo_url}/statuses/{sha}",
    }
    branch = {"sha": sha, "repo": render.minimal_repo(repo), "user": render.account(repo.owner)}
    fields = {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "diff_url": web + ".diff",
        "patch_url": web + ".patch",
        **{f"{name}_url": address for name, address in urls.items()},
        "merged_at": iso(pull.merged_at),
        "requested_reviewers": [],
        "requested_teams": [],
        "draft": False,
        "auto_merge": None,
        "head": {**branch, "label": f"{repo.owner.login}:topic", "ref": "topic"},
        "base": {**branch, "label": f"{repo.owner.login}:main", "ref": "main"},
        "_links": {"self": {"href": url}, **_links(**urls)},
        **_open_or_closed(render, thread),
    }
    if not render.is_new:
        fields["merge_commit_sha"] = sha if pull.merged_at else None
    return fields


def full_pull_json(render: Renderer, thread: Thread) -> Json:
    """A pull request asked for by itself."""
    pull = pull_of(thread)
    counts = {"commits": 1, "additions": 12, "deletions": 3, "changed_files": 2}
    return {
        **pull_json(render, thread),
        "merged": pull.merged_at is not None,
        "merged_by": render.author(pull.merged_by),
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "maintainer_can_modify": False,
        "comments": len(thread.comments),
        "review_comments": len(pull.told()),
        **counts,
    }


def comment_json(render: Renderer, said: Comment) -> Json:
    """A conversation comment. Its page is that of the issue or of the pull request, its API address the issue's."""
    issues = f"{render.repo_url(said.repo)}/issues"
    url = f"{issues}/comments/{said.id}"
    return {
        "url": url,
        "html_url": f"{web_of(said.thread)}#issuecomment-{said.id}",
        "issue_url": f"{issues}/{said.thread.number}",
        "node_id": node_id("IC", said.id),
        "performed_via_github_app": None,
        **_saying(render, said, url),
        "user": render.account(said.author or GHOST),
    }


def inline_json(render: Renderer, said: InlineComment) -> Json:
    """A comment on a line of a diff. Here, as in reviews, a ghost is null, and elsewhere an account called ghost."""
    pulls = f"{render.repo_url(said.repo)}/pulls"
    url, pull_url = f"{pulls}/comments/{said.id}", f"{pulls}/{said.thread.number}"
    web, sha = f"{web_of(said.thread)}#discussion_r{said.id}", f"{said.review.id:040x}"
    return {
        "url": url,
        "html_url": web,
        "pull_request_url": pull_url,
        "pull_request_review_id": said.review.id,
        "node_id": node_id("PRRC", said.id),
        "diff_hunk": "@@ -1,3 +1,4 @@",
        "path": "src/main.py",
        "position": 1,
        "original_position": 1,
        "line": 4,
        "original_line": 4,
        "side": "RIGHT",
        "subject_type": "line",
        "commit_id": sha,
        "original_commit_id": sha,
        "_links": _links(self=url, html=web, pull_request=pull_url),
        **_saying(render, said, url),
        **({} if said.root == said.id else {"in_reply_to_id": said.root}),
    }


def review_json(render: Renderer, review: Review) -> Json:
    """A review; one that is pending has no submitted_at."""
    web = f"{web_of(review.thread)}#pullrequestreview-{review.id}"
    pull_url = f"{render.repo_url(review.repo)}/pulls/{review.thread.number}"
    fields = {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": render.author(review.author),
        "body": "" if review.state == "APPROVED" else prose(review.id),
        "state": review.state,
        "html_url": web,
        "pull_request_url": pull_url,
        "author_association": association(review.repo, review.author),
        "_links": _links(html=web, pull_request=pull_url),
        "commit_id": f"{review.id:040x}",
    }
    return fields if review.submitted_at is None else {**fields, "submitted_at": iso(review.submitted_at)}


def web_of(thread: Thread) -> str:
    """The page of an issue or a pull request."""
    return f"{WEB}/{thread.repo.full_name}/{'issues' if thread.pull is None else 'pull'}/{thread.number}"


def _saying(render: Renderer, said: Comment, url: str) -> Json:
    return {
        "id": said.id,
        "user": render.author(said.author),
        "created_at": iso(said.created_at),
        "updated_at": iso(said.updated_at),
        "body": prose(said.id),
        "reactions": _reactions(url),
        "author_association": association(said.repo, said.author),
    }


def _open_or_closed(render: Renderer, thread: Thread) -> Json:
    fields = {
        "number": thread.number,
        "title": thread.title,
        "user": render.account(thread.author or GHOST),
        "body": prose(thread.id),
        "author_association": association(thread.repo, thread.author),
        "labels": [],
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "state": "open" if thread.closed_at is None else "closed",
        "created_at": iso(thread.created_at),
        "updated_at": iso(thread.updated_at),
        "closed_at": iso(thread.closed_at),
        "assignees": [],
    }
    return fields if render.is_new else {**fields, "assignee": None}


def _reactions(url: str) -> Json:
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}


def _links(**addresses: str) -> Json:
    return {name: {"href": address} for name, address in addresses.items()}
