"""What GitHub's REST API says about releases and, to those with push access, about traffic."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from harvester.demo.github_json import WEB, Json, download_url, iso, node_id
from harvester.demo.github_lists import accepted, choice, refuse
from harvester.demo.things import Asset, Release, utc
from harvester.demo.truth import largest

if TYPE_CHECKING:
    from harvester.demo.github_repo import Call, Said

REMEMBERED = timedelta(days=14)


def views(call: Call) -> Said:
    """The days with views."""
    return _days(call, "views", "visitors")


def clones(call: Call) -> Said:
    """The days with clones."""
    return _days(call, "clones", "cloners")


def referrers(call: Call) -> Said:
    """Where the most views came from."""
    return [{"referrer": name, **counts} for name, counts in _top(call, call.repo.referrers)], None


def paths(call: Call) -> Said:
    """Where the most views went to."""
    root = f"/{call.repo.full_name}"
    return [
        {"path": root + path, "title": f"{call.repo.full_name}: {path or 'home'}", **counts}
        for path, counts in _top(call, call.repo.paths)
    ], None


def releases(call: Call) -> Said:
    """Releases, newest first; drafts are seen by those with push access only."""
    seen = [release for release in call.repo.releases if call.asker.may_read_release(release)]
    chosen, link = call.page(seen, lambda release: (release.created_at, release.id), down=True)
    return [_release(call, release) for release in chosen], link


def _days(call: Call, what: str, people: str) -> Said:
    _insist_on_push_access(call)
    choice(call.query, "per", ("day", "week"), "day")
    first = call.world.now.astimezone(UTC).date() - REMEMBERED
    told = [
        {"timestamp": iso(utc(day)), "count": getattr(traffic, what), "uniques": getattr(traffic, people)}
        for day, traffic in sorted(call.repo.traffic.items())
        if day > first and getattr(traffic, what)
    ]
    # The people of several days overlap; how much, is GitHub's secret.
    most = max((day["uniques"] for day in told), default=0)
    return {"count": sum(day["count"] for day in told), "uniques": most, what: told}, None


def _top(call: Call, counts: dict[str, int]) -> list[tuple[str, Json]]:
    _insist_on_push_access(call)
    return [(name, {"count": count, "uniques": -(-count // 3)}) for name, count in largest(counts)]


def _insist_on_push_access(call: Call) -> None:
    if not call.asker.may_push(call.repo):
        raise refuse(403, "Must have push access to repository", headers=accepted("administration"))


def _release(call: Call, release: Release) -> Json:
    repo, url = call.repo, f"{call.render.repo_url(call.repo)}/releases"
    web = f"{WEB}/{repo.full_name}/releases"
    return {
        "url": f"{url}/{release.id}",
        "html_url": f"{web}/tag/{release.tag}",
        "assets_url": f"{url}/{release.id}/assets",
        "upload_url": f"{url}/{release.id}/assets{{?name,label}}",
        "tarball_url": f"{call.render.repo_url(repo)}/tarball/{release.tag}",
        "zipball_url": f"{call.render.repo_url(repo)}/zipball/{release.tag}",
        "id": release.id,
        "node_id": node_id("RE", release.id),
        "tag_name": release.tag,
        "target_commitish": "main",
        "name": None,
        "body": None,
        "draft": release.published_at is None,
        "prerelease": False,
        "immutable": False,
        "created_at": iso(release.created_at),
        "updated_at": iso(release.created_at),
        "published_at": iso(release.published_at),
        "author": call.render.account(repo.owner),
        "assets": [_asset(call, asset) for asset in release.assets],
    }


def _asset(call: Call, asset: Asset) -> dict[str, Any]:
    return {
        "url": f"{call.render.repo_url(call.repo)}/releases/assets/{asset.id}",
        "browser_download_url": download_url(asset),
        "id": asset.id,
        "node_id": node_id("RA", asset.id),
        "name": asset.name,
        "label": None,
        "state": "uploaded",
        "content_type": "application/octet-stream",
        "size": 4_096,
        "digest": None,
        "download_count": asset.downloads,
        "created_at": iso(asset.created_at),
        "updated_at": iso(asset.created_at),
        "uploader": call.render.account(call.repo.owner),
    }
