"""Real histories, by week: what people and machines counted, where they lie beside this checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Counts = npt.NDArray[np.float64]
"""(weeks, series); NaN where a week was not observed to the full."""

STARS = "stars/shared_roboflow_to_2025-06.csv.gz"
TRAFFIC = "traffic/ghrs/github-repo-stats"
LIVELY = 0.5
"""Stars a week: a repository with fewer than one in two weeks has no history to speak of."""


def star_counts(folder: Path) -> pd.DataFrame:
    """How many stars stood at each repository each day; a name that was not there yet, or no more, has none."""
    return pd.read_csv(folder / STARS, index_col=0, parse_dates=True)


def weekly_stars(folder: Path) -> pd.DataFrame:
    """New stars by week of the lively repositories; falls are no negative stars, and a first sight is no growth."""
    gained = star_counts(folder).diff().clip(lower=0).resample("W-SUN").sum(min_count=7).iloc[1:-1]
    return gained.loc[:, gained.mean() >= LIVELY]


def histories(folder: Path) -> dict[str, Counts]:
    """Every kind of history that a forecast is tried on. Raises OSError where one does not lie there."""
    stars = weekly_stars(folder).to_numpy(dtype=float)
    return {
        f"stars of {stars.shape[1]} repositories": stars,
        "stars of one more, 3.7 years": _from_events(folder / TRAFFIC / "stargazers.csv"),
        "views, viewers, clones, cloners of one repository": _traffic(folder),
        "downloads of 6 packages": _downloads(folder),
    }


def _from_events(path: Path) -> Counts:
    """Weekly growth of a cumulative count that has a row only where it rose."""
    rows = pd.read_csv(path)
    standing = pd.Series(
        rows.iloc[:, 1].to_numpy(float), index=pd.to_datetime(rows.iloc[:, 0], utc=True, format="ISO8601")
    )
    daily = standing.resample("D").max().ffill().diff().fillna(0)
    return daily.resample("W-SUN").sum().iloc[1:-1].to_numpy()[:, None]


def _traffic(folder: Path) -> Counts:
    daily = pd.read_csv(folder / TRAFFIC / "views_clones_aggregate.csv", index_col=0, parse_dates=True)
    return daily.resample("W-SUN").sum().iloc[1:-1].to_numpy(dtype=float)


def _downloads(folder: Path) -> Counts:
    """Growth of each package's total: the service's own `last_day` says 0 on days on which it failed."""
    rows = pd.read_csv(folder / "downloads" / "ultralytics_pypi.csv.gz")
    rows["day"] = pd.to_datetime(rows["fetched_at"], utc=True).dt.floor("D")
    standing = rows.pivot_table(index="day", columns="package", values="total", aggfunc="max")
    standing = standing.mask(standing <= 0)
    weekly = standing.resample("W-SUN").last().ffill().diff().clip(lower=0)
    return weekly.iloc[1:-1].to_numpy(dtype=float)
