"""Keys of a source that are tables: read, hashed, and refused with the line of each mistake within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from connectors.base import Connector, Secret
from harvester.config import ConfigError, load
from tests.harvester.small_registry import TOKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesConfig:
    names: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    def __post_init__(self):
        if wrong := [name for name in self.names if name.startswith("x")]:
            raise ValueError("\n".join(f"names.{name}: must not begin with x" for name in wrong))


class Tables:
    """A registry with one connector, whose keys are tables."""

    def names(self):
        return ("tables",)

    def get(self, name):
        return Connector(name, TablesConfig, lambda config, context: (), ())


def load_tables(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(f'[source.a]\nconnector = "tables"\n{text}')
    return load(path, registry=Tables())


def test_tables_of_texts_are_keys(tmp_path):
    text = '[source.a.names]\nday = "Date"\n[source.a.parts.one]\nkey = "id"\n'
    (source,) = load_tables(tmp_path, text).sources
    assert dict(source.config.names) == {"day": "Date"}
    assert {name: dict(part) for name, part in source.config.parts.items()} == {"one": {"key": "id"}}


def test_a_changed_table_reads_something_else_and_a_reordered_one_does_not(tmp_path):
    hashes = [
        load_tables(tmp_path, text).sources[0].config_hash
        for text in (
            "",
            'names = { a = "1", b = "2" }',
            'names = { b = "2", a = "1" }',
            'names = { a = "1", b = "3" }',
        )
    ]
    assert hashes[1] == hashes[2]
    assert len(set(hashes)) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('names = "a"', 'source.a.names: expected a table, got "a"; write it as a [table]'),
        ("names = { day = 3 }", 'source.a.names: "day": expected a text in quotes, got 3'),
        ('names = { day = "" }', 'source.a.names: "day": must not be empty'),
        ('parts = { one = "a" }', 'source.a.parts: "one": expected a table'),
        ("parts = { one = { key = 3 } }", 'source.a.parts: "one": "key": expected a text'),
    ],
)
def test_a_table_of_something_else_is_refused(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        load_tables(tmp_path, text)
    assert said in str(caught.value)


def test_every_mistake_within_a_table_has_its_line(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_tables(tmp_path, '[source.a.names]\nx1 = "a"\nok = "b"\nx2 = "c"\n')
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (4, "source.a.names.x1"),
        (6, "source.a.names.x2"),
    ]


def test_secrets_in_a_table_are_references_and_leave_what_is_read_alone(tmp_path):
    sources = [load_tables(tmp_path, text).sources[0] for text in ("", 'secrets = { token = "env:TOKEN" }')]
    assert repr(sources[1].config.secrets["token"]) == "Secret('env:TOKEN')"
    assert sources[0].config_hash == sources[1].config_hash


@pytest.mark.parametrize("text", [f'secrets = {{ token = "{TOKEN}" }}', "secrets = { token = 12345678 }"])
def test_a_secret_itself_in_a_table_is_refused_and_not_repeated(tmp_path, text):
    with pytest.raises(ConfigError, match=r'source\.a\.secrets: "token": ') as caught:
        load_tables(tmp_path, text)
    assert TOKEN not in str(caught.value)
    assert "12345678" not in str(caught.value)
