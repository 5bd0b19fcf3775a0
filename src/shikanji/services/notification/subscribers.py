"""What the notification service does when others did something. Right in any order and any number of times."""

from shikanji.contracts.customer import CustomerRegistered
from shikanji.contracts.inventory import LowStockAlert
from shikanji.contracts.loyalty import PointsEarned, TierUpgraded
from shikanji.contracts.order import (
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderDelivered,
    OrderStatusChanged,
)
from shikanji.contracts.payment import PaymentCompleted, RefundCompleted
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Batch, Subscribers
from shikanji.services.notification.actions import orders, people

subscribers = Subscribers()


@subscribers.on_many(OrderCreated)
def confirm_orders(tx: Tx, batch: Batch[OrderCreated]) -> None:
    orders.orders_created(tx, batch.events)


@subscribers.on_many(OrderStatusChanged)
def tell_of_steps(tx: Tx, batch: Batch[OrderStatusChanged]) -> None:
    orders.statuses_changed(tx, batch.events)


@subscribers.on(OrderCancelled)
def tell_of_cancellation(tx: Tx, event: OrderCancelled) -> None:
    orders.order_cancelled(tx, event)


@subscribers.on(OrderDelivered)
def ask_for_review_of_delivery(tx: Tx, event: OrderDelivered) -> None:
    orders.plan_review_prompt(tx, event)


@subscribers.on(OrderCompleted)
def ask_for_review(tx: Tx, event: OrderCompleted) -> None:
    orders.plan_review_prompt(tx, event)


@subscribers.on(PaymentCompleted)
def send_receipt(tx: Tx, event: PaymentCompleted) -> None:
    orders.payment_completed(tx, event)


@subscribers.on(RefundCompleted)
def tell_of_refund(tx: Tx, event: RefundCompleted) -> None:
    orders.refund_completed(tx, event)


@subscribers.on(CustomerRegistered)
def welcome(tx: Tx, event: CustomerRegistered) -> None:
    people.welcome(tx, event)


@subscribers.on(LowStockAlert)
def warn_managers(tx: Tx, event: LowStockAlert) -> None:
    people.stock_is_low(tx, event)


@subscribers.on(PointsEarned)
def tell_of_points(tx: Tx, event: PointsEarned) -> None:
    people.points_earned(tx, event)


@subscribers.on(TierUpgraded)
def tell_of_tier(tx: Tx, event: TierUpgraded) -> None:
    people.tier_upgraded(tx, event)
