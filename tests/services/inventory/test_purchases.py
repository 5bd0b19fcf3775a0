"""Purchase orders: what is ordered, what comes, and that the books say so."""

import asyncio
from typing import Any

import msgspec
import pytest

from shikanji.kit.clock import DAY
from shikanji.kit.errors import Invalid, PreconditionFailed, Problem
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import (
    GstinTaken,
    IllegalPurchaseStep,
    NotOrdered,
    ReceiptKnown,
    SupplierInUse,
    TooMuchReceived,
)
from shikanji.services.inventory.model.purchase import Purchase, PurchaseDraft, PurchaseFields, Receipt, ReceiptDraft
from shikanji.services.inventory.model.stock import Levels
from shikanji.services.inventory.model.supplier import Supplier, SupplierDraft
from shikanji.services.inventory.repository import purchases
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import check_books, counts, told
from tests.services.inventory.makers import (
    CUSTOMER,
    DHOKLA,
    OTHER_STORE,
    SAMOSA,
    SHIKANJI,
    STORE,
    confirmed,
    created,
    hold,
    number,
)

ENGINES = ["sqlite", "postgres"]
GSTIN = "29AAGCB7383J1Z4"
Done = tuple[Receipt, Purchase]


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


async def test_an_order_has_its_number_and_the_suppliers_costs(shelf: OpenDatabase) -> None:
    made = await order(shelf, await supplier(shelf, (SHIKANJI, 500), (SAMOSA, 300)), (SHIKANJI, 10), (SAMOSA, 4))

    assert (made.number, made.status, made.total) == ("PO-2526-000001", "pending", 6_200)
    assert await shelf.read(actions.get_purchase, made.id) == made
    event = shelf.events()[-1]
    assert (event.type, event.data["number"], event.data["total"]) == ("PurchaseOrderCreated", made.number, 6_200)


async def test_what_the_supplier_has_no_cost_for_needs_one(shelf: OpenDatabase) -> None:
    with pytest.raises(Invalid, match=r"lines\[0\].unitCost"):
        await order(shelf, await supplier(shelf, (SHIKANJI, 500)), (SAMOSA, 4))
    with pytest.raises(Invalid, match=r"lines\[0\].productId"):
        await order(shelf, await supplier(shelf), (number(), 4))
    with pytest.raises(Invalid, match="twice"):
        await order(shelf, await supplier(shelf, (SHIKANJI, 5)), (SHIKANJI, 4), (SHIKANJI, 4))


async def test_nothing_is_ordered_of_a_retired_supplier(shelf: OpenDatabase) -> None:
    with pytest.raises(Invalid, match="supplierId"):
        await order(shelf, await supplier(shelf, (SHIKANJI, 500), active=False), (SHIKANJI, 1))


async def test_a_pending_order_may_change_and_a_confirmed_one_may_not(shelf: OpenDatabase) -> None:
    made = await order(shelf, await supplier(shelf, (SHIKANJI, 500)), (SHIKANJI, 10))
    fields = msgspec.convert(
        {
            "lines": [{"productId": SAMOSA, "quantity": 2, "unitCost": 700}],
            "note": "by noon",
            "expectedOn": "2026-01-31",
        },
        PurchaseFields,
    )

    changed = await shelf.write(actions.change_purchase, made.id, fields, '"1"')

    assert (changed.total, changed.version, changed.note) == (1_400, 2, "by noon")
    assert await awaited(shelf, made) == {SAMOSA: 2}
    assert (await shelf.write(actions.change_purchase, made.id, fields, None)).version == 2
    with pytest.raises(PreconditionFailed):
        await shelf.write(actions.change_purchase, made.id, fields, '"1"')
    await move(shelf, made, "confirmed")
    with pytest.raises(IllegalPurchaseStep):
        await shelf.write(actions.change_purchase, made.id, fields, None)


async def test_a_delivery_comes_onto_the_shelf_by_a_movement_a_line(shelf: OpenDatabase) -> None:
    made = await confirmed_order(shelf, (SHIKANJI, 10), (SAMOSA, 4))

    receipt, after = await receive(shelf, made, came(SHIKANJI, 6), came(SAMOSA, 4, unitCost=450), reference="DN 7")

    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA), after.status) == ((26, 0), (24, 0), "confirmed")
    assert [(line.quantity, line.unit_cost) for line in receipt.lines] == [(6, 500), (4, 450)]
    assert await awaited(shelf, made) == {SHIKANJI: 4, SAMOSA: 0}
    assert told(shelf)[-3:] == ["StockAdjusted", "StockAdjusted", "PurchaseOrderReceived"]
    assert [event.data["kind"] for event in shelf.events()[-3:-1]] == ["receipt", "receipt"]
    assert shelf.events()[-1].data["completeOrder"] is False
    check_books(shelf)


async def test_the_last_delivery_ends_the_order(shelf: OpenDatabase) -> None:
    made = await confirmed_order(shelf, (SHIKANJI, 10))
    await receive(shelf, made, came(SHIKANJI, 6))

    _, after = await receive(shelf, made, came(SHIKANJI, 3, batch="A"), came(SHIKANJI, 1, batch="B"))

    assert (after.status, counts(shelf, SHIKANJI)) == ("received", (30, 0))
    assert shelf.events()[-1].data["completeOrder"] is True
    with pytest.raises(IllegalPurchaseStep):
        await receive(shelf, made, came(SHIKANJI, 1))
    newest, first = await shelf.read(purchases.receipts_of, made.id, None, 10)
    assert ([line.batch for line in newest.lines], [line.quantity for line in first.lines]) == (["A", "B"], [6])
    check_books(shelf)


async def test_never_more_than_was_ordered_comes_in(shelf: OpenDatabase) -> None:
    made = await confirmed_order(shelf, (SHIKANJI, 10))
    events = len(shelf.events())

    with pytest.raises(TooMuchReceived, match="10 are awaited, 11 came"):
        await receive(shelf, made, came(SHIKANJI, 6), came(SHIKANJI, 5))
    with pytest.raises(NotOrdered):
        await receive(shelf, made, came(SHIKANJI, 1), came(SAMOSA, 1))

    assert (counts(shelf, SHIKANJI), len(shelf.events())) == ((20, 0), events)


async def test_the_same_delivery_is_not_received_twice(shelf: OpenDatabase) -> None:
    made = await confirmed_order(shelf, (SHIKANJI, 10))
    await receive(shelf, made, came(SHIKANJI, 4), reference="DN 7")

    with pytest.raises(ReceiptKnown):
        await receive(shelf, made, came(SHIKANJI, 4), reference="DN 7")

    assert counts(shelf, SHIKANJI) == (24, 0)


async def test_a_pending_order_is_not_received(shelf: OpenDatabase) -> None:
    made = await order(shelf, await supplier(shelf, (SHIKANJI, 500)), (SHIKANJI, 10))

    with pytest.raises(IllegalPurchaseStep):
        await receive(shelf, made, came(SHIKANJI, 1))


async def test_cancelling_ends_what_is_left(shelf: OpenDatabase) -> None:
    untouched = await confirmed_order(shelf, (SHIKANJI, 10))
    begun = await confirmed_order(shelf, (SAMOSA, 10))
    await receive(shelf, begun, came(SAMOSA, 4))

    gone, done = await move(shelf, untouched, "cancelled"), await move(shelf, begun, "cancelled")

    assert [(each.status, each.cancel_reason) for each in (gone, done)] == [
        ("cancelled", "late again"),
        ("received", "late again"),
    ]
    assert (await awaited(shelf, untouched), await awaited(shelf, begun)) == ({SHIKANJI: 0}, {SAMOSA: 0})
    assert await move(shelf, untouched, "cancelled") == gone
    assert await move(shelf, begun, "cancelled") == done
    with pytest.raises(IllegalPurchaseStep, match="nothing else"):
        await move(shelf, untouched, "confirmed")


async def test_a_store_without_stock_of_it_gets_its_first_by_a_delivery(shelf: OpenDatabase) -> None:
    made = await confirmed_order(shelf, (DHOKLA, 8), store_id=OTHER_STORE)

    await receive(shelf, made, came(DHOKLA, 8, batch="D1", expiresOn="2026-01-31"))

    row = await shelf.read(actions.stock_of, OTHER_STORE, DHOKLA)
    assert (row.on_hand, row.unit_cost, row.batch, row.expires_on) == (8, 500, "D1", "2026-01-31")
    check_books(shelf)


async def test_the_shelf_notes_the_mean_cost_and_what_ends_first(shelf: OpenDatabase) -> None:
    await shelf.write(actions.set_levels, SHIKANJI, Levels(store_id=STORE, unit_cost=400, batch="old"), None)
    made = await confirmed_order(shelf, (SHIKANJI, 20))

    await receive(
        shelf,
        made,
        came(SHIKANJI, 5, unitCost=600, batch="late", expiresOn="2026-05-01"),
        came(SHIKANJI, 5, unitCost=601, batch="soon", expiresOn="2026-02-01"),
    )

    row = await shelf.read(actions.stock_of, STORE, SHIKANJI)
    assert (row.unit_cost, row.batch, row.expires_on) == (467, "soon", "2026-02-01")


async def test_what_was_out_is_enough_again_and_can_be_low_again(shelf: OpenDatabase) -> None:
    """20 are there: at its reorder point of 25 it is low; with 20 more it is not, and then it may be told of anew."""
    await shelf.write(actions.set_levels, SHIKANJI, Levels(store_id=STORE, reorder_point=25), None)
    made = await confirmed_order(shelf, (SHIKANJI, 20))
    await receive(shelf, made, came(SHIKANJI, 20))

    await sell(shelf, SHIKANJI, 18)

    assert told(shelf, "LowStockAlert") == ["LowStockAlert", "LowStockAlert"]


async def test_deliveries_of_one_order_at_once_never_pass_what_was_ordered(shelf: OpenDatabase) -> None:
    made = await confirmed_order(shelf, (SHIKANJI, 10), (SAMOSA, 10))

    async def bring() -> bool:
        try:
            await receive(shelf, made, came(SAMOSA, 3), came(SHIKANJI, 3))
        except Problem:
            return False
        return True

    came_in = await asyncio.gather(*(bring() for _ in range(6)))

    assert came_in.count(True) == 3
    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ((29, 0), (29, 0))
    check_books(shelf)


async def test_deliveries_while_everybody_orders_keep_the_books(shelf: OpenDatabase) -> None:
    made = await confirmed_order(shelf, (SHIKANJI, 100), (SAMOSA, 100), (DHOKLA, 100))
    baskets = [(SHIKANJI, SAMOSA), (SAMOSA, DHOKLA), (DHOKLA, SHIKANJI)]

    async def bring(turn: int) -> None:
        await receive(shelf, made, *(came(each, 2) for each in baskets[turn % 3]))

    async def buy(turn: int) -> None:
        await sell(shelf, baskets[turn % 3][0], 1)

    await asyncio.gather(*(work(turn) for turn in range(12) for work in (bring, buy)))

    assert counts(shelf, SHIKANJI) == (20 + 16 - 4, 0)
    check_books(shelf)


async def sell(base: OpenDatabase, product_id: str, quantity: int) -> None:
    order_id = number()
    await base.write(actions.hold_stock, hold(order_id, (product_id, quantity), customer_id=CUSTOMER), None)
    await base.write(actions.order_created, created(order_id, (product_id, quantity)))
    await base.write(actions.order_confirmed, confirmed(order_id))


# suggestions ----------------------------------------------------------------------------------------------------------


async def plan(base: OpenDatabase, product_id: str, reorder_point: int, maximum: int | None = None) -> None:
    levels = Levels(store_id=STORE, reorder_point=reorder_point, maximum=maximum)
    await base.write(actions.set_levels, product_id, levels, None)


async def suggested(base: OpenDatabase, store_id: str = STORE) -> dict[str | None, dict[str, int]]:
    """Supplier → product → quantity."""
    found = await base.read(actions.suggestions, store_id)
    return {
        each.source and each.source.supplier_id: {line.short.product_id: line.quantity for line in each.lines}
        for each in found
    }


async def test_what_is_at_its_reorder_point_is_suggested_up_to_the_maximum(shelf: OpenDatabase) -> None:
    await plan(shelf, SHIKANJI, 20, 50)
    await plan(shelf, SAMOSA, 19, 50)

    assert await suggested(shelf) == {None: {SHIKANJI: 30}}


async def test_the_cheapest_supplier_is_suggested_and_a_retired_one_never(shelf: OpenDatabase) -> None:
    await plan(shelf, SHIKANJI, 20, 50)
    await plan(shelf, SAMOSA, 20, 30)
    await supplier(shelf, (SHIKANJI, 500), name="Dear")
    cheap = await supplier(shelf, (SHIKANJI, 400), (SAMOSA, 100), name="Cheap")
    await supplier(shelf, (SHIKANJI, 1), name="Gone", active=False)

    found = await shelf.read(actions.suggestions, STORE)

    assert [(each.source and each.source.supplier_id, each.total) for each in found] == [(cheap.id, 13_000)]


async def test_what_is_on_order_counts_as_there(shelf: OpenDatabase) -> None:
    await plan(shelf, SHIKANJI, 30, 50)
    made = await confirmed_order(shelf, (SHIKANJI, 5))
    assert [*(await suggested(shelf)).values()] == [{SHIKANJI: 25}]
    await order(shelf, await supplier(shelf, (SHIKANJI, 500)), (SHIKANJI, 6))

    assert await suggested(shelf) == {}

    await move(shelf, made, "cancelled")
    assert [*(await suggested(shelf)).values()] == [{SHIKANJI: 24}]


async def test_without_a_maximum_the_sales_until_after_the_delivery_are_covered(shelf: OpenDatabase) -> None:
    """14 sold within 28 days, 5 + 7 days to cover: 6 more than the reorder point of 20."""
    await plan(shelf, SHIKANJI, 2)
    await supplier(shelf, (SHIKANJI, 500), leadDays=5)
    await sell(shelf, SHIKANJI, 3)
    shelf.clock.advance(29 * DAY)
    await sell(shelf, SHIKANJI, 14)
    await plan(shelf, SHIKANJI, 10)

    (found,) = await shelf.read(actions.suggestions, STORE)

    assert [(line.sold, line.days_left, line.quantity) for line in found.lines] == [(14, 6, 20 - 3)]


async def test_suggestions_become_orders_once(shelf: OpenDatabase) -> None:
    await plan(shelf, SHIKANJI, 20, 50)
    await plan(shelf, SAMOSA, 20, 30)
    one, two = await supplier(shelf, (SHIKANJI, 500)), await supplier(shelf, (SAMOSA, 300), name="Snacks", leadDays=3)

    made = await asyncio.gather(*(shelf.write(actions.order_suggested, STORE, (), "ravi") for _ in range(2)))

    orders = {each.supplier_id: each for each in made[0] + made[1]}
    assert sorted(len(each) for each in made) == [0, 2]
    assert (orders[one.id].total, orders[two.id].expected_on) == (15_000, "2025-11-25")
    assert await suggested(shelf) == {}


async def test_only_the_named_suppliers_are_ordered_of(shelf: OpenDatabase) -> None:
    await plan(shelf, SHIKANJI, 20, 50)
    await plan(shelf, SAMOSA, 20, 30)
    await supplier(shelf, (SHIKANJI, 500))
    other = await supplier(shelf, (SAMOSA, 300), name="Snacks")

    made = await shelf.write(actions.order_suggested, STORE, (other.id,), "ravi")

    assert [each.supplier_id for each in made] == [other.id]


# suppliers ------------------------------------------------------------------------------------------------------------


async def test_a_supplier_is_changed_whole_and_his_orders_keep_their_costs(shelf: OpenDatabase) -> None:
    made = await supplier(shelf, (SHIKANJI, 500), (SAMOSA, 300), gstin=GSTIN)
    ordered = await order(shelf, made, (SHIKANJI, 2))
    draft = msgspec.convert({"name": "Anew", "products": [{"productId": SHIKANJI, "unitCost": 900}]}, SupplierDraft)

    changed = await shelf.write(actions.change_supplier, made.id, draft, '"1"')

    assert await shelf.read(actions.get_supplier, made.id) == changed
    assert (changed.gstin, changed.version, len(changed.products)) == (None, 2, 1)
    assert (await shelf.write(actions.change_supplier, made.id, draft, None)).version == 2
    assert (await shelf.read(actions.get_purchase, ordered.id)).total == 1_000
    with pytest.raises(PreconditionFailed):
        await shelf.write(actions.change_supplier, made.id, draft, '"1"')


async def test_a_gstin_is_one_suppliers(shelf: OpenDatabase) -> None:
    await supplier(shelf, gstin=GSTIN)
    other = await supplier(shelf, name="Other")

    with pytest.raises(GstinTaken):
        await supplier(shelf, gstin=GSTIN)
    with pytest.raises(GstinTaken):
        await shelf.write(
            actions.change_supplier, other.id, msgspec.convert({"name": "Other", "gstin": GSTIN}, SupplierDraft), None
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"gstin": "29AAGCB7383J1Z5"},
        {"gstin": "39AAGCB7383J1Z4"},
        {"products": [{"productId": SHIKANJI, "unitCost": 1}, {"productId": SHIKANJI, "unitCost": 2}]},
        {"products": [{"productId": CUSTOMER, "unitCost": 1}]},
    ],
)
async def test_a_supplier_with_a_wrong_field_is_refused(shelf: OpenDatabase, fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await supplier(shelf, **fields)


async def test_only_a_supplier_without_orders_is_deleted(shelf: OpenDatabase) -> None:
    idle, busy = await supplier(shelf, (SHIKANJI, 500)), await supplier(shelf, (SHIKANJI, 500), name="Busy")
    await order(shelf, busy, (SHIKANJI, 1))

    await shelf.write(actions.delete_supplier, idle.id)
    with pytest.raises(SupplierInUse):
        await shelf.write(actions.delete_supplier, busy.id)

    assert [row[0] for row in shelf.query("SELECT id FROM suppliers")] == [busy.id]
