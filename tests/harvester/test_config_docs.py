"""docs/configuration.md says what the code does: every key, every default, every form."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from connectors.base import Connector
from harvester.config import ConfigError, ScoringSettings, load, model
from harvester.registry import Registry
from harvester.schedule import parse

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
SECTIONS = dict(re.findall(r"^###? `?(.+?)`?\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def rows(section):
    """The keys of a section's table, with type, default and example."""
    return {
        key: (kind, default, example)
        for key, kind, default, _, example in re.findall(
            r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| ?(.*?) \|$", SECTIONS[section], re.MULTILINE
        )
    }


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("[harvest]", model.HARVEST_KEYS),
        ("[source.NAME]", model.SOURCE_KEYS),
        ("[scoring]", model.SCORING_KEYS),
        ("[scoring.weights]", model.WEIGHT_KEYS),
        ("[alerts]", model.ALERT_KEYS),
    ],
)
def test_every_key_of_the_model_is_documented_and_no_other(section, keys):
    assert list(rows(section)) == list(keys)


@pytest.mark.parametrize("connector", Registry().all(), ids=lambda connector: connector.name)
def test_every_key_of_an_installed_connector_is_documented_and_no_other(connector):
    documented = rows(f'connector = "{connector.name}"')
    fields = {field.name: field for field in dataclasses.fields(connector.config)}

    assert documented.keys() == fields.keys()
    for key, (_, default, _) in documented.items():
        nothing = (fields[key].default, fields[key].default_factory) == (dataclasses.MISSING, dataclasses.MISSING)
        assert (default == "required") == nothing, key


def test_every_installed_connector_has_a_section():
    assert {f'connector = "{name}"' for name in Registry().names()} <= SECTIONS.keys()


def test_documented_defaults_of_scoring_are_the_codes():
    documented = {key: default.strip("`") for key, (_, default, _) in rows("[scoring]").items()}
    text = "\n".join(f"{key} = {default}" for key, default in documented.items() if default != "none")

    assert ScoringSettings(**tomllib.loads(text)) == ScoringSettings()


def test_documented_defaults_of_a_source_are_the_codes():
    defaults = {key: default.strip("`") for key, (_, default, _) in rows("[source.NAME]").items()}

    assert defaults == {
        "connector": "required",
        "schedule": f'"{model.DEFAULT_SCHEDULE}"',
        "person": f'"{model.DEFAULT_PERSON}"',
        "enabled": "true",
        "timeout": f"{model.DEFAULT_TIMEOUT.total_seconds():g}",
        "allow_private": "false",
    }


@pytest.mark.parametrize("section", [name for name in SECTIONS if name.startswith(("[", "connector"))])
def test_documented_examples_are_toml(section):
    text = "\n".join(f"{key} = {example.strip('`')}" for key, (_, _, example) in rows(section).items() if example)

    assert tomllib.loads(text)


def test_documented_schedules_are_understood():
    forms = re.findall(r'`"(@\w+|every \w+|[\d*/]+ [^"]+)"`', SECTIONS["Schedules"])

    assert len(forms) == 11
    for form in forms:
        assert parse(form).text == form


def test_every_role_model_and_period_is_documented():
    for word in (*model.ROLES, *model.MODELS, *model.PERIODS):
        assert f"`{word}`" in SECTIONS["[scoring.weights]"] + SECTIONS["[scoring]"]


def test_documented_weights_load(tmp_path):
    example = re.search(r"```toml\n(.*?)```", SECTIONS["[scoring.weights]"], re.DOTALL)[1]
    path = tmp_path / "config.toml"
    path.write_text(f'{example}\n[source.blog]\nconnector = "talks"\nfile = "talks.toml"\n')
    weights = tomllib.loads(example)["scoring"]["weights"]

    assert load(path, registry=Anything()).scoring.weights == weights


class Anything:
    """A registry that knows one connector, with the keys of talks."""

    def names(self):
        return ("talks",)

    def get(self, name):
        config = dataclasses.make_dataclass("TalksConfig", [("file", "str")], frozen=True, kw_only=True)
        return Connector(name, config, lambda config, context: (), ())


def test_documented_messages_are_the_real_ones(tmp_path):
    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1]
    path = tmp_path / "config.toml"
    path.write_text(
        '\n\n[harvest]\ntimezone = "Europe/Berln"\n\n\n[source.work]\nconnector = "github"\nschedule = "61 * * * *"\n'
        'token = "my-token"\nrepos = ["ada/engine"]\n'
    )

    with pytest.raises(ConfigError) as caught:
        load(path)

    assert str(caught.value).replace(str(path), "config.toml") == shown.strip()
