"""What is due for orders, and the attempts to pay it."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from shikanji.contracts.order import CancelCause
from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.payment.errors import PaymentNotFound
from shikanji.services.payment.model.dues import Dues
from shikanji.services.payment.model.payment import CASH, Payment, Status
from shikanji.services.payment.model.reports import Source, Try
from shikanji.services.payment.repository.columns import binds, changes, columns, new_values
from shikanji.services.payment.tables import UNUSUAL, dues, payments, tries

PAYMENT_CHANGES = (
    "provider",
    "method",
    "status",
    "unknown",
    "failure",
    "provider_order_id",
    "provider_payment_id",
    "captured",
    "reserved",
    "refunded",
    "released",
    "updated_at",
    "initiated_at",
    "captured_at",
    "checked_at",
)
ADD_DUES = upsert(dues).values(**binds(dues)).on_conflict_do_nothing(index_elements=["order_id"])
_cancelled = upsert(dues).values(**binds(dues))
CANCEL_DUES = _cancelled.on_conflict_do_update(
    index_elements=["order_id"],
    set_={"cancel_cause": _cancelled.excluded.cancel_cause},
    # The clock's cancellation may be taken back or made final; the others are final already.
    where=sa.or_(dues.c.cancel_cause.is_(None), dues.c.cancel_cause == "payment_timeout"),
)
FIND_DUES = sa.select(dues).where(dues.c.order_id == sa.bindparam("order_id"))
LOCK_DUES = FIND_DUES.with_for_update()

ADD_PAYMENT = upsert(payments).values(**binds(payments)).on_conflict_do_nothing(index_elements=["order_id", "number"])
SAVE_PAYMENT = (
    sa.update(payments).where(payments.c.id == sa.bindparam("payment_id")).values(**changes(*PAYMENT_CHANGES))
)
FIND_PAYMENT = sa.select(payments).where(payments.c.id == sa.bindparam("payment_id"))
PAYMENTS_OF = (
    sa.select(payments).where(payments.c.order_id == sa.bindparam("order_id")).order_by(payments.c.number.desc())
)
TAKE_CASH = (
    sa.update(payments)
    .where(payments.c.order_id == sa.bindparam("order_id"), payments.c.provider == CASH, payments.c.status == "pending")
    .values(
        status="completed",
        captured=payments.c.amount,
        captured_at=sa.bindparam("now"),
        updated_at=sa.bindparam("now"),
    )
    .returning(*payments.c)
)
RESERVE = (
    sa.update(payments)
    .where(
        payments.c.id == sa.bindparam("payment_id"),
        payments.c.captured - payments.c.reserved >= sa.bindparam("taken"),
    )
    .values(reserved=payments.c.reserved + sa.bindparam("taken"), updated_at=sa.bindparam("now"))
)

_told = upsert(tries).values(**binds(tries))
NOTE_TRY = _told.on_conflict_do_update(
    index_elements=["provider", "provider_payment_id"],
    set_={
        "status": _told.excluded.status,
        "method": _told.excluded.method,
        "failure": _told.excluded.failure,
        "source": _told.excluded.source,
        "reported_at": _told.excluded.reported_at,
    },
    # What was captured stays so, whatever arrives late.
    where=sa.and_(tries.c.status != _told.excluded.status, tries.c.status != "captured"),
)
TRIES_OF = (
    sa.select(
        tries.c.provider_payment_id,
        tries.c.status,
        tries.c.amount,
        tries.c.method,
        tries.c.failure,
        tries.c.source,
        tries.c.reported_at,
    )
    .where(tries.c.payment_id == sa.bindparam("payment_id"))
    .order_by(tries.c.reported_at, tries.c.provider_payment_id)
)

CAPTURED_BETWEEN = (
    sa.select(sa.func.count())
    .select_from(payments)
    .where(
        payments.c.captured_at >= sa.bindparam("since"),
        payments.c.captured_at < sa.bindparam("until"),
        payments.c.provider_payment_id.is_not(None),
    )
)


def add_dues(tx: Tx, *new: Dues) -> int:
    """How many of the orders were not known yet."""
    return tx.run_each(ADD_DUES, [columns(each) for each in new])


def cancel_dues(tx: Tx, order: Dues, cause: CancelCause) -> Dues:
    """Notes the cancellation, also of an order that nobody has told of; the row is locked from here on."""
    tx.run(CANCEL_DUES, **columns(order) | {"cancel_cause": cause})
    return lock_dues(tx, order.order_id)


def find_dues(tx: Tx, order_id: str) -> Dues | None:
    return tx.run(FIND_DUES, order_id=order_id).one(Dues)


def lock_dues(tx: Tx, order_id: str) -> Dues:
    """From here on nobody else changes the payments of this order."""
    found = tx.run(LOCK_DUES, order_id=order_id).one(Dues)
    if found is None:
        raise LookupError(f"order {order_id} has no dues")
    return found


def add_payments(tx: Tx, *payments: Payment) -> None:
    """Nothing where the order has an attempt of this number already."""
    tx.run_each(ADD_PAYMENT, [columns(payment) for payment in payments])


def save_payment(tx: Tx, payment: Payment) -> None:
    tx.run(SAVE_PAYMENT, payment_id=payment.id, **new_values(payment, PAYMENT_CHANGES))


def find_payment(tx: Tx, payment_id: str) -> Payment:
    payment = find_payment_or_none(tx, payment_id)
    if payment is None:
        raise PaymentNotFound
    return payment


def find_payment_or_none(tx: Tx, payment_id: str) -> Payment | None:
    return tx.run(FIND_PAYMENT, payment_id=payment_id).one(Payment)


def lock_payment(tx: Tx, payment_id: str) -> Payment:
    """The payment as it stands once its order is locked."""
    lock_dues(tx, find_payment(tx, payment_id).order_id)
    return find_payment(tx, payment_id)


def lock_attempts(tx: Tx, payment_id: str) -> tuple[Dues, list[Payment], Payment]:
    """The order's dues, all its payments and, among them, this one, as they stand once the order is locked."""
    dues = lock_dues(tx, find_payment(tx, payment_id).order_id)
    payments = payments_of(tx, dues.order_id)
    return dues, payments, next(payment for payment in payments if payment.id == payment_id)


def payments_of(tx: Tx, order_id: str) -> list[Payment]:
    """Newest first."""
    return tx.run(PAYMENTS_OF, order_id=order_id).all(Payment)


def take_cash(tx: Tx, order_id: str) -> Payment | None:
    """The order's cash payment, completed just now; None when there is none that waits."""
    return tx.run(TAKE_CASH, order_id=order_id, now=tx.now).one(Payment)


def reserve(tx: Tx, payment_id: str, amount: int) -> bool:
    """Takes from what is left of the payment; False when less is left."""
    return tx.run(RESERVE, payment_id=payment_id, taken=amount, now=tx.now).count == 1


class PaymentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`store_ids` None: all stores. Times in µs, `until` exclusive."""

    store_ids: Sequence[str] | None
    status: Status | None = None
    provider: str | None = None
    order_id: str | None = None
    customer_id: str | None = None
    since: int | None = None
    until: int | None = None


def list_payments(tx: Tx, wanted: PaymentFilter, *, before_id: str | None, limit: int) -> list[Payment]:
    """Newest first, from before `before_id` on. Each store is asked by itself, for only so does an index give the
    order."""
    if wanted.store_ids is None:
        return tx.execute(select_payments(wanted, before_id, limit)).all(Payment)
    rows = [
        payment
        for store_id in wanted.store_ids
        for payment in tx.execute(select_payments(wanted, before_id, limit, store_id)).all(Payment)
    ]
    return sorted(rows, key=lambda payment: payment.id, reverse=True)[:limit]


def select_payments(
    wanted: PaymentFilter, before_id: str | None, limit: int, store_id: str | None = None
) -> sa.Select[tuple[object, ...]]:
    statement = sa.select(payments).order_by(payments.c.id.desc()).limit(limit)
    exact = (
        (payments.c.store_id, store_id),
        (payments.c.status, wanted.status),
        (payments.c.provider, wanted.provider),
        (payments.c.order_id, wanted.order_id),
        (payments.c.customer_id, wanted.customer_id),
    )
    statement = statement.where(*(column == value for column, value in exact if value is not None))
    if wanted.status not in (None, "completed"):
        statement = statement.where(UNUSUAL)
    if wanted.since is not None:
        statement = statement.where(payments.c.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(payments.c.created_at < wanted.until)
    if before_id is not None:
        statement = statement.where(payments.c.id < before_id)
    return statement


def note_try(tx: Tx, payment: Payment, found: Try, source: Source) -> bool:
    """Whether it says something new."""
    noted = tx.run(
        NOTE_TRY,
        provider=payment.provider,
        provider_payment_id=found.provider_payment_id,
        payment_id=payment.id,
        status=found.status,
        amount=found.amount,
        method=found.method,
        failure=found.failure,
        source=source,
        reported_at=tx.now,
    )
    return noted.count == 1


class NotedTry(msgspec.Struct, frozen=True):
    provider_payment_id: str
    status: str
    amount: int
    method: str
    failure: str | None
    source: str
    reported_at: int


def tries_of(tx: Tx, payment_id: str) -> list[NotedTry]:
    """Oldest first."""
    return tx.run(TRIES_OF, payment_id=payment_id).all(NotedTry)


def captured_between(tx: Tx, since: int, until: int) -> int:
    """How many payments brought money through a provider in this time."""
    return int(tx.run(CAPTURED_BETWEEN, since=since, until=until).scalar())
