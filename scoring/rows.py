"""One panel's rows of the three tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.arrays import LARGEST, SMALLEST, BoolArray, FloatArray, IntArray, scaled, sum_groups
from scoring.attribution import log_effects
from scoring.chained import SIDE_NAMES, Chain
from scoring.essay import Essay, Ingredients
from scoring.intervals import factor_spread, influence_spread
from scoring.panel import Panel
from scoring.params import MODELS, Params
from scoring.result import Block, Column, grain_order, repeated
from scoring.status import STATUSES, Codes, Status, first_of, is_status


@dataclass(frozen=True)
class Scored:
    """A panel with both models' results, and the rows they make: every period that it is to show, none left out.

    `today`: days since 1970-01-01; periods that end after it are provisional. The blocks keep what they show and
    nothing else, so that the arrays over series are gone before the tables are made.
    """

    panel: Panel
    params: Params
    letters: Ingredients
    chain: Chain
    essay: Essay
    today: int

    def factors(self) -> Iterator[Block]:
        """The rows of `factors`: the chained model's, then the essay's, which has no intervals."""
        shared = {
            **{letter.name: getattr(self.letters, letter.name) for letter in fields(Ingredients)},
            "interactions_per_participant": self.letters.interactions_per_participant,
            "click_rate": np.full(self._shape, float(self.params.click_rate)),
            "participation_rate": np.full(self._shape, float(self.params.participation_rate)),
            "provisional": self._provisional,
        }
        factor, spread = self.chain.factor(), factor_spread(self.chain)
        low, high = scaled(factor, -spread), scaled(factor, spread)
        e, i = (slice(side, None, len(SIDE_NAMES)) for side in range(len(SIDE_NAMES)))
        yield self._block(
            "chained",
            {
                **shared,
                "factor_e": factor[:, e],
                "e_low": low[:, e],
                "e_high": high[:, e],
                "factor_i": factor[:, i],
                "i_low": low[:, i],
                "i_high": high[:, i],
            },
            {"e_status": self._side_status(0), "i_status": self._side_status(1)},
        )
        yield self._block(
            "essay",
            {
                **shared,
                "factor_e": self.essay.factor_e,
                "factor_i": self.essay.factor_i,
                **dict.fromkeys(("e_low", "e_high", "i_low", "i_high"), self._nowhere),
            },
            {"e_status": self.essay.e_status, "i_status": self.essay.i_status},
        )

    def influence(self) -> Iterator[Block]:
        """The rows of `influence`: the chained model's, then the essay's, which has no interval."""
        influence, spread = self.chain.influence(self.params.initial_influence), influence_spread(self.chain)
        yield self._block(
            "chained",
            {"influence": influence, "low": scaled(influence, -spread), "high": scaled(influence, spread)},
            {"status": self._chained_status(influence)},
        )
        yield self._block(
            "essay",
            {"influence": self.essay.influence, "low": self._nowhere, "high": self._nowhere},
            {"status": self._essay_status()},
        )

    def attribution(self) -> Block:
        """The rows of `attribution`: one for each series that a factor compared."""
        series, panel = self.chain.series, self.panel
        position, column = np.nonzero(self.chain.matched & panel.shown()[:, series.person])
        # Of numbers of sixteen bits, a radix sort.
        person = series.person.astype(np.min_scalar_type(len(panel.persons)))
        by_person = np.argsort(person[column], kind="stable")
        position, column = position[by_person], column[by_person]
        rows, effect = len(position), log_effects(self.chain)[position, column]
        persons, sources, metrics, starts = panel.persons, panel.sources, panel.metrics, panel.calendar.starts
        side = self.chain.group % len(SIDE_NAMES)
        return Block(
            order=(series.person[column], grain_order(panel.calendar.grain, rows)),
            columns={
                "person": lambda: (series.person[column], persons),
                "grain": repeated(panel.calendar.grain, rows),
                "period": lambda: starts[position],
                "side": lambda: (side[column], SIDE_NAMES),
                "source": lambda: (series.source[column], sources),
                "metric": lambda: (series.metric[column], metrics),
                "log_effect": lambda: effect,
            },
        )

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.panel.calendar.starts), len(self.panel.persons)

    @property
    def _nowhere(self) -> FloatArray:
        return np.full(self._shape, np.nan)

    @cached_property
    def _shown(self) -> tuple[IntArray, IntArray]:
        """Person and period of each row."""
        person, position = np.nonzero(self.panel.shown().T)
        return person, position

    @property
    def _provisional(self) -> BoolArray:
        return np.broadcast_to((self.panel.calendar.ends > self.today)[:, None], self._shape)

    def _block(self, model: str, numbers: Mapping[str, npt.NDArray[Any]], statuses: Mapping[str, Codes]) -> Block:
        """Rows of a model from (T, P) arrays."""
        person, position = self._shown
        rows, persons, calendar = len(person), self.panel.persons, self.panel.calendar

        def picked(values: npt.NDArray[Any]) -> Column:
            return lambda: values[position, person]

        def spelled(codes: Codes) -> Column:
            return lambda: (codes[position, person], STATUSES)

        by_model = np.full(rows, MODELS.index(model), dtype=np.int8)
        return Block(
            order=(person, by_model, grain_order(calendar.grain, rows)),
            columns={
                "person": lambda: (person, persons),
                "model": repeated(model, rows),
                "grain": repeated(calendar.grain, rows),
                "period": lambda: calendar.starts[position],
                "ends_on": lambda: calendar.ends[position],
                "coverage": picked(self._coverage),
                "params": repeated(self.params.hash(), rows),
                **{name: picked(values) for name, values in numbers.items()},
                **{name: spelled(codes) for name, codes in statuses.items()},
            },
        )

    @cached_property
    def _coverage(self) -> FloatArray:
        """The observed share of a period (T, P): the mean over the series of E and I that were seen until then."""
        person, persons = self.chain.series.person, len(self.panel.persons)
        known = np.logical_or.accumulate(self.chain.coverage > 0, axis=0)
        series = sum_groups(known.astype(np.float64), person, persons)
        return sum_groups(self.chain.coverage, person, persons) / np.maximum(series, 1.0)

    def _of(self, mask: BoolArray, side: int) -> BoolArray:
        return mask[:, side :: len(SIDE_NAMES)]

    def _of_any(self, mask: BoolArray) -> BoolArray:
        return self._of(mask, 0) | self._of(mask, 1)

    def _side_status(self, side: int) -> Codes:
        return first_of(
            (~self._of(self.chain.observed, side), Status.NO_DATA),
            (self.chain.base, Status.BASE),
            (~self._of(self.chain.linked, side), Status.NEW),
            otherwise=Status.OK,
        )

    def _chained_status(self, influence: FloatArray) -> Codes:
        return first_of(
            (~self._of_any(self.chain.observed), Status.NO_DATA),
            (self.chain.base, Status.BASE),
            (~self._of_any(self.chain.linked), Status.NEW),
            (self._provisional, Status.PROVISIONAL),
            (_is_out_of_range(influence), Status.OUT_OF_RANGE),
            otherwise=Status.OK,
        )

    def _essay_status(self) -> Codes:
        model = self.essay
        is_unread = is_status(model.e_status, Status.NO_DATA) & is_status(model.i_status, Status.NO_DATA)
        return first_of(
            (model.was_zero, Status.ZERO),
            (is_unread, Status.NO_DATA),
            (np.isnan(model.factor_e) & np.isnan(model.factor_i), Status.UNDEFINED),
            (self._provisional, Status.PROVISIONAL),
            ((model.factor_e == 0) & (model.factor_i == 0), Status.ZERO_BY_BOTH),
            (model.factor_e == 0, Status.ZERO_BY_E),
            (model.factor_i == 0, Status.ZERO_BY_I),
            (_is_out_of_range(model.influence), Status.OUT_OF_RANGE),
            otherwise=Status.OK,
        )


def _is_out_of_range(influence: FloatArray) -> BoolArray:
    return (influence <= SMALLEST) | (influence >= LARGEST)
