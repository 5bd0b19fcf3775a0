"""What the payment service wants of a payment provider."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from shikanji.services.payment.model.reports import Notice, ProviderOrder, RefundReport


class OutcomeUnknown(Exception):
    """No answer, or one that says nothing: it may have happened or not. Ask again with the same key."""


class Refused(Exception):
    """A definite no: it has not happened."""


class Checkout(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the customer's client needs to go and pay."""

    provider_order_id: str
    checkout_url: str


class Refunder(Protocol):
    """Gives money back. Both methods raise OutcomeUnknown; `refund` also Refused."""

    async def refund(self, *, key: str, provider_payment_id: str, amount: int) -> RefundReport:
        """The same key gives back once, however often it is said."""
        ...

    async def find_refund(self, key: str) -> RefundReport | None:
        """What became of it; None: the provider never heard of it."""
        ...


class Provider(Refunder, Protocol):
    """Takes money over the network."""

    name: str

    async def open_order(self, *, key: str, amount: int) -> ProviderOrder:
        """An order for the customer to pay; the same key gives the same one. Raises OutcomeUnknown, Refused."""
        ...

    async def fetch_order(self, provider_order_id: str) -> ProviderOrder:
        """The order with all tries to pay it. Raises OutcomeUnknown, Refused."""
        ...

    def checkout(self, provider_order_id: str) -> Checkout: ...

    def confirms(self, *, provider_order_id: str, provider_payment_id: str, signature: str) -> bool:
        """Whether the provider signed that this try belongs to this order."""
        ...

    def is_signed(self, headers: Mapping[str, str], raw: bytes, now: int) -> bool:
        """Whether a webhook is the provider's own, and fresh. `headers` have lower-case names; `now` in µs."""
        ...

    def read_notice(self, raw: bytes) -> Notice:
        """Raises ValueError for what cannot be read at all; a type that we do not know is a notice about nothing."""
        ...
