"""What an operator may set of the order service: `SHIKANJI_ORDER_<FIELD>`."""

from typing import Annotated

import msgspec

from shikanji.kit.clock import HOUR, MINUTE

Minutes = Annotated[int, msgspec.Meta(ge=1, le=7 * 24 * 60)]


class OrderSettings(msgspec.Struct, frozen=True, kw_only=True):
    payment_window_minutes: Minutes = 15
    """How long an order waits for its money."""
    revival_window_minutes: Minutes = 30
    """How long after that late money may still bring it back."""
    completion_hours: Annotated[int, msgspec.Meta(ge=1, le=7 * 24)] = 2
    """How long after its delivery an order is completed by itself."""
    open_orders_max: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 25
    """Orders of one customer, placed by themselves, that the kitchen has not begun."""
    tracking_points_max: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500
    """Kept per order; the oldest go first."""
    tracking_days: Annotated[int, msgspec.Meta(ge=30, le=365)] = 30
    """How long after an order was placed it is known where its courier was."""

    @property
    def payment_window(self) -> int:
        return self.payment_window_minutes * MINUTE

    @property
    def revival_window(self) -> int:
        return self.revival_window_minutes * MINUTE

    @property
    def completion_delay(self) -> int:
        return self.completion_hours * HOUR
