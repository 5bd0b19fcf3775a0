"""What the customer service does when others did something."""

from shikanji.contracts.order import OrderCreated
from shikanji.contracts.payment import PaymentCompleted
from shikanji.contracts.store import StaffAdded, StaffRemoved, StaffUpdated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Subscribers
from shikanji.services.customer.actions import access, counting

subscribers = Subscribers()


@subscribers.on(OrderCreated)
def count_order(tx: Tx, event: OrderCreated) -> None:
    counting.count_order(tx, event)


@subscribers.on(PaymentCompleted)
def count_payment(tx: Tx, event: PaymentCompleted) -> None:
    counting.count_payment(tx, event)


@subscribers.on(StaffAdded)
def grant_role(tx: Tx, event: StaffAdded) -> None:
    access.apply_staff(tx, event)


@subscribers.on(StaffUpdated)
def change_role(tx: Tx, event: StaffUpdated) -> None:
    access.apply_staff(tx, event)


@subscribers.on(StaffRemoved)
def withdraw_role(tx: Tx, event: StaffRemoved) -> None:
    access.apply_staff(tx, event)
