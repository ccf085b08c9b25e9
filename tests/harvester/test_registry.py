"""Connectors are found by entry point, loaded one by one, and a broken one harms no other."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from connectors.base import Connector
from harvester.registry import GROUP, BrokenConnector, Registry, UnknownConnector


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingConfig:
    pass


PODCAST = Connector("podcast", NothingConfig, lambda config, context: (), ())
OTHER = Connector("other", NothingConfig, lambda config, context: (), ())
NUMBER = 42


def offered(name, attribute, module=__name__):
    return EntryPoint(name=name, value=f"{module}:{attribute}", group=GROUP)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that can be imported until the test ends."""

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return write


def test_offered_connector_is_found_by_name():
    registry = Registry([offered("podcast", "PODCAST"), offered("other", "OTHER")])

    assert registry.names() == ("other", "podcast")
    assert registry.get("podcast") is PODCAST
    assert registry.all() == (OTHER, PODCAST)


def test_only_the_connector_asked_for_is_imported(module):
    module("never_imported_connector", "raise SystemExit('imported')")
    registry = Registry([offered("podcast", "PODCAST"), offered("never", "CONNECTOR", "never_imported_connector")])

    registry.get("podcast")

    assert "never_imported_connector" not in sys.modules


def test_unknown_connector_gets_the_nearest_and_what_is_installed():
    registry = Registry([offered("podcast", "PODCAST"), offered("other", "OTHER")])

    with pytest.raises(
        UnknownConnector, match=r'no connector "podcats"; did you mean "podcast"\? installed are: other, podcast'
    ):
        registry.get("podcats")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import a_package_that_is_not_there", "ModuleNotFoundError: No module named 'a_package_that_is_not_there'"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = ", "SyntaxError"),
        ("", "AttributeError: module 'broken_connector' has no attribute 'CONNECTOR'"),
    ],
)
def test_broken_connector_is_reported_by_name_and_leaves_the_others(module, text, why):
    module("broken_connector", text)
    registry = Registry([offered("broken", "CONNECTOR", "broken_connector"), offered("podcast", "PODCAST")])

    assert registry.all() == (PODCAST,)
    assert registry.broken().keys() == {"broken"}
    with pytest.raises(
        BrokenConnector, match=f'connector "broken" of broken_connector:CONNECTOR does not load: {why}'
    ):
        registry.get("broken")


def test_entry_point_that_is_no_connector_is_refused():
    with pytest.raises(BrokenConnector, match=r"is of type int, not a connectors\.base\.Connector"):
        Registry([offered("number", "NUMBER")]).get("number")


def test_connector_under_a_false_name_is_refused():
    with pytest.raises(BrokenConnector, match='calls itself "podcast"'):
        Registry([offered("other", "PODCAST")]).get("other")


def test_name_offered_twice_is_refused():
    registry = Registry([offered("podcast", "PODCAST"), offered("podcast", "CONNECTOR", "somewhere.else")])

    with pytest.raises(BrokenConnector, match="offered by several packages"):
        registry.get("podcast")


def test_same_offer_found_twice_is_no_conflict():
    assert Registry([offered("podcast", "PODCAST"), offered("podcast", "PODCAST")]).get("podcast") is PODCAST


def test_nobody_takes_over_one_of_our_names(monkeypatch):
    ours = EntryPoint(name="feed", value="connectors.not_there:CONNECTOR", group=GROUP)

    with pytest.raises(BrokenConnector, match=r"connectors\.not_there"):
        Registry([offered("feed", "PODCAST"), ours]).get("feed")


def test_our_own_connectors_are_installed():
    ours = {"feed", "github", "goatcounter", "plausible", "talks"}
    ours |= {"npm", "pypi", "gitlab", "hackernews", "stackexchange", "youtube"}

    assert ours <= set(Registry().names())
