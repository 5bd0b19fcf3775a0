"""What the payment service does when others did something."""

from shikanji.contracts.order import (
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderDelivered,
    RefundRequested,
)
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Batch, Subscribers
from shikanji.services.payment.actions import orders

subscribers = Subscribers()


@subscribers.on_many(OrderCreated)
def expect_payments(tx: Tx, batch: Batch[OrderCreated]) -> None:
    orders.expect_payments(tx, batch.events)


@subscribers.on(OrderDelivered)
def take_cash_at_the_door(tx: Tx, event: OrderDelivered) -> None:
    orders.take_cash(tx, event)


@subscribers.on(OrderCompleted)
def take_cash_at_the_counter(tx: Tx, event: OrderCompleted) -> None:
    orders.take_cash(tx, event)


@subscribers.on(OrderCancelled)
def cancel_payments(tx: Tx, event: OrderCancelled) -> None:
    orders.cancel_order(tx, event)


@subscribers.on(RefundRequested)
def return_late_money(tx: Tx, event: RefundRequested) -> None:
    orders.return_late_money(tx, event)
