"""What the loyalty service does when others did something. Right in any order and any number of times."""

from shikanji.contracts.customer import CustomerRegistered
from shikanji.contracts.order import OrderCancelled, OrderCompleted, OrderConfirmed, OrderCreated
from shikanji.contracts.payment import RefundCompleted
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Batch, Subscribers
from shikanji.services.loyalty.actions import orders, points

subscribers = Subscribers()


@subscribers.on(CustomerRegistered)
def enrol(tx: Tx, event: CustomerRegistered) -> None:
    points.enrol(tx, event.customer_id)


@subscribers.on(OrderCreated)
def tie_benefits(tx: Tx, event: OrderCreated) -> None:
    orders.order_created(tx, event)


@subscribers.on_many(OrderConfirmed)
def promise_points(tx: Tx, batch: Batch[OrderConfirmed]) -> None:
    for event in batch.each(tx, orders.promise_points(tx, batch.events)):
        orders.order_confirmed(tx, event)


@subscribers.on(OrderCompleted)
def grant_points(tx: Tx, event: OrderCompleted) -> None:
    orders.order_completed(tx, event)


@subscribers.on(OrderCancelled)
def undo_points(tx: Tx, event: OrderCancelled) -> None:
    orders.order_cancelled(tx, event)


@subscribers.on(RefundCompleted)
def reverse_points(tx: Tx, event: RefundCompleted) -> None:
    orders.refund_completed(tx, event)
