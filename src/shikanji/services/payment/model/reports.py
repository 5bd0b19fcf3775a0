"""What providers say, in our words."""

from typing import Literal

import msgspec

from shikanji.contracts.payment import Method

Source = Literal["callback", "webhook", "check"]


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One of the provider's own payments: one try of the customer. `pending`: not decided yet. `refunded` is what the
    provider has given back of it."""

    provider_payment_id: str
    status: Literal["pending", "captured", "failed"]
    amount: int
    method: Method
    failure: str | None = None
    refunded: int = 0


class ProviderOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider has under one of our payments: an order to be paid, and the tries to pay it."""

    provider_order_id: str
    tries: list[Try]


class RefundReport(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is ours: it names the refund at the provider from before it was asked for."""

    key: str
    provider_refund_id: str
    amount: int
    status: Literal["pending", "processed", "failed"]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. `payment_id` is our own, as the provider was told it; what the notice is about is in `order` or
    `refund`, and in neither where we do not know its type."""

    event_id: str
    type: str
    payment_id: str = ""
    order: ProviderOrder | None = None
    refund: RefundReport | None = None
