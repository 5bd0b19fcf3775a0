"""How often a customer ordered, and how much they paid: told by others, counted once however often it is told."""

from shikanji.contracts.order import OrderCreated
from shikanji.contracts.payment import PaymentCompleted
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.customer.repository.accounts import count_once


def count_order(tx: Tx, event: OrderCreated) -> None:
    count_once(tx, "order", event.order_id, event.customer_id, orders=1, amount=0)
    failpoint("customer.count_order.before_commit")


def count_payment(tx: Tx, event: PaymentCompleted) -> None:
    """Refunds do not lower it."""
    count_once(tx, "payment", event.payment_id, event.customer_id, orders=0, amount=event.amount)
    failpoint("customer.count_payment.before_commit")
