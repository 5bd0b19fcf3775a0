"""What the review service does when others did something. What was handed over stays so: these events come in any order
and any number of times, and the first that comes says all."""

from shikanji.contracts.order import OrderCompleted, OrderDelivered
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Batch, Subscribers
from shikanji.services.review.actions import reviews
from shikanji.services.review.model.review import Purchase

subscribers = Subscribers()


@subscribers.on_many(OrderDelivered)
def keep_delivered(tx: Tx, batch: Batch[OrderDelivered]) -> None:
    reviews.keep_purchases(tx, [_purchase(event) for event in batch.events])


@subscribers.on_many(OrderCompleted)
def keep_handed_over(tx: Tx, batch: Batch[OrderCompleted]) -> None:
    """A delivered one is known already, as a rule."""
    reviews.keep_purchases(tx, [_purchase(event) for event in batch.events])


def _purchase(event: OrderDelivered | OrderCompleted) -> Purchase:
    return Purchase(event.order_id, event.customer_id, event.store_id, tuple(event.product_ids))
