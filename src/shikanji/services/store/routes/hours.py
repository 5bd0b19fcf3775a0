"""When a store is open: weekly hours and dated closures."""

from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_role
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.store import actions
from shikanji.services.store.errors import ClosureNotFound, StoreNotFound
from shikanji.services.store.model.hours import WEEKDAYS, Closure, Hours
from shikanji.services.store.routes.declared import routes
from shikanji.services.store.routes.stores import visible_store
from shikanji.services.store.routes.views import closure_view, hours_view, version_tag
from shikanji.services.store.schemas import AddClosure, ClosureView, HoursIn, HoursView, SetHours


@routes.get("/api/v1/stores/{id}/hours", returns=list[HoursView], who=Who.ANYONE, editable=True, raises=[StoreNotFound])
async def get_hours(room: Room, incoming: Incoming[None, None]) -> Reply:
    """The weekly hours, in the store's time zone."""
    store = await visible_store(room, incoming)
    return Reply(data=[hours_view(hours) for hours in store.hours], etag=version_tag(store))


@routes.put(
    "/api/v1/stores/{id}/hours",
    body=SetHours,
    returns=list[HoursView],
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, StoreNotFound, Invalid, PreconditionFailed],
)
async def set_hours(room: Room, incoming: Incoming[SetHours, None]) -> Reply:
    """Sets all weekly hours anew: several intervals a day, per fulfilment method, also past midnight."""
    require_role(incoming.principal, incoming.path["id"], "manager")
    hours = [_hours(each) for each in incoming.body.hours]
    store = await room.db.write(actions.set_hours, incoming.path["id"], hours, incoming.if_match)
    return Reply(data=[hours_view(each) for each in store.hours], etag=version_tag(store))


@routes.get("/api/v1/stores/{id}/closures", returns=list[ClosureView], who=Who.ANYONE, raises=[StoreNotFound])
async def list_closures(room: Room, incoming: Incoming[None, None]) -> list[ClosureView]:
    """The dates on which no hours begin, the earliest first."""
    store = await visible_store(room, incoming)
    return [closure_view(closure) for closure in store.closures]


@routes.post(
    "/api/v1/stores/{id}/closures",
    body=AddClosure,
    returns=ClosureView,
    status=201,
    who=Who.STAFF,
    raises=[Forbidden, StoreNotFound, Invalid],
)
async def add_closure(room: Room, incoming: Incoming[AddClosure, None]) -> ClosureView:
    """Closes the store on some dates. Hours that began the evening before run to their end."""
    require_role(incoming.principal, incoming.path["id"], "manager")
    body = incoming.body
    wanted = Closure(id="", first=body.first, last=body.last, fulfilment=body.fulfilment, reason=body.reason)
    return closure_view(await room.db.write(actions.add_closure, incoming.path["id"], wanted))


@routes.delete(
    "/api/v1/stores/{id}/closures/{closureId}",
    status=204,
    who=Who.STAFF,
    raises=[Forbidden, StoreNotFound, ClosureNotFound],
)
async def remove_closure(room: Room, incoming: Incoming[None, None]) -> None:
    """Takes a closure back."""
    require_role(incoming.principal, incoming.path["id"], "manager")
    await room.db.write(actions.remove_closure, incoming.path["id"], incoming.path["closureId"])


def _hours(given: HoursIn) -> Hours:
    return Hours(
        fulfilment=given.fulfilment,
        day=WEEKDAYS.index(given.day),
        opens=_minutes(given.opens),
        closes=_minutes(given.closes),
    )


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
