"""People, orders and events for the notification service's tests."""

from typing import Any

from shikanji.contracts.customer import Contacts
from shikanji.contracts.order import EventLine, OrderCreated, OrderStatusChanged
from shikanji.kit.auth import Principal
from shikanji.services.notification.model.messages import Draft
from tests.kit.databases import NOON

ASHA = "0199d2a0-0000-7000-8000-000000000001"
RAVI = "0199d2a0-0000-7000-8000-000000000002"
MANAGER = "0199d2a0-0000-7000-8000-000000000003"
STORE = "0199d2a0-0000-7000-8000-00000000000a"
ORDER = "01a201d7-0b00-7000-8000-00000000000b"
PRODUCT = "0199d2a0-0000-7000-8000-00000000000c"
PRINCIPALS = {
    "asha": Principal(account_id=ASHA, session_id="s"),
    "ravi": Principal(account_id=RAVI, session_id="s"),
    "admin": Principal(account_id=MANAGER, session_id="s", admin=True),
}


def make_contacts(account_id: str = ASHA, **changes: Any) -> Contacts:
    given: dict[str, Any] = {
        "account_id": account_id,
        "name": "Asha Mehta",
        "email": f"asha.{account_id[-2:]}@shop.test",
        "email_verified": True,
        "phone": f"+9198765432{account_id[-2:]}",
        "phone_verified": True,
        "language": "en",
        "channels": ["email", "sms"],
        "marketing_since": None,
    }
    return Contacts(**(given | changes))


def make_order(order_id: str = ORDER, customer_id: str = ASHA, *, cod: bool = True) -> OrderCreated:
    line = EventLine(
        line_id="line-1",
        product_id=PRODUCT,
        name="Masala Chaas",
        category_id="beverages",
        quantity=2,
        unit_price=6_000,
        line_total=12_000,
        discount=0,
        points_discount=0,
        tax=600,
        tax_rate_bp=500,
        tax_included=False,
        hsn="2202",
    )
    return OrderCreated(
        order_id=order_id,
        order_number="MGR-261122-0042",
        customer_id=customer_id,
        store_id=STORE,
        fulfilment="pickup",
        payment_method="cod" if cod else "online",
        lines=[line],
        subtotal=12_000,
        discount=0,
        points_discount=0,
        delivery_fee=0,
        delivery_fee_tax=0,
        tax=600,
        round_off=0,
        total=12_600,
        attempt=1,
        scheduled_for=None,
        payment_deadline=None if cod else NOON + 900_000_000,
        placed_at=NOON,
    )


def step(new: Any, order_id: str = ORDER, customer_id: str = ASHA) -> OrderStatusChanged:
    return OrderStatusChanged(
        order_id=order_id, customer_id=customer_id, store_id=STORE, old=None, new=new, by="system"
    )


def draft(kind: str = "order-confirmed", key: str = "", customer_id: str = ASHA, **more: Any) -> Draft:
    return Draft(customer_id=customer_id, key=key or f"{kind}:1", kind=kind, **more)
