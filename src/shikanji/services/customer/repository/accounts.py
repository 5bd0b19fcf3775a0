"""Accounts: found by id, by identifier, by search; written whole."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from shikanji.kit.db.statements import any_of
from shikanji.kit.db.tx import Tx
from shikanji.services.customer.errors import CustomerNotFound
from shikanji.services.customer.identity import Channel, Identifier, folded
from shikanji.services.customer.model.account import Contact, Customer
from shikanji.services.customer.tables import counted, customers

_FIELDS = (
    "id",
    "name",
    "email",
    "email_key",
    "email_verified_at",
    "phone",
    "phone_verified_at",
    "password_hash",
    "date_of_birth",
    "language",
    "admin",
    "disabled_at",
    "authz_version",
    "access_changed_at",
    "created_at",
    "version",
    "order_count",
    "total_spent",
)
_SELECT = sa.select(*(customers.c[field] for field in _FIELDS))
_SAVED = [
    column.name for column in customers.c if column.name not in ("id", "order_count", "total_spent", "created_at")
]

FIND = _SELECT.where(customers.c.id == sa.bindparam("customer_id"))
FIND_MANY = _SELECT.where(any_of(customers.c.id, "customer_ids"))
LOCK = FIND.with_for_update()
ADD = sa.insert(customers).values(
    id=sa.bindparam("customer_id"),
    created_at=sa.bindparam("created_at"),
    **{column: sa.bindparam(column) for column in _SAVED},
)
SAVE = (
    sa.update(customers)
    .where(customers.c.id == sa.bindparam("customer_id"))
    .values({column: sa.bindparam(column) for column in _SAVED})
)


class _Held:
    """What is asked about one kind of identifier."""

    def __init__(self, key: sa.Column[Any], verified_at: sa.Column[Any]) -> None:
        held = _SELECT.where(key == sa.bindparam("key"))
        unproved = held.where(verified_at.is_(None))
        self.verified = held.where(verified_at.is_not(None))
        self.first = unproved.order_by(customers.c.id).limit(1)
        self.newest = unproved.order_by(customers.c.id.desc()).limit(1)
        self.others = (
            sa.select(customers.c.id)
            .where(key == sa.bindparam("key"), verified_at.is_(None), customers.c.id != sa.bindparam("except_id"))
            .order_by(customers.c.id)
            .limit(sa.bindparam("at_most"))
        )


HELD = {
    "email": _Held(customers.c.email_key, customers.c.email_verified_at),
    "phone": _Held(customers.c.phone, customers.c.phone_verified_at),
}

CONTACT = sa.select(customers.c.name, customers.c.email, customers.c.phone, customers.c.language).where(
    customers.c.id == sa.bindparam("customer_id"), customers.c.disabled_at.is_(None)
)
ACCESS_CHANGED_SINCE = sa.select(customers.c.id, customers.c.authz_version).where(
    customers.c.access_changed_at > sa.bindparam("since")
)
STANDING = sa.select(customers.c.authz_version, customers.c.disabled_at).where(
    customers.c.id == sa.bindparam("customer_id")
)

FIND_COUNTED = sa.select(counted.c.id).where(counted.c.kind == sa.bindparam("kind"), any_of(counted.c.id, "ids"))
ADD_COUNTED = sa.insert(counted)
ADD_TO_TOTALS = (
    sa.update(customers)
    .where(customers.c.id == sa.bindparam("customer_id"))
    .values(
        order_count=customers.c.order_count + sa.bindparam("orders"),
        total_spent=customers.c.total_spent + sa.bindparam("amount"),
    )
)


def find(tx: Tx, customer_id: str) -> Customer | None:
    return _first(tx.run(FIND, customer_id=customer_id))


def get(tx: Tx, customer_id: str) -> Customer:
    """Raises CustomerNotFound."""
    customer = find(tx, customer_id)
    if customer is None:
        raise CustomerNotFound
    return customer


def lock(tx: Tx, customer_id: str) -> Customer:
    """As `get`, with the row locked until the end of the transaction."""
    customer = _first(tx.run(LOCK, customer_id=customer_id))
    if customer is None:
        raise CustomerNotFound
    return customer


def find_verified(tx: Tx, identifier: Identifier) -> Customer | None:
    return _first(tx.run(HELD[identifier.channel].verified, key=identifier.key))


def find_holder(tx: Tx, identifier: Identifier) -> Customer | None:
    """Whose identifier it is: who has proved it, else who came with it first. Those who come later with an identifier
    that they cannot prove take nothing from who came first."""
    return find_verified(tx, identifier) or _first(tx.run(HELD[identifier.channel].first, key=identifier.key))


def find_claimants(tx: Tx, identifier: Identifier) -> list[Customer]:
    """Whom this identifier may sign in, each by its own password, in order: its holder, and who named it last without
    proof, such as one who has forgotten that there is an account and registered again."""
    found = (find_holder(tx, identifier), _first(tx.run(HELD[identifier.channel].newest, key=identifier.key)))
    return list({customer.id: customer for customer in found if customer is not None}.values())


def others_unproved(tx: Tx, identifier: Identifier, except_id: str, at_most: int) -> list[str]:
    """Ids of other accounts that hold the identifier without having proved it."""
    statement = HELD[identifier.channel].others
    return [row[0] for row in tx.run(statement, key=identifier.key, except_id=except_id, at_most=at_most)]


def find_many(tx: Tx, ids: Sequence[str]) -> list[Customer]:
    return [_customer(row) for row in tx.run(FIND_MANY, customer_ids=ids)]


def born_on(tx: Tx, days: Sequence[str], after: str, limit: int) -> list[str]:
    """Ids of verified accounts that were born on one of these days, by id."""
    statement = (
        sa.select(customers.c.id)
        .where(
            customers.c.date_of_birth.in_(days),
            customers.c.date_of_birth.is_not(None),
            customers.c.id > after,
            customers.c.disabled_at.is_(None),
            sa.or_(customers.c.email_verified_at.is_not(None), customers.c.phone_verified_at.is_not(None)),
        )
        .order_by(customers.c.id)
        .limit(limit)
    )
    return [row[0] for row in tx.execute(statement)]


def search(
    tx: Tx, *, identifier: Identifier | None, text: str | None, disabled: bool | None, after: str | None, limit: int
) -> list[Customer]:
    """Newest first, those before the id `after`."""
    statement = _SELECT.order_by(customers.c.id.desc()).limit(limit)
    if identifier is not None:
        column = customers.c.email_key if identifier.channel == "email" else customers.c.phone
        statement = statement.where(column == identifier.key)
    elif text is not None:
        statement = statement.where(customers.c.name_folded.contains(folded(text), autoescape=True))
    if disabled is not None:
        is_disabled = customers.c.disabled_at.is_not(None)
        statement = statement.where(is_disabled if disabled else sa.not_(is_disabled))
    if after is not None:
        statement = statement.where(customers.c.id < after)
    return [_customer(row) for row in tx.execute(statement)]


def add(tx: Tx, customer: Customer) -> None:
    tx.run(ADD, customer_id=customer.id, created_at=customer.created_at, **_row(customer))


def save(tx: Tx, customer: Customer) -> None:
    tx.run(SAVE, customer_id=customer.id, **_row(customer))


def contact(tx: Tx, customer_id: str) -> tuple[str, str | None, str | None, str]:
    """Name, email, phone and language of an account that is not disabled: what every order asks for. Raises
    CustomerNotFound."""
    row = tx.run(CONTACT, customer_id=customer_id).first()
    if row is None:
        raise CustomerNotFound
    name, email, phone, language = row
    return name, email, phone, language


def access_changed_since(tx: Tx, since: int) -> dict[str, int]:
    """Account id → least good version."""
    return {row[0]: row[1] for row in tx.run(ACCESS_CHANGED_SINCE, since=since)}


def minimum_version(tx: Tx, customer_id: str) -> int | None:
    """None: no token of this account is good."""
    row = tx.run(STANDING, customer_id=customer_id).first()
    return None if row is None or row[1] is not None else int(row[0])


class Counted(NamedTuple):
    """An order or payment that adds to its customer's totals. `amount` in paise."""

    id: str
    customer_id: str
    orders: int
    amount: int


def count_once(tx: Tx, kind: str, told: Iterable[Counted]) -> None:
    """Adds each to its customer's totals unless it is in them already."""
    each = {one.id: one for one in told}
    there = {row[0] for row in tx.run(FIND_COUNTED, kind=kind, ids=list(each))}
    new = [one for one in each.values() if one.id not in there]
    tx.run_each(
        ADD_COUNTED,
        [{"kind": kind, "id": one.id, "customer_id": one.customer_id, "amount": one.amount} for one in new],
    )
    totals: dict[str, tuple[int, int]] = {}
    for one in new:
        orders, amount = totals.get(one.customer_id, (0, 0))
        totals[one.customer_id] = (orders + one.orders, amount + one.amount)
    tx.run_each(
        ADD_TO_TOTALS,
        [
            {"customer_id": customer_id, "orders": totals[customer_id][0], "amount": totals[customer_id][1]}
            for customer_id in sorted(totals)
        ],
    )


def _row(customer: Customer) -> dict[str, Any]:
    email, phone = customer.email, customer.phone
    return {
        "name": customer.name,
        "name_folded": folded(customer.name),
        "email": email.identifier.value if email else None,
        "email_key": email.identifier.key if email else None,
        "email_verified_at": email.verified_at if email else None,
        "phone": phone.identifier.value if phone else None,
        "phone_verified_at": phone.verified_at if phone else None,
        "password_hash": customer.password_hash,
        "date_of_birth": customer.date_of_birth.isoformat() if customer.date_of_birth else None,
        "language": customer.language,
        "admin": int(customer.admin),
        "disabled_at": customer.disabled_at,
        "authz_version": customer.authz_version,
        "access_changed_at": customer.access_changed_at,
        "version": customer.version,
    }


def _first(rows: Any) -> Customer | None:
    row = rows.first()
    return _customer(row) if row is not None else None


def _customer(row: Sequence[Any]) -> Customer:
    given = dict(zip(_FIELDS, row, strict=True))
    email_key = given.pop("email_key")
    born = given["date_of_birth"]
    given["email"] = _contact("email", given["email"], email_key, given.pop("email_verified_at"))
    given["phone"] = _contact("phone", given["phone"], given["phone"], given.pop("phone_verified_at"))
    given["date_of_birth"] = date.fromisoformat(born) if born else None
    given["admin"] = bool(given["admin"])
    return Customer(**given)


def _contact(channel: Channel, value: str | None, key: str | None, verified_at: int | None) -> Contact | None:
    if value is None or key is None:
        return None
    return Contact(Identifier(channel, value, key), verified_at)
