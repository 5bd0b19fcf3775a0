"""Customers by how recently, how often and for how much they bought: RFM, in scores from 1 to 5."""

from bisect import bisect_left, bisect_right
from typing import Literal, NamedTuple

from shikanji.kit.clock import DAY

Segment = Literal["champions", "loyal", "new", "promising", "at_risk", "lost"]
SEGMENTS: tuple[Segment, ...] = ("champions", "loyal", "new", "promising", "at_risk", "lost")

RECENCY_DAYS = (14, 30, 90, 180)
"""Up to so many days since the last order: 5, 4, 3, 2; longer ago: 1."""
FREQUENCY_ORDERS = (2, 3, 6, 11)
"""From so many orders on: 2, 3, 4, 5; fewer: 1."""
MONETARY_PAISE = (50_000, 100_000, 250_000, 500_000)
"""From so much revenue on: 2, 3, 4, 5; less: 1."""


class Scores(NamedTuple):
    recency: int
    frequency: int
    monetary: int


def scores(*, last_at: int, orders: int, revenue: int, now: int) -> Scores:
    """Whole days count."""
    days = max(0, now - last_at) // DAY
    return Scores(
        5 - bisect_left(RECENCY_DAYS, days),
        1 + bisect_right(FREQUENCY_ORDERS, orders),
        1 + bisect_right(MONETARY_PAISE, revenue),
    )


def segment_of(found: Scores) -> Segment:
    if found.recency <= 2:
        return "at_risk" if found.recency == 2 else "lost"
    if found.recency >= 4 and found.frequency >= 4 and found.monetary >= 4:
        return "champions"
    if found.frequency >= 3:
        return "loyal"
    return "new" if found.recency >= 4 and found.frequency == 1 else "promising"
