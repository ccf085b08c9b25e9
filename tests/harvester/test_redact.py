"""What was revealed is masked, wherever and in whatever form it turns up."""

from __future__ import annotations

import io
import logging
from urllib.parse import quote

import pytest

from harvester.redact import MASK, RedactingFilter, Redactor, scrub

TOKEN = "ghp_s3cr3tT0kenWith+/=Chars"


@pytest.fixture
def redactor():
    known = Redactor()
    known.register(TOKEN)
    return known


class Log:
    """A logger with one guarded handler, and what it wrote."""

    def __init__(self, redactor):
        self.text = io.StringIO()
        handler = logging.StreamHandler(self.text)
        handler.addFilter(RedactingFilter(redactor))
        handler.setFormatter(logging.Formatter("%(message)s"))
        self.logger = logging.Logger("test")
        self.logger.addHandler(handler)


@pytest.mark.parametrize(
    "form", [TOKEN, f"x{TOKEN}y", quote(TOKEN, safe=""), quote(TOKEN), f"https://u:{TOKEN}@host/?key={TOKEN}"]
)
def test_registered_secret_is_masked_in_every_form(redactor, form):
    masked = redactor.redact(form)

    assert MASK in masked
    assert "s3cr3t" not in masked


def test_secret_with_quotes_is_masked_in_a_repr_and_in_json(redactor):
    redactor.register("a\"b\\c'd\nefgh")

    assert redactor.redact(repr({"k": "a\"b\\c'd\nefgh"})) == f"{{'k': '{MASK}'}}"
    assert redactor.redact(r'{"k": "a\"b\\c' + r"'d\nefgh" + '"}') == f'{{"k": "{MASK}"}}'


def test_each_line_of_a_long_secret_is_masked(redactor):
    redactor.register("-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n")

    assert redactor.redact("at MIIEvQIBADANBg in line 2") == f"at {MASK} in line 2"


def test_secret_that_contains_another_leaves_no_tail(redactor):
    redactor.register(f"{TOKEN}-and-more")

    assert redactor.redact(f"{TOKEN}-and-more") == MASK


def test_short_secret_is_masked_as_a_word_only(redactor):
    redactor.register("stars")

    assert redactor.redact("password stars, metric stargazers, 25stars") == (
        f"password {MASK}, metric stargazers, 25stars"
    )


def test_very_short_secret_does_not_blank_out_the_text(redactor):
    redactor.register("a")
    redactor.register("")

    assert redactor.redact("a banana") == "a banana"


def test_rotated_secrets_are_forgotten_oldest_first_but_not_what_is_in_use(redactor):
    for number in range(300):
        redactor.register(f"rotated-{number:04}")
        redactor.register(TOKEN)

    assert redactor.redact("rotated-0000 rotated-0299") == f"rotated-0000 {MASK}"
    assert redactor.redact(TOKEN) == MASK


def test_nothing_registered_changes_nothing():
    assert Redactor().redact("all of it") == "all of it"


def test_log_message_and_arguments_are_masked(redactor):
    log = Log(redactor)

    log.logger.warning("refused %s for %s", TOKEN, {"Authorization": TOKEN})

    assert log.text.getvalue() == f"refused {MASK} for {{'Authorization': '{MASK}'}}\n"


def test_exception_text_is_masked_and_cannot_be_formatted_again(redactor):
    log, records = Log(redactor), []
    later = logging.Handler()
    later.emit = records.append
    log.logger.addHandler(later)

    try:
        raise ConnectionError(f"no route to https://host/?key={TOKEN}")
    except ConnectionError:
        log.logger.exception("harvest failed")

    assert f"ConnectionError: no route to https://host/?key={MASK}" in log.text.getvalue()
    assert "Traceback" in log.text.getvalue()
    assert TOKEN not in log.text.getvalue()
    assert records[0].exc_info is None
    assert TOKEN not in records[0].exc_text


def test_stack_is_masked(redactor):
    log = Log(redactor)
    record = logging.makeLogRecord({"msg": "m", "levelno": logging.INFO, "stack_info": f"f({TOKEN!r})"})

    log.logger.handle(record)

    assert log.text.getvalue() == f"m\nf('{MASK}')\n"


def test_log_call_with_wrong_arguments_does_not_stop_the_caller(redactor):
    log = Log(redactor)

    log.logger.warning("%d rows for %s", TOKEN)  # noqa: PLE1206 - that is the point

    assert log.text.getvalue() == "%d rows for %s (arguments left out: they do not fit)\n"


def test_harmless_exception_keeps_its_details(redactor):
    log, records = Log(redactor), []
    later = logging.Handler()
    later.emit = records.append
    log.logger.addHandler(later)

    try:
        raise ConnectionError("no route")
    except ConnectionError:
        log.logger.exception("harvest failed")

    assert records[0].exc_info is not None


@pytest.mark.parametrize(
    "text",
    [
        "ghp_abcdefghijklmnop",
        "github_pat_11ABCDEFG0abcdefghijkl",
        "glpat-abcdefghijkl",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==",
        "550e8400-e29b-41d4-a716-446655440000",
        "https://me:hunter2@example.org/feed",
    ],
)
def test_unknown_text_that_looks_like_a_secret_is_scrubbed(text):
    assert MASK in scrub(text)
    assert "hunter2" not in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "your-organisation-2024/engine",
        "https://example.org/a-long-title-of-a-post-from-2024/index.html",
        "config.toml",
        "0 */6 * * *",
        "participation_rate_of_the_audience",
    ],
)
def test_ordinary_text_is_not_scrubbed(text):
    assert scrub(text) == text
