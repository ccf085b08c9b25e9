"""The gitlab connector keeps what every connector keeps."""

from __future__ import annotations

import pytest
from fake_gitlab import HOST, PATH, TOKEN, FakeGitlab, note, person, thread

from connectors.gitlab import CONNECTOR, GitlabConfig
from connectors.testing import Case, checks_for, known_secret

DAYS = [f"2026-11-{day:02d}T10:00:00.000Z" for day in range(1, 16)]


def busy(**more):
    """Something of everything, on more than one page."""
    return FakeGitlab(
        issues=[thread(n, DAYS[n], notes=1, state="closed", closed_at=DAYS[n]) for n in range(15)],
        merge_requests=[thread(n, DAYS[n], notes=2, state="merged", merged_at=DAYS[n]) for n in range(15)],
        notes={("issues", n): [note(n + 1, DAYS[n]), note(n + 50, DAYS[n], system=True)] for n in range(15)}
        | {
            ("merge_requests", n): [note(n + 100, DAYS[n]), note(n + 200, DAYS[n], kind="DiffNote")]
            for n in range(15)
        },
        approvals={n: [{"user": person(3), "approved_at": DAYS[n]}] for n in range(15)},
        starrers=[(n, DAYS[n]) for n in range(15)],
        fetches={"2026-11-20": 3, "2026-11-22": 5},
        **more,
    )


CASES = {
    "numbered pages": Case(
        connector=CONNECTOR,
        config=GitlabConfig(projects=(PATH,), token=known_secret(TOKEN), user="me"),
        answer=busy(most=4),
        secrets=[TOKEN],
    ),
    "linked pages": Case(
        connector=CONNECTOR,
        config=GitlabConfig(projects=(PATH,), token=known_secret(TOKEN)),
        answer=busy(most=4, links=HOST),
        secrets=[TOKEN],
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", checks_for(CASES["linked pages"]))
def test_the_gitlab_connector_conforms(name, check):
    check(CASES[name])
