"""What the payment service tells and answers."""

from typing import ClassVar, Literal

from shikanji.kit.events import Event

Method = Literal["upi", "card", "netbanking", "wallet", "cod", "unknown"]
RefundCause = Literal["excess", "cancelled", "late", "requested"]


class PaymentInitiated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "payment_id"
    payment_id: str
    order_id: str
    customer_id: str
    store_id: str
    number: int
    amount: int
    provider: str


class PaymentCompleted(Event, frozen=True, kw_only=True):
    """Money was taken. There can be more than one for an order."""

    aggregate: ClassVar[str] = "payment_id"
    payment_id: str
    order_id: str
    customer_id: str
    store_id: str
    amount: int
    provider: str
    method: Method
    captured_at: int


class PaymentFailed(Event, frozen=True, kw_only=True):
    """This attempt failed for now; its money may still come."""

    aggregate: ClassVar[str] = "payment_id"
    payment_id: str
    order_id: str
    customer_id: str
    store_id: str
    reason: str


class RefundInitiated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "payment_id"
    refund_id: str
    payment_id: str
    order_id: str
    customer_id: str
    store_id: str
    amount: int
    cause: RefundCause
    lines: list[str]
    """Line ids, when lines and not an amount were refunded."""


class RefundCompleted(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "payment_id"
    refund_id: str
    payment_id: str
    order_id: str
    customer_id: str
    store_id: str
    amount: int
    cause: RefundCause
