"""What `scoring` offers: the score, a forecast, and the essay's own example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from scoring import table
from scoring.arrays import FloatArray
from scoring.chained import chain
from scoring.essay import essay, ingredients
from scoring.panel import Panel, panels
from scoring.params import Params
from scoring.periods import EPOCH
from scoring.result import ATTRIBUTION, FACTORS, INFLUENCE, Block, Columns, Result, arrange, assemble, encode
from scoring.rows import Scored

if TYPE_CHECKING:
    import pandas as pd

    from scoring.columns import Frame

T = TypeVar("T")
TABLES = (FACTORS, INFLUENCE, ATTRIBUTION)


def score(
    totals: pd.DataFrame,
    params: Params | None = None,
    *,
    participants: pd.DataFrame | None = None,
    now: date | None = None,
) -> Result:
    """Factors, influence and attribution of every person and grain in totals, by both models.

    `totals` has the columns of the view `totals`; a row with total 0 and no subject is an observed silence, no row
    at all is no observation. `participants` (person, grain, period, participants) gives exact distinct people;
    without it the sum of `actors` is an upper bound. `now`: periods that end after it are provisional; default
    today, UTC. Raises ValueError for input that is not as said. Equal rows in any order give equal tables.
    """
    made = _blocks(totals, params, participants, now)
    return Result(*(_spent(blocks, dtypes, assemble) for blocks, dtypes in zip(made, TABLES, strict=True)))


def score_columns(
    totals: Mapping[str, npt.NDArray[Any]],
    params: Params | None = None,
    *,
    participants: Mapping[str, npt.NDArray[Any]] | None = None,
    now: date | None = None,
    since: Mapping[str, date] | None = None,
    encoded: bool = False,
) -> Columns:
    """As `score`, with arrays for columns (masked where null) in and out, and without importing pandas.

    `since`: of these persons only the rows that may have changed where their totals have from that day on. They begin
    with the last period that had any before that day; rows of earlier periods stay as they were, to the last bit.
    `encoded`: a column of texts is a pair, codes and the texts that they number, which may repeat themselves.
    """
    made = _blocks(totals, params, participants, now, since)
    make: Callable[[list[Block], Mapping[str, str]], Mapping[str, Any]] = encode if encoded else arrange
    return Columns(*(_spent(blocks, dtypes, make) for blocks, dtypes in zip(made, TABLES, strict=True)))


def _blocks(
    totals: Frame,
    params: Params | None,
    participants: Frame | None,
    now: date | None,
    since: Mapping[str, date] | None = None,
) -> tuple[list[Block], list[Block], list[Block]]:
    """The rows of factors, influence and attribution."""
    params = params or Params()
    today = (datetime.now(UTC) if now is None else now).toordinal() - EPOCH
    people = None if participants is None else table.read_people(participants)
    factors: list[Block] = []
    influence: list[Block] = []
    attribution: list[Block] = []
    for panel in panels(table.read(totals), params, since):
        letters = ingredients(panel, None if people is None else _exact(people, panel))
        scored = Scored(panel, params, letters, chain(panel, params), essay(panel, letters, params), today)
        factors.extend(scored.factors())
        influence.extend(scored.influence())
        attribution.append(scored.attribution())
        del panel, letters, scored  # what the blocks do not hold is not needed for the tables
    return factors, influence, attribution


def _spent(blocks: list[Block], dtypes: Mapping[str, str], make: Callable[[list[Block], Mapping[str, str]], T]) -> T:
    """The table of the blocks, which are given up for it."""
    made = make(blocks, dtypes)
    blocks.clear()
    return made


@dataclass(frozen=True, slots=True)
class Example:
    """The essay's worked example: E and I of each of its ten periods, and the influence after them."""

    factor_e: float
    factor_i: float
    influence: float


def essay_example() -> Example:
    """The essay's worked example, by the code that scores everybody: E = 1.05, I = 2, and I_10 ≈ 166,799.

    The essay prints E = 10.5 and I_10 ≈ 3.2·10^8; neither follows from its own numbers.
    """
    week = {"post_reads": 1000, "post_comments": 50, "clicks": 10_000, "attendees": 100, "talk_interactions": 1000}
    starts = [date(2024, 1, 1) + timedelta(weeks=number) for number in range(10)]
    import pandas as pd

    totals = pd.DataFrame(
        [
            {"period": start, "ends_on": start + timedelta(weeks=1), "metric": metric, "total": total}
            for start in starts
            for metric, total in {**week, "followers": 1000}.items()
        ]
    ).assign(person="essay", grain="week", source="essay", subject="example", actors=0, coverage=1.0)
    result = score(totals, now=starts[-1] + timedelta(weeks=1))
    factors, influence = (table[table["model"] == "essay"].iloc[-1] for table in (result.factors, result.influence))
    return Example(float(factors["factor_e"]), float(factors["factor_i"]), float(influence["influence"]))


def _exact(people: table.People, panel: Panel) -> FloatArray:
    """Exact distinct people laid out as the panel is (T, P); NaN where none are given."""
    calendar = panel.calendar
    exact = np.full((len(calendar.starts), len(panel.persons)), np.nan)
    code = {name: number for number, name in enumerate(panel.persons)}
    person = np.array([code.get(name, -1) for name in people.person.names], dtype=np.int64)[people.person.codes]
    position = np.clip(np.searchsorted(calendar.starts, people.starts), 0, len(calendar.starts) - 1)
    grain = np.array(people.grain.names)[people.grain.codes]
    here = (grain == calendar.grain) & (person >= 0) & (calendar.starts[position] == people.starts)
    exact[position[here], person[here]] = people.count[here]
    return exact
