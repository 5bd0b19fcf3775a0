"""What happens to payments when something happened to their order. Right in any order of arrival."""

from collections.abc import Sequence

from shikanji.contracts.order import (
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderDelivered,
    PaymentMethod,
    RefundRequested,
)
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.payment import repository
from shikanji.services.payment.actions.issuing import expect_invoices
from shikanji.services.payment.actions.settling import release, settle
from shikanji.services.payment.model.dues import Dues
from shikanji.services.payment.model.payment import CASH, Payment
from shikanji.services.payment.settings import PaymentSettings


def expect_payments(tx: Tx, events: Sequence[OrderCreated]) -> None:
    """Notes what is due and makes the first attempts, unless the customers were faster. Two statements on the common
    way: all orders pass here."""
    orders = [_dues_of(tx, event) for event in sorted(events, key=lambda event: event.order_id)]
    cancelled: set[str] = set()
    if repository.add_dues(tx, *orders) < len(orders):
        cancelled = {order.order_id for order in orders if _is_cancelled(tx, order.order_id)}
    attempts = [_first_attempt(tx, order, cancelled=order.order_id in cancelled) for order in orders if order.total]
    repository.add_payments(tx, *attempts)
    failpoint("payment.expect.before_commit")


def take_cash(tx: Tx, event: OrderDelivered | OrderCompleted) -> None:
    """The hand-over edge says that the cash was taken; whichever of the two events comes first counts."""
    if event.payment_method != "cod" or not event.total:
        return
    payment = repository.take_cash(tx, event.order_id)
    if payment is None:
        # Looked for again also where OrderCreated, heard at the same moment, was the one to make it.
        _expect_unheard(tx, event)
        payment = repository.take_cash(tx, event.order_id)
    if payment is not None:
        tx.record(payment.completed())
        expect_invoices(tx, [payment])
    failpoint("payment.take_cash.before_commit")


def cancel_order(tx: Tx, event: OrderCancelled) -> None:
    """No attempt is waited for any more. Unless it was the clock that cancelled, all that came goes back."""
    order = repository.cancel_dues(tx, _dues_of(tx, event), event.cause)
    payments = repository.payments_of(tx, event.order_id)
    for payment in payments:
        if payment.cancel(tx.now):
            repository.save_payment(tx, payment)
    settle(tx, order, payments)
    failpoint("payment.cancel_order.before_commit")


def return_late_money(tx: Tx, event: RefundRequested) -> None:
    """The order service has said that this payment came too late. Raises LookupError where no money came: then it
    cannot have said so."""
    payment = repository.lock_payment(tx, event.payment_id)
    if not payment.captured:
        raise LookupError(f"payment {payment.id} brought no money that could go back")
    if payment.released is None:
        release(tx, payment, event.cause)
    failpoint("payment.return_late_money.before_commit")


def _expect_unheard(tx: Tx, event: OrderDelivered | OrderCompleted) -> None:
    """Makes what OrderCreated makes, where that is still on its way."""
    order = _dues_of(tx, event)
    repository.add_dues(tx, order)
    repository.add_payments(tx, _first_attempt(tx, order))


def _is_cancelled(tx: Tx, order_id: str) -> bool:
    return repository.lock_dues(tx, order_id).cancel_cause is not None


def _dues_of(tx: Tx, event: OrderCreated | OrderCancelled | OrderDelivered | OrderCompleted) -> Dues:
    return Dues(
        order_id=event.order_id,
        customer_id=event.customer_id,
        store_id=event.store_id,
        payment_method=event.payment_method,
        total=event.total,
        cancel_cause=None,
        created_at=tx.now,
    )


def _first_attempt(tx: Tx, order: Dues, *, cancelled: bool = False) -> Payment:
    return Payment.attempt(
        id=tx.new_id(),
        order_id=order.order_id,
        number=1,
        customer_id=order.customer_id,
        store_id=order.store_id,
        amount=order.total,
        provider=_provider(tx, order.payment_method),
        now=tx.now,
        cancelled=cancelled,
    )


def _provider(tx: Tx, method: PaymentMethod) -> str:
    return CASH if method == "cod" else tx.settings(PaymentSettings).default_provider
