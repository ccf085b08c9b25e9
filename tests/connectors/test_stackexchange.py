"""The stackexchange connector against a fake as unkind as the service, and recorded answers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from fake_stackexchange import BORN, KEY, ME, FakeStackExchange, packed, refused
from wired import cursor_after, facts, rejects, secret, spans, streams_of, subjects, total, until

from connectors.base import Budget, Coverage, Meter
from connectors.errors import AuthFailed, Gone, Malformed, RateLimited, Unavailable
from connectors.stackexchange import CONNECTOR, StackexchangeConfig
from connectors.testing import NOW, Answer

DAY = 86_400
TODAY = NOW.date()


def opened(fake, *, key=None, **more):
    keys = {name: more.pop(name) for name in ("users", "site") if name in more}
    config = StackexchangeConfig(**{"users": (str(ME),), "api_key": secret(key) if key else None, **keys})
    return streams_of(CONNECTOR, config, fake, **more)


def read(fake, name, cursor=None, **more):
    return list(opened(fake, **more)[name].read(cursor or {}))


def days(count, start=1):
    return {n: BORN + n * DAY for n in range(start, start + count)}


# Answers


def test_an_answer_is_given_once_on_its_day():
    batches = read(FakeStackExchange(answers=days(3)), "answers")
    (account,) = subjects(batches).values()
    assert (account.id, account.kind, account.title) == ("stackoverflow/users/42", "account", "O'Neil")
    assert facts(batches) == {("answers", account.id, str(n)): 1 for n in (1, 2, 3)}
    (first, *_) = [fact for batch in batches for fact in batch.observations]
    assert first.occurred_at == datetime.fromtimestamp(BORN + DAY, UTC)
    assert first.attrs == {"direction": "given"}


def test_all_pages_are_read_by_date_and_each_can_be_gone_on_from():
    fake = FakeStackExchange(answers=days(250))
    batches = read(fake, "answers")
    assert total(batches, "answers") == 250
    asked = [query.get("fromdate") for path, query in fake.requests if path.endswith("answers")]
    assert asked == [None, str(BORN + 100 * DAY), str(BORN + 199 * DAY)]
    resumed = read(fake, "answers", cursor_after(batches[:1]))
    assert min(int(key) for _, _, key in facts(resumed)) == 100


def test_more_answers_in_one_second_than_a_page_holds_are_all_read():
    fake = FakeStackExchange(answers=dict.fromkeys(range(250), BORN) | days(3, 300))
    assert total(read(fake, "answers"), "answers") == 253


def test_an_answer_that_was_deleted_is_taken_back_only_by_a_whole_list():
    fake = FakeStackExchange(answers=days(250))
    batches = read(fake, "answers")
    assert [[one.subject for one in batch.listings] for batch in batches] == [[], [], ["stackoverflow/users/42"]]
    assert len(batches[-1].observations) == 252  # all of it again, the seams twice
    resumed = read(fake, "answers", cursor_after(batches[:1]))
    assert all(not batch.listings for batch in resumed)


def test_a_list_with_a_reject_takes_nothing_back():
    fake = FakeStackExchange(answers=days(3))
    fake.answers[9] = BORN + 10**9  # it has not happened yet
    batches = read(fake, "answers")
    assert len(rejects(batches)) == 1
    assert all(not batch.listings for batch in batches)
    assert [span.state for span in spans(batches)] == ["partial"]


def test_nobody_who_does_not_exist_has_given_no_answers():
    with pytest.raises(Gone, match="no user 7 on stackoverflow"):
        read(FakeStackExchange(), "answers", users=("42", "7"))


def test_somebody_who_never_answered_is_a_measured_nought_since_they_came():
    batches = read(FakeStackExchange(), "answers")
    assert facts(batches) == {}
    assert spans(batches) == [Coverage(date(2023, 11, 14), TODAY, metrics=("answers",))]


def test_a_later_read_covers_the_days_since_the_last():
    first = read(FakeStackExchange(answers=days(3)), "answers")
    again = read(FakeStackExchange(answers=days(3)), "answers", cursor_after(first), now=NOW + timedelta(days=2))
    assert spans(again) == [Coverage(TODAY, TODAY + timedelta(days=2), metrics=("answers",))]


# Posts


def test_votes_are_a_level_and_below_nought_none():
    batches = read(FakeStackExchange(posts=days(3), scores={1: 7, 2: -4}), "posts")
    assert {key[1]: value for key, value in facts(batches).items() if key[0] == "post_reactions"} == {
        "stackoverflow/posts/1": 7,
        "stackoverflow/posts/2": 0,
        "stackoverflow/posts/3": 0,
    }
    assert subjects(batches)["stackoverflow/posts/1"].name == "https://stackoverflow.com/a/1"


def test_comments_are_events_by_others_and_oneself():
    comments = {1: (1, BORN + 9 * DAY, 7), 2: (1, BORN + 10 * DAY, ME), 3: (2, BORN + 11 * DAY, None)}
    batches = read(FakeStackExchange(posts=days(2), comments=comments), "posts")
    said = {
        o.key: (o.actor, o.attrs["direction"]) for b in batches for o in b.observations if o.metric == "post_comments"
    }
    assert said == {"1": ("7", "received"), "2": ("42", "self"), "3": ("user7", "received")}


def test_comments_of_a_hundred_posts_are_asked_for_at_once_and_page_by_page():
    comments = {n: (1 + n % 150, BORN + 400 * DAY + n, 7) for n in range(300)}
    fake = FakeStackExchange(posts=days(150), comments=comments)
    batches = read(fake, "posts")
    assert len({key for key in facts(batches) if key[0] == "post_comments"}) == 300
    assert len(fake.requests) == 1 + 2 + 2 + 2  # the user, the posts, and the comments of each page of posts


def test_a_comment_that_was_deleted_is_taken_back():
    batches = read(FakeStackExchange(posts=days(2)), "posts")
    assert [one.subject for one in batches[-1].listings] == ["stackoverflow/posts/1", "stackoverflow/posts/2"]


@pytest.mark.parametrize("score", [None, "7", True, 1.5])
def test_a_post_that_cannot_be_used_is_a_reject(score):
    batches = read(FakeStackExchange(posts=days(2), scores={1: score}), "posts")
    assert len(rejects(batches)) == 1
    assert {span.state for span in spans(batches)} == {"partial"}
    assert all(not batch.listings for batch in batches)


# Manners


def test_a_backoff_is_waited_for_before_the_same_method_only():
    waited = []
    fake = FakeStackExchange(posts=days(150), backoffs={"users/{ids}/posts": 10, "users/{ids}": 5})
    read(fake, "posts", wait=lambda seconds: waited.append(seconds) or False)
    assert waited == [11]


def test_the_streams_share_the_pauses():
    waited = []
    streams = opened(
        FakeStackExchange(backoffs={"users/{ids}": 5}), wait=lambda seconds: waited.append(seconds) or False
    )
    for stream in streams.values():
        list(stream.read({}))
    assert waited == [6]


def test_a_long_backoff_lets_the_source_come_back_later():
    fake = FakeStackExchange(answers=days(150), backoffs={"users/{ids}/answers": 600})
    kept = until(RateLimited, opened(fake)["answers"].read({}))
    assert total(kept, "answers") == 100


def test_a_wait_that_is_interrupted_ends_the_read_quietly():
    fake = FakeStackExchange(answers=days(150), backoffs={"users/{ids}/answers": 10})
    batches = read(fake, "answers", wait=lambda _: True)
    assert total(batches, "answers") == 100
    assert spans(batches) == []


def test_what_is_left_of_the_quota_is_kept_and_a_used_up_one_is_not_tried():
    fake, meter = FakeStackExchange(answers=days(150), quota=2), Meter()
    kept = until(RateLimited, opened(fake, meter=meter)["answers"].read({}))
    assert total(kept, "answers") == 100
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    assert meter.budgets == {("no key", "stackexchange"): Budget(300, 0, midnight)}
    before = len(fake.requests)
    with pytest.raises(RateLimited, match="stackapps") as caught:
        read(fake, "answers", meter=meter)
    assert caught.value.retry_at == midnight
    assert len(fake.requests) == before


@pytest.mark.parametrize("status", [400, 502, 503])
def test_a_throttle_is_known_by_its_name_whatever_its_status(status):
    fake = FakeStackExchange(spoil=lambda *_: refused("throttle_violation", status=status))
    with pytest.raises(RateLimited) as caught:
        read(fake, "answers")
    assert caught.value.retry_at == NOW + timedelta(minutes=10)


def test_a_wrong_key_is_told_from_a_wrong_site():
    with pytest.raises(AuthFailed, match=r"stackapps\.com") as caught:
        read(FakeStackExchange(), "answers", key="wrong-key-123")
    assert "wrong-key-123" not in str(caught.value)
    with pytest.raises(Malformed, match="check `site`"):
        read(FakeStackExchange(), "answers", key=KEY, site="stackunderflow")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("key_required"), AuthFailed),
        (refused("temporarily_unavailable"), Unavailable),
        (packed({"items": None}), Malformed),
        (packed({"items": [{"user_id": "x"}]}), Malformed),
        (packed({"items": [], "has_more": True}), Gone),
        (Answer(200, {"Content-Encoding": "gzip"}, b"not compressed"), Malformed),
    ],
)
def test_a_refusal_is_named_by_what_to_do(answer, error):
    with pytest.raises(error):
        read(FakeStackExchange(spoil=lambda *_: answer), "answers")


@pytest.mark.parametrize(("name", "path"), [("answers", "answers"), ("posts", "comments")])
def test_a_list_that_has_more_and_gives_nothing_does_not_go_on_for_ever(name, path):
    fake = FakeStackExchange(posts=days(1))
    fake.spoil = lambda where, _: packed({"items": [], "has_more": True}) if where.endswith(path) else None
    with pytest.raises(Malformed, match="gave none"):
        read(fake, name)


@pytest.mark.parametrize("users", [(), ("me",), ("-1",), ("1",) * 101])
def test_wrong_users_are_refused(users):
    with pytest.raises(ValueError, match="users: 1 to 100 numbers"):
        StackexchangeConfig(users=users)


@pytest.mark.parametrize(("key", "value"), [("site", "Stack Overflow"), ("api_url", "ftp://example.org")])
def test_a_wrong_key_of_the_configuration_is_named(key, value):
    with pytest.raises(ValueError, match=f"^{key}: "):
        StackexchangeConfig(users=("1",), **{key: value})


# Recorded answers


def recorded(shared_data, name):
    return json.loads((shared_data / "platforms" / "stackexchange" / "perceval" / name).read_text())


def test_recorded_answers_and_comments_are_read(shared_data):
    """The recording holds questions with their answers and comments, which have the shape that the lists have."""
    page = recorded(shared_data, "stackexchange_question_backoff_page")
    said = {"answers": [], "comments": []}
    for question in page["items"]:
        for what in said:
            said[what] += question[what]
    users = {item["owner"]["user_id"] for item in said["answers"]}
    wrapper = {name: page[name] for name in ("quota_max", "quota_remaining", "backoff")}
    waited = []

    def spoil(path, _):
        what = path.rpartition("/")[2]
        return packed({**wrapper, "has_more": False, "items": said[what]}) if what in said else None

    fake, meter = FakeStackExchange(users=users, posts={1: BORN}, spoil=spoil), Meter()
    names = tuple(sorted(map(str, users)))
    assert total(read(fake, "answers", users=names, meter=meter), "answers") == 2
    assert meter.budgets["no key", "stackexchange"].remaining == 9989
    batches = read(fake, "posts", users=names, wait=lambda seconds: waited.append(seconds) or False)
    assert len({key for key in facts(batches) if key[0] == "post_comments"}) == 2
    assert rejects(batches) == []
