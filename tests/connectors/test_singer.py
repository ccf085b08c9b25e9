"""The singer connector: what a tap's messages become, and how far its state goes."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from singer_tap import ISSUES, NOW, Tap, activate, issue, record, schema, state

from connectors.base import Coverage, Kind
from connectors.singer import CONNECTOR, SingerConfig
from connectors.testing import known_secret


@pytest.fixture
def tap(tmp_path) -> Tap:
    return Tap(tmp_path)


# Records


def test_a_record_is_a_fact_as_the_mapping_says(tap):
    tap.says(schema(), issue(7))
    (batch,) = tap.read()
    (fact,) = batch.observations

    assert (fact.metric, fact.subject, fact.key, fact.value, fact.actor) == ("issues_opened", "engine", "7", 1, "ada")
    assert fact.occurred_at.isoformat() == "2026-11-20T10:00:00+00:00"
    assert [(each.id, each.kind) for each in batch.subjects] == [("engine", "repo")]


def test_streams_that_nobody_asked_for_are_passed_over(tap):
    tap.says(schema("labels"), record("labels", id=1), schema(), issue(7))
    assert len(tap.facts()) == 1


def test_one_stream_of_the_tap_may_feed_two_metrics(tmp_path):
    closed = {"stream": "issues", "metric": "issues_closed", "day": "closed_at", "subject": "repo.name"}
    tap = Tap(tmp_path, streams={"issues": ISSUES, "closed": closed})
    tap.says(schema(), issue(1, closed_at=None), issue(2, closed_at="2026-11-21"))

    assert sorted(tap.facts()) == [
        ("issues_closed", "engine", "2"),
        ("issues_opened", "engine", "1"),
        ("issues_opened", "engine", "2"),
    ]


def test_totals_of_days_and_levels_are_told_by_their_day(tmp_path):
    tap = Tap(
        tmp_path,
        streams={
            "views": {"metric": "post_reads", "day": "date", "value": "views", "subject": "page"},
            "account": {"metric": "followers", "value": "count"},
        },
    )
    tap.says(
        schema("views", ("date", "page")), record("views", date="20261120", page="/a", views="12"),
        record("views", date="2026-11-21T23:30:00-05:00", page="/a", views=0),
        record("views", date="2026-11-22", page="/a", views=None),
        schema("account", ()), record("account", count=90),
    )  # fmt: skip
    assert tap.facts() == {
        ("post_reads", "/a", "2026-11-20"): 12,
        ("post_reads", "/a", "2026-11-21"): 0,
        ("followers", "forge", "2026-11-24"): 90,
    }


def test_the_streams_kinds_are_those_of_the_mapping(tmp_path):
    tap = Tap(tmp_path, streams={"a": {"metric": "post_reads", "kind": "level", "value": "n"}})
    (stream,) = CONNECTOR.open(tap.config, None)
    assert [(metric.name, metric.kind) for metric in stream.spec.metrics] == [("post_reads", Kind.LEVEL)]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"day": "yesterday"}, "created_at: 'yesterday' is no day"),
        ({"day": "2026-02-30"}, "is no day"),
        ({"day": "1767-01-01"}, "out of range"),
        ({"day": "2027-01-01"}, "out of range"),
        ({"number": None}, r"its key \(id\) is not told"),
        ({"number": [1]}, "is not told"),
    ],
)
def test_a_record_that_cannot_be_used_is_rejected_and_the_others_are_not(tap, broken, why):
    tap.says(schema(), issue(**({"number": 1} | broken), secret="hush"), issue(2))
    (batch,) = tap.read()

    assert [each.key for each in batch.observations] == ["2"]
    (reject,) = batch.rejects
    assert re.search(why, reject.why)
    assert "hush" not in reject.what


@pytest.mark.parametrize("value", ["many", -1, True, {"n": 1}, "NaN", "1e999"])
def test_a_value_that_is_no_count_is_rejected(tmp_path, value):
    tap = Tap(tmp_path, streams={"a": {"metric": "clicks", "day": "d", "value": "n"}})
    tap.says(schema("a", ("d",)), record("a", d="2026-11-20", n=value))
    (batch,) = tap.read()
    assert (list(batch.observations), len(batch.rejects)) == ([], 1)


def test_events_that_nothing_tells_apart_are_rejected_with_the_remedy(tmp_path):
    tap = Tap(tmp_path)
    tap.says(schema("issues", ()), issue(1))
    assert "name a property in key" in tap.read()[0].rejects[0].why
    tap = Tap(tmp_path, streams={"issues": ISSUES | {"key": "repo.name, id"}})
    assert list(tap.facts()) == [("issues_opened", "engine", "engine|1")]


def test_a_deleted_record_is_taken_back(tap):
    tap.says(schema(), issue(1, _sdc_deleted_at="2026-11-21T00:00:00Z"))
    assert tap.facts() == {("issues_opened", "engine", "1"): 0}


# State


def test_a_state_is_stored_with_the_data_before_it_and_given_back(tap):
    tap.says(schema(), issue(1), state({"at": 1}), issue(2), state({"at": 2}), issue(3))
    states = [(len(batch.observations), (batch.checkpoint or {}).get("state")) for batch in tap.read()]
    assert states == [(1, {"at": 1}), (1, {"at": 2}), (1, None)]

    tap.says(schema(), before='echo "$@" > arguments; cat "$2" > given; ls -l "$2" > mode')
    tap.keys["command"] = ("sh", "tap.sh")
    tap.read()
    assert (tap.folder / "arguments").read_text().startswith("--state ")
    assert json.loads((tap.folder / "given").read_text()) == {"at": 2}
    assert (tap.folder / "mode").read_text().startswith("-rw-------")


def test_the_files_given_to_a_tap_are_gone_afterwards(tap, tmp_path):
    tap.keys["secrets"] = {"token": known_secret("hush-hush")}
    tap.says(schema(), before='echo "$2" > where')
    tap.read()
    assert not (tmp_path / (tmp_path / "where").read_text().strip()).exists()


def test_another_mapping_starts_from_the_beginning(tap):
    tap.says(schema(), issue(1), state({"at": 1}), before='echo "$@" > arguments')
    tap.read()
    tap.keys["streams"] = {"issues": ISSUES | {"key": "id"}}
    tap.read()
    assert "--state" not in (tap.folder / "arguments").read_text()
    tap.read()
    assert "--state" in (tap.folder / "arguments").read_text()


def test_a_backfill_sets_the_start_date_that_taps_agree_on(tap):
    tap.says(schema(), before='cat "$2" > given')
    tap.read(cursor={}, since=date(2026, 1, 1))
    # Without a configuration of its own the tap is given none but for this.
    assert json.loads((tap.folder / "given").read_text()) == {"start_date": "2026-01-01T00:00:00Z"}


def test_configuration_and_secrets_meet_in_one_file(tap):
    (tap.folder / "tap.json").write_text('{"site": "example.org", "token": "overruled"}')
    tap.keys |= {"config": "tap.json", "secrets": {"token": known_secret("hush-hush")}}
    tap.says(schema(), before='cat "$2" > given')
    tap.read()
    assert json.loads((tap.folder / "given").read_text()) == {"site": "example.org", "token": "hush-hush"}


def test_a_catalog_is_handed_on(tap):
    (tap.folder / "catalog.json").write_text("{}")
    tap.keys["catalog"] = "catalog.json"
    tap.says(schema(), before='echo "$@" > arguments')
    tap.read()
    assert (tap.folder / "arguments").read_text() == f"--catalog {tap.folder / 'catalog.json'}\n"


def test_a_tap_sees_no_variable_that_it_was_not_given(tap, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "hush")
    monkeypatch.setenv("TAP_REGION", "eu")
    tap.keys["pass_env"] = ("TAP_REGION",)
    tap.says(schema(), before="env > environment")
    tap.read()
    seen = (tap.folder / "environment").read_text()
    assert "hush" not in seen
    assert "TAP_REGION=eu" in seen
    assert "PATH=" in seen


# ACTIVATE_VERSION


def listed(tap: Tap) -> dict[str, list[str]]:
    """subject → keys of what this read tells completely."""
    found = {}
    for batch in tap.read():
        for listing in batch.listings:
            assert listing.metric == "issues_opened"
            found[listing.subject] = [each.key for each in batch.observations]
    return found


def test_a_table_told_completely_takes_back_what_is_no_longer_in_it(tap):
    tap.says(
        activate(100), schema(), issue(1, version=100), issue(2, version=100), issue(3, repo="old", version=100),
        activate(100), state({"v": None}),
    )  # fmt: skip
    assert listed(tap) == {"engine": ["1", "2"], "old": ["3"]}

    tap.says(schema(), issue(1, version=200), activate(200), state({"v": None}))
    assert listed(tap) == {"engine": ["1"], "old": []}


def test_a_table_that_is_empty_now_takes_all_back(tap):
    tap.says(schema(), issue(1, version=100), activate(100))
    tap.read()
    tap.says(schema(), activate(200))
    assert listed(tap) == {"engine": []}


def test_changes_to_a_version_that_was_known_are_no_complete_table(tap):
    tap.says(schema(), issue(1, version=100), activate(100), state({"bookmarks": {"issues": {"version": 100}}}))
    tap.read()
    tap.says(schema(), issue(2, version=100), activate(100))
    assert listed(tap) == {}


def test_a_table_that_broke_off_takes_nothing_back(tap):
    tap.says(activate(100), schema(), issue(1, version=100), then="exit 1")
    with pytest.raises(Exception, match="ended with code 1"):
        listed(tap)
    assert not any(part.startswith("table") for part in tap.cursor)


def test_a_metric_that_two_tables_tell_is_not_taken_back_by_one(tmp_path):
    tap = Tap(tmp_path, streams={"issues": ISSUES, "more": ISSUES})
    tap.says(schema(), issue(1, version=100), activate(100))
    assert listed(tap) == {}


# Coverage, batches


def spans(tap: Tap) -> list[Coverage]:
    return [span for batch in tap.read() for span in batch.coverage]


def test_events_are_measured_from_the_first_and_then_from_the_last_read(tap):
    tap.says(schema(), issue(1))
    assert spans(tap) == [Coverage(date(2026, 11, 20), NOW.date(), metrics=("issues_opened",))]
    tap.says(schema())
    assert spans(tap) == [Coverage(NOW.date(), NOW.date(), metrics=("issues_opened",))]
    tap.cursor["read_on"] = "2026-11-22"
    assert spans(tap) == [Coverage(date(2026, 11, 22), NOW.date(), metrics=("issues_opened",))]


def test_of_totals_only_the_days_told_are_measured(tmp_path):
    tap = Tap(tmp_path, streams={"a": {"metric": "clicks", "day": "d", "value": "n"}})
    tap.says(schema("a", ("d",)), record("a", d="2026-11-20", n=1))
    assert [(span.first_day.day, span.state) for span in spans(tap)] == [(20, "measured"), (24, "missing")]


def test_much_that_comes_without_a_state_comes_in_batches(tap):
    tap.says(schema(), *(issue(number) for number in range(2500)))
    batches = tap.read()
    assert [len(batch.observations) for batch in batches] == [1000, 1000, 500]
    assert [batch.checkpoint is None for batch in batches] == [True, True, False]


# The configuration


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"command": ()}, "command: name the tap"),
        ({"command": ("",)}, "command: name the tap"),
        ({"streams": {}}, "streams: is empty"),
        ({"streams": {"a": {}}}, "streams.a: metric is missing"),
        ({"streams": {"a": {"metric": "stas", "day": "d"}}}, "did you mean stars"),
        ({"streams": {"a": {"metric": "talks"}}}, "streams.a: day is missing"),
        ({"streams": {"a": {"metric": "clicks", "day": "d"}}}, "streams.a: value is missing"),
        ({"streams": {"a": {"metric": "talks", "day": "d", "subjct": "x"}}}, "unknown key 'subjct'; did you mean"),
        ({"streams": {"a": {"metric": "talks", "day": "d", "kind": "x"}}}, "kind 'x' is not one of"),
        (
            {"streams": {"a": {"metric": "clicks", "day": "d", "value": "n"},
                         "b": {"metric": "clicks", "kind": "level", "value": "n"}}},
            "clicks is level here and daily in another table",
        ),
        ({"silence": 0}, "silence: is a number of seconds"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_meant_names_its_key(keys, said):
    with pytest.raises(ValueError, match=r"^(command|streams|silence)") as caught:
        SingerConfig(**{"command": ("tap",), "streams": {"issues": ISSUES}} | keys)
    assert said in str(caught.value)
