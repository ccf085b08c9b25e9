"""How a single field of a GraphQL query fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class FieldFailed(Exception):
    """One field cannot be answered: it is null, or what holds it. `kind`: NOT_FOUND …, "" where GitHub names none."""

    def __init__(self, kind: str, message: str, extensions: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.extensions = extensions
