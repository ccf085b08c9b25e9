"""Which repositories the demo world has, and how much happens in each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RepoPlan:
    """A repository to come: what happens in it per day on average, from day `born` of the world on.

    `comments` per issue, `reviews` per pull request; `downloads` a day of each file of the newest releases, of
    which there is one every `release_days` days; `visits` a day; `own`: the person's share in what is written.
    """

    owner: str
    name: str
    stars: float
    issues: float
    pulls: float
    comments: float = 2.0
    reviews: float = 2.3
    forks: float = 0.05
    discussions: float = 0.0
    release_days: int = 0
    downloads: float = 0.0
    visits: float = 0.0
    born: int = 0
    first_name: str = ""
    renamed_on: int = 0
    maintained: bool = True
    own: float = 0.15


PLANS = (
    RepoPlan(
        "wren-hollow", "lantern", 1.05, 0.20, 0.07, forks=0.09, discussions=0.06, release_days=55, downloads=0.9,
        visits=14, first_name="glowstick", renamed_on=420,
    ),
    RepoPlan(
        "wren-hollow", "pocketlog", 0.45, 0.12, 0.05, release_days=90, downloads=0.3, visits=6, born=60
    ),
    RepoPlan(
        "saltmarsh-dev", "fieldguide", 0.17, 0.06, 0.035, born=150, forks=0.02, discussions=0.03, visits=3
    ),
    # What others run, and the person lends a hand in.
    RepoPlan(
        "tidewater", "driftwood", 0.06, 0.05, 0.05, forks=0.01, discussions=0.05, born=155, maintained=False, own=0.35
    ),
    RepoPlan("cairn-works", "waymark", 0.03, 0.03, 0.04, forks=0.01, born=320, maintained=False, own=0.45),
)  # fmt: skip
