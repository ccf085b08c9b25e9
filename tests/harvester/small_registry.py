"""A registry of a few small connectors and configurations that name them, for the tests of loading one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from connectors.base import Connector, Kind, Metric, Secret, StreamSpec
from harvester.config import load
from harvester.registry import BrokenConnector, UnknownConnector

TOKEN = "ghp_abcdefghijklmnopqrst0123456789"
TWO_SOURCES = """
[source.one]
connector = "page"
url = "https://one"
[source.two]
connector = "page"
url = "https://two"
enabled = false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    url: str = field(metadata={"help": "address of the page"})

    def __post_init__(self):
        if not self.url.startswith("https://"):
            raise ValueError(f"url: must start with https://, got {self.url}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EverythingConfig:
    name: str
    token: Secret
    limit: int = 10
    share: float = 0.5
    deep: bool = False
    repos: tuple[str, ...] = ()
    since: date | None = None
    label: str | None = None
    key: Secret | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConfig:
    words: set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashConfig:
    timeout: int


def open_nothing(config, context):
    return ()


LISTENS = StreamSpec("listens", (Metric("listens", Kind.DAILY),))


class Installed:
    """A registry of a few connectors, one of them broken."""

    connectors: ClassVar = {
        "page": Connector("page", PageConfig, open_nothing, (LISTENS,)),
        "everything": Connector("everything", EverythingConfig, open_nothing, ()),
        "set": Connector("set", SetConfig, open_nothing, ()),
        "clash": Connector("clash", ClashConfig, open_nothing, ()),
    }

    def names(self):
        return ("broken", "page", "everything")

    def get(self, name):
        if name == "broken":
            raise BrokenConnector('connector "broken" does not load: ImportError')
        try:
            return self.connectors[name]
        except KeyError:
            raise UnknownConnector(f'no connector "{name}"; installed are: {", ".join(self.names())}') from None


def reader_in(folder):
    """What reads a text as the configuration of this folder, with the small connectors installed."""

    def read(text, environ=None):
        path = folder / "config.toml"
        path.write_text(text)
        return load(path, registry=Installed(), environ=environ or {})

    return read


def source(**keys):
    """A source "s" with these keys, given as TOML."""
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f"[source.s]\n{lines}"


def everything(**keys):
    return source(connector='"everything"', name='"n"', token='"env:TOKEN"', **keys)
