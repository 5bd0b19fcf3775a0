"""What the store service does when others did something."""

from shikanji.contracts.order import OrderCancelled, OrderCreated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Subscribers
from shikanji.services.store import actions

subscribers = Subscribers()


@subscribers.on(OrderCreated)
def tie_place(tx: Tx, event: OrderCreated) -> None:
    actions.tie_place(tx, event)


@subscribers.on(OrderCancelled)
def free_places(tx: Tx, event: OrderCancelled) -> None:
    actions.free_places(tx, event)
