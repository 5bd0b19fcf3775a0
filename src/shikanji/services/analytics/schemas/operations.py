"""The shapes of what sells and of how orders go. Amounts in paise."""

import msgspec
from msgspec.structs import asdict

from shikanji.services.analytics.actions.orders import OrderReport
from shikanji.services.analytics.actions.products import ProductReport
from shikanji.services.analytics.model.calendar import Span, day_name
from shikanji.services.analytics.schemas.sales import (
    FiguresView,
    HourView,
    ProductSalesView,
    figures_fields,
    product_view,
)
from shikanji.services.analytics.schemas.shapes import Out

PRODUCTS_SHOWN = 20


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


def times_rows(found: OrderReport) -> list[TimesRowView]:
    return [TimesRowView(kind=kind, **asdict(times)) for kind, times in found.times.items()]
