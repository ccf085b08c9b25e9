"""Which connectors are installed: entry points of the group `harvester.connectors`, loaded when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from connectors.base import Connector
from connectors.nearest import nearest
from harvester.redact import scrub

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "harvester.connectors"
_OURS = "connectors."


class UnknownConnector(LookupError):
    """No installed package offers a connector of this name."""


class BrokenConnector(Exception):
    """An installed connector cannot be used; says which, whose, and why."""


class Registry:
    """The installed connectors by name. Asking for one loads that one and no other."""

    def __init__(self, points: Iterable[EntryPoint] | None = None) -> None:
        self._points: dict[str, list[EntryPoint]] = {}
        # A package that is found twice on the path offers the same thing twice; that is no conflict.
        distinct = {(point.name, point.value): point for point in (_installed() if points is None else points)}
        for point in distinct.values():
            self._points.setdefault(point.name, []).append(point)
        self._loaded: dict[str, Connector] = {}

    def names(self) -> tuple[str, ...]:
        """Every offered name, sorted, broken ones included; loads nothing."""
        return tuple(sorted(self._points))

    def get(self, name: str) -> Connector:
        """The connector of this name. Raises UnknownConnector or BrokenConnector."""
        if name not in self._loaded:
            self._loaded[name] = _load(self._choose(name))
        return self._loaded[name]

    def all(self) -> tuple[Connector, ...]:
        """Every connector that loads, by name; `broken()` names the others."""
        return self._try_all()[0]

    def broken(self) -> Mapping[str, str]:
        """Why each of the others does not load, by name."""
        return self._try_all()[1]

    def _try_all(self) -> tuple[tuple[Connector, ...], dict[str, str]]:
        good: list[Connector] = []
        bad: dict[str, str] = {}
        for name in self.names():
            try:
                good.append(self.get(name))
            except BrokenConnector as error:
                bad[name] = str(error)
        return tuple(good), bad

    def _choose(self, name: str) -> EntryPoint:
        points = self._points.get(name, [])
        if not points:
            near = nearest(name, self._points)
            hint = f'did you mean "{near}"? ' if near else ""
            installed = ", ".join(self.names()) or "none"
            raise UnknownConnector(f'no connector "{scrub(name)}"; {hint}installed are: {installed}')
        # Nobody takes over one of our names: its users' tokens would go to a stranger's code.
        ours = [point for point in points if point.value.startswith(_OURS)]
        if len(chosen := ours or points) > 1:
            owners = ", ".join(_owner(point) for point in points)
            raise BrokenConnector(
                f'connector "{name}" is offered by several packages ({owners}); uninstall all but one'
            )
        return chosen[0]


def _installed() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points  # here, because it is a third of what importing us costs

    return entry_points(group=GROUP)


def _load(point: EntryPoint) -> Connector:
    try:
        connector = point.load()
    except Exception as error:  # somebody else's module: it may fail in any way while it is imported
        why = f"{type(error).__name__}: {error}"
        raise BrokenConnector(f'connector "{point.name}" of {_owner(point)} does not load: {why}') from error
    if not isinstance(connector, Connector):
        kind = type(connector).__name__
        raise BrokenConnector(
            f'connector "{point.name}" of {_owner(point)} is of type {kind}, not a connectors.base.Connector'
        )
    if connector.name != point.name:
        raise BrokenConnector(f'connector "{point.name}" of {_owner(point)} calls itself "{connector.name}"')
    return connector


def _owner(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
