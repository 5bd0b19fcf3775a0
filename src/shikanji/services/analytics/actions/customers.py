"""Who buys: new and returning customers, what they are worth, and what becomes of those who began together."""

from collections.abc import Sequence
from typing import NamedTuple

from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.actions.reports import scope
from shikanji.services.analytics.errors import OneStore
from shikanji.services.analytics.model.calendar import Span, month_of
from shikanji.services.analytics.model.customer import EVERYWHERE, Customer
from shikanji.services.analytics.repository import customers, reports
from shikanji.services.analytics.repository.customers import SegmentCount

COHORT_MONTHS = 12


class Cohort(NamedTuple):
    """Those whose first order was in `month`: how many came, ordered, and brought how much in each month from then."""

    month: int
    months: Sequence[tuple[int, int, int, int]]
    """How many months after the first, customers, orders, revenue."""


class CustomerReport(NamedTuple):
    """`new_customers`: whose first order was in the days; `returning_orders`: orders of the days that were no first
    ones. The rest is of all time, the segments as counted last."""

    orders: int
    new_customers: int
    returning_orders: int
    segments: Sequence[SegmentCount]
    cohorts: Sequence[Cohort]


def report(tx: Tx, store_ids: Sequence[str] | None, span: Span) -> CustomerReport:
    """Raises OneStore for several stores of many."""
    asked = scope(tx, store_ids)
    of = place_of(store_ids)
    orders = reports.whole(tx, asked.ids, span).orders
    new = reports.total(tx, [of], "new", span).orders
    since = month_of(span.last) - COHORT_MONTHS + 1
    return CustomerReport(
        orders, new, max(0, orders - new), customers.segments(tx, of), _cohorts(tx, of, since, month_of(span.last))
    )


def best(tx: Tx, store_ids: Sequence[str] | None, before: tuple[int, str] | None, limit: int) -> list[Customer]:
    """Raises OneStore for several stores of many."""
    scope(tx, store_ids)
    return customers.best(tx, place_of(store_ids), before, limit)


def place_of(store_ids: Sequence[str] | None) -> str:
    """A customer of two stores is one customer: sums over some of them cannot be added up."""
    if store_ids is None:
        return EVERYWHERE
    if len(store_ids) != 1:
        raise OneStore.field("storeId", "say for which of your stores")
    return store_ids[0]


def _cohorts(tx: Tx, store_id: str, since: int, last: int) -> list[Cohort]:
    found: dict[int, list[tuple[int, int, int, int]]] = {}
    for cohort, month, count, orders, revenue in reports.cohorts_since(tx, store_id, since):
        if cohort <= last and count:
            found.setdefault(cohort, []).append((month - cohort, count, orders, revenue))
    return [Cohort(month, rows) for month, rows in sorted(found.items())]
