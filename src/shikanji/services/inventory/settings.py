"""What an operator may set of the inventory service: `SHIKANJI_INVENTORY_<FIELD>`."""

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from shikanji.kit.settings import TimeZone


class InventorySettings(msgspec.Struct, frozen=True, kw_only=True):
    hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=1_440)] = 20
    """How long a hold waits for its order before the order service is asked whether one will come."""
    open_holds_max: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    """How many orders of one customer may hold stock at once; lifted where rate limits are off."""
    time_zone: TimeZone = "Asia/Kolkata"
    """In which the hours of a product's schedule are meant."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
