"""What is sold now, and what was."""

from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Who
from shikanji.services.analytics.actions import reports
from shikanji.services.analytics.errors import RangeTooLong
from shikanji.services.analytics.routes.asking import REFUSALS, days_of, stores_for
from shikanji.services.analytics.routes.declared import routes
from shikanji.services.analytics.schemas.sales import AskSales, DashboardView, SalesView, dashboard_view, sales_view
from shikanji.services.analytics.schemas.shapes import OfStore


@routes.get("/api/v1/analytics/dashboard", query=OfStore, returns=DashboardView, who=Who.STAFF, raises=list(REFUSALS))
async def get_dashboard(room: Room, incoming: Incoming[None, OfStore]) -> DashboardView:
    """Today so far, beside the day before up to the same time: for the store's manager and head office."""
    stores = stores_for(incoming.principal, incoming.query.store_id)
    return dashboard_view(await room.db.read(reports.dashboard, stores), room.clock.now())


@routes.get(
    "/api/v1/analytics/sales",
    query=AskSales,
    returns=SalesView,
    who=Who.STAFF,
    raises=[*REFUSALS, RangeTooLong],
)
async def get_sales(room: Room, incoming: Incoming[None, AskSales]) -> SalesView:
    """Sales of any days, beside as many days right before them.

    By hour, day, week or month, and by store, fulfilment, payment method or category (of whole days then)."""
    query = incoming.query
    stores = stores_for(incoming.principal, query.store_id)
    span = await days_of(room, stores, query)
    return sales_view(await room.db.read(reports.sales, stores, span, query.grain, query.by), span)
