"""JSON Feed, versions 1 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.base import Reject
from connectors.errors import Malformed
from connectors.feed.entries import Entry, Feed, clean, plain_title, refuse_masses
from connectors.http import Page, without_secrets


def read_json(page: Page) -> Feed:
    """The items of a JSON Feed. Raises Malformed for other JSON."""
    said = page.json()
    where = without_secrets(page.url)
    version = said.get("version") if isinstance(said, Mapping) else None
    if not isinstance(version, str) or "jsonfeed.org/version/" not in version:
        raise Malformed(f"{where}: JSON, but not a JSON Feed")
    items = said.get("items")
    if not isinstance(items, list):
        raise Malformed(f"{where}: a JSON Feed without a list of items")
    refuse_masses(len(items), where)
    entries = [_entry(item) for item in items if isinstance(item, Mapping)]
    rejects = [
        Reject(f"item {number}", "it is not a JSON object")
        for number, item in enumerate(items, 1)
        if not isinstance(item, Mapping)
    ]
    return Feed(page.url, clean(said.get("home_page_url")), entries, rejects)


def _entry(item: Mapping[str, Any]) -> Entry:
    guid = item.get("id")
    # The specification wants text and asks readers to take numbers for it.
    is_number = isinstance(guid, int | float) and not isinstance(guid, bool)
    return Entry(
        guid=str(guid) if is_number else clean(guid),
        link=clean(item.get("url")) or clean(item.get("external_url")),
        title=plain_title(clean(item.get("title")), is_html=False),
        published=_instant(item.get("date_published")),
        updated=_instant(item.get("date_modified")),
        dated_text=clean(item.get("date_published")),
    )


def _instant(text: Any) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
