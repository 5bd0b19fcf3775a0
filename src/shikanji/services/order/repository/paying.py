"""Payments as they concern an order: those that failed, those that came late, and what became of it."""

import msgspec
import sqlalchemy as sa

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.order.model.revival import Revival
from shikanji.services.order.tables import (
    late_payments,
    order_payment_failures,
    revivals,
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


class Failure(msgspec.Struct, frozen=True):
    payment_id: str
    at: int
    reason: str


def add_payment_failure(tx: Tx, order_id: str, payment_id: str, reason: str) -> None:
    tx.run(ADD_PAYMENT_FAILURE, order_id=order_id, payment_id=payment_id, failed_at=tx.now, reason=reason)


def payment_failures_of(tx: Tx, order_id: str) -> list[Failure]:
    return tx.run(LIST_PAYMENT_FAILURES, order_id=order_id).all(Failure)


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
