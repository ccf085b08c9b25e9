"""What [source.NAME] of a Stack Exchange source may say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connectors.base import Secret
from connectors.pages import split_site

MOST_USERS = 100
"""Ids in one address; the most that the service takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackexchangeConfig:
    """Raises ValueError("key: why") for what is no user, no site or no address."""

    users: tuple[str, ...] = field(metadata={"help": "numbers of your accounts on the site, as in their addresses"})
    site: str = field(
        default="stackoverflow", metadata={"help": "the site as the API names it: stackoverflow, serverfault, dba …"}
    )
    api_key: Secret | None = field(
        default=None, metadata={"help": "a key of stackapps.com: 10,000 requests a day, 300 without one"}
    )
    api_url: str = field(default="https://api.stackexchange.com/2.3", metadata={"help": "address of the API"})

    def __post_init__(self) -> None:
        if not 0 < len(self.users) <= MOST_USERS or not all(re.fullmatch("[0-9]{1,12}", user) for user in self.users):
            raise ValueError(
                'users: 1 to 100 numbers, as in ["22656"]; '
                "yours is in the address of your profile, /users/NUMBER/name"
            )
        if not re.fullmatch(r"[a-z0-9.-]{1,60}", self.site):
            raise ValueError('site: write it as the API does: "stackoverflow", "serverfault", "meta.stackexchange"')
        try:
            split_site(self.api_url)
        except ValueError:
            raise ValueError("api_url: write an address that begins with https://") from None

    @property
    def part(self) -> str:
        """What the cursor is named by: other users or another site start anew."""
        return f"{self.site} {';'.join(self.users)}"
