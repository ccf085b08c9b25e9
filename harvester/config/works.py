"""[works] of the configuration: which addresses are one and the same post."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from connectors.links import canonical
from harvester.config import values
from harvester.config.errors import Mistake, shown
from harvester.config.table import Table

_EXAMPLE = 'write "https://example.org/a" = ["https://dev.to/me/a"]'


def read_works(table: Table) -> Mapping[str, tuple[str, ...]]:
    """Each work's other addresses by its own; no page stands for two works, and none twice."""
    works: dict[str, tuple[str, ...]] = {
        work: table.take(work, _addresses, ()) for work in table if _is_page(table, work)
    }
    owners: dict[str, str] = {}
    for work in works:
        if (first := owners.setdefault(page_of(work), work)) != work:
            table.add(work, f"is the same page as {shown(first)}", "keep one of them, with all addresses in its list")
    for work, aliases in works.items():
        for alias in aliases:
            _claim(table, work, alias, owners)
    return MappingProxyType(works)


def _claim(table: Table, work: str, alias: str, owners: dict[str, str]) -> None:
    page = page_of(alias)
    if page not in owners:
        owners[page] = work
    elif page == page_of(work):
        table.add(work, f"{shown(alias)} is its own page", "take it out of the list: the same page joins by itself")
    elif owners[page] == work:
        table.add(work, f"{shown(alias)} stands here twice", "keep it once")
    elif page == page_of(owners[page]):
        table.add(work, f"{shown(alias)} is a work of its own here", "put all addresses into the list of one of them")
    else:
        table.add(work, f"{shown(alias)} belongs to {shown(owners[page])} too", "keep it under one work")


def _is_page(table: Table, work: str) -> bool:
    if not page_of(work):
        table.add(work, "is not the address of a page", _EXAMPLE)
    return bool(page_of(work))


def _addresses(value: object) -> tuple[str, ...]:
    addresses = values.texts(value)
    for address in addresses:
        if not page_of(address):
            raise Mistake(f"{shown(address)} is not the address of a page", _EXAMPLE)
    return addresses


def page_of(address: str) -> str:
    """What two addresses of one page have in common, as the store's view `addresses` compares them; "" for none."""
    start, question, rest = canonical(address, keep_fragment=True).partition("?")
    return unquote(start.partition("://")[2]).rstrip("/") + question + rest
