"""What a store should order again."""

import asyncio

from shikanji.kit.clock import DAY
from shikanji.services.inventory import actions
from shikanji.services.inventory.model.stock import Levels
from tests.kit.databases import OpenDatabase
from tests.services.inventory.makers import (
    SAMOSA,
    SHIKANJI,
    STORE,
)
from tests.services.inventory.purchasing import (
    confirmed_order,
    move,
    order,
    sell,
    supplier,
)

ENGINES = ["sqlite", "postgres"]


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
