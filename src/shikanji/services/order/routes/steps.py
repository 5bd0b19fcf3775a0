"""The way of an order through the store, and its early end."""

import msgspec

from shikanji.contracts.store import AskRoles
from shikanji.kit.auth import Principal, Role
from shikanji.kit.errors import Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.idempotency import InFlight, KeyReused, once
from shikanji.kit.web.routes import Idempotency, Incoming, Reply, Who
from shikanji.services.order import actions
from shikanji.services.order.errors import AssignmentNotAllowed, IllegalStep, OrderNotFound, StepNotAllowed, TooEarly
from shikanji.services.order.model.order import Order
from shikanji.services.order.routes.declared import routes
from shikanji.services.order.schemas import Assign, CancelOrder, OrderView, SetStatus, order_view

COOKS: tuple[Role, ...] = ("chef", "manager")
COURIERS: tuple[Role, ...] = ("delivery", "manager")


@routes.put(
    "/api/v1/orders/{id}/status",
    body=SetStatus,
    returns=OrderView,
    who=Who.STAFF,
    raises=[OrderNotFound, StepNotAllowed, IllegalStep, TooEarly],
)
async def set_status(room: Room, incoming: Incoming[SetStatus, None]) -> OrderView:
    """Moves an order one step on.

    Which step, in which role: confirmed → preparing → ready by chef or manager; ready → dispatched by delivery,
    cashier or manager; dispatched → delivered by delivery or manager; ready (pickup, dine-in) or delivered → completed
    by cashier or manager. The status that it has already changes nothing."""
    whole, actor = await room.db.write(
        actions.move_order, incoming.path["id"], incoming.principal, incoming.body.status
    )
    return order_view(whole, actor)


@routes.post(
    "/api/v1/orders/{id}/cancel",
    body=CancelOrder,
    returns=OrderView,
    who=Who.SIGNED_IN,
    idempotency=Idempotency.REQUIRED,
    raises=[OrderNotFound, StepNotAllowed, IllegalStep, Invalid, InFlight, KeyReused],
)
async def cancel_order(room: Room, incoming: Incoming[CancelOrder, None]) -> Reply:
    """Cancels an order; what was paid goes back.

    The customer may until the kitchen begins; support and managers until it leaves the store; managers also what could
    not be delivered."""
    return await once(
        room,
        incoming,
        actions.cancel_order,
        incoming.path["id"],
        incoming.principal,
        incoming.body.reason,
        incoming.body.restock,
        view=lambda done: order_view(*done),
    )


@routes.put(
    "/api/v1/orders/{id}/assignment",
    body=Assign,
    returns=OrderView,
    who=Who.STAFF,
    raises=[OrderNotFound, AssignmentNotAllowed, IllegalStep, Invalid],
)
async def assign(room: Room, incoming: Incoming[Assign, None]) -> OrderView:
    """Says who cooks and who delivers.

    A manager names anyone of the store; a chef or courier takes the work or gives their own back."""
    body, principal, order_id = incoming.body, incoming.principal, incoming.path["id"]
    seen, _ = await room.db.read(actions.see_order, order_id, principal)
    await _check_trade(room, principal, seen.order.store_id, "cookId", body.cook_id, COOKS)
    await _check_trade(room, principal, seen.order.store_id, "courierId", body.courier_id, COURIERS)

    def choose(order: Order) -> tuple[str | None, str | None]:
        return (
            order.cook_id if body.cook_id is msgspec.UNSET else body.cook_id,
            order.courier_id if body.courier_id is msgspec.UNSET else body.courier_id,
        )

    whole, actor = await room.db.write(actions.assign_order, order_id, principal, choose)
    return order_view(whole, actor)


async def _check_trade(
    room: Room,
    principal: Principal,
    store_id: str,
    field: str,
    account_id: str | msgspec.UnsetType | None,
    trade: tuple[Role, ...],
) -> None:
    """Whoever is to do the work must have such a role in the store."""
    if not isinstance(account_id, str):
        return
    if account_id == principal.account_id:
        role = principal.role_in(store_id)
    else:
        role = (await room.calls.ask(AskRoles(account_id=account_id))).roles.get(store_id)
    if role not in trade:
        raise Invalid.field(field, f"is not one of the store's people who may do this ({', '.join(trade)})")
