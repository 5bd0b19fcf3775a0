"""Giving money back: as an amount, or as lines of the order."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from shikanji.contracts.order import PaidLine
from shikanji.contracts.payment import RefundCause, RefundCompleted, RefundInitiated
from shikanji.kit.clock import SECOND
from shikanji.kit.errors import FieldError, Invalid
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.settings import PaymentSettings

RefundStatus = Literal["pending", "processing", "completed", "failed"]
SYSTEM = "system"
RETRY_SECONDS_MAX = 300


class RefundedLine(msgspec.Struct, frozen=True, rename="camel"):
    line_id: str
    quantity: int
    amount: int


class Refund(msgspec.Struct):
    """The fields stand in the order of the table's columns. pending: not asked for yet. processing: asked for; the
    provider takes its time, or its answer got lost (`unknown`). failed: refused, and to be asked for again."""

    id: str
    payment_id: str
    order_id: str
    customer_id: str
    store_id: str
    provider: str
    cause: RefundCause
    cause_key: str
    provider_key: str
    amount: int
    status: RefundStatus
    unknown: int
    reason: str
    requested_by: str
    lines: bytes
    provider_refund_id: str | None
    failure: str | None
    attempts: int
    created_at: int
    updated_at: int
    completed_at: int | None

    @classmethod
    def of(
        cls,
        payment: Payment,
        *,
        id: str,
        cause: RefundCause,
        amount: int,
        now: int,
        reason: str = "",
        requested_by: str = SYSTEM,
        lines: Sequence[RefundedLine] = (),
    ) -> "Refund":
        cause_key = id if cause == "requested" else cause
        return cls(
            id=id,
            payment_id=payment.id,
            order_id=payment.order_id,
            customer_id=payment.customer_id,
            store_id=payment.store_id,
            provider=payment.provider,
            cause=cause,
            cause_key=cause_key,
            provider_key=f"refund:{payment.id}:{cause_key}",
            amount=amount,
            status="pending",
            unknown=0,
            reason=reason,
            requested_by=requested_by,
            lines=msgspec.json.encode(lines),
            provider_refund_id=None,
            failure=None,
            attempts=0,
            created_at=now,
            updated_at=now,
            completed_at=None,
        )

    @property
    def refunded_lines(self) -> list[RefundedLine]:
        return msgspec.json.decode(self.lines, type=list[RefundedLine])

    @property
    def asked_before(self) -> bool:
        """Whether the provider may know of it already."""
        return self.attempts > 1

    def initiated(self) -> RefundInitiated:
        return RefundInitiated(
            refund_id=self.id,
            payment_id=self.payment_id,
            order_id=self.order_id,
            customer_id=self.customer_id,
            store_id=self.store_id,
            amount=self.amount,
            cause=self.cause,
            lines=[line.line_id for line in self.refunded_lines],
        )

    def start(self, now: int) -> bool:
        """The provider is about to be asked. False: the money is back already."""
        if self.status == "completed":
            return False
        self.status, self.updated_at = "processing", now
        self.attempts += 1
        return True

    def take_time(self, provider_refund_id: str, now: int) -> None:
        """The provider has it, the money is not back yet."""
        self.provider_refund_id, self.unknown, self.failure, self.updated_at = provider_refund_id, 0, None, now

    def complete(self, provider_refund_id: str, now: int) -> RefundCompleted | None:
        """The money is back. None: that is known already."""
        if self.status == "completed":
            return None
        self.provider_refund_id, self.completed_at, self.updated_at = provider_refund_id, now, now
        self.status, self.unknown, self.failure = "completed", 0, None
        return RefundCompleted(
            refund_id=self.id,
            payment_id=self.payment_id,
            order_id=self.order_id,
            customer_id=self.customer_id,
            store_id=self.store_id,
            amount=self.amount,
            cause=self.cause,
        )

    def lose_answer(self, now: int) -> None:
        if self.status != "completed":
            self.unknown, self.updated_at = 1, now

    def refuse(self, reason: str, now: int) -> None:
        if self.status != "completed":
            self.status, self.unknown, self.failure, self.updated_at = "failed", 0, reason, now

    def next_try(self, now: int) -> int:
        """When a lost answer is looked up (µs): 1 s doubling to 5 min."""
        return now + min(1 << min(self.attempts - 1, 20), RETRY_SECONDS_MAX) * SECOND

    def next_look(self, settings: PaymentSettings, now: int) -> int:
        """When a refund that takes its time is asked about again (µs), unless a webhook comes first."""
        return now + settings.unknown_check_seconds * SECOND


class WantedLine(msgspec.Struct, frozen=True):
    line_id: str
    quantity: int


def ordered_lines(wanted: Sequence[WantedLine], lines: Sequence[PaidLine]) -> list[tuple[WantedLine, PaidLine]]:
    """Each wanted line with what was paid for it. Raises Invalid, naming the field, for lines that are not of this
    order, come twice, or are more than was ordered."""
    known = {line.line_id: line for line in lines}
    errors = list(_line_errors(wanted, known))
    if errors:
        raise Invalid("Some lines cannot be refunded", errors=errors)
    return [(line, known[line.line_id]) for line in wanted]


def _line_errors(wanted: Sequence[WantedLine], known: dict[str, PaidLine]) -> Sequence[FieldError]:
    errors, seen = [], set()
    for place, line in enumerate(wanted):
        if line.line_id not in known:
            errors.append(FieldError(f"lines[{place}].lineId", "is no line of this order"))
        elif line.line_id in seen:
            errors.append(FieldError(f"lines[{place}].lineId", "stands twice"))
        elif line.quantity > known[line.line_id].quantity:
            allowed = known[line.line_id].quantity
            errors.append(FieldError(f"lines[{place}].quantity", f"must be at most {allowed}, as ordered"))
        seen.add(line.line_id)
    return errors


def line_share(paid: int, ordered: int, *, before: int, after: int) -> int:
    """What of a line's price goes back when `before` of `ordered` pieces were refunded and `after` are now: so the
    shares of any sequence of refunds sum exactly to what was paid."""
    return paid * after // ordered - paid * before // ordered
