"""Which configuration file is used when several could be."""

from __future__ import annotations

import pytest

from harvester.config import ConfigError, find_config


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Makes files in an otherwise empty world whose working directory is `work` and whose home is `home`."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return make


ALL = (
    "given.toml",
    "variable.toml",
    "work/config.toml",
    "xdg/harvester/config.toml",
    "home/.config/harvester/config.toml",
)


def environ(root, **more):
    return {"HOME": str(root / "home"), **{name: str(root / value) for name, value in more.items()}}


def test_given_path_comes_first(places):
    root = places(*ALL)

    assert find_config(str(root / "given.toml"), environ(root, HARVEST_CONFIG="variable.toml")) == root / "given.toml"


def test_given_path_is_relative_to_the_working_directory(places):
    root = places(*ALL)

    assert find_config("../given.toml", environ(root)).samefile(root / "given.toml")


def test_variable_comes_second(places):
    root = places(*ALL)

    assert find_config(None, environ(root, HARVEST_CONFIG="variable.toml")) == root / "variable.toml"


def test_working_directory_comes_third(places):
    root = places(*ALL)

    assert find_config(None, environ(root, XDG_CONFIG_HOME="xdg")) == root / "work" / "config.toml"


def test_user_directory_comes_last(places):
    root = places(ALL[3], ALL[4])

    assert find_config(None, environ(root, XDG_CONFIG_HOME="xdg")) == root / ALL[3]
    assert find_config(None, environ(root)) == root / ALL[4]


def test_relative_user_directory_is_ignored(places):
    root = places(*ALL[3:])

    assert find_config(None, {**environ(root), "XDG_CONFIG_HOME": "xdg"}) == root / ALL[4]


def test_empty_variable_is_no_variable(places):
    root = places(*ALL)

    assert find_config(None, {**environ(root), "HARVEST_CONFIG": ""}) == root / "work" / "config.toml"


def test_nothing_found_says_where_it_looked_and_what_to_do(places):
    root = places()

    with pytest.raises(ConfigError) as caught:
        find_config(None, environ(root))

    assert str(root / "work" / "config.toml") in str(caught.value)
    assert str(root / ALL[4]) in str(caught.value)
    assert "harvest init" in str(caught.value)


@pytest.mark.parametrize("wrong", ["missing.toml", "work"])
def test_given_path_that_leads_nowhere_is_not_skipped(places, wrong):
    root = places("work/config.toml")

    with pytest.raises(ConfigError, match=r"--config: (does not exist|is a folder)"):
        find_config(str(root / wrong), environ(root))
    with pytest.raises(ConfigError, match=r"\$HARVEST_CONFIG: (does not exist|is a folder)"):
        find_config(None, environ(root, HARVEST_CONFIG=wrong))
