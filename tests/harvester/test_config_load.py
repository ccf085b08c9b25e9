"""A configuration is read whole: what a good file means, when two sources read the same, and what scoring takes."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import scoring
from harvester.config import ConfigError, ScoringSettings, load, model
from tests.harvester.small_registry import TWO_SOURCES, Installed, PageConfig, everything, reader_in, source


@pytest.fixture
def read(tmp_path):
    return reader_in(tmp_path)


# What a good file means


def test_empty_file_is_all_defaults(read, tmp_path):
    settings = read("")

    assert settings.path == tmp_path / "config.toml"
    assert settings.folder == tmp_path
    assert settings.database == tmp_path / "harvest.duckdb"
    assert settings.spool == tmp_path / "spool"
    assert settings.timezone == ZoneInfo("UTC")
    assert settings.sources == ()
    assert settings.scoring == ScoringSettings()


def test_relative_paths_lie_beside_the_file_and_the_spool_beside_the_database(read, tmp_path):
    settings = read('[harvest]\ndatabase = "data/h.duckdb"\ntimezone = "Europe/Berlin"')

    assert settings.database == tmp_path / "data" / "h.duckdb"
    assert settings.spool == tmp_path / "data" / "spool"
    assert settings.timezone == ZoneInfo("Europe/Berlin")


def test_absolute_and_home_paths_are_kept(read, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    settings = read(f'[harvest]\ndatabase = "{tmp_path}/x/h.duckdb"\nspool = "~/spool"')

    assert settings.database == tmp_path / "x" / "h.duckdb"
    assert settings.spool == tmp_path / "home" / "spool"


def test_source_has_the_defaults_of_the_documentation(read):
    (found,) = read(source(connector='"page"', url='"https://a"')).sources

    assert (found.name, found.connector.name, found.config) == ("s", "page", PageConfig(url="https://a"))
    assert str(found.schedule) == "every 6h"
    assert (found.person, found.enabled, found.timeout, found.allow_private) == (
        "me",
        True,
        timedelta(seconds=30),
        False,
    )


def test_common_keys_are_read(read):
    (found,) = read(
        source(
            connector='"page"',
            url='"https://a"',
            schedule='"@daily"',
            person='"ada"',
            enabled="false",
            timeout='"2m"',
            allow_private="true",
        )
    ).sources

    assert found.schedule.next_after(datetime(2026, 1, 1, tzinfo=UTC), UTC) == datetime(2026, 1, 2, tzinfo=UTC)
    assert (found.person, found.enabled, found.timeout, found.allow_private) == (
        "ada",
        False,
        timedelta(minutes=2),
        True,
    )


@pytest.mark.parametrize(
    ("written", "seconds"), [("5", 5), ("0.5", 0.5), ('"30s"', 30), ('"2m"', 120), ('"1h"', 3600)]
)
def test_timeout_is_seconds_or_a_text_with_a_unit(read, written, seconds):
    (found,) = read(source(connector='"page"', url='"https://a"', timeout=written)).sources

    assert found.timeout == timedelta(seconds=seconds)


def test_every_type_of_the_contract_is_read(read):
    (found,) = read(
        everything(
            limit="3", share="1", deep="true", repos='["a/b", "c/*"]', since="2025-01-31", label='"l"', note='""'
        ),
        {"TOKEN": "the value"},
    ).sources

    config = found.config
    assert (config.limit, config.share, config.deep, config.repos) == (3, 1.0, True, ("a/b", "c/*"))
    assert isinstance(config.share, float)
    assert (config.since, config.label, config.key, config.note) == (date(2025, 1, 31), "l", None, "")
    assert config.token.reveal() == "the value"


def test_loading_reads_no_secret(read):
    (found,) = read(everything(key='"file:not-there"')).sources

    assert repr(found.config.key) == "Secret('file:not-there')"


def test_file_secret_is_relative_to_the_configuration(read, tmp_path):
    (tmp_path / "token").write_text("the value\n")
    (tmp_path / "token").chmod(0o600)

    (found,) = read(everything(key='"file:token"')).sources

    assert found.config.key.reveal() == "the value"


def test_settings_with_a_secret_are_not_pickled(read):
    with pytest.raises(TypeError):
        pickle.dumps(read(everything()).sources[0].config)


def test_scoring_is_read(read):
    scoring = read(
        '[scoring]\nmodel = "essay"\nperiod = "month"\ninitial_influence = 1\nclick_rate = 1\n'
        "participation_rate = 0.2\nhalf_life_days = 7\n[scoring.weights]\nstars = 10\n"
        'post_reads = { role = "reads", weight = 0 }\nsite_visits = { role = "none" }\n"s/stars" = 0.5\n'
        + source(connector='"page"', url='"https://a"')
    ).scoring

    assert (scoring.model, scoring.period, scoring.initial_influence) == ("essay", "month", 1.0)
    assert (scoring.click_rate, scoring.participation_rate, scoring.half_life_days) == (1.0, 0.2, 7.0)
    assert scoring.weights == {
        "stars": 10.0,
        "post_reads": {"role": "reads", "weight": 0.0},
        "site_visits": {"role": "none", "weight": 1.0},
        "s/stars": 0.5,
    }


def test_metric_of_an_installed_third_party_connector_has_a_weight(read):
    text = (
        source(connector='"page"', url='"https://a"')
        + '[scoring.weights]\nlistens = { role = "reads" }\n"s/listens" = 2\n'
    )

    assert read(text).scoring.weights == {"listens": {"role": "reads", "weight": 1.0}, "s/listens": 2.0}


def test_file_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[harvest]\r\ntimezone = 'Europe/London'\r\n")

    assert load(path, registry=Installed()).timezone == ZoneInfo("Europe/London")


def test_select_without_names_is_every_enabled_source(read):
    settings = read(TWO_SOURCES)

    assert [source.name for source in settings.select()] == ["one"]
    assert [source.name for source in settings.select(["two", "one", "two"])] == ["two", "one"]


def test_select_of_an_unknown_source_names_the_nearest(read):
    with pytest.raises(ConfigError, match=r'no source "oen"; did you mean "one"\?'):
        read(TWO_SOURCES).select(["oen"])


# The hash of a source


def test_hash_is_the_same_for_the_same_reading(read):
    bare = read(everything()).sources[0]
    spelled_out = read(everything(limit="10", schedule='"@daily"', person='"ada"', timeout="3")).sources[0]
    other_token = read(everything().replace("env:TOKEN", "env:OTHER")).sources[0]

    assert bare.config_hash == spelled_out.config_hash == other_token.config_hash


def test_hash_is_another_for_another_reading(read):
    hashes = {
        read(text).sources[0].config_hash
        for text in (
            everything(),
            everything(limit="11"),
            everything(since="2025-01-31"),
            everything(repos='["a/b"]'),
            everything(repos='["a/b", "c"]'),
        )
    }

    assert len(hashes) == 5


def test_hash_is_stable_between_releases(read):
    # Not to be changed: it is stored, and another value would look like another source.
    assert read(source(connector='"page"', url='"https://a"')).sources[0].config_hash == "d6e10a5993d1bcac"


# The scoring package takes what passed here


def test_closed_lists_are_those_of_scoring():
    assert set(model.ROLES) == set(scoring.ROLES)
    assert set(model.MODELS) == set(scoring.MODELS)
    assert set(model.PERIODS) == set(scoring.GRAINS)
    assert scoring.DEFAULTS.keys() == model.METRICS - model.NO_ROLE
    assert model.NO_ROLE < model.METRICS


def test_defaults_are_those_of_scoring():
    ours = ScoringSettings()

    assert scoring.Params(**{key.name: getattr(ours, key.name) for key in fields(ours)}) == scoring.Params()


def test_accepted_weights_are_accepted_by_scoring(read):
    weights = read(
        source(connector='"page"', url='"https://a"')
        + '[scoring.weights]\ntalks = 0\nlistens = { role = "reads" }\n"s/listens" = 2\n'
        '"s/talks" = { role = "comments" }\nstars = { role = "none", weight = 3 }\n"s/forks" = 1'
    ).scoring.weights

    assert scoring.Params(weights=weights).weighting("s", "listens") == scoring.Weighting("reads", 2.0)


# Importing


def test_importing_the_configuration_imports_no_heavy_package():
    heavy = {"pandas", "numpy", "duckdb", "requests", "github", "feedparser", "apscheduler", "rich", "keyring"}
    script = "import sys, harvester.config, harvester.registry, harvester.credentials; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert heavy.isdisjoint(done.stdout.split())


def test_source_is_a_value(read):
    (found,) = read(source(connector='"page"', url='"https://a"')).sources

    assert found == replace(found)
    assert found != replace(found, person="ada")


def test_relative_configuration_path_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text("")

    assert load(Path("config.toml"), registry=Installed()).database == tmp_path / "harvest.duckdb"
