"""What the fake payment company does: one function per use case, each run inside one transaction."""

import msgspec

from shikanji.kit.clock import DAY, SECOND, to_rfc3339
from shikanji.kit.db.tx import Tx
from shikanji.kit.ids import first_id
from shikanji.sandbox import repository
from shikanji.sandbox.errors import AlreadyPaid, OtherRequest, RefundTooHigh, UnknownRefund
from shikanji.sandbox.model import Fault, NoticeType, Order, Payment, Refund
from shikanji.sandbox.schemas import (
    Checkout,
    CreateOrder,
    CreateRefund,
    NoticeData,
    NoticeView,
    PaymentView,
    PlanFault,
    RefundView,
)

DELIVER = "deliver"
PROCESS_REFUND = "process-refund"
NOTICE_DAYS = 30
"""How long notices are kept: they are repeated for three days at most."""
FORGOTTEN_AT_ONCE = 500


class Delivery(msgspec.Struct, frozen=True):
    notice_id: str


class RefundToProcess(msgspec.Struct, frozen=True):
    refund_id: str


def create_order(tx: Tx, key: str, wanted: CreateOrder) -> tuple[Order, list[Payment]]:
    """The order that this key stands for; raises OtherRequest when it stands for another."""
    order = repository.add_order(
        tx,
        Order(
            id=_new_id(tx, "order"),
            idempotency_key=key,
            reference=wanted.reference,
            amount=wanted.amount,
            status="created",
            created_at=tx.now,
        ),
    )
    if (order.amount, order.reference) != (wanted.amount, wanted.reference):
        raise OtherRequest
    return order, repository.payments_of(tx, order.id)


def read_order(tx: Tx, order_id: str) -> tuple[Order, list[Payment]]:
    return repository.find_order(tx, order_id), repository.payments_of(tx, order_id)


def read_payment(tx: Tx, payment_id: str) -> Payment:
    return repository.find_payment(tx, payment_id)


def check_out(tx: Tx, order_id: str, wanted: Checkout) -> Payment:
    """One try of the customer. Raises UnknownOrder, AlreadyPaid."""
    order = repository.find_order(tx, order_id)
    success = wanted.outcome == "success"
    if success:
        if not repository.mark_paid(tx, order_id):
            raise AlreadyPaid
    else:
        repository.mark_attempted(tx, order_id)
    payment = Payment(
        id=_new_id(tx, "pay"),
        order_id=order_id,
        amount=order.amount,
        status="captured" if success else "failed",
        method=wanted.method,
        failure=None if success else "declined by the bank",
        refunded=0,
        created_at=tx.now,
    )
    repository.add_payment(tx, payment)
    copies = {"once": 1, "twice": 2, "none": 0}[wanted.webhook]
    about: NoticeType = "payment.captured" if success else "payment.failed"
    data = NoticeData(reference=order.reference, payment=PaymentView.of(payment))
    _tell(tx, about, data, copies=copies, delay_seconds=wanted.delay_seconds)
    return payment


def create_refund(tx: Tx, key: str, wanted: CreateRefund, pending_seconds: int | None) -> Refund:
    """Gives back a part of a captured payment, at once or (`pending_seconds`) later. Raises UnknownPayment,
    RefundTooHigh, OtherRequest."""
    known = repository.find_refund_by_key(tx, key)
    if known is not None:
        if (known.payment_id, known.amount) != (wanted.payment_id, wanted.amount):
            raise OtherRequest
        return known
    repository.find_payment(tx, wanted.payment_id)
    if not repository.take_for_refund(tx, wanted.payment_id, wanted.amount):
        raise RefundTooHigh
    refund = Refund(
        id=_new_id(tx, "rfnd"),
        idempotency_key=key,
        payment_id=wanted.payment_id,
        amount=wanted.amount,
        status="pending",
        created_at=tx.now,
    )
    repository.add_refund(tx, refund)
    if pending_seconds is None:
        return process_refund(tx, refund.id)
    tx.schedule(PROCESS_REFUND, refund.id, tx.now + pending_seconds * SECOND, RefundToProcess(refund.id))
    return refund


def process_refund(tx: Tx, refund_id: str) -> Refund:
    """The money has gone back."""
    changed = repository.process_refund(tx, refund_id)
    refund = repository.find_refund(tx, refund_id)
    if changed:
        payment = repository.find_payment(tx, refund.payment_id)
        order = repository.find_order(tx, payment.order_id)
        data = NoticeData(reference=order.reference, payment=PaymentView.of(payment), refund=RefundView.of(refund))
        _tell(tx, "refund.processed", data, copies=1, delay_seconds=0)
    return refund


def read_refund(tx: Tx, key: str) -> Refund:
    refund = repository.find_refund_by_key(tx, key)
    if refund is None:
        raise UnknownRefund
    return refund


def plan_fault(tx: Tx, wanted: PlanFault) -> list[Fault]:
    repository.plan_fault(tx, Fault(wanted.operation, wanted.kind, wanted.count, wanted.delay_seconds))
    return repository.list_faults(tx)


def forget_notices(tx: Tx) -> int:
    """Some of those that are long over; how many."""
    before = _id_of("evt", first_id(tx.now - NOTICE_DAYS * DAY))
    return repository.forget_notices(tx, before, FORGOTTEN_AT_ONCE)


def _tell(tx: Tx, type: NoticeType, data: NoticeData, *, copies: int, delay_seconds: int) -> None:
    """Plans the webhook; each copy is delivered, and repeated, on its own."""
    if not copies:
        return
    notice = NoticeView(id=_new_id(tx, "evt"), type=type, created_at=to_rfc3339(tx.now), data=data)
    repository.add_notice(tx, notice.id, type, msgspec.json.encode(notice))
    for copy in range(copies):
        tx.schedule(DELIVER, f"{notice.id}:{copy}", tx.now + delay_seconds * SECOND, Delivery(notice.id))


def _new_id(tx: Tx, kind: str) -> str:
    return _id_of(kind, tx.new_id())


def _id_of(kind: str, id: str) -> str:
    return f"{kind}_{id.replace('-', '')}"
