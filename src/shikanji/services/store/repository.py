"""Every query of the store service: rows in, objects out."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from shikanji.kit.auth import Role
from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.store.errors import StaffNotFound, StoreNotFound
from shikanji.services.store.model.slots import Place, PlaceState
from shikanji.services.store.model.staff import Member
from shikanji.services.store.model.store import Store
from shikanji.services.store.tables import slot_places, slots, staff, store_postal_codes, stores

Which = Literal["active", "inactive", "all"]

_STORE_COLUMNS: dict[str, Any] = {
    "slug": sa.bindparam("slug"),
    "code": sa.bindparam("code"),
    "active": sa.bindparam("active"),
    "capacity_per_slot": sa.bindparam("capacity_per_slot"),
    "version": sa.bindparam("version"),
    "document": sa.bindparam("document"),
}
FIND_STORE = sa.select(stores.c.document).where(stores.c.id == sa.bindparam("store_id"))
FIND_STORES = sa.select(stores.c.document).where(any_of(stores.c.id, "store_ids"))
LOCK_STORE = FIND_STORE.with_for_update()
FIND_BY_SLUG = sa.select(stores.c.document).where(stores.c.slug == sa.bindparam("slug"))
FIND_BY_CODE = sa.select(stores.c.id).where(stores.c.code == sa.bindparam("code"))
FIND_CAPACITY = sa.select(stores.c.capacity_per_slot).where(stores.c.id == sa.bindparam("store_id"))
WITH_CAPACITY = sa.select(stores.c.id).where(any_of(stores.c.id, "store_ids"), stores.c.capacity_per_slot.is_not(None))
ADD_STORE = upsert(stores).values(id=sa.bindparam("store_id"), **_STORE_COLUMNS).on_conflict_do_nothing()
SAVE_STORE = sa.update(stores).where(stores.c.id == sa.bindparam("store_id")).values(**_STORE_COLUMNS)
CLEAR_POSTAL_CODES = sa.delete(store_postal_codes).where(store_postal_codes.c.store_id == sa.bindparam("store_id"))
ADD_POSTAL_CODE = sa.insert(store_postal_codes)

FIND_MEMBER = sa.select(staff).where(
    staff.c.id == sa.bindparam("staff_id"),
    staff.c.store_id == sa.bindparam("store_id"),
    staff.c.removed_at.is_(None),
)
LOCK_MEMBER = FIND_MEMBER.with_for_update()
_new = upsert(staff).values(
    id=sa.bindparam("staff_id"),
    store_id=sa.bindparam("store_id"),
    account_id=sa.bindparam("account_id"),
    role=sa.bindparam("role"),
    version=1,
    since=sa.bindparam("now"),
)
ADD_MEMBER = _new.on_conflict_do_update(
    index_elements=["store_id", "account_id"],
    set_={
        "role": _new.excluded.role,
        "version": staff.c.version + 1,
        "since": _new.excluded.since,
        "removed_at": sa.null(),
    },
    where=staff.c.removed_at.is_not(None),
).returning(*staff.c)
SAVE_MEMBER = (
    sa.update(staff)
    .where(staff.c.id == sa.bindparam("staff_id"))
    .values(
        role=sa.bindparam("role"),
        version=sa.bindparam("version"),
        removed_at=sa.bindparam("removed_at"),
    )
)
ROLES_OF = sa.select(staff.c.store_id, staff.c.role).where(
    staff.c.account_id == sa.bindparam("account_id"), staff.c.removed_at.is_(None)
)
ACCOUNTS_IN_ROLE = (
    sa.select(staff.c.account_id)
    .where(
        staff.c.store_id == sa.bindparam("store_id"),
        staff.c.role == sa.bindparam("role"),
        staff.c.removed_at.is_(None),
    )
    .order_by(staff.c.account_id)
)

_ONE_PLACE = (
    slot_places.c.order_id == sa.bindparam("order_id"),
    slot_places.c.attempt == sa.bindparam("attempt"),
)
ADD_PLACE = (
    upsert(slot_places)
    .values(**{column.name: sa.bindparam(column.name) for column in slot_places.c})
    .on_conflict_do_nothing()
)
FIND_PLACE = sa.select(slot_places).where(*_ONE_PLACE)
WITH_PLACES = sa.select(slot_places.c.order_id).where(any_of(slot_places.c.order_id, "order_ids"))
FIND_PLACES = (
    sa.select(slot_places)
    .where(slot_places.c.order_id == sa.bindparam("order_id"), slot_places.c.attempt <= sa.bindparam("attempt"))
    .order_by(slot_places.c.attempt)
)
MOVE_PLACE = (
    sa.update(slot_places)
    .where(*_ONE_PLACE, slot_places.c.state == sa.bindparam("old_state"))
    .values(state=sa.bindparam("new_state"))
)
_one_more = upsert(slots).values(store_id=sa.bindparam("store_id"), starts_at=sa.bindparam("starts_at"), taken=1)
_slot_key = ["store_id", "starts_at"]
COUNT_IN_SLOT = _one_more.on_conflict_do_update(index_elements=_slot_key, set_={"taken": slots.c.taken + 1})
TAKE_IN_SLOT = _one_more.on_conflict_do_update(
    index_elements=_slot_key, set_={"taken": slots.c.taken + 1}, where=slots.c.taken < sa.bindparam("capacity")
)
FREE_IN_SLOT = (
    sa.update(slots)
    .where(slots.c.store_id == sa.bindparam("store_id"), slots.c.starts_at == sa.bindparam("starts_at"))
    .values(taken=slots.c.taken - 1)
)
TAKEN_BETWEEN = sa.select(slots.c.starts_at, slots.c.taken).where(
    slots.c.store_id == sa.bindparam("store_id"),
    slots.c.starts_at >= sa.bindparam("first"),
    slots.c.starts_at < sa.bindparam("end"),
)
PURGE_PLACES = sa.delete(slot_places).where(
    slot_places.c.starts_at < sa.bindparam("before"), slot_places.c.taken_at < sa.bindparam("before")
)
PURGE_SLOTS = sa.delete(slots).where(slots.c.starts_at < sa.bindparam("before"))


def find_store(tx: Tx, store_id: str) -> Store:
    document: bytes | None = tx.run(FIND_STORE, store_id=store_id).scalar()
    if document is None:
        raise StoreNotFound
    return _store(document)


def lock_store(tx: Tx, store_id: str) -> Store:
    """As `find_store`, and no one else changes it until this unit ends."""
    document: bytes | None = tx.run(LOCK_STORE, store_id=store_id).scalar()
    if document is None:
        raise StoreNotFound
    return _store(document)


def with_capacity(tx: Tx, store_ids: Collection[str]) -> set[str]:
    """Those of the stores that set one."""
    return {row[0] for row in tx.run(WITH_CAPACITY, store_ids=store_ids)}


def find_by_slug(tx: Tx, slug: str) -> Store | None:
    document: bytes | None = tx.run(FIND_BY_SLUG, slug=slug).scalar()
    return None if document is None else _store(document)


def code_is_taken(tx: Tx, code: str) -> bool:
    return tx.run(FIND_BY_CODE, code=code).scalar() is not None


def find_capacity(tx: Tx, store_id: str) -> int | None:
    """Places per slot; None where the store sets none, or is not there."""
    capacity: int | None = tx.run(FIND_CAPACITY, store_id=store_id).scalar()
    return capacity


def add_store(tx: Tx, store: Store) -> bool:
    """False where another store has its slug or its code."""
    added = tx.run(ADD_STORE, store_id=store.id, **_columns(store)).count == 1
    if added:
        _add_postal_codes(tx, store)
    return added


def save_store(tx: Tx, before: Store, after: Store) -> None:
    tx.run(SAVE_STORE, store_id=after.id, **_columns(after))
    if before.postal_codes() != after.postal_codes():
        tx.run(CLEAR_POSTAL_CODES, store_id=after.id)
        _add_postal_codes(tx, after)


def list_stores(tx: Tx, which: Which, postal_code: str | None, after: str | None, limit: int) -> list[Store]:
    """In the order of their making, those behind the id `after`."""
    statement = sa.select(stores.c.document).order_by(stores.c.id).limit(limit)
    if which != "all":
        statement = statement.where(stores.c.active == int(which == "active"))
    if postal_code is not None:
        delivering = sa.select(store_postal_codes.c.store_id).where(store_postal_codes.c.postal_code == postal_code)
        statement = statement.where(stores.c.id.in_(delivering))
    if after is not None:
        statement = statement.where(stores.c.id > after)
    return [_store(document) for (document,) in tx.execute(statement)]


def find_stores(tx: Tx, store_ids: list[str]) -> list[Store]:
    """Those that exist, in no order."""
    return [_store(document) for (document,) in tx.run(FIND_STORES, store_ids=store_ids)]


def find_member(tx: Tx, store_id: str, staff_id: str) -> Member:
    return _found(tx.run(FIND_MEMBER, store_id=store_id, staff_id=staff_id).one(Member))


def lock_member(tx: Tx, store_id: str, staff_id: str) -> Member:
    """As `find_member`, and no one else changes it until this unit ends."""
    return _found(tx.run(LOCK_MEMBER, store_id=store_id, staff_id=staff_id).one(Member))


def add_member(tx: Tx, store_id: str, account_id: str, role: Role) -> Member | None:
    """None where the person works there already. Who comes back takes the old place, its version grown."""
    return tx.run(
        ADD_MEMBER, staff_id=tx.new_id(), store_id=store_id, account_id=account_id, role=role, now=tx.now
    ).one(Member)


def save_member(tx: Tx, member: Member) -> None:
    tx.run(
        SAVE_MEMBER,
        staff_id=member.id,
        role=member.role,
        version=member.version,
        removed_at=member.removed_at,
    )


def list_members(tx: Tx, store_id: str, after: str | None, limit: int) -> list[Member]:
    """In the order of their coming, those behind the id `after`."""
    statement = (
        sa.select(staff)
        .where(staff.c.store_id == store_id, staff.c.removed_at.is_(None))
        .order_by(staff.c.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(staff.c.id > after)
    return tx.execute(statement).all(Member)


def accounts_in_role(tx: Tx, store_id: str, role: Role) -> list[str]:
    return [row[0] for row in tx.run(ACCOUNTS_IN_ROLE, store_id=store_id, role=role)]


def roles_of(tx: Tx, account_id: str) -> dict[str, Role]:
    return dict(tx.run(ROLES_OF, account_id=account_id).rows)


def add_place(tx: Tx, place: Place) -> bool:
    """False where (order, attempt) has its place, or its tombstone, already."""
    return tx.run(ADD_PLACE, **msgspec.structs.asdict(place)).count == 1


def with_places(tx: Tx, order_ids: Collection[str]) -> set[str]:
    """Those of the orders that have a place under any attempt."""
    return {row[0] for row in tx.run(WITH_PLACES, order_ids=order_ids)}


def find_place(tx: Tx, order_id: str, attempt: int) -> Place | None:
    return tx.run(FIND_PLACE, order_id=order_id, attempt=attempt).one(Place)


def find_places(tx: Tx, order_id: str, attempt: int) -> list[Place]:
    """Those of the order up to this attempt."""
    return tx.run(FIND_PLACES, order_id=order_id, attempt=attempt).all(Place)


def move_place(tx: Tx, order_id: str, attempt: int, old: PlaceState, new: PlaceState) -> bool:
    """False where its state is not `old`."""
    return tx.run(MOVE_PLACE, order_id=order_id, attempt=attempt, old_state=old, new_state=new).count == 1


def take_in_slot(tx: Tx, store_id: str, starts_at: int, capacity: int) -> bool:
    """Checks and takes in one statement; False where all `capacity` places are taken."""
    return capacity > 0 and (tx.run(TAKE_IN_SLOT, store_id=store_id, starts_at=starts_at, capacity=capacity).count == 1)


def count_in_slot(tx: Tx, store_id: str, starts_at: int) -> None:
    """One more, past the capacity if need be: the order is there already."""
    tx.run(COUNT_IN_SLOT, store_id=store_id, starts_at=starts_at)


def free_in_slot(tx: Tx, store_id: str, starts_at: int) -> None:
    tx.run(FREE_IN_SLOT, store_id=store_id, starts_at=starts_at)


def taken_between(tx: Tx, store_id: str, first: int, end: int) -> dict[int, int]:
    """Slot → places taken, for slots that begin from `first` up to, not with, `end`."""
    return dict(tx.run(TAKEN_BETWEEN, store_id=store_id, first=first, end=end).rows)


def purge_slots(tx: Tx, before: int) -> None:
    tx.run(PURGE_PLACES, before=before)
    tx.run(PURGE_SLOTS, before=before)


@lru_cache(maxsize=512)
def _store(document: bytes) -> Store:
    """Remembers what the same bytes meant: a store is read with every order and changes a few times a day."""
    return msgspec.json.decode(document, type=Store)


def _columns(store: Store) -> dict[str, object]:
    return {
        "slug": store.slug,
        "code": store.code,
        "active": int(store.active),
        "capacity_per_slot": store.capacity_per_slot,
        "version": store.version,
        "document": msgspec.json.encode(store),
    }


def _add_postal_codes(tx: Tx, store: Store) -> None:
    for postal_code in sorted(store.postal_codes()):
        tx.run(ADD_POSTAL_CODE, postal_code=postal_code, store_id=store.id)


def _found(member: Member | None) -> Member:
    if member is None:
        raise StaffNotFound
    return member
