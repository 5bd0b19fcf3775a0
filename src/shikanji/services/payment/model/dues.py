"""What is to be paid for an order, and what of the money that came must go back."""

from collections.abc import Sequence

import msgspec

from shikanji.contracts.order import CancelCause, OrderStanding, PaymentMethod
from shikanji.services.payment.errors import NothingDue, PaidInCash
from shikanji.services.payment.model.payment import OPEN, AutomaticCause, Payment


class Dues(msgspec.Struct):
    """The fields stand in the order of the table's columns. An order that was cancelled because its time to pay ran out
    still has its due: late money may bring it back, and the order service says whether it does. Every other
    cancellation is final."""

    order_id: str
    customer_id: str
    store_id: str
    payment_method: PaymentMethod
    total: int
    cancel_cause: CancelCause | None
    created_at: int

    @property
    def void(self) -> bool:
        """Whether no money is due any more, ever."""
        return self.cancel_cause not in (None, "payment_timeout")

    @property
    def due(self) -> int:
        return 0 if self.void else self.total


def surplus(dues: Dues, payments: Sequence[Payment]) -> list[tuple[Payment, AutomaticCause]]:
    """The payments whose money must go back. Each is of the order's whole total, so the first that came pays the order
    and every other one is too much; of an order that is void all are."""
    kept = sorted((payment for payment in payments if payment.kept), key=lambda kept: (kept.captured_at, kept.number))
    if dues.void:
        return [(payment, "cancelled") for payment in kept]
    return [(payment, "excess") for payment in kept[1:]]


def require_due(dues: Dues, payments: Sequence[Payment], standing: OrderStanding, now: int) -> None:
    """Whether a customer may go and pay now. Raises PaidInCash, NothingDue."""
    if standing.payment_method == "cod":
        raise PaidInCash
    if standing.status != "pending" or dues.cancel_cause is not None:
        status = "cancelled" if dues.cancel_cause is not None else standing.status
        raise NothingDue(f"The order is {status}.")
    if any(payment.kept for payment in payments) or not dues.due:
        raise NothingDue("The order is paid.")
    if standing.payment_deadline is not None and now >= standing.payment_deadline:
        raise NothingDue("The time to pay for this order is over.")


def open_attempt(payments: Sequence[Payment], provider: str) -> Payment | None:
    """The attempt that a customer who comes back goes on with. One that no provider has heard of yet may go to any."""
    for payment in sorted(payments, key=lambda payment: -payment.number):
        if payment.status in OPEN and (payment.provider == provider or payment.provider_order_id is None):
            return payment
    return None
