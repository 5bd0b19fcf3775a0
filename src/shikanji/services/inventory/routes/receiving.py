"""What suppliers bring."""

from shikanji.kit.errors import Forbidden, Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.idempotency import InFlight, KeyReused, once
from shikanji.kit.web.pages import PageQuery, decode_cursor, page
from shikanji.kit.web.routes import Idempotency, Incoming, Reply, Who
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import (
    IllegalPurchaseStep,
    NotOrdered,
    PurchaseOrderNotFound,
    ReceiptKnown,
    TooMuchReceived,
)
from shikanji.services.inventory.model.purchase import ReceiptDraft
from shikanji.services.inventory.repository import purchases
from shikanji.services.inventory.routes.declared import routes
from shikanji.services.inventory.routes.purchases import own_purchase
from shikanji.services.inventory.routes.supply_views import ReceiptView, TakenIn, receipt_view, taken_in


@routes.get(
    "/api/v1/purchase-orders/{id}/receipts",
    query=PageQuery,
    returns=list[ReceiptView],
    who=Who.STAFF,
    page=True,
    raises=[Forbidden, PurchaseOrderNotFound, Invalid],
)
async def list_receipts(room: Room, incoming: Incoming[None, PageQuery]) -> Reply:
    """The deliveries of a purchase order, the newest first."""
    found, key = await own_purchase(room, incoming), decode_cursor(incoming.query.cursor, str)
    before, limit = None if key is None else key[0], incoming.query.limit
    receipts = await room.db.read(purchases.receipts_of, found.id, before, limit + 1)
    return page(receipts, limit, key=lambda each: (each.id,), view=receipt_view)


@routes.post(
    "/api/v1/purchase-orders/{id}/receipts",
    body=ReceiptDraft,
    returns=TakenIn,
    status=201,
    who=Who.STAFF,
    idempotency=Idempotency.REQUIRED,
    raises=[
        Forbidden,
        PurchaseOrderNotFound,
        Invalid,
        NotOrdered,
        IllegalPurchaseStep,
        TooMuchReceived,
        ReceiptKnown,
        InFlight,
        KeyReused,
    ],
)
async def receive(room: Room, incoming: Incoming[ReceiptDraft, None]) -> Reply:
    """Takes a delivery, or a part of one, onto the shelves: all its lines or none, and never more than is awaited.

    A product may come in several batches: each is a line. The shelf notes the mean cost of a piece, and the batch that
    ends first."""
    found, by = await own_purchase(room, incoming), incoming.principal.account_id
    return await once(room, incoming, actions.receive, found.id, incoming.body, by, view=taken_in, status=201)
