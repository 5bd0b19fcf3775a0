"""Every query of the order service: rows in, objects out."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.contracts.order import OrderStatus
from shikanji.contracts.store import Fulfilment
from shikanji.kit.clock import SECOND
from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.order.errors import OrderNotFound
from shikanji.services.order.model.order import Entry, Order
from shikanji.services.order.model.revival import Revival
from shikanji.services.order.tables import (
    ACTIVE,
    CANCELLED,
    UNSTARTED,
    late_payments,
    order_numbers,
    order_payment_failures,
    order_timeline,
    order_tracking,
    orders,
    revivals,
)

IS_ORDER = orders.c.id == sa.bindparam("order_id")
FIND_ORDER = sa.select(orders).where(IS_ORDER)
LOCK_ORDER = FIND_ORDER.with_for_update()
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

_number = upsert(order_numbers).values(store_id=sa.bindparam("store_id"), day=sa.bindparam("day"), last=1)
NEXT_NUMBER = _number.on_conflict_do_update(
    index_elements=["store_id", "day"], set_={"last": order_numbers.c.last + 1}
).returning(order_numbers.c.last)

ADD_ENTRY = sa.insert(order_timeline)
LIST_ENTRIES = (
    sa.select(order_timeline.c.version, order_timeline.c.status, order_timeline.c.at, order_timeline.c.by)
    .where(order_timeline.c.order_id == sa.bindparam("order_id"))
    .order_by(order_timeline.c.version)
)

ADD_PAYMENT_FAILURE = upsert(order_payment_failures).values(
    order_id=sa.bindparam("order_id"),
    payment_id=sa.bindparam("payment_id"),
    at=sa.bindparam("failed_at"),
    reason=sa.bindparam("reason"),
)
ADD_PAYMENT_FAILURE = ADD_PAYMENT_FAILURE.on_conflict_do_update(
    index_elements=["order_id", "payment_id"],
    set_={"at": ADD_PAYMENT_FAILURE.excluded.at, "reason": ADD_PAYMENT_FAILURE.excluded.reason},
)
LIST_PAYMENT_FAILURES = (
    sa.select(order_payment_failures.c.payment_id, order_payment_failures.c.at, order_payment_failures.c.reason)
    .where(order_payment_failures.c.order_id == sa.bindparam("order_id"))
    .order_by(order_payment_failures.c.at, order_payment_failures.c.payment_id)
)

LAST_POINT = sa.select(sa.func.coalesce(sa.func.max(order_tracking.c.seq), 0)).where(
    order_tracking.c.order_id == sa.bindparam("order_id")
)
ADD_POINT = sa.insert(order_tracking)
DROP_POINTS = sa.delete(order_tracking).where(
    order_tracking.c.order_id == sa.bindparam("order_id"), order_tracking.c.seq <= sa.bindparam("last_dropped")
)
LIST_POINTS = (
    sa.select(
        order_tracking.c.seq,
        order_tracking.c.at,
        order_tracking.c.by,
        order_tracking.c.latitude_e6,
        order_tracking.c.longitude_e6,
    )
    .where(order_tracking.c.order_id == sa.bindparam("order_id"), order_tracking.c.seq < sa.bindparam("before"))
    .order_by(order_tracking.c.seq.desc())
    .limit(sa.bindparam("row_count"))
)

ADD_LATE_PAYMENT = (
    upsert(late_payments)
    .values(order_id=sa.bindparam("order_id"), payment_id=sa.bindparam("payment_id"), at=sa.bindparam("came_at"))
    .on_conflict_do_nothing()
)
LIST_LATE_PAYMENTS = (
    sa.select(late_payments.c.payment_id)
    .where(late_payments.c.order_id == sa.bindparam("order_id"))
    .order_by(late_payments.c.payment_id)
)

FIND_REVIVAL = sa.select(revivals).where(revivals.c.order_id == sa.bindparam("order_id"))
ADD_REVIVAL = sa.insert(revivals)
CLOSE_REVIVAL = (
    sa.update(revivals)
    .where(revivals.c.order_id == sa.bindparam("closed_order_id"), revivals.c.state == "open")
    .values(state=sa.bindparam("new_state"), closed_at=sa.bindparam("new_closed_at"), reason=sa.bindparam("new_reason"))
)

_COLUMNS: tuple[str, ...] = tuple(column.name for column in orders.columns)
ACTIVE_STATUSES: frozenset[OrderStatus] = frozenset(
    {"pending", "confirmed", "preparing", "ready", "dispatched", "delivered"}
)
CLAIM_TO_PLACEMENT = 60 * SECOND
"""An order's id is made with its claim, by another clock perhaps: its time is this near to the placement's."""
FIRST_SEQ_UNUSED = 2**62


class Failure(msgspec.Struct, frozen=True):
    payment_id: str
    at: int
    reason: str


class Point(msgspec.Struct, frozen=True):
    """Where the courier was; degrees in millionths."""

    seq: int
    at: int
    by: str
    latitude_e6: int
    longitude_e6: int


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders. `store_ids` None: of all stores; `before`: the id after which the page begins, newest first. Times
    in µs, `placed_to` not included."""

    store_ids: tuple[str, ...] | None = None
    customer_id: str | None = None
    statuses: tuple[OrderStatus, ...] = ()
    fulfilment: Fulfilment | None = None
    placed_from: int | None = None
    placed_to: int | None = None
    number: str | None = None
    before: str | None = None


def find_order(tx: Tx, order_id: str) -> Order | None:
    return tx.run(FIND_ORDER, order_id=order_id).one(Order)


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
    return int(tx.run(NEXT_NUMBER, store_id=store_id, day=day).scalar())


def list_orders(tx: Tx, wanted: Filter, limit: int) -> list[Order]:
    """Newest first, at most `limit`. Each store is asked by itself, for only so does an index give the order; a
    customer's orders are few, whatever their stores."""
    if wanted.store_ids is None:
        return tx.execute(_select(wanted, limit)).all(Order)
    if wanted.customer_id is not None:
        # Concatenated with nothing, so that the index of the stores is no candidate.
        return tx.execute(_select(wanted, limit, orders.c.store_id.concat("").in_(wanted.store_ids))).all(Order)
    rows = [
        order
        for store_id in wanted.store_ids
        for order in tx.execute(_select(wanted, limit, orders.c.store_id == store_id)).all(Order)
    ]
    return sorted(rows, key=lambda order: order.id, reverse=True)[:limit]


def add_payment_failure(tx: Tx, order_id: str, payment_id: str, reason: str) -> None:
    tx.run(ADD_PAYMENT_FAILURE, order_id=order_id, payment_id=payment_id, failed_at=tx.now, reason=reason)


def payment_failures_of(tx: Tx, order_id: str) -> list[Failure]:
    return tx.run(LIST_PAYMENT_FAILURES, order_id=order_id).all(Failure)


def add_point(tx: Tx, order_id: str, by: str, latitude_e6: int, longitude_e6: int, *, kept: int) -> Point:
    """Under the lock of the order's row. Keeps the last `kept` points."""
    seq = int(tx.run(LAST_POINT, order_id=order_id).scalar()) + 1
    point = Point(seq, tx.now, by, latitude_e6, longitude_e6)
    tx.run(ADD_POINT, order_id=order_id, **msgspec.structs.asdict(point))
    tx.run(DROP_POINTS, order_id=order_id, last_dropped=seq - kept)
    return point


def points_of(tx: Tx, order_id: str, *, before: int | None, limit: int) -> list[Point]:
    """Newest first."""
    asked = FIRST_SEQ_UNUSED if before is None else before
    return tx.run(LIST_POINTS, order_id=order_id, before=asked, row_count=limit).all(Point)


def add_late_payment(tx: Tx, order_id: str, payment_id: str) -> None:
    tx.run(ADD_LATE_PAYMENT, order_id=order_id, payment_id=payment_id, came_at=tx.now)


def late_payments_of(tx: Tx, order_id: str) -> list[str]:
    return [payment_id for (payment_id,) in tx.run(LIST_LATE_PAYMENTS, order_id=order_id)]


def find_revival(tx: Tx, order_id: str) -> Revival | None:
    """Read and changed under the lock of the order's row."""
    return tx.run(FIND_REVIVAL, order_id=order_id).one(Revival)


def add_revival(tx: Tx, revival: Revival) -> None:
    tx.run(ADD_REVIVAL, **msgspec.structs.asdict(revival))


def close_revival(tx: Tx, revival: Revival) -> None:
    tx.run(
        CLOSE_REVIVAL,
        closed_order_id=revival.order_id,
        new_state=revival.state,
        new_closed_at=revival.closed_at,
        new_reason=revival.reason,
    )


def _entry_row(order: Order, entry: Entry) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "version": entry.version,
        "status": entry.status,
        "at": entry.at,
        "by": entry.by,
    }


def _select(wanted: Filter, limit: int, *scope: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(orders).where(*scope, *_conditions(wanted)).order_by(orders.c.id.desc()).limit(limit)


def _conditions(wanted: Filter) -> Sequence[sa.ColumnElement[bool] | sa.TextClause]:
    equal = {
        orders.c.customer_id: wanted.customer_id,
        orders.c.fulfilment: wanted.fulfilment,
        orders.c.order_number: wanted.number,
    }
    conditions: list[Any] = [column == value for column, value in equal.items() if value is not None]
    if wanted.statuses:
        conditions += [orders.c.status.in_(wanted.statuses), *_partial(wanted.statuses)]
    if wanted.before is not None:
        conditions.append(orders.c.id < wanted.before)
    if wanted.placed_from is not None:
        conditions += [
            orders.c.placed_at >= wanted.placed_from,
            orders.c.id >= _id_at(wanted.placed_from - CLAIM_TO_PLACEMENT),
        ]
    if wanted.placed_to is not None:
        conditions += [
            orders.c.placed_at < wanted.placed_to,
            orders.c.id < _id_at(wanted.placed_to + CLAIM_TO_PLACEMENT),
        ]
    return conditions


def _partial(statuses: Collection[OrderStatus]) -> list[sa.TextClause]:
    """What lets a partial index serve."""
    if ACTIVE_STATUSES.issuperset(statuses):
        return [ACTIVE]
    if set(statuses) == {"cancelled"}:
        return [CANCELLED]
    return []


def _id_at(at: int) -> str:
    """Where ids made at this time begin (UUIDv7: the first 48 bits are milliseconds)."""
    digits = f"{min(max(at, 0) // 1_000, 2**48 - 1):012x}"
    return f"{digits[:8]}-{digits[8:]}"
