"""docs/scoring.md against the code."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import scoring

DOCS = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")


def section(title):
    return re.split(r"^#+ ", DOCS.split(f" {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title):
    """The cells of each row of a section's tables, heads left out; inside back quotes, a cell is what they hold."""
    lines = [line.strip("|").split("|") for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line] for line in lines]


def test_every_weight_in_the_documentation_is_that_of_the_code():
    documented = {
        metric: scoring.Weighting(role, float(weight)) for metric, role, weight, _ in rows("Roles and weights")
    }

    assert documented == dict(scoring.DEFAULTS)


def test_every_setting_is_documented_with_its_default():
    documented = {setting: default for setting, default, _ in rows("Changing them")}
    defaults = {field.name: str(field.default) for field in dataclasses.fields(scoring.Params)}

    assert {**documented, "weights": defaults["weights"]} == defaults


def test_every_status_is_documented_and_no_other():
    assert [status for status, *_ in rows("What `status` says")] == list(scoring.Status)


def test_the_metrics_said_to_have_no_role_have_none():
    without = re.search(r"Without a role, .*?\. They", DOCS, flags=re.DOTALL).group()

    assert len(re.findall("`([a-z_]+)`", without)) > 10
    assert not set(re.findall("`([a-z_]+)`", without)) & set(scoring.DEFAULTS)


def test_the_python_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", DOCS, flags=re.DOTALL)
    names = {}
    exec(compile(example, "docs/scoring.md", "exec"), names)  # noqa: S102 - our own documentation

    assert len(names["result"].factors) == 4


def test_the_essays_example_is_quoted_as_it_is_computed():
    assert f"I_10 = 100 · 1.05¹⁰ · 2¹⁰ ≈ {scoring.essay_example().influence:,.0f}" in DOCS
