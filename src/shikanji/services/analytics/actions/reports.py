"""What is asked: every answer is added up from figures of days and hours, in one snapshot."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Invalid
from shikanji.services.analytics.errors import RangeTooLong, StoreNotFound
from shikanji.services.analytics.model.calendar import (
    HOURS,
    Grain,
    Span,
    day_before,
    hour_began,
    local,
    month_name,
    period_of,
    periods,
    zone_of,
)
from shikanji.services.analytics.model.customer import EVERYWHERE
from shikanji.services.analytics.model.figures import NONE, Figures, added, hour_period
from shikanji.services.analytics.model.order import LIVE
from shikanji.services.analytics.repository import names, reports
from shikanji.services.analytics.repository.names import Product, Store
from shikanji.services.analytics.repository.reports import Partial, Row
from shikanji.services.analytics.settings import AnalyticsSettings

By = Literal["store", "fulfilment", "method", "category"]

ROWS_MAX = 1_000
TOP_PRODUCTS = 10


class Scope(NamedTuple):
    """Which stores; `everywhere`: all there are."""

    stores: Sequence[Store]
    everywhere: bool

    @property
    def ids(self) -> list[str]:
        return [store.store_id for store in self.stores]


class ProductSales(NamedTuple):
    product_id: str
    name: str
    category_id: str
    category_name: str
    figures: Figures


class StoreSales(NamedTuple):
    store_id: str
    name: str
    figures: Figures


class Dashboard(NamedTuple):
    """Of today as each store's clock shows it; `before` is the day before up to the same time."""

    day: int
    total: Figures
    before: Partial
    new_customers: int
    live: Mapping[str, int]
    hours: Sequence[Figures]
    stores: Sequence[StoreSales]
    products: Sequence[ProductSales]


class SalesRow(NamedTuple):
    period: str
    key: str
    name: str
    figures: Figures


class Sales(NamedTuple):
    total: Figures
    before: Figures
    rows: Sequence[SalesRow]


def scope(tx: Tx, store_ids: Sequence[str] | None) -> Scope:
    """None: all stores. Raises StoreNotFound for one that no event has told of."""
    if store_ids is None:
        return Scope(names.all_stores(tx), everywhere=True)
    found = names.stores_of(tx, store_ids)
    if len(found) < len(set(store_ids)):
        raise StoreNotFound
    return Scope([found[key] for key in sorted(found)], everywhere=False)


def today(tx: Tx, scope: Scope) -> int:
    """The day of the one store that is asked for; of several, that of the setting's zone."""
    zone = scope.stores[0].time_zone if len(scope.stores) == 1 else tx.settings(AnalyticsSettings).time_zone
    return local(tx.now, zone_of(zone)).day


def today_of(tx: Tx, store_ids: Sequence[str] | None) -> int:
    return today(tx, scope(tx, store_ids))


def dashboard(tx: Tx, store_ids: Sequence[str] | None) -> Dashboard:
    asked = scope(tx, store_ids)
    hours, before = [NONE] * HOURS, [Partial(0, 0, 0, 0, 0)]
    stores, products, new = dict[str, Figures](), dict[str, Figures](), 0
    for zone, ids in _by_zone(asked):
        day = local(tx.now, zone).day
        for row in reports.by_period_and_store(tx, ids, "hour", _hours(day)):
            hours[row.period % HOURS] = added([hours[row.period % HOURS], row.figures])
            stores[row.key] = added([stores.get(row.key, NONE), row.figures])
        for row in reports.by_key(tx, ids, "product", Span(day, day)):
            products[row.key] = added([products.get(row.key, NONE), row.figures])
        before += _a_day_ago(tx, ids, zone)
        new += reports.total(tx, ids, "new", Span(day, day)).orders
    if asked.everywhere:
        day = today(tx, asked)
        new = reports.total(tx, [EVERYWHERE], "new", Span(day, day)).orders
    live = {row.key: row.figures.orders for row in reports.by_key(tx, asked.ids, "live", Span(0, 0))}
    return Dashboard(
        day=today(tx, asked),
        total=added(hours),
        before=Partial(*map(sum, zip(*before, strict=True))),
        new_customers=new,
        live={status: live.get(status, 0) for status in LIVE},
        hours=hours,
        stores=[StoreSales(each.store_id, each.name, stores.get(each.store_id, NONE)) for each in asked.stores],
        products=sorted(named(tx, products), key=best_first)[:TOP_PRODUCTS],
    )


def sales(tx: Tx, store_ids: Sequence[str] | None, span: Span, grain: Grain, by: By | None) -> Sales:
    """Raises RangeTooLong where that makes too many rows, Invalid for hours by anything."""
    if grain == "hour" and by is not None:
        raise Invalid.field("grain", "is not hour where by is given")
    asked = scope(tx, store_ids)
    before = reports.whole(tx, asked.ids, span.before)
    if by is None:
        rows = _every_period(tx, asked, span, grain)
        return Sales(added(row.figures for row in rows), before, rows)
    # What is told by categories leaves out what is of no line of an order.
    return Sales(reports.whole(tx, asked.ids, span), before, _rows_by(tx, asked, span, grain, by))


def best_first(product: ProductSales) -> tuple[int, int, str]:
    return -product.figures.items, -product.figures.total, product.product_id


def named(tx: Tx, products: Mapping[str, Figures]) -> list[ProductSales]:
    return with_names(tx, names.products_of(tx, products).values(), products)


def with_names(tx: Tx, products: Iterable[Product], sold: Mapping[str, Figures]) -> list[ProductSales]:
    """What of each was sold, also where that is nothing."""
    categories = names.category_names(tx)
    return [
        ProductSales(
            each.product_id,
            each.name,
            each.category_id,
            categories.get(each.category_id, ""),
            sold.get(each.product_id, NONE),
        )
        for each in products
    ]


def _by_zone(asked: Scope) -> list[tuple[ZoneInfo, list[str]]]:
    """Stores that have the same time."""
    ordered = sorted((store.time_zone, store.store_id) for store in asked.stores)
    return [(zone_of(zone), [key for _, key in group]) for zone, group in groupby(ordered, key=lambda each: each[0])]


def _a_day_ago(tx: Tx, ids: Sequence[str], zone: ZoneInfo) -> list[Partial]:
    """Of the day before: its whole hours, and what was placed after them until the same time of that day."""
    then = day_before(tx.now, zone)
    day, hour = local(then, zone)
    whole = reports.total(tx, ids, "hour", Span(hour_period(day, 0), hour_period(day, hour) - 1))
    begun = Partial(whole.placed, whole.orders, whole.total, whole.paid, whole.refunded)
    return [begun, reports.between(tx, ids, hour_began(then, zone), then)]


def _hours(day: int) -> Span:
    return Span(hour_period(day, 0), hour_period(day, HOURS - 1))


def _every_period(tx: Tx, asked: Scope, span: Span, grain: Grain) -> list[SalesRow]:
    """Also those in which nothing was sold."""
    every = list(islice(periods(grain, span.first, span.last), ROWS_MAX + 1))
    _check(every)
    found: dict[str, list[Figures]] = {}
    if grain == "hour":
        hours = Span(hour_period(span.first, 0), hour_period(span.last, HOURS - 1))
        for row in reports.by_period(tx, asked.ids, "hour", hours):
            found[period_of("hour", row.period // HOURS, row.period % HOURS)] = [row.figures]
    elif grain == "month":
        found = {month_name(row.period): [row.figures] for row in reports.by_month(tx, asked.ids, span)}
    else:
        for row in reports.by_period(tx, asked.ids, "day", span):
            found.setdefault(period_of(grain, row.period), []).append(row.figures)
    return [SalesRow(period, "", "", added(found.get(period, []))) for period in every]


def _rows_by(tx: Tx, asked: Scope, span: Span, grain: Grain, by: By) -> list[SalesRow]:
    """Those in which something was sold."""
    found: dict[tuple[str, str], list[Figures]] = {}
    for period, row in _told_by(tx, asked, span, grain, by):
        if any(row.figures):
            found.setdefault((period, row.key), []).append(row.figures)
    _check(list(found))
    called = _called(tx, asked, by)
    return [SalesRow(*key, called.get(key[1], ""), added(values)) for key, values in sorted(found.items())]


def _told_by(tx: Tx, asked: Scope, span: Span, grain: Grain, by: By) -> list[tuple[str, Row]]:
    if by == "store" and grain == "month":
        return [(month_name(row.period), row) for row in reports.by_month_and_store(tx, asked.ids, span)]
    if by == "store":
        rows = reports.by_period_and_store(tx, asked.ids, "day", span)
    else:
        rows = reports.by_period_and_key(tx, asked.ids, by, span)
    return [(period_of(grain, row.period), row) for row in rows]


def _called(tx: Tx, asked: Scope, by: By) -> Mapping[str, str]:
    """What the keys are called, where they are ids."""
    if by == "category":
        return names.category_names(tx)
    return {store.store_id: store.name for store in asked.stores} if by == "store" else {}


def _check(rows: Sequence[object]) -> None:
    if len(rows) > ROWS_MAX:
        raise RangeTooLong.field("from", f"makes more than {ROWS_MAX} rows: ask for fewer days or a coarser grain")
