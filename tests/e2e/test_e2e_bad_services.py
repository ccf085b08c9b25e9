"""Services that refuse, vanish or talk nonsense: said, counted in the exit code, and made good by the next run."""

from __future__ import annotations

import pytest

from harvester.demo import faults
from harvester.demo.faults import Fault
from harvester.demo.github_access import Token
from tests.e2e.running import KEY, Field, command

EXPLICIT = '"wren-hollow/lantern", "wren-hollow/pocketlog"'


def by_name(farm: Field) -> None:
    """Name the repositories one by one."""
    farm.sections["work"] = farm.sections["work"].replace('"wren-hollow/*"', EXPLICIT)
    farm.configure()


def refuse(farm: Field, *services: str, fault: Fault) -> None:
    for name in services:
        farm.servers.named()[name].faults.inject(fault, times=999)


def test_a_refused_token_ends_its_source_only(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    refuse(farm, "github", fault=faults.status(401, f"Bad credentials: Bearer {KEY}"))
    done = command(farm, capsys, "now")
    assert done.code == 3
    assert "work repository: auth failed" in done.err
    assert "make a new one" in done.err
    assert {source for (source,) in farm.ask("SELECT DISTINCT source FROM observations")} == {
        "blog",
        "readers",
        "talks",
    }
    farm.servers.github.faults.clear()
    assert command(farm, capsys, "now").code == 0
    farm.check_truth()


def test_every_source_refused_is_exit_5(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    (farm.folder / "talks.toml").write_text("[[talk]\n", encoding="utf-8")
    refuse(farm, "github", "plausible", "blog", fault=faults.status(401, KEY))
    assert command(farm, capsys, "now").code == 5


@pytest.mark.parametrize("text", ["\n", "wrong-key-00112233\n"])
def test_a_useless_token_says_where_it_lies(farm: Field, capsys: pytest.CaptureFixture[str], text: str) -> None:
    farm.give_key(text)
    done = command(farm, capsys, "now", "work")
    assert done.code == 5
    assert "auth failed" in done.err
    assert "file:key" in done.err
    farm.give_key(KEY)
    assert command(farm, capsys, "now").code == 0
    farm.check_truth()


def test_a_missing_right_on_one_stream_is_stated_and_fails_nothing(
    farm: Field, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.servers.github.app.tokens[KEY] = Token(farm.world.person.login, lacks=frozenset({"issues"}))
    done = command(farm, capsys, "now")
    assert done.code == 0
    assert "not permitted" in done.err
    assert "Issues: read" in done.err
    assert command(farm, capsys, "check").code == 0
    state = farm.ask(
        "SELECT DISTINCT state FROM coverage WHERE stream = 'issues' AND day = (SELECT max(day) FROM coverage)"
    )
    assert state != [("measured",)]
    farm.servers.github.app.tokens[KEY] = Token(farm.world.person.login)
    assert command(farm, capsys, "now").code == 0
    farm.check_truth()


@pytest.mark.parametrize("access", ["gone", "private", "blocked"])
def test_a_repository_that_is_out_of_reach_leaves_the_others(
    farm: Field, capsys: pytest.CaptureFixture[str], access: str
) -> None:
    by_name(farm)
    farm.servers.github.app.tokens[KEY] = Token("keen-badger")
    farm.world.restrict(farm.world.repos[1], access)  # type: ignore[arg-type]
    done = command(farm, capsys, "now")
    assert done.code == 3
    assert "wren-hollow/pocketlog is" in done.err
    assert "repos" in done.err
    assert farm.ask("SELECT DISTINCT subject FROM observations WHERE metric = 'issues_opened'") == [
        ("wren-hollow/lantern",)
    ]
    farm.world.restrict(farm.world.repos[1], "open")
    assert command(farm, capsys, "now").code == 0
    farm.check_truth()


def test_a_repository_with_issues_switched_off_keeps_its_pull_requests(
    farm: Field, capsys: pytest.CaptureFixture[str]
) -> None:
    by_name(farm)
    farm.world.disable_issues(farm.world.repos[1])
    assert command(farm, capsys, "now").code == 0
    farm.check_truth()


def test_a_repository_that_is_configured_by_its_old_name_is_found(
    farm: Field, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.sections["work"] = farm.sections["work"].replace(
        '"wren-hollow/*"', '"wren-hollow/glowstick", "wren-hollow/pocketlog"'
    )
    farm.configure()
    assert command(farm, capsys, "now").code == 0
    farm.check_truth()


@pytest.mark.parametrize("kind", ["html 200", "bad json", "empty 200", "truncated", "secondary 403", "451"])
def test_what_a_bad_answer_of_every_service_costs_is_made_good_by_the_next_run(
    farm: Field, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    fault = faults.secondary_limit(retry_after=1) if kind == "secondary 403" else faults.KINDS[kind]()
    farm.servers.github.faults.inject(fault, nth=2)
    farm.servers.plausible.faults.inject(fault)
    farm.servers.blog.faults.inject(fault)
    done = command(farm, capsys, "now")
    assert [farm.servers.named()[name].faults.hits for name in ("github", "plausible", "blog")] == [1, 1, 1]
    assert done.code in (0, 3)
    assert "defect" not in done.err
    assert command(farm, capsys, "now").code == 0
    if kind == "bad json":
        # A feed that broke off has answered, and is not asked again before an hour has passed.
        assert command(farm, capsys, "now", "blog", "--full").code == 0
    farm.check_truth()
    assert farm.waiting() == []


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}", "http://localhost:{port}", "http://[::1]:{port}", "http://2130706433:{port}",
                "http://0x7f.1:{port}", "http://169.254.169.254"]
)  # fmt: skip
def test_a_private_address_is_refused_and_the_source_has_failed(
    farm: Field, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    port = farm.servers.blog.url.rpartition(":")[2]
    farm.configure(only="blog", blog=f'connector = "feed"\nurl = "{address.format(port=port)}/rss.xml"')
    done = command(farm, capsys, "now")
    assert "allow_private" in done.err
    assert done.code == 5
    assert farm.servers.blog.log == []


def test_a_source_that_may_read_nothing_has_failed(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    farm.configure(readers=farm.sections["readers"].replace("allow_private = true", ""))
    assert command(farm, capsys, "now").code == 3
    assert command(farm, capsys, "status").code == 3
    assert farm.ask("SELECT last_success FROM sources WHERE source = 'readers'") == [(None,)]
