"""The HTTP door: the words for programs in which a service says what its refusal is."""

from __future__ import annotations

import json

import pytest
from loopback import door, reply, serving

from connectors.answers import codes_of
from connectors.errors import ConnectorError

QUOTA = {
    "error": {
        "code": 403,
        "message": "The request cannot be completed because you have exceeded your quota.",
        "errors": [{"message": "exceeded", "domain": "youtube.quota", "reason": "quotaExceeded"}],
        "status": "PERMISSION_DENIED",
    }
}


def test_a_refusal_carries_the_words_for_programs():
    with (
        serving(reply(403, json.dumps(QUOTA).encode())) as server,
        door() as http,
        pytest.raises(ConnectorError) as caught,
    ):
        http.get(server.url)
    assert caught.value.codes == {"quotaExceeded", "PERMISSION_DENIED"}


def test_an_error_that_is_no_answer_carries_none():
    with door() as http, pytest.raises(ConnectorError) as caught:
        http.get("ftp://example.org")
    assert caught.value.codes == frozenset()


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b'{"error_id": 502, "error_name": "throttle_violation"}', {"throttle_violation"}),
        (b'{"reason": 7, "status": "two words", "error_name": ["a"]}', set()),
        (b'{"reason": "the_secret_key"}', set()),
        (b"<html>", set()),
        (b"[" * 100_000, set()),
        (b"", set()),
    ],
)
def test_only_words_are_taken_and_no_secret(body, codes):
    assert codes_of(body, {"the_secret_key"}) == codes
