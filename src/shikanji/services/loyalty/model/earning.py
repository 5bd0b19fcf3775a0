"""What one order earns. Its events may come late, twice and in any order: they are facts, from which follows what
should stand in the ledger; what is to be moved is the difference to what stands there."""

from typing import NamedTuple

import msgspec


class Due(NamedTuple):
    """Points that should stand for an order."""

    pending: int
    granted: int
    bonus: int


class Earning(msgspec.Struct, kw_only=True):
    """The columns of its row. `goods` (paise) is None until an event has told it; `points` and `bonus` are what the
    whole order earns, at the rate of the day on which it was first told. `pending`, `granted` and `bonus_granted` stand
    in the ledger."""

    order_id: str
    customer_id: str
    goods: int | None = None
    total: int = 0
    points: int = 0
    bonus: int = 0
    confirmed_attempt: int = 0
    cancelled_attempt: int = 0
    completed: int = 0
    refunded: int = 0
    pending: int = 0
    granted: int = 0
    bonus_granted: int = 0
    seen_at: int = 0

    def tell(self, *, goods: int, total: int, points: int, bonus: int) -> None:
        """The order's sums, of which the first telling counts: they are frozen."""
        if self.goods is None:
            self.goods, self.total, self.points, self.bonus = goods, total, points, bonus

    def confirm(self, attempt: int) -> None:
        self.confirmed_attempt = max(self.confirmed_attempt, attempt)

    def cancel(self, attempt: int) -> None:
        self.cancelled_attempt = max(self.cancelled_attempt, attempt)

    @property
    def due(self) -> Due:
        """A completed order stays so; a cancellation ends all attempts up to its own."""
        if self.goods is None:
            return Due(0, 0, 0)
        if self.completed:
            return Due(0, self.kept(self.points), self.kept(self.bonus))
        if self.confirmed_attempt > self.cancelled_attempt:
            return Due(self.kept(self.points), 0, 0)
        return Due(0, 0, 0)

    @property
    def all_paid_back(self) -> bool:
        return self.goods is not None and 0 < self.refunded >= self.total

    def kept(self, points: int) -> int:
        """In proportion to what was not paid back, rounded down."""
        return kept(points, self.total, self.refunded)


def kept(points: int, total: int, refunded: int) -> int:
    if not refunded:
        return points
    return points * max(total - refunded, 0) // total if total else 0


def points_for(goods: int, paise_per_point: int, percent: int) -> int:
    """One for each whole `paise_per_point` of goods, times the tier's rate, whole points only."""
    return goods // paise_per_point * percent // 100
