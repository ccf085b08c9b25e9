"""What scoring takes of what is stored.

NumPy is imported when something is asked: that takes longer than a harvest that leaves nothing to score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from harvester.store import sql

if TYPE_CHECKING:
    import duckdb
    import numpy.typing as npt

    Columns = Mapping[str, npt.NDArray[Any]]

_GRAINS = ["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class _Found:
    """Totals whose texts are places in lists, and the distinct people. `persons`: whom each of the sources is of."""

    totals: Columns
    texts: Mapping[str, Sequence[str]]
    persons: Sequence[str]
    participants: Columns

    def spelled(self, rows: Any = slice(None), some: Any = slice(None)) -> tuple[Columns, Columns]:
        """Some of the totals, and of the participants, as scoring takes them."""
        totals = {name: values[rows] for name, values in self.totals.items()}
        person = _spelled(totals["source"], self.persons)
        totals |= {name: _spelled(totals[name], texts) for name, texts in self.texts.items()}
        return {**totals, "person": person}, {name: values[some] for name, values in self.participants.items()}


def scored_inputs(
    connection: duckdb.DuckDBPyConnection, interactions: Sequence[str], audience: Sequence[str]
) -> tuple[Columns, Columns]:
    """What scoring takes: the totals without bots and self, and the distinct people behind the interactions.

    Both lists name metrics. Totals are those of all subjects together, which scoring adds up anyway, but for the
    audience, of whose subjects it takes the latest readings.
    """
    return _found(connection, interactions, audience, None).spelled()


def grouped_inputs(
    connection: duckdb.DuckDBPyConnection,
    interactions: Sequence[str],
    audience: Sequence[str],
    groups: Sequence[Sequence[str]],
) -> Iterator[tuple[Columns, Columns]]:
    """The same of each of these groups of people, one after the other: to ask for them at once takes less time.

    The connection is done with when this returns.
    """
    import numpy as np

    number = {person: place for place, group in enumerate(groups) for person in group}
    found = _found(connection, interactions, audience, list(number))
    few = np.min_scalar_type(len(groups))  # of which sorting is no comparing
    of_source = np.array([number[person] for person in found.persons], dtype=few)
    group = of_source[found.totals["source"]]
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(len(groups) + 1))
    behind = np.array([number[person] for person in found.participants["person"]], dtype=few)
    return (found.spelled(order[start:end], behind == place) for place, (start, end) in enumerate(pairwise(ends)))


def _found(
    connection: duckdb.DuckDBPyConnection,
    interactions: Sequence[str],
    audience: Sequence[str],
    people: list[str] | None,
) -> _Found:
    owners = connection.execute(sql.text("queries/owners"), {"people": people}).fetchall()
    sources = [source for source, _ in owners]
    texts = {
        "grain": _GRAINS,
        "source": sources,
        "metric": _listed(connection, "queries/counted"),
        # Of metrics other than an audience the subjects do not matter.
        "subject": ["", *_listed(connection, "queries/audiences", sources=sources, audience=audience)],
    }
    asked = {f"{name}s": told for name, told in texts.items()}
    totals = connection.execute(sql.text("queries/scored"), {**asked, "audience": list(audience)}).fetchnumpy()
    participants = connection.execute(
        sql.text("queries/participants"), {"people": people, "metrics": list(interactions)}
    ).fetchnumpy()
    # Categoricals, which the stubs allow for, come of ENUMs only, and there are none.
    return _Found(cast("Columns", totals), texts, [person for _, person in owners], cast("Columns", participants))


def _listed(connection: duckdb.DuckDBPyConnection, query: str, **asked: Sequence[str]) -> list[str]:
    return [
        text for (text,) in connection.execute(sql.text(query), {k: list(v) for k, v in asked.items()}).fetchall()
    ]


def _spelled(places: Any, texts: Sequence[str]) -> npt.NDArray[Any]:
    """The texts that the places stand for, each of them once however often it is told; null stays null."""
    import numpy as np

    if not texts:
        return np.empty(0, dtype=object)
    spelled = np.array(texts, dtype=object)[np.ma.filled(places, 0)]
    mask = np.ma.getmask(places)
    return spelled if mask is np.ma.nomask else np.ma.masked_array(spelled, mask)
