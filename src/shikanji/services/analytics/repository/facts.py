"""What is known of orders, and the customers whose they are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.faults import TransactionConflict
from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.model.customer import EVERYWHERE, Customer, Month
from shikanji.services.analytics.model.order import Order
from shikanji.services.analytics.tables import customers, order_facts

_encode = msgspec.json.Encoder(order="deterministic").encode
_order = msgspec.json.Decoder(Order).decode
_months = msgspec.json.Decoder(dict[int, Month]).decode


def locked_orders(tx: Tx, order_ids: Collection[str]) -> dict[str, Order]:
    """Those that something is known of, until the transaction ends."""
    return {row[0]: _order(row[1]) for row in tx.run(LOCKED_ORDERS, order_ids=sorted(order_ids))}


def save_orders(tx: Tx, orders: Mapping[str, Order], known: Collection[str]) -> None:
    """`known` were there before."""
    rows = [_order_row(order_id, orders[order_id]) for order_id in sorted(orders)]
    tx.run_each(SAVE_ORDER, [row for row in rows if row["id"] in known])
    _add_all(tx, ADD_ORDER, [row for row in rows if row["id"] not in known])


def orders_of_store(tx: Tx, store_id: str, after: str, limit: int) -> list[str]:
    """The next ids after this one."""
    return [row[0] for row in tx.run(ORDERS_OF_STORE, store_id=store_id, after=after, rows_max=limit)]


def locked_customers(tx: Tx, customer_ids: Collection[str]) -> dict[tuple[str, str], Customer]:
    """By customer and store, until the transaction ends."""
    found = {}
    for row in tx.run(LOCKED_CUSTOMERS, customer_ids=sorted(customer_ids)):
        customer = customer_of(row)
        found[customer.customer_id, customer.store_id] = customer
    return found


def save_customers(tx: Tx, changed: Iterable[Customer], known: Collection[tuple[str, str]]) -> None:
    """`known` were there before."""
    rows = sorted((_customer_row(each) for each in changed), key=lambda row: (row["id"], row["store"]))
    tx.run_each(SAVE_CUSTOMER, [row for row in rows if (row["id"], row["store"]) in known])
    _add_all(tx, ADD_CUSTOMER, [row for row in rows if (row["id"], row["store"]) not in known])


def find_first_and_last(tx: Tx, customer: Customer) -> None:
    """Looks for the first and the last of the customer's orders that count, where one of them may count no more."""
    statements = FIRST_AND_LAST if customer.store_id == EVERYWHERE else FIRST_AND_LAST_IN_STORE
    given = {"customer_id": customer.customer_id}
    if customer.store_id != EVERYWHERE:
        given["store_id"] = customer.store_id
    first, last = (tx.run(statement, **given).first() for statement in statements)
    customer.first_at, customer.first_day = first if first else (None, 0)
    customer.last_at = last[0] if last else None


def customer_of(row: Sequence[Any]) -> Customer:
    customer_id, store_id, orders, revenue, first_at, first_day, last_at, months = row
    return Customer(
        customer_id=customer_id,
        store_id=store_id,
        orders=orders,
        revenue=revenue,
        first_at=first_at,
        first_day=first_day,
        last_at=last_at,
        months=_months(months),
    )


def _add_all(tx: Tx, statement: sa.Executable, rows: list[dict[str, Any]]) -> None:
    """Another transaction that has just made one of them knows what this one does not: it is to be run again."""
    if tx.run_each(statement, rows) < len(rows):
        raise TransactionConflict("somebody else was first")


def _order_row(order_id: str, order: Order) -> dict[str, Any]:
    placed = order.placed
    return {
        "id": order_id,
        "store": placed.store_id if placed else None,
        "customer": placed.customer_id if placed else None,
        "placed": placed.placed_at if placed else None,
        "on_day": order.day,
        "counts": int(order.counted),
        "sum": placed.total if placed else 0,
        "came": order.paid,
        "went": order.refunded,
        "document": _encode(order),
    }


def _customer_row(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.customer_id,
        "store": customer.store_id,
        "number": customer.orders,
        "money": customer.revenue,
        "first": customer.first_at,
        "on_day": customer.first_day,
        "last": customer.last_at,
        "document": msgspec.json.encode(dict(sorted(customer.months.items()))),
    }


_ORDER: dict[str, Any] = {
    "order_id": bindparam("id"),
    "store_id": bindparam("store"),
    "customer_id": bindparam("customer"),
    "placed_at": bindparam("placed"),
    "day": bindparam("on_day"),
    "counted": bindparam("counts"),
    "total": bindparam("sum"),
    "paid": bindparam("came"),
    "refunded": bindparam("went"),
    "facts": bindparam("document"),
}
_CUSTOMER: dict[str, Any] = {
    "customer_id": bindparam("id"),
    "store_id": bindparam("store"),
    "orders": bindparam("number"),
    "revenue": bindparam("money"),
    "first_at": bindparam("first"),
    "first_day": bindparam("on_day"),
    "last_at": bindparam("last"),
    "months": bindparam("document"),
}


def _all_but(values: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in keys}


LOCKED_ORDERS = (
    sa.select(order_facts.c.order_id, order_facts.c.facts)
    .where(any_of(order_facts.c.order_id, "order_ids"))
    .order_by(order_facts.c.order_id)
    .with_for_update()
)
SAVE_ORDER = (
    sa.update(order_facts).values(_all_but(_ORDER, "order_id")).where(order_facts.c.order_id == bindparam("id"))
)
ADD_ORDER = upsert(order_facts).values(_ORDER).on_conflict_do_nothing()
ORDERS_OF_STORE = (
    sa.select(order_facts.c.order_id)
    .where(order_facts.c.order_id > bindparam("after"), order_facts.c.store_id == bindparam("store_id"))
    .order_by(order_facts.c.order_id)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
LOCKED_CUSTOMERS = (
    sa.select(*customers.c)
    .where(any_of(customers.c.customer_id, "customer_ids"))
    .order_by(customers.c.customer_id, customers.c.store_id)
    .with_for_update()
)
SAVE_CUSTOMER = (
    sa.update(customers)
    .values(_all_but(_CUSTOMER, "customer_id", "store_id"))
    .where(customers.c.customer_id == bindparam("id"), customers.c.store_id == bindparam("store"))
)
ADD_CUSTOMER = upsert(customers).values(_CUSTOMER).on_conflict_do_nothing()

_COUNTED = (order_facts.c.customer_id == bindparam("customer_id"), order_facts.c.counted == 1)
_EARLIEST = sa.select(order_facts.c.placed_at, order_facts.c.day).order_by(order_facts.c.placed_at).limit(1)
_LATEST = sa.select(order_facts.c.placed_at, order_facts.c.day).order_by(order_facts.c.placed_at.desc()).limit(1)
_HERE = order_facts.c.store_id == bindparam("store_id")
FIRST_AND_LAST = (_EARLIEST.where(*_COUNTED), _LATEST.where(*_COUNTED))
FIRST_AND_LAST_IN_STORE = (_EARLIEST.where(*_COUNTED, _HERE), _LATEST.where(*_COUNTED, _HERE))
