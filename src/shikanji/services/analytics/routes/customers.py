"""Who buys, and how often."""

from shikanji.kit.service import Room
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.analytics.actions import customers
from shikanji.services.analytics.errors import OneStore, RangeTooLong
from shikanji.services.analytics.routes.asking import REFUSALS, days_of, stores_for
from shikanji.services.analytics.routes.declared import routes
from shikanji.services.analytics.schemas.customers import (
    AskCustomers,
    CustomersView,
    CustomerView,
    customer_view,
    customers_view,
)
from shikanji.services.analytics.schemas.shapes import OfDays


@routes.get(
    "/api/v1/analytics/customers",
    query=OfDays,
    returns=CustomersView,
    who=Who.STAFF,
    raises=[*REFUSALS, RangeTooLong, OneStore],
)
async def get_customers(room: Room, incoming: Incoming[None, OfDays]) -> CustomersView:
    """New and returning customers of any days, segments, lifetime value, and the cohorts of the last twelve months.

    For head office of all stores; else of one store: to another store the same customer is a new one."""
    stores = stores_for(incoming.principal, incoming.query.store_id)
    span = await days_of(room, stores, incoming.query)
    return customers_view(await room.db.read(customers.report, stores, span), span)


@routes.get(
    "/api/v1/analytics/customers/best",
    query=AskCustomers,
    returns=list[CustomerView],
    who=Who.STAFF,
    page=True,
    raises=[*REFUSALS, OneStore],
)
async def list_customers(room: Room, incoming: Incoming[None, AskCustomers]) -> Reply:
    """Customers, those who brought most first."""
    query, now = incoming.query, room.clock.now()
    stores = stores_for(incoming.principal, query.store_id)
    before = decode_cursor(query.cursor, int, str)
    found = await room.db.read(customers.best, stores, before, query.limit + 1)
    return page(
        found,
        query.limit,
        key=lambda customer: (customer.revenue, customer.customer_id),
        view=lambda customer: customer_view(customer, now),
    )
