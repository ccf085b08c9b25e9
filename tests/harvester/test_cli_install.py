"""`harvest daemon --install`: shown, asked, written whole, and never over something else unseen."""

import io
import sys
from pathlib import Path

import pytest

from harvester.cli import install, parser, run


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of our own with a configuration in it; returns the place of the user's unit."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    (tmp_path / "config.toml").write_text(
        '[source.work]\nconnector = "github"\nrepos = ["ada/engine"]\ntoken = "credential:github"\n'
    )
    return tmp_path / ".config" / "systemd" / "user" / "harvester.service"


@pytest.fixture
def answers(monkeypatch):
    """Answers on a terminal."""

    def give(text):
        monkeypatch.setattr(sys, "stdin", Terminal(text))
        monkeypatch.setattr(sys, "stderr", Terminal())

    return give


def installed(*more):
    return run(["daemon", "--install", "--user", *more])


def test_the_unit_is_shown_and_written_after_a_yes(home, answers):
    answers("\ny\n")

    assert installed() == 0
    assert home.read_text() in sys.stderr.getvalue()
    assert home.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in home.parent.iterdir()] == ["harvester.service"]


@pytest.mark.parametrize("answer", ["\nn\n", "\n\n", ""])
def test_anything_but_a_yes_writes_nothing(answer, home, answers):
    answers(answer)

    assert installed() == 2
    assert not home.parent.exists()


def test_without_a_terminal_nothing_is_written_unasked(home, capsys):
    assert installed() == 2
    assert not home.exists()
    assert "--yes" in capsys.readouterr().err


def test_yes_writes_without_a_terminal_and_says_what_comes_next(home, capsys):
    assert installed("--yes") == 0

    out, err = capsys.readouterr()
    assert out == f"{home}\n"
    for step in (
        f"install -m 600 /dev/stdin {home.parents[2]}/harvester/credentials/github",
        "systemctl --user daemon-reload",
        "systemctl --user enable --now harvester.service",
        "loginctl enable-linger",
    ):
        assert step in err


def test_print_writes_nothing_and_prints_nothing_else(home, capsys):
    assert installed("--print") == 0

    out, err = capsys.readouterr()
    assert out.startswith("# Written by")
    assert out.endswith("WantedBy=default.target\n")
    assert err == ""
    assert not home.exists()


def test_what_is_written_is_what_is_printed(home, capsys):
    installed("--print")
    text = capsys.readouterr().out
    installed("--yes")

    assert home.read_text() == text


def test_a_unit_that_differs_is_replaced_only_with_its_changes_shown_and_a_yes(home, answers):
    installed("--yes")
    ours = home.read_text()
    home.write_text(ours.replace("WatchdogSec=60", "WatchdogSec=7"))
    answers("\nn\n")

    assert installed() == 2
    assert "WatchdogSec=7" in home.read_text()
    assert "-WatchdogSec=7" in sys.stderr.getvalue()
    assert "+WatchdogSec=60" in sys.stderr.getvalue()

    answers("\ny\n")
    assert installed() == 0
    assert home.read_text() == ours
    assert "restart harvester.service" in sys.stderr.getvalue()


def test_the_changes_are_shown_even_where_yes_was_said_beforehand(home, capsys):
    home.parent.mkdir(parents=True)
    home.write_text("[Service]\nExecStart=/something/else\n")

    assert installed("--yes") == 0
    assert "-ExecStart=/something/else" in capsys.readouterr().err


def test_a_unit_that_is_as_it_should_be_asks_nothing(home, capsys):
    installed("--yes")
    before = home.stat()

    assert installed() == 0
    assert home.stat().st_mtime_ns == before.st_mtime_ns
    assert home.stat().st_ino == before.st_ino


def test_where_the_credentials_lie_is_asked(home, answers):
    answers("~/my secrets\ny\n")
    installed()

    assert f"LoadCredential=github:{Path.home()}/my secrets/github\n" in home.read_text()


def test_where_the_credentials_lie_can_be_said_beforehand(home):
    installed("--yes", "--credentials", "/srv/secrets")

    assert "LoadCredential=github:/srv/secrets/github\n" in home.read_text()


def test_a_system_unit_runs_as_the_owner_of_the_database(home, tmp_path):
    options = parser.build().parse_args(["daemon", "--install", "--system", "--yes"])
    owner = install.pwd.getpwuid(tmp_path.stat().st_uid).pw_name

    assert install.run(options, system_units=tmp_path / "units") == 0
    text = (tmp_path / "units" / "harvester.service").read_text()
    assert f"\nUser={owner}\n" in text
    assert "LoadCredential=github:/etc/credstore/harvester.github\n" in text


def test_a_place_that_cannot_be_written_says_how_it_can(home, tmp_path, capsys):
    options = parser.build().parse_args(["daemon", "--install", "--system", "--yes"])
    (tmp_path / "units").write_text("a file where the folder should be")

    assert install.run(options, system_units=tmp_path / "units") == 2
    err = capsys.readouterr().err
    assert f"sudo {install.command()[0]} daemon --install --system" in err
    assert f"--config {tmp_path}/config.toml" in err


def test_a_folder_that_is_missing_is_made_before_the_start(home, tmp_path, capsys):
    (tmp_path / "config.toml").write_text('[harvest]\nspool = "/nowhere/my spool"\n')
    installed("--yes")

    assert "install -d -m 750 '/nowhere/my spool'" in capsys.readouterr().err


def test_this_installation_is_called_by_an_absolute_path_that_exists():
    program = Path(install.command()[0])

    assert program.is_absolute()
    assert program.exists()


@pytest.mark.parametrize("option", ["--user", "--system", "--print", "--yes", "--credentials=/x"])
def test_options_of_the_installation_mean_nothing_without_it(option, home, capsys):
    assert run(["daemon", option]) == 2
    assert f"{option.partition('=')[0]} goes with --install" in capsys.readouterr().err


def test_a_broken_configuration_makes_no_unit(home, capsys):
    Path("config.toml").write_text("[harvest]\ndatabse = 1\n")

    assert installed("--yes") == 2
    assert "did you mean" in capsys.readouterr().err
    assert not home.exists()
