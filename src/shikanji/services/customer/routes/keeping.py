"""Addresses, preferences and favourites: of the caller alone; head office may look."""

import msgspec

from shikanji.kit.clock import to_rfc3339
from shikanji.kit.errors import Forbidden, Invalid, NotFound, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.guards import require_account, require_own
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.customer.actions import keeping
from shikanji.services.customer.errors import (
    AddressNotFound,
    CustomerNotFound,
    TooManyAddresses,
    TooManyFavourites,
)
from shikanji.services.customer.model.account import Language
from shikanji.services.customer.model.keeping import AddressDetails, KeptPreferences, Preferences, SavedAddress
from shikanji.services.customer.routes.declared import routes
from shikanji.services.customer.schemas import AddressIn, AddressView, FavouriteView, PreferencesIn, PreferencesView

READS = (CustomerNotFound, NotFound)
WRITES = (CustomerNotFound, NotFound, Forbidden, Invalid)


@routes.get("/api/v1/customers/{id}/addresses", returns=list[AddressView], who=Who.SIGNED_IN, raises=READS)
async def list_addresses(room: Room, incoming: Incoming[None, None]) -> list[AddressView]:
    """The address book, oldest first; one address is the default."""
    require_account(incoming.principal, incoming.path["id"])
    return [_address(saved) for saved in await room.db.read(keeping.list_addresses, incoming.path["id"])]


@routes.post(
    "/api/v1/customers/{id}/addresses",
    body=AddressIn,
    returns=AddressView,
    status=201,
    who=Who.SIGNED_IN,
    raises=(*WRITES, TooManyAddresses),
)
async def add_address(room: Room, incoming: Incoming[AddressIn, None]) -> Reply:
    """Adds an address. The first becomes the default."""
    require_own(incoming.principal, incoming.path["id"])
    return _edited(await room.db.write(keeping.add_address, incoming.path["id"], _details(incoming.body)))


@routes.put(
    "/api/v1/customers/{id}/addresses/{addressId}",
    body=AddressIn,
    returns=AddressView,
    who=Who.SIGNED_IN,
    raises=(*WRITES, AddressNotFound, PreconditionFailed),
    editable=True,
)
async def update_address(room: Room, incoming: Incoming[AddressIn, None]) -> Reply:
    """Replaces an address. There is always a default: to choose another, mark that one."""
    require_own(incoming.principal, incoming.path["id"])
    saved = await room.db.write(
        keeping.update_address,
        incoming.path["id"],
        incoming.path["addressId"],
        _details(incoming.body),
        if_match=incoming.if_match,
    )
    return _edited(saved)


@routes.delete("/api/v1/customers/{id}/addresses/{addressId}", who=Who.SIGNED_IN, raises=(*WRITES, AddressNotFound))
async def remove_address(room: Room, incoming: Incoming[None, None]) -> None:
    """Removes an address. Orders keep their own copy."""
    require_own(incoming.principal, incoming.path["id"])
    await room.db.write(keeping.remove_address, incoming.path["id"], incoming.path["addressId"])


@routes.get(
    "/api/v1/customers/{id}/preferences", returns=PreferencesView, who=Who.SIGNED_IN, raises=READS, editable=True
)
async def get_preferences(room: Room, incoming: Incoming[None, None]) -> Reply:
    """Tastes, channels, consent and language."""
    require_account(incoming.principal, incoming.path["id"])
    return _preferences(*await room.db.read(keeping.get_preferences, incoming.path["id"]))


@routes.put(
    "/api/v1/customers/{id}/preferences",
    body=PreferencesIn,
    returns=PreferencesView,
    who=Who.SIGNED_IN,
    raises=(*WRITES, PreconditionFailed),
    editable=True,
)
async def put_preferences(room: Room, incoming: Incoming[PreferencesIn, None]) -> Reply:
    """Replaces them. Consent to marketing is withdrawn as it is given: by one word."""
    require_own(incoming.principal, incoming.path["id"])
    body = msgspec.structs.asdict(incoming.body)
    language = body.pop("language")
    kept = await room.db.write(
        keeping.put_preferences, incoming.path["id"], Preferences(**body), language, if_match=incoming.if_match
    )
    return _preferences(*kept)


@routes.get("/api/v1/customers/{id}/favourites", returns=list[FavouriteView], who=Who.SIGNED_IN, raises=READS)
async def list_favourites(room: Room, incoming: Incoming[None, None]) -> list[FavouriteView]:
    """Favourite products, newest first."""
    require_account(incoming.principal, incoming.path["id"])
    found = await room.db.read(keeping.list_favourites, incoming.path["id"])
    return [FavouriteView(product_id=one.product_id, added_at=to_rfc3339(one.added_at)) for one in found]


@routes.put("/api/v1/customers/{id}/favourites/{productId}", who=Who.SIGNED_IN, raises=(*WRITES, TooManyFavourites))
async def add_favourite(room: Room, incoming: Incoming[None, None]) -> None:
    """Keeps a product among the favourites."""
    require_own(incoming.principal, incoming.path["id"])
    await room.db.write(keeping.add_favourite, incoming.path["id"], incoming.path["productId"])


@routes.delete("/api/v1/customers/{id}/favourites/{productId}", who=Who.SIGNED_IN, raises=WRITES)
async def remove_favourite(room: Room, incoming: Incoming[None, None]) -> None:
    """Takes a product from the favourites."""
    require_own(incoming.principal, incoming.path["id"])
    await room.db.write(keeping.remove_favourite, incoming.path["id"], incoming.path["productId"])


def _details(body: AddressIn) -> AddressDetails:
    return AddressDetails(**msgspec.structs.asdict(body))


def _edited(saved: SavedAddress) -> Reply:
    return Reply(data=_address(saved), etag=etag(saved.version))


def _address(saved: SavedAddress) -> AddressView:
    return AddressView(id=saved.id, **msgspec.structs.asdict(saved.details))


def _preferences(kept: KeptPreferences, language: Language) -> Reply:
    view = PreferencesView(
        **msgspec.structs.asdict(kept.preferences),
        marketing_since=to_rfc3339(kept.marketing_since) if kept.marketing_since is not None else None,
        language=language,
    )
    return Reply(data=view, etag=etag(kept.version))
