"""What clients tell of visits."""

from typing import Any

from shikanji.kit.errors import Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.analytics.actions import visits
from shikanji.services.analytics.errors import RangeTooLong
from shikanji.services.analytics.routes.asking import REFUSALS, days_of, stores_for
from shikanji.services.analytics.routes.declared import routes
from shikanji.services.analytics.schemas.shapes import OfDays
from shikanji.services.analytics.schemas.visits import FunnelView, TakenView, TellEvents, client_events, funnel_view


@routes.post(
    "/api/v1/analytics/event",
    body=TellEvents,
    returns=TakenView,
    status=202,
    who=Who.ANYONE,
    raises=[Invalid],
)
async def tell_events(room: Room, incoming: Incoming[TellEvents, Any]) -> Reply:
    """What a visitor did: for the funnel. Nobody needs to sign in, and no name or address belongs here."""
    told = client_events(incoming.body)
    await room.db.write(visits.tell, incoming.body.visit_id, incoming.principal.account_id, told)
    return Reply(data=TakenView(taken=len(told)))


@routes.get(
    "/api/v1/analytics/funnel",
    query=OfDays,
    returns=FunnelView,
    who=Who.STAFF,
    raises=[*REFUSALS, RangeTooLong],
)
async def get_funnel(room: Room, incoming: Incoming[None, OfDays]) -> FunnelView:
    """How many visits came how far, from the menu to an order.

    A visit counts once a day, store and stage."""
    stores = stores_for(incoming.principal, incoming.query.store_id)
    span = await days_of(room, stores, incoming.query)
    return funnel_view(await room.db.read(visits.report, stores, span), span)
