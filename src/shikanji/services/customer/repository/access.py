"""Signing keys, and the staff roles that tokens carry."""

import msgspec
import sqlalchemy as sa

from shikanji.kit.auth import Role
from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.customer.tables import signing_keys, staff_places
from shikanji.services.customer.tokens import SealedKey

CURRENT_KEY = sa.select(signing_keys.c.kid, signing_keys.c.sealed).where(signing_keys.c.is_current == 1)
CURRENT_KEY_AGE = sa.select(signing_keys.c.created_at).where(signing_keys.c.is_current == 1)
ADD_KEY = (
    upsert(signing_keys)
    .values(
        kid=sa.bindparam("kid"),
        sealed=sa.bindparam("sealed"),
        public_jwk=sa.bindparam("public_jwk"),
        created_at=sa.bindparam("created_at"),
        is_current=1,
    )
    .on_conflict_do_nothing()
)
RETIRE_KEY = (
    sa.update(signing_keys)
    .where(signing_keys.c.is_current == 1)
    .values(is_current=sa.null(), retired_at=sa.bindparam("retired_at"))
)
ACCEPTED_KEYS = (
    sa.select(signing_keys.c.public_jwk)
    .where(sa.or_(signing_keys.c.is_current == 1, signing_keys.c.retired_at > sa.bindparam("retired_since")))
    .order_by(signing_keys.c.created_at.desc())
)
FORGET_KEYS = sa.delete(signing_keys).where(signing_keys.c.retired_at < sa.bindparam("before"))

_place = upsert(staff_places).values(
    staff_id=sa.bindparam("staff_id"),
    account_id=sa.bindparam("account_id"),
    store_id=sa.bindparam("store_id"),
    role=sa.bindparam("role"),
    version=sa.bindparam("version"),
)
APPLY_PLACE = _place.on_conflict_do_update(
    index_elements=["staff_id"],
    set_={
        "account_id": _place.excluded.account_id,
        "store_id": _place.excluded.store_id,
        "role": _place.excluded.role,
        "version": _place.excluded.version,
    },
    where=staff_places.c.version < _place.excluded.version,
)
ROLES = sa.select(staff_places.c.store_id, staff_places.c.role).where(
    staff_places.c.account_id == sa.bindparam("account_id"), staff_places.c.role.is_not(None)
)


def current_key(tx: Tx) -> SealedKey | None:
    return tx.run(CURRENT_KEY).one(SealedKey)


def current_key_made_at(tx: Tx) -> int | None:
    made_at: int | None = tx.run(CURRENT_KEY_AGE).scalar()
    return made_at


def add_key(tx: Tx, key: SealedKey, public_jwk: dict[str, str]) -> None:
    """Nothing happens when another key signs already."""
    tx.run(ADD_KEY, kid=key.kid, sealed=key.sealed, public_jwk=msgspec.json.encode(public_jwk), created_at=tx.now)


def retire_key(tx: Tx) -> None:
    tx.run(RETIRE_KEY, retired_at=tx.now)


def accepted_keys(tx: Tx, retired_since: int) -> list[dict[str, str]]:
    rows = tx.run(ACCEPTED_KEYS, retired_since=retired_since)
    return [msgspec.json.decode(row[0], type=dict[str, str]) for row in rows]


def forget_keys(tx: Tx, before: int) -> None:
    tx.run(FORGET_KEYS, before=before)


def apply_place(tx: Tx, staff_id: str, *, account_id: str, store_id: str, role: Role | None, version: int) -> bool:
    """What the store said of one person's place in one store; False: something newer is known."""
    applied = tx.run(
        APPLY_PLACE, staff_id=staff_id, account_id=account_id, store_id=store_id, role=role, version=version
    )
    return applied.count == 1


def roles(tx: Tx, account_id: str) -> dict[str, Role]:
    """Store id → role."""
    return {row[0]: row[1] for row in tx.run(ROLES, account_id=account_id)}
