"""The file that `harvest init` writes loads as it is, and so does every example in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.base import Connector, Secret
from harvester.config import ConfigError, ScoringSettings, load, template, write_config
from harvester.registry import Registry

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class TalksConfig:
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubConfig:
    repos: tuple[str, ...]
    token: Secret | None = None
    user: str | None = None
    api_url: str = "https://api.github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadsConfig:
    site: str
    api_key: Secret
    api_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UmamiConfig:
    site: str
    website: str
    api_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatomoConfig:
    api_url: str
    site_id: int
    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class DevtoConfig:
    api_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WordpressConfig:
    site: str
    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Ga4Config:
    site: str
    property_id: int
    account_key: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchconsoleConfig:
    site: str
    account_key: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoConfig:
    channel: str
    api_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForumConfig:
    users: tuple[str, ...]
    site: str
    api_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsConfig:
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabConfig:
    projects: tuple[str, ...]
    token: Secret | None = None
    user: str | None = None
    api_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelsConfig:
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulesConfig:
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvConfig:
    folder: str
    day_format: str = ""
    columns: Mapping[str, str]
    metrics: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SingerConfig:
    command: tuple[str, ...]
    config: str = ""
    secrets: Mapping[str, Secret]
    streams: Mapping[str, Mapping[str, str]]


class Ours:
    """The connectors the template speaks of, reduced to their keys."""

    configs = (
        ("talks", TalksConfig),
        ("github", GithubConfig),
        ("feed", FeedConfig),
        ("plausible", ReadsConfig),
        ("goatcounter", ReadsConfig),
        ("umami", UmamiConfig),
        ("matomo", MatomoConfig),
        ("devto", DevtoConfig),
        ("wordpress", WordpressConfig),
        ("ga4", Ga4Config),
        ("searchconsole", SearchconsoleConfig),
        ("youtube", VideoConfig),
        ("stackexchange", ForumConfig),
        ("hackernews", NewsConfig),
        ("gitlab", LabConfig),
        ("pypi", WheelsConfig),
        ("npm", ModulesConfig),
        ("csv", CsvConfig),
        ("singer", SingerConfig),
    )

    def names(self):
        return tuple(name for name, _ in self.configs)

    def get(self, name):
        return Connector(name, dict(self.configs)[name], lambda config, context: (), ())


def uncommented(text):
    """Every example switched on, as the template's first lines say."""
    return re.sub(r"^#(?! |$)", "", text, flags=re.MULTILINE)


@pytest.fixture
def load_text(tmp_path):
    def load_text(text, registry=None):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return load(path, registry=registry or Ours(), environ={})

    return load_text


def test_template_loads_as_it_is_with_talks_to_harvest(load_text):
    settings = load_text(template())

    assert [(source.name, source.config) for source in settings.select()] == [
        ("talks", TalksConfig(file="talks.toml"))
    ]


def test_template_shows_the_defaults_of_scoring(load_text):
    assert load_text(template()).scoring == ScoringSettings()


def test_every_example_of_the_template_loads(load_text):
    settings = load_text(uncommented(template()))

    assert [source.connector.name for source in settings.sources] == list(Ours().names())
    assert settings.scoring.weights == {"stars": 25.0, "release_downloads": {"role": "reads", "weight": 5.0}}


@pytest.mark.parametrize("text", [template(), uncommented(template())], ids=["as it is", "every example"])
def test_template_loads_with_the_connectors_installed(load_text, text):
    registry = Registry()
    if registry.broken() and os.environ.get("CI") != "true":
        pytest.skip(f"connectors that do not load here: {', '.join(registry.broken())}")

    assert load_text(text, registry).sources


def test_template_shows_every_connector_that_comes_with_it(load_text):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = {source.connector.name for source in load_text(uncommented(template())).sources}

    assert shown == set(project["entry-points"]["harvester.connectors"])


def test_example_at_the_root_is_the_template():
    assert (ROOT / "config.example.toml").read_text() == template()


def test_answers_are_put_in_and_switch_their_tables_on(load_text):
    text = template(
        {
            "harvest": {"timezone": "Europe/Berlin"},
            "source.work": {"token": "file:token", "repos": ["ada/engine"]},
            "source.blog": {"url": 'https://example.org/"a"\\b'},
        }
    )

    settings = load_text(text)

    assert settings.timezone.key == "Europe/Berlin"
    assert [source.name for source in settings.sources] == ["talks", "work", "blog"]
    assert settings.sources[1].config.repos == ("ada/engine",)
    assert repr(settings.sources[1].config.token) == "Secret('file:token')"
    assert settings.sources[1].config.user is None
    assert settings.sources[2].config.url == 'https://example.org/"a"\\b'


def test_answers_leave_the_comments_in_place():
    filled = template({"harvest": {"timezone": "Europe/Berlin"}})

    assert filled == template().replace('timezone = "UTC"', 'timezone = "Europe/Berlin"')


@pytest.mark.parametrize("value", ["a\x7fb", "ü\n\t\x00", 'q"q', [], ["a", "b"], True, 1, 0.5])
def test_any_answer_is_valid_toml(value):
    text = template({"harvest": {"timezone": value}})

    assert tomllib.loads(text)["harvest"]["timezone"] == value


def test_answer_the_template_does_not_know_is_a_defect():
    with pytest.raises(KeyError, match=r"source\.blog\.uri"):
        template({"source.blog": {"uri": "https://example.org"}})


def test_written_file_is_the_template_and_its_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "config.toml"

    write_config(path)

    assert path.read_text() == template()


def test_given_text_is_written_instead(tmp_path):
    write_config(tmp_path / "config.toml", "# mine\n")

    assert (tmp_path / "config.toml").read_text() == "# mine\n"


def test_existing_file_is_never_overwritten(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("mine")

    with pytest.raises(ConfigError, match="already there and was left as it is"):
        write_config(path)
    assert path.read_text() == "mine"


def test_link_to_nowhere_is_not_followed(tmp_path):
    (tmp_path / "config.toml").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConfigError, match="already there"):
        write_config(tmp_path / "config.toml")
    assert not (tmp_path / "elsewhere").exists()


def test_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="its folder cannot be made: File exists"):
        write_config(tmp_path / "file" / "config.toml")


def test_write_that_fails_half_way_leaves_no_file(tmp_path):
    # A limit on the size of files fails as a full disk does.
    script = (
        "import resource, sys, pathlib; from harvester.config import ConfigError, write_config\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: write_config(pathlib.Path(sys.argv[1]))\n"
        "except ConfigError as error: print(error)"
    )
    path = tmp_path / "config.toml"
    done = subprocess.run([sys.executable, "-B", "-c", script, path], capture_output=True, text=True)

    assert f"{path}: cannot be written: File too large" in done.stdout
    assert not path.exists()
