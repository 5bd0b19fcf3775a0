"""The shapes of the analytics service's HTTP edge. Amounts in paise."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import asdict

from shikanji.kit.clock import to_rfc3339
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.analytics.actions.customers import CustomerReport
from shikanji.services.analytics.actions.orders import OrderReport
from shikanji.services.analytics.actions.products import ProductReport
from shikanji.services.analytics.actions.reports import By, Dashboard, ProductSales, Sales
from shikanji.services.analytics.actions.visits import ClientEvent
from shikanji.services.analytics.history import HistoryGrain, HistoryRow
from shikanji.services.analytics.model.calendar import Grain, Span, day_name, month_name
from shikanji.services.analytics.model.customer import Customer
from shikanji.services.analytics.model.figures import Figures
from shikanji.services.analytics.model.funnel import EventName, Stage
from shikanji.services.analytics.model.segments import scores, segment_of
from shikanji.services.analytics.repository.reports import Partial

PRODUCTS_SHOWN = 20


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What goes out."""


class OfStore(In, frozen=True, kw_only=True):
    """Without `storeId`: all that the caller may see."""

    store_id: Id | None = None


class OfDays(OfStore, frozen=True, kw_only=True):
    """Days by the clocks of the stores, both included; left out: the last 30 up to today."""

    first: date | None = msgspec.field(default=None, name="from")
    last: date | None = msgspec.field(default=None, name="to")


class AskSales(OfDays, frozen=True, kw_only=True):
    grain: Grain = "day"
    by: By | None = None


VisitId = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$(?!\n)",
        extra={"form": "8 to 64 letters, digits, - and _"},
    ),
]


class ClientEventIn(In, frozen=True, kw_only=True):
    name: EventName
    store_id: Id | None = None
    product_id: Id | None = None
    order_id: Id | None = None


class TellEvents(In, frozen=True, kw_only=True):
    """`visitId`: made up by the client for one visit, and told to nobody else."""

    visit_id: VisitId
    events: Annotated[list[ClientEventIn], Meta(min_length=1, max_length=50)]


class TakenView(Out, frozen=True, kw_only=True):
    taken: int


class StageView(Out, frozen=True, kw_only=True):
    """`visits` that came so far, once a day and store; `ofFirst` and `ofPrevious`: in basis points (100 = 1 %)."""

    name: str
    visits: int
    events: int
    of_first: int
    of_previous: int


class FunnelView(Out, frozen=True, kw_only=True):
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    stages: list[StageView]


class AskHistory(OfDays, frozen=True, kw_only=True):
    grain: HistoryGrain = "month"


class HistoryRowView(Out, frozen=True, kw_only=True):
    """`period`: its first day."""

    period: str
    store_id: str
    placed: int
    confirmed: int
    completed: int
    cancelled: int
    paid: int
    refunded: int
    revenue: int


class HistoryView(Out, frozen=True, kw_only=True):
    """`completeUntil`: what happened later is not in the history yet; null where there is none."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    complete_until: str | None
    rows: list[HistoryRowView]


class FiguresView(Out, frozen=True, kw_only=True):
    """`orders` are those that were confirmed and not cancelled, and `items` to `total` are theirs: net = gross -
    discount - pointsDiscount; total = net + deliveryFee + tax + roundOff. `revenue` is what was paid less what went
    back, whatever became of the order. All counts in the hour in which the order was placed."""

    orders: int
    revenue: int
    average_order: int
    """Total by order, in whole paise."""
    placed: int
    completed: int
    cancelled: int
    items: int
    gross: int
    discount: int
    points_discount: int
    net: int
    delivery_fee: int
    tax: int
    round_off: int
    total: int
    paid: int
    refunds: int
    refunded: int


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


class PartialView(Out, frozen=True, kw_only=True):
    orders: int
    revenue: int
    placed: int
    total: int
    paid: int
    refunded: int


class LiveView(Out, frozen=True, kw_only=True):
    """Orders that are under way, by how far they are."""

    pending: int
    confirmed: int
    preparing: int
    ready: int
    dispatched: int
    delivered: int


class HourView(FiguresView, frozen=True, kw_only=True):
    hour: int


class StoreSalesView(FiguresView, frozen=True, kw_only=True):
    store_id: str
    name: str


class ProductSalesView(Out, frozen=True, kw_only=True):
    """Of the orders that count: how many had it, how many pieces, and what for: net = gross less discounts, total =
    net + tax."""

    product_id: str
    name: str
    category_id: str
    category_name: str
    orders: int
    items: int
    gross: int
    net: int
    tax: int
    total: int


class PairView(Out, frozen=True, kw_only=True):
    """In how many orders these two were together, ever."""

    product_id: str
    name: str
    other_id: str
    other_name: str
    orders: int


class ProductsView(Out, frozen=True, kw_only=True):
    """By pieces sold: `best` the most first, `worst` the fewest first, those that nobody bought included."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    best: list[ProductSalesView]
    worst: list[ProductSalesView]
    bought_together: list[PairView]


class TimesView(Out, frozen=True, kw_only=True):
    """Seconds, null where nothing was timed; half of `count` took no longer than `p50`, of twenty nineteen no longer
    than `p95` (rounded up to half a minute, above 20 minutes to 2 and more)."""

    count: int
    mean: int | None
    p50: int | None
    p95: int | None


class TimesRowView(TimesView, frozen=True, kw_only=True):
    kind: str


class CauseView(Out, frozen=True, kw_only=True):
    """How many orders were cancelled, or refunds made, for this cause, and what they came to."""

    cause: str
    count: int
    amount: int


class OrdersView(FiguresView, frozen=True, kw_only=True):
    """`prep`: from the beginning of the preparation until ready; `delivery`: from dispatched to delivered. `hours`: of
    the day, over all days."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    hours: list[HourView]
    prep: TimesView
    delivery: TimesView
    cancellations: list[CauseView]
    refund_causes: list[CauseView]


class DashboardView(FiguresView, frozen=True, kw_only=True):
    """Today up to now, by the clock of each store. `before`: the day before, up to the same time."""

    day: str
    as_of: str
    new_customers: int
    before: PartialView
    live: LiveView
    hours: list[HourView]
    stores: list[StoreSalesView]
    top_products: list[ProductSalesView]


class SalesRowView(FiguresView, frozen=True, kw_only=True):
    """`period`: `2026-11-22T14`, `2026-11-22` (a week by its Monday) or `2026-11`. `key` and `name` say which store,
    fulfilment, method or category, where it was asked for."""

    period: str
    key: str
    name: str


class SalesView(Out, frozen=True, kw_only=True):
    """`before` is as many days right before the first one."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    total: FiguresView
    before: FiguresView
    rows: list[SalesRowView]


def figures_fields(figures: Figures) -> dict[str, Any]:
    return {
        **figures._asdict(),
        "revenue": figures.revenue,
        "average_order": figures.total // figures.orders if figures.orders else 0,
        "net": figures.gross - figures.discount - figures.points_discount,
    }


def dashboard_view(found: Dashboard, now: int) -> DashboardView:
    return DashboardView(
        **figures_fields(found.total),
        day=day_name(found.day),
        as_of=to_rfc3339(now),
        new_customers=found.new_customers,
        before=partial_view(found.before),
        live=LiveView(**found.live),
        hours=[HourView(hour=hour, **figures_fields(each)) for hour, each in enumerate(found.hours)],
        stores=[
            StoreSalesView(store_id=each.store_id, name=each.name, **figures_fields(each.figures))
            for each in found.stores
        ],
        top_products=[product_view(each) for each in found.products],
    )


def partial_view(found: Partial) -> PartialView:
    return PartialView(**found._asdict(), revenue=found.paid - found.refunded)


def product_view(found: ProductSales) -> ProductSalesView:
    figures = found.figures
    return ProductSalesView(
        product_id=found.product_id,
        name=found.name,
        category_id=found.category_id,
        category_name=found.category_name,
        orders=figures.orders,
        items=figures.items,
        gross=figures.gross,
        net=figures.total - figures.tax,
        tax=figures.tax,
        total=figures.total,
    )


def sales_view(found: Sales, span: Span) -> SalesView:
    return SalesView(
        first=day_name(span.first),
        last=day_name(span.last),
        total=FiguresView(**figures_fields(found.total)),
        before=FiguresView(**figures_fields(found.before)),
        rows=[
            SalesRowView(period=row.period, key=row.key, name=row.name, **figures_fields(row.figures))
            for row in found.rows
        ],
    )


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


def products_view(found: ProductReport, span: Span) -> ProductsView:
    return ProductsView(
        first=day_name(span.first),
        last=day_name(span.last),
        best=[product_view(each) for each in found.products[:PRODUCTS_SHOWN] if each.figures.items],
        worst=[product_view(each) for each in reversed(found.products[-PRODUCTS_SHOWN:])],
        bought_together=[
            PairView(
                product_id=pair.first_id,
                name=pair.first_name,
                other_id=pair.second_id,
                other_name=pair.second_name,
                orders=pair.orders,
            )
            for pair in found.pairs
        ],
    )


def orders_view(found: OrderReport, span: Span) -> OrdersView:
    return OrdersView(
        first=day_name(span.first),
        last=day_name(span.last),
        **figures_fields(found.total),
        hours=[HourView(hour=hour, **figures_fields(each)) for hour, each in enumerate(found.hours)],
        prep=TimesView(**asdict(found.times["prep"])),
        delivery=TimesView(**asdict(found.times["delivery"])),
        cancellations=[
            CauseView(cause=cause, count=each.cancelled, amount=each.total)
            for cause, each in found.cancellations.items()
        ],
        refund_causes=[
            CauseView(cause=cause, count=each.refunds, amount=each.refunded) for cause, each in found.refunds.items()
        ],
    )


def client_events(body: TellEvents) -> list[ClientEvent]:
    return [ClientEvent(**asdict(each)) for each in body.events]


def funnel_view(found: Sequence[Stage], span: Span) -> FunnelView:
    return FunnelView(
        first=day_name(span.first),
        last=day_name(span.last),
        stages=[StageView(**stage._asdict()) for stage in found],
    )


def cohort_rows(found: CustomerReport) -> list[CohortRowView]:
    return [
        CohortRowView(month=month_name(each.month), after=after, customers=count, orders=orders, revenue=revenue)
        for each in found.cohorts
        for after, count, orders, revenue in each.months
    ]


def times_rows(found: OrderReport) -> list[TimesRowView]:
    return [TimesRowView(kind=kind, **asdict(times)) for kind, times in found.times.items()]


def history_view(found: Sequence[HistoryRow], span: Span, complete_until: int | None) -> HistoryView:
    return HistoryView(
        first=day_name(span.first),
        last=day_name(span.last),
        complete_until=None if complete_until is None else to_rfc3339(complete_until),
        rows=[HistoryRowView(**row._asdict(), revenue=row.paid - row.refunded) for row in found],
    )
