"""Works: subjects of several sources that are one post add up once, and nothing is joined that nobody stated."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Batch, Kind, Metric, Observation, Subject
from harvester.config.works import page_of
from harvester.scorejob import rescore
from harvester.store.connection import open_writer
from tests.harvester.small_sources import settings
from tests.harvester.store.building import Shelf, at, on

POST = "https://blog.example/posts/a"
DEVTO = "https://dev.to/me/a-4f"
READS, COMMENTS, LEVEL_READS = (
    Metric("post_reads", Kind.DAILY),
    Metric("post_comments", Kind.LEVEL),
    Metric("post_reads", Kind.LEVEL),
)
PUBLISHED = Metric("posts_published", Kind.EVENT)


class Library:
    """A store that several sources load into."""

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder)

    def tell(
        self, source: str, subjects: Iterable[Subject], facts: Iterable[Observation] = (), metric: Metric = READS
    ) -> None:
        self.shelf.source, self.shelf.metrics, self.shelf.cursor = source, (metric,), {}
        self.shelf.seal(Batch(list(facts), subjects=list(subjects)))

    def page(self, source: str, address: str, reads: Mapping[int, int]) -> None:
        """What a counter of readers tells of a page: reads by day of November."""
        facts = [Observation("post_reads", address, str(on(day)), at(day), count) for day, count in reads.items()]
        self.tell(source, [Subject(address, address, "post", url=address)], facts)

    def post(
        self, source: str, name: str, *, title: str = "", day: int = 1, url: str | None = None, key: str = ""
    ) -> None:
        """A post as a feed or a service tells it, published on a day of November."""
        key = key or name
        subject = Subject(key, name, "post", title, name if url is None else url, at(day))
        self.tell(source, [subject], [Observation("posts_published", key, key, at(day))], PUBLISHED)

    def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        self.shelf.load()
        return self.shelf.ask(query, **values)

    def state(self, works: Mapping[str, tuple[str, ...]]) -> None:
        rescore(replace(settings(self.shelf.store.path.parent), works=works), today=on(30))

    def works(self, metric: str = "post_reads") -> dict[str, float]:
        return dict(self.ask("SELECT work, total FROM works WHERE metric = $metric", metric=metric))

    def joined(self, metric: str = "post_reads") -> dict[tuple[str, str], tuple[str, str, float]]:
        found = self.ask("SELECT unnest(subjects) FROM works WHERE metric = $metric", metric=metric)
        return {
            (each["source"], each["subject"]): (each["site"], each["joined_by"], each["total"]) for (each,) in found
        }

    def suggested(self) -> list[tuple[Any, ...]]:
        return self.ask("SELECT work, other, reason, statement FROM work_suggestions ORDER BY ALL")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def test_reads_on_the_blog_and_on_another_site_add_up(library: Library) -> None:
    library.post("feed", POST, title="On looms", day=2)
    library.page("plausible", POST, {3: 10, 4: 5})
    article = Subject("77", POST, "post", "On looms", DEVTO, at(5))
    readings = [Observation("post_reads", "77", str(on(day)), at(day), value) for day, value in ((6, 100), (7, 107))]
    library.tell("devto", [article], readings, LEVEL_READS)

    ((person, work, title, published_at, total),) = library.ask(
        "SELECT person, work, title, published_at, total FROM works WHERE metric = 'post_reads'"
    )
    assert (person, work, title) == ("me", POST, "On looms")
    assert published_at == at(2).replace(tzinfo=None)
    assert total == 22
    assert library.joined() == {
        ("plausible", POST): ("blog.example", "url", 15),
        ("devto", POST): ("dev.to", "canonical", 7),
    }


def test_two_counters_of_one_site_count_no_read_twice(library: Library) -> None:
    library.page("plausible", POST, {3: 10, 4: 5, 5: 2})
    library.page("umami", f"http://www.blog.example{POST.removeprefix('https://blog.example')}/", {4: 6, 6: 3})
    library.state({POST: (POST.replace("//", "//www."),)})

    # 3: only one looked; 4: both did; 6: the other alone, after the first was switched off.
    assert library.works() == {POST: 10 + 6 + 2 + 3}


def test_pages_of_one_source_that_are_one_page_add_up(library: Library) -> None:
    library.page("plausible", POST, {3: 10})
    library.page("plausible", f"{POST}/", {3: 4})

    assert library.works() == {POST: 14}


def test_growth_that_two_sources_date_differently_counts_once(library: Library) -> None:
    for source, days in (("feed", (3, 5)), ("wordpress", (3, 6))):
        readings = [
            Observation("post_comments", "1", str(on(day)), at(day), value)
            for day, value in zip(days, (4, 6), strict=True)
        ]
        library.tell(source, [Subject("1", POST, "post", "On looms", POST, at(1))], readings, COMMENTS)

    assert library.works("post_comments") == {POST: 2}


def test_a_story_elsewhere_joins_the_post_that_it_links(library: Library) -> None:
    story = "https://news.ycombinator.com/item?id=1"
    library.page("plausible", POST, {3: 10})
    told = Subject("1", story, "post", "On looms", f"{POST}?utm_source=hn", at(4))
    library.tell("hn", [told], [Observation("post_reads", "1", str(on(4)), at(4), 3)])

    older = Subject("0", f"{story}0", "post", "On wool", "https://blog.example/wool", at(2))
    library.tell("hn", [older], [Observation("post_reads", "0", str(on(4)), at(4), 1)])

    assert library.works() == {POST: 13, "https://blog.example/wool": 1}
    assert library.joined()["hn", f"{story}0"] == ("news.ycombinator.com", "canonical", 1)
    assert library.joined()["hn", story] == ("news.ycombinator.com", "canonical", 3)


def test_a_statement_joins_and_its_removal_undoes_it(library: Library) -> None:
    video = "https://www.youtube.com/watch?v=aB1"
    library.page("plausible", POST, {3: 10})
    library.page("tube", video, {3: 7})
    library.page("other", "https://www.youtube.com/watch?v=aB2", {3: 1})
    apart = library.works()
    assert apart == {POST: 10, video: 7, "https://www.youtube.com/watch?v=aB2": 1}

    library.state({f"{POST}/": (f"{video}#t=3",)})
    assert library.works() == {f"{POST}/": 17, "https://www.youtube.com/watch?v=aB2": 1}
    assert library.joined()["tube", video] == ("youtube.com", "alias", 7)

    library.state({})
    assert library.works() == apart


def test_chains_of_addresses_are_one_work(library: Library) -> None:
    library.page("plausible", POST, {3: 10})
    library.tell(
        "devto",
        [Subject("7", POST, "post", "", DEVTO, at(4))],
        [Observation("post_reads", "7", str(on(4)), at(4), 5)],
    )
    library.page("hn", "https://news.example/1", {5: 1})
    library.tell("hn", [Subject("https://news.example/1", "https://news.example/1", "post", "", DEVTO, at(5))])
    library.page("medium", "https://medium.example/x", {6: 2})
    library.state({DEVTO: ("https://medium.example/x",)})

    assert library.works() == {DEVTO: 18}


def test_people_are_counted_once_over_all_sources(library: Library) -> None:
    for source, address, people in (("a", POST, ("ann", "bob")), ("b", DEVTO, ("bob", "cy"))):
        facts = [Observation("posts_published", address, who, at(3), 1, who) for who in people]
        library.tell(source, [Subject(address, address, "post", url=address)], facts, PUBLISHED)
    library.state({POST: (DEVTO,)})

    assert library.ask("SELECT total, actors FROM works") == [(4, 3)]


def test_posts_that_share_an_address_stay_apart(library: Library) -> None:
    """Of feeds that give each post the site's address, speakers who give each talk the conference's, changelogs."""
    site, changes = "https://blog.example/", "https://blog.example/changes"
    library.page("plausible", site, {3: 10})
    library.page("plausible", changes, {3: 20})
    for key, title in (("1", "On looms"), ("2", "On wool")):
        library.post("feed", site, title=title, key=key)
        library.post("talks", title, title=title, url="https://conference.example/2026", key=key)
        library.post("news", f"{changes}#v{key}", title=title, key=key)

    assert library.works() == {site: 10, changes: 20}
    assert sorted(library.ask("SELECT work, total FROM works WHERE metric = 'posts_published'")) == [
        ("On looms", 1), ("On wool", 1), (site, 1), (site, 1), (f"{changes}#v1", 1), (f"{changes}#v2", 1)
    ]  # fmt: skip


def test_a_jump_into_a_post_is_the_post(library: Library) -> None:
    library.post("feed", POST, title="On looms")
    library.page("search", f"{POST}#wool", {3: 4})

    assert library.works() == {POST: 4}


PARAMETERS = """
utm_source UTM_medium mtm_cid hsa_net pk_campaign pk_kwd pk_keyword pk_source pk_medium pk_content matomo_kwd wt_mc
wt_zmc fbclid gclid gbraid wbraid dclid msclkid yclid twclid ttclid igshid igsh li_fat_id mc_cid mc_eid _hsenc _hsmi
mkt_tok vero_id oly_anon_id oly_enc_id ref_src ref_url __s
""".split()  # noqa: SIM905
SAME = (
    "https://blog.example/posts/%C3%A9", "https://blog.example/posts/%c3%a9/", "http://BLOG.example./posts/é",
    "http://blog.example:80/posts/é", "https://blog.example:443/posts/é#b", "https://me:secret@blog.example/posts/é",
    *(f"https://blog.example/posts/é?{name}=x" for name in PARAMETERS),
)  # fmt: skip
OTHERS = (
    "https://blog.example/posts", "https://blog.example/", "https://blog.example/posts/E", "https://blog.example/%zz",
    "https://blog.example/%ff", "https://blog.example/?p=1", "https://blog.example/?p=2", "https://blog.example/?p=1&q",
    "https://blog.example:8443/posts/é", "https://www.blog.example/posts/é", "https://blog.example/posts/é?lang=de",
    "https://[2001:db8::1]/posts/é", "https://blog.example/posts/é/x", "https://blog.example/posts//é",
)  # fmt: skip


def test_addresses_are_compared_in_the_database_as_in_the_configuration(library: Library) -> None:
    library.tell("a", [Subject(link, link, "post", url=link) for link in SAME + OTHERS])
    pages: dict[str, set[str]] = {}
    for page, address in library.ask("SELECT page, address FROM store.addresses"):
        pages.setdefault(page, set()).add(address)

    assert sorted(map(sorted, pages.values())) == sorted([sorted(SAME), *([other] for other in OTHERS)])
    assert len({page_of(link) for link in SAME if "#" not in link}) == 1
    assert len({page_of(link) for link in (SAME[0], *OTHERS)}) == 1 + len(OTHERS)


def test_what_is_alike_is_suggested_and_not_joined(library: Library) -> None:
    www = POST.replace("//", "//www.")
    library.post("feed", POST, title="On looms, and wool", day=2)
    library.page("plausible", www, {3: 10})
    library.post("devto", DEVTO, title="On Looms and Wool", day=6)
    library.post("medium", "https://medium.example/late", title="On looms and wool!", day=20)
    library.post("home", "https://blog.example/home", title="Home", day=2)
    library.post("homes", "https://dev.to/home", title="Home", day=2)
    before = library.works("posts_published")

    found = library.suggested()
    assert found == [
        (POST, DEVTO, "the same title within a week", f'"{POST}" = ["{DEVTO}"]'),
        (POST, www, "the addresses differ little", f'"{POST}" = ["{www}"]'),
    ]
    assert library.works() == {www: 10}
    assert library.works("posts_published") == before

    assert tomllib.loads(found[0][-1]) == {POST: [DEVTO]}
    library.state({POST: (DEVTO, www)})
    assert library.suggested() == []
    assert library.works() == {POST: 10}


def test_a_suggestion_that_is_declined_is_not_made_again(library: Library) -> None:
    library.post("feed", POST, title="On looms and wool", day=2)
    library.post("devto", DEVTO, title="On looms and wool", day=6)
    assert len(library.suggested()) == 1
    library.state({DEVTO: ()})

    assert library.suggested() == []
    assert library.works("posts_published") == {POST: 1, DEVTO: 1}


def test_posts_of_one_source_are_never_suggested(library: Library) -> None:
    library.post("feed", POST, title="What happened this week", day=2)
    library.post("feed", f"{POST}2", title="What happened this week", day=9)

    assert library.suggested() == []


def test_people_do_not_share_works(library: Library) -> None:
    library.page("mine", POST, {3: 10})
    library.page("hers", POST, {3: 10})
    library.shelf.load()
    with closing(open_writer(library.shelf.store.path, timeout=1)) as connection:
        connection.execute("UPDATE store.sources SET person = 'ada' WHERE source = 'hers'")

    assert library.ask("SELECT person, total FROM works ORDER BY person") == [("ada", 10), ("me", 10)]
