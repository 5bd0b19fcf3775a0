"""What an operator may set of the loyalty service: `SHIKANJI_LOYALTY_<FIELD>`."""

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from shikanji.kit.clock import MINUTE
from shikanji.kit.settings import TimeZone

Points = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Percent = Annotated[int, msgspec.Meta(ge=100, le=1_000)]


class LoyaltySettings(msgspec.Struct, frozen=True, kw_only=True):
    paise_per_point: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 1_000
    """Goods paid for, without tax and delivery, that earn one point."""
    point_value_paise: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100
    """What a point is worth when it is redeemed."""
    redeemable_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50
    """How much of an order's subtotal points may pay."""
    lot_months: Annotated[int, msgspec.Meta(ge=1, le=120)] = 12
    """How long points can be spent after they were granted."""
    returned_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    """How long points can be spent that come back from an order after their own time is over."""
    silver_points: Points = 1_000
    """Points earned in twelve months that make a silver member."""
    gold_points: Points = 5_000
    """Points earned in twelve months that make a gold member."""
    platinum_points: Points = 15_000
    """Points earned in twelve months that make a platinum member."""
    silver_percent: Percent = 125
    """What a silver member's order earns, in percent of its points."""
    gold_percent: Percent = 150
    """What a gold member's order earns, in percent of its points."""
    platinum_percent: Percent = 200
    """What a platinum member's order earns, in percent of its points."""
    birthday_points: Points = 100
    """Given to members on their birthday; 0: nothing."""
    hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=1_440)] = 20
    """How long points and coupons wait for their order before the order service is asked whether one will come."""
    guesses_per_hour: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    """Unknown coupons that one customer may try in an hour."""
    time_zone: TimeZone = "Asia/Kolkata"
    """In which a birthday begins."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def hold_time(self) -> int:
        return self.hold_minutes * MINUTE
