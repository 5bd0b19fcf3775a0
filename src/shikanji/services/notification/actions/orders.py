"""What customers hear of their orders and their money."""

from collections.abc import Sequence

import msgspec

from shikanji.contracts.order import (
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderDelivered,
    OrderStatusChanged,
)
from shikanji.contracts.payment import PaymentCompleted, RefundCompleted
from shikanji.kit.clock import MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.services.notification.actions.telling import tell
from shikanji.services.notification.model.messages import Draft
from shikanji.services.notification.model.orders import KnownOrder, OrderDocument
from shikanji.services.notification.repository import orders
from shikanji.services.notification.settings import NotificationSettings

REVIEW_PROMPT = "review-prompt"
TOLD_OF_STATUS = frozenset({"confirmed", "preparing", "ready", "dispatched", "delivered", "completed"})
"""What an order can come to that its customer hears of; of a cancellation by `OrderCancelled`, which says why."""


class Prompt(msgspec.Struct, frozen=True):
    customer_id: str
    order_id: str
    store_id: str


def orders_created(tx: Tx, events: Sequence[OrderCreated]) -> None:
    """What is confirmed when it is placed is said to be so at once; the others are to be paid first."""
    orders.remember(tx, [_known(event) for event in events])
    tell(tx, [_placed(event) for event in events])


def statuses_changed(tx: Tx, events: Sequence[OrderStatusChanged]) -> None:
    """One message for each step, whichever event of it comes first."""
    steps = [event for event in events if event.new in TOLD_OF_STATUS]
    confirmed = [event.order_id for event in steps if event.new == "confirmed"]
    told = orders.confirmed_when_placed(tx, confirmed) if confirmed else set()
    tell(tx, [_step(event) for event in steps if event.new != "confirmed" or event.order_id not in told])


def order_cancelled(tx: Tx, event: OrderCancelled) -> None:
    """An order that late money brought back can be cancelled a second time."""
    draft = Draft(
        customer_id=event.customer_id,
        key=f"order-cancelled:{event.order_id}:{event.attempt}",
        kind="order-cancelled",
        order_id=event.order_id,
        store_id=event.store_id,
        data={"cause": event.cause},
    )
    tell(tx, [draft])


def payment_completed(tx: Tx, event: PaymentCompleted) -> None:
    draft = Draft(
        customer_id=event.customer_id,
        key=f"payment-receipt:{event.payment_id}",
        kind="payment-receipt",
        order_id=event.order_id,
        store_id=event.store_id,
        data={"amount": event.amount},
    )
    tell(tx, [draft])


def refund_completed(tx: Tx, event: RefundCompleted) -> None:
    draft = Draft(
        customer_id=event.customer_id,
        key=f"refund-completed:{event.refund_id}",
        kind="refund-completed",
        order_id=event.order_id,
        store_id=event.store_id,
        data={"amount": event.amount},
    )
    tell(tx, [draft])


def plan_review_prompt(tx: Tx, event: OrderDelivered | OrderCompleted) -> None:
    """Some time after the hand-over, once for each order."""
    if isinstance(event, OrderCompleted) and event.fulfilment == "delivery":
        return
    at = tx.now + tx.settings(NotificationSettings).review_prompt_minutes * MINUTE
    tx.schedule(REVIEW_PROMPT, event.order_id, at, Prompt(event.customer_id, event.order_id, event.store_id))


def prompt_review(tx: Tx, prompt: Prompt) -> None:
    draft = Draft(
        customer_id=prompt.customer_id,
        key=f"review-prompt:{prompt.order_id}",
        kind="review-prompt",
        order_id=prompt.order_id,
        store_id=prompt.store_id,
    )
    tell(tx, [draft])


def _known(event: OrderCreated) -> KnownOrder:
    document = OrderDocument(
        lines=[(line.name, line.quantity, line.line_total) for line in event.lines],
        fulfilment=event.fulfilment,
        payment_method=event.payment_method,
        subtotal=event.subtotal,
        discount=event.discount + event.points_discount,
        delivery_fee=event.delivery_fee,
        tax=event.tax,
        round_off=event.round_off,
        total=event.total,
    )
    return KnownOrder(
        order_id=event.order_id,
        customer_id=event.customer_id,
        store_id=event.store_id,
        number=event.order_number,
        confirmed=int(event.payment_deadline is None),
        document=msgspec.json.encode(document),
    )


def _placed(event: OrderCreated) -> Draft:
    kind = "order-confirmed" if event.payment_deadline is None else "order-placed"
    return Draft(
        customer_id=event.customer_id,
        key=f"{kind}:{event.order_id}",
        kind=kind,
        order_id=event.order_id,
        store_id=event.store_id,
    )


def _step(event: OrderStatusChanged) -> Draft:
    return Draft(
        customer_id=event.customer_id,
        key=f"order-{event.new}:{event.order_id}",
        kind=f"order-{event.new}",
        order_id=event.order_id,
        store_id=event.store_id,
    )
