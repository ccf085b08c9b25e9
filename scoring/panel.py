"""The totals of one grain as arrays over periods, series and persons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from scoring.arrays import BoolArray, FloatArray, IntArray, any_in_groups, binned, sum_groups
from scoring.columns import ranked
from scoring.params import Params
from scoring.periods import EPOCH, Calendar, align
from scoring.roles import PER_EVENT_AUDIENCE, ROLES, Role
from scoring.table import MOST, Table, check_ends

_AUDIENCE = ROLES.index("audience")
_NONE = ROLES.index("none")


@dataclass(frozen=True, slots=True)
class Series:
    """What the columns of (…, S) arrays are: one (person, source, metric) each, sorted by these.

    `source` and `metric` are codes into the panel's names; `role` indexes ROLES.
    """

    person: IntArray
    source: IntArray
    metric: IntArray
    role: IntArray
    weight: FloatArray

    def __getitem__(self, chosen: IntArray | BoolArray) -> Series:
        return Series(
            self.person[chosen], self.source[chosen], self.metric[chosen], self.role[chosen], self.weight[chosen]
        )

    def __add__(self, other: Series) -> Series:
        columns = [(getattr(self, column.name), getattr(other, column.name)) for column in fields(Series)]
        return Series(*(np.concatenate(pair) for pair in columns))

    def plays(self, *roles: Role) -> BoolArray:
        """Which series play one of the roles."""
        return np.array([role in roles for role in ROLES])[self.role]


@dataclass(frozen=True, slots=True)
class Panel:
    """One grain of the totals. Series without a role or with weight 0 are not in it.

    `counts` (T, S): unweighted totals, at least 0. `coverage` (T, S): 0 where not observed. `actors` (T, P):
    distinct people summed over subjects and metrics of interactions. `gauges` are the series of a standing audience,
    `standing` (T, gauges) their unweighted levels at each period's end; NaN before the first reading. `first`,
    `last` (P): the span that a person has rows for; last < first: none. `asked` (P): from which period on it is to
    be shown.
    """

    calendar: Calendar
    persons: tuple[str, ...]
    sources: tuple[str, ...]
    metrics: tuple[str, ...]
    series: Series
    counts: FloatArray
    coverage: FloatArray
    actors: FloatArray
    gauges: Series
    standing: FloatArray
    first: IntArray
    last: IntArray
    asked: IntArray

    def shown(self) -> BoolArray:
        """Which periods of which person the tables are to show: (T, P)."""
        position = np.arange(len(self.calendar.starts))[:, None]
        return (np.maximum(self.first, self.asked) <= position) & (position <= self.last)

    def total(self, *roles: Role) -> FloatArray:
        """Weighted sum of the roles' series by period and person (T, P); NaN where none was observed."""
        chosen = self.series.plays(*roles)
        series, coverage = self.series[chosen], self.coverage[:, chosen]
        counted = np.where(coverage > 0, np.minimum(self.counts[:, chosen] * series.weight, MOST), 0.0)
        persons = len(self.persons)
        sums = sum_groups(counted, series.person, persons)
        observed = sum_groups(coverage, series.person, persons) > 0
        return np.where(observed, sums, np.nan)

    def audience(self) -> FloatArray:
        """T_A (T, P): the standing audience and those invited in the period; NaN where neither is known."""
        persons = len(self.persons)
        is_read = ~np.isnan(self.standing)
        weighted = np.minimum(np.nan_to_num(self.standing) * self.gauges.weight, MOST)
        standing = sum_groups(weighted, self.gauges.person, persons)
        invited = self.total("audience")
        is_known = any_in_groups(is_read, self.gauges.person, persons) | ~np.isnan(invited)
        return np.where(is_known, standing + np.nan_to_num(invited), np.nan)

    def metrics_of(self, *roles: Role) -> set[int]:
        """The codes of the metrics that play one of the roles anywhere."""
        return {code for every in (self.series, self.gauges) for code in every.metric[every.plays(*roles)].tolist()}

    def observed(self, *roles: Role) -> tuple[Series, BoolArray]:
        """The series and gauges that play one of the roles, and when each was observed (T, ·)."""
        flows, gauges = self.series.plays(*roles), self.gauges.plays(*roles)
        found = np.hstack([self.coverage[:, flows] > 0, ~np.isnan(self.standing[:, gauges])])
        return self.series[flows] + self.gauges[gauges], found


def panels(table: Table, params: Params, since: Mapping[str, date] | None = None) -> Iterator[Panel]:
    """A panel for each grain that has rows, by the grain's name. `since`: as in `score_columns`."""
    known = since or {}
    days = [known.get(name, date.min).toordinal() - EPOCH for name in table.person.names]
    grains = len(table.grain.names)
    for code in range(grains):
        made = [_panel(table, np.flatnonzero(table.grain.codes == code), params, np.array(days, dtype=np.int64))]
        if code == grains - 1:
            del table  # as large as all that comes of it
        yield made.pop()


def _panel(table: Table, rows: IntArray, params: Params, since: IntArray) -> Panel:
    calendar, position = align(table.grain.names[table.grain.codes[rows[0]]], table.starts[rows])
    check_ends(table, rows, calendar.ends[position])
    periods, persons = len(calendar.starts), len(table.person.names)
    person = table.person.codes[rows]
    first, last = np.full(persons, periods), np.full(persons, -1)
    np.minimum.at(first, person, position)
    np.maximum.at(last, person, position)

    series, column = _series(table, rows, params)
    counted = (series.role != _NONE) & (series.weight > 0)
    per_event = np.array([name in PER_EVENT_AUDIENCE for name in table.metric.names], dtype=np.bool_)
    gauge = counted & (series.role == _AUDIENCE) & ~per_event[series.metric]
    flows = _pick(rows, position, column, series, counted & ~gauge)
    gauges = _pick(rows, position, column, series, gauge)
    counts = _sum(flows, table.total[flows.rows], periods)
    interactive = flows.series.plays("interactions")
    actors = _sum(flows, table.actors[flows.rows], periods)[:, interactive]
    return Panel(
        calendar=calendar,
        persons=table.person.names,
        sources=table.source.names,
        metrics=table.metric.names,
        series=flows.series,
        # A source may take back more than it gave in a period; a level cannot go below zero.
        counts=np.maximum(counts, 0.0),
        coverage=_coverage(table, flows, periods),
        actors=sum_groups(actors, flows.series.person[interactive], persons),
        gauges=gauges.series,
        standing=_standing(table, gauges, periods),
        first=first,
        last=last,
        asked=_last_before(np.searchsorted(calendar.ends, since, side="right"), position, person),
    )


def _last_before(changed: IntArray, position: IntArray, person: IntArray) -> IntArray:
    """The last period with rows before each person's `changed` one (P), 0 where there is none.

    What has no rows after it is shown for the sake of later rows alone, and goes with them.
    """
    latest = np.zeros_like(changed)
    if changed.any():
        is_before = position < changed[person]
        np.maximum.at(latest, person[is_before], position[is_before])
    return latest


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of the table that belong to some of the series: their period and column in an array over these."""

    rows: IntArray
    position: IntArray
    column: IntArray
    series: Series

    @property
    def cells(self) -> IntArray:
        return self.position * len(self.series.person) + self.column


def _pick(rows: IntArray, position: IntArray, column: IntArray, series: Series, chosen: BoolArray) -> _Rows:
    here = np.flatnonzero(chosen[column])
    renumbered = np.cumsum(chosen) - 1
    return _Rows(rows[here], position[here], renumbered[column[here]], series[chosen])


def _series(table: Table, rows: IntArray, params: Params) -> tuple[Series, IntArray]:
    """Every (person, source, metric) of the rows, sorted, and the index of each row's."""
    metrics = len(table.metric.names)
    pair = table.source.codes[rows] * metrics + table.metric.codes[rows]
    pairs = len(table.source.names) * metrics
    place, keys = ranked(table.person.codes[rows] * pairs + pair)
    person, pair = np.divmod(keys, pairs)
    source, metric = np.divmod(pair, metrics)
    weightings = [
        params.weighting(table.source.names[s], table.metric.names[m]) for s, m in zip(source, metric, strict=True)
    ]
    role = np.array([ROLES.index(weighting.role) for weighting in weightings], dtype=np.int64)
    weight = np.array([min(weighting.weight, MOST) for weighting in weightings], dtype=np.float64)
    return Series(person, source, metric, role, weight), place


def _sum(picked: _Rows, values: FloatArray, periods: int) -> FloatArray:
    """Sum values by period and series; the order of the rows never changes a bit of the result."""
    cells, width = picked.cells, len(picked.series.person)
    if len(cells) > 0 and np.bincount(cells).max() > 1:
        order = np.lexsort((values, cells))
        cells, values = cells[order], values[order]
    return binned(cells, values, (periods, width))


def _coverage(table: Table, picked: _Rows, periods: int) -> FloatArray:
    width, given = len(picked.series.person), table.coverage[picked.rows]
    coverage = np.zeros(periods * width)
    coverage[picked.cells] = given
    if (differs := coverage[picked.cells] != given).any():
        where = table.describe(int(picked.rows[np.flatnonzero(differs)[0]]))
        raise ValueError(f"coverage must be the same on all rows of one series and period; it differs at {where}")
    return coverage.reshape(periods, width)


def _standing(table: Table, gauges: _Rows, periods: int) -> FloatArray:
    """The level of each gauge (T, gauges): of its subjects' latest readings the sum; NaN before the first."""
    # A silence says only that nothing was read: of a gauge, that is no reading.
    is_read = ~(table.unnamed[gauges.rows] & (table.total[gauges.rows] == 0))
    rows, position, column = gauges.rows[is_read], gauges.position[is_read], gauges.column[is_read]
    subject = table.subjects(rows)
    subjects = int(subject.max(initial=-1)) + 2
    dials, dial = np.unique(column * subjects + subject + 1, return_inverse=True)
    gauge, width = dials // subjects, len(gauges.series.person)
    readings = _Rows(rows, position, dial, gauges.series[gauge])
    reading = np.maximum(_sum(readings, table.total[rows], periods), 0.0)
    is_new = np.bincount(readings.cells, minlength=reading.size).reshape(reading.shape) > 0
    latest = np.maximum.accumulate(np.where(is_new, np.arange(periods)[:, None], -1), axis=0)
    level = np.where(latest >= 0, np.take_along_axis(reading, np.maximum(latest, 0), axis=0), 0.0)
    return np.where(any_in_groups(latest >= 0, gauge, width), sum_groups(level, gauge, width), np.nan)
