"""What is known of one order. Each event adds a fact under a key of its own, so that any order of events, and any
number of them, leads to the same facts; figures are made of the facts alone."""

from typing import Literal

import msgspec

from shikanji.contracts.order import (
    CancelCause,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderDispatched,
    OrderPreparing,
    OrderReady,
)
from shikanji.contracts.payment import PaymentCompleted, RefundCompleted
from shikanji.kit.events import Event

Live = Literal["pending", "confirmed", "preparing", "ready", "dispatched", "delivered"]
LIVE: tuple[Live, ...] = ("pending", "confirmed", "preparing", "ready", "dispatched", "delivered")

_STEPS: dict[type[Event], Live] = {
    OrderPreparing: "preparing",
    OrderReady: "ready",
    OrderDispatched: "dispatched",
    OrderDelivered: "delivered",
}


class Line(msgspec.Struct, frozen=True, array_like=True):
    """Amounts in paise. `tax` is what is added to the price."""

    product_id: str
    category_id: str
    quantity: int
    gross: int
    discount: int
    points_discount: int
    tax: int


class Placed(msgspec.Struct, frozen=True, array_like=True):
    """What OrderCreated said, in paise and µs."""

    store_id: str
    customer_id: str
    fulfilment: str
    payment_method: str
    placed_at: int
    gross: int
    discount: int
    points_discount: int
    delivery_fee: int
    tax: int
    round_off: int
    total: int
    lines: list[Line]


class Payment(msgspec.Struct, frozen=True, array_like=True):
    at: int
    amount: int
    method: str


class Refund(msgspec.Struct, frozen=True, array_like=True):
    amount: int
    cause: str


class Order(msgspec.Struct, array_like=True):
    """`day` and `hour` are those of the store's clock when it was placed; all its figures count there."""

    placed: Placed | None = None
    day: int = 0
    hour: int = 0
    confirmed_attempt: int = 0
    cancelled_attempt: int = 0
    cause: CancelCause | None = None
    completed: bool = False
    steps: dict[Live, int] = {}
    """When it came there first (µs)."""
    payments: dict[str, Payment] = {}
    refunds: dict[str, Refund] = {}

    @property
    def counted(self) -> bool:
        """It was confirmed, and was not cancelled after that."""
        return self.completed or self.confirmed_attempt > self.cancelled_attempt

    @property
    def cancelled(self) -> bool:
        return not self.counted and self.cancelled_attempt > 0

    @property
    def paid(self) -> int:
        return sum(payment.amount for payment in self.payments.values())

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds.values())

    @property
    def method(self) -> str:
        """How it was paid; before that, how it is to be."""
        if self.payments:
            return max((payment.at, key, payment.method) for key, payment in self.payments.items())[2]
        return self.placed.payment_method if self.placed else ""

    @property
    def live(self) -> Live | None:
        """How far it is; None once it is over."""
        if self.completed or self.cancelled:
            return None
        steps = [step for step in LIVE if step in self.steps]
        if steps:
            return steps[-1]
        return "confirmed" if self.counted else "pending"

    def learn(self, event: Event, at: int) -> None:
        """Adds what the event says; `at`: when it happened (µs)."""
        match event:
            case OrderCreated():
                self.placed = _placed(event)
            case OrderConfirmed():
                self.confirmed_attempt = max(self.confirmed_attempt, event.attempt)
            case OrderCompleted():
                self.completed = True
            case OrderCancelled():
                if (event.attempt, event.cause) >= (self.cancelled_attempt, self.cause or ""):
                    self.cancelled_attempt, self.cause = event.attempt, event.cause
            case PaymentCompleted():
                payment = Payment(event.captured_at, event.amount, event.method)
                self.payments = {**self.payments, event.payment_id: payment}
            case RefundCompleted():
                self.refunds = {**self.refunds, event.refund_id: Refund(event.amount, event.cause)}
            case _:
                step = _STEPS[type(event)]
                self.steps = {**self.steps, step: min(at, self.steps.get(step, at))}


TELLING: tuple[type[Event], ...] = (
    OrderCreated,
    OrderConfirmed,
    *_STEPS,
    OrderCompleted,
    OrderCancelled,
    PaymentCompleted,
    RefundCompleted,
)
"""The events that say something of an order that figures are made of."""


def _placed(event: OrderCreated) -> Placed:
    return Placed(
        event.store_id,
        event.customer_id,
        event.fulfilment,
        event.payment_method,
        event.placed_at,
        event.subtotal,
        event.discount,
        event.points_discount,
        event.delivery_fee,
        event.tax,
        event.round_off,
        event.total,
        [
            Line(
                line.product_id,
                line.category_id,
                line.quantity,
                line.line_total,
                line.discount,
                line.points_discount,
                0 if line.tax_included else line.tax,
            )
            for line in event.lines
        ],
    )
