"""Changes to a score as they are written, KEY=CHANGE: totals, weights, rates, and sources left out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harvester.config.errors import ConfigError, Problem, nearest
from harvester.config.model import METRICS

if TYPE_CHECKING:
    from harvester.scorejob import Inputs

SETTINGS = ("click_rate", "participation_rate", "half_life_days", "initial_influence", "base_periods")
_NUMBER = r"\d+(?:[_,]\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+"
_WAYS = "write =+20%, =-10%, =*2 or =500"


@dataclass(frozen=True, slots=True)
class Amount:
    """A new value, or a multiple of the old one."""

    number: float
    is_multiple: bool

    def of(self, old: float) -> float:
        """The value that was `old`."""
        return old * self.number if self.is_multiple else self.number

    def __str__(self) -> str:
        if not self.is_multiple:
            return f"= {self.number:g}"
        if self.number >= 2 or not self.number:
            return f"times {self.number:g}"
        return f"{(self.number - 1) * 100:+.6g} %"


@dataclass(frozen=True, slots=True)
class Change:
    """One KEY=CHANGE. `kind`: what `name` is; `amount` is None of a source, which can only be left out."""

    kind: Literal["total", "weight", "setting", "source"]
    name: str
    amount: Amount | None = None


def parse(texts: Sequence[str], given: Inputs) -> tuple[Change, ...]:
    """The changes that are written. Raises ConfigError with a sentence for each that cannot be."""
    found, problems = [], []
    for text in texts:
        key, equals, value = text.partition("=")
        try:
            if not equals:
                raise _Unclear(f"{text!r} changes nothing", f"write KEY=CHANGE, as in {key or 'post_reads'}=+20%")
            found.append(_change(key.strip(), value.strip(), given))
        except _Unclear as unclear:
            problems.append(Problem("", unclear.what, unclear.hint))
    for change in found:
        if sum((other.kind, other.name) == (change.kind, change.name) for other in found) > 1:
            problems.append(Problem("", f"{change.name} is changed twice", "say once what you mean"))
            break
    if problems:
        raise ConfigError(problems)
    return tuple(found)


class _Unclear(ValueError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def _change(key: str, value: str, given: Inputs) -> Change:
    sources = sorted(set(given.totals["source"].tolist()))
    here = sorted(set(given.totals["metric"].tolist()))
    metrics = sorted({*METRICS, *here, *(name.rpartition("/")[2] for name in given.params.table)})
    kind, dot, name = key.partition(".")
    if dot and kind == "source":
        if name not in sources:
            raise _Unclear(f'there is no source "{name}"', _near(name, sources, "source."))
        if value != "off":
            raise _Unclear(f"{key}={value} is not understood", f"write {key}=off to leave the source out")
        return Change("source", name)
    if dot and kind == "weight":
        if name.rpartition("/")[2] not in metrics or (sources and "/" in name and name.split("/")[0] not in sources):
            raise _Unclear(f'there is no metric "{name}"', _near(name, [*metrics, *_pairs(given)], "weight."))
        return Change("weight", name, _amount(key, value))
    if key in SETTINGS:
        return Change("setting", key, _amount(key, value))
    if key in here or key in _pairs(given):
        return Change("total", key, _amount(key, value))
    if key in metrics:
        raise _Unclear(f"{key} was never harvested, so there is nothing to change", f"there are: {', '.join(here)}")
    keys = [
        *SETTINGS,
        *here,
        *_pairs(given),
        *(f"weight.{one}" for one in metrics),
        *(f"source.{one}" for one in sources),
    ]
    raise _Unclear(f'nothing is called "{key}"', _near(key, keys))


def _near(name: str, names: Iterable[str], prefix: str = "") -> str:
    names = list(names)
    if near := nearest(name, names):
        return near.replace('"', f'"{prefix}', 1)
    return f"there are: {', '.join(prefix + one for one in names[:12])}{', …' if len(names) > 12 else ''}"


def _pairs(given: Inputs) -> list[str]:
    pairs = zip(given.totals["source"].tolist(), given.totals["metric"].tolist(), strict=True)
    return sorted({f"{source}/{metric}" for source, metric in pairs})


def _amount(key: str, text: str) -> Amount:
    if found := re.fullmatch(rf"([+-])({_NUMBER})\s*%", text):
        share = float(re.sub("[_,]", "", found[2])) / 100 * (1 if found[1] == "+" else -1)
        amount = Amount(1 + share, is_multiple=True)
    elif found := re.fullmatch(rf"[*x×]({_NUMBER})", text):
        amount = Amount(float(re.sub("[_,]", "", found[1])), is_multiple=True)
    elif found := re.fullmatch(_NUMBER, text):
        amount = Amount(float(re.sub("[_,]", "", text)), is_multiple=False)
    elif re.fullmatch(rf"[+-]({_NUMBER})", text):
        raise _Unclear(f"{key}={text} may mean two things", f"{_WAYS}; more by a number cannot be asked")
    else:
        raise _Unclear(f"{key}={text} is not understood", _WAYS)
    if not math.isfinite(amount.number):
        raise _Unclear(f"{key}={text} is not understood", _WAYS)
    if amount.number < 0:
        raise _Unclear(f"{key}={text} goes below nothing", "take away 100 % at most")
    return amount
