"""A configuration is read whole, or refused with every mistake it holds."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

import scoring
from connectors.base import Connector, Kind, Metric, Secret, StreamSpec
from harvester.config import ConfigError, ScoringSettings, load, model
from harvester.registry import BrokenConnector, UnknownConnector

TOKEN = "ghp_abcdefghijklmnopqrst0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    url: str = field(metadata={"help": "address of the page"})

    def __post_init__(self):
        if not self.url.startswith("https://"):
            raise ValueError(f"url: must start with https://, got {self.url}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EverythingConfig:
    name: str
    token: Secret
    limit: int = 10
    share: float = 0.5
    deep: bool = False
    repos: tuple[str, ...] = ()
    since: date | None = None
    label: str | None = None
    key: Secret | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConfig:
    words: set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashConfig:
    timeout: int


def open_nothing(config, context):
    return ()


LISTENS = StreamSpec("listens", (Metric("listens", Kind.DAILY),))


class Installed:
    """A registry of a few connectors, one of them broken."""

    connectors: ClassVar = {
        "page": Connector("page", PageConfig, open_nothing, (LISTENS,)),
        "everything": Connector("everything", EverythingConfig, open_nothing, ()),
        "set": Connector("set", SetConfig, open_nothing, ()),
        "clash": Connector("clash", ClashConfig, open_nothing, ()),
    }

    def names(self):
        return ("broken", "page", "everything")

    def get(self, name):
        if name == "broken":
            raise BrokenConnector('connector "broken" does not load: ImportError')
        try:
            return self.connectors[name]
        except KeyError:
            raise UnknownConnector(f'no connector "{name}"; installed are: {", ".join(self.names())}') from None


@pytest.fixture
def read(tmp_path):
    def read(text, environ=None):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return load(path, registry=Installed(), environ=environ or {})

    return read


@pytest.fixture
def mistakes(read):
    """The mistakes of a text, a line each."""

    def mistakes(text):
        with pytest.raises(ConfigError) as caught:
            read(text)
        return [str(problem) for problem in caught.value.problems]

    return mistakes


def source(**keys):
    """A source "s" with these keys, given as TOML."""
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f"[source.s]\n{lines}"


def everything(**keys):
    return source(connector='"everything"', name='"n"', token='"env:TOKEN"', **keys)


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


TWO_SOURCES = """
[source.one]
connector = "page"
url = "https://one"
[source.two]
connector = "page"
url = "https://two"
enabled = false
"""


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


# What a bad file is told


def test_every_mistake_is_reported_at_once_with_its_line(mistakes):
    found = mistakes(
        """\
database = "x"
[harvest]
timezone = "Europe/Berln"
spol = "x"
[source.work]
connector = "evrything"
schedule = "61 * * * *"
[source.more]
connector = "everything"
tken = "env:T"
repos = "a/b"
[scoring]
click_rate = 10
[scoring.weights]
start = 1
"""
    )

    assert found == [
        "line 1: database: unknown key; it belongs under [harvest]",
        'line 3: harvest.timezone: "Europe/Berln" is no known time zone; did you mean "Europe/Berlin"?',
        'line 4: harvest.spol: unknown key; did you mean "spool"?',
        'line 6: source.work.connector: no connector "evrything"; installed are: broken, page, everything',
        "line 7: source.work.schedule: minute: '61' is out of range; allowed are 0-59, *, lists, ranges, steps (*/2)",
        "line 8: source.more.name: is missing",
        "line 8: source.more.token: is missing; write env:NAME, file:PATH, keyring:SERVICE/NAME or credential:NAME",
        'line 10: source.more.tken: unknown key; did you mean "token"?',
        'line 11: source.more.repos: expected a list of texts; write ["a/b"]',
        "line 13: scoring.click_rate: must be above 0 and at most 1, got 10; for a percentage write 0.1",
        'line 15: scoring.weights.start: unknown metric; did you mean "stars"?',
    ]


def test_error_names_the_file_and_counts_the_mistakes(read, tmp_path):
    with pytest.raises(ConfigError) as caught:
        read("[harvest]\na = 1\nb = 2")

    assert str(caught.value).splitlines()[0] == f"{tmp_path / 'config.toml'}: 2 mistakes"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[sources.s]", 'line 1: sources: unknown key; did you mean "source"?'),
        ("harvest = 3", "line 1: harvest: is a table, not a value; write [harvest]"),
        ('[harvest]\ntimezone = "../etc/passwd"', "line 2: harvest.timezone: "),
        ('[harvest]\ntimezone = "America"', "line 2: harvest.timezone: "),
        ('[harvest]\ntimezone = "europe/berlin"', 'did you mean "Europe/Berlin"?'),
        ("[harvest]\ntimezone = 1", "line 2: harvest.timezone: expected a text in quotes, got 1"),
        ('[harvest]\ndatabase = ":memory:"', "line 2: harvest.database: must be a file"),
        ('[harvest]\ndatabase = "."', 'harvest.database: is a folder; write a file in it: "harvest.duckdb"'),
        ('[harvest]\ndatabase = ""', "line 2: harvest.database: must not be empty"),
        ('[harvest]\nspool = "harvest.duckdb"', "harvest.spool: is the same path as the database"),
        ('[source]\nconnector = "page"', "line 2: source.connector: belongs to a source, and a source has a name"),
        ("[source.s]", "line 1: source.s.connector: is missing; installed are: broken, page"),
        (source(connector='"broken"'), 'source.s.connector: connector "broken" does not load: ImportError'),
        (source(connector='"page"'), "line 1: source.s.url: is missing; address of the page"),
        (source(connector='"page"', url='""'), "line 3: source.s.url: must not be empty"),
        (
            source(connector='"page"', url='"http://a"'),
            "line 3: source.s.url: must start with https://, got http://a",
        ),
        (source(connector='"set"', words='"a"'), "source.s.connector: set is faulty: a key of type set[str]"),
        (source(connector='"clash"'), "source.s.connector: clash is faulty: timeout is a key of every source"),
        ('[source."a/b"]\nconnector = "page"\nurl = "https://a"', "a source's name has letters, digits"),
        (everything(enabled='"yes"'), 'source.s.enabled: expected true or false, got "yes"'),
        (everything(enabled="1"), "source.s.enabled: expected true or false, got 1"),
        (everything(person='" "'), "source.s.person: must not be empty"),
        (everything(timeout="0"), "source.s.timeout: must be above 0, got 0"),
        (everything(timeout='"soon"'), 'source.s.timeout: expected seconds or a text like 30s or 2m, got "soon"'),
        (everything(timeout='"2h"'), "source.s.timeout: must be at most 1h"),
        (everything(timeout="true"), "source.s.timeout: expected a number, got True"),
        (everything(limit="1.0"), "source.s.limit: expected a whole number, got 1.0"),
        (everything(limit="true"), "source.s.limit: expected a whole number, got True"),
        (everything(share="nan"), "source.s.share: must be finite, got nan"),
        (everything(share='"1"'), 'source.s.share: expected a number, got "1"'),
        (everything(deep='"no"'), 'source.s.deep: expected true or false, got "no"'),
        (everything(repos="[1]"), "source.s.repos: expected a list of texts, got [1]"),
        (everything(repos='[""]'), "source.s.repos: must not be empty"),
        (
            everything(since='"2025-01-31"'),
            "source.s.since: expected a date; write it without quotes, as in 2025-01-31",
        ),
        (everything(since="2025-01-31T10:00:00"), "source.s.since: expected a date, got 2025-01-31 10:00:00"),
        (everything(label="1"), "source.s.label: expected a text in quotes, got 1"),
        (everything(schedule='"hourly"'), "source.s.schedule: a crontab line has five fields"),
        (everything(schedule="6"), "source.s.schedule: expected a text in quotes, got 6"),
        (
            '[scoring]\nmodel = "chain"',
            'scoring.model: "chain" is not one of chained, essay; did you mean "chained"?',
        ),
        ('[scoring]\nperiod = "year"', 'scoring.period: "year" is not one of day, week, month'),
        ("[scoring]\ninitial_influence = 0", "scoring.initial_influence: must be above 0, got 0"),
        ("[scoring]\nclick_rate = 0", "scoring.click_rate: must be above 0 and at most 1, got 0"),
        (
            "[scoring]\nparticipation_rate = -0.5",
            "scoring.participation_rate: must be above 0 and at most 1, got -0.5",
        ),
        ("[scoring]\nhalf_life_days = inf", "scoring.half_life_days: must be finite, got inf"),
        ("[scoring]\nhalflife_days = 3", 'scoring.halflife_days: unknown key; did you mean "half_life_days"?'),
        ("[scoring.weights]\nstars = -1", "scoring.weights.stars: must be 0 or more, got -1"),
        ("[scoring.weights]\nstars = nan", "scoring.weights.stars: must be finite, got nan"),
        ('[scoring.weights]\nstars = "1"', 'scoring.weights.stars: expected a number, got "1"'),
        (
            "[scoring.weights]\nstars = { weight = 1 }",
            "scoring.weights.stars.role: is missing; one of reads, comments",
        ),
        (
            '[scoring.weights]\nstars = { role = "read" }',
            'line 2: scoring.weights.stars.role: "read" is not one of reads, comments, clicks, interactions',
        ),
        (
            '[scoring.weights]\nstars = { role = "reads", wieght = 1 }',
            'scoring.weights.stars.wieght: unknown key; did you mean "weight"?',
        ),
        (
            "[scoring.weights]\ntalks = 2",
            'scoring.weights.talks: has no role by default; write { role = "reads", weight = 2 }',
        ),
        (
            TWO_SOURCES + '[scoring.weights]\nstars = { role = "none" }\n"one/stars" = 1',
            'scoring.weights."one/stars": has no role by default',
        ),
        (
            TWO_SOURCES + '[scoring.weights]\n"oen/stars" = 1',
            'scoring.weights."oen/stars": no source "oen"; did you mean "one"?',
        ),
        (
            TWO_SOURCES + '[scoring.weights]\n"one/starz" = 1',
            'scoring.weights."one/starz": unknown metric; did you mean "stars"?',
        ),
        (
            TWO_SOURCES + "[scoring.weights]\none.stars = 1",
            'scoring.weights.one: unknown metric; write "source/metric" in',
        ),
    ],
)
def test_mistake_says_where_what_and_how_to_mend_it(mistakes, text, mistake):
    (found,) = mistakes(text)

    assert mistake in found


def test_two_sources_that_read_the_same_are_refused(mistakes):
    (found,) = mistakes(TWO_SOURCES.replace("https://two", "https://one").replace("enabled = false", ""))

    assert found == ("line 5: source.two: reads the same as source.one, so every fact would count twice; remove one")


def test_the_same_for_another_person_or_switched_off_is_no_twin(read):
    same = TWO_SOURCES.replace("https://two", "https://one")

    assert len(read(same).sources) == 2
    assert len(read(same.replace("enabled = false", 'person = "ada"')).sources) == 2


# Secrets are never repeated


@pytest.mark.parametrize(
    "text",
    [
        everything(key=f'"{TOKEN}"'),
        everything(key='"correct horse battery"'),
        everything(key='"env:correct horse battery"'),
        everything(key="12345678"),
        everything(key='["correct horse battery"]'),
        everything(limit=f'"{TOKEN}"'),
        everything(schedule=f'"{TOKEN}"'),
        everything(schedule=f'"@{TOKEN}"'),
        everything(schedule=f'"every {TOKEN}"'),
        everything(timeout=f'"{TOKEN}"'),
        everything(tokn=f'"{TOKEN}"'),
        everything(tokn='"correct horse battery"'),
        everything(**{TOKEN: "1"}),
        source(connector=f'"{TOKEN}"'),
        source(connector='"page"', url=f'"{TOKEN}"'),
        f'[harvest]\ntimezone = "{TOKEN}"',
        f"[harvest]\ntimezone = {TOKEN}",
        f'[harvest]\ndatabase = "{TOKEN}" x',
        f'[source."{TOKEN}"]',
        f'{TOKEN} = "a"\n{TOKEN} = "b"',
        f'[scoring]\nmodel = "{TOKEN}"',
        f'[scoring.weights]\n"{TOKEN}/stars" = 1',
    ],
)
def test_nothing_that_may_be_a_secret_is_repeated(mistakes, text):
    found = " ".join(mistakes(text))

    for part in (TOKEN, TOKEN[4:], "horse", "12345678"):
        assert part not in found


def test_literal_secret_says_where_to_put_it(mistakes):
    (found,) = mistakes(everything(key=f'"{TOKEN}"'))

    assert found == (
        "line 5: source.s.key: a secret is not written here, only where it lies; "
        "write env:NAME, file:PATH, keyring:SERVICE/NAME or credential:NAME "
        "(if a real secret stood here, withdraw it)"
    )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesConfig:
    names: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    def __post_init__(self):
        if wrong := [name for name in self.names if name.startswith("x")]:
            raise ValueError("\n".join(f"names.{name}: must not begin with x" for name in wrong))


class Tables:
    """A registry with one connector, whose keys are tables."""

    def names(self):
        return ("tables",)

    def get(self, name):
        return Connector(name, TablesConfig, lambda config, context: (), ())


def load_tables(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(f'[source.a]\nconnector = "tables"\n{text}')
    return load(path, registry=Tables())


def test_tables_of_texts_are_keys(tmp_path):
    text = '[source.a.names]\nday = "Date"\n[source.a.parts.one]\nkey = "id"\n'
    (source,) = load_tables(tmp_path, text).sources
    assert dict(source.config.names) == {"day": "Date"}
    assert {name: dict(part) for name, part in source.config.parts.items()} == {"one": {"key": "id"}}


def test_a_changed_table_reads_something_else_and_a_reordered_one_does_not(tmp_path):
    hashes = [
        load_tables(tmp_path, text).sources[0].config_hash
        for text in (
            "",
            'names = { a = "1", b = "2" }',
            'names = { b = "2", a = "1" }',
            'names = { a = "1", b = "3" }',
        )
    ]
    assert hashes[1] == hashes[2]
    assert len(set(hashes)) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('names = "a"', 'source.a.names: expected a table, got "a"; write it as a [table]'),
        ("names = { day = 3 }", 'source.a.names: "day": expected a text in quotes, got 3'),
        ('names = { day = "" }', 'source.a.names: "day": must not be empty'),
        ('parts = { one = "a" }', 'source.a.parts: "one": expected a table'),
        ("parts = { one = { key = 3 } }", 'source.a.parts: "one": "key": expected a text'),
    ],
)
def test_a_table_of_something_else_is_refused(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        load_tables(tmp_path, text)
    assert said in str(caught.value)


def test_every_mistake_within_a_table_has_its_line(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_tables(tmp_path, '[source.a.names]\nx1 = "a"\nok = "b"\nx2 = "c"\n')
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (4, "source.a.names.x1"),
        (6, "source.a.names.x2"),
    ]


def test_secrets_in_a_table_are_references_and_leave_what_is_read_alone(tmp_path):
    sources = [load_tables(tmp_path, text).sources[0] for text in ("", 'secrets = { token = "env:TOKEN" }')]
    assert repr(sources[1].config.secrets["token"]) == "Secret('env:TOKEN')"
    assert sources[0].config_hash == sources[1].config_hash


@pytest.mark.parametrize("text", [f'secrets = {{ token = "{TOKEN}" }}', "secrets = { token = 12345678 }"])
def test_a_secret_itself_in_a_table_is_refused_and_not_repeated(tmp_path, text):
    with pytest.raises(ConfigError, match=r'source\.a\.secrets: "token": ') as caught:
        load_tables(tmp_path, text)
    assert TOKEN not in str(caught.value)
    assert "12345678" not in str(caught.value)
