"""Stock as the store keeps it: every change is a movement, every line crossed is told once."""

import pytest

from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.services.inventory import actions
from shikanji.services.inventory.actions.stock import ALL, Adjustment
from shikanji.services.inventory.errors import BelowZero, ProductNotFound, StockNotFound
from shikanji.services.inventory.model.stock import Levels, Stock, Terms
from tests.kit.databases import OpenDatabase
from tests.services.inventory import makers
from tests.services.inventory.books import check_books, counts, hear, state_of, told
from tests.services.inventory.makers import (
    DHOKLA,
    OTHER_STORE,
    SAMOSA,
    SHIKANJI,
    STORE,
    cancelled,
    confirmed,
    created,
    hold,
    number,
)

ENGINES = ["sqlite", "postgres"]

ALERTS = ("LowStockAlert", "OutOfStock")


async def adjust(base: OpenDatabase, delta: int, product_id: str = SHIKANJI, store_id: str = STORE) -> Stock:
    wanted = Adjustment(store_id=store_id, product_id=product_id, delta=delta, reason="counted", by="ravi")
    return await base.write(actions.adjust_stock, wanted)


async def order(base: OpenDatabase, *basket: tuple[str, int], tied: bool = True) -> str:
    order_id = number()
    await base.write(actions.hold_stock, hold(order_id, *basket, customer_id=number()), None)
    if tied:
        await base.write(hear, created(order_id, *basket))
    return order_id


async def reorder_at(base: OpenDatabase, point: int) -> None:
    await base.write(actions.set_levels, SHIKANJI, Levels(store_id=STORE, reorder_point=point), None)


async def test_an_adjustment_is_a_movement_with_its_reason(shelf: OpenDatabase) -> None:
    row = await adjust(shelf, -3)

    newest = (await shelf.read(actions.list_movements, STORE, SHIKANJI, ALL, 10))[0]
    assert (row.on_hand, row.held, row.available) == (17, 0, 17)
    assert (newest.kind, newest.delta, newest.on_hand, newest.reason, newest.by) == (
        "adjustment",
        -3,
        17,
        "counted",
        "ravi",
    )
    event = shelf.events()[-1]
    assert (event.type, event.data["delta"], event.data["onHand"], event.data["kind"]) == (
        "StockAdjusted",
        -3,
        17,
        "adjustment",
    )
    check_books(shelf)


async def test_no_adjustment_goes_below_zero(shelf: OpenDatabase) -> None:
    with pytest.raises(BelowZero) as refused:
        await adjust(shelf, -21)

    assert refused.value.status == 409
    assert counts(shelf, SHIKANJI) == (20, 0)
    check_books(shelf)


async def test_the_first_stock_of_a_store_begins_with_an_adjustment(shelf: OpenDatabase) -> None:
    row = await adjust(shelf, 5, store_id=OTHER_STORE)

    assert (row.store_id, row.on_hand) == (OTHER_STORE, 5)
    check_books(shelf)


async def test_nobody_stocks_what_is_no_product(shelf: OpenDatabase) -> None:
    with pytest.raises(ProductNotFound):
        await adjust(shelf, 5, product_id=number())


async def test_opening_stock_is_set_once(shelf: OpenDatabase) -> None:
    again = await shelf.write(actions.set_opening_stock, STORE, SHIKANJI, 500)

    assert again.on_hand == 20
    check_books(shelf)


async def test_a_shelf_that_is_emptied_breaks_every_hold_and_tells_each_order(shelf: OpenDatabase) -> None:
    first, second = await order(shelf, (SHIKANJI, 2), (SAMOSA, 1)), await order(shelf, (SHIKANJI, 3))

    await adjust(shelf, -20)

    assert (state_of(shelf, first), state_of(shelf, second)) == ("broken", "broken")
    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ((0, 0), (20, 0))
    unavailable = [event for event in shelf.events() if event.type == "StockUnavailable"]
    assert {event.aggregate_id: event.data["productIds"] for event in unavailable} == {
        first: [SHIKANJI],
        second: [SHIKANJI],
    }
    check_books(shelf)


async def test_the_youngest_holds_break_first_and_no_more_than_must(shelf: OpenDatabase) -> None:
    oldest = await order(shelf, (SHIKANJI, 4))
    shelf.clock.advance(1)
    bystander = await order(shelf, (SAMOSA, 20))
    shelf.clock.advance(1)
    youngest = await order(shelf, (SHIKANJI, 4))

    row = await adjust(shelf, -15)

    assert [state_of(shelf, each) for each in (oldest, bystander, youngest)] == ["tied", "tied", "broken"]
    assert (row.on_hand, row.held) == (5, 4)
    check_books(shelf)


async def test_what_fits_beside_the_holds_breaks_none(shelf: OpenDatabase) -> None:
    kept = await order(shelf, (SHIKANJI, 4))

    await adjust(shelf, -16)

    assert (state_of(shelf, kept), counts(shelf, SHIKANJI)) == ("tied", (4, 4))


async def test_an_untied_hold_breaks_in_silence_and_its_order_tries_again(shelf: OpenDatabase) -> None:
    unlucky = await order(shelf, (SHIKANJI, 4), tied=False)
    await adjust(shelf, -20)
    assert told(shelf, "StockUnavailable") == []

    await adjust(shelf, 10)
    await shelf.write(hear, created(unlucky, (SHIKANJI, 4)))

    assert (state_of(shelf, unlucky), counts(shelf, SHIKANJI)) == ("tied", (10, 4))
    check_books(shelf)


async def test_an_untied_hold_that_broke_is_told_when_its_order_comes(shelf: OpenDatabase) -> None:
    unlucky = await order(shelf, (SHIKANJI, 4), tied=False)
    await adjust(shelf, -20)

    for _ in range(2):
        await shelf.write(hear, created(unlucky, (SHIKANJI, 4)))

    assert told(shelf, "StockUnavailable") == ["StockUnavailable"]
    check_books(shelf)


async def test_a_broken_order_that_is_confirmed_and_cancelled_moves_nothing(shelf: OpenDatabase) -> None:
    broken = await order(shelf, (SHIKANJI, 4))
    await adjust(shelf, -20)

    await shelf.write(hear, confirmed(broken))
    await shelf.write(hear, cancelled(broken, (SHIKANJI, 4), previous="confirmed"))

    assert (state_of(shelf, broken), counts(shelf, SHIKANJI)) == ("cancelled", (0, 0))
    check_books(shelf)


async def test_running_low_is_told_when_the_line_is_crossed_and_not_again(shelf: OpenDatabase) -> None:
    await reorder_at(shelf, 10)
    await adjust(shelf, -9)
    assert told(shelf, *ALERTS) == []

    await adjust(shelf, -1)
    await adjust(shelf, -1)

    assert told(shelf, *ALERTS) == ["LowStockAlert"]


async def test_running_out_is_told_once_for_each_time(shelf: OpenDatabase) -> None:
    await reorder_at(shelf, 10)

    await adjust(shelf, -20)
    await adjust(shelf, 20)
    await adjust(shelf, -15)
    await adjust(shelf, -5)

    assert told(shelf, *ALERTS) == ["LowStockAlert", "OutOfStock", "LowStockAlert", "OutOfStock"]


async def test_selling_the_last_one_is_told_when_it_is_sold(shelf: OpenDatabase) -> None:
    last = await order(shelf, (SHIKANJI, 20))
    assert told(shelf, *ALERTS) == []

    await shelf.write(hear, confirmed(last))
    await shelf.write(hear, confirmed(last))

    assert told(shelf, *ALERTS) == ["OutOfStock"]


async def test_a_new_reorder_point_is_a_crossing_too(shelf: OpenDatabase) -> None:
    await reorder_at(shelf, 30)

    assert told(shelf, *ALERTS) == ["LowStockAlert"]


async def test_levels_are_edited_by_their_version(shelf: OpenDatabase) -> None:
    levels = Levels(store_id=STORE, minimum=5, maximum=100, reorder_point=10, unit_cost=2_100, batch="B7")

    saved = await shelf.write(actions.set_levels, SHIKANJI, levels, '"2"')

    assert (saved.minimum, saved.maximum, saved.unit_cost, saved.batch, saved.version) == (5, 100, 2_100, "B7", 3)
    with pytest.raises(PreconditionFailed):
        await shelf.write(actions.set_levels, SHIKANJI, levels, '"2"')
    with pytest.raises(StockNotFound):
        await shelf.write(actions.set_levels, SHIKANJI, Levels(store_id=OTHER_STORE), None)


async def test_only_head_office_prices(shelf: OpenDatabase) -> None:
    with pytest.raises(Forbidden):
        await shelf.write(actions.set_terms, STORE, SHIKANJI, Terms(listed=True, price=9_000), None, False)

    await shelf.write(actions.set_terms, STORE, SHIKANJI, Terms(listed=True, price=9_000), None, True)
    kept = await shelf.write(actions.set_terms, STORE, SHIKANJI, Terms(listed=False), None, False)

    assert (kept.listed, kept.price) == (0, 9_000)


async def test_a_store_price_covers_the_cheapest_options(shelf: OpenDatabase) -> None:
    dear = number()
    await shelf.write(
        actions.create_product, makers.draft(name="Sherbet", price=2_000, customizations=[makers.EXTRAS]), id=dear
    )

    with pytest.raises(Invalid):
        await shelf.write(actions.set_terms, STORE, dear, Terms(listed=True, price=400), None, True)


async def test_a_list_shows_the_store_and_what_is_low(shelf: OpenDatabase) -> None:
    await reorder_at(shelf, 20)
    await adjust(shelf, -20, product_id=DHOKLA)

    everything = await shelf.read(actions.list_stock, STORE, "", 10, False)
    low = await shelf.read(actions.list_stock, STORE, "", 10, True)

    assert [product.name for _, product in everything] == ["Traditional Shikanji", "Samosa", "Dhokla"]
    assert [product.name for _, product in low] == ["Traditional Shikanji", "Dhokla"]
    assert await shelf.read(actions.list_stock, OTHER_STORE, "", 10, False) == []


async def test_stock_is_known_per_store(shelf: OpenDatabase) -> None:
    await adjust(shelf, 5, store_id=OTHER_STORE)

    assert [row.on_hand for row in await shelf.read(actions.stock_of_product, SHIKANJI)] == [20, 5]
    with pytest.raises(StockNotFound):
        await shelf.read(actions.stock_of, OTHER_STORE, SAMOSA)
    with pytest.raises(ProductNotFound):
        await shelf.read(actions.stock_of_product, number())
