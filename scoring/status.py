"""The closed vocabulary of `status`, `e_status` and `i_status`."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from scoring.arrays import BoolArray

Codes = npt.NDArray[np.int8]


class Status(StrEnum):
    """Why a number is what it is. docs/scoring.md explains each to users."""

    OK = "ok"
    BASE = "base"
    NEW = "new"
    NO_DATA = "no data"
    PROVISIONAL = "provisional"
    OUT_OF_RANGE = "out of range"
    UNDEFINED = "undefined"
    NO_CLICKS = "undefined: no clicks"
    ZERO_CLICKS = "undefined: clicks are zero"
    OWN_CLICKS = "undefined: clicks count reads or comments"
    NO_AUDIENCE = "undefined: no audience"
    ZERO_AUDIENCE = "undefined: audience is zero"
    OWN_AUDIENCE = "undefined: audience counts participants"
    ZERO_BY_E = "zero: E"
    ZERO_BY_I = "zero: I"
    ZERO_BY_BOTH = "zero: E and I"
    ZERO = "zero"


STATUSES = tuple(Status)
_CODE = {status: code for code, status in enumerate(STATUSES)}


def first_of(*cases: tuple[BoolArray, Status], otherwise: Status) -> Codes:
    """The status of the first case that holds at each place, as indices into STATUSES."""
    codes = np.full(np.broadcast_shapes(*(mask.shape for mask, _ in cases)), _CODE[otherwise], dtype=np.int8)
    for mask, status in reversed(cases):
        codes[mask] = _CODE[status]
    return codes


def is_status(codes: Codes, status: Status) -> BoolArray:
    """Where the codes say so."""
    return np.equal(codes, _CODE[status])
