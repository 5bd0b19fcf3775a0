"""Reports as files for spreadsheets."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from shikanji.kit.errors import NotFound
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.analytics.actions import customers, orders, products, reports, visits
from shikanji.services.analytics.errors import OneStore, RangeTooLong
from shikanji.services.analytics.exporting import Table, to_csv, to_xlsx
from shikanji.services.analytics.model.calendar import Span, day_name
from shikanji.services.analytics.model.customer import Customer
from shikanji.services.analytics.routes.asking import REFUSALS, days_of, stores_for
from shikanji.services.analytics.routes.declared import routes
from shikanji.services.analytics.schemas.customers import (
    CohortRowView,
    CustomerView,
    SegmentView,
    cohort_rows,
    customer_view,
    customers_view,
)
from shikanji.services.analytics.schemas.operations import (
    CauseView,
    PairView,
    TimesRowView,
    orders_view,
    products_view,
    times_rows,
)
from shikanji.services.analytics.schemas.sales import (
    AskSales,
    HourView,
    ProductSalesView,
    SalesRowView,
    StoreSalesView,
    dashboard_view,
    product_view,
    sales_view,
)
from shikanji.services.analytics.schemas.shapes import Out
from shikanji.services.analytics.schemas.visits import StageView, funnel_view

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CUSTOMERS_MAX = 5_000


class Asked(msgspec.Struct, frozen=True):
    room: Room
    stores: Sequence[str] | None
    span: Span
    query: AskSales


class Report(msgspec.Struct, frozen=True):
    """The shape of its rows, and where they come from."""

    row: type[Out]
    rows: Callable[[Asked], Awaitable[Iterable[Out]]]


async def _sales(asked: Asked) -> Iterable[Out]:
    query = asked.query
    found = await asked.room.db.read(reports.sales, asked.stores, asked.span, query.grain, query.by)
    return sales_view(found, asked.span).rows


async def _stores(asked: Asked) -> Iterable[Out]:
    found = await asked.room.db.read(reports.dashboard, asked.stores)
    return dashboard_view(found, asked.room.clock.now()).stores


async def _today(asked: Asked) -> Iterable[Out]:
    found = await asked.room.db.read(reports.dashboard, asked.stores)
    return dashboard_view(found, asked.room.clock.now()).hours


async def _products(asked: Asked) -> Iterable[Out]:
    found = await asked.room.db.read(products.report, asked.stores, asked.span)
    return [product_view(each) for each in found.products]


async def _pairs(asked: Asked) -> Iterable[Out]:
    found = await asked.room.db.read(products.report, asked.stores, asked.span)
    return products_view(found, asked.span).bought_together


async def _customers(asked: Asked) -> Iterable[Out]:
    found = await asked.room.db.read(customers.best, asked.stores, None, CUSTOMERS_MAX)
    return await asked.room.compute.run(_customer_rows, found, asked.room.clock.now())


def _customer_rows(found: Sequence[Customer], now: int) -> list[CustomerView]:
    """For a thread: they are many."""
    return [customer_view(each, now) for each in found]


async def _segments(asked: Asked) -> Iterable[Out]:
    found = await asked.room.db.read(customers.report, asked.stores, asked.span)
    return customers_view(found, asked.span).segments


async def _cohorts(asked: Asked) -> Iterable[Out]:
    found = await asked.room.db.read(customers.report, asked.stores, asked.span)
    return cohort_rows(found)


async def _hours(asked: Asked) -> Iterable[Out]:
    return orders_view(await asked.room.db.read(orders.report, asked.stores, asked.span), asked.span).hours


async def _times(asked: Asked) -> Iterable[Out]:
    return times_rows(await asked.room.db.read(orders.report, asked.stores, asked.span))


async def _cancellations(asked: Asked) -> Iterable[Out]:
    return orders_view(await asked.room.db.read(orders.report, asked.stores, asked.span), asked.span).cancellations


async def _refunds(asked: Asked) -> Iterable[Out]:
    return orders_view(await asked.room.db.read(orders.report, asked.stores, asked.span), asked.span).refund_causes


async def _funnel(asked: Asked) -> Iterable[Out]:
    return funnel_view(await asked.room.db.read(visits.report, asked.stores, asked.span), asked.span).stages


REPORTS: Mapping[str, Report] = {
    "sales": Report(SalesRowView, _sales),
    "today": Report(HourView, _today),
    "stores": Report(StoreSalesView, _stores),
    "products": Report(ProductSalesView, _products),
    "bought-together": Report(PairView, _pairs),
    "customers": Report(CustomerView, _customers),
    "segments": Report(SegmentView, _segments),
    "cohorts": Report(CohortRowView, _cohorts),
    "hours": Report(HourView, _hours),
    "times": Report(TimesRowView, _times),
    "cancellations": Report(CauseView, _cancellations),
    "refunds": Report(CauseView, _refunds),
    "funnel": Report(StageView, _funnel),
}


@routes.get(
    "/api/v1/analytics/csv/{report:text}",
    query=AskSales,
    who=Who.STAFF,
    produces=CSV,
    raises=[*REFUSALS, NotFound, RangeTooLong, OneStore],
)
async def export_csv(room: Room, incoming: Incoming[None, AskSales]) -> Reply:
    """A report as CSV.

    One of sales, today, stores, products, bought-together, customers, segments, cohorts, hours, times, cancellations,
    refunds and funnel. Amounts in paise; `grain` and `by` are for sales. Of customers the 5,000 who brought most."""
    table = await _table(room, incoming)
    return _file(table.name + ".csv", CSV, await room.compute.run(to_csv, table))


@routes.get(
    "/api/v1/analytics/xlsx/{report:text}",
    query=AskSales,
    who=Who.STAFF,
    produces=XLSX,
    raises=[*REFUSALS, NotFound, RangeTooLong, OneStore],
)
async def export_xlsx(room: Room, incoming: Incoming[None, AskSales]) -> Reply:
    """A report as a workbook: the same as CSV."""
    table = await _table(room, incoming)
    return _file(table.name + ".xlsx", XLSX, await room.compute.run(to_xlsx, table))


async def _table(room: Room, incoming: Incoming[None, AskSales]) -> Table:
    query, name = incoming.query, incoming.path["report"]
    stores = stores_for(incoming.principal, query.store_id)
    if name not in REPORTS:
        raise NotFound
    report, span = REPORTS[name], await days_of(room, stores, query)
    rows = await report.rows(Asked(room, stores, span, query))
    title = f"{name}-{day_name(span.first)}-{day_name(span.last)}"
    return await room.compute.run(_table_of, title, report.row, rows)


def _table_of(title: str, row: type[Out], rows: Iterable[Out]) -> Table:
    columns = _columns(row)
    return Table(title, list(columns.values()), [[getattr(each, column) for column in columns] for each in rows])


def _columns(row: type[Out]) -> dict[str, str]:
    """Name → name in the API: what is special of this report first, then what many have."""
    fields: Sequence[Any] = msgspec.structs.fields(row)
    own = set(row.__annotations__)
    ordered = sorted(fields, key=lambda field: field.name not in own)
    return {field.name: field.encode_name for field in ordered}


def _file(name: str, content_type: str, content: bytes) -> Reply:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Reply(data=content, content_type=content_type, headers=headers)
