"""Checks of what a connector says about itself."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, get_type_hints

from connectors.base import Kind, Metric, Secret, StreamSpec
from connectors.testing.case import Case, hold, opened

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_COLLECTIVE = {"audience"}  # nouns that count many without an s
_FIELD_TYPES = {
    *(str, int, float, bool, date, Secret, tuple[str, ...], tuple[Secret, ...]),
    *(Mapping[str, str], Mapping[str, Secret], Mapping[str, Mapping[str, str]]),
}


def check_declaration(case: Case) -> None:
    """Names are plural nouns in snake_case, kinds fit their settings, the configuration is frozen and documented."""
    connector = case.connector
    hold(_NAME.fullmatch(connector.name), f"the connector's name {connector.name!r} is not snake_case")
    hold(connector.summary, "the connector has no summary")
    hold(connector.streams, "the connector declares no streams")
    names = [spec.name for spec in connector.streams]
    hold(len(names) == len(set(names)), f"two streams have one name: {names}")
    metrics: dict[tuple[str, Kind], Metric] = {}  # one name may come as a total of days here, as a counter there
    for spec in connector.streams:
        hold(_NAME.fullmatch(spec.name), f"the stream's name {spec.name!r} is not snake_case")
        hold(spec.metrics, f"stream {spec.name} has no metrics")
        hold(spec.cursor_version >= 1, f"stream {spec.name}: cursor_version must be at least 1")
        hold(
            spec.retention_days is None or spec.retention_days > 0,
            f"stream {spec.name}: retention_days must be positive",
        )
        hold(spec.permission, f'stream {spec.name} names no permission; "none" if it needs none')
        for metric in spec.metrics:
            same = metrics.setdefault((metric.name, metric.kind), metric)
            hold(same == metric, f"metric {metric.name} is declared in two ways")
            _check_metric(metric)
    _check_config(connector.config)


def _check_metric(metric: Metric) -> None:
    words = metric.name.split("_")  # issues_opened: the noun need not come last
    is_plural = any(word.endswith("s") or word in _COLLECTIVE for word in words)
    hold(_NAME.fullmatch(metric.name) and is_plural, f"metric {metric.name!r} is not a plural noun in snake_case")
    hold(metric.revise == "last" or metric.kind is Kind.DAILY, f"metric {metric.name}: only a DAILY one is revised")
    hold(not metric.gauge or metric.kind is Kind.LEVEL, f"metric {metric.name}: only a LEVEL can be a gauge")


def _check_config(config: type[Any]) -> None:
    hold(dataclasses.is_dataclass(config), f"{config.__name__} is no dataclass")
    is_keyword_only = all(one.kw_only for one in dataclasses.fields(config))
    hold(config.__dataclass_params__.frozen and is_keyword_only, f"{config.__name__} is not frozen and keyword-only")
    hints = get_type_hints(config)
    allowed = {*_FIELD_TYPES, *(kind | None for kind in _FIELD_TYPES)}
    for one in dataclasses.fields(config):
        hold(one.metadata.get("help"), f'{config.__name__}.{one.name} has no metadata={{"help": …}}')
        hold(hints[one.name] in allowed, f"{config.__name__}.{one.name}: {hints[one.name]} is no type of a key")


def check_opening(case: Case) -> None:
    """open() sends nothing, and its streams are those declared."""
    with opened(case) as (streams, wire, _):
        hold(wire.count == 0, f"open() sent {wire.count} requests")
        hold(streams, "open() gave no streams")
        specs: list[StreamSpec] = [stream.spec for stream in streams]
    hold(len({spec.name for spec in specs}) == len(specs), "open() gave two streams of one name")
    declared = {spec.name: spec for spec in case.connector.streams}
    for spec in specs:
        whole = declared.get(spec.name)
        is_declared = (
            whole is not None
            and len(spec.metrics) > 0
            and set(spec.metrics) <= set(whole.metrics)
            and dataclasses.replace(spec, metrics=whole.metrics) == whole
        )
        hold(is_declared, f"stream {spec.name} is not the one that the connector declares")
