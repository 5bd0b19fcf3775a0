"""What sells, and how orders go."""

from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Who
from shikanji.services.analytics.actions import orders, products
from shikanji.services.analytics.errors import RangeTooLong
from shikanji.services.analytics.routes.asking import REFUSALS, days_of, stores_for
from shikanji.services.analytics.routes.declared import routes
from shikanji.services.analytics.schemas.operations import OrdersView, ProductsView, orders_view, products_view
from shikanji.services.analytics.schemas.shapes import OfDays


@routes.get(
    "/api/v1/analytics/products",
    query=OfDays,
    returns=ProductsView,
    who=Who.STAFF,
    raises=[*REFUSALS, RangeTooLong],
)
async def get_products(room: Room, incoming: Incoming[None, OfDays]) -> ProductsView:
    """The best and the worst products of any days, and what is bought together."""
    stores = stores_for(incoming.principal, incoming.query.store_id)
    span = await days_of(room, stores, incoming.query)
    return products_view(await room.db.read(products.report, stores, span), span)


@routes.get(
    "/api/v1/analytics/orders",
    query=OfDays,
    returns=OrdersView,
    who=Who.STAFF,
    raises=[*REFUSALS, RangeTooLong],
)
async def get_orders(room: Room, incoming: Incoming[None, OfDays]) -> OrdersView:
    """Orders of any days by the hour of the day, times of kitchen and delivery, cancellations and refunds by cause."""
    stores = stores_for(incoming.principal, incoming.query.store_id)
    span = await days_of(room, stores, incoming.query)
    return orders_view(await room.db.read(orders.report, stores, span), span)
