"""What the inventory service does when others did something."""

from shikanji.contracts.order import OrderCancelled, OrderConfirmed, OrderCreated, OrderPreparing
from shikanji.contracts.review import RatingUpdated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Batch, Subscribers
from shikanji.services.inventory import actions

subscribers = Subscribers()


@subscribers.on_many(OrderCreated)
def tie_holds(tx: Tx, batch: Batch[OrderCreated]) -> None:
    for event in batch.each(tx, actions.tie_holds(tx, batch.events)):
        actions.order_created(tx, event)


@subscribers.on_many(OrderConfirmed)
def sell_holds(tx: Tx, batch: Batch[OrderConfirmed]) -> None:
    for event in batch.each(tx, actions.sell_holds(tx, batch.events)):
        actions.order_confirmed(tx, event)


@subscribers.on(OrderPreparing)
def keep_hold(tx: Tx, event: OrderPreparing) -> None:
    actions.order_preparing(tx, event)


@subscribers.on(OrderCancelled)
def end_holds(tx: Tx, event: OrderCancelled) -> None:
    actions.order_cancelled(tx, event)


@subscribers.on(RatingUpdated)
def keep_rating(tx: Tx, event: RatingUpdated) -> None:
    actions.keep_rating(tx, event)
