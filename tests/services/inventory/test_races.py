"""What happens at the same moment, on both engines: the books add up whoever is first."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from shikanji.kit.errors import Conflict, Problem
from shikanji.services.inventory import actions
from shikanji.services.inventory.actions.stock import Adjustment
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import check_books, counts, hear, state_of
from tests.services.inventory.makers import (
    DHOKLA,
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
BASKET = ((SHIKANJI, 1), (SAMOSA, 1))


async def taken(base: OpenDatabase, order_id: str, *basket: tuple[str, int]) -> bool:
    try:
        await base.write(actions.hold_stock, hold(order_id, *(basket or BASKET), customer_id=number()), None)
    except Conflict:
        return False
    return True


async def at_once(*work: Awaitable[Any]) -> list[Any]:
    return list(await asyncio.gather(*work))


async def count(base: OpenDatabase, product_id: str, delta: int) -> None:
    wanted = Adjustment(store_id=STORE, product_id=product_id, delta=delta, reason="counted", by="ravi")
    await base.write(actions.adjust_stock, wanted)


async def test_a_hold_and_its_release_at_once_leave_nothing_held(shelf: OpenDatabase) -> None:
    for _ in range(20):
        order = number()

        await at_once(taken(shelf, order), shelf.write(actions.release_hold, order, 1))

        assert state_of(shelf, order) == "released"
    assert counts(shelf, SHIKANJI) == (20, 0)
    check_books(shelf)


async def test_all_events_of_an_order_at_once_end_as_one_after_the_other(shelf: OpenDatabase) -> None:
    for _ in range(10):
        order = number()
        await taken(shelf, order)
        gone = cancelled(order, *BASKET, previous="confirmed")

        await at_once(
            *(shelf.write(hear, created(order, *BASKET)) for _ in range(2)),
            *(shelf.write(hear, confirmed(order)) for _ in range(2)),
            *(shelf.write(hear, gone) for _ in range(2)),
        )

        assert state_of(shelf, order) == "returned"
    assert counts(shelf, SHIKANJI) == (20, 0)
    check_books(shelf)


async def test_events_of_an_order_whose_hold_is_gone_at_once_take_again_once(shelf: OpenDatabase) -> None:
    for _ in range(5):
        order = number()

        await at_once(
            shelf.write(hear, created(order, *BASKET)),
            shelf.write(hear, confirmed(order)),
            shelf.write(hear, created(order, *BASKET)),
        )

        assert state_of(shelf, order) == "sold"
    assert counts(shelf, SHIKANJI) == (15, 0)
    check_books(shelf)


async def test_counting_the_shelf_while_everybody_orders_keeps_the_books(shelf: OpenDatabase) -> None:
    baskets = [((SHIKANJI, 1), (SAMOSA, 1)), ((SAMOSA, 1), (DHOKLA, 1)), ((DHOKLA, 1), (SHIKANJI, 1))]

    async def order(turn: int) -> None:
        order_id, basket = number(), baskets[turn % 3]
        if await taken(shelf, order_id, *basket):
            await shelf.write(hear, created(order_id, *basket))
            await shelf.write(hear, confirmed(order_id))

    async def recount(turn: int) -> None:
        try:
            await count(shelf, (SHIKANJI, SAMOSA, DHOKLA)[turn % 3], -3 if turn % 2 else 2)
        except Problem:
            return

    await at_once(*(order(turn) for turn in range(45)), *(recount(turn) for turn in range(15)))

    check_books(shelf)
