"""Where an order is on its way."""

from shikanji.kit.errors import Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.pages import PageQuery, decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.order import actions
from shikanji.services.order.errors import NotUnderway, OrderNotFound, StepNotAllowed
from shikanji.services.order.routes.declared import routes
from shikanji.services.order.schemas import AddPoint, PointView, point_view


@routes.post(
    "/api/v1/orders/{id}/tracking",
    body=AddPoint,
    returns=PointView,
    status=201,
    who=Who.STAFF,
    raises=[OrderNotFound, StepNotAllowed, NotUnderway],
)
async def add_tracking_point(room: Room, incoming: Incoming[AddPoint, None]) -> PointView:
    """Says where a dispatched order is. The last 500 points are kept."""
    point = await room.db.write(
        actions.track_order,
        incoming.path["id"],
        incoming.principal,
        _millionths(incoming.body.latitude),
        _millionths(incoming.body.longitude),
    )
    return point_view(point)


@routes.get(
    "/api/v1/orders/{id}/tracking",
    query=PageQuery,
    returns=list[PointView],
    page=True,
    who=Who.SIGNED_IN,
    raises=[OrderNotFound, Invalid],
)
async def list_tracking_points(room: Room, incoming: Incoming[None, PageQuery]) -> Reply:
    """Where the order was, newest first."""
    query = incoming.query
    key = decode_cursor(query.cursor, int)
    before = None if key is None else key[0]
    points = await room.db.read(actions.see_tracking, incoming.path["id"], incoming.principal, before, query.limit + 1)
    return page(points, query.limit, key=lambda point: (point.seq,), view=point_view)


def _millionths(degrees: float) -> int:
    return round(degrees * 1_000_000)
