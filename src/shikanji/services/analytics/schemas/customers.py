"""The shapes of customers, segments and cohorts. Amounts in paise."""

import msgspec

from shikanji.kit.clock import to_rfc3339
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.analytics.actions.customers import CustomerReport
from shikanji.services.analytics.model.calendar import Span, day_name, month_name
from shikanji.services.analytics.model.customer import Customer
from shikanji.services.analytics.model.segments import scores, segment_of
from shikanji.services.analytics.schemas.shapes import Out


class SegmentView(Out, frozen=True, kw_only=True):
    """`recency` to `monetary` are scored from 1 to 5: champions bought in the last 30 days, six times or more, for
    ₹2,500 or more; loyal ones three times in 90 days; new ones once in 30 days; promising are all others of 90 days;
    at risk are those of 91 to 180 days, lost the ones before. `lifetimeValue`: revenue by customer."""

    segment: str
    customers: int
    orders: int
    revenue: int
    lifetime_value: int
    counted_at: str


class CohortMonthView(Out, frozen=True, kw_only=True):
    """`after`: months since the first one."""

    after: int
    customers: int
    orders: int
    revenue: int


class CohortView(Out, frozen=True, kw_only=True):
    month: str
    months: list[CohortMonthView]


class CohortRowView(CohortMonthView, frozen=True, kw_only=True):
    month: str


class CustomersView(Out, frozen=True, kw_only=True):
    """`newCustomers`: whose first order was in these days; `returningOrders`: the orders of these days that were no
    first ones. Segments and cohorts are of all time; `lifetimeValue` is revenue by customer, over all segments."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    orders: int
    new_customers: int
    returning_orders: int
    customers: int
    lifetime_value: int
    segments: list[SegmentView]
    cohorts: list[CohortView]


class AskCustomers(PageQuery, forbid_unknown_fields=True, rename="camel", kw_only=True, frozen=True):
    store_id: Id | None = None


class CustomerView(Out, frozen=True, kw_only=True):
    """`revenue` is what the customer has paid less what went back, ever."""

    customer_id: str
    orders: int
    revenue: int
    average_order: int
    first_at: str | None
    last_at: str | None
    segment: str | None
    """None: no order of his counts."""


def customers_view(found: CustomerReport, span: Span) -> CustomersView:
    customers = sum(each.customers for each in found.segments)
    revenue = sum(each.revenue for each in found.segments)
    return CustomersView(
        first=day_name(span.first),
        last=day_name(span.last),
        orders=found.orders,
        new_customers=found.new_customers,
        returning_orders=found.returning_orders,
        customers=customers,
        lifetime_value=revenue // customers if customers else 0,
        segments=[
            SegmentView(
                segment=each.segment,
                customers=each.customers,
                orders=each.orders,
                revenue=each.revenue,
                lifetime_value=each.revenue // each.customers,
                counted_at=to_rfc3339(each.counted_at),
            )
            for each in found.segments
        ],
        cohorts=[
            CohortView(
                month=month_name(each.month),
                months=[
                    CohortMonthView(after=after, customers=count, orders=orders, revenue=revenue)
                    for after, count, orders, revenue in each.months
                ],
            )
            for each in found.cohorts
        ],
    )


def customer_view(found: Customer, now: int) -> CustomerView:
    segment = None
    if found.last_at is not None:
        segment = segment_of(scores(last_at=found.last_at, orders=found.orders, revenue=found.revenue, now=now))
    return CustomerView(
        customer_id=found.customer_id,
        orders=found.orders,
        revenue=found.revenue,
        average_order=found.revenue // found.orders if found.orders else 0,
        first_at=None if found.first_at is None else to_rfc3339(found.first_at),
        last_at=None if found.last_at is None else to_rfc3339(found.last_at),
        segment=segment,
    )


def cohort_rows(found: CustomerReport) -> list[CohortRowView]:
    return [
        CohortRowView(month=month_name(each.month), after=after, customers=count, orders=orders, revenue=revenue)
        for each in found.cohorts
        for after, count, orders, revenue in each.months
    ]
