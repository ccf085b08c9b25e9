"""Turn the totals of the store into factors and influence, and keep them there."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from harvester.config.errors import ConfigError, Problem
from harvester.config.model import DEFAULT_PERSON
from harvester.store import Curve, Store, aliases, everybody, grouped_inputs, scored_inputs, unscored
from harvester.store.curves import kept

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    import scoring
    from harvester.config import ScoringSettings, Settings

    Arrays = Mapping[str, npt.NDArray[Any]]

# For each reading all sums are looked through: of so many people they are a few ten megabytes.
_READ_AT_ONCE = 50
# Their days of five years, what is worked out of them, and the rows that they make, take fifty.
_SCORED_AT_ONCE = 10
# Seconds after which a thread gives way to one that waits: a load waits two dozen times at each of its statements,
# with Python's own five milliseconds for longer than all the rest takes. A tenth of this costs more in changes of
# threads than it wins.
_SHORT = 0.0005
# Of DuckDB's, for what is read and the rows that wait to be written together.
_MEMORY = "120MB"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a score is made of: totals without bots and self, the distinct people, and the settings."""

    totals: Arrays
    participants: Arrays
    params: scoring.Params
    today: date

    def people(self) -> list[str]:
        """Everybody who has totals."""
        return sorted(set(self.totals["person"].tolist()))

    def of(self, person: str, grain: str) -> Inputs:
        """One person's totals of one grain."""
        mine = (self.totals["person"] == person) & (self.totals["grain"] == grain)
        return replace(self, totals={name: values[mine] for name, values in self.totals.items()})

    def person(self, asked: str | None) -> str:
        """The person asked for, else the only one, else "me". Raises ConfigError with those there are."""
        people = self.people()
        if not people:
            raise ConfigError([Problem("", "nothing that counts has been harvested yet; run `harvest now` first")])
        if asked is None:
            if len(people) == 1:
                return people[0]
            if DEFAULT_PERSON in people:
                return DEFAULT_PERSON
            raise ConfigError([Problem("", f"whose? Say --person with one of {', '.join(people)}")])
        if asked not in people:
            raise ConfigError([Problem("", f'nobody is called "{asked}"; there are: {", ".join(people)}')])
        return asked

    def score(self, since: Mapping[str, date] | None = None, *, encoded: bool = False) -> scoring.Columns:
        """The score. In arrays: importing pandas takes longer than the score. The rest as in `score_columns`."""
        import scoring

        return scoring.score_columns(
            self.totals,
            self.params,
            participants=self.participants,
            now=self.today,
            since=since,
            encoded=encoded,
        )


def params(settings: ScoringSettings) -> scoring.Params:
    """The [scoring] table as scoring takes it."""
    import scoring

    return scoring.Params(
        model=settings.model,
        period=settings.period,
        initial_influence=settings.initial_influence,
        click_rate=settings.click_rate,
        participation_rate=settings.participation_rate,
        half_life_days=settings.half_life_days,
        weights=dict(settings.weights),
    )


def get_ready() -> None:
    """Import what a score takes, NumPy above all, in a thread of its own."""

    def ready() -> None:
        before = sys.getswitchinterval()
        sys.setswitchinterval(_SHORT)
        try:
            import numpy.ma  # noqa: F401 - DuckDB's results are masked arrays

            import scoring.api  # noqa: F401
        finally:
            sys.setswitchinterval(before)

    threading.Thread(target=ready, name="ready").start()


def rescore(settings: Settings, *, today: date, timeout: float = 30.0) -> bool:
    """Bring the kept scores to what is stored: those of whom anything has changed since the last time, from there on.

    They end up as if everything had been scored. A curve of other parameters is kept as it was, and with new ones
    everything is scored. What the configuration states of works goes with it. False where all were as they should be.
    Raises Busy, StoreError.
    """
    store, chosen = Store(settings.database, settings.timezone), params(settings.scoring)
    curve = Curve(chosen.hash(), chosen.told(), datetime.now(UTC))
    # What is loaded between reading and keeping would pass for scored.
    with store.turn(timeout=timeout):
        with store.reading(timeout=timeout) as connection:
            since, stated = unscored(connection, curve.params, today), _aliases(settings.works)
            is_stated = aliases(connection) == stated
            if since == {} and is_stated:
                return False
            people = everybody(connection) if since is None else sorted(since)
        if since is None and not people:
            people = [""]  # nobody, whose rows replace what is kept

        def parts() -> Iterator[Mapping[str, Any]]:
            if not is_stated:
                yield {"aliases": _columns(stated)}
            for some in _groups(people, _READ_AT_ONCE):
                with store.reading(timeout=timeout, memory_limit=_MEMORY) as connection:
                    found = grouped_inputs(connection, *_counted(chosen), list(_groups(some, _SCORED_AT_ONCE)))
                for totals, participants in found:
                    yield _tables(Inputs(totals, participants, chosen, today).score(since, encoded=True))

        store.replace(parts(), curve, timeout=timeout, since=since)
    return True


def _groups(people: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (people[start : start + size] for start in range(0, len(people), size))


def _tables(scores: scoring.Columns) -> Mapping[str, Any]:
    return {"factors": scores.factors, "influence": scores.influence, "attribution": scores.attribution}


def kept_scores(settings: Settings, *, grain: str) -> Mapping[str, list[dict[str, Any]]]:
    """Factors and influence as they are kept for the configured parameters. Raises Busy, StoreError."""
    with Store(settings.database, settings.timezone).reading() as connection:
        return kept(connection, params(settings.scoring).hash(), grain)


def _aliases(works: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """[works] as the store keeps it: a row for each other address, one without for a work that has none."""
    return sorted((work, alias) for work, others in works.items() for alias in others or ("",))


def _columns(stated: Sequence[tuple[str, str]]) -> Arrays:
    import numpy as np

    return {name: np.array([row[place] for row in stated], dtype=str) for place, name in enumerate(("work", "alias"))}


def evaluate(settings: Settings, *, today: date) -> scoring.Columns:
    """Score everything stored, keeping nothing. Raises Busy, StoreError."""
    return inputs(settings, today=today).score()


def inputs(settings: Settings, *, today: date) -> Inputs:
    """Everything stored, as scoring takes it. Raises Busy, StoreError."""
    return inputs_of(Store(settings.database, settings.timezone), params(settings.scoring), today=today)


def inputs_of(store: Store, chosen: scoring.Params, *, today: date) -> Inputs:
    """What a store holds, to be scored with these parameters. Raises Busy, StoreError."""
    with store.reading() as connection:
        return Inputs(*scored_inputs(connection, *_counted(chosen)), chosen, today)


def _counted(chosen: scoring.Params) -> tuple[list[str], list[str]]:
    return metrics_of(chosen, "interactions"), metrics_of(chosen, "audience")


def metrics_of(chosen: scoring.Params, *roles: str) -> list[str]:
    """The metrics that play one of the roles anywhere."""
    return sorted({key.rpartition("/")[2] for key, by in chosen.table.items() if by.role in roles})
