"""Keep secrets out of logs, messages and reports."""

from __future__ import annotations

import json
import logging
import re
import threading
from urllib.parse import quote, quote_plus

MASK = "[redacted]"

_LONG = 8  # from here on a value is masked wherever it stands, even inside a word
_SHORT = 4  # below this, masking would blank out ordinary text and hide nothing
_REMEMBERED = 256  # rotated values pile up in a daemon; the oldest are long invalid

_KNOWN_SHAPES = re.compile(
    r"(?:gh[opsur]_|github_pat_|glpat-|xox[a-z]-|sk-|pypi-|AKIA|eyJ)[A-Za-z0-9_.-]{8,}|(?<=://)[^/@\s:]*:[^/@\s]+(?=@)"
)
_WORDS = re.compile(r"[A-Za-z0-9_+=-]{20,}")


class Redactor:
    """Knows the secrets that were revealed and masks them in text. Safe to use from several threads."""

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def register(self, value: str) -> None:
        """Mask `value` from now on, also as it looks in a URL, in JSON and in a repr."""
        if len(value) < _SHORT:
            return
        with self._lock:
            known = value in self._values
            self._values.pop(value, None)
            self._values[value] = None  # now the youngest: what is still in use is not forgotten
            if known:
                return
            while len(self._values) > _REMEMBERED:
                del self._values[next(iter(self._values))]
            # Made when something is to be printed: a harvest reveals many secrets, and each would compile all anew.
            self._pattern = None

    def redact(self, text: str) -> str:
        """`text` with every registered secret masked."""
        with self._lock:
            if self._pattern is None and self._values:
                forms = {form for known in self._values for form in _forms(known)}
                # Longest first, so that a secret which contains another leaves no tail.
                self._pattern = re.compile("|".join(map(_expression, sorted(forms, key=len, reverse=True))))
            pattern = self._pattern
        return pattern.sub(MASK, text) if pattern else text


def _forms(value: str) -> set[str]:
    lines = [line for line in value.splitlines() if len(line) >= _LONG]
    return {
        form
        for part in (value, *lines)
        for form in (
            part,
            quote(part, safe=""),
            quote(part),
            quote_plus(part),
            json.dumps(part)[1:-1],
            repr(part)[1:-1],
        )
    }


def _expression(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= _LONG else rf"(?<!\w){escaped}(?!\w)"


SECRETS = Redactor()
"""Every secret that this process has revealed."""

register = SECRETS.register
redact = SECRETS.redact


def scrub(text: str) -> str:
    """`text` with everything masked that looks like a secret, known or not: for values that a user mistyped."""
    return _WORDS.sub(lambda word: MASK if _is_random(word[0]) else word[0], _KNOWN_SHAPES.sub(MASK, redact(text)))


def _is_random(word: str) -> bool:
    """Letters and digits mixed within a part, as in a key; `your-organisation-2024` is not."""
    return any(
        len(part) >= _LONG and re.search("[0-9]", part) and re.search("[A-Za-z]", part)
        for part in re.split("[-_]", word)
    )


class RedactingFilter(logging.Filter):
    """Masks secrets in a record's message, arguments, exception and stack.

    Add it to handlers: a filter on a logger does not see what its children log.
    """

    def __init__(self, redactor: Redactor = SECRETS) -> None:
        super().__init__()
        self._redactor = redactor
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, masked."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit, or that cannot be printed: no reason to stop the caller
            record.msg, record.args = f"{record.msg} (arguments left out: they do not fit)", ()
            message = record.getMessage()
        if (masked := self._redactor.redact(message)) != message:
            record.msg, record.args = masked, ()
        if record.exc_info:
            text = record.exc_text or self._formatter.formatException(record.exc_info)
            if (masked := self._redactor.redact(text)) != text:
                # Without exc_info no later handler can format the exception again, from its own values.
                record.exc_info, record.exc_text = None, masked
        elif record.exc_text:
            record.exc_text = self._redactor.redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redactor.redact(record.stack_info)
        return True
