"""What the payment service tells and answers."""

from typing import ClassVar, Literal

from shikanji.kit.events import Event

Method = Literal["upi", "card", "netbanking", "wallet", "cod", "unknown"]
RefundCause = Literal["excess", "cancelled", "late", "requested"]
InvoiceKind = Literal["invoice", "credit_note"]


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


class InvoiceIssued(Event, frozen=True, kw_only=True):
    """A tax invoice, or a credit note on one, has its number from now on and never changes."""

    aggregate: ClassVar[str] = "invoice_id"
    invoice_id: str
    order_id: str
    payment_id: str
    customer_id: str
    store_id: str
    kind: InvoiceKind
    number: str
    total: int
    issued_at: int
