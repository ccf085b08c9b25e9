"""Segments on disk: sealed whole or not at all, in order, and nothing alien stops the others."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Batch, Coverage, Listing, Observation, Subject
from harvester.spool import Finish, Spool, SpoolError, Writer
from harvester.spool_lines import stamp
from tests.harvester.store.building import Shelf, at, on

END = Finish(finished_at=at(1, 13), outcome="ok", succeeded=True)


def issue(key: str, **more: object) -> Observation:
    return Observation("issues_opened", "repo:1", key, at(3), **more)  # type: ignore[arg-type]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def spool(shelf: Shelf) -> Spool:
    return shelf.spool


def opened(shelf: Shelf, rows: int = 20_000, age: float = 60) -> Writer:
    return Writer(shelf.spool.folder, shelf.read(), {}, rows=rows, age=age)


def names(spool: Spool) -> list[str]:
    return sorted(path.name for path in spool.folder.iterdir())


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@contextmanager
def full_disk(size: int = 1000) -> Iterator[None]:
    """No file of this process grows past `size`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_not_sealed_is_hidden(shelf: Shelf, spool: Spool) -> None:
    writer = opened(shelf)
    assert not writer.add(Batch([issue("1")], checkpoint={"at": 1}))
    assert spool.sealed() == []
    assert [name.startswith(".") for name in names(spool)] == [True]
    writer.finish(END)
    assert [name.startswith(".") for name in names(spool)] == [False]


def test_a_checkpoint_seals_when_there_are_rows_enough(shelf: Shelf, spool: Spool) -> None:
    writer = opened(shelf, rows=2)
    assert not writer.add(Batch([issue("1"), issue("2"), issue("3")]))
    assert writer.add(Batch([issue("4")], checkpoint={"at": 4}))
    (segment,) = spool.sealed()
    assert (segment.rows, segment.base, segment.checkpoint) == (4, {"at": None}, {"at": 4})


def test_a_segment_starts_where_the_one_before_ended(shelf: Shelf, spool: Spool) -> None:
    writer = opened(shelf, rows=1)
    for n in (1, 2, 3):
        writer.add(Batch([issue(str(n))], checkpoint={"at": n, f"only-{n}": True}))
    writer.finish(END)
    found = spool.sealed()
    assert [segment.base.get("at") for segment in found] == [None, 1, 2, None]
    assert [segment.checkpoint.get("at") for segment in found] == [1, 2, 3, None]
    assert [bool(segment.finish) for segment in found] == [False, False, False, True]


def test_a_read_that_yields_nothing_still_says_how_it_ended(shelf: Shelf, spool: Spool) -> None:
    opened(shelf).finish(END)
    (segment,) = spool.sealed()
    assert segment.rows == 0
    assert segment.finish is not None
    assert segment.finish["outcome"] == "ok"


def test_progress_counts_checkpoints_that_are_not_sealed_yet(shelf: Shelf) -> None:
    writer = opened(shelf)
    writer.add(Batch([issue("1")], checkpoint={"a": 1}))
    writer.add(Batch([issue("2")], checkpoint={"b": (2, 3)}))
    assert writer.progress == {"a": 1, "b": [2, 3]}
    writer.finish(END)


def test_segments_come_in_the_order_they_were_begun(shelf: Shelf, spool: Spool) -> None:
    first, second = opened(shelf), opened(shelf)
    first.add(Batch([issue("1")]))
    second.add(Batch([issue("2")]))
    second.finish(END)
    first.finish(END)
    assert [segment.read["run_id"] for segment in spool.sealed()] == ["run-1", "run-2"]


def test_a_segment_holds_what_was_added(shelf: Shelf, spool: Spool) -> None:
    writer = opened(shelf)
    subject = Subject("repo:1", "me/engine", "repo", "Engine\n", published_at=at(1))
    writer.add(
        Batch([issue("1", actor="ann", attrs={"bot": True})], subjects=[subject], coverage=[Coverage(on(1), on(2))])
    )
    writer.finish(END)
    (segment,) = spool.sealed()
    *rows, _ = lines(segment.path)
    assert "me/engine" in json.dumps(rows)
    assert "ann" in json.dumps(rows)
    assert [span["state"] for span in segment.coverage] == ["measured"]


def test_a_large_batch_is_written_whole_and_in_its_order(shelf: Shelf, spool: Spool) -> None:
    facts = [issue(str(number)) for number in range(1203)]
    about = [Subject(f"repo:{number}", f"you/{number}", "repo") for number in range(777)]
    writer = opened(shelf)
    writer.add(Batch(facts, subjects=about))
    writer.finish(END)

    (segment,) = spool.sealed()
    *written, _ = lines(segment.path)
    assert [line["n"] for line in written] == list(range(777 + 1203))
    assert [line["name"] for line in written[:777]] == [subject.name for subject in about]
    assert [line["key"] for line in written[777:]] == [fact.key for fact in facts]
    assert (segment.rows, segment.subjects) == (777 + 1203, 777)
    assert segment.series == (("issues_opened", "repo:1"),)


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"attrs": {"t": "x" * (1 << 20)}}, ValueError),
        ({"attrs": {"t": object()}}, TypeError),
        ({"attrs": {"t": datetime(2026, 11, 3, tzinfo=UTC)}}, TypeError),
        ({"attrs": {"t": Subject("repo:9", "you/other", "repo")}}, TypeError),
        ({"actor": datetime(2026, 11, 3, tzinfo=UTC)}, TypeError),
        ({"actor": Subject("repo:9", "you/other", "repo")}, TypeError),
    ],
    ids=["too long", "no JSON", "an instant", "a value of ours", "an instant for an actor", "a value for an actor"],
)
def test_a_batch_that_cannot_be_written_leaves_nothing_of_it(
    shelf: Shelf, spool: Spool, bad: dict[str, object], error: type[Exception]
) -> None:
    shelf.harvest(Batch([issue("1"), issue("2")]))
    about = Subject("repo:9", "you/other", "repo")
    facts = [issue(str(number)) for number in range(1, 700)]
    writer = opened(shelf)
    writer.add(Batch([issue("0")], checkpoint={"at": 1}))
    listing = Listing("issues_opened", "repo:1")
    with pytest.raises(error):
        writer.add(Batch([*facts, issue("x", **bad)], checkpoint={"at": 2}, subjects=[about], listings=[listing]))
    writer.add(Batch([issue("3")]))
    writer.finish(END)

    (segment,) = spool.sealed()
    *written, _ = lines(segment.path)
    assert [(line["key"], line["n"]) for line in written] == [("0", 0), ("3", 1)]
    assert (segment.rows, segment.subjects, segment.listings) == (2, 0, 0)
    assert segment.checkpoint == {"at": 1}
    shelf.load()
    held = [("0", 1.0), ("1", 1.0), ("2", 1.0), ("3", 1.0)]
    assert shelf.ask("SELECT key, value FROM observations ORDER BY key") == held


def test_a_fact_is_written_with_all_it_says(shelf: Shelf, spool: Spool) -> None:
    said = 'a "b" \\ \n\x00 é 😀'
    facts = [
        issue(said, actor=said, attrs={"b": {"z": said, "a": [1, None]}, "a": True}),
        issue("2", value=0),
        issue("3", value=-1.5e-7, attrs={"retracted": True, "bot": True}),
        issue("4", value=10**17, attrs={"direction": "self", "retracted": True}),
        issue("5", actor="", attrs={"retracted": True, "bot": False}),
    ]
    writer = opened(shelf)
    writer.add(Batch(facts))
    writer.finish(END)

    (segment,) = spool.sealed()
    *written, _ = lines(segment.path)
    about = {"metric": "issues_opened", "subject": "repo:1", "occurred_at": "2026-11-03T12:00:00+00:00"}
    whole = {**about, "value": 1.0, "actor": None, "left_out": None}
    assert written == [
        {**whole, "key": said, "actor": said, "attrs": {"a": True, "b": {"a": [1, None], "z": said}}, "n": 0},
        {**whole, "key": "2", "value": 0, "attrs": {}, "n": 1},
        {**whole, "key": "3", "value": -1.5e-7, "attrs": facts[2].attrs, "left_out": "bot", "n": 2},
        {**whole, "key": "4", "value": 1e17, "attrs": facts[3].attrs, "left_out": "self", "n": 3},
        {**whole, "key": "5", "actor": "", "attrs": facts[4].attrs, "left_out": "retracted", "n": 4},
    ]
    assert b'"attrs":{"a":true,"b":{"a":[1,null],"z":' in segment.path.read_bytes()


@pytest.mark.parametrize("fold", [0, 1])
def test_an_instant_is_written_in_utc_also_in_the_hour_that_comes_twice(fold: int) -> None:
    twice = datetime(2026, 10, 25, 2, 30, 0, 5, ZoneInfo("Europe/Berlin"), fold=fold)
    assert stamp(twice) == f"2026-10-25 0{fold}:30:00.000005"
    assert stamp(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02 00:00:00"


def test_what_the_encoder_does_not_take_is_written_all_the_same(shelf: Shelf, spool: Spool) -> None:
    class Zulu(tzinfo):
        def utcoffset(self, _: object) -> timedelta:
            return timedelta(0)

        def dst(self, _: object) -> timedelta:
            return timedelta(0)

    at = datetime(2026, 11, 3, 12, 0, 0, 7, Zulu())
    facts = [
        replace(issue("1"), occurred_at=at),
        issue("2", attrs={"wide": 2**70}),
        issue("3", attrs={4: {"\ud83d": 1}}),
    ]
    assert shelf.harvest(Batch(facts)).stored == 3
    told = shelf.ask("SELECT occurred_at, attrs FROM observations ORDER BY key")
    assert told[0] == (at.replace(tzinfo=None), "{}")
    assert told[1][1] == f'{{"wide":{2**70}}}'
    assert told[2][1] == '{"4":{"?":1}}'


def test_half_a_surrogate_pair_does_not_spoil_a_segment(shelf: Shelf) -> None:
    half = Batch(
        [issue("k\ud83d", actor="\ude00", attrs={"t": "x\ud83d"}), issue("2", actor="😀")],
        subjects=[Subject("repo:1", "me/\ud83d", "repo")],
        checkpoint={"at": "\ud83d"},
    )
    assert shelf.harvest(half).stored == 2
    assert shelf.ask("SELECT actor FROM observations ORDER BY actor") == [("?",), ("😀",)]
    assert shelf.harvest(Batch([issue("3")], checkpoint={"at": "next"})).stored == 1


def test_a_fact_of_a_megabyte_is_refused_by_name(shelf: Shelf) -> None:
    writer = opened(shelf)
    with pytest.raises(ValueError, match="repo:1"):
        writer.add(Batch([issue("1"), issue("2", attrs={"text": "x" * (1 << 20)})], checkpoint={"at": 2}))
    writer.finish(END)
    (segment,) = shelf.spool.sealed()
    assert (segment.rows, segment.checkpoint) == (0, {})


def test_a_segment_that_is_garbled_in_its_middle_is_set_aside_and_the_others_load(shelf: Shelf, spool: Spool) -> None:
    shelf.seal(Batch([issue("1"), issue("2")]))
    (segment,) = spool.sealed()
    first, rest = segment.path.read_bytes().split(b"\n", 1)
    segment.path.write_bytes(first[: len(first) // 2] + b"\n" + rest)
    assert shelf.harvest(Batch([issue("3")])).stored == 1
    assert len(spool.damaged) == 1


def test_an_open_segment_of_a_living_process_is_kept(shelf: Shelf, spool: Spool) -> None:
    writer = opened(shelf)
    writer.add(Batch([issue("1")]))
    Spool(spool.folder).prepare()
    writer.finish(END)
    assert [segment.rows for segment in spool.sealed()] == [1]


def test_an_open_segment_of_a_dead_process_is_dropped(spool: Spool) -> None:
    dies = """
import os, signal, sys
from pathlib import Path
from connectors.base import Batch, Observation
from tests.harvester.store.building import Shelf, at
shelf = Shelf(Path(sys.argv[1]))
shelf.spool.writer(shelf.read(), {}).add(Batch([Observation("issues_opened", "r", "1", at(3))]))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", dies, str(spool.folder.parent)], cwd=Path(__file__).parents[2])
    assert done.returncode == -9
    assert len(names(spool)) == 1
    spool.prepare()
    assert names(spool) == []


@pytest.mark.parametrize(
    "content",
    ["", '{"metric": "stars"', '{"metric": "stars"}\n', "[]\n", "null\n", "\n", '{"end": null}\n', '{"end": 7}\n',
     '{"end": {"format": 9}}\n', '{"end": {"format": 1}}\n', '{"end": {"format": 1, "id": "x"}}', "\x00\xff\n"],
)  # fmt: skip
def test_a_torn_or_alien_file_is_set_aside_and_the_others_load(shelf: Shelf, spool: Spool, content: str) -> None:
    (spool.folder / "1.ndjson").write_text(content, encoding="latin-1")
    assert shelf.harvest(Batch([issue("1")])).stored == 1
    assert names(spool) == ["1.damaged"]
    assert len(spool.damaged) == 1
    assert "1.ndjson" in spool.damaged[0]


def test_looking_leaves_a_damaged_file_where_it_is(shelf: Shelf, spool: Spool) -> None:
    shelf.seal(Batch([issue("1")]))
    (spool.folder / "1.ndjson").write_text("torn")
    assert len(spool.peek()) == 1
    assert "1.ndjson" in names(spool)
    assert spool.damaged == []


def test_a_file_in_place_of_the_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    with pytest.raises(SpoolError, match="spool"):
        Spool(tmp_path / "spool").prepare()


def test_a_full_disk_is_told_as_such(shelf: Shelf, spool: Spool) -> None:
    with full_disk(), pytest.raises(SpoolError, match="disk is full"):
        opened(shelf, rows=1).add(Batch([issue(str(n)) for n in range(1000)], checkpoint={"at": 1}))
    assert names(spool) == []


def test_after_a_full_disk_no_checkpoint_is_sealed_whose_facts_may_be_lost(shelf: Shelf, spool: Spool) -> None:
    writer = opened(shelf)
    writer.add(Batch([issue("1")], checkpoint={"at": 1}))
    with full_disk(), pytest.raises(SpoolError):
        writer.add(Batch([issue(str(n)) for n in range(2, 5000)], checkpoint={"at": 2}))
    writer.finish(END)
    (segment,) = spool.sealed()
    assert (segment.checkpoint, segment.rows) == ({}, 0)
    assert shelf.load().stored == 0


def test_coverage_does_not_reach_back_beyond_anything_that_counts(shelf: Shelf, spool: Spool) -> None:
    shelf.seal(Batch(coverage=[Coverage(date(1, 1, 1), date(2026, 11, 24))]))
    (segment,) = spool.sealed()
    assert segment.coverage[0]["first_day"] == "1990-01-01"
