"""Purchase orders: of a store's manager and head office."""

from typing import Any

from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.guards import require_role, require_staff_of
from shikanji.kit.web.idempotency import InFlight, KeyReused, once
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Idempotency, Incoming, Reply, Who
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import IllegalPurchaseStep, PurchaseOrderNotFound
from shikanji.services.inventory.model.purchase import Purchase, PurchaseDraft, PurchaseFields
from shikanji.services.inventory.repository import purchases
from shikanji.services.inventory.routes.declared import routes
from shikanji.services.inventory.routes.supply_views import (
    AskSuggestions,
    ListPurchases,
    MovePurchase,
    OrderSuggested,
    PurchaseSummary,
    PurchaseView,
    SuggestionView,
    purchase_summary,
    purchase_view,
    suggestion_view,
)


@routes.get(
    "/api/v1/purchase-orders",
    query=ListPurchases,
    returns=list[PurchaseSummary],
    who=Who.STAFF,
    page=True,
    raises=[Forbidden, Invalid],
)
async def list_purchases(room: Room, incoming: Incoming[None, ListPurchases]) -> Reply:
    """A store's purchase orders, the newest first."""
    query = incoming.query
    require_role(incoming.principal, query.store_id, "manager")
    key = decode_cursor(query.cursor, str)
    before = None if key is None else key[0]
    found = await room.db.read(
        purchases.listed, query.store_id, before, query.limit + 1, query.status, query.supplier_id
    )
    return page(found, query.limit, key=lambda each: (each.id,), view=purchase_summary)


@routes.post(
    "/api/v1/purchase-orders",
    body=PurchaseDraft,
    returns=PurchaseView,
    status=201,
    who=Who.STAFF,
    idempotency=Idempotency.REQUIRED,
    raises=[Forbidden, Invalid, InFlight, KeyReused],
)
async def create_purchase(room: Room, incoming: Incoming[PurchaseDraft, None]) -> Reply:
    """Writes down what a store wants of a supplier.

    A line without `unitCost` has what the supplier is known to take."""
    principal, body = incoming.principal, incoming.body
    require_role(principal, body.store_id, "manager")
    return await once(
        room, incoming, actions.create_purchase, body, principal.account_id, view=purchase_view, status=201
    )


@routes.get(
    "/api/v1/purchase-orders/suggestions",
    query=AskSuggestions,
    returns=list[SuggestionView],
    who=Who.STAFF,
    raises=[Forbidden],
)
async def list_suggestions(room: Room, incoming: Incoming[None, AskSuggestions]) -> list[SuggestionView]:
    """What a store should order again, by supplier.

    All that is, with what is on order, at its reorder point or below, up to its maximum. Without a maximum, up to the
    reorder point and what will be sold until a week after the delivery, and at least twice the reorder point."""
    require_role(incoming.principal, incoming.query.store_id, "manager")
    found, products = await room.db.read(actions.suggested_products, incoming.query.store_id)
    return [suggestion_view(each, products) for each in found]


@routes.post(
    "/api/v1/purchase-orders/suggestions",
    body=OrderSuggested,
    returns=list[PurchaseView],
    status=201,
    who=Who.STAFF,
    idempotency=Idempotency.REQUIRED,
    raises=[Forbidden, Invalid, InFlight, KeyReused],
)
async def order_suggested(room: Room, incoming: Incoming[OrderSuggested, None]) -> Reply:
    """Makes pending purchase orders of what is suggested now, one for each supplier."""
    principal, body = incoming.principal, incoming.body
    require_role(principal, body.store_id, "manager")
    return await once(
        room,
        incoming,
        actions.order_suggested,
        body.store_id,
        body.supplier_ids,
        principal.account_id,
        view=lambda made: [purchase_view(each) for each in made],
        status=201,
    )


@routes.get(
    "/api/v1/purchase-orders/{id}",
    returns=PurchaseView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, PurchaseOrderNotFound],
)
async def get_purchase(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One purchase order with its lines."""
    return _shown(await own_purchase(room, incoming))


@routes.put(
    "/api/v1/purchase-orders/{id}",
    body=PurchaseFields,
    returns=PurchaseView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, PurchaseOrderNotFound, Invalid, IllegalPurchaseStep, PreconditionFailed],
)
async def change_purchase(room: Room, incoming: Incoming[PurchaseFields, None]) -> Reply:
    """Puts lines, day and note of a pending one anew."""
    found = await own_purchase(room, incoming)
    return _shown(await room.db.write(actions.change_purchase, found.id, incoming.body, incoming.if_match))


@routes.put(
    "/api/v1/purchase-orders/{id}/status",
    body=MovePurchase,
    returns=PurchaseView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, PurchaseOrderNotFound, Invalid, IllegalPurchaseStep, PreconditionFailed],
)
async def move_purchase(room: Room, incoming: Incoming[MovePurchase, None]) -> Reply:
    """Confirms a purchase order, or cancels what of it is still awaited.

    pending → confirmed or cancelled; confirmed → cancelled, or `received` where something has come already. What it is
    already changes nothing."""
    found, body = await own_purchase(room, incoming), incoming.body
    moved = await room.db.write(actions.move_purchase, found.id, body.status, body.reason, incoming.if_match)
    return _shown(moved)


async def own_purchase(room: Room, incoming: Incoming[Any, Any]) -> Purchase:
    """The one in the path, for who may work on it: nobody of another store learns that it is there."""
    found = await room.db.read(actions.get_purchase, incoming.path["id"])
    require_staff_of(incoming.principal, None, found.store_id, "manager")
    return found


def _shown(purchase: Purchase) -> Reply:
    return Reply(data=purchase_view(purchase), etag=etag(purchase.version))
