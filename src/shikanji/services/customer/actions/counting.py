"""How often a customer ordered, and how much they paid: told by others, counted once however often it is told."""

from collections.abc import Sequence

from shikanji.contracts.order import OrderCreated
from shikanji.contracts.payment import PaymentCompleted
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.customer.repository.accounts import Counted, count_once


def count_orders(tx: Tx, events: Sequence[OrderCreated]) -> None:
    count_once(tx, "order", (Counted(event.order_id, event.customer_id, 1, 0) for event in events))
    failpoint("customer.count_order.before_commit")


def count_payments(tx: Tx, events: Sequence[PaymentCompleted]) -> None:
    """Refunds do not lower it."""
    count_once(tx, "payment", (Counted(event.payment_id, event.customer_id, 0, event.amount) for event in events))
    failpoint("customer.count_payment.before_commit")
