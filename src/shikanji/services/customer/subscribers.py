"""What the customer service does when others did something."""

from shikanji.contracts.order import OrderCreated
from shikanji.contracts.payment import PaymentCompleted
from shikanji.contracts.store import StaffAdded, StaffRemoved, StaffUpdated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Subscribers
from shikanji.kit.failpoints import failpoint
from shikanji.services.customer.actions.access import apply_staff
from shikanji.services.customer.repository.accounts import count_once

subscribers = Subscribers()


@subscribers.on(OrderCreated)
def count_order(tx: Tx, event: OrderCreated) -> None:
    """Once per order, however often it is told."""
    count_once(tx, "order", event.order_id, event.customer_id, orders=1, amount=0)
    failpoint("customer.count_order.before_commit")


@subscribers.on(PaymentCompleted)
def count_payment(tx: Tx, event: PaymentCompleted) -> None:
    """What was paid, once per payment; refunds do not lower it."""
    count_once(tx, "payment", event.payment_id, event.customer_id, orders=0, amount=event.amount)
    failpoint("customer.count_payment.before_commit")


@subscribers.on(StaffAdded)
def staff_added(tx: Tx, event: StaffAdded) -> None:
    apply_staff(tx, event)


@subscribers.on(StaffUpdated)
def staff_updated(tx: Tx, event: StaffUpdated) -> None:
    apply_staff(tx, event)


@subscribers.on(StaffRemoved)
def staff_removed(tx: Tx, event: StaffRemoved) -> None:
    apply_staff(tx, event)
