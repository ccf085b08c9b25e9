"""What the score makes of steady years, and of what really happened: spikes, purges, transfers, renames."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import scoring
from backtest_parts.series import histories, star_counts, weekly_stars

LATER = date(2100, 1, 1)
MONDAY = date(2024, 1, 1)
YEARS = 2000


def scored(series: dict[str, Sequence[float]], start: date = MONDAY) -> scoring.Columns:
    """The score of one person's weekly series, "source/metric" each; NaN: not observed."""
    rows = [
        (start + timedelta(weeks=week), *name.split("/", 1), float(count))
        for name, counts in series.items()
        for week, count in enumerate(counts)
        if count == count
    ]
    return scoring.score_columns(_columns(["me"] * len(rows), *map(list, zip(*rows, strict=True))), now=LATER)


def _columns(person, period, source, metric, total):  # noqa: ANN001, ANN202 - lists of equal length
    starts = np.array(period, dtype="datetime64[D]")
    words = {"person": person, "source": source, "metric": metric}
    return {
        **{name: np.array(values, dtype=object) for name, values in words.items()},
        "grain": np.full(len(starts), "week", dtype=object),
        "subject": np.full(len(starts), "it", dtype=object),
        "period": starts, "ends_on": starts + np.timedelta64(7, "D"), "total": np.array(total, dtype=float),
        "actors": np.zeros(len(starts)), "coverage": np.ones(len(starts)),
    }  # fmt: skip


def chained(table, name: str):  # noqa: ANN001, ANN201 - a table of score_columns, and a column of it
    """A column of the chained model."""
    return table[name][table["model"] == "chained"]


def steady_years(rate: float, years: int = YEARS, weeks: int = 56) -> dict[str, float]:
    """Influence after a year (52 weeks after the base) of people whose counts are Poisson with one rate."""
    counts = np.random.default_rng(1).poisson(rate, (years, weeks))
    starts = [MONDAY + timedelta(weeks=week) for week in range(weeks)]
    person = np.repeat([f"{number:05}" for number in range(years)], weeks).tolist()
    columns = _columns(person, starts * years, ["blog"] * counts.size, ["post_reads"] * counts.size, counts.ravel())
    scores = scoring.score_columns(columns, now=LATER)
    influence = chained(scores.influence, "influence").reshape(years, weeks)[:, -1]
    factors = chained(scores.factors, "factor_e").reshape(years, weeks)
    low, high = (chained(scores.factors, name).reshape(years, weeks) for name in ("e_low", "e_high"))
    late = slice(8, None)
    alarms = (low[:, late] > 1) | (high[:, late] < 1)
    return {
        "median": float(np.median(influence)), "low": float(np.quantile(influence, 0.05)),
        "high": float(np.quantile(influence, 0.95)), "alarms": float(alarms.mean()),
        "largest": float(np.abs(np.log(factors[:, late])).max()),
        **{f"within {a}–{b}": float(((influence >= a) & (influence <= b)).mean()) for a, b in ((80, 126), (60, 165))},
    }  # fmt: skip


def real_alarms(folder: Path) -> dict[str, float]:
    """Of real histories, the share of weekly factors whose interval leaves out 1."""
    found = {}
    for name, counts in histories(folder).items():
        alarms, weeks = 0, 0
        for column in range(counts.shape[1]):
            factors = scored({"it/post_reads": counts[:, column].tolist()}).factors
            status, low, high = (chained(factors, each) for each in ("e_status", "e_low", "e_high"))
            ok = status == "ok"
            alarms += int(((low > 1) | (high < 1))[ok].sum())
            weeks += int(ok.sum())
        found[name] = alarms / weeks
    return found


def spikes(folder: Path, most: int = 5) -> list[dict[str, object]]:
    """The largest real spikes: weeks with five times the four weeks before, and what the score made of them."""
    stars = weekly_stars(folder)
    found = []
    for name in stars.columns:
        counts = stars[name].dropna()
        usual = counts.shift(1).rolling(8, min_periods=4).mean()
        high = counts.index[(counts > 5 * usual) & (usual >= 1)]
        found += [(counts[week] / usual[week], name, week, counts[week], usual[week]) for week in high]
    told, seen = [], set()
    for _, name, week, count, usual in sorted(found, reverse=True):
        if name in seen:
            continue
        seen.add(name)
        counts = stars[name].dropna()
        scores = scored({"work/stars": counts.tolist()}, counts.index[0].date() - timedelta(days=6))
        at = list(counts.index).index(week)
        influence = chained(scores.influence, "influence")
        told.append({
            "repository": name, "week": f"{week - pd.Timedelta(days=6):%Y-%m-%d}",
            "stars": float(count), "usual": float(usual),
            "e": float(chained(scores.factors, "factor_e")[at]), "low": float(chained(scores.factors, "e_low")[at]),
            "before": float(influence[at - 1]), "at": float(influence[at]),
            "later": [float(influence[at + n]) if at + n < len(influence) else None for n in (4, 8)],
            "curve": influence[max(0, at - 8) :].tolist(), "counts": counts.tolist()[max(0, at - 8) :],
        })  # fmt: skip
    return told[:most]


def purges(folder: Path) -> dict[str, float]:
    """Days on which a repository's stars fell, and what counting the falls as negative stars would do to levels."""
    daily = star_counts(folder).diff()
    lively = daily[weekly_stars(folder).columns]
    weekly = lively.resample("W-SUN").sum(min_count=7).iloc[1:-1]
    return {
        "days": float((lively < 0).to_numpy().mean()), "largest": float(-lively.min().min()),
        "repository": str(lively.min().idxmin()), "negative weeks": float((weekly < 0).to_numpy().mean()),
        "stars lost of those won": float(-lively.clip(upper=0).sum().sum() / lively.clip(lower=0).sum().sum()),
    }  # fmt: skip


RENAMES = (("Lightning-AI/litdata", "Lightning-AI/litData"),)
"""A real one, seen in the daily counts: one name ends where the other begins, with the same stars."""


def renames(folder: Path) -> list[dict[str, object]]:
    """E in the week of a rename: with one subject for both names, as two series, and as a reader of names sees it."""
    standing = star_counts(folder)
    told = []
    for old, new in RENAMES:
        last, first = standing[old].last_valid_index(), standing[new].first_valid_index()
        # To whom only knows names, a new one begins at nothing.
        names = pd.concat([standing[old].diff(), standing[new].fillna(0).diff()], axis=1).max(axis=1)
        curves = {
            "one": scored({"work/stars": _weekly(standing[old].fillna(standing[new]).diff())}),
            "two": scored({f"{name}/stars": _weekly(standing[name].diff()) for name in (old, new)}),
            "names": scored({"work/stars": _weekly(names)}),
        }
        at = int((first - standing.index[0]).days // 7)
        told.append({
            "old": old, "new": new, "between": f"{last:%Y-%m-%d} and {first:%Y-%m-%d}",
            "stars": float(standing[new][first]), **{f"e {name}": _near(each, at) for name, each in curves.items()},
        })  # fmt: skip
    return told


def transfer(folder: Path) -> dict[str, float]:
    """One of two lively repositories is given away in the middle: E of that week, and the influence at the end."""
    stars = weekly_stars(folder)
    longest = stars.notna().sum() == stars.notna().sum().max()
    both = stars.loc[:, longest].dropna()
    one, two = (both[name].to_numpy() for name in both.sum().sort_values().index[-4:-2])
    half = len(both) // 2
    given = np.where(np.arange(len(two)) < half, two, np.nan)
    curves = {
        name: scored({"one/stars": one.tolist(), "two/stars": each.tolist()})
        for name, each in (("kept", two), ("given away", given), ("read as silence", np.nan_to_num(given)))
    }
    return {
        f"{what} {name}": float(column[at])
        for name, each in curves.items()
        for what, column, at in (
            ("e", chained(each.factors, "factor_e"), half),
            ("influence", chained(each.influence, "influence"), -1),
        )
    }


def _weekly(daily: pd.Series) -> list[float]:
    return daily.clip(lower=0).resample("W-SUN").sum(min_count=6).iloc[1:-1].tolist()


def _near(scores: scoring.Columns, week: int) -> float:
    """The factor furthest from 1 in the week or one beside it: names and weeks do not begin on one day."""
    factors = chained(scores.factors, "factor_e")[max(0, week - 2) : week + 2]
    return float(max(factors, key=lambda factor: abs(np.log(factor)))) if len(factors) else 1.0
