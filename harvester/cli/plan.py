"""`harvest now --plan`: what a harvest would cost."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harvester.cli import show

if TYPE_CHECKING:
    from harvester.config import Settings, Source
    from harvester.planning import Plan
    from harvester.reading import Order


def show_plan(options: argparse.Namespace, settings: Settings, sources: Sequence[Source], order: Order) -> int:
    """A table of source, bucket, requests, points and what is left; exit code as for a harvest."""
    from harvester.cli.now import ALL_FAILED, SOME_FAILED
    from harvester.planning import plan

    plans = list(plan(settings, sources, order))
    if options.json:
        show.write_json({"sources": [_as_json(one) for one in plans]})
    else:
        _print(options, plans)
    failed = [one for one in plans if one.message]
    if not failed:
        return 0
    return ALL_FAILED if len(failed) == len(plans) else SOME_FAILED


def _print(options: argparse.Namespace, plans: Sequence[Plan]) -> None:
    out = show.console(options)
    made = show.table(["source", "of", "requests", "points", "left"], right=["requests", "points", "left"])
    for one in plans:
        for cost in one.costs:
            left = sum(budget.remaining for (_, bucket), budget in one.left.items() if bucket == cost.bucket)
            made.add_row(
                show.plain(one.source), show.plain(cost.bucket), str(cost.requests), str(cost.points),
                str(left) if left else "?",
            )  # fmt: skip
        if not one.costs and not one.message:
            made.add_row(
                show.plain(one.source), "-", "?" if one.unforeseen else "0", "?" if one.unforeseen else "0", ""
            )
    out.print(made)
    for one in plans:
        if one.message:
            out.print(show.plain(f"{one.source}: {one.outcome}: {one.message}"), soft_wrap=True)
        elif one.unforeseen and one.costs:
            streams = ", ".join(one.unforeseen)
            out.print(show.plain(f"{one.source}: what {streams} take cannot be foreseen"), soft_wrap=True)


def _as_json(one: Plan) -> dict[str, Any]:
    return {
        "source": one.source,
        "costs": [{"bucket": cost.bucket, "requests": cost.requests, "points": cost.points} for cost in one.costs],
        "unforeseen": list(one.unforeseen),
        "left": [
            {"credential": credential, "bucket": bucket, "limit": left.limit, "remaining": left.remaining,
             "reset_at": left.reset_at.isoformat()}
            for (credential, bucket), left in one.left.items()
        ],
        "outcome": one.outcome,
        "message": one.message,
    }  # fmt: skip
