"""`harvest connectors`: what can be harvested."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from connectors.base import Metric
from connectors.metrics import USUAL
from harvester.cli import show


def run(options: argparse.Namespace) -> int:
    """A table of every installed connector's streams; plug-ins that do not load are named."""
    from harvester.registry import Registry

    show.talk(options)
    registry = Registry()
    found = registry.all()
    if options.json:
        show.write_json([_as_json(connector) for connector in found])
        return 0
    made = show.table(["connector", "stream", "metrics (kind)", "keeps", "needs"])
    for connector in found:
        for position, stream in enumerate(connector.streams):
            made.add_row(
                connector.name if position == 0 else "",
                stream.name,
                _named(stream.metrics),
                _kept(stream.retention_days),
                show.plain(stream.permission),
            )
    show.console(options).print(made)
    for name, why in registry.broken().items():
        show.console(options, stderr=True).print(show.plain(f"{name}: does not load: {why}"), soft_wrap=True)
    return 0


def _named(metrics: Sequence[Metric]) -> str:
    """Every metric with its kind; a stream that has all that there are says so."""
    if {metric.name for metric in metrics} >= USUAL.keys():
        kinds = dict.fromkeys(metric.kind.value for metric in metrics)
        return f"as configured ({', '.join(kinds)})"
    return ", ".join(f"{metric.name} ({metric.kind.value})" for metric in metrics)


def _kept(days: int | None) -> str:
    """How long the service remembers."""
    if days is None:
        return "all"
    return "now only" if days <= 1 else f"{days} days"


def _as_json(connector: object) -> dict[str, object]:
    streams = [
        {
            "stream": stream.name,
            "metrics": [
                {"metric": metric.name, "kind": metric.kind.value, "tz": metric.tz} for metric in stream.metrics
            ],
            "retention_days": stream.retention_days,
            "permission": stream.permission,
        }
        for stream in connector.streams  # type: ignore[attr-defined]
    ]
    return {"connector": connector.name, "summary": connector.summary, "streams": streams}  # type: ignore[attr-defined]
