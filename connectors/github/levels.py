"""What is read off the pulse: it costs no request of its own."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.base import Batch, Observation
from connectors.github.asks import Asking
from connectors.github.visit import Visit


def levels(visit: Visit) -> Asking[Batch]:
    """Stargazers and watchers, as the pulse has seen them."""
    repository = visit.repository
    counts = {"stargazers": repository.stargazers, "watchers": repository.watchers}
    yield reading(visit, {metric: count for metric, count in counts.items() if count is not None})


def reading(visit: Visit, counts: Mapping[str, int]) -> Batch:
    """The counts of a repository as they were when it was looked at."""
    repository = visit.repository
    day = repository.read_at.astimezone(visit.context.timezone).date().isoformat()
    return Batch(
        [
            Observation(metric, repository.subject.id, day, repository.read_at, value=count)
            for metric, count in counts.items()
        ],
        checkpoint={"": {"read_on": day, "name": repository.name}},
        subjects=[repository.subject],
    )
