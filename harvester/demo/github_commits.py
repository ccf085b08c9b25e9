"""What GitHub's REST API says of the commits of a pull request: in the demo each has one."""

from __future__ import annotations

from harvester.demo.github_json import WEB, Json, Renderer, iso, node_id
from harvester.demo.things import Account, Thread, pull_of

_UNSIGNED = dict.fromkeys(("signature", "payload", "verified_at"))


def commit_json(render: Renderer, thread: Thread) -> Json:
    """The one commit of a pull request."""
    repo, pull, author = thread.repo, pull_of(thread), thread.author
    sha, parent = f"{pull.id:040x}", f"{pull.id - 1:040x}"
    url, git = f"{render.repo_url(repo)}/commits", f"{render.repo_url(repo)}/git"
    signed = {**_signature(author), "date": iso(thread.created_at)}
    return {
        "url": f"{url}/{sha}",
        "sha": sha,
        "node_id": node_id("C", pull.id),
        "html_url": f"{WEB}/{repo.full_name}/commit/{sha}",
        "comments_url": f"{url}/{sha}/comments",
        "commit": {
            "url": f"{git}/commits/{sha}",
            "author": signed,
            "committer": signed,
            "message": thread.title,
            "comment_count": 0,
            "tree": {"sha": parent, "url": f"{git}/trees/{parent}"},
            "verification": {"verified": False, "reason": "unsigned", **_UNSIGNED},
        },
        "author": render.author(author),
        "committer": render.author(author),
        "parents": [{"sha": parent, "url": f"{url}/{parent}", "html_url": f"{WEB}/{repo.full_name}/commit/{parent}"}],
    }


def _signature(author: Account | None) -> dict[str, str]:
    login = author.login if author is not None else "somebody"
    return {"name": login, "email": f"{login}@example.org"}
