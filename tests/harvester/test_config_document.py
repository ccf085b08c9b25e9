"""Where each key of a TOML file stands, and what is said of a file that is not TOML."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.config import ConfigError
from harvester.config.document import read
from harvester.config.template import template


@pytest.fixture
def parse(tmp_path):
    def parse(text):
        path = tmp_path / "config.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return parse


@pytest.fixture
def complaint(parse):
    def complaint(text):
        with pytest.raises(ConfigError) as caught:
            parse(text)
        (problem,) = caught.value.problems
        return str(problem)

    return complaint


def test_line_of_a_key_is_found_behind_every_kind_of_value(parse):
    doc = parse(
        '''\
# a comment with a = 1 and [brackets
top = "a # no comment" # a comment
long = """
fake = 1
[fake]
\\""" still inside """
raw = \'\'\'
fake = 2\'\'\'
list = [
  "]", # ]
  { fake = 1 },
]
[ source . "my blog" ]   # a comment
url = "x"
inner.key = 1
'quoted' = 2
[[many]]
a = 1
[[many]]
a = 2
'''
    )

    assert doc.lines == {
        ("top",): 2,
        ("long",): 3,
        ("raw",): 7,
        ("list",): 9,
        ("source",): 13,
        ("source", "my blog"): 13,
        ("source", "my blog", "url"): 14,
        ("source", "my blog", "inner"): 15,
        ("source", "my blog", "inner", "key"): 15,
        ("source", "my blog", "quoted"): 16,
        ("many",): 17,
        ("many", "a"): 18,
    }


def test_missing_key_has_the_line_of_its_table(parse):
    doc = parse('x = 1\n[source.blog]\nconnector = "feed"\n')

    assert doc.line_of(("source", "blog", "url")) == 2
    assert doc.line_of(("scoring",)) is None


def test_every_key_of_the_template_has_a_line_that_shows_it(parse):
    doc = parse(template())
    text = template().splitlines()

    assert {path[-1] for path in doc.lines} >= {
        "database",
        "timezone",
        "connector",
        "file",
        "model",
        "half_life_days",
    }
    assert all(path[-1] in text[line - 1] for path, line in doc.lines.items())


KEYS = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
VALUES = st.sampled_from(
    [
        "1",
        '"#"',
        "'['",
        '"""\n]\n"""',
        "[1,\n2, # x\n]",
        "{ a = 1 }",
        "2025-01-31",
        '"\\""',
        "'''\n\n'''",
        "[]",
        '"""a""""',
    ]
)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4), st.integers(0, 2))
def test_lines_are_right_for_any_tables_and_values(tmp_path_factory, tables, blanks):
    lines, expected = [], {}
    for name, content in tables.items():
        lines += ["# [x]"] * blanks + [f"[{name}]"]
        expected[name,] = len(lines)
        for key, value in content.items():
            expected[name, key] = len(lines) + 1
            lines += f"{key} = {value}".split("\n")
    path = tmp_path_factory.mktemp("any") / "config.toml"
    path.write_text("\n".join(lines))

    doc = read(path)

    assert doc.lines == expected
    assert doc.table == tomllib.loads("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[a]\nx = 1\n\nx = "2"\n', "line 4: a.x: stands here and in line 2; keep one of them"),
        ("[a]\nx = 1\n[b]\n[a]\ny = 1\n", "line 4: a: stands here and in line 1; keep one of them"),
        ("[[a]]\nx = 1\n[[a]]\nx = 1\nx = 2\n", "line 5: a.x: stands here and in line 4; keep one of them"),
        (
            "x = 1\nx = [\n1,\n",
            "is not valid TOML: Invalid value (at end of document); a quote or a bracket is not closed",
        ),
        ("a.b = 1\na = 2\n", "line 2: is not valid TOML: Cannot overwrite a value"),
        ("x = harvest\n", "line 1: is not valid TOML: Invalid value; text needs quotes"),
        ('[a]\nx = "open\n', "line 2: is not valid TOML: Illegal character"),
        ("x\n", "line 1: is not valid TOML: Expected '=' after a key"),
        ("[a\n", "line 1: is not valid TOML: Expected ']'"),
        ('x = "open', "is not valid TOML: Unterminated string (at end of document)"),
        (b"x = '\xff'", "is not UTF-8 text; save it as UTF-8"),
        ("#" * 2_000_000, "is too large for a configuration; check the path"),
    ],
)
def test_file_that_is_not_toml_says_where_it_stops(complaint, text, expected):
    assert expected in complaint(text)


def test_missing_file_is_an_error_not_a_traceback(tmp_path):
    with pytest.raises(ConfigError, match=r"config\.toml: cannot be read: No such file or directory"):
        read(tmp_path / "config.toml")


def test_folder_in_place_of_a_file_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read(tmp_path)
