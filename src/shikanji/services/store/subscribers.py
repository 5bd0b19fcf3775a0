"""What the store service does when others did something."""

from shikanji.contracts.order import OrderCancelled, OrderCreated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Batch, Subscribers
from shikanji.services.store import actions

subscribers = Subscribers()


@subscribers.on_many(OrderCreated)
def tie_places(tx: Tx, batch: Batch[OrderCreated]) -> None:
    for event in batch.each(tx, actions.with_places(tx, batch.events)):
        actions.tie_place(tx, event)


@subscribers.on(OrderCancelled)
def free_places(tx: Tx, event: OrderCancelled) -> None:
    actions.free_places(tx, event)
