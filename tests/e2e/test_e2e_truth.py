"""The whole way: what the world says is what the database says, and saying it again changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from harvester.demo.life import build
from tests.e2e.running import Field, field_of, today


def test_totals_of_the_demo_world_are_its_truth_and_a_second_harvest_stores_nothing(tmp_path: Path) -> None:
    with field_of(build(today()), tmp_path) as field:
        repos = '"wren-hollow/*", "saltmarsh-dev/fieldguide"'
        field.configure(work=field.sections["work"].replace('"wren-hollow/*"', repos))
        # A reading of a day that begins during the test is new, and nothing else may be.
        old = f"SELECT * EXCLUDE (attrs) FROM revisions WHERE kind <> 'level' OR key <= '{today()}' ORDER BY ALL"
        first = field.now("--json")
        assert (first.returncode, first.stderr) == (0, "")
        field.check_truth()
        known = field.ask(old)
        again = json.loads(field.now("--json").stdout)
        assert field.ask(old) == known
        assert again["stored"] == field.ask("SELECT count(*) FROM revisions")[0][0] - len(known)
        assert again["revised"] == 0
        field.check_truth()
        assert field.waiting() == []
        field.check_no_secret()


def test_a_full_harvest_of_known_facts_stores_nothing(farm: Field) -> None:
    farm.now()
    again = json.loads(farm.now("--full", "--json").stdout)
    assert sum(stream["observations"] for stream in again["streams"]) > 100
    assert (again["stored"], again["revised"]) == (0, 0)
    farm.check_truth()


def test_what_happens_between_two_harvests_is_stored_by_the_second(farm: Field) -> None:
    farm.now()
    world, now = farm.world, datetime.now(UTC).replace(microsecond=0)
    repo = next(r for r in world.repos if r.name == "lantern")
    issue = world.open_issue(repo, world.person, at=now)
    world.comment(issue, None, at=now)
    pull = world.open_pull(repo, None, at=now)
    world.review(pull, world.person, "APPROVED", now, inline=2)
    world.close(pull, now, merged_by=world.person)
    world.close(issue, now)
    world.star(repo, at=now)
    world.rename(repo, "beacon")
    world.publish("fresh", "Fresh", now)
    done = farm.now("--json")
    assert done.returncode == 0
    # A feed is asked at most once an hour; who cannot wait says so.
    assert farm.ask("SELECT count(*) FROM subjects WHERE title = 'Fresh'") == [(0,)]
    assert farm.now("blog", "--full").returncode == 0
    farm.check_truth()
    names = dict(farm.ask("SELECT subject, former_names FROM subjects WHERE kind = 'repo'"))
    assert "wren-hollow/lantern" in names["wren-hollow/beacon"]


def test_a_source_named_on_the_command_line_is_harvested_alone(farm: Field) -> None:
    done = json.loads(farm.now("talks", "--json").stdout)
    assert {stream["source"] for stream in done["streams"]} == {"talks"}
    assert farm.ask("SELECT DISTINCT source FROM observations") == [("talks",)]
