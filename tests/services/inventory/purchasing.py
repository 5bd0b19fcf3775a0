"""Suppliers, purchase orders and deliveries as their tests make them."""

from typing import Any

import msgspec

from shikanji.services.inventory import actions
from shikanji.services.inventory.model.purchase import Purchase, PurchaseDraft, Receipt, ReceiptDraft
from shikanji.services.inventory.model.supplier import Supplier, SupplierDraft
from tests.kit.databases import OpenDatabase
from tests.services.inventory.makers import (
    CUSTOMER,
    STORE,
    confirmed,
    created,
    hold,
    number,
)

GSTIN = "29AAGCB7383J1Z4"


async def supplier(base: OpenDatabase, *supplied: tuple[str, int], **fields: Any) -> Supplier:
    products = [{"productId": each, "unitCost": cost} for each, cost in supplied]
    draft = msgspec.convert({"name": "Modinagar Masala", "products": products, **fields}, SupplierDraft)
    return await base.write(actions.create_supplier, draft)


async def order(base: OpenDatabase, of: Supplier, *wanted: tuple[str, int], store_id: str = STORE) -> Purchase:
    lines = [{"productId": each, "quantity": quantity} for each, quantity in wanted]
    given = {"storeId": store_id, "supplierId": of.id, "lines": lines}
    return await base.write(actions.create_purchase, msgspec.convert(given, PurchaseDraft), "ravi")


async def confirmed_order(base: OpenDatabase, *wanted: tuple[str, int], store_id: str = STORE) -> Purchase:
    made = await order(base, await supplier(base, *((each, 500) for each, _ in wanted)), *wanted, store_id=store_id)
    return await move(base, made, "confirmed")


async def move(base: OpenDatabase, which: Purchase, status: Any, if_match: str | None = None) -> Purchase:
    return await base.write(actions.move_purchase, which.id, status, "late again", if_match)


async def receive(
    base: OpenDatabase, which: Purchase, *came: dict[str, Any], **fields: Any
) -> tuple[Receipt, Purchase]:
    draft = msgspec.convert({"lines": list(came), **fields}, ReceiptDraft)
    return await base.write(actions.receive, which.id, draft, "ravi")


def came(product_id: str, quantity: int, **fields: Any) -> dict[str, Any]:
    return {"productId": product_id, "quantity": quantity, **fields}


async def awaited(base: OpenDatabase, which: Purchase) -> dict[str, int]:
    found = await base.read(actions.get_purchase, which.id)
    return {line.product_id: line.awaited for line in found.lines}


async def sell(base: OpenDatabase, product_id: str, quantity: int) -> None:
    order_id = number()
    await base.write(actions.hold_stock, hold(order_id, (product_id, quantity), customer_id=CUSTOMER), None)
    await base.write(actions.order_created, created(order_id, (product_id, quantity)))
    await base.write(actions.order_confirmed, confirmed(order_id))
