"""Placing an order."""

from datetime import datetime

import msgspec

from shikanji.contracts.customer import Address
from shikanji.contracts.inventory import WantedLine
from shikanji.kit.auth import Principal, Role
from shikanji.kit.clock import DAY, from_datetime
from shikanji.kit.errors import Conflict, Invalid, NotFound, TooManyRequests, Unavailable
from shikanji.kit.service import Room
from shikanji.kit.web.guards import works_in
from shikanji.kit.web.idempotency import ClaimLost, InFlight, KeyReused, Scope
from shikanji.kit.web.routes import Idempotency, Incoming, Reply, Who
from shikanji.services.order.checkout import Wanted, check_out
from shikanji.services.order.errors import AmountTooSmall, BelowMinimumOrder, OrderingNotAllowed, TooManyOpenOrders
from shikanji.services.order.model.edges import Actor
from shikanji.services.order.routes.declared import routes
from shikanji.services.order.schemas import DeliveryAddress, OrderView, PlaceOrder, order_view

ORDER_TAKERS: tuple[Role, ...] = ("cashier", "support", "manager")
REACH = 366 * DAY


@routes.post(
    "/api/v1/orders",
    body=PlaceOrder,
    returns=OrderView,
    status=201,
    who=Who.SIGNED_IN,
    idempotency=Idempotency.REQUIRED,
    raises=[
        OrderingNotAllowed,
        NotFound,
        Conflict,
        InFlight,
        ClaimLost,
        KeyReused,
        Invalid,
        BelowMinimumOrder,
        AmountTooSmall,
        TooManyOpenOrders,
        TooManyRequests,
        Unavailable,
    ],
)
async def place_order(room: Room, incoming: Incoming[PlaceOrder, None]) -> Reply:
    """Places an order.

    The customer is the caller; cashiers, support and managers of the store pass `customerId`. An order to be paid
    online waits for its payment until `paymentDeadline`; one paid in cash is confirmed at once."""
    wanted = _wanted(room, incoming.body, incoming.principal)
    actor = Actor.of(incoming.principal, customer_id=wanted.customer_id, store_id=wanted.store_id)
    return await check_out(room, Scope.of(incoming), wanted, lambda whole: order_view(whole, actor))


def _wanted(room: Room, body: PlaceOrder, principal: Principal) -> Wanted:
    customer_id = body.customer_id or principal.account_id
    own = customer_id == principal.account_id
    if not own and not works_in(principal, body.store_id, *ORDER_TAKERS):
        raise OrderingNotAllowed("Only the store's cashiers, support and managers order for others.")
    if body.redeem_points and not own:
        raise OrderingNotAllowed("Only customers redeem their points.")
    delivery = body.fulfilment == "delivery"
    if delivery and (body.delivery_address is None) == (body.address_id is None):
        raise Invalid.field("deliveryAddress", "a delivery needs either an address or an addressId")
    address = body.delivery_address if delivery else None
    line_ids = [room.ids.new() for _ in body.items]
    return Wanted(
        customer_id=customer_id,
        store_id=body.store_id,
        fulfilment=body.fulfilment,
        payment_method=body.payment_method,
        lines=[
            WantedLine(line_id=line_id, product_id=item.product_id, quantity=item.quantity, options=item.options)
            for line_id, item in zip(line_ids, body.items, strict=True)
        ],
        notes_of_lines={line_id: _text(item.notes) for line_id, item in zip(line_ids, body.items, strict=True)},
        address=None if address is None else _address(address),
        address_id=body.address_id if delivery else None,
        scheduled_for=None if body.scheduled_for is None else _within_reach(room, body.scheduled_for),
        notes=_text(body.notes),
        placed_by=principal.account_id,
        capped=own and room.rate_limits,
        coupon_code=None if body.coupon_code is None else body.coupon_code.strip().upper(),
        redeem_points=body.redeem_points,
    )


def _address(given: DeliveryAddress) -> Address:
    fields = msgspec.structs.asdict(given)
    return Address(**(fields | {"line2": _text(given.line2), "landmark": _text(given.landmark)}))


def _text(given: str | None) -> str | None:
    """Nothing where a form was left blank."""
    return given if given and given.strip() else None


def _within_reach(room: Room, moment: datetime) -> int:
    """µs. The store says what it really takes; what no calendar reaches is not worth asking."""
    at = from_datetime(moment)
    if abs(at - room.clock.now()) > REACH:
        raise Invalid.field("scheduledFor", "is more than a year away")
    return at
