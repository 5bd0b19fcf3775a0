"""What a customer's orders amount to, in one store or in all of them, and to which cohort that makes him belong."""

from collections.abc import Iterator

import msgspec

EVERYWHERE = ""
"""Stands for the store where all stores are meant."""


class Month(msgspec.Struct, frozen=True, array_like=True):
    orders: int
    revenue: int


class Customer(msgspec.Struct, kw_only=True):
    """`orders` are those that count, `revenue` is what was paid net of refunds (paise). First and last say when orders
    that count were placed (µs, the first one's day too); `months` has both by the month they were placed in."""

    customer_id: str
    store_id: str
    orders: int = 0
    revenue: int = 0
    first_at: int | None = None
    first_day: int = 0
    last_at: int | None = None
    months: dict[int, Month] = {}

    def add(self, month: int, orders: int, revenue: int) -> None:
        """What an order of that month has more, or less, than before."""
        before = self.months.get(month, Month(0, 0))
        self.orders += orders
        self.revenue += revenue
        self.months = {**self.months, month: Month(before.orders + orders, before.revenue + revenue)}
        if not any((self.months[month].orders, self.months[month].revenue)):
            self.months = {key: value for key, value in self.months.items() if key != month}

    def saw(self, placed_at: int, day: int) -> None:
        """An order that counts was placed then."""
        if self.first_at is None or placed_at < self.first_at:
            self.first_at, self.first_day = placed_at, day
        self.last_at = max(placed_at, self.last_at or placed_at)

    @property
    def cohort(self) -> int | None:
        """The month of the first order that counts."""
        return min((month for month, value in self.months.items() if value.orders), default=None)


CohortCell = tuple[str, int, int]
"""Store, cohort, month."""


def cohorts_of(customer: Customer) -> Iterator[tuple[CohortCell, tuple[int, int, int]]]:
    """Customer, orders and revenue that the customer adds to each month of the cohort."""
    cohort = customer.cohort
    if cohort is None:
        return
    for month, value in customer.months.items():
        if value.orders:
            yield (customer.store_id, cohort, month), (1, value.orders, value.revenue)
