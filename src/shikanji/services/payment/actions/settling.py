"""What of the money that came must go back: asked after every change to an order's payments or to what is due."""

from collections.abc import Sequence

from shikanji.contracts.payment import RefundCause
from shikanji.kit.db.tx import Tx
from shikanji.services.payment import repository
from shikanji.services.payment.errors import NothingToRefund
from shikanji.services.payment.model.dues import Dues, surplus
from shikanji.services.payment.model.payment import AutomaticCause, Payment
from shikanji.services.payment.model.refund import SYSTEM, Refund, RefundedLine

REFUND = "refund"
"""The job that asks the provider for one refund; its key is the refund's id."""


def settle(tx: Tx, dues: Dues, payments: Sequence[Payment]) -> None:
    """Gives back what is too much. The order must be locked and the payments be saved."""
    for payment, cause in surplus(dues, payments):
        release(tx, payment, cause)


def release(tx: Tx, payment: Payment, cause: AutomaticCause) -> None:
    """From now on the payment does not count for its order, and what is left of it goes back."""
    payment.released = cause
    repository.save_payment(tx, payment)
    if payment.left:
        plan_refund(tx, payment, cause, payment.left)


def plan_refund(
    tx: Tx,
    payment: Payment,
    cause: RefundCause,
    amount: int,
    *,
    reason: str = "",
    requested_by: str = SYSTEM,
    lines: Sequence[RefundedLine] = (),
) -> Refund:
    """Takes the amount from what is left of the payment and writes down the intent; a job does the rest."""
    payment.reserve(amount, tx.now)
    if not repository.reserve(tx, payment.id, amount):
        raise NothingToRefund
    refund = Refund.of(
        payment,
        id=tx.new_id(),
        cause=cause,
        amount=amount,
        now=tx.now,
        reason=reason,
        requested_by=requested_by,
        lines=lines,
    )
    repository.add_refund(tx, refund)
    tx.record(refund.initiated())
    tx.schedule(REFUND, refund.id, tx.now)
    return refund
