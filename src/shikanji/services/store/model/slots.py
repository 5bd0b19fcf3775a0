"""Places in the slots of a store's day: held like stock, one per (order, attempt)."""

from typing import Literal

import msgspec

PlaceState = Literal["untied", "tied", "released"]

NO_SLOT = 0
"""Where a tombstone stands whose slot nobody ever knew."""


class Place(msgspec.Struct, frozen=True):
    """One place; fields in the order of the table's columns."""

    order_id: str
    attempt: int
    store_id: str
    starts_at: int
    state: PlaceState
    taken_at: int


class PlaceKey(msgspec.Struct, frozen=True, kw_only=True):
    """Names a place in a job's payload and says since when it is held (µs)."""

    order_id: str
    attempt: int
    taken_at: int

    @property
    def text(self) -> str:
        return f"{self.order_id}:{self.attempt}"
