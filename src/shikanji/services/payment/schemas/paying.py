"""Requests and answers about payments and refunds. Amounts in paise, times RFC 3339."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from shikanji.contracts.payment import Method, RefundCause
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.payment.model.payment import Payment, Status
from shikanji.services.payment.model.refund import Refund, RefundStatus
from shikanji.services.payment.providers.port import Checkout
from shikanji.services.payment.repository import DeadWebhook, NotedTry

ProviderName = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
ProviderWord = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Initiate(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    order_id: Id
    provider: ProviderName | None = None


class Verify(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What the provider's checkout gave to the customer's browser."""

    payment_id: Id
    provider_payment_id: ProviderWord
    signature: ProviderWord


class RefundLineWanted(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    line_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class RequestRefund(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Either an amount or lines of the order: lines give back what was paid for them."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None
    lines: Annotated[list[RefundLineWanted], msgspec.Meta(min_length=1, max_length=100)] | None = None
    reason: Reason

    def __post_init__(self) -> None:
        if (self.amount is None) == (self.lines is None):
            raise ValueError("give either an amount or lines")


class PaymentsQuery(PageQuery, forbid_unknown_fields=True, rename="camel", kw_only=True, frozen=True):
    """`since` and `until` (exclusive) are times of making."""

    store_id: Id | None = None
    order_id: Id | None = None
    customer_id: Id | None = None
    status: Status | None = None
    provider: ProviderName | None = None
    since: Moment | None = None
    until: Moment | None = None


class PaymentView(msgspec.Struct, rename="camel", kw_only=True):
    """`amount` is asked for, `captured` came, `refunded` went back, `refunding` is on its way back."""

    id: str
    order_id: str
    number: int
    customer_id: str
    store_id: str
    status: Status
    amount: int
    captured: int
    refunded: int
    refunding: int
    provider: str
    method: Method
    failure: str | None
    provider_order_id: str | None
    provider_payment_id: str | None
    created_at: str
    updated_at: str
    captured_at: str | None

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        return cls(**_fields(payment))


class InitiatedView(PaymentView, rename="camel", kw_only=True):
    checkout: Checkout


class TryView(msgspec.Struct, rename="camel", kw_only=True):
    """One try of the customer within the attempt, as the provider told it."""

    provider_payment_id: str
    status: str
    amount: int
    method: str
    failure: str | None
    source: str
    reported_at: str

    @classmethod
    def of(cls, noted: NotedTry) -> "TryView":
        return cls(
            provider_payment_id=noted.provider_payment_id,
            status=noted.status,
            amount=noted.amount,
            method=noted.method,
            failure=noted.failure,
            source=noted.source,
            reported_at=to_rfc3339(noted.reported_at),
        )


class PaymentDetailView(PaymentView, rename="camel", kw_only=True):
    tries: list[TryView]
    """Oldest first."""


class RefundedLineView(msgspec.Struct, rename="camel", kw_only=True):
    line_id: str
    quantity: int
    amount: int


class RefundView(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    payment_id: str
    order_id: str
    amount: int
    status: RefundStatus
    cause: RefundCause
    reason: str
    requested_by: str
    """Account id, or `system`."""
    lines: list[RefundedLineView]
    failure: str | None
    created_at: str
    completed_at: str | None

    @classmethod
    def of(cls, refund: Refund) -> "RefundView":
        return cls(
            id=refund.id,
            payment_id=refund.payment_id,
            order_id=refund.order_id,
            amount=refund.amount,
            status=refund.status,
            cause=refund.cause,
            reason=refund.reason,
            requested_by=refund.requested_by,
            lines=[
                RefundedLineView(line_id=line.line_id, quantity=line.quantity, amount=line.amount)
                for line in refund.refunded_lines
            ],
            failure=refund.failure,
            created_at=to_rfc3339(refund.created_at),
            completed_at=_time(refund.completed_at),
        )


class WebhookTaken(msgspec.Struct, kw_only=True):
    received: bool


class DeadWebhookView(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    provider: str
    type: str
    attempts: int
    received_at: str

    @classmethod
    def of(cls, webhook: DeadWebhook) -> "DeadWebhookView":
        return cls(
            id=webhook.id,
            provider=webhook.provider,
            type=webhook.type,
            attempts=webhook.attempts,
            received_at=to_rfc3339(webhook.received_at),
        )


def initiated(payment: Payment, checkout: Checkout) -> InitiatedView:
    return InitiatedView(**_fields(payment), checkout=checkout)


def detail(payment: Payment, tries: list[NotedTry]) -> PaymentDetailView:
    return PaymentDetailView(**_fields(payment), tries=[TryView.of(noted) for noted in tries])


def _fields(payment: Payment) -> dict[str, Any]:
    same = {name: getattr(payment, name) for name in PaymentView.__struct_fields__ if hasattr(payment, name)}
    return same | {
        "refunding": payment.reserved - payment.refunded,
        "created_at": to_rfc3339(payment.created_at),
        "updated_at": to_rfc3339(payment.updated_at),
        "captured_at": _time(payment.captured_at),
    }


def _time(at: int | None) -> str | None:
    return None if at is None else to_rfc3339(at)
