"""Orders, one or many."""

import msgspec

from shikanji.kit.auth import Principal
from shikanji.kit.clock import from_datetime
from shikanji.kit.errors import Invalid, NotFound
from shikanji.kit.service import Room
from shikanji.kit.web.pages import PageQuery, decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.order import actions
from shikanji.services.order.errors import NotOfThisStore, OrderNotFound, OthersOrders
from shikanji.services.order.model.edges import Actor
from shikanji.services.order.model.order import Order
from shikanji.services.order.repository import Filter
from shikanji.services.order.routes.declared import routes
from shikanji.services.order.schemas import FindOrders, OrderSummary, OrderView, order_summary, order_view


@routes.get(
    "/api/v1/orders",
    query=FindOrders,
    returns=list[OrderSummary],
    page=True,
    who=Who.SIGNED_IN,
    raises=[OthersOrders, NotOfThisStore, Invalid],
)
async def find_orders(room: Room, incoming: Incoming[None, FindOrders]) -> Reply:
    """Orders, newest first: a customer's own; of staff their stores'; of head office all."""
    return await _list(room, incoming.principal, incoming.query, _scope(incoming.principal, incoming.query))


@routes.get(
    "/api/v1/orders/customer/{customerId}",
    query=PageQuery,
    returns=list[OrderSummary],
    page=True,
    who=Who.SIGNED_IN,
    raises=[NotFound, Invalid],
)
async def list_orders_of_customer(room: Room, incoming: Incoming[None, PageQuery]) -> Reply:
    """The orders of one customer, newest first: all for the customer, those of their stores for staff."""
    principal, customer_id = incoming.principal, incoming.path["customerId"]
    everywhere = principal.admin or principal.account_id == customer_id
    if not everywhere and not principal.staff:
        raise NotFound
    scope = Filter(store_ids=None if everywhere else tuple(principal.roles), customer_id=customer_id)
    return await _list(room, principal, incoming.query, scope)


@routes.get("/api/v1/orders/{id}", returns=OrderView, who=Who.SIGNED_IN, raises=[OrderNotFound])
async def get_order(room: Room, incoming: Incoming[None, None]) -> OrderView:
    """One order with its timeline."""
    whole, actor = await room.db.read(actions.see_order, incoming.path["id"], incoming.principal)
    return order_view(whole, actor)


async def _list(room: Room, principal: Principal, query: PageQuery, scope: Filter) -> Reply:
    key = decode_cursor(query.cursor, str)
    if key is not None:
        scope = msgspec.structs.replace(scope, before=key[0])
    found = await room.db.read(actions.list_orders, scope, query.limit + 1)

    def view(order: Order) -> OrderSummary:
        return order_summary(order, Actor.of(principal, customer_id=order.customer_id, store_id=order.store_id))

    return page(found, query.limit, key=lambda order: (order.id,), view=view)


def _scope(principal: Principal, query: FindOrders) -> Filter:
    """What the caller may see of what was asked for."""
    store_ids: tuple[str, ...] | None = None if query.store_id is None else (query.store_id,)
    customer_id = query.customer_id
    if not principal.admin:
        if customer_id is None and not principal.staff:
            customer_id = principal.account_id
        if customer_id != principal.account_id:
            if not principal.staff:
                raise OthersOrders
            if query.store_id is not None and principal.role_in(query.store_id) is None:
                raise NotOfThisStore
            store_ids = store_ids or tuple(principal.roles)
    return Filter(
        store_ids=store_ids,
        customer_id=customer_id,
        statuses=tuple(query.status),
        fulfilment=query.fulfilment,
        placed_from=None if query.placed_from is None else from_datetime(query.placed_from),
        placed_to=None if query.placed_to is None else from_datetime(query.placed_to),
        number=None if query.q is None else query.q.strip().upper(),
    )
