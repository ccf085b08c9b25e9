"""The csv connector: what rows become, what is told once, corrected and taken back."""

from __future__ import annotations

import dataclasses
import re
from datetime import date, datetime

import pytest
from csv_desk import KEYS, CsvDesk

from connectors.base import Coverage, Kind
from connectors.csv import CONNECTOR, CsvConfig
from connectors.errors import Gone, Malformed
from connectors.metrics import USUAL, metric_of, subject_kind, unknown

HEAD = "Date,Post,Views\n"
TWO = HEAD + "2026-11-01,a,10\n2026-11-02,a,20\n"


@pytest.fixture
def desk(tmp_path) -> CsvDesk:
    return CsvDesk(tmp_path)


# What rows become


def test_a_row_is_a_fact_that_tells_where_it_stood(desk):
    desk.write(TWO)
    first, second = desk.told()

    assert (first.metric, first.subject, first.key, first.value) == ("post_reads", "a", "2026-11-01", 10)
    assert (first.attrs, second.attrs) == ({"file": "a.csv", "row": 2}, {"file": "a.csv", "row": 3})


def test_an_empty_cell_is_not_zero(desk):
    desk.write(HEAD + "2026-11-01,a,\n2026-11-02,a,0\n")
    assert desk.facts() == {("post_reads", "a", "2026-11-02"): 0}


def test_without_a_subject_the_numbers_are_the_sources(tmp_path):
    desk = CsvDesk(tmp_path, columns={"day": "Date"}, metrics={"post_reads": "Views"})
    desk.write(TWO.replace("2026-11-02", "2026-11-03"))
    assert {subject for _, subject, _ in desk.facts()} == {"medium"}


def test_an_address_is_the_posts_name_and_a_title_its_title(tmp_path):
    desk = CsvDesk(
        tmp_path, columns={"day": "Date", "subject": "Id", "title": "Post", "url": "Link"}, metrics=KEYS["metrics"]
    )
    desk.write("Date,Id,Post,Link,Views\n2026-11-01,7,Small databases,https://example.org/a,3\n")
    (subject,) = [each for batch in desk.batches() for each in batch.subjects]

    assert (subject.id, subject.name, subject.kind) == ("7", "https://example.org/a", "post")
    assert subject.title == "Small databases"


def test_metric_and_kind_may_stand_in_columns(tmp_path):
    names = ("metric", "kind", "subject", "day", "value", "id")
    desk = CsvDesk(tmp_path, columns={name: name for name in names})
    desk.write(
        ",".join(names) + "\nclicks,daily,me,2026-11-01,5,\nfollowers,level,me,2026-11-01,90,\n"
        "post_comments,event,p,2026-11-01,1,c1\npost_comments,event,p,2026-11-01,1,c2\n"
    )
    assert desk.facts() == {
        ("clicks", "me", "2026-11-01"): 5,
        ("followers", "me", "2026-11-01"): 90,
        ("post_comments", "p", "c1"): 1,
        ("post_comments", "p", "c2"): 1,
    }


def test_every_kind_has_a_stream_of_its_own_and_only_the_asked_ones_open(tmp_path):
    desk = CsvDesk(tmp_path, columns={"day": "D"}, metrics={"post_reads": "V", "followers": "F"})
    streams = CONNECTOR.open(desk.config, desk.context)

    assert [(stream.spec.name, [metric.name for metric in stream.spec.metrics]) for stream in streams] == [
        ("days", ["post_reads"]),
        ("levels", ["followers"]),
    ]
    assert streams[1].spec.metrics[0].gauge


def test_rows_can_be_counted_and_chosen(tmp_path):
    desk = CsvDesk(tmp_path, format="substack")
    desk.write(
        "post_id,post_date,is_published,title\n1.a,2026-10-01T10:00:00.000Z,true,A\n2.b,,false,Draft\n"
        "3.c,2026-10-02T10:00:00.000Z,TRUE,C\n"
    )
    assert desk.facts() == {("posts_published", "1.a", "1.a"): 1, ("posts_published", "3.c", "3.c"): 1}


def test_a_level_may_take_its_day_from_the_files_name(tmp_path):
    desk = CsvDesk(tmp_path, columns={"subject": "Post"}, metrics={"post_reads": "Views"}, kind="level")
    desk.write("Post,Views\na,10\n", "posts_2026-10-01_to_2026-11-20.csv")
    assert desk.facts() == {("post_reads", "a", "2026-11-20"): 10}


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-11-01", "2026-10-31T23:00:00+00:00"),
        ("2026-11-01T23:30:00", "2026-11-01T10:30:00+00:00"),
        ("2026-11-01 23:30", "2026-11-01T10:30:00+00:00"),
        ("2026-11-01T23:30:00Z", "2026-11-01T23:30:00+00:00"),
        ("2026-11-01 23:30:00 UTC", "2026-11-01T23:30:00+00:00"),
        ("2026-11-01T23:30:00.5-02:00", "2026-11-02T01:30:00.500000+00:00"),
    ],
)
def test_an_event_is_when_its_cell_says_where_the_person_lives(tmp_path, written, at):
    desk = CsvDesk(tmp_path, "Pacific/Auckland", columns={"day": "D", "id": "I"}, metrics={"answers": "*"})
    desk.write(f"D,I\n{written},1\n")
    (fact,) = desk.told()
    assert fact.occurred_at == datetime.fromisoformat(at)


def test_where_it_is_tomorrow_already_a_row_of_tomorrow_is_read(desk):
    desk.write(HEAD + "2026-11-25,a,1\n")
    assert len(desk.facts()) == 1


# Once, corrected, taken back


def test_what_was_told_is_not_told_again(desk):
    desk.write(TWO)
    assert len(desk.facts()) == 2
    assert desk.facts() == {}


def test_a_corrected_row_is_told_alone(desk):
    desk.write(TWO)
    desk.facts()
    desk.write(TWO.replace("20\n", "21\n"))
    assert desk.facts() == {("post_reads", "a", "2026-11-02"): 21}


def test_rows_that_only_moved_are_no_news(desk):
    desk.write(TWO)
    desk.facts()
    desk.write(HEAD + "2026-11-03,a,30\n" + TWO.removeprefix(HEAD))
    assert desk.facts() == {("post_reads", "a", "2026-11-03"): 30}


def test_a_later_file_has_the_last_word(desk):
    desk.write(TWO, "b.csv")
    desk.write(TWO.replace(",20", ",19"), "a.csv")
    assert desk.facts()["post_reads", "a", "2026-11-02"] == 20


def test_a_file_that_repeats_leaves_the_word_to_the_first(desk):
    desk.write(TWO)
    desk.facts()
    desk.write(TWO + "2026-11-03,a,30\n", "b.csv")
    assert [each.attrs for each in desk.told()] == [{"file": "b.csv", "row": 4}]


def test_a_removed_row_is_taken_back_once_and_leaves_no_zero(desk):
    desk.write(TWO)
    desk.facts()
    desk.write(HEAD + "2026-11-01,a,10\n")
    (fact,) = desk.told()

    assert (fact.key, fact.value, fact.attrs) == ("2026-11-02", 0, {"retracted": True})
    assert desk.told() == []


def test_a_removed_event_is_a_zero_of_its_time(tmp_path):
    desk = CsvDesk(tmp_path, columns={"day": "D", "id": "I", "actor": "W"}, metrics={"answers": "*"})
    desk.write("D,I,W\n2026-11-01T10:00:00Z,1,ada\n2026-11-01T11:00:00Z,2,bob\n")
    first, _ = desk.told()
    desk.write("D,I,W\n2026-11-01T11:00:00Z,2,bob\n")
    (gone,) = desk.told()

    assert (gone.key, gone.value, gone.occurred_at, gone.actor) == ("1", 0, first.occurred_at, "ada")


def test_a_file_that_was_tidied_away_takes_nothing_back(desk):
    path = desk.write(TWO)
    desk.facts()
    path.unlink()
    assert desk.facts() == {}
    desk.write(TWO.replace(",20", ",22"), "b.csv")
    assert desk.facts() == {("post_reads", "a", "2026-11-02"): 22}


def test_what_a_file_said_that_is_gone_is_not_overruled_by_an_earlier_one(desk):
    desk.write(TWO.replace(",20", ",19"), "a.csv")
    later = desk.write(TWO, "b.csv")
    desk.facts()
    later.unlink()
    assert desk.facts() == {}


def test_a_folder_that_is_gone_says_so_and_takes_nothing_back(desk, tmp_path):
    desk.write(TWO).unlink()
    assert desk.facts() == {}
    desk.write(TWO)
    desk.facts()
    (tmp_path / "exports").rename(tmp_path / "elsewhere")
    with pytest.raises(Gone, match="still counts; put it back"):
        desk.facts()


def test_an_import_counts_after_the_folders_own_files_and_in_its_order(desk):
    desk.write(TWO, "zzz.csv")
    names = [desk.bring_in(TWO.replace(",20", f",{value}")) for value in (21, 22)]

    assert names == ["imported/medium/0001-export.csv", "imported/medium/0002-export.csv"]
    assert desk.facts()["post_reads", "a", "2026-11-02"] == 22


def test_ten_thousand_imports_keep_their_order(desk):
    desk.write(TWO.replace(",20", ",1"), "imported/medium/9999-x.csv")
    name = desk.bring_in(TWO.replace(",20", ",2"))

    assert name == "imported/medium/10000-export.csv"
    assert desk.facts()["post_reads", "a", "2026-11-02"] == 2


def test_an_import_taken_back_gives_the_word_to_the_one_before(desk):
    desk.bring_in(TWO)
    desk.bring_in(TWO.replace(",20", ",99") + "2026-11-03,a,30\n")
    desk.facts()
    desk.undo()

    assert {(each.key, each.value, each.attrs.get("retracted", False)) for each in desk.told()} == {
        ("2026-11-02", 20, False),
        ("2026-11-03", 0, True),
    }
    desk.undo()
    assert {each.value for each in desk.told()} == {0}
    with pytest.raises(ValueError, match="nothing was taken back"):
        desk.undo()


def test_a_number_that_was_taken_back_is_not_used_again(desk):
    desk.bring_in(TWO)
    desk.undo()
    assert desk.bring_in(TWO) == "imported/medium/0002-export.csv"


def test_imports_of_another_source_are_not_ours(desk):
    desk.write(TWO, "imported/other/0001-x.csv")
    assert desk.facts() == {}


def test_everything_is_told_again_under_full_and_says_the_same(desk):
    desk.write(TWO)
    assert desk.facts() == desk.facts(full=True)


# Coverage


def test_days_without_a_row_are_not_known(desk):
    desk.write(HEAD + "2026-11-01,a,1\n2026-11-02,b,1\n2026-11-05,a,1\n")
    assert desk.spans() == [
        ("2026-11-01", "2026-11-02", "measured"),
        ("2026-11-03", "2026-11-04", "missing"),
        ("2026-11-05", "2026-11-05", "measured"),
        ("2026-11-24", "2026-11-24", "missing"),
    ]


def test_days_without_a_row_are_zero_where_that_is_said(tmp_path):
    desk = CsvDesk(tmp_path, gaps="zero", **KEYS)
    desk.write(HEAD + "2026-11-01,a,1\n2026-11-05,a,1\n")
    desk.write(HEAD + "2026-11-10,a,1\n", "b.csv")
    assert desk.spans() == [
        ("2026-11-01", "2026-11-05", "measured"),
        ("2026-11-10", "2026-11-10", "measured"),
        ("2026-11-24", "2026-11-24", "missing"),
    ]


def test_between_two_readings_the_growth_is_known(tmp_path):
    desk = CsvDesk(tmp_path, kind="level", **KEYS)
    desk.write(HEAD + "2026-11-01,a,1\n2026-11-05,a,1\n")
    assert ("2026-11-02", "2026-11-04", "estimated") in desk.spans()


def test_of_what_was_taken_back_nothing_is_known(desk):
    desk.write(TWO)
    desk.spans()
    desk.write(HEAD + "2026-11-01,a,10\n")
    day = date(2026, 11, 2)
    spans = [span for batch in desk.batches() for span in batch.coverage]
    assert Coverage(day, day, "missing", "taken back", ("post_reads",), takes_back=True) in spans


def test_an_empty_folder_is_missing_and_no_error(desk):
    assert desk.spans() == [("2026-11-24", "2026-11-24", "missing")]


def test_where_rows_name_their_metrics_none_is_missed_before(tmp_path):
    desk = CsvDesk(tmp_path, columns={"metric": "M", "value": "V", "day": "D"})
    assert {span.metrics for batch in desk.batches() for span in batch.coverage} == {()}


def test_many_facts_come_in_batches_that_end_when_asked_to(desk, monkeypatch):
    monkeypatch.setattr("connectors.csv._FACTS_PER_BATCH", 2)
    desk.write(HEAD + "".join(f"2026-11-0{day},{post},1\n" for post in "abc" for day in (1, 2)))
    (stream,) = CONNECTOR.open(desk.config, dataclasses.replace(desk.context, is_stopping=lambda: True))
    (batch,) = stream.read({})

    assert set(batch.checkpoint) == {"post_reads a"}
    (stream,) = CONNECTOR.open(desk.config, desk.context)
    rest = [each.subject for each in (b for b in stream.read(dict(batch.checkpoint))) for each in each.observations]
    assert rest == ["b", "b", "c", "c"]


# The configuration


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "metrics: is missing"),
        ({"columns": {"day": "D"}}, "metrics: is missing; say which metric"),
        ({"format": "medum"}, "format: 'medum' is not known; did you mean medium"),
        ({"metrics": {"post_read": "V"}}, "metrics.post_read: 'post_read' is no metric; did you mean post_reads"),
        ({"columns": {"dya": "D"}, "metrics": {"clicks": "V"}}, "columns.dya: unknown key; did you mean day"),
        ({"columns": {"metric": "M"}}, "columns.value: is missing"),
        ({"columns": {"value": "M"}}, "columns.metric: is missing; name the column, or write"),
        ({"columns": {"metric": "M", "value": "V"}, "metrics": {"clicks": "C"}}, "metrics: says what columns.metric"),
        ({"metrics": {"clicks": "C"}, "kind": "weekly"}, "kind: 'weekly' is not one of 'event', 'daily', 'level'"),
        ({"metrics": {"clicks": "C"}, "kind": "daily", "columns": {"kind": "K"}}, "kind: is said by columns.kind"),
        ({"metrics": {"clicks": "C"}, "day_format": "%d/%m"}, "day_format: '%d/%m' does not tell"),
        ({"metrics": {"clicks": "C"}, "day_format": "%d/%Q"}, "day_format: "),
        ({"metrics": {"clicks": "C"}, "decimal": ";"}, "decimal: ';' is not one of '.', ','"),
        ({"metrics": {"clicks": "C"}, "separator": "::"}, "separator: '::' is not one of"),
        ({"metrics": {"clicks": "C"}, "encoding": "ebcdic"}, "encoding: 'ebcdic' is not one of"),
        ({"metrics": {"clicks": "C"}, "gaps": "none"}, "gaps: 'none' is neither"),
        ({"metrics": {"clicks": "C"}, "files": "../*.csv"}, "files: is a pattern"),
        ({"metrics": {"clicks": "C"}, "folder": "a\0"}, "folder: name a folder"),
    ],
)
def test_a_mapping_that_cannot_be_meant_names_its_key(keys, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        CsvConfig(**{"folder": "exports"} | keys)


def test_all_mistakes_of_a_mapping_are_told_at_once():
    with pytest.raises(ValueError, match=r"columns\.dya") as caught:
        CsvConfig(folder="x", columns={"dya": "D"}, metrics={"click": "C"}, kind="x", gaps="y")
    assert len(str(caught.value).splitlines()) == 4


def test_every_metric_is_usual_in_one_kind_and_is_about_something():
    assert metric_of("followers").gauge
    assert not metric_of("followers", Kind.DAILY).gauge
    assert not metric_of("post_reads", Kind.LEVEL).gauge
    assert {subject_kind(name) for name in USUAL} == {"repo", "post", "talk", "video", "account"}
    assert unknown("stas").endswith("did you mean stars?")


def test_the_other_streams_do_not_repeat_what_is_wrong(tmp_path):
    desk = CsvDesk(tmp_path, columns={"day": "D"}, metrics={"clicks": "C", "followers": "F"})
    desk.write("D,C,F\nyesterday,1,2\n")
    first, second = CONNECTOR.open(desk.config, desk.context)
    with pytest.raises(Malformed, match="row 2, D: 'yesterday' is not written"):
        list(first.read({}))
    with pytest.raises(Malformed, match="not read: see above"):
        list(second.read({}))
    with pytest.raises(Malformed, match="row 2"):
        list(first.read({}))
