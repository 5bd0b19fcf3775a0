"""Orders, their timelines and their numbers."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.order.errors import OrderNotFound
from shikanji.services.order.model.order import Entry, Order
from shikanji.services.order.tables import (
    UNSTARTED,
    order_numbers,
    order_timeline,
    orders,
)

IS_ORDER = orders.c.id == sa.bindparam("order_id")
FIND_ORDER = sa.select(orders).where(IS_ORDER)
LOCK_ORDER = FIND_ORDER.with_for_update()
FIND_ORDERS = sa.select(orders).where(any_of(orders.c.id, "order_ids"))
ADD_ORDER = sa.insert(orders)
SAVE_ORDER = (
    sa.update(orders)
    .where(IS_ORDER, orders.c.version == sa.bindparam("loaded_version"))
    .values(
        status=sa.bindparam("new_status"),
        version=sa.bindparam("new_version"),
        attempt=sa.bindparam("new_attempt"),
        cancel_cause=sa.bindparam("new_cancel_cause"),
        cancel_reason=sa.bindparam("new_cancel_reason"),
        estimated_at=sa.bindparam("new_estimated_at"),
        deadline=sa.bindparam("new_deadline"),
        cook_id=sa.bindparam("new_cook_id"),
        courier_id=sa.bindparam("new_courier_id"),
    )
)
COUNT_UNSTARTED = sa.select(sa.func.count()).select_from(
    sa.select(orders.c.customer_id)
    .where(orders.c.customer_id == sa.bindparam("customer_id"), UNSTARTED)
    .limit(sa.bindparam("count_max", type_=sa.BigInteger))
    .subquery()
)
COUNT_NUMBER = (
    upsert(order_numbers)
    .values(store_id=sa.bindparam("store_id"), day=sa.bindparam("day"), last=1)
    .on_conflict_do_update(index_elements=["store_id", "day"], set_={"last": order_numbers.c.last + 1})
)
LAST_NUMBER = sa.select(order_numbers.c.last).where(
    order_numbers.c.store_id == sa.bindparam("store_id"), order_numbers.c.day == sa.bindparam("day")
)
ADD_ENTRY = sa.insert(order_timeline)
LIST_ENTRIES = (
    sa.select(order_timeline.c.version, order_timeline.c.status, order_timeline.c.at, order_timeline.c.by)
    .where(order_timeline.c.order_id == sa.bindparam("order_id"))
    .order_by(order_timeline.c.version)
)
_COLUMNS: tuple[str, ...] = tuple(column.name for column in orders.columns)


def find_order(tx: Tx, order_id: str) -> Order | None:
    return tx.run(FIND_ORDER, order_id=order_id).one(Order)


def find_orders(tx: Tx, order_ids: Sequence[str]) -> list[Order]:
    """Those that are there, in no order."""
    return tx.run(FIND_ORDERS, order_ids=order_ids).all(Order)


def get_order(tx: Tx, order_id: str) -> Order:
    order = find_order(tx, order_id)
    if order is None:
        raise OrderNotFound
    return order


def lock_order(tx: Tx, order_id: str) -> Order:
    """For changing it: nobody else does until this transaction ends."""
    order = tx.run(LOCK_ORDER, order_id=order_id).one(Order)
    if order is None:
        raise OrderNotFound
    return order


def add_order(tx: Tx, order: Order) -> None:
    # Its first fields are its columns.
    tx.run(ADD_ORDER, **dict(zip(_COLUMNS, msgspec.structs.astuple(order), strict=False)))


def save_order(tx: Tx, order: Order) -> None:
    saved = tx.run(
        SAVE_ORDER,
        order_id=order.id,
        loaded_version=order.version - len(order.entries),
        new_status=order.status,
        new_version=order.version,
        new_attempt=order.attempt,
        new_cancel_cause=order.cancel_cause,
        new_cancel_reason=order.cancel_reason,
        new_estimated_at=order.estimated_at,
        new_deadline=order.deadline,
        new_cook_id=order.cook_id,
        new_courier_id=order.courier_id,
    )
    if saved.count != 1:
        raise RuntimeError(f"order {order.id} changed while its row was locked")


def add_entries(tx: Tx, order: Order) -> None:
    tx.run_each(ADD_ENTRY, [_entry_row(order, entry) for entry in order.entries])


def timeline_of(tx: Tx, order_id: str) -> list[Entry]:
    return tx.run(LIST_ENTRIES, order_id=order_id).all(Entry)


def count_unstarted(tx: Tx, customer_id: str, count_max: int) -> int:
    """Orders of this customer that the kitchen has not begun; nobody counts further than `count_max`."""
    return int(tx.run(COUNT_UNSTARTED, customer_id=customer_id, count_max=count_max).scalar())


def next_number(tx: Tx, store_id: str, day: str) -> int:
    """Counted up under the lock of its row: no two orders of a store and day get the same."""
    tx.run(COUNT_NUMBER, store_id=store_id, day=day)
    return int(tx.run(LAST_NUMBER, store_id=store_id, day=day).scalar())


def _entry_row(order: Order, entry: Entry) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "version": entry.version,
        "status": entry.status,
        "at": entry.at,
        "by": entry.by,
    }
