"""What the store service does when others did something."""

from shikanji.contracts.order import OrderCancelled, OrderCreated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Subscribers
from shikanji.kit.failpoints import failpoint
from shikanji.services.store import actions

subscribers = Subscribers()


@subscribers.on(OrderCreated)
def on_order_created(tx: Tx, event: OrderCreated) -> None:
    """The order counts in its slot."""
    actions.tie_place(tx, event)
    failpoint("store.order_created.before_commit")


@subscribers.on(OrderCancelled)
def on_order_cancelled(tx: Tx, event: OrderCancelled) -> None:
    """Its place is free again."""
    actions.free_places(tx, event)
