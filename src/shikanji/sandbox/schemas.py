"""What the fake payment company reads and writes, over HTTP and in its webhooks. Amounts in paise."""

from typing import Annotated, Literal

import msgspec

from shikanji.kit.clock import to_rfc3339
from shikanji.sandbox.model import (
    Fault,
    FaultKind,
    Method,
    NoticeType,
    Operation,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)

Amount = Annotated[int, msgspec.Meta(ge=1, le=10**12)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=7 * 86_400)]
ProviderId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class CreateOrder(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    amount: Annotated[int, msgspec.Meta(ge=100, le=10**12)]
    currency: Literal["INR"] = "INR"
    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """The merchant's own name for it."""


class CreateRefund(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    payment_id: ProviderId
    amount: Amount


class Checkout(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What happens at the checkout, and how often and how late the merchant is told by webhook."""

    outcome: Literal["success", "failure"]
    webhook: Literal["once", "twice", "none"] = "once"
    delay_seconds: Seconds = 0
    method: Method = "upi"


class PlanFault(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The next `count` calls of the operation go wrong. slow: done, answered after `delaySeconds`. dead: 503, not done.
    reset: done, and the connection breaks. decline: a definite no. pend: refunds take `delaySeconds`."""

    operation: Operation
    kind: FaultKind
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    delay_seconds: Seconds = 0


class PaymentView(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    order_id: str
    amount: int
    currency: Literal["INR"] = "INR"
    status: PaymentStatus
    method: Method
    failure: str | None
    refunded: int
    created_at: str

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        return cls(
            id=payment.id,
            order_id=payment.order_id,
            amount=payment.amount,
            status=payment.status,
            method=payment.method,
            failure=payment.failure,
            refunded=payment.refunded,
            created_at=to_rfc3339(payment.created_at),
        )


class OrderView(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    reference: str
    amount: int
    currency: Literal["INR"] = "INR"
    status: OrderStatus
    payments: list[PaymentView]
    """Oldest first."""
    created_at: str

    @classmethod
    def of(cls, order: Order, payments: list[Payment]) -> "OrderView":
        return cls(
            id=order.id,
            reference=order.reference,
            amount=order.amount,
            status=order.status,
            payments=[PaymentView.of(payment) for payment in payments],
            created_at=to_rfc3339(order.created_at),
        )


class RefundView(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    key: str
    payment_id: str
    amount: int
    status: RefundStatus
    created_at: str

    @classmethod
    def of(cls, refund: Refund) -> "RefundView":
        return cls(
            id=refund.id,
            key=refund.idempotency_key,
            payment_id=refund.payment_id,
            amount=refund.amount,
            status=refund.status,
            created_at=to_rfc3339(refund.created_at),
        )


class CheckoutView(msgspec.Struct, rename="camel", kw_only=True):
    """What the customer's browser brings back to the merchant."""

    provider_payment_id: str
    signature: str


class FaultView(msgspec.Struct, rename="camel", kw_only=True):
    operation: Operation
    kind: FaultKind
    remaining: int
    delay_seconds: int

    @classmethod
    def of(cls, fault: Fault) -> "FaultView":
        return cls(
            operation=fault.operation,
            kind=fault.kind,
            remaining=fault.remaining,
            delay_seconds=fault.delay_seconds,
        )


class NoticeData(msgspec.Struct, rename="camel", kw_only=True):
    """`reference` and the refund's key are the merchant's own words: it recognises by them what it does not know our
    id of yet."""

    reference: str
    payment: PaymentView
    refund: RefundView | None = None


class NoticeView(msgspec.Struct, rename="camel", kw_only=True):
    """The body of a webhook."""

    id: str
    type: NoticeType
    created_at: str
    data: NoticeData
