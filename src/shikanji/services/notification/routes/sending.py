"""Messages by hand, and what became of all messages: for head office."""

from shikanji.kit.errors import Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.idempotency import InFlight, KeyReused, once
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Idempotency, Incoming, Reply, Who
from shikanji.services.notification.actions import people
from shikanji.services.notification.actions.people import Accepted, ByHand
from shikanji.services.notification.model.kinds import KINDS
from shikanji.services.notification.repository import logs
from shikanji.services.notification.routes.declared import routes
from shikanji.services.notification.schemas import AcceptedView, DeliveryView, LogQuery, SendIn, delivery_view


@routes.post(
    "/api/v1/notifications/send",
    body=SendIn,
    returns=AcceptedView,
    status=201,
    who=Who.ADMIN,
    idempotency=Idempotency.OPTIONAL,
    raises=[Invalid, InFlight, KeyReused],
)
async def send(room: Room, incoming: Incoming[SendIn, None]) -> Reply:
    """Writes to some customers.

    Once each, on the ways that the kind has and the customer wants; who cannot be reached is left out."""
    body = incoming.body
    unfit = sorted(set(body.channels or ()) - set(KINDS[body.kind].channels))
    if unfit:
        raise Invalid.field("channels", f"a {body.kind} does not go by {', '.join(unfit)}")
    if (body.title_hi is None) is not (body.text_hi is None):
        raise Invalid.field("titleHi" if body.title_hi is None else "textHi", "come together: titleHi and textHi")
    wanted = ByHand(
        customer_ids=body.customer_ids,
        kind=body.kind,
        title=body.title,
        text=body.text,
        title_hi=body.title_hi,
        text_hi=body.text_hi,
        channels=None if body.channels is None else tuple(dict.fromkeys(body.channels)),
    )
    return await once(room, incoming, people.send_by_hand, wanted, view=accepted_view, status=201)


@routes.get(
    "/api/v1/notifications/log",
    query=LogQuery,
    returns=list[DeliveryView],
    page=True,
    who=Who.ADMIN,
    raises=[Invalid],
)
async def list_deliveries(room: Room, incoming: Incoming[None, LogQuery]) -> Reply:
    """What was sent, what waits and what failed, newest first."""
    query = incoming.query
    key = decode_cursor(query.cursor, str)
    before = None if key is None else key[0]
    found = await room.db.read(logs.newest, query.customer_id, query.state, before, query.limit + 1)
    return page(found, query.limit, key=lambda delivery: (delivery.id,), view=delivery_view)


def accepted_view(accepted: Accepted) -> AcceptedView:
    return AcceptedView(id=accepted.id, customers=accepted.customers)
