"""Recorded feeds of two decades: each entry becomes a post, whatever the feed looks like."""

from __future__ import annotations

import gzip
import re
import zipfile
from collections import Counter
from datetime import timedelta

import pytest
from feed_reader import Reader, coverage_of, levels_of, posts_of

from connectors.errors import Malformed

# Recordings that are no feeds at all.
NO_FEEDS = {
    "miniflux_encoding/iso88591.xml": "an XML note",
    "miniflux_encoding/iso88591_utf8_mismatch.xml": "an XML note",
    "rss-parser/unrecognized.rss": "a web page that says it has moved",
}
# Posts that are not the number of <item> or <entry> tags.
OTHER_COUNTS = {
    "feedjira/json_feed.json": (20, "JSON has no tags"),
    "feedjira/json_feed_with_escaped_uris.json": (30, "JSON has no tags"),
    "rss-parser/incomplete-fields.atom": (0, "its entry has nothing that identifies it: a reject"),
    "rss-parser/itunes-missing-image.rss": (130, "one of its 131 episodes is there twice"),
}
# Posts without a date of publication that could be: by the entry's update, or by first sight.
UNDATED = {
    "feedjira/AtomEscapedHTMLInPreTag.xml": {"first seen": 1},
    "feedjira/FeedBurnerUrlNoAlternate.xml": {"updated": 1},
    "feedjira/HREFConsideredHarmful.xml": {"updated": 10},
    "feedjira/Permalinks.xml": {"first seen": 4},
    "feedjira/SamRuby.xml": {"updated": 20},
    "feedjira/atom_simple_single_entry.xml": {"updated": 1},
    "feedjira/atom_simple_single_entry_link_self.xml": {"updated": 1},
    "feedjira/atom_with_link_tag_for_url_unmarked.xml": {"updated": 1},
    "miniflux/rdf_UTF8.xml": {"first seen": 60},
    "miniflux/small_atom.xml": {"updated": 20},
    "miniflux_encoding/invalid-prolog.xml": {"first seen": 1},
    "miniflux_encoding/utf8-incorrect-prolog.xml": {"first seen": 1},
    "miniflux_encoding/utf8.xml": {"first seen": 1},
    "picofeed/atomsample.xml": {"updated": 1},
    "rss-parser/gulp-atom.atom": {"updated": 10},
    "rss-parser/heraldsun.rss": {"first seen": 2},
    "rss-parser/missing-fields.atom": {"first seen": 1},
    "rss-parser/rss-1.rss": {"updated": 69},
    "rss-parser/uolNoticias.rss": {"first seen": 15},  # its dates are in Portuguese
    "rss-parser/xml2js-options.rss": {"updated": 69},
}
# Posts without a link to a page, and why their names are no addresses.
UNLINKED = {
    "feedjira/AtomEscapedHTMLInPreTag.xml": 1,
    "feedjira/Permalinks.xml": 1,  # a guid that says it is no link
    "miniflux/no_encoding_ISO-8859-1.xml": 1,
    "miniflux_encoding/invalid-prolog.xml": 1,
    "miniflux_encoding/utf8-incorrect-prolog.xml": 1,
    "miniflux_encoding/utf8.xml": 1,
    "picofeed/debug_show.xml": 1,
    "picofeed/fanboys.fm_episodes.all.mp3.rss": 166,  # sound files only
    "picofeed/geekstammtisch.de_episodes.mp3.rss": 32,  # the same
    "rss-parser/missing-fields.atom": 1,  # a link that is a tag: URI
}


def entries_of(body: bytes) -> int:
    """How many entries a document has, counted without parsing it."""
    return len(
        re.findall(rb"<(?:[\w-]+:)?(?:item|entry)(?=[\s/>])", re.sub(rb"<!--.*?-->", b"", body, flags=re.DOTALL))
    )


def recordings(folder):
    """Every recorded feed: its name and body."""
    for path in sorted((folder / "feeds").rglob("*")):
        if path.is_file() and path.suffix != ".zip":
            body = path.read_bytes()
            yield str(path.relative_to(folder / "feeds")), gzip.decompress(body) if path.suffix == ".gz" else body


@pytest.fixture(scope="module")
def batches(shared_data):
    """What a first read of each recording gives, None for what is refused."""
    read = {}
    for name, body in recordings(shared_data):
        try:
            read[name] = Reader().read(body)
        except Malformed:
            read[name] = None
    return read


def test_only_what_is_no_feed_is_refused(batches):
    assert len(batches) == 105  # or recordings were lost, and with them what is tested here
    assert {name for name, batch in batches.items() if batch is None} == set(NO_FEEDS)


def test_there_are_as_many_posts_as_entries(batches, shared_data):
    for name, body in recordings(shared_data):
        if (batch := batches[name]) is not None:
            expected = OTHER_COUNTS[name][0] if name in OTHER_COUNTS else entries_of(body)
            assert len(posts_of(batch)) == expected, name


def test_every_post_has_a_subject_and_no_key_is_there_twice(batches):
    for name, batch in batches.items():
        if batch is not None:
            keys = [post.key for post in posts_of(batch)]
            assert len(keys) == len(set(keys)), name
            assert {one.subject for one in batch.observations} == {subject.id for subject in batch.subjects}, name


def test_posts_are_dated_by_publication_where_the_feed_has_such_dates(batches):
    undated = {
        name: Counter(post.attrs["dated"] for post in posts_of(batch) if post.attrs)
        for name, batch in batches.items()
        if batch
    }
    assert {name: dict(count) for name, count in undated.items() if count} == UNDATED


def test_posts_are_named_by_address_where_the_feed_has_such(batches):
    unnamed = {name: sum(not subject.url for subject in batch.subjects) for name, batch in batches.items() if batch}
    assert {name: count for name, count in unnamed.items() if count} == UNLINKED


@pytest.mark.parametrize(
    ("metric", "written"),
    [
        ("post_comments", rb"<slash:comments>([0-9]+)|<thr:total[^>]*>([0-9]+)|thr:count=\"([0-9]+)"),
        ("video_views", rb"<media:statistics views=\"([0-9]+)"),
    ],
)
def test_counters_are_those_written(batches, shared_data, metric, written):
    found = 0
    for name, body in recordings(shared_data):
        if (batch := batches[name]) is not None:
            expected = [int(b"".join(match.groups(b""))) for match in re.finditer(written, body)]
            assert sorted(levels_of(batch, metric).values()) == sorted(expected), name
            found += bool(expected)
    assert found == {"post_comments": 12, "video_views": 2}[metric]


def test_only_one_recording_has_an_entry_to_reject(batches):
    assert {name: len(batch.rejects) for name, batch in batches.items() if batch and batch.rejects} == {
        "rss-parser/incomplete-fields.atom": 1
    }


def test_whole_feeds_are_measured(batches):
    partial = {name for name, batch in batches.items() if batch and coverage_of(batch)[0][2] != "measured"}
    assert partial == set()


@pytest.mark.slow
def test_a_second_read_of_the_same_feed_says_the_same(shared_data):
    for name, body in recordings(shared_data):
        if name not in NO_FEEDS:
            reader = Reader()
            first = reader.read(body)
            reader.now += timedelta(days=1)
            again = reader.read(body)
            assert (posts_of(first), first.subjects) == (posts_of(again), again.subjects), name


# The history of a blog: every build rewrites `updated` of every entry.


def test_successive_builds_of_a_blog_give_new_posts_and_edits_only(shared_data):
    reader, known, titles = Reader(), {}, {}
    news, edits = [], []
    for path in sorted((shared_data / "feeds" / "history_gitblog").iterdir()):
        batch = reader.read(gzip.decompress(path.read_bytes()))
        posts = {post.key: post for post in posts_of(batch)}
        news.append(len(posts.keys() - known.keys()))
        assert [key for key in posts.keys() & known.keys() if posts[key] != known[key]] == []
        edits.append(sum(titles.get(subject.id, subject) != subject for subject in batch.subjects))
        known |= posts
        titles |= {subject.id: subject for subject in batch.subjects}
        assert all(state == "measured" for _, _, state in coverage_of(batch))
        reader.now += timedelta(days=30)
    assert news == [208, 1, 2, 14, 10, 15, 25]
    assert edits == [0, 0, 0, 1, 0, 1, 0]
    assert len(known) == 275


# The small cases of feedparser's own tests.

CDF = "feedparser names no version for Channel Definition Format, which nobody has written since 2002"
REFUSED = {
    "tests/illformed/rss_empty_document.xml": "no element at all",
    "tests/wellformed/base/cdf_item_abstract_xml_base.xml": CDF,
}
TWICE = {
    "tests/wellformed/node_precedence/atom10_id.xml": (1, 2),
    "tests/wellformed/node_precedence/atom10_title.xml": (1, 2),
}


@pytest.fixture(scope="module")
def cases(shared_data):
    """Name and body of each small case."""
    with zipfile.ZipFile(shared_data / "feeds" / "feedparser_tests.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def test_every_small_case_is_read_or_refused_for_a_reason(cases):
    refused, broken_off, others = set(), set(), {}
    for name, body in cases.items():
        try:
            batch = Reader().read(body)
        except Malformed:
            refused.add(name)
            continue
        if coverage_of(batch)[0][2] == "partial":
            broken_off.add(name)
        if len(posts_of(batch)) + len(batch.rejects) != entries_of(body) and not name.startswith("tests/json/"):
            others[name] = len(posts_of(batch)), entries_of(body)
    assert len(cases) == 2107
    assert {name for name in refused if not name.startswith("tests/wellformed/cdf/")} == set(REFUSED)
    assert {name for name in cases if name.startswith("tests/wellformed/cdf/")} <= refused
    # Each holds two entries with nothing to tell them apart.
    assert others == TWICE
    # Each of them does break off: its closing tag lacks the last character.
    assert {name for name in broken_off if cases[name].rstrip().endswith(b">")} == set()
    assert len(broken_off) == 17
