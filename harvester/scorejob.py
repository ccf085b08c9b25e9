"""Turn the totals of the store into factors and influence, and keep them there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from harvester.config.errors import ConfigError, Problem
from harvester.config.model import DEFAULT_PERSON
from harvester.store import Curve, Store, aliases, scored_inputs, unscored
from harvester.store.curves import kept

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy.typing as npt
    from duckdb import DuckDBPyConnection

    import scoring
    from harvester.config import ScoringSettings, Settings

    Arrays = Mapping[str, npt.NDArray[Any]]


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

    def score(self, since: Mapping[str, date] | None = None) -> scoring.Columns:
        """The score. In arrays: importing pandas takes longer than the score. `since`: as in `score_columns`."""
        import scoring

        return scoring.score_columns(
            self.totals, self.params, participants=self.participants, now=self.today, since=since
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


def rescore(settings: Settings, *, today: date, timeout: float = 30.0) -> None:
    """Bring the kept scores to what is stored: those of whom anything has changed since the last time, from there on.

    They end up as if everything had been scored. A curve of other parameters is kept as it was, and with new ones
    everything is scored. What the configuration states of works goes with it. Raises Busy, StoreError.
    """
    store, chosen = Store(settings.database, settings.timezone), params(settings.scoring)
    curve = Curve(chosen.hash(), chosen.told(), datetime.now(UTC))
    # What is loaded between reading and keeping would pass for scored.
    with store.turn(timeout=timeout):
        with store.reading(timeout=timeout) as connection:
            since, stated = unscored(connection, curve.params, today), _aliases(settings.works)
            is_stated = aliases(connection) == stated
            if since == {} and is_stated:
                return
            given = _read(connection, chosen, today, since) if since != {} else None
        tables: dict[str, Arrays] = {} if is_stated else {"aliases": _columns(stated)}
        if given is not None:
            result = given.score(since)
            tables |= {"factors": result.factors, "influence": result.influence, "attribution": result.attribution}
        store.replace(tables, curve, timeout=timeout, since=since)


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
        return _read(connection, chosen, today)


def _read(
    connection: DuckDBPyConnection, chosen: scoring.Params, today: date, people: Collection[str] | None = None
) -> Inputs:
    found = scored_inputs(connection, metrics_of(chosen, "interactions"), metrics_of(chosen, "audience"), people)
    return Inputs(*found, chosen, today)


def metrics_of(chosen: scoring.Params, *roles: str) -> list[str]:
    """The metrics that play one of the roles anywhere."""
    return sorted({key.rpartition("/")[2] for key, by in chosen.table.items() if by.role in roles})
