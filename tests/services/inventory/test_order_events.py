"""What an order's events do to its holds: right in any order, and however often they come."""

from collections.abc import Callable
from itertools import permutations

import pytest

from shikanji.contracts.order import OrderCancelled, OrderConfirmed, OrderCreated
from shikanji.kit.events import Event
from shikanji.services.inventory import actions
from shikanji.services.inventory.actions.stock import Adjustment
from shikanji.services.inventory.model.holds import NO_LINES
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import check_books, counts, state_of, told
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

HANDLERS: dict[type[Event], Callable[..., None]] = {
    OrderCreated: actions.order_created,
    OrderConfirmed: actions.order_confirmed,
    OrderCancelled: actions.order_cancelled,
}
BASKET = ((SHIKANJI, 2), (SAMOSA, 1))


async def take(base: OpenDatabase, order_id: str, attempt: int = 1) -> None:
    await base.write(actions.hold_stock, hold(order_id, *BASKET, attempt=attempt), None)


async def deliver(base: OpenDatabase, *events: Event) -> None:
    for event in events:
        await base.write(HANDLERS[type(event)], event)


async def deliver_all_ways_once(base: OpenDatabase, events: tuple[Event, ...]) -> None:
    """Each one twice, and then all of them again."""
    for event in (*events, *events):
        await deliver(base, event, event)


async def empty_the_shelf(base: OpenDatabase, product_id: str = SHIKANJI) -> None:
    await base.write(
        actions.adjust_stock,
        Adjustment(store_id=STORE, product_id=product_id, delta=-20, reason="spoilt", by="manager"),
    )


async def test_a_confirmed_order_sells_what_it_held(shop: OpenDatabase) -> None:
    order = number()
    await take(shop, order)

    await deliver(shop, created(order, *BASKET))
    assert (state_of(shop, order), counts(shop, SHIKANJI)) == ("tied", (20, 2))
    await deliver(shop, confirmed(order))

    assert (state_of(shop, order), counts(shop, SHIKANJI), counts(shop, SAMOSA)) == ("sold", (18, 0), (19, 0))
    sales = [event for event in shop.events() if event.type == "StockAdjusted" and event.data["kind"] == "sale"]
    assert sorted((event.data["productId"], event.data["delta"], event.data["orderId"]) for event in sales) == [
        (SHIKANJI, -2, order),
        (SAMOSA, -1, order),
    ]
    check_books(shop)


@pytest.mark.parametrize("way", list(permutations(range(2))))
async def test_created_and_confirmed_sell_once_in_any_order(shop: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shop, order)
    events = (created(order, *BASKET), confirmed(order))

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (state_of(shop, order), counts(shop, SHIKANJI)) == ("sold", (18, 0))
    check_books(shop)


@pytest.mark.parametrize("way", list(permutations(range(2))))
async def test_created_and_cancelled_free_in_any_order(shop: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shop, order)
    events = (created(order, *BASKET), cancelled(order, *BASKET))

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (state_of(shop, order), counts(shop, SHIKANJI)) == ("cancelled", (20, 0))
    assert told(shop, "StockUnavailable") == []
    check_books(shop)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_a_confirmed_order_that_is_cancelled_gives_all_back(shop: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shop, order)
    events = (created(order, *BASKET), confirmed(order), cancelled(order, *BASKET, previous="confirmed"))

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (state_of(shop, order), counts(shop, SHIKANJI), counts(shop, SAMOSA)) == ("returned", (20, 0), (20, 0))
    check_books(shop)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_later_only_marked_lines_go_back(shop: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shop, order)
    events = (created(order, *BASKET), confirmed(order), cancelled(order, (SAMOSA, 1), previous="ready"))

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (counts(shop, SHIKANJI), counts(shop, SAMOSA)) == ((18, 0), (20, 0))
    check_books(shop)


async def test_never_more_goes_back_than_was_sold(shop: OpenDatabase) -> None:
    order = number()
    await take(shop, order)

    await deliver(shop, confirmed(order), cancelled(order, (SHIKANJI, 9), (DHOKLA, 4), previous="confirmed"))

    assert (counts(shop, SHIKANJI), counts(shop, DHOKLA)) == ((20, 0), (20, 0))


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_late_money_revives_under_the_next_attempt(shop: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shop, order)
    await take(shop, order, attempt=2)
    events = (created(order, *BASKET), cancelled(order, *BASKET), confirmed(order, attempt=2))

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (state_of(shop, order, 1), state_of(shop, order, 2)) == ("cancelled", "sold")
    assert counts(shop, SHIKANJI) == (18, 0)
    check_books(shop)


@pytest.mark.parametrize("way", list(permutations(range(4))))
async def test_a_revived_order_that_is_cancelled_gives_all_back(shop: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shop, order)
    await take(shop, order, attempt=2)
    events = (
        created(order, *BASKET),
        cancelled(order, *BASKET),
        confirmed(order, attempt=2),
        cancelled(order, *BASKET, previous="confirmed", attempt=2),
    )

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (state_of(shop, order, 1), state_of(shop, order, 2)) == ("cancelled", "returned")
    assert counts(shop, SHIKANJI) == (20, 0)
    check_books(shop)


@pytest.mark.parametrize("way", list(permutations(range(2))))
@pytest.mark.parametrize("gone", ["lapsed", "released before it came", "never asked for"])
async def test_a_hold_that_is_gone_is_taken_again(shop: OpenDatabase, way: tuple[int, ...], gone: str) -> None:
    order = number()
    if gone == "lapsed":
        await take(shop, order)
    if gone != "never asked for":
        await shop.write(actions.release_hold, order, 1)
    events = (created(order, *BASKET), confirmed(order))

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (state_of(shop, order), counts(shop, SHIKANJI)) == ("sold", (18, 0))
    assert told(shop, "StockUnavailable") == []
    check_books(shop)


@pytest.mark.parametrize("way", list(permutations(range(2))))
async def test_without_stock_the_order_is_told_once(shop: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await empty_the_shelf(shop)
    events = (created(order, *BASKET), confirmed(order))

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (state_of(shop, order), counts(shop, SAMOSA)) == ("broken", (20, 0))
    unavailable = [event for event in shop.events() if event.type == "StockUnavailable"]
    assert [event.data["productIds"] for event in unavailable] == [[SHIKANJI]]
    check_books(shop)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_an_order_cancelled_for_want_of_stock_gives_nothing_back(
    shop: OpenDatabase, way: tuple[int, ...]
) -> None:
    order = number()
    await empty_the_shelf(shop)
    events = (created(order, *BASKET), confirmed(order), cancelled(order, *BASKET, previous="confirmed"))

    await deliver_all_ways_once(shop, tuple(events[at] for at in way))

    assert (counts(shop, SHIKANJI), counts(shop, SAMOSA)) == ((0, 0), (20, 0))
    check_books(shop)


async def test_a_confirmation_that_comes_before_everything_waits_for_the_lines(shop: OpenDatabase) -> None:
    order = number()

    await deliver(shop, confirmed(order), confirmed(order))
    assert state_of(shop, order) == "awaited"
    await deliver(shop, created(order, *BASKET))

    assert (state_of(shop, order), counts(shop, SHIKANJI)) == ("sold", (18, 0))
    check_books(shop)


async def test_a_revived_order_whose_hold_is_gone_takes_what_it_held_before(shop: OpenDatabase) -> None:
    order = number()
    await take(shop, order)

    await deliver(shop, created(order, *BASKET), cancelled(order, *BASKET), confirmed(order, attempt=2))

    assert (state_of(shop, order, 2), counts(shop, SHIKANJI)) == ("sold", (18, 0))
    check_books(shop)


async def test_a_product_that_left_the_store_is_out_of_stock(shop: OpenDatabase) -> None:
    order = number()
    elsewhere = number()

    await deliver(shop, created(order, (elsewhere, 1), (SHIKANJI, 1)))

    assert state_of(shop, order) == "broken"
    assert shop.events()[-1].data["productIds"] == [elsewhere]
    assert counts(shop, SHIKANJI) == (20, 0)


async def test_a_tombstone_has_no_lines(shop: OpenDatabase) -> None:
    order = number()

    await deliver(shop, cancelled(order, *BASKET))

    assert shop.query("SELECT state, lines FROM holds WHERE order_id = ?", order) == [("cancelled", NO_LINES)]
