"""What the inventory service does when others did something."""

from shikanji.contracts.order import OrderCancelled, OrderConfirmed, OrderCreated, OrderPreparing
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Subscribers
from shikanji.services.inventory import actions

subscribers = Subscribers()


@subscribers.on(OrderCreated)
def tie_hold(tx: Tx, event: OrderCreated) -> None:
    actions.order_created(tx, event)


@subscribers.on(OrderConfirmed)
def sell_hold(tx: Tx, event: OrderConfirmed) -> None:
    actions.order_confirmed(tx, event)


@subscribers.on(OrderPreparing)
def keep_hold(tx: Tx, event: OrderPreparing) -> None:
    actions.order_preparing(tx, event)


@subscribers.on(OrderCancelled)
def end_holds(tx: Tx, event: OrderCancelled) -> None:
    actions.order_cancelled(tx, event)
