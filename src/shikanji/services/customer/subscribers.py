"""What the customer service does when others did something."""

from shikanji.contracts.order import OrderCreated
from shikanji.contracts.payment import PaymentCompleted
from shikanji.contracts.store import StaffAdded, StaffRemoved, StaffUpdated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Batch, Subscribers
from shikanji.services.customer.actions import access, counting

subscribers = Subscribers()


@subscribers.on_many(OrderCreated)
def count_orders(tx: Tx, batch: Batch[OrderCreated]) -> None:
    counting.count_orders(tx, batch.events)


@subscribers.on_many(PaymentCompleted)
def count_payments(tx: Tx, batch: Batch[PaymentCompleted]) -> None:
    counting.count_payments(tx, batch.events)


@subscribers.on(StaffAdded)
def grant_role(tx: Tx, event: StaffAdded) -> None:
    access.apply_staff(tx, event)


@subscribers.on(StaffUpdated)
def change_role(tx: Tx, event: StaffUpdated) -> None:
    access.apply_staff(tx, event)


@subscribers.on(StaffRemoved)
def withdraw_role(tx: Tx, event: StaffRemoved) -> None:
    access.apply_staff(tx, event)
