"""The shapes of sales and of the dashboard. Amounts in paise."""

from typing import Any

import msgspec

from shikanji.kit.clock import to_rfc3339
from shikanji.services.analytics.actions.reports import By, Dashboard, ProductSales, Sales
from shikanji.services.analytics.model.calendar import Grain, Span, day_name
from shikanji.services.analytics.model.figures import Figures
from shikanji.services.analytics.repository.reports import Partial
from shikanji.services.analytics.schemas.shapes import OfDays, Out


class AskSales(OfDays, frozen=True, kw_only=True):
    grain: Grain = "day"
    by: By | None = None


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
