"""What was measured, as Markdown, and whether the goals are met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.github_parts.cases import BARE, Result, Results
from bench.github_parts.ours import Ours
from bench.github_parts.world import Size

CASES = {"first": "first harvest", "again": "nothing changed", "later": "a day later"}
OURS = Ours.name


@dataclass(frozen=True, slots=True)
class Goal:
    """Something promised: at most so much, or at least."""

    what: str
    measured: float
    bound: float
    unit: str = ""
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is kept."""
        return self.measured >= self.bound if self.is_least else self.measured <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.is_least else "≤"
        met = "met" if self.is_met else "**not met**"
        return f"| {self.what} | {sign} {self.bound:g}{self.unit} | {self.measured:,.3g}{self.unit} | {met} |"


def report(results: Results, size: Size, *, is_full: bool) -> str:
    """Everything; goals are for the full size and are left out at any other."""
    parts = [f"{size}; 50 ms an answer.", _table(results)]
    if is_full:
        goals = [str(goal) for goal in goals_of(results)]
        parts.append("\n".join(["| goal | bound | measured | |", "|---|---|---|---|", *goals]))
    parts.append("\n".join(f"- {note}" for note in _notes(results)))
    return "\n\n".join(part for part in parts if part)


def _table(results: Results) -> str:
    head = (
        "case",
        "tool",
        "seconds",
        "CPU seconds",
        "requests",
        "REST points",
        "GraphQL points",
        "peak RSS MiB",
        "wrong rows",
    )
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for one in results.found:
        cells = (
            CASES.get(one.case, one.case),
            one.name,
            f"{one.cost.seconds:.2f}",
            f"{one.cost.cpu:.2f}",
            f"{one.account.requests:,}",
            f"{one.account.rest:,}",
            f"{one.account.graphql:,}",
            f"{one.cost.rss:.0f}",
            "" if one.wrong is None else str(one.wrong),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def goals_of(results: Results) -> Iterator[Goal]:
    """Every goal that was measured."""
    if first := results.of("first", OURS):
        yield from _first(results, first)
    if again := results.of("again", OURS):
        yield Goal("nothing changed: requests for 10 repositories", again.account.requests, 2)
        yield Goal("nothing changed: time for 10 repositories", again.cost.seconds, 1, " s")
    if later := results.of("later", OURS):
        yield Goal("a day later: requests", later.account.requests, 60)
        yield Goal("a day later: time", later.cost.seconds, 2, " s")
        yield Goal("a day later: wrong rows", later.wrong.rows if later.wrong else 0, 0)
    if first := results.of("1,000: first", OURS):
        yield Goal("1,000 repositories: refusals drawn", first.account.refusals, 0)
        yield Goal("1,000 repositories: time against what the limits allow", _ratio(first), 1.3, " ×")
    if again := results.of("1,000: again", OURS):
        yield Goal("nothing changed: requests for 1,000 repositories", again.account.requests, 40)
    if results.cpu is not None:
        observations, seconds = results.cpu
        yield Goal("CPU per observation, from the socket to the segment", 1e6 * seconds / observations, 60, " µs")


def _first(results: Results, ours: Result) -> Iterator[Goal]:
    peers = [one for one in results.found if one.case == "first" and one.name not in (OURS, BARE)]
    if peers:
        fastest = min(peers, key=lambda one: one.cost.seconds)
        faster = fastest.cost.seconds / ours.cost.seconds
        yield Goal(
            f"first harvest: against the fastest peer, {fastest.name}", faster, 15, " × as fast", is_least=True
        )
    if bare := results.of("first", BARE):
        yield Goal("first harvest: time against the bare fetch", ours.cost.seconds / bare.cost.seconds, 2.5, " ×")
    yield Goal("first harvest: requests", ours.account.requests, 130)
    yield Goal("first harvest: peak RSS", ours.cost.rss, 150, " MiB")


def _ratio(one: Result) -> float:
    return one.cost.seconds / one.allowed if one.allowed else 0.0


def _notes(results: Results) -> Iterator[str]:
    for one in results.found:
        wrong = ", ".join(f"{kind} {each}" for kind, each in one.kinds.items() if each.rows)
        if wrong:
            yield f"wrong rows of {one.name}, {CASES.get(one.case, one.case)}: {wrong}"
    for one in results.found:
        if one.name == BARE:
            took = f"{one.account.took[0]:.1f} ms of work in the median, {one.account.took[1]:.0f} at most"
            yield (
                f"{CASES[one.case]}: as the bare fetch saw it, an answer took {one.beyond[0]:.1f} ms more than the"
                f" 50 in the median, {one.beyond[1]:.1f} at 95 %; the fake had {took}, which are part of the 50"
            )
    for one in results.found:
        if one.case not in CASES:
            yield (
                f"{one.case}: {one.allowed:.1f} s is what 900 REST and 2,000 GraphQL requests a minute allow for what"
                f" was asked; at most {one.account.busiest} requests at once; the fake had"
                f" {one.account.took[0]:.1f} ms of work for an answer in the median, {one.account.took[1]:.0f} at"
                " most, up to 50 of which are part of the latency"
            )
    if results.cpu is not None:
        yield f"CPU: {results.cpu[1]:.2f} s for {results.cpu[0]:,} observations; requests and TCP are in it"
    yield from results.notes
