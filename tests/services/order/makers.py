"""Orders for the tests of this room."""

from typing import Any

from shikanji.contracts.customer import Address
from shikanji.contracts.inventory import ChosenOption, PricedLine, TaxRate
from shikanji.contracts.order import OrderStatus
from shikanji.contracts.store import ServingTerms
from shikanji.kit.auth import Principal
from shikanji.kit.clock import HOUR, MINUTE
from shikanji.services.order.model.edges import Actor, Capacity
from shikanji.services.order.model.lines import Details
from shikanji.services.order.model.order import Order, Placing
from shikanji.services.order.model.pricing import Sums, price
from tests.kit.databases import NOON

ORDER = "0199d2a0-0000-7000-8000-00000000000a"
CUSTOMER = "0199d2a0-0000-7000-8000-00000000000c"
STRANGER = "0199d2a0-0000-7000-8000-00000000000d"
STORE = "0199d2a0-0000-7000-8000-000000000051"
OTHER_STORE = "0199d2a0-0000-7000-8000-000000000052"
SHIKANJI = "0199d2a0-0000-7000-8000-0000000000a1"
SAMOSA = "0199d2a0-0000-7000-8000-0000000000a2"
PAYMENT = "0199d2a0-0000-7000-8000-0000000000b1"
SECOND_PAYMENT = "0199d2a0-0000-7000-8000-0000000000b2"
WINDOW = 15 * MINUTE
COMPLETION_DELAY = 2 * HOUR

CHURCH_STREET = Address(line1="12 Church Street", city="Bengaluru", state="Karnataka", postal_code="560001")
FEE_TAX = TaxRate(tax_class="delivery", rate_bp=500, hsn="996813", included=False)


def make_line(line_id: str = "line-1", **changes: Any) -> PricedLine:
    """Two Shikanji at ₹80, 5 % on top."""
    fields: dict[str, Any] = {
        "line_id": line_id,
        "product_id": SHIKANJI,
        "name": "Traditional Shikanji",
        "name_hi": "शिकंजी",
        "sku": "SHK-1",
        "category_id": "beverages",
        "quantity": 2,
        "base_price": 7000,
        "unit_price": 8000,
        "options": [ChosenOption(id="large", name="Large", price_delta=1000)],
        "tax_class": "drink",
        "tax_rate_bp": 500,
        "tax_included": False,
        "hsn": "2202",
    }
    return PricedLine(**(fields | changes))


def make_terms(**changes: Any) -> ServingTerms:
    """₹30 for delivery, free from ₹500 on, minimum ₹100."""
    fields: dict[str, Any] = {
        "store_id": STORE,
        "store_name": "Jain Shikanji – MG Road",
        "store_code": "MGR",
        "state": "Karnataka",
        "gstin": None,
        "time_zone": "Asia/Kolkata",
        "zone_id": None,
        "delivery_fee": 3000,
        "free_delivery_above": 50_000,
        "minimum_order": 10_000,
        "prep_minutes": 15,
        "estimated_at": NOON + 45 * MINUTE,
        "fee_tax_class": "delivery",
        "round_to": 0,
        "slot_held": False,
    }
    return ServingTerms(**(fields | changes))


def make_sums(*lines: PricedLine, fulfilment: Any = "delivery", **terms: Any) -> Sums:
    return price(
        lines or (make_line(),), make_terms(**terms), FEE_TAX, fulfilment, online=False, notes={"line-1": "no ice"}
    )


def make_placing(**changes: Any) -> Placing:
    fulfilment = changes.get("fulfilment", "delivery")
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "fulfilment": fulfilment,
        "payment_method": "online",
        "sums": make_sums(fulfilment=fulfilment),
        "details": Details(
            customer_name="Asha",
            email="asha@shop.test",
            phone="+919812345678",
            language="en",
            address=CHURCH_STREET if fulfilment == "delivery" else None,
            notes=None,
            store_name="Jain Shikanji – MG Road",
            store_state="Karnataka",
            gstin=None,
            time_zone="Asia/Kolkata",
            zone_id=None,
            fee_tax=FEE_TAX,
        ),
        "prep_minutes": 15,
        "scheduled_for": None,
        "estimated_at": NOON + 45 * MINUTE,
        "placed_by": CUSTOMER,
        "idempotency_key": "5f0c8a52-1111-4222-8333-444455556666",
    }
    return Placing(**(fields | changes))


def make_order(status: OrderStatus = "pending", **changes: Any) -> Order:
    """An order in this status, with nothing told yet: as if just loaded. Cancelled ones were by their customer."""
    order = Order.place(make_placing(**changes), at=NOON, number="MGR-261122-0001", payment_window=WINDOW)
    order.status, order.deadline = status, NOON + WINDOW if status == "pending" else None
    if status == "cancelled":
        order.cancel_cause, order.cancel_reason = "customer", "changed my mind"
    order.version = 5
    return loaded(order)


def loaded(order: Order) -> Order:
    order.told, order.entries = [], []
    return order


def acting(*capacities: Capacity, id: str = "someone") -> Actor:
    return Actor(id, frozenset(capacities))


def told(order: Order) -> list[str]:
    return [type(event).__name__ for event in order.told]


OWNER = Principal(account_id=CUSTOMER, session_id="s")
OTHER = Principal(account_id=STRANGER, session_id="s")
MANAGER = Principal(account_id="0199d2a0-0000-7000-8000-0000000000e1", session_id="s", roles={STORE: "manager"})
CHEF = Principal(account_id="0199d2a0-0000-7000-8000-0000000000e2", session_id="s", roles={STORE: "chef"})
CASHIER = Principal(account_id="0199d2a0-0000-7000-8000-0000000000e3", session_id="s", roles={STORE: "cashier"})
COURIER = Principal(account_id="0199d2a0-0000-7000-8000-0000000000e4", session_id="s", roles={STORE: "delivery"})
SUPPORT = Principal(account_id="0199d2a0-0000-7000-8000-0000000000e5", session_id="s", roles={STORE: "support"})
OTHER_MANAGER = Principal(account_id="other-manager", session_id="s", roles={OTHER_STORE: "manager"})
ADMIN = Principal(account_id="admin", session_id="s", admin=True)
