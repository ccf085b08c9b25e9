"""What was true in the virtual quarter: of each source and metric, by day, as growth, or as it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from quarter import (
    ANSWERED,
    COUNTED,
    FORGE_ISSUES,
    ISSUES_ON,
    LIST_SIZES,
    MERGES_ON,
    REMEMBERED,
    STARRED,
    STEP,
    TALKS,
    Quarter,
)

Days = Mapping[tuple[str, str], Mapping[date, int]]
"""(source, metric) → day → total."""


def days_of(quarter: Quarter) -> Days:
    """What is dated: what happened on each day, by now."""
    world, past = quarter.world.truth(), quarter.past()
    sums: dict[tuple[str, str], Counter[date]] = {}
    not_at_github = {
        "posts_published": ["blog"],
        "post_reads": ["readers"],
        "post_visitors": ["readers", "pages"],
        "site_visits": ["readers"],
    }
    for facts in (world.days, world.given):
        for metric, counts in facts.items():
            for source in not_at_github.get(metric, ["work"]):
                for (_, day), count in counts.items():
                    if not metric.startswith("traffic_") or _was_remembered(quarter, day):
                        sums.setdefault((source, metric), Counter())[day] += count
    for source, shift in {"umami": 0, "matomo": 1, "wordpress": 2, "ga4": 3}.items():
        hits = quarter.hits(shift)
        sums[source, "post_reads"] = _by_day(hits)
        if source != "wordpress":
            sums[source, "post_visitors"] = _by_day(set(hits))
            sums[source, "site_visits"] = _by_day(set(hits))

    def dated(days, value=lambda _: 1) -> Counter[date]:
        return Counter({quarter.on(day): value(day) for day in days if day < quarter.day and value(day)})

    def after(days, *lags: int) -> Counter[date]:
        return Counter(quarter.on(day + lag) for day in days for lag in lags if day + lag < quarter.day)

    return sums | {
        ("searchconsole", "impressions"): dated(past, lambda day: 10 + day % 7),
        ("searchconsole", "clicks"): dated(past, lambda day: day % 3),
        ("videos", "videos_published"): dated(one.born for one in COUNTED),
        ("answers", "answers"): dated(ANSWERED),
        ("answers", "post_comments"): dated(ANSWERED),
        ("wheels", "downloads"): dated(past, lambda day: day % 6),
        ("modules", "downloads"): dated(past, lambda day: day % 8),
        ("lab", "stars"): dated(STARRED),
        ("lab", "issues_opened"): dated(ISSUES_ON),
        ("lab", "issues_closed"): after(ISSUES_ON, 15),
        ("lab", "issue_comments"): after(ISSUES_ON, 1, 2),
        ("lab", "pulls_opened"): dated(MERGES_ON),
        ("lab", "pulls_merged"): after(MERGES_ON, 15),
        ("lab", "review_comments"): after(MERGES_ON, 1),
        ("lab", "pull_reviews"): after(MERGES_ON, 2),
        ("lab", "traffic_clones"): dated(past, lambda day: day % 4),
        ("talks", "talks"): dated(TALKS),
        ("talks", "talk_audience"): dated(TALKS, lambda day: TALKS[day][0]),
        ("talks", "attendees"): dated(TALKS, lambda day: TALKS[day][1]),
        ("talks", "talk_interactions"): dated(TALKS, lambda day: TALKS[day][2]),
        ("talks", "impressions"): dated(past, lambda day: day if day % 10 == 1 else 0),
        ("talks", "clicks"): dated(past, lambda day: day if day % 10 == 2 else 0),
        ("newsletter", "post_reads"): dated(past, lambda day: day % 5),
        ("forge", "issues_opened"): dated(FORGE_ISSUES),
    }


def _was_remembered(quarter: Quarter, day: date) -> bool:
    """Whether GitHub still told of the day's traffic at the harvest after it."""
    return STEP.days - (day - quarter.start).days % STEP.days < REMEMBERED


def growth_of(quarter: Quarter, first: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
    """What counters have grown since the first harvest; `first`: what the world's said then."""
    since = sum(one.grown(STEP.days, quarter.day) for one in COUNTED)
    # Articles, videos and stories begin with 100, 50 and 1, which counts for what appears later.
    born = sum(STEP.days <= one.born < quarter.day for one in COUNTED)
    now = quarter.world.truth().levels
    return {
        ("work", "release_downloads"): _more(now["release_downloads"], first["release_downloads"]),
        ("blog", "post_comments"): _more(now["post_comments"], first["post_comments"]),
        ("devto", "post_reads"): since + 100 * born,
        ("devto", "post_reactions"): 2 * since,
        ("devto", "post_comments"): 4 * since,
        ("videos", "video_views"): since + 50 * born,
        ("videos", "video_comments"): since,
        ("hn", "post_reactions"): since + born,
        ("hn", "post_comments"): 3 * since,
        ("answers", "post_reactions"): since,
    }


def gauges_of(quarter: Quarter) -> dict[tuple[str, str], int]:
    """What stands at so much now, for what has been told at all."""
    levels = quarter.world.truth().levels
    counted = ("stargazers", "watchers", "referrer_views", "path_views")
    world = {("work", metric): sum(levels[metric].values()) for metric in counted if levels[metric]}
    return world | {
        ("videos", "subscribers"): 1000 + quarter.day,
        ("lab", "stargazers"): sum(on < quarter.day for on in STARRED),
        ("talks", "audience"): max((size for on, size in LIST_SIZES.items() if on < quarter.day), default=0),
    }


def _by_day(hits) -> Counter[date]:
    return Counter(date.fromisoformat(day) for day, *_ in hits)


def _more(now: Mapping[str, int], before: Mapping[str, int]) -> int:
    # A repository is renamed in between; its files are known by what stands behind its name.
    known = {name.partition(" ")[2] or name: count for name, count in before.items()}
    return sum(count - known.get(name.partition(" ")[2] or name, 0) for name, count in now.items())
