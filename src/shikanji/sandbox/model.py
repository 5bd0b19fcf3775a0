"""What the fake payment company knows about."""

from typing import Literal

import msgspec

OrderStatus = Literal["created", "attempted", "paid"]
PaymentStatus = Literal["captured", "failed"]
RefundStatus = Literal["pending", "processed"]
Method = Literal["upi", "card", "netbanking", "wallet"]
Operation = Literal["create-order", "fetch-order", "fetch-payment", "create-refund", "fetch-refund", "checkout"]
FaultKind = Literal["slow", "dead", "reset", "decline", "pend"]
NoticeType = Literal["payment.captured", "payment.failed", "refund.processed"]


class Order(msgspec.Struct, frozen=True):
    id: str
    idempotency_key: str
    reference: str
    amount: int
    status: OrderStatus
    created_at: int


class Payment(msgspec.Struct, frozen=True):
    id: str
    order_id: str
    amount: int
    status: PaymentStatus
    method: Method
    failure: str | None
    refunded: int
    created_at: int


class Refund(msgspec.Struct, frozen=True):
    id: str
    idempotency_key: str
    payment_id: str
    amount: int
    status: RefundStatus
    created_at: int


class Fault(msgspec.Struct, frozen=True):
    """- slow: does it, but answers only after `delay_seconds`;
    - dead: does nothing and answers 503;
    - reset: does it and breaks the connection in the middle of the answer;
    - decline: a definite no;
    - pend: a refund that takes `delay_seconds` to be processed."""

    operation: Operation
    kind: FaultKind
    remaining: int
    delay_seconds: int
