"""The demo's story, and whether the score's explanations find it: one harvest of it for all tests of this file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from harvester.cli import run
from harvester.config import Settings, load
from harvester.demo.folder import opened
from harvester.demo.life import events, reading_days
from harvester.explaining import explain
from harvester.pipeline import harvest
from harvester.reading import Order
from harvester.scorejob import evaluate, inputs, rescore
from harvester.spans import Span, parse
from harvester.store import Store
from harvester.store.connection import open_writer
from harvester.versions import as_of
from harvester.wording import paragraph
from scoring import Columns

TODAY = date(2026, 11, 24)
EVENTS = events(TODAY)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[datetime, Columns]]:
    """The demo, harvested as `harvest demo` does, and what was scored after each harvest."""
    scored = {}
    stops = reading_days(TODAY)
    with opened(tmp_path_factory.mktemp("demo"), TODAY, ago=stops[0]) as demo:
        settings = load(demo.config)
        for ago, following in zip([*stops, 0], [*stops[1:], 0, 0], strict=True):
            noon = datetime.combine(TODAY - timedelta(days=ago), time(12), UTC)
            done = harvest(settings, settings.select(), Order(), clock=lambda noon=noon: noon)
            assert not [outcome for outcome in done.outcomes if outcome.is_failure]
            scored[noon] = evaluate(settings, today=noon.date())
            rescore(settings, today=noon.date())
            demo.advance(ago - following)
    rescore(settings, today=TODAY)
    return settings, scored


@pytest.fixture
def settings(history: tuple[Settings, dict[datetime, Columns]]) -> Settings:
    return history[0]


@pytest.fixture
def told(settings: Settings) -> Callable[[Span], str]:
    return lambda span: paragraph(explain(settings, span, person=None, today=TODAY), "chained")


def month_of(event: str) -> Span:
    return Span("month", EVENTS[event][0].replace(day=1))


def test_the_spike_is_called_one_with_its_days_and_what_made_it(told):
    text = told(month_of("spike"))

    assert "sharing brought 2" in text
    assert "It was a spike: 3 to 9 March brought" in text
    assert "The factor E rose most with stars of work" in text
    assert "wren-hollow/lantern" in text
    assert "outage" not in text
    assert "quiet" not in text


def test_the_outage_is_told_from_a_silence_with_its_days_and_source(told):
    text = told(month_of("outage"))

    assert "The source readers reported no post reads" in text
    assert "from 13 to 21 November" in text
    assert "an outage of its counting" in text
    assert "The factor E fell most with post reads of readers" in text
    assert "quiet" not in text


def test_the_quiet_month_is_called_quiet_and_nothing_worse(told):
    text = told(month_of("quiet month"))

    assert "It was a quiet time throughout" in text
    assert "less than before (E = 0." in text
    assert "less than before (I = 0." in text
    assert "outage" not in text
    assert "spike" not in text


@pytest.mark.parametrize("grain", ["month", "week", "day"])
def test_the_rename_is_told_with_both_names_and_that_it_moved_nothing(told, grain):
    text = told(parse(EVENTS["rename"][0].isoformat(), grain))

    assert "wren-hollow/glowstick was renamed wren-hollow/lantern between 18 August 2025 and 1 September 2025" in text
    assert "the rename moved nothing" in text


def test_before_the_rename_the_old_name_is_told_and_later_it_is_only_history(told):
    assert "wren-hollow/lantern was called wren-hollow/glowstick then" in told(month_of("quiet month"))
    assert "wren-hollow/lantern was called wren-hollow/glowstick before" in told(month_of("spike"))


def test_an_ordinary_month_has_no_event(told):
    text = told(parse("2026-08"))

    for word in ("spike", "outage", "quiet", "renamed"):
        assert word not in text


def test_the_attribution_of_every_factor_adds_up_to_its_logarithm(settings: Settings):
    scores = evaluate(settings, today=TODAY)
    sums: dict[tuple[str, object, str], float] = {}
    columns = (scores.attribution[name].tolist() for name in ("grain", "period", "side", "log_effect"))
    for grain, period, side, effect in zip(*columns, strict=True):
        sums[grain, period, side] = sums.get((grain, period, side), 0.0) + effect
    chained = scores.factors["model"] == "chained"
    columns = (scores.factors[name][chained].tolist() for name in ("grain", "period", "factor_e", "factor_i"))
    compared = 0
    for grain, period, *both in zip(*columns, strict=True):
        for side, factor in zip("ei", both, strict=True):
            assert abs(math.log(factor) - sums.get((grain, period, side), 0.0)) < 1e-9
            compared += 1

    assert compared > 1500


def test_dropping_the_caches_and_scoring_again_gives_equal_tables(settings: Settings):
    names = ("factors", "influence", "attribution")
    store = Store(settings.database, settings.timezone)

    def kept():
        with store.reading() as connection:
            return [connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in names]

    before = kept()
    with closing(open_writer(settings.database, timeout=5)) as connection:
        for name in names:
            connection.execute(f"DELETE FROM store.{name}")
    gone = kept()
    rescore(settings, today=TODAY)

    assert all(before)
    assert not any(gone)
    assert kept() == before


def test_as_of_says_what_was_said_then(history):
    settings, scored = history
    compared = 0
    for noon, then in scored.items():
        again = as_of(settings, noon + timedelta(minutes=1)).score()
        for name in ("factors", "influence", "attribution"):
            for column, values in getattr(then, name).items():
                found = getattr(again, name)[column]
                if values.dtype == np.float64:
                    np.testing.assert_allclose(
                        found, values, rtol=1e-12, atol=1e-15, err_msg=f"{noon} {name} {column}"
                    )
                else:
                    np.testing.assert_array_equal(found, values, err_msg=f"{noon} {name} {column}")
                compared += len(values)

    assert compared > 100_000


def test_before_the_first_harvest_nothing_was_known(settings, capsys):
    assert run(harvested(settings, "score", "--as-of", "2025-01-01")) == 0

    assert "Nothing that counts has been harvested yet" in capsys.readouterr().out


def test_diff_names_the_periods_that_changed_and_the_facts_that_did_it(settings, capsys):
    assert run(harvested(settings, "score", "--diff", "2026-10-28", "--period", "month", "--last", "0")) == 0
    text = capsys.readouterr().out

    assert re.search(
        r"Of 28 periods that were over by 2026-10-29 00:00 UTC, \d+ have changed since \(model chained\)", text
    )
    assert re.search(r"^ 2026-09 +1\.\d+ +1\.\d+ ", text, re.MULTILINE)
    assert re.search(r"^  2026-\d\d: stars of work: \d revised \(\d → \d\); ", text, re.MULTILINE)


def test_since_the_last_harvest_nothing_has_changed(settings, capsys):
    assert run(harvested(settings, "score", "--diff", TODAY.isoformat())) == 0
    text = capsys.readouterr().out

    assert "none has changed since" in text
    assert "nothing: no fact of them came, changed or went" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", "noon"], "'noon' is not a time; write a day as 2026-11-24, or a time as 2026-11-24T18:00"),
        (["--diff", "2026-02-31"], "is not a time"),
        (["--params", "xyz"], 'no curve begins with "xyz"; there are: '),
        (["--as-of", "2026-01-01", "--diff", "2026-01-01"], "--as-of and --diff are different questions"),
        (["--forecast", "0"], "horizon must be a whole number of periods, from 1 to 1000, got 0"),
        (["--forecast", "3", "--tune"], "--forecast and --tune are different questions"),
    ],
)
def test_a_version_that_is_not_there_is_told_in_a_sentence(settings, capsys, arguments, said):
    assert run(harvested(settings, "score", *arguments)) == 2

    assert said in capsys.readouterr().err


def harvested(settings: Settings, *arguments: str) -> list[str]:
    return [*arguments, "--config", str(settings.path)]


def test_explain_shows_the_fraction_the_series_their_subjects_and_what_was_left_out(settings, capsys):
    assert run(harvested(settings, "explain", "2026-03")) == 0
    text = capsys.readouterr().out

    found = re.search(r"^E = (\d+) / (\d+) = (\S+): level now", text, re.MULTILINE)
    assert found
    assert math.isclose(int(found[1]) / int(found[2]), float(found[3]), rel_tol=2e-3)
    assert text.index("stars of work") < text.index("post reads of readers") < text.index("forks of work")
    assert "  wren-hollow/lantern" in text
    assert re.search(
        r"90 % interval 1\.\d+ to \d\.\d+, which leaves out 1; \d\d% of it from stars of work, which jump", text
    )
    assert "not observed at all: traffic views of work" in text
    assert "left out of bots: 7 acts" in text
    assert "left out of oneself: 30 acts" in text
    assert "It was a spike" in text
    assert max(map(len, text.splitlines()[4:24])) <= 80


def test_explain_by_the_essays_model_shows_its_formula(settings, capsys):
    assert run(harvested(settings, "explain", "2026-03", "--model", "essay")) == 0
    text = capsys.readouterr().out

    assert "E = (R + C) / (T · C_r) = (" in text
    assert " / (2296 · 0.1) = 46.4" in text
    assert re.search(r"I = A·i / \(T_A · A_r\) = 122 / \(\d+ · 0\.5\) = 0\.\d+", text)


def test_rows_are_every_fact_behind_the_period(settings, capsys):
    assert run(harvested(settings, "explain", "2026-W10", "--rows")) == 0
    text = capsys.readouterr().out
    store = Store(settings.database, settings.timezone)
    with store.reading() as connection:
        (stars,) = connection.execute(
            "SELECT count(*) FROM observations WHERE metric = 'stars' AND key BETWEEN '2026-03-02' AND '2026-03-08'"
        ).fetchone()

    facts = [line for line in text.splitlines() if line.startswith(" 03-0") and " stars " in line]
    assert len(facts) == stars > 5


def test_explain_as_json_holds_all_of_it(settings, capsys):
    assert run(harvested(settings, "explain", "2026-03", "--json", "--rows")) == 0
    told = json.loads(capsys.readouterr().out)

    effects = [part["log_effect"] for part in told["e"]["parts"]]
    assert math.isclose(sum(effects), math.log(told["factors"]["chained"]["factor_e"]), abs_tol=1e-9)
    assert math.isclose(sum(part["doubt"] for part in told["e"]["parts"]), 1.0)
    assert {"in_words", "e", "i", "subjects", "gaps", "left_out", "renames", "vanished", "rows"} <= set(told)
    assert told["spikes"]["e"]["first"] == "2026-03-03"
    assert len(told["rows"]) > 500


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2026-13"], "'2026-13' is not a period; write a week as 2026-W12"),
        (["last week"], "is not a period"),
        (["2019-01"], "nothing is known of me in January 2019; there is 2024-06 to 2026-11"),
        (["2026-03", "--person", "you"], 'nobody is called "you"; there are: me'),
    ],
)
def test_what_cannot_be_explained_is_told_in_a_sentence(settings, capsys, arguments, said):
    assert run(harvested(settings, "explain", *arguments)) == 2

    assert said in capsys.readouterr().err


def test_nothing_harvested_is_a_sentence_too(tmp_path: Path, capsys):
    config = tmp_path / "config.toml"
    config.write_text("")
    Store(load(config).database, load(config).timezone).prepare(timeout=5)

    assert run(["explain", "2026-03", "--config", str(config)]) == 2
    assert "nothing that counts has been harvested yet" in capsys.readouterr().err


def test_what_if_shows_the_curve_beside_todays_in_words_and_numbers(settings, capsys):
    assert run(harvested(settings, "what-if", "post_reads=+20%", "weight.stars=10")) == 0
    text = capsys.readouterr().out

    assert text.startswith("What if post_reads +20 % from the week of ")
    assert " on and the weight of stars = 10 (today 25)?" in text
    assert re.search(r"^ week +E today +E then +I today +I then +influence today +then +change", text, re.MULTILINE)
    assert re.search(r"In short: in 2026-W\d\d the influence would be \d+ instead of \d+ \(", text)
    assert re.search(r"^ 1 % more of +which were +today +then", text, re.MULTILINE)
    assert max(len(line) for line in text.splitlines() if line.startswith(" ")) <= 80


def test_forecast_tells_both_sides_and_the_influence_with_their_bands(settings, capsys):
    assert run(harvested(settings, "score", "--forecast", "2", "--period", "month")) == 0
    text = capsys.readouterr().out

    assert re.findall(r"^ (2026-12|2027-01) +(sharing|taking part) +[\d.]+k? ", text, re.MULTILINE) == [
        ("2026-12", "sharing"), ("2027-01", "sharing"), ("2026-12", "taking part"), ("2027-01", "taking part"),
    ]  # fmt: skip
    assert len(re.findall(r"^ 20\d\d-\d\d +\d+ +[\d.]+ to [\d.]+ +[\d.]+ to [\d.]+", text, re.MULTILINE)) == 2


def test_tune_shows_the_evidence_and_changes_nothing(settings, capsys):
    before = settings.path.read_bytes(), settings.database.read_bytes()
    assert run(harvested(settings, "score", "--tune")) == 0
    text = capsys.readouterr().out

    assert re.search(r"^ +28 +-\d\.\d+ +\+0\.0000 +in force", text, re.MULTILINE)
    assert "days predict best" in text or "under [scoring] to use them" in text
    assert (settings.path.read_bytes(), settings.database.read_bytes()) == before


def test_a_source_that_never_was_is_a_source_left_out(settings, capsys):
    assert run(harvested(settings, "what-if", "source.readers=off", "--json", "--last", "0")) == 0
    told = json.loads(capsys.readouterr().out)
    inputs_without = inputs(settings, today=TODAY).of("me", "week")
    kept = inputs_without.totals["source"] != "readers"
    without = replace(inputs_without, totals={name: values[kept] for name, values in inputs_without.totals.items()})
    scores = without.score().influence
    chained = scores["influence"][scores["model"] == "chained"].tolist()

    assert [point["then"]["influence"] for point in told["curve"] if point["then"]] == chained
    assert {one["then"] for one in told["elasticities"] if one["metric"] == "post_reads"} == {0.0}
