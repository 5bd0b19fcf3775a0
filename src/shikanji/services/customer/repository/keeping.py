"""Addresses, preferences and favourites."""

from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.customer.model.keeping import (
    MICRODEGREES,
    AddressDetails,
    Favourite,
    KeptPreferences,
    MessageChannel,
    Preferences,
    SavedAddress,
)
from shikanji.services.customer.tables import customer_addresses, customer_favorites, customer_preferences

_ADDRESS = customer_addresses.c
_ADDRESS_FIELDS = (
    "id",
    "customer_id",
    "version",
    "label",
    "line1",
    "line2",
    "landmark",
    "city",
    "state",
    "postal_code",
    "latitude",
    "longitude",
    "is_default",
)
_of_customer = _ADDRESS.customer_id == sa.bindparam("owner_id")
_this_address = sa.and_(_of_customer, _ADDRESS.id == sa.bindparam("address_id"))
ADDRESSES = sa.select(*(_ADDRESS[field] for field in _ADDRESS_FIELDS)).where(_of_customer).order_by(_ADDRESS.id)
ADDRESS = sa.select(*(_ADDRESS[field] for field in _ADDRESS_FIELDS)).where(_this_address)
ADD_ADDRESS = sa.insert(customer_addresses).values({field: sa.bindparam(field) for field in _ADDRESS_FIELDS})
SAVE_ADDRESS = (
    sa.update(customer_addresses)
    .where(_this_address)
    .values({field: sa.bindparam(field) for field in _ADDRESS_FIELDS[2:]})
)
REMOVE_ADDRESS = sa.delete(customer_addresses).where(_this_address)

PREFERENCES = sa.select(
    customer_preferences.c.document, customer_preferences.c.version, customer_preferences.c.marketing_since
).where(customer_preferences.c.customer_id == sa.bindparam("owner_id"))
CHOSEN = sa.select(
    customer_preferences.c.customer_id, customer_preferences.c.document, customer_preferences.c.marketing_since
).where(any_of(customer_preferences.c.customer_id, "owner_ids"))
_kept = upsert(customer_preferences).values(
    customer_id=sa.bindparam("owner_id"),
    document=sa.bindparam("document"),
    version=sa.bindparam("version"),
    marketing_since=sa.bindparam("marketing_since"),
)
KEEP_PREFERENCES = _kept.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={
        "document": _kept.excluded.document,
        "version": _kept.excluded.version,
        "marketing_since": _kept.excluded.marketing_since,
    },
)

_favourites_of = customer_favorites.c.customer_id == sa.bindparam("owner_id")
FAVOURITES = (
    sa.select(customer_favorites.c.product_id, customer_favorites.c.added_at)
    .where(_favourites_of)
    .order_by(customer_favorites.c.added_at.desc(), customer_favorites.c.product_id)
)
ADD_FAVOURITE = (
    upsert(customer_favorites)
    .values(
        customer_id=sa.bindparam("owner_id"), product_id=sa.bindparam("product_id"), added_at=sa.bindparam("added_at")
    )
    .on_conflict_do_nothing()
)
REMOVE_FAVOURITE = sa.delete(customer_favorites).where(
    _favourites_of, customer_favorites.c.product_id == sa.bindparam("product_id")
)


def addresses(tx: Tx, customer_id: str) -> list[SavedAddress]:
    """Oldest first."""
    return [_address(row) for row in tx.run(ADDRESSES, owner_id=customer_id)]


def address(tx: Tx, customer_id: str, address_id: str) -> SavedAddress | None:
    row = tx.run(ADDRESS, owner_id=customer_id, address_id=address_id).first()
    return None if row is None else _address(row)


def add_address(tx: Tx, address: SavedAddress) -> None:
    tx.run(ADD_ADDRESS, id=address.id, customer_id=address.customer_id, **_address_row(address))


def save_addresses(tx: Tx, addresses: list[SavedAddress]) -> None:
    """The default last: there is never a moment with two."""
    for address in sorted(addresses, key=lambda one: one.is_default):
        tx.run(SAVE_ADDRESS, owner_id=address.customer_id, address_id=address.id, **_address_row(address))


def remove_address(tx: Tx, address: SavedAddress) -> None:
    tx.run(REMOVE_ADDRESS, owner_id=address.customer_id, address_id=address.id)


def preferences(tx: Tx, customer_id: str) -> KeptPreferences:
    row = tx.run(PREFERENCES, owner_id=customer_id).first()
    if row is None:
        return KeptPreferences(preferences=Preferences(), version=0, marketing_since=None)
    return KeptPreferences(
        preferences=msgspec.json.decode(row[0], type=Preferences), version=row[1], marketing_since=row[2]
    )


def chosen_channels(tx: Tx, customer_ids: list[str]) -> dict[str, tuple[list[MessageChannel], int | None]]:
    """Channels and the time of consent to marketing, of those who ever chose."""
    return {
        customer_id: (msgspec.json.decode(document, type=Preferences).channels, since)
        for customer_id, document, since in tx.run(CHOSEN, owner_ids=customer_ids)
    }


def keep_preferences(tx: Tx, customer_id: str, kept: KeptPreferences) -> None:
    tx.run(
        KEEP_PREFERENCES,
        owner_id=customer_id,
        document=msgspec.json.encode(kept.preferences),
        version=kept.version,
        marketing_since=kept.marketing_since,
    )


def favourites(tx: Tx, customer_id: str) -> list[Favourite]:
    """Newest first."""
    return tx.run(FAVOURITES, owner_id=customer_id).all(Favourite)


def add_favourite(tx: Tx, customer_id: str, product_id: str) -> None:
    tx.run(ADD_FAVOURITE, owner_id=customer_id, product_id=product_id, added_at=tx.now)


def remove_favourite(tx: Tx, customer_id: str, product_id: str) -> None:
    tx.run(REMOVE_FAVOURITE, owner_id=customer_id, product_id=product_id)


def _address_row(address: SavedAddress) -> dict[str, Any]:
    details = address.details
    return {
        "version": address.version,
        "label": details.label,
        "line1": details.line1,
        "line2": details.line2,
        "landmark": details.landmark,
        "city": details.city,
        "state": details.state,
        "postal_code": details.postal_code,
        "latitude": _microdegrees(details.latitude),
        "longitude": _microdegrees(details.longitude),
        "is_default": int(details.is_default),
    }


def _address(row: tuple[Any, ...]) -> SavedAddress:
    given = dict(zip(_ADDRESS_FIELDS, row, strict=True))
    whose = {field: given.pop(field) for field in ("id", "customer_id", "version")}
    given["latitude"] = _degrees(given["latitude"])
    given["longitude"] = _degrees(given["longitude"])
    given["is_default"] = bool(given["is_default"])
    return SavedAddress(**whose, details=AddressDetails(**given))


def _microdegrees(degrees: float | None) -> int | None:
    return None if degrees is None else round(degrees * MICRODEGREES)


def _degrees(microdegrees: int | None) -> float | None:
    return None if microdegrees is None else microdegrees / MICRODEGREES
