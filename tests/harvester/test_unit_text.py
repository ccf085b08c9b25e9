"""The systemd unit: what it says follows from the configuration, and systemd reads it as it is meant."""

import dataclasses
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harvester.config import ConfigError, Settings, load
from harvester.store import _ROOMY
from harvester.unit import CREDSTORE, Service, credentials, unit, written

SOURCE = '[source.work]\nconnector = "github"\nrepos = ["ada/engine"]\n'


def settings(folder, text=SOURCE):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    path.write_text(text)
    return load(path)


def service(kind="system", **changes):
    usual = {
        "command": ("/opt/harvester/bin/harvest",), "code": (Path("/opt/harvester"),), "store": CREDSTORE,
        "user": "ada" if kind == "system" else "",
    }  # fmt: skip
    return Service(kind=kind, **(usual | changes))


def values(text, key):
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def verified(text, folder, kind):
    """What systemd has to say about a unit; nothing where it takes every line."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    path = folder / "harvester.service"
    path.write_text(text)
    environ = os.environ | {"XDG_RUNTIME_DIR": str(folder)}
    command = ["systemd-analyze", "verify", "--man=no", f"--{kind}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    return [line for line in (done.stdout + done.stderr).splitlines() if path.name in line or str(folder) in line]


@pytest.mark.parametrize("kind", ["user", "system"])
def test_systemd_takes_every_line(kind, tmp_path):
    script = tmp_path / "a $HOME of 50%" / "harvest"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    text = unit(
        settings(tmp_path / "it's 100%h", SOURCE + 'token = "credential:github"\ntokens = ["env:A", "file:b"]\n'),
        service(kind, command=(str(script),), store=tmp_path / "se crets%n", user="root" if kind == "system" else ""),
    )

    assert verified(text, tmp_path, kind) == []


def test_systemd_would_say_what_it_does_not_take(tmp_path):
    assert verified(unit(settings(tmp_path), service("user", command=("/no/harvest",))), tmp_path, "user")


def test_the_daemon_is_called_with_absolute_paths(tmp_path):
    text = unit(settings(tmp_path), service(command=("/opt/python", "-m", "harvester")))

    assert values(text, "ExecStart") == [f"/opt/python -m harvester daemon --config {tmp_path}/config.toml"]


def test_blanks_and_percent_signs_are_kept_from_systemd(tmp_path):
    text = unit(settings(tmp_path / "my %h"), service())

    assert values(text, "ExecStart")[0].endswith(f' --config "{tmp_path}/my %%h/config.toml"')
    assert values(text, "ReadWritePaths") == [f'"{tmp_path}/my %%h"']


def test_a_dollar_sign_is_no_variable(tmp_path):
    text = unit(settings(tmp_path / "$HOME"), service())

    assert values(text, "ExecStart")[0].startswith(":/opt/harvester/bin/harvest ")
    assert "$HOME/config.toml" in values(text, "ExecStart")[0]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a "])
def test_what_systemd_cannot_say_is_refused_by_name(name, tmp_path):
    config = dataclasses.replace(settings(tmp_path), spool=Path("/srv", name))

    with pytest.raises(ConfigError, match="rename it"):
        unit(config, service())


def test_what_the_daemon_writes_it_may_write(tmp_path):
    config = settings(tmp_path, f'[harvest]\ndatabase = "{tmp_path}/data/h.duckdb"\nspool = "{tmp_path}/wait"\n')

    assert written(config) == [tmp_path / "data", tmp_path / "wait"]
    assert values(unit(config, service()), "ReadWritePaths") == [f"{tmp_path}/data {tmp_path}/wait"]


def test_a_folder_within_another_is_named_once(tmp_path):
    assert written(settings(tmp_path)) == [tmp_path]


def test_credentials_of_enabled_sources_are_loaded(tmp_path):
    config = settings(
        tmp_path,
        f'{SOURCE}token = "credential:github"\ntokens = ["credential:second"]\n'
        '[source.b]\nconnector = "plausible"\nsite = "example.org"\napi_key = "credential:off"\nenabled = false\n',
    )

    assert credentials(config) == ["github", "second"]
    assert values(unit(config, service()), "LoadCredential") == [
        "github:/etc/credstore/harvester.github",
        "second:/etc/credstore/harvester.second",
    ]


def test_a_folder_of_ones_own_needs_no_prefix(tmp_path):
    config = settings(tmp_path, f'{SOURCE}token = "credential:github"\n')
    text = unit(config, service("user", store=Path("/home/ada/my secrets")))

    assert values(text, "LoadCredential") == ["github:/home/ada/my secrets/github"]


@pytest.mark.parametrize("name", ["a:b", "ghp_0123456789abcdefghij0123456789abcdef"])
def test_a_name_that_is_none_or_a_secret_is_refused_and_not_repeated(name, tmp_path):
    with pytest.raises(ConfigError, match="no name for a systemd unit") as caught:
        unit(settings(tmp_path, f'{SOURCE}token = "credential:{name}"\n'), service())

    assert "ghp_" not in str(caught.value)


def test_other_places_of_secrets_are_explained(tmp_path):
    config = settings(tmp_path, f'{SOURCE}tokens = ["env:MINE", "file:~/x.token", "keyring:harvest/me"]\n')
    text = unit(config, service())

    assert values(text, "#EnvironmentFile") == ["/etc/credstore/environment"]
    assert "no variable of your shell: MINE" in text
    assert "Must belong to ada and be closed to others (chmod 600): ~/x.token" in text
    assert "out of reach of a system service" in text
    assert not values(text, "LoadCredential")


def test_nobody_is_reminded_of_secrets_that_there_are_not(tmp_path):
    assert "EnvironmentFile" not in unit(settings(tmp_path), service())


def test_settings_that_take_privilege_are_not_in_a_user_unit(tmp_path):
    mine, all_of_ours = unit(settings(tmp_path), service("user")), unit(settings(tmp_path), service())

    for key in ("ProtectSystem", "PrivateDevices", "ProtectKernelModules", "CapabilityBoundingSet", "ProtectClock"):
        assert values(all_of_ours, key)
        assert not values(mine, key)  # systemd fails with 218/CAPABILITIES or 226/NAMESPACE
    for key in ("User", "After", "Wants"):
        assert not values(mine, key)
    assert values(mine, "WantedBy") == ["default.target"]
    assert values(mine, "#ReadWritePaths") == [str(tmp_path)]


@pytest.mark.parametrize("kind", ["user", "system"])
def test_limits_and_life(kind, tmp_path):
    text = unit(settings(tmp_path), service(kind))
    wanted = {
        "Type": "notify", "WatchdogSec": "60", "Restart": "on-failure", "RestartPreventExitStatus": "2",
        "TimeoutStopSec": "15", "NoNewPrivileges": "yes", "LimitCORE": "0",
        "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    }  # fmt: skip

    assert {key: values(text, key) for key in wanted} == {key: [value] for key, value in wanted.items()}


def test_the_largest_load_fits_into_memory(tmp_path):
    (most,) = values(unit(settings(tmp_path), service()), "MemoryMax")

    assert int(most.removesuffix("G")) > int(_ROOMY.removesuffix("GB"))


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        (Path("/root/.pyenv/versions/3.11"), "ProtectHome", "read-only"),  # an interpreter in a home
        (Path("/homestead"), "ProtectHome", "yes"),
        (Path("/opt"), "PrivateTmp", "yes"),
        (Path("/tmp/venv"), "PrivateTmp", "no"),  # noqa: S108
    ],
)
def test_nothing_is_hidden_that_the_daemon_is_made_of(place, key, value, tmp_path):
    srv = Path("/srv")
    config = dataclasses.replace(
        settings(tmp_path), path=srv / "config.toml", folder=srv, database=srv / "harvest.duckdb", spool=srv / "spool"
    )

    assert values(unit(config, service(code=(place,))), key) == [value]


@pytest.mark.parametrize("token", ["~/x.token", "/home/ada/x.token"])
def test_a_token_file_in_a_home_is_not_hidden(token, tmp_path):
    text = unit(settings(tmp_path, f'{SOURCE}token = "file:{token}"\n'), service())

    assert values(text, "ProtectHome") == ["read-only"]


def test_published_copies_may_be_written(tmp_path):
    config = settings(
        tmp_path / "config",
        f'[harvest]\ndatabase = "{tmp_path}/data/h.duckdb"\npublish = "{tmp_path}/public/h.duckdb"\n'
        f'export = "{tmp_path}/parquet"\n',
    )

    assert written(config) == [tmp_path / "data", tmp_path / "parquet", tmp_path / "public"]


def test_no_path_of_the_configuration_is_forgotten():
    paths = {field.name for field in dataclasses.fields(Settings) if "Path" in str(field.type)}

    assert paths == {"path", "folder", "database", "spool", "publish", "export"}  # a new one: see unit.written
