"""Stores: finding, opening, changing, closing."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from shikanji.kit.auth import Principal
from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_admin, require_role, works_in
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.store import actions, repository
from shikanji.services.store.errors import CodeTaken, HeadOfficeOnly, SlugTaken, StoreNotFound
from shikanji.services.store.model.store import Address, Particulars, Store, manager_may
from shikanji.services.store.routes.declared import routes
from shikanji.services.store.routes.views import settings_view, status_view, store_tag, store_view, version_tag
from shikanji.services.store.schemas import (
    AddressIn,
    CreateStore,
    In,
    ListStores,
    SettingsView,
    StatusView,
    StoreView,
    UpdateSettings,
    UpdateStatus,
    UpdateStore,
    given,
)

EDITS = (Forbidden, HeadOfficeOnly, StoreNotFound, Invalid, PreconditionFailed)


@routes.get(
    "/api/v1/stores",
    query=ListStores,
    returns=list[StoreView],
    who=Who.ANYONE,
    page=True,
    cache_seconds=5,
    raises=[Forbidden, Invalid],
)
async def list_stores(room: Room, incoming: Incoming[None, ListStores]) -> Reply:
    """Stores, the oldest first.

    With `postalCode`, those that deliver there. Whether one is open may be five seconds old."""
    query = incoming.query
    if query.status != "active":
        require_admin(incoming.principal)
    after = decode_cursor(query.cursor, str)
    found = await room.db.read(
        repository.list_stores, query.status, query.postal_code, after[0] if after else None, query.limit + 1
    )
    now = room.clock.now()
    return page(found, query.limit, key=lambda store: (store.id,), view=lambda store: store_view(store, now))


@routes.post(
    "/api/v1/stores",
    body=CreateStore,
    returns=StoreView,
    status=201,
    who=Who.ADMIN,
    editable=True,
    raises=[Invalid, SlugTaken, CodeTaken],
)
async def create_store(room: Room, incoming: Incoming[CreateStore, None]) -> Reply:
    """Opens a store. Without hours it serves nobody yet."""
    store = await room.db.write(actions.create_store, Particulars(**_fields(incoming.body)))
    return _shown(room, store)


@routes.get("/api/v1/stores/{id}", returns=StoreView, who=Who.ANYONE, editable=True, raises=[StoreNotFound])
async def get_store(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One store."""
    return _shown(room, await visible_store(room, incoming))


@routes.put(
    "/api/v1/stores/{id}",
    body=UpdateStore,
    returns=StoreView,
    who=Who.STAFF,
    editable=True,
    raises=[*EDITS, SlugTaken, CodeTaken],
)
async def update_store(room: Room, incoming: Incoming[UpdateStore, None]) -> Reply:
    """Changes what is given.

    Head office changes everything; the store's manager: accepting orders, phone, email, preparation and delivery
    minutes, slots and their capacity."""
    return _shown(room, await _update(room, incoming))


@routes.delete("/api/v1/stores/{id}", status=204, who=Who.ADMIN, raises=[StoreNotFound])
async def delete_store(room: Room, incoming: Incoming[None, None]) -> None:
    """Closes a store for good; its orders and books stay."""
    await room.db.write(actions.deactivate_store, incoming.path["id"])


@routes.put(
    "/api/v1/stores/{id}/status",
    body=UpdateStatus,
    returns=StatusView,
    who=Who.STAFF,
    editable=True,
    raises=EDITS,
)
async def update_status(room: Room, incoming: Incoming[UpdateStatus, None]) -> Reply:
    """Whether it takes orders now (its manager), whether it is there at all (head office)."""
    store = await _update(room, incoming)
    return Reply(data=status_view(store, room.clock.now()), etag=version_tag(store))


@routes.get(
    "/api/v1/stores/{id}/settings",
    returns=SettingsView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, StoreNotFound],
)
async def get_settings(room: Room, incoming: Incoming[None, None]) -> Reply:
    """How the store works, for those who work there."""
    require_role(incoming.principal, incoming.path["id"])
    store = await room.db.read(repository.find_store, incoming.path["id"])
    return Reply(data=settings_view(store), etag=version_tag(store))


@routes.put(
    "/api/v1/stores/{id}/settings",
    body=UpdateSettings,
    returns=SettingsView,
    who=Who.STAFF,
    editable=True,
    raises=EDITS,
)
async def update_settings(room: Room, incoming: Incoming[UpdateSettings, None]) -> Reply:
    """Changes what is given; the tax class of the fee and the rounding are head office's."""
    store = await _update(room, incoming)
    return Reply(data=settings_view(store), etag=version_tag(store))


async def visible_store(room: Room, incoming: Incoming[Any, Any]) -> Store:
    """The store of the path; a closed one is there for its staff and head office only."""
    store = await room.db.read(repository.find_store, incoming.path["id"])
    if not store.active and not works_in(incoming.principal, store.id):
        raise StoreNotFound
    return store


async def _update(room: Room, incoming: Incoming[Any, Any]) -> Store:
    wanted = _fields(incoming.body)
    _allow(incoming.principal, incoming.path["id"], wanted)
    return await room.db.write(actions.update_store, incoming.path["id"], wanted, incoming.if_match)


def _allow(principal: Principal, store_id: str, wanted: Mapping[str, Any]) -> None:
    require_role(principal, store_id, "manager")
    if not principal.admin:
        manager_may(wanted)


def _fields(body: In) -> dict[str, Any]:
    """What the client gave, as the model calls it."""
    fields = dict(given(body))
    if "delivery_radius_km" in fields:
        fields["delivery_radius_m"] = round(fields.pop("delivery_radius_km") * 1_000)
    if isinstance(address := fields.get("address"), AddressIn):
        fields["address"] = Address(**asdict(address))
    return fields


def _shown(room: Room, store: Store) -> Reply:
    view = store_view(store, room.clock.now())
    return Reply(data=view, etag=store_tag(store, view))
