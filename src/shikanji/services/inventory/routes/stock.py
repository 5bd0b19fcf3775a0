"""Stock, for the people of a store and head office."""

from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.guards import require_role, works_in
from shikanji.kit.web.idempotency import InFlight, KeyReused, once
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Idempotency, Incoming, Reply, Who
from shikanji.services.inventory import actions
from shikanji.services.inventory.actions.stock import ALL, Adjustment
from shikanji.services.inventory.errors import BelowZero, ProductNotFound, StockNotFound
from shikanji.services.inventory.model.stock import Levels, Stock, Terms
from shikanji.services.inventory.routes.declared import routes
from shikanji.services.inventory.schemas import (
    AdjustStock,
    ListedStock,
    ListMovements,
    ListStock,
    MovementView,
    OfStore,
    StockView,
    listed_stock,
    movement_view,
    stock_view,
)


@routes.get(
    "/api/v1/inventory",
    query=ListStock,
    returns=list[ListedStock],
    who=Who.STAFF,
    page=True,
    raises=[Forbidden, Invalid],
)
async def list_stock(room: Room, incoming: Incoming[None, ListStock]) -> Reply:
    """A store's stock; with `low`, only what is to be reordered."""
    query = incoming.query
    require_role(incoming.principal, query.store_id)
    after = decode_cursor(query.cursor, str)
    rows = await room.db.read(actions.list_stock, query.store_id, after[0] if after else "", query.limit + 1, query.low)
    return page(rows, query.limit, key=lambda each: (each[0].id,), view=lambda each: listed_stock(*each))


@routes.get(
    "/api/v1/inventory/{productId}",
    query=OfStore,
    returns=StockView | list[StockView],
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, ProductNotFound, StockNotFound],
)
async def get_stock(room: Room, incoming: Incoming[None, OfStore]) -> Reply:
    """The stock of a product in one store, or, without `storeId`, a list over the caller's stores."""
    product_id, store_id, principal = incoming.path["productId"], incoming.query.store_id, incoming.principal
    if store_id is not None:
        require_role(principal, store_id)
        return _shown(await room.db.read(actions.stock_of, store_id, product_id))
    rows = await room.db.read(actions.stock_of_product, product_id)
    return Reply(data=[stock_view(row) for row in rows if works_in(principal, row.store_id)])


@routes.get(
    "/api/v1/inventory/{productId}/movements",
    query=ListMovements,
    returns=list[MovementView],
    who=Who.STAFF,
    page=True,
    raises=[Forbidden, StockNotFound, Invalid],
)
async def list_movements(room: Room, incoming: Incoming[None, ListMovements]) -> Reply:
    """Every change of what is on hand in one store, the newest first."""
    query = incoming.query
    require_role(incoming.principal, query.store_id)
    before = decode_cursor(query.cursor, str)
    found = await room.db.read(
        actions.list_movements,
        query.store_id,
        incoming.path["productId"],
        before[0] if before else ALL,
        query.limit + 1,
    )
    return page(found, query.limit, key=lambda each: (each.id,), view=movement_view)


@routes.put(
    "/api/v1/inventory/{productId}/adjust",
    body=AdjustStock,
    returns=StockView,
    who=Who.STAFF,
    idempotency=Idempotency.OPTIONAL,
    raises=[Forbidden, ProductNotFound, BelowZero, Invalid, InFlight, KeyReused],
)
async def adjust_stock(room: Room, incoming: Incoming[AdjustStock, None]) -> Reply:
    """Adds to what is on hand, or takes off it, for a reason.

    What is taken below what is held breaks the youngest holds: their orders are told that there is no stock."""
    body = incoming.body
    require_role(incoming.principal, body.store_id, "manager")
    wanted = Adjustment(
        store_id=body.store_id,
        product_id=incoming.path["productId"],
        delta=body.delta,
        reason=body.reason,
        by=incoming.principal.account_id,
    )
    return await once(room, incoming, actions.adjust_stock, wanted, view=stock_view)


@routes.put(
    "/api/v1/inventory/{productId}/levels",
    body=Levels,
    returns=StockView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, StockNotFound, Invalid, PreconditionFailed],
)
async def set_levels(room: Room, incoming: Incoming[Levels, None]) -> Reply:
    """Sets minimum, maximum and reorder point, and notes unit cost, expiry and batch."""
    require_role(incoming.principal, incoming.body.store_id, "manager")
    saved = await room.db.write(actions.set_levels, incoming.path["productId"], incoming.body, incoming.if_match)
    return _shown(saved)


@routes.put(
    "/api/v1/products/{id}/stores/{storeId}",
    body=Terms,
    returns=StockView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, ProductNotFound, Invalid, PreconditionFailed],
)
async def set_terms(room: Room, incoming: Incoming[Terms, None]) -> Reply:
    """Puts a product on a store's card or takes it off; head office may give it another price there."""
    store_id = incoming.path["storeId"]
    require_role(incoming.principal, store_id, "manager")
    saved = await room.db.write(
        actions.set_terms,
        store_id,
        incoming.path["id"],
        incoming.body,
        incoming.if_match,
        incoming.principal.admin,
    )
    return _shown(saved)


def _shown(row: Stock) -> Reply:
    return Reply(data=stock_view(row), etag=etag(row.version))
