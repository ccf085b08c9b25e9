"""README and docs against the code: what exists is told, and what is told exists."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tomllib
from itertools import groupby
from pathlib import Path

import pytest

from connectors.base import Batch, Kind, Metric, Observation
from harvester import unit
from harvester.cli import install, parser, run
from harvester.config import load
from harvester.registry import Registry
from harvester.store import Store
from harvester.store.query import select
from tests.harvester.store.building import UTC_ZONE, Shelf, at, on

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DATABASE = (ROOT / "docs" / "database.md").read_text(encoding="utf-8")
CONNECTORS = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
INSTALL = "python3 -m venv .venv && . .venv/bin/activate && pip install -q uv && uv sync -q --frozen"


def fences(text, language):
    """The bodies of the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def named(page):
    return str(page.relative_to(ROOT))


def commands():
    """Every command of the parser with its own parser, `log talk` and the like included."""
    found = []

    def walk(name, each):
        found.append((name, each))
        for action in each._actions:
            if isinstance(action, argparse._SubParsersAction):
                for word, below in action.choices.items():
                    walk(f"{name} {word}", below)

    walk("harvest", parser.build())
    return found


def calls(text):
    """The arguments of each call of harvest in the shell lines of a text."""
    for line in "".join([*fences(text, "sh"), *fences(text, "text")]).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        for is_between, words in groupby(lexer, lambda token: set(token) <= set("();<>|&")):
            first, *rest = words
            if not is_between and first.rpartition("/")[2] == "harvest":
                yield rest
            elif not is_between and first in ("sudo", "docker"):
                called = [place for place, word in enumerate(rest) if word.rpartition("/")[2] == "harvest"]
                yield from (rest[place + 1 :] for place in called[:1])


CALLS = [(named(page), call) for page in PAGES for call in calls(page.read_text(encoding="utf-8"))]
QUERIES = [call[1] for _, call in CALLS if call[0] == "sql" and len(call) == 2]


@pytest.mark.parametrize("command", [name for name, _ in commands()])
def test_every_command_is_documented(command):
    assert f"`{command}" in TEXT or f"\n{command}" in TEXT


@pytest.mark.parametrize(
    "option",
    sorted(
        {option for _, each in commands() for action in each._actions for option in action.option_strings} - {"-h"}
    ),
)
def test_every_option_is_documented(option):
    assert option == "--help" or re.search(rf"(?<![\w-]){option}(?![\w-])", TEXT)


@pytest.mark.parametrize(("page", "call"), CALLS)
def test_every_call_in_the_docs_parses(page, call):
    assert parser.build().parse_args(call).command == call[0]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_speaks_of_a_command_that_does_not_exist(page):
    known = {name.split()[1] for name, _ in commands() if " " in name}

    assert set(re.findall(r"`harvest ([a-z][a-z-]*)", page.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("page", [README, OPERATIONS], ids=["README", "operations"])
def test_exit_codes_in_the_docs_are_those_of_the_help(page):
    shown = re.findall(r"(?<=\s)(\d+) [a-z]", parser.EXIT_CODES)

    assert re.findall(r"^\| (\d+) \|", page, re.MULTILINE) == shown


@pytest.mark.parametrize("command", ["daemon", "now", "sql"])
def test_the_readme_shows_the_ways_to_run_it(command):
    section = re.search(r"^## Three ways to run it$(.*?)^## ", README, re.MULTILINE | re.DOTALL)[1]

    assert command in [call[0] for call in calls(section)]


def test_a_call_behind_another_program_is_seen():
    text = "```text\nsudo .venv/bin/harvest check a\ndocker compose exec harvester harvest status --json\n```\n"

    assert list(calls(text)) == [["check", "a"], ["status", "--json"]]


def test_the_tables_of_the_unit_are_those_of_the_code():
    usual = unit.Service(kind="system", command=(), code=(), store=unit.CREDSTORE)

    assert f"`{usual.credential('NAME')}`" in OPERATIONS
    assert f"`{install.SYSTEM_UNITS / unit.NAME}`" in OPERATIONS
    assert f"`~/{install.user_units({'HOME': '/'}).relative_to('/') / unit.NAME}`" in OPERATIONS


def test_the_shown_backup_is_whole_and_keeps_loads_away_meanwhile(harvested, monkeypatch):
    (example,) = fences(OPERATIONS, "python")
    monkeypatch.chdir(harvested)
    monkeypatch.delenv("HARVEST_CONFIG", raising=False)
    script = example.replace("con.close()", "subprocess.run([*NOW], check=False); con.close()")
    now = [sys.executable, "-m", "harvester", "now", "--quiet", "--lock-timeout", "0"]
    codes = []

    def cp(command, check):
        codes.append(subprocess.run(command, capture_output=True, check=check).returncode)

    exec(  # noqa: S102 - our own documentation
        compile(script.replace("subprocess.run", "cp"), "the documentation", "exec"), {"cp": cp, "NOW": now}
    )

    assert codes == [0, 4]
    assert select(harvested / "backup" / "harvest.duckdb", "FROM observations")[1]


def test_the_first_two_shell_blocks_are_the_two_commands_that_ci_runs():
    first, second = (block.strip() for block in fences(README, "sh")[:2])
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert first == (
        f"{INSTALL} --no-dev --inexact && harvest demo && (test -e config.toml || harvest init) && harvest now"
    )
    assert second == f"{INSTALL} --inexact && python -m pytest -q -n 2"
    assert "$(command_of 1)" in ci
    assert "$(command_of 2)" in ci


def test_the_changelog_begins_with_the_version_of_the_project():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] == version


def anchors(page):
    """What GitHub makes of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_resolve(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        where, _, anchor = link.partition("#")
        target = page.parent / where if where else page
        if not re.match(r"https?:", link) and not (target.exists() and (not anchor or anchor in anchors(target))):
            broken.append(link)

    assert not broken


def test_every_page_can_be_reached_from_the_readme():
    reached, rest = set(), [ROOT / "README.md"]
    while rest:
        page = rest.pop().resolve()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)[^)]*\)", page.read_text(encoding="utf-8"))
        rest += [page.parent / link for link in links if "://" not in link]

    assert {page.resolve() for page in PAGES} <= reached


def test_every_public_view_and_column_is_documented_as_its_comment_says(tmp_path):
    store = Store(tmp_path / "harvest.duckdb", UTC_ZONE)
    store.prepare(timeout=5)
    with store.reading() as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns()"
            " WHERE schema_name = 'main' AND NOT internal ORDER BY table_name, column_index"
        ).fetchall()
    sections = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", DATABASE, re.MULTILINE | re.DOTALL))
    told = [
        (view, *row)
        for view in sorted(sections)
        for row in re.findall(r"^\| `(\w+)` \| .*? \| (.*?) \|$", sections[view], re.MULTILINE)
    ]

    assert told == columns


def test_growth_of_the_documented_counter_is_what_the_store_derives(tmp_path):
    rows = {
        head: {day: float(cell) for day, cell in enumerate(cells.strip("|").split("|"), 1) if cell.strip()}
        for head, cells in re.findall(r"^\| (reading|growth) (\|.*\|)$", DATABASE, re.MULTILINE)
    }
    shelf = Shelf(tmp_path, metrics=(Metric("post_comments", Kind.LEVEL),))
    for day, value in rows["reading"].items():
        shelf.harvest(Batch([Observation("post_comments", "post", str(on(day)), at(day), value)]))

    assert {day.day: total for day, total in shelf.ask("SELECT day, total FROM daily")} == rows["growth"]


@pytest.mark.parametrize("name", Registry().names())
def test_every_connector_is_listed_with_its_page(name):
    assert f"| `{name}` |" in CONNECTORS
    assert f"(connectors/{name}.md)" in CONNECTORS


def test_the_example_connector_is_shown_as_it_is_tested():
    code = (ROOT / "tests" / "examples" / "example_connector.py").read_text(encoding="utf-8")

    assert code in fences(CONNECTORS, "python")
    assert len(code.splitlines()) < 60


def test_the_shown_test_of_the_example_passes(tmp_path):
    code, test = fences(CONNECTORS, "python")
    (tmp_path / "example_connector.py").write_text(code)
    (tmp_path / "test_shown.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_shown.py"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_shown_configurations_load(page, tmp_path):
    (example,) = fences((ROOT / page).read_text(encoding="utf-8"), "toml")
    path = tmp_path / "config.toml"
    path.write_text(example)

    assert {source.name for source in load(path).sources} == {"work", "blog", "readers"}


@pytest.fixture(scope="module")
def harvested(tmp_path_factory):
    """A folder with a configuration and what one talk made of it."""
    folder = tmp_path_factory.mktemp("harvested")
    (folder / "config.toml").write_text('[source.talks]\nconnector = "talks"\n')
    (folder / "talks.toml").write_text(
        '[[talk]]\ntitle = "A"\ndate = 2026-06-01\naudience = 200\nattendees = 80\ninteractions = 23\n'
    )
    assert run(["now", "--quiet", "--config", str(folder / "config.toml")]) == 0
    return folder


@pytest.mark.parametrize("example", [*fences(README, "python"), *fences(DATABASE, "python")])
def test_python_examples_run(example, harvested, monkeypatch, capsys):
    monkeypatch.chdir(harvested)
    monkeypatch.delenv("HARVEST_CONFIG", raising=False)
    names = {}
    exec(compile(example, "the documentation", "exec"), names)  # noqa: S102 - our own documentation

    assert "essay" in capsys.readouterr().out


@pytest.mark.parametrize("query", [*fences(DATABASE, "sql"), *QUERIES])
def test_sql_examples_are_answered(query, harvested):
    columns, _ = select(harvested / "harvest.duckdb", query)

    assert columns
