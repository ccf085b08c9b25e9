"""The recipes as text: what they say parses, is pinned, closed, and does what it says as far as that runs here."""

import json
import os
import plistlib
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from harvester.cli import parser
from harvester.config import load

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def block(page, language):
    """The one fenced block of a language in a recipe."""
    text = (RECIPES / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return found


def instructions():
    """The instructions of the Dockerfile in order, comments and line breaks taken out."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def last_stage():
    found = instructions()
    return found[max(place for place, (word, _) in enumerate(found) if word == "FROM") :]


def value_of(word):
    (found,) = [rest for each, rest in last_stage() if each == word]
    return found


# The image


def test_images_are_named_with_their_versions():
    images = [rest.split()[0] for word, rest in instructions() if word == "FROM"]

    assert len(images) == 3
    for image in images:
        assert re.search(r":\d+\.\d+", image), image


def test_the_image_that_runs_is_the_one_that_builds():
    stages = [rest.split() for word, rest in instructions() if word == "FROM"]

    assert stages[-1] == [stages[1][0]]  # a virtual environment works with its own interpreter only


def test_what_runs_is_what_the_lock_file_says():
    syncs = [rest for word, rest in instructions() if word == "RUN" and "uv sync" in rest]

    assert len(syncs) == 2
    for sync in syncs:
        assert {"--frozen", "--no-dev"} <= set(sync.split())
    assert "--no-editable" in syncs[-1]


def test_nothing_runs_as_root():
    words = [word for word, _ in last_stage()]

    assert value_of("USER") == "${UID}"
    assert int(re.search(r"^ARG UID=(\d+)$", DOCKERFILE, re.MULTILINE)[1]) > 0
    assert "RUN" not in words[words.index("USER") :]


@pytest.mark.parametrize("word", ["ENTRYPOINT", "CMD", "VOLUME"])
def test_no_shell_stands_between_signals_and_harvest(word):
    assert isinstance(json.loads(value_of(word)), list)


def test_the_container_runs_commands_that_there_are():
    check, health = value_of("HEALTHCHECK").split(" CMD ")
    program, *arguments = json.loads(health)

    assert json.loads(value_of("ENTRYPOINT")) == [program] == ["harvest"]
    assert parser.build().parse_args(arguments).command == "status"
    assert parser.build().parse_args(json.loads(value_of("CMD"))).command == "daemon"
    assert {"--interval", "--timeout", "--start-period", "--retries"} == set(re.findall(r"--[a-z-]+", check))


def test_no_secret_can_be_built_in():
    assert not re.search(
        r"(?i)token|password|secret[^s ]|api_key", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)
    )
    assert not any(rest.split()[-2] == "." for word, rest in instructions() if word in ("COPY", "ADD"))
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_all_that_is_copied_exists_and_is_sent_to_the_build():
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name for word, rest in instructions() if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    }

    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)


def test_all_of_the_package_is_copied():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = json.loads(re.search(r"^packages = (\[.*\])$", project, re.MULTILINE)[1])

    assert set(packages) <= {rest.split()[0] for word, rest in instructions() if word == "COPY"}


# Compose


def test_the_service_can_write_only_its_volume():
    (service,) = COMPOSE["services"].values()

    assert service["read_only"] is True
    assert service["volumes"] == ["data:/data", "./config:/config:ro"]
    assert set(COMPOSE["volumes"]) == {"data"}


def test_the_service_has_no_privilege():
    (service,) = COMPOSE["services"].values()

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "user", "ports", "network_mode", "cap_add"} & service.keys()


def test_secrets_are_files_and_never_variables():
    (service,) = COMPOSE["services"].values()

    assert service["environment"] == {"CREDENTIALS_DIRECTORY": "/run/secrets"}
    assert set(service["secrets"]) == set(COMPOSE["secrets"])
    for secret in COMPOSE["secrets"].values():
        assert set(secret) == {"file"}
        assert secret["file"].startswith("./secrets/")


def test_what_compose_takes_from_the_checkout_is_kept_out_of_git():
    assert {"/config/", "/secrets/"} <= set((ROOT / ".gitignore").read_text().splitlines())


def test_compose_waits_longer_than_the_daemon_takes_to_end():
    (service,) = COMPOSE["services"].values()

    assert int(service["stop_grace_period"].removesuffix("s")) > 10


def test_the_configuration_of_the_container_writes_to_the_volume_and_takes_the_secret(tmp_path):
    (tmp_path / "config.toml").write_text(block("docker.md", "toml"))
    settings = load(tmp_path / "config.toml", environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    (tmp_path / "github").write_text("a-token")
    tokens = {source.name: source.config.token for source in settings.sources if hasattr(source.config, "token")}

    assert settings.database.is_relative_to("/data")
    assert settings.spool.is_relative_to("/data")
    assert tokens["work"].reveal() == "a-token"
    assert f"credential:{next(iter(COMPOSE['secrets']))}" in tokens["work"].reference


# GitHub Actions


WORKFLOW = yaml.safe_load(block("github-actions.md", "yaml"))
STEPS = {step.get("name"): step for step in WORKFLOW["jobs"]["harvest"]["steps"]}


def test_actions_are_pinned_to_commits():
    used = [step["uses"] for step in WORKFLOW["jobs"]["harvest"]["steps"] if "uses" in step]

    assert used
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action), action


def test_the_workflow_may_write_its_repository_and_nothing_else():
    assert WORKFLOW["permissions"] == {"contents": "write"}
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False


def test_the_secret_is_seen_by_one_step_only():
    holders = [name for name, step in STEPS.items() if "secrets." in str(step)]

    assert holders == ["Harvest"]


def test_the_workflow_is_scheduled_off_the_hour():
    (schedule,) = WORKFLOW[True]["schedule"]  # YAML 1.1 takes `on` for true

    assert 0 < int(schedule["cron"].split()[0]) < 60


def test_the_workflow_calls_harvest_as_it_is():
    program, *arguments = STEPS["Harvest"]["run"].split()

    assert program.endswith("/.venv/bin/harvest")
    assert parser.build().parse_args(arguments).command == "now"


def test_the_workflow_installs_as_the_readme_does():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert " && ".join(STEPS["Install"]["run"].strip().splitlines()) in readme


def test_the_configuration_of_the_workflow_keeps_everything_in_its_folder(tmp_path):
    (tmp_path / "config.toml").write_text(block("github-actions.md", "toml"))
    settings = load(tmp_path / "config.toml")

    assert settings.database == tmp_path / "state" / "harvest.duckdb"
    assert settings.spool.parent == tmp_path / "state"
    (source,) = [source for source in settings.sources if source.name == "work"]
    assert source.config.token.reference.removeprefix("env:") in STEPS["Harvest"]["env"]


@pytest.fixture
def runner(tmp_path):
    """Runs a step as the service does, in a checkout of a repository that has a remote."""
    remote, checkout, scratch = tmp_path / "remote.git", tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(scratch), "RUNNER_TEMP": str(scratch), "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    git = ["git", "-c", "init.defaultBranch=main", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q", "--bare", remote], check=True, env=environ)

    def begin():
        """A fresh machine."""
        subprocess.run(["rm", "-rf", checkout, scratch / "index"], check=True)
        subprocess.run([*git, "clone", "-q", remote, checkout], check=True, env=environ, capture_output=True)

    def step(name):
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]]
        return subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True).returncode

    begin()
    return begin, step, checkout, remote


def test_the_database_comes_back_on_the_next_machine_and_only_its_last_state_is_kept(runner):
    begin, step, checkout, remote = runner
    for number in (b"1", b"2"):
        assert step("Fetch the database") == 0
        database = checkout / "state" / "harvest.duckdb"
        assert not database.exists() if number == b"1" else database.read_bytes() == b"1"
        database.write_bytes(number)
        (checkout / "state" / ".gitignore").write_text("*.duckdb\n")
        assert step("Keep the database") == 0
        begin()

    assert step("Fetch the database") == 0
    assert (checkout / "state" / "harvest.duckdb").read_bytes() == b"2"
    log = subprocess.run(["git", "-C", remote, "rev-list", "--count", "data"], capture_output=True, text=True)
    assert log.stdout.strip() == "1"


def test_a_remote_that_does_not_answer_begins_no_empty_database(runner):
    _, step, _, remote = runner
    remote.rename(remote.with_name("away"))

    assert step("Fetch the database") not in (0, 2)
    assert "steps.fetch.outcome == 'success'" in STEPS["Keep the database"]["if"]


# launchd


def test_the_property_list_calls_harvest_as_it_is():
    job = plistlib.loads(block("launchd.md", "xml").encode())
    program, *arguments = job["ProgramArguments"]

    assert Path(program).name == "harvest"
    assert parser.build().parse_args(arguments).command == "daemon"
    assert job["ExitTimeOut"] > 10
