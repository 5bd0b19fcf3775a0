"""Refunds: asked for by staff, carried out with the provider, and repeated until the money is back."""

from collections.abc import Sequence

import msgspec

from shikanji.contracts.order import PaidLine
from shikanji.kit.clock import HOUR
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.jobs import Job
from shikanji.kit.telemetry.logs import logger
from shikanji.services.payment import repository
from shikanji.services.payment.actions.issuing import expect_credit_note
from shikanji.services.payment.actions.settling import REFUND, plan_refund
from shikanji.services.payment.errors import LineRefunded, NothingToRefund, RefundNotFailed, RefundNotFound
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.refund import Refund, RefundedLine, WantedLine, line_share
from shikanji.services.payment.model.reports import RefundReport
from shikanji.services.payment.settings import PaymentSettings

_log = logger("payment")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An amount, or lines with what was paid for each."""

    amount: int | None
    lines: Sequence[tuple[WantedLine, PaidLine]]
    reason: str
    by: str


def request_refund(tx: Tx, payment_id: str, wanted: Wanted) -> Refund:
    """Raises NothingToRefund where less is left of the payment, LineRefunded where fewer pieces are left."""
    payment = repository.lock_payment(tx, payment_id)
    if not payment.captured:
        raise NothingToRefund(f"The payment is {payment.status}; no money came.")
    lines = [_take_line(tx, payment.order_id, line, paid) for line, paid in wanted.lines]
    amount = sum(line.amount for line in lines) if wanted.amount is None else wanted.amount
    if not amount:
        raise NothingToRefund("Nothing was paid for these lines.")
    refund = plan_refund(tx, payment, "requested", amount, reason=wanted.reason, requested_by=wanted.by, lines=lines)
    failpoint("payment.request_refund.before_commit")
    return refund


def retry_refund(tx: Tx, payment_id: str, refund_id: str) -> Refund:
    """Raises RefundNotFound, RefundNotFailed."""
    refund = repository.find_refund(tx, refund_id)
    if refund.payment_id != payment_id:
        raise RefundNotFound
    if refund.status != "failed":
        raise RefundNotFailed(f"The refund is {refund.status}.")
    tx.schedule(REFUND, refund.id, tx.now)
    return refund


def start_refund(tx: Tx, refund_id: str) -> tuple[Refund, Payment] | None:
    """The refund that is about to be asked for, with its payment; None when the money is back already."""
    refund = _lock_refund(tx, refund_id)
    if not refund.start(tx.now):
        return None
    repository.save_refund(tx, refund)
    return refund, repository.find_payment(tx, refund.payment_id)


def report_refund(tx: Tx, report: RefundReport, job: Job | None = None) -> None:
    """What the provider says of a refund, in its answer or by webhook. Raises RefundNotFound for one that we never
    asked for."""
    known = repository.find_refund_by_key(tx, report.key)
    if known is None:
        raise RefundNotFound
    refund = _lock_refund(tx, known.id)
    if job is not None:
        tx.finish(job)
    if report.status == "failed":
        _refuse(tx, refund, "the provider could not give it back")
    elif report.status == "pending":
        refund.take_time(report.provider_refund_id, tx.now)
        repository.save_refund(tx, refund)
        tx.schedule(REFUND, refund.id, refund.next_look(tx.settings(PaymentSettings), tx.now))
    else:
        _complete(tx, refund, report.provider_refund_id)
    failpoint("payment.report_refund.before_commit")


def lose_refund_answer(tx: Tx, refund_id: str, job: Job) -> None:
    """Nobody knows whether the provider has it: look it up soon."""
    refund = _lock_refund(tx, refund_id)
    refund.lose_answer(tx.now)
    repository.save_refund(tx, refund)
    tx.finish(job)
    tx.schedule(REFUND, refund.id, refund.next_try(tx.now))


def refuse_refund(tx: Tx, refund_id: str, reason: str, job: Job) -> None:
    """A definite no of the provider. The money is still owed: a person hears of it, and it is tried again."""
    refund = _lock_refund(tx, refund_id)
    tx.finish(job)
    _refuse(tx, refund, reason)


def _take_line(tx: Tx, order_id: str, wanted: WantedLine, paid: PaidLine) -> RefundedLine:
    after = repository.take_line(tx, order_id, wanted.line_id, paid.quantity, wanted.quantity)
    if after is None:
        raise LineRefunded(f"Line {wanted.line_id}: so many pieces are not left.")
    amount = line_share(paid.paid, paid.quantity, before=after - wanted.quantity, after=after)
    return RefundedLine(wanted.line_id, wanted.quantity, amount)


def _lock_refund(tx: Tx, refund_id: str) -> Refund:
    repository.lock_dues(tx, repository.find_refund(tx, refund_id).order_id)
    return repository.find_refund(tx, refund_id)


def _complete(tx: Tx, refund: Refund, provider_refund_id: str) -> None:
    event = refund.complete(provider_refund_id, tx.now)
    if event is None:
        return
    payment = repository.find_payment(tx, refund.payment_id)
    payment.give_back(refund.amount, tx.now)
    repository.save_refund(tx, refund)
    repository.save_payment(tx, payment)
    tx.record(event)
    expect_credit_note(tx, refund)


def _refuse(tx: Tx, refund: Refund, reason: str) -> None:
    if refund.status == "completed":
        return
    refund.refuse(reason, tx.now)
    repository.save_refund(tx, refund)
    tx.schedule(REFUND, refund.id, tx.now + tx.settings(PaymentSettings).refund_retry_hours * HOUR)
    _log.error("a refund was refused", alarm="refund-refused", refund_id=refund.id, reason=reason)
