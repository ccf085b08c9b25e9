"""[harvest] listen and [alerts]: read, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvester.config import Address, AlertSettings, ConfigError, Settings, load

HOOK = "https://hooks.slack.com/services/T0123/B4567/abcdefgh12345678ijkl"


def read(folder: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    path = folder / "config.toml"
    path.write_text(text)
    return load(path, environ=environ or {})


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return [str(problem) for problem in caught.value.problems]


def test_nothing_listens_and_nobody_is_told_by_default(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert settings.listen is None
    assert settings.alerts == AlertSettings()
    assert (settings.alerts.webhook, settings.alerts.command, settings.alerts.allow_private) == (None, (), False)


@pytest.mark.parametrize(
    ("written", "address", "is_loopback"),
    [
        ("127.0.0.1:9797", Address("127.0.0.1", 9797), True),
        ("127.8.0.1:1", Address("127.8.0.1", 1), True),
        ("localhost:9797", Address("localhost", 9797), True),
        ("[::1]:9797", Address("::1", 9797), True),
        ("0.0.0.0:65535", Address("0.0.0.0", 65535), False),  # noqa: S104 - that it is known for what it is
        ("[2001:db8::1]:80", Address("2001:db8::1", 80), False),
        ("harvester.internal:9797", Address("harvester.internal", 9797), False),
    ],
)
def test_an_address_is_read(tmp_path: Path, written: str, address: Address, is_loopback: bool) -> None:
    found = read(tmp_path, f'[harvest]\nlisten = "{written}"').listen
    assert found == address
    assert str(found) == written
    assert address.is_loopback == is_loopback


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("9797", "expected a text in quotes, got 9797"),
        ('":9797"', '":9797" is not a host and a port; write "127.0.0.1:9797" or "[::1]:9797"'),
        ('"localhost"', '"localhost" is not a host and a port; write "127.0.0.1:9797" or "[::1]:9797"'),
        ('"::1:9797"', '"::1:9797" is not a host and a port; write "127.0.0.1:9797" or "[::1]:9797"'),
        (
            '"http://localhost:80"',
            '"http://localhost:80" is not a host and a port; write "127.0.0.1:9797" or "[::1]:9797"',
        ),
        ('"localhost:0"', "port 0 does not exist; write one from 1 to 65535; below 1024 needs rights"),
        ('"localhost:65536"', "port 65536 does not exist; write one from 1 to 65535; below 1024 needs rights"),
        ('"[::zz]:80"', '"[::zz]:80" is not a host and a port; write "127.0.0.1:9797" or "[::1]:9797"'),
        ('"[1:2]:80"', '"1:2" is not an IPv6 address'),
    ],
)
def test_what_is_no_address_is_named(tmp_path: Path, written: str, what: str) -> None:
    assert mistakes(tmp_path, f"[harvest]\nlisten = {written}") == [f"line 2: harvest.listen: {what}"]


def test_alerts_are_read(tmp_path: Path) -> None:
    text = '[alerts]\nwebhook = "env:HOOK"\ncommand = ["./tell", "me"]\nallow_private = true'
    alerts = read(tmp_path, text, {"HOOK": HOOK}).alerts
    assert alerts.webhook is not None
    assert alerts.webhook.reveal() == HOOK
    assert (alerts.command, alerts.allow_private) == (("./tell", "me"), True)
    assert HOOK not in repr(alerts)


def test_a_webhook_in_a_file_lies_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "hook").touch(mode=0o600)
    (tmp_path / "hook").write_text(f"{HOOK}\n")
    webhook = read(tmp_path, '[alerts]\nwebhook = "file:hook"').alerts.webhook
    assert webhook is not None
    assert webhook.reveal() == HOOK


def test_a_literal_webhook_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, f'[alerts]\nwebhook = "{HOOK}"')
    assert said.startswith("line 2: alerts.webhook: a secret is not written here, only where it lies")
    assert "abcdefgh" not in said


def test_every_mistake_of_alerts_is_told_at_once(tmp_path: Path) -> None:
    text = '[alerts]\nwebhok = "env:A"\ncommand = "tell me"\nallow_private = 1\nwebhook = 5'
    assert mistakes(tmp_path, text) == [
        'line 2: alerts.webhok: unknown key; did you mean "webhook"?',
        'line 3: alerts.command: expected a list of texts; write ["tell me"]',
        "line 4: alerts.allow_private: expected true or false, got 1",
        "line 5: alerts.webhook: expected a text in quotes that says where the secret lies",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[alerts]\ncommand = []", 'line 2: alerts.command: must name a program; write ["/usr/local/bin/tell-me"]'),
        ('[alerts]\ncommand = [""]', "line 2: alerts.command: must not be empty"),
        (
            '[alerts]\ncommand = ["a"]\nallow_private = true',
            "line 3: alerts.allow_private: is about the webhook, and there is none; add webhook, or remove it",
        ),
        ("alerts = 1", "line 1: alerts: is a table, not a value; write [alerts]"),
        ('[alert]\nwebhook = "env:A"', 'line 1: alert: unknown key; did you mean "alerts"?'),
        ('listen = "localhost:1"', "line 1: listen: unknown key; it belongs under [harvest]"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, text: str, said: str) -> None:
    assert mistakes(tmp_path, text) == [said]
