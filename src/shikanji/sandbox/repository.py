"""Every query of the fake payment company."""

import sqlalchemy as sa

from shikanji.kit.db.statements import delete_oldest, upsert
from shikanji.kit.db.tx import Tx
from shikanji.sandbox.errors import UnknownOrder, UnknownPayment, UnknownRefund
from shikanji.sandbox.model import Fault, Operation, Order, Payment, Refund
from shikanji.sandbox.tables import faults, notices, orders, payments, refunds


def _all_of(table: sa.Table) -> dict[str, sa.BindParameter[object]]:
    return {column.name: sa.bindparam(column.name) for column in table.c}


ADD_ORDER = upsert(orders).values(**_all_of(orders)).on_conflict_do_nothing(index_elements=["idempotency_key"])
FIND_ORDER = sa.select(orders).where(orders.c.id == sa.bindparam("order_id"))
FIND_ORDER_BY_KEY = sa.select(orders).where(orders.c.idempotency_key == sa.bindparam("key"))
MOVE_ORDER = (
    sa.update(orders)
    .where(orders.c.id == sa.bindparam("order_id"), orders.c.status != "paid")
    .values(status=sa.bindparam("new_status"))
)
ADD_PAYMENT = sa.insert(payments)
FIND_PAYMENT = sa.select(payments).where(payments.c.id == sa.bindparam("payment_id"))
PAYMENTS_OF = (
    sa.select(payments)
    .where(payments.c.order_id == sa.bindparam("order_id"))
    .order_by(payments.c.created_at, payments.c.id)
)
TAKE_FOR_REFUND = (
    sa.update(payments)
    .where(
        payments.c.id == sa.bindparam("payment_id"),
        payments.c.status == "captured",
        payments.c.amount - payments.c.refunded >= sa.bindparam("taken"),
    )
    .values(refunded=payments.c.refunded + sa.bindparam("taken"))
)
ADD_REFUND = upsert(refunds).values(**_all_of(refunds)).on_conflict_do_nothing(index_elements=["idempotency_key"])
FIND_REFUND = sa.select(refunds).where(refunds.c.id == sa.bindparam("refund_id"))
FIND_REFUND_BY_KEY = sa.select(refunds).where(refunds.c.idempotency_key == sa.bindparam("key"))
PROCESS_REFUND = (
    sa.update(refunds)
    .where(refunds.c.id == sa.bindparam("refund_id"), refunds.c.status == "pending")
    .values(status="processed")
)
ADD_NOTICE = sa.insert(notices)
FIND_NOTICE = sa.select(notices.c.body, notices.c.created_at).where(notices.c.id == sa.bindparam("notice_id"))
COUNT_DELIVERY = (
    sa.update(notices).where(notices.c.id == sa.bindparam("notice_id")).values(delivered=notices.c.delivered + 1)
)
FORGET_NOTICES = delete_oldest(notices.c.id)
_plan = upsert(faults).values(**_all_of(faults))
PLAN_FAULT = _plan.on_conflict_do_update(
    index_elements=["operation"],
    set_={
        "kind": _plan.excluded.kind,
        "remaining": _plan.excluded.remaining,
        "delay_seconds": _plan.excluded.delay_seconds,
    },
)
FIND_FAULT = sa.select(faults).where(faults.c.operation == sa.bindparam("operation"), faults.c.remaining > 0)
USE_FAULT = (
    sa.update(faults)
    .where(faults.c.operation == sa.bindparam("operation"), faults.c.remaining > 0)
    .values(remaining=faults.c.remaining - 1)
    .returning(*faults.c)
)
LIST_FAULTS = sa.select(faults).where(faults.c.remaining > 0).order_by(faults.c.operation)
CLEAR_FAULTS = sa.delete(faults)


def add_order(tx: Tx, order: Order) -> Order:
    """Stores the order, or finds the one that its key made earlier."""
    tx.run(ADD_ORDER, **_columns(order))
    stored = tx.run(FIND_ORDER_BY_KEY, key=order.idempotency_key).one(Order)
    assert stored is not None
    return stored


def find_order(tx: Tx, order_id: str) -> Order:
    order = tx.run(FIND_ORDER, order_id=order_id).one(Order)
    if order is None:
        raise UnknownOrder
    return order


def mark_attempted(tx: Tx, order_id: str) -> None:
    tx.run(MOVE_ORDER, order_id=order_id, new_status="attempted")


def mark_paid(tx: Tx, order_id: str) -> bool:
    """Whether this call is the one that paid it."""
    return tx.run(MOVE_ORDER, order_id=order_id, new_status="paid").count == 1


def add_payment(tx: Tx, payment: Payment) -> None:
    tx.run(ADD_PAYMENT, **_columns(payment))


def find_payment(tx: Tx, payment_id: str) -> Payment:
    payment = tx.run(FIND_PAYMENT, payment_id=payment_id).one(Payment)
    if payment is None:
        raise UnknownPayment
    return payment


def payments_of(tx: Tx, order_id: str) -> list[Payment]:
    """Oldest first."""
    return tx.run(PAYMENTS_OF, order_id=order_id).all(Payment)


def take_for_refund(tx: Tx, payment_id: str, amount: int) -> bool:
    """Whether that much was left of a captured payment."""
    return tx.run(TAKE_FOR_REFUND, payment_id=payment_id, taken=amount).count == 1


def add_refund(tx: Tx, refund: Refund) -> None:
    tx.run(ADD_REFUND, **_columns(refund))


def find_refund(tx: Tx, refund_id: str) -> Refund:
    refund = tx.run(FIND_REFUND, refund_id=refund_id).one(Refund)
    if refund is None:
        raise UnknownRefund
    return refund


def find_refund_by_key(tx: Tx, key: str) -> Refund | None:
    return tx.run(FIND_REFUND_BY_KEY, key=key).one(Refund)


def process_refund(tx: Tx, refund_id: str) -> bool:
    return tx.run(PROCESS_REFUND, refund_id=refund_id).count == 1


def add_notice(tx: Tx, notice_id: str, type: str, body: bytes) -> None:
    tx.run(ADD_NOTICE, id=notice_id, type=type, body=body, created_at=tx.now, delivered=0)


def find_notice(tx: Tx, notice_id: str) -> tuple[bytes, int]:
    """Its body, and when it was made (µs)."""
    row = tx.run(FIND_NOTICE, notice_id=notice_id).first()
    assert row is not None
    return bytes(row[0]), row[1]


def count_delivery(tx: Tx, notice_id: str) -> None:
    tx.run(COUNT_DELIVERY, notice_id=notice_id)


def forget_notices(tx: Tx, before: str, limit: int) -> int:
    """Deletes the oldest of those with ids below; says how many."""
    return tx.run(FORGET_NOTICES, before=before, rows_max=limit).count


def plan_fault(tx: Tx, fault: Fault) -> None:
    tx.run(PLAN_FAULT, **_columns(fault))


def planned_fault(tx: Tx, operation: Operation) -> Fault | None:
    return tx.run(FIND_FAULT, operation=operation).one(Fault)


def use_fault(tx: Tx, operation: Operation) -> Fault | None:
    """Takes one of the planned faults of this operation."""
    return tx.run(USE_FAULT, operation=operation).one(Fault)


def list_faults(tx: Tx) -> list[Fault]:
    return tx.run(LIST_FAULTS).all(Fault)


def clear_faults(tx: Tx) -> None:
    tx.run(CLEAR_FAULTS)


def _columns(row: Order | Payment | Refund | Fault) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}
