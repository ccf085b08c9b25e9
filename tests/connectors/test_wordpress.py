"""The wordpress connector against the documented shapes of WordPress.com's stats."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from asked import checkpoint, coverage, facts, rejects, said, streams, until
from fake_wordpress import TOKEN, FakeWordpress, refused

from connectors.base import Coverage
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, SwitchedOff, Unavailable
from connectors.testing import NOW, Case, checks_for, known_secret
from connectors.wordpress import CONNECTOR, WordpressConfig

TODAY = NOW.date()
VIEWS = {("2026-11-20", 7): 12, ("2026-11-20", 0): 3, ("2026-11-20", 8): 1, ("2026-11-22", 7): 2}
HOME = "https://ann.example/"


def config(token=TOKEN, site="ann.example"):
    return WordpressConfig(site=site, token=known_secret(token))


def read(fake, cursor=None, settings=None, **more):
    return list(streams(CONNECTOR, settings or config(), fake, **more)["posts"].read(cursor or {}))


CASE = Case(connector=CONNECTOR, config=config(), answer=FakeWordpress(VIEWS), secrets=[TOKEN])


@pytest.mark.parametrize("check", checks_for(CASE))
def test_the_wordpress_connector_conforms(check):
    check(CASE)


# What is stored


def test_views_of_a_post_are_facts_of_its_day():
    batches = read(FakeWordpress(VIEWS))
    assert facts(batches) == {
        ("post_reads", "7", "2026-11-20"): 12,
        ("post_reads", HOME, "2026-11-20"): 3,
        ("post_reads", "8", "2026-11-20"): 1,
        ("post_reads", "7", "2026-11-22"): 2,
    }
    named = {subject.id: subject for batch in batches for subject in batch.subjects}
    assert (named["7"].name, named["7"].title) == ("https://ann.example/post-7/", "Post 7")


def test_a_post_keeps_its_identity_when_its_address_changes():
    def spoil(what, _, answer):
        if what.endswith("top-posts"):
            answer["days"]["2026-11-22"]["postviews"][0]["href"] = "https://ann.example/renamed/"
        return answer

    batches = read(FakeWordpress(VIEWS, spoil=spoil))
    assert {subject for _, subject, key in facts(batches) if key == "2026-11-22"} == {"7"}


# How it is asked


def test_the_first_read_goes_back_to_the_day_of_the_first_view():
    fake = FakeWordpress(VIEWS | {("2026-09-17", 7): 1})
    batches = read(fake)
    assert coverage(batches)[0] == Coverage(date(2026, 9, 17), date(2026, 10, 16))
    assert checkpoint(batches) == {"ann.example": {"from": "2026-09-17", "through": "2026-11-24"}}
    assert [(what, query.get("date")) for what, query in fake.asked] == [
        ("", None),
        ("/stats/visits", "2026-11-24"),
        ("/stats/visits", "2026-09-30"),
        ("/stats/top-posts", "2026-10-16"),
        ("/stats/top-posts", "2026-11-15"),
        ("/stats/top-posts", "2026-11-24"),
    ]


def test_a_later_read_repeats_the_last_days():
    fake = FakeWordpress(VIEWS)
    batches = read(fake, {"ann.example": {"from": "2026-01-01", "through": "2026-11-23"}})
    assert coverage(batches) == [Coverage(date(2026, 11, 20), TODAY)]
    assert [query.get("num") for _, query in fake.asked] == [None, "5"]


def test_since_shortens_the_backfill():
    assert coverage(read(FakeWordpress(VIEWS), since=date(2026, 11, 21))) == [Coverage(date(2026, 11, 21), TODAY)]


@pytest.mark.parametrize(("offset", "today"), [(13, 25), ("5.5", 24), (-13, 23), ("odd", 24), (99, 24), (None, 24)])
def test_a_fact_lies_in_its_day_where_the_site_is(offset, today):
    batches = read(FakeWordpress(VIEWS, gmt_offset=offset))
    ahead = timedelta(hours=float(offset)) if offset in (13, "5.5", -13) else timedelta(0)
    for fact in (o for batch in batches for o in batch.observations):
        assert str((fact.occurred_at + ahead).date()) == fact.key
    assert coverage(batches)[-1].last_day == min(date(2026, 11, today), TODAY)


def test_a_site_whose_options_are_not_told_is_read_in_utc():
    batches = read(FakeWordpress(VIEWS, spoil=lambda what, _, answer: answer if what else {"ID": 5, "URL": "x"}))
    assert len(facts(batches)) == 4
    assert {o.occurred_at.hour for batch in batches for o in batch.observations} == {12}


@pytest.mark.parametrize(
    ("site", "asked"), [("https://ann.example/", "ann.example"), ("5", "5"), ("a.example/blog", "a.example::blog")]
)
def test_a_site_is_written_as_a_domain_an_address_or_a_number(site, asked):
    assert config(site=site).endpoint == f"https://public-api.wordpress.com/rest/v1.1/sites/{asked}"


# Missing is not zero


def test_a_site_without_views_is_measured_from_today():
    batches = read(FakeWordpress({}))
    assert (facts(batches), coverage(batches)) == ({}, [Coverage(TODAY, TODAY)])


def test_a_day_without_posts_is_zero_and_a_day_left_out_is_missing():
    def spoil(what, _, answer):
        if what.endswith("top-posts"):
            del answer["days"]["2026-11-21"]
        return answer

    spans = coverage(read(FakeWordpress(VIEWS, spoil=spoil)))
    assert [(span.first_day.day, span.state) for span in spans] == [
        (20, "measured"),
        (21, "missing"),
        (22, "measured"),
    ]


def test_views_of_no_post_make_the_day_partial():
    first, *rest = coverage(read(FakeWordpress(VIEWS, most_rows=1)))
    assert (first.first_day, first.last_day, first.state) == (date(2026, 11, 20), date(2026, 11, 20), "partial")
    assert first.reason == "WordPress.com tells no post of 4 views"
    assert {span.state for span in rest} == {"measured"}


@pytest.mark.parametrize(
    "row",
    [
        {"id": 9, "href": None, "views": 1},
        {"id": 9, "href": "https://ann.example/9", "views": -1},
        {"id": 9, "href": "https://ann.example/9"},
        {"id": "x", "href": "https://ann.example/9", "views": 1},
        "text",
        None,
    ],
    ids=str,
)
def test_a_row_that_cannot_be_used_is_a_reject_and_its_day_is_partial(row):
    def spoil(what, _, answer):
        if what.endswith("top-posts"):
            answer["days"]["2026-11-21"]["postviews"].append(row)
        return answer

    batches = read(FakeWordpress(VIEWS, spoil=spoil))
    assert len(facts(batches)) == 4
    assert len(rejects(batches)) == 1
    assert [span.first_day.day for span in coverage(batches) if span.state == "partial"] == [21]


# What can go wrong


def test_a_refused_token_says_what_to_do_although_it_is_a_400():
    with pytest.raises(AuthFailed) as caught:
        read(FakeWordpress(VIEWS), settings=config("another-token-91"))
    assert "make a new token of WordPress.com by a user who may view the stats of ann.example" in str(caught.value)
    assert "another-token-91" not in str(caught.value)


def test_an_unknown_site_is_gone():
    with pytest.raises(Gone, match="knows no site other"):
        read(FakeWordpress(VIEWS), settings=config(site="other.example"))


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (refused(403, "unauthorized", "user cannot view stats"), NotPermitted, "may not view"),
        (
            refused(403, "authorization_required", "An active access token must be used"),
            AuthFailed,
            "make a new token",
        ),
        (
            refused(404, "invalid_blog", "This blog does not have the Stats module"),
            SwitchedOff,
            "Jetpack Stats",
        ),
        (refused(404, "invalid_blog", "This blog does not have Jetpack connected"), SwitchedOff, "Jetpack Stats"),
        (refused(400, "bad", "Something else"), Malformed, "Something else"),
        (refused(500, "oh", "no"), Unavailable, "500"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_refusal_is_named_by_what_to_do(answer, error, words):
    with pytest.raises(error, match=words) as caught:
        read(FakeWordpress(VIEWS, spoil=lambda what, query, _: answer if what else _))
    assert type(caught.value) is error


def test_a_site_whose_name_speaks_of_tokens_is_not_mistaken():
    with pytest.raises(Gone) as caught:
        read(FakeWordpress(VIEWS), settings=config(site="jetpack-token.example"))
    assert type(caught.value) is Gone


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("", []),
        ("", {"error": "oh"}),
        ("/stats/visits", {"fields": ["views"], "data": []}),
        ("/stats/visits", {"fields": ["period", "views"], "data": [["soon", 1]]}),
        ("/stats/top-posts", {"date": "2026-11-24"}),
        ("/stats/top-posts", {"days": [1]}),
        ("/stats/top-posts", {"days": {"2026-11-24": {}}}),
        ("/stats/top-posts", {"days": {"2026-11-24": {"postviews": "none"}}}),
        ("/stats/top-posts", {"days": {"soon": {"postviews": []}}}),
    ],
    ids=str,
)
def test_an_answer_that_is_none_is_malformed_not_empty(what, body):
    with pytest.raises(Malformed):
        read(FakeWordpress(VIEWS, spoil=lambda where, _, answer: body if where == what else answer))


def test_no_days_as_php_writes_them_are_missing_days():
    batches = read(FakeWordpress(VIEWS, spoil=lambda where, _, a: {"days": []} if where.endswith("top-posts") else a))
    assert {span.state for span in coverage(batches)} == {"missing"}


def test_what_was_read_before_a_limit_is_kept():
    def spoil(what, query, answer):
        is_late = what.endswith("top-posts") and query["date"] > "2026-11-01"
        return said({}, 429, Retry_After="9") if is_late else answer

    fake = FakeWordpress(VIEWS | {("2026-09-17", 7): 1}, spoil=spoil)
    batches = until(RateLimited, streams(CONNECTOR, config(), fake)["posts"].read({}))
    assert checkpoint(batches) == {"ann.example": {"from": "2026-09-17", "through": "2026-10-16"}}


@pytest.mark.parametrize("key", ["site", "api_url"])
def test_a_mistake_in_the_configuration_names_its_key(key):
    with pytest.raises(ValueError, match=f"^{key}: "):
        WordpressConfig(**{"site": "ann.example", "token": known_secret(TOKEN), key: "two words"})
