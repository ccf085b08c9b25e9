"""A configuration is refused with every mistake it holds, each at its line, and no secret is repeated."""

from __future__ import annotations

import pytest

from harvester.config import ConfigError
from tests.harvester.small_registry import TOKEN, TWO_SOURCES, everything, reader_in, source


@pytest.fixture
def read(tmp_path):
    return reader_in(tmp_path)


@pytest.fixture
def mistakes(read):
    """The mistakes of a text, a line each."""

    def mistakes(text):
        with pytest.raises(ConfigError) as caught:
            read(text)
        return [str(problem) for problem in caught.value.problems]

    return mistakes


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
