"""What the tests of this room start from. Every maker gives something valid; a test names only what it is about."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec

from shikanji.contracts.inventory import HoldStock, WantedLine
from shikanji.contracts.order import (
    EventLine,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderPreparing,
    OrderStatus,
    RestockLine,
)
from shikanji.kit.db.tx import Tx
from shikanji.services.inventory import actions
from shikanji.services.inventory.model.category import CategoryDraft
from shikanji.services.inventory.model.product import Product, ProductDraft, create
from shikanji.services.inventory.model.stock import Levels
from shikanji.services.inventory.model.tax import TaxRateDraft

CATEGORY = "0190c000-0000-7000-8000-000000000001"
STORE = "0190a000-0000-7000-8000-000000000001"
OTHER_STORE = "0190a000-0000-7000-8000-000000000002"
CUSTOMER = "0190b000-0000-7000-8000-000000000001"
SHIKANJI = "0190d000-0000-7000-8000-000000000001"
SAMOSA = "0190d000-0000-7000-8000-000000000002"
DHOKLA = "0190d000-0000-7000-8000-000000000003"
NOON = 1_763_793_000_000_000
"""2025-11-22 12:00 in India."""

_numbers = count(1)


def number(of: str = "0190e000") -> str:
    """A new id."""
    return f"{of}-0000-7000-8000-{next(_numbers):012x}"


def category(**fields: Any) -> CategoryDraft:
    return msgspec.convert({"name": "Snacks", **fields}, CategoryDraft)


def draft(**fields: Any) -> ProductDraft:
    """As it would come over HTTP, with the limits checked."""
    given = {
        "name": "Traditional Shikanji",
        "sku": f"SKU-{next(_numbers)}",
        "categoryId": CATEGORY,
        "price": 8_000,
        "taxClass": "food-5",
        "ingredients": ["Lemon", "Mint leaves", "Roasted cumin powder", "Black salt", "Sugar"],
        **fields,
    }
    return msgspec.convert(given, ProductDraft)


def product(**fields: Any) -> Product:
    ids = ids_of("0190f000")
    return create(draft(**fields), id=fields.get("id") or next(ids), new_id=ids.__next__, now=NOON).product


def ids_of(prefix: str) -> Iterator[str]:
    return (number(prefix) for _ in count())


SIZE = {
    "name": "Size",
    "kind": "radio",
    "required": True,
    "min": 1,
    "options": [{"name": "Regular", "isDefault": True}, {"name": "Large", "priceDelta": 2_000}],
}
EXTRAS = {
    "name": "Extras",
    "kind": "checkbox",
    "max": 2,
    "options": [
        {"name": "Chia", "priceDelta": 1_500, "ingredients": ["chia seeds"]},
        {"name": "Honey", "priceDelta": 1_000, "ingredients": ["honey"]},
        {"name": "Less sugar", "priceDelta": -500},
    ],
}


def open_shop(tx: Tx, on_hand: int = 20, reorder_point: int = 0) -> None:
    """A store with three products, `on_hand` of each, and the tax classes they need."""
    actions.create_category(tx, CategoryDraft(name="Beverages"), id=CATEGORY)
    for tax_class, hsn in (("food-5", "996331"), ("delivery", "996813")):
        actions.add_tax_rate(tx, tax_rate(tax_class, hsn=hsn))
    for product_id, name, price in (
        (SHIKANJI, "Traditional Shikanji", 8_000),
        (SAMOSA, "Samosa", 8_000),
        (DHOKLA, "Dhokla", 7_000),
    ):
        actions.create_product(tx, draft(name=name, price=price), id=product_id)
        levels = Levels(store_id=STORE, reorder_point=reorder_point)
        actions.set_opening_stock(tx, STORE, product_id, on_hand, levels=levels)


def tax_rate(tax_class: str = "food-5", **fields: Any) -> TaxRateDraft:
    given = {"taxClass": tax_class, "name": tax_class.title(), "rateBp": 500, "hsn": "996331", **fields}
    return msgspec.convert(given, TaxRateDraft)


def hold(order_id: str, *wanted: tuple[str, int], attempt: int = 1, at: int = NOON, **fields: Any) -> HoldStock:
    """`wanted`: product and quantity of each line."""
    lines = [WantedLine(line_id=number(), product_id=each, quantity=quantity) for each, quantity in wanted]
    given = {"store_id": STORE, "customer_id": CUSTOMER, "fee_tax_class": "delivery", **fields}
    return HoldStock(order_id=order_id, attempt=attempt, lines=given.pop("lines", lines), at=at, **given)


def created(order_id: str, *wanted: tuple[str, int], attempt: int = 1) -> OrderCreated:
    return OrderCreated(
        order_id=order_id,
        order_number="KOR1-1",
        customer_id=CUSTOMER,
        store_id=STORE,
        fulfilment="pickup",
        payment_method="online",
        lines=[_line(each, quantity) for each, quantity in wanted],
        subtotal=8_000,
        discount=0,
        points_discount=0,
        delivery_fee=0,
        delivery_fee_tax=0,
        tax=400,
        round_off=0,
        total=8_400,
        attempt=attempt,
        scheduled_for=None,
        payment_deadline=None,
        placed_at=NOON,
    )


def confirmed(order_id: str, attempt: int = 1) -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order_id,
        customer_id=CUSTOMER,
        store_id=STORE,
        payment_method="online",
        total=8_400,
        attempt=attempt,
    )


def preparing(order_id: str) -> OrderPreparing:
    return OrderPreparing(order_id=order_id, customer_id=CUSTOMER, store_id=STORE, by="chef")


def cancelled(
    order_id: str, *restock: tuple[str, int], previous: OrderStatus = "pending", attempt: int = 1
) -> OrderCancelled:
    return OrderCancelled(
        order_id=order_id,
        customer_id=CUSTOMER,
        store_id=STORE,
        cause="customer",
        reason="changed my mind",
        previous=previous,
        payment_method="online",
        total=8_400,
        attempt=attempt,
        restock=[RestockLine(line_id=number(), product_id=each, quantity=quantity) for each, quantity in restock],
        by=CUSTOMER,
    )


def _line(product_id: str, quantity: int) -> EventLine:
    return EventLine(
        line_id=number(),
        product_id=product_id,
        name="Something",
        category_id=CATEGORY,
        quantity=quantity,
        unit_price=8_000,
        line_total=8_000 * quantity,
        discount=0,
        points_discount=0,
        tax=400,
        tax_rate_bp=500,
        tax_included=False,
        hsn="996331",
    )
