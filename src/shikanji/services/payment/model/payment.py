"""One attempt to pay for an order."""

from typing import Literal

import msgspec

from shikanji.contracts.payment import Method, PaymentCompleted, PaymentFailed, PaymentInitiated
from shikanji.kit.clock import DAY, HOUR, MINUTE, SECOND
from shikanji.services.payment.errors import NothingToRefund
from shikanji.services.payment.settings import PaymentSettings

Status = Literal["pending", "processing", "completed", "failed", "refunded", "cancelled"]
AutomaticCause = Literal["excess", "cancelled", "late"]

OPEN: frozenset[Status] = frozenset({"pending", "processing"})
CASH = "cash"


class Payment(msgspec.Struct):
    """The fields stand in the order of the table's columns.

    pending: the customer has not paid. processing: they say so, the provider has not. failed is not the end: the same
    provider order may still be paid. Nor is cancelled: money may come late. completed: the money came. refunded: all of
    it went back."""

    id: str
    order_id: str
    number: int
    customer_id: str
    store_id: str
    amount: int
    provider: str
    method: Method
    status: Status
    unknown: int
    failure: str | None
    provider_order_id: str | None
    provider_payment_id: str | None
    captured: int
    reserved: int
    refunded: int
    released: AutomaticCause | None
    created_at: int
    updated_at: int
    initiated_at: int | None
    captured_at: int | None
    checked_at: int | None

    @classmethod
    def attempt(
        cls,
        *,
        id: str,
        order_id: str,
        number: int,
        customer_id: str,
        store_id: str,
        amount: int,
        provider: str,
        now: int,
        cancelled: bool = False,
    ) -> "Payment":
        return cls(
            id=id,
            order_id=order_id,
            number=number,
            customer_id=customer_id,
            store_id=store_id,
            amount=amount,
            provider=provider,
            method="cod" if provider == CASH else "unknown",
            status="cancelled" if cancelled else "pending",
            unknown=0,
            failure=None,
            provider_order_id=None,
            provider_payment_id=None,
            captured=0,
            reserved=0,
            refunded=0,
            released=None,
            created_at=now,
            updated_at=now,
            initiated_at=None,
            captured_at=None,
            checked_at=None,
        )

    @property
    def left(self) -> int:
        """What came and is not given back."""
        return self.captured - self.reserved

    @property
    def kept(self) -> bool:
        """Whether its money counts for the order."""
        return self.captured > 0 and self.released is None

    def initiate(self, provider_order_id: str, now: int) -> PaymentInitiated | None:
        """The provider has an order to be paid. None: that is known already."""
        if self.provider_order_id is not None:
            return None
        self.provider_order_id, self.initiated_at, self.updated_at = provider_order_id, now, now
        self.unknown = 0
        return PaymentInitiated(
            payment_id=self.id,
            order_id=self.order_id,
            customer_id=self.customer_id,
            store_id=self.store_id,
            number=self.number,
            amount=self.amount,
            provider=self.provider,
        )

    def capture(self, provider_payment_id: str, method: Method, now: int) -> PaymentCompleted | None:
        """The money came, whatever we thought of the attempt until now. None: that is known already."""
        if self.captured:
            return None
        self.captured, self.captured_at, self.updated_at = self.amount, now, now
        self.status, self.unknown, self.failure = "completed", 0, None
        self.provider_payment_id, self.method = provider_payment_id, method
        return self.completed()

    def completed(self) -> PaymentCompleted:
        return PaymentCompleted(
            payment_id=self.id,
            order_id=self.order_id,
            customer_id=self.customer_id,
            store_id=self.store_id,
            amount=self.amount,
            provider=self.provider,
            method=self.method,
            captured_at=self.captured_at or 0,
        )

    def fail(self, reason: str, now: int) -> PaymentFailed | None:
        """The customer tried in vain. None where nothing hung on it any more."""
        if self.status not in OPEN:
            return None
        self.status, self.unknown, self.failure, self.updated_at = "failed", 0, reason, now
        return PaymentFailed(
            payment_id=self.id,
            order_id=self.order_id,
            customer_id=self.customer_id,
            store_id=self.store_id,
            reason=reason,
        )

    def cancel(self, now: int) -> bool:
        """Nobody expects its money any more. False where that changes nothing."""
        if self.captured or self.status == "cancelled":
            return False
        self.status, self.updated_at = "cancelled", now
        return True

    def lose_answer(self, now: int, *, customer_has_paid: bool) -> None:
        """The provider was asked and did not answer: what it knows must be looked up."""
        if self.captured:
            return
        if not self.unknown:
            self.unknown, self.updated_at = 1, now
        if customer_has_paid and self.status in {"pending", "failed"}:
            self.status = "processing"

    def hear(self, now: int) -> None:
        """The provider answered: what it knows is known."""
        self.unknown = 0
        if self.status == "processing":
            self.status, self.updated_at = "pending", now

    def reserve(self, amount: int, now: int) -> None:
        """That much will be given back. Raises NothingToRefund where less is left."""
        if amount > self.left:
            raise NothingToRefund(f"{self.left} paise are left of this payment")
        self.reserved += amount
        self.updated_at = now

    def give_back(self, amount: int, now: int) -> None:
        """That much of what was reserved has gone back."""
        if self.refunded + amount > self.reserved:
            raise ValueError(f"payment {self.id}: {amount} more paise back than were reserved")
        self.refunded += amount
        self.updated_at = now
        if self.refunded == self.captured:
            self.status = "refunded"

    def next_check(self, settings: PaymentSettings, now: int) -> int | None:
        """When the provider is asked again (µs), unless it speaks first; None: never."""
        if self.provider == CASH:
            return None
        if self.unknown:
            return now + settings.unknown_check_seconds * SECOND
        age = now - self.created_at
        if age >= settings.check_days * DAY:
            return None
        if not self.captured and age < HOUR:
            return now + settings.check_after_minutes * MINUTE
        return now + DAY
