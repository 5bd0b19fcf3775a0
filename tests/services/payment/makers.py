"""Orders as the payment service hears of them, and payments, for the tests of this room."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from shikanji.contracts.order import (
    Bill,
    BillLine,
    CancelCause,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderDelivered,
    OrderStanding,
    PaidLine,
    PaymentMethod,
    RefundRequested,
)
from shikanji.contracts.store import Seller
from shikanji.kit.auth import Principal
from shikanji.kit.clock import MINUTE
from shikanji.kit.money import gst, round_off, shares
from shikanji.services.payment.model.dues import Dues
from shikanji.services.payment.model.payment import Payment
from tests.kit.databases import NOON

ORDER = "0199d2a0-0000-7000-8000-00000000000a"
OTHER_ORDER = "0199d2a0-0000-7000-8000-00000000000b"
CUSTOMER = "0199d2a0-0000-7000-8000-00000000000c"
STRANGER = "0199d2a0-0000-7000-8000-00000000000d"
STORE = "0199d2a0-0000-7000-8000-000000000051"
OTHER_STORE = "0199d2a0-0000-7000-8000-000000000052"
SHIKANJI = "0199d2a0-0000-7000-8000-0000000000a1"
NOWHERE = "0199d2a0-0000-7000-8000-00000000dead"
TOTAL = 19_950
DEADLINE = NOON + 15 * MINUTE

PRINCIPALS: dict[str, Principal] = {
    "owner": Principal(account_id=CUSTOMER, session_id="s"),
    "customer": Principal(account_id=STRANGER, session_id="s"),
    "manager": Principal(account_id="manager", session_id="s", roles={STORE: "manager"}),
    "chef": Principal(account_id="chef", session_id="s", roles={STORE: "chef"}),
    "cashier": Principal(account_id="cashier", session_id="s", roles={STORE: "cashier"}),
    "delivery": Principal(account_id="delivery", session_id="s", roles={STORE: "delivery"}),
    "support": Principal(account_id="support", session_id="s", roles={STORE: "support"}),
    "other_manager": Principal(account_id="other", session_id="s", roles={OTHER_STORE: "manager"}),
    "admin": Principal(account_id="admin", session_id="s", admin=True),
}


def make_standing(**changes: Any) -> OrderStanding:
    """Three Shikanji and one Samosa for ₹199.50, to be paid online by a quarter past noon."""
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "order_number": "MGR-261122-0001",
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "status": "pending",
        "cancel_cause": None,
        "payment_method": "online",
        "total": TOTAL,
        "delivery_paid": 1_550,
        "payment_deadline": DEADLINE,
        "lines": [
            PaidLine(line_id="line-1", product_id=SHIKANJI, quantity=3, paid=10_000),
            PaidLine(line_id="line-2", product_id=SHIKANJI, quantity=1, paid=8_400),
        ],
    }
    return OrderStanding(**(fields | changes))


class Sold(NamedTuple):
    """So many at that price, so much off, at that rate."""

    price: int
    quantity: int = 1
    off: int = 0
    rate_bp: int = 500
    included: bool = False


def make_bill(
    sold: Sequence[Sold] = (Sold(3_000, 3), Sold(8_000)), *, fee: int = 2_000, round_to: int = 0, **changes: Any
) -> Bill:
    """By default ₹199.50 in all, as in `make_standing`; the order waits for its money."""
    lines = [_bill_line(place, each) for place, each in enumerate(sold, start=1)]
    delivery = gst(fee, 500)
    gross = [line.line_total - line.discount + (0 if line.tax_included else line.tax) for line in lines]
    rounded = round_off(sum(gross) + delivery.gross, round_to)
    total = sum(gross) + delivery.gross + rounded
    *paid, delivery_paid = shares(total, [*gross, delivery.gross])
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "order_number": "MGR1-261122-0001",
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "status": "pending",
        "fulfilment": "delivery",
        "payment_method": "online",
        "placed_at": NOON,
        "customer_name": "Asha Mehta",
        "address": ["1 Residency Road", "Bengaluru, Karnataka 560001"],
        "lines": [msgspec.structs.replace(line, paid=part) for line, part in zip(lines, paid, strict=True)],
        "delivery_fee": fee,
        "delivery_fee_tax": delivery.tax,
        "delivery_fee_rate_bp": 500,
        "delivery_fee_included": False,
        "delivery_fee_hsn": "996813",
        "delivery_paid": delivery_paid,
        "round_off": rounded,
        "total": total,
    }
    return Bill(**(fields | changes))


def _bill_line(place: int, sold: Sold) -> BillLine:
    total = sold.price * sold.quantity
    return BillLine(
        line_id=f"line-{place}",
        name="Traditional Shikanji",
        name_hi="पारंपरिक शिकंजी",
        options=["Large"],
        hsn="996331",
        quantity=sold.quantity,
        unit_price=sold.price,
        line_total=total,
        discount=sold.off,
        points_discount=0,
        tax=gst(total - sold.off, sold.rate_bp, included=sold.included).tax,
        tax_rate_bp=sold.rate_bp,
        tax_included=sold.included,
        paid=0,
    )


def make_seller(**changes: Any) -> Seller:
    fields: dict[str, Any] = {
        "store_id": STORE,
        "store_code": "MGR1",
        "name": "Jain Shikanji – MG Road",
        "legal_name": "Jain Shikanji Foods Private Limited",
        "gstin": "29AAGCB7383J1Z4",
        "fssai": "10000000000101",
        "line1": "42 Mahatma Gandhi Road",
        "line2": None,
        "city": "Bengaluru",
        "state": "Karnataka",
        "state_code": "29",
        "postal_code": "560001",
        "phone": None,
    }
    return Seller(**(fields | changes))


def make_created(method: PaymentMethod = "online", **changes: Any) -> OrderCreated:
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "order_number": "MGR-261122-0001",
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "fulfilment": "delivery",
        "payment_method": method,
        "lines": [],
        "subtotal": TOTAL,
        "discount": 0,
        "points_discount": 0,
        "delivery_fee": 0,
        "delivery_fee_tax": 0,
        "tax": 0,
        "round_off": 0,
        "total": TOTAL,
        "attempt": 1,
        "scheduled_for": None,
        "payment_deadline": DEADLINE if method == "online" else None,
        "placed_at": NOON,
    }
    return OrderCreated(**(fields | changes))


def make_cancelled(cause: CancelCause = "customer", method: PaymentMethod = "online", **changes: Any) -> OrderCancelled:
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "cause": cause,
        "reason": "changed my mind",
        "previous": "pending",
        "payment_method": method,
        "total": TOTAL,
        "attempt": 1,
        "restock": [],
        "by": CUSTOMER,
    }
    return OrderCancelled(**(fields | changes))


def make_delivered(method: PaymentMethod = "cod", **changes: Any) -> OrderDelivered:
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "payment_method": method,
        "total": TOTAL,
        "by": "delivery",
    }
    return OrderDelivered(**(fields | changes))


def make_completed(method: PaymentMethod = "cod", **changes: Any) -> OrderCompleted:
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "fulfilment": "delivery",
        "payment_method": method,
        "total": TOTAL,
        "by": "cashier",
    }
    return OrderCompleted(**(fields | changes))


def make_refund_requested(payment_id: str) -> RefundRequested:
    return RefundRequested(order_id=ORDER, payment_id=payment_id, cause="late")


def make_dues(**changes: Any) -> Dues:
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "payment_method": "online",
        "total": TOTAL,
        "cancel_cause": None,
        "created_at": NOON,
    }
    return Dues(**(fields | changes))


def make_payment(number: int = 1, *, provider: str = "sandbox", captured_at: int | None = None) -> Payment:
    """An attempt that waits, or (`captured_at`) one that brought its money then."""
    payment = Payment.attempt(
        id=f"payment-{number}",
        order_id=ORDER,
        number=number,
        customer_id=CUSTOMER,
        store_id=STORE,
        amount=TOTAL,
        provider=provider,
        now=NOON,
    )
    if captured_at is not None:
        payment.initiate(f"order_{number}", NOON)
        payment.capture(f"pay_{number}", "upi", captured_at)
    return payment
