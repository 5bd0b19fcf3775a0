"""Purchase orders: what is ordered, what comes, and that the books say so."""

import asyncio

import msgspec
import pytest

from shikanji.kit.errors import Invalid, PreconditionFailed, Problem
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import (
    IllegalPurchaseStep,
    NotOrdered,
    ReceiptKnown,
    TooMuchReceived,
)
from shikanji.services.inventory.model.purchase import PurchaseFields
from shikanji.services.inventory.model.stock import Levels
from shikanji.services.inventory.repository import purchases
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import check_books, counts, told
from tests.services.inventory.makers import (
    DHOKLA,
    OTHER_STORE,
    SAMOSA,
    SHIKANJI,
    STORE,
    number,
)
from tests.services.inventory.purchasing import (
    awaited,
    came,
    confirmed_order,
    move,
    order,
    receive,
    sell,
    supplier,
)

ENGINES = ["sqlite", "postgres"]


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
    await receive(shelf, made, came(SHIKANJI, 6), reference="DN 8")
    with pytest.raises(ReceiptKnown):
        await receive(shelf, made, came(SHIKANJI, 6), reference="DN 8")

    assert counts(shelf, SHIKANJI) == (30, 0)


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
