"""[works]: addresses that are one post, and what cannot be meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harvester.config import ConfigError, load
from harvester.scorejob import rescore
from tests.harvester.store.building import Shelf

A, B, C = "https://blog.example/a", "https://dev.to/me/a", "https://www.youtube.com/watch?v=a"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_works_are_read(config: Path) -> None:
    config.write_text(f'[works]\n"{A}" = ["{B}", "{C}"]\n"{A}/b" = []\n')

    assert load(config).works == {A: (B, C), f"{A}/b": ()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('On = ["https://dev.to/me/a"]', "works.On: is not the address of a page"),
        (f'"{A}" = "{B}"', f'works."{A}": expected a list of texts; write ["{B}"]'),
        (f'"{A}" = {{ alias = "{B}" }}', f'works."{A}": expected a list of texts, got'),
        (f'"{A}" = [""]', f'works."{A}": must not be empty'),
        (f'"{A}" = ["dev.to/me/a"]', f'works."{A}": "dev.to/me/a" is not the address of a page; write "https://'),
        (f'"{A}" = ["http://blog.example/a/"]', '"http://blog.example/a/" is its own page; take it out of the list'),
        (f'"{A}" = ["{B}", "{B}?utm_source=x"]', f'works."{A}": "{B}?utm_source=x" stands here twice; keep it once'),
        (f'"{A}" = ["{B}"]\n"{C}" = ["{B}"]', f'works."{C}": "{B}" belongs to "{A}" too; keep it under one work'),
        (f'"{A}" = ["{B}"]\n"{B}" = ["{C}"]', f'works."{A}": "{B}" is a work of its own here; put all addresses'),
        (f'"{A}" = []\n"{A}/" = ["{C}"]', f'works."{A}/": is the same page as "{A}"; keep one of them'),
    ],
)
def test_a_mistake_is_named_with_its_key_and_its_remedy(config: Path, text: str, said: str) -> None:
    config.write_text(f"[works]\n{text}\n")

    with pytest.raises(ConfigError) as caught:
        load(config)

    assert said in str(caught.value)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].line


def test_every_score_keeps_what_is_stated_then(config: Path) -> None:
    shelf = Shelf(config.parent)
    for text, rows in ((f'"{A}" = ["{B}", "{C}"]\n"{A}b" = []', [(A, B), (A, C), (f"{A}b", "")]), ("", [])):
        config.write_text(f"[works]\n{text}\n")
        rescore(load(config), today=date(2026, 11, 9))

        assert shelf.ask("FROM store.aliases ORDER BY ALL") == rows
