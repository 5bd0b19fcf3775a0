"""Where a store delivers."""

from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.store import actions
from shikanji.services.store.errors import StoreNotFound, ZoneNotFound
from shikanji.services.store.model.store import find_zone
from shikanji.services.store.model.zones import Zone
from shikanji.services.store.routes.declared import routes
from shikanji.services.store.routes.stores import visible_store
from shikanji.services.store.routes.views import version_tag, zone_view
from shikanji.services.store.schemas import PutZone, ZoneView


@routes.get("/api/v1/stores/{id}/zones", returns=list[ZoneView], who=Who.ANYONE, editable=True, raises=[StoreNotFound])
async def list_zones(room: Room, incoming: Incoming[None, None]) -> Reply:
    """The zones in which the store delivers; beyond them its radius counts."""
    store = await visible_store(room, incoming)
    return Reply(data=[zone_view(zone) for zone in store.zones], etag=version_tag(store))


@routes.post(
    "/api/v1/stores/{id}/zones",
    body=PutZone,
    returns=ZoneView,
    status=201,
    who=Who.ADMIN,
    raises=[Forbidden, StoreNotFound, Invalid],
)
async def add_zone(room: Room, incoming: Incoming[PutZone, None]) -> ZoneView:
    """Adds a zone: by postal codes, or drawn on the map."""
    return zone_view(await room.db.write(actions.add_zone, incoming.path["id"], _zone("", incoming.body)))


@routes.put(
    "/api/v1/stores/{id}/zones/{zoneId}",
    body=PutZone,
    returns=ZoneView,
    who=Who.ADMIN,
    editable=True,
    raises=[Forbidden, StoreNotFound, ZoneNotFound, Invalid, PreconditionFailed],
)
async def replace_zone(room: Room, incoming: Incoming[PutZone, None]) -> Reply:
    """Sets a zone anew."""
    zone = _zone(incoming.path["zoneId"], incoming.body)
    store = await room.db.write(actions.replace_zone, incoming.path["id"], zone, incoming.if_match)
    return Reply(data=zone_view(find_zone(store, zone.id)), etag=version_tag(store))


@routes.delete(
    "/api/v1/stores/{id}/zones/{zoneId}",
    status=204,
    who=Who.ADMIN,
    raises=[Forbidden, StoreNotFound, ZoneNotFound],
)
async def remove_zone(room: Room, incoming: Incoming[None, None]) -> None:
    """Stops delivering in a zone."""
    await room.db.write(actions.remove_zone, incoming.path["id"], incoming.path["zoneId"])


def _zone(zone_id: str, body: PutZone) -> Zone:
    return Zone(
        id=zone_id,
        name=body.name,
        postal_codes=tuple(sorted(set(body.postal_codes))),
        polygon=tuple(body.polygon),
        fee=body.fee,
        minutes=body.minutes,
    )
