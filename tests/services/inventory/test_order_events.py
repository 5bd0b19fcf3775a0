"""What an order's events do to its holds: right in any order, and however often they come."""

from itertools import permutations

import pytest

from shikanji.kit.events import Event
from shikanji.services.inventory import actions
from shikanji.services.inventory.actions.stock import Adjustment
from shikanji.services.inventory.errors import HoldGone
from shikanji.services.inventory.model.holds import NO_LINES
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import check_books, counts, hear, state_of, told
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
    preparing,
)

ENGINES = ["sqlite", "postgres"]

BASKET = ((SHIKANJI, 2), (SAMOSA, 1))


async def take(base: OpenDatabase, order_id: str, attempt: int = 1) -> None:
    await base.write(actions.hold_stock, hold(order_id, *BASKET, attempt=attempt), None)


async def deliver(base: OpenDatabase, *events: Event) -> None:
    for event in events:
        await base.write(hear, event)


async def deliver_all_ways_once(base: OpenDatabase, events: tuple[Event, ...]) -> None:
    """Each one twice, and then all of them again."""
    for event in (*events, *events):
        await deliver(base, event, event)


async def adjust(base: OpenDatabase, delta: int) -> None:
    wanted = Adjustment(store_id=STORE, product_id=SHIKANJI, delta=delta, reason="counted", by="manager")
    await base.write(actions.adjust_stock, wanted)


async def empty_the_shelf(base: OpenDatabase) -> None:
    await adjust(base, -20)


@pytest.mark.parametrize("end", ["confirmed", "cancelled", "released"])
async def test_an_answer_is_kept_until_its_hold_ends(shelf: OpenDatabase, end: str) -> None:
    order, kept = number(), "SELECT length(answer) > 2 FROM holds"
    await take(shelf, order)
    assert shelf.query(kept) == [(1,)]

    match end:
        case "confirmed":
            await deliver(shelf, created(order, *BASKET), confirmed(order))
        case "cancelled":
            await deliver(shelf, created(order, *BASKET), cancelled(order, *BASKET))
        case "released":
            await shelf.write(actions.release_hold, order, 1)

    assert shelf.query(kept) == [(0,)]
    with pytest.raises(HoldGone):
        await take(shelf, order)
    assert counts(shelf, SHIKANJI)[1] == 0
    check_books(shelf)


async def test_a_confirmed_order_sells_what_it_held(shelf: OpenDatabase) -> None:
    order = number()
    await take(shelf, order)

    await deliver(shelf, created(order, *BASKET))
    assert (state_of(shelf, order), counts(shelf, SHIKANJI)) == ("tied", (20, 2))
    await deliver(shelf, confirmed(order))

    assert (state_of(shelf, order), counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ("sold", (18, 0), (19, 0))
    sales = [event for event in shelf.events() if event.type == "StockAdjusted" and event.data["kind"] == "sale"]
    assert sorted((event.data["productId"], event.data["delta"], event.data["orderId"]) for event in sales) == [
        (SHIKANJI, -2, order),
        (SAMOSA, -1, order),
    ]
    check_books(shelf)


async def test_orders_that_come_together_sell_each_stock_once_and_each_its_own(shelf: OpenDatabase) -> None:
    """One of them after its hold was given back: it takes its stock again."""
    orders = [number() for _ in range(4)]
    for order in orders:
        await take(shelf, order)
    await shelf.write(actions.release_hold, orders[2], 1)

    await shelf.write(hear, *(created(order, *BASKET) for order in orders))
    for _ in range(2):
        await shelf.write(hear, *(confirmed(order) for order in orders))

    assert [state_of(shelf, order) for order in orders] == ["sold"] * 4
    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ((12, 0), (16, 0))
    sales = shelf.query("SELECT order_id, on_hand FROM movements WHERE kind = 'sale' AND delta = -2 ORDER BY id")
    assert [on_hand for _, on_hand in sales] == [18, 16, 14, 12]
    assert sorted(order for order, _ in sales) == sorted(orders)
    told_of = [event.data for event in shelf.events() if event.type == "StockAdjusted" and event.data["kind"] == "sale"]
    assert [(data["productId"], data["delta"], data["onHand"], data["orderId"]) for data in told_of] == [
        (SHIKANJI, -8, 12, None),
        (SAMOSA, -4, 16, None),
    ]
    check_books(shelf)


@pytest.mark.parametrize("way", list(permutations(range(2))))
async def test_created_and_confirmed_sell_once_in_any_order(shelf: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shelf, order)
    events = (created(order, *BASKET), confirmed(order))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (state_of(shelf, order), counts(shelf, SHIKANJI)) == ("sold", (18, 0))
    check_books(shelf)


@pytest.mark.parametrize("way", list(permutations(range(2))))
async def test_created_and_cancelled_free_in_any_order(shelf: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shelf, order)
    events = (created(order, *BASKET), cancelled(order, *BASKET))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (state_of(shelf, order), counts(shelf, SHIKANJI)) == ("cancelled", (20, 0))
    assert told(shelf, "StockUnavailable") == []
    check_books(shelf)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_a_confirmed_order_that_is_cancelled_gives_all_back(shelf: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shelf, order)
    events = (created(order, *BASKET), confirmed(order), cancelled(order, *BASKET, previous="confirmed"))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (state_of(shelf, order), counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ("returned", (20, 0), (20, 0))
    check_books(shelf)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_later_only_marked_lines_go_back(shelf: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shelf, order)
    events = (created(order, *BASKET), confirmed(order), cancelled(order, (SAMOSA, 1), previous="ready"))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ((18, 0), (20, 0))
    check_books(shelf)


async def test_never_more_goes_back_than_was_sold(shelf: OpenDatabase) -> None:
    order = number()
    await take(shelf, order)

    await deliver(shelf, confirmed(order), cancelled(order, (SHIKANJI, 9), (DHOKLA, 4), previous="confirmed"))

    assert (counts(shelf, SHIKANJI), counts(shelf, DHOKLA)) == ((20, 0), (20, 0))


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_late_money_revives_under_the_next_attempt(shelf: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shelf, order)
    await take(shelf, order, attempt=2)
    events = (created(order, *BASKET), cancelled(order, *BASKET), confirmed(order, attempt=2))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (state_of(shelf, order, 1), state_of(shelf, order, 2)) == ("cancelled", "sold")
    assert counts(shelf, SHIKANJI) == (18, 0)
    check_books(shelf)


@pytest.mark.parametrize("way", list(permutations(range(4))))
async def test_a_revived_order_that_is_cancelled_gives_all_back(shelf: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shelf, order)
    await take(shelf, order, attempt=2)
    events = (
        created(order, *BASKET),
        cancelled(order, *BASKET),
        confirmed(order, attempt=2),
        cancelled(order, *BASKET, previous="confirmed", attempt=2),
    )

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (state_of(shelf, order, 1), state_of(shelf, order, 2)) == ("cancelled", "returned")
    assert counts(shelf, SHIKANJI) == (20, 0)
    check_books(shelf)


@pytest.mark.parametrize("way", list(permutations(range(2))))
@pytest.mark.parametrize("gone", ["lapsed", "released before it came", "never asked for"])
async def test_a_hold_that_is_gone_is_taken_again(shelf: OpenDatabase, way: tuple[int, ...], gone: str) -> None:
    order = number()
    if gone == "lapsed":
        await take(shelf, order)
    if gone != "never asked for":
        await shelf.write(actions.release_hold, order, 1)
    events = (created(order, *BASKET), confirmed(order))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (state_of(shelf, order), counts(shelf, SHIKANJI)) == ("sold", (18, 0))
    assert told(shelf, "StockUnavailable") == []
    check_books(shelf)


@pytest.mark.parametrize("way", list(permutations(range(2))))
async def test_without_stock_the_order_is_told_once(shelf: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await empty_the_shelf(shelf)
    events = (created(order, *BASKET), confirmed(order))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (state_of(shelf, order), counts(shelf, SAMOSA)) == ("broken", (20, 0))
    unavailable = [event for event in shelf.events() if event.type == "StockUnavailable"]
    assert [event.data["productIds"] for event in unavailable] == [[SHIKANJI]]
    check_books(shelf)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_an_order_cancelled_for_want_of_stock_gives_nothing_back(
    shelf: OpenDatabase, way: tuple[int, ...]
) -> None:
    order = number()
    await empty_the_shelf(shelf)
    events = (created(order, *BASKET), confirmed(order), cancelled(order, *BASKET, previous="confirmed"))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ((0, 0), (20, 0))
    check_books(shelf)


async def test_a_confirmation_that_comes_before_everything_waits_for_the_lines(shelf: OpenDatabase) -> None:
    order = number()

    await deliver(shelf, confirmed(order), confirmed(order))
    assert state_of(shelf, order) == "awaited"
    await deliver(shelf, created(order, *BASKET))

    assert (state_of(shelf, order), counts(shelf, SHIKANJI)) == ("sold", (18, 0))
    check_books(shelf)


async def test_a_revived_order_whose_hold_is_gone_takes_what_it_held_before(shelf: OpenDatabase) -> None:
    order = number()
    await take(shelf, order)

    await deliver(shelf, created(order, *BASKET), cancelled(order, *BASKET), confirmed(order, attempt=2))

    assert (state_of(shelf, order, 2), counts(shelf, SHIKANJI)) == ("sold", (18, 0))
    check_books(shelf)


async def test_a_product_that_left_the_store_is_out_of_stock(shelf: OpenDatabase) -> None:
    order = number()
    elsewhere = number()

    await deliver(shelf, created(order, (elsewhere, 1), (SHIKANJI, 1)))

    assert state_of(shelf, order) == "broken"
    assert shelf.events()[-1].data["productIds"] == [elsewhere]
    assert counts(shelf, SHIKANJI) == (20, 0)


async def test_a_tombstone_has_no_lines(shelf: OpenDatabase) -> None:
    order = number()

    await deliver(shelf, cancelled(order, *BASKET))

    assert shelf.query("SELECT state, lines FROM holds") == [("cancelled", NO_LINES)]


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_an_order_that_is_being_made_is_sold_in_any_order(shelf: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await take(shelf, order)
    events = (created(order, *BASKET), confirmed(order), preparing(order))

    await deliver_all_ways_once(shelf, tuple(events[at] for at in way))

    assert (state_of(shelf, order), counts(shelf, SHIKANJI)) == ("sold", (18, 0))
    check_books(shelf)


@pytest.mark.parametrize("restocked", [0, 20])
async def test_a_hold_that_broke_while_the_kitchen_had_begun_was_no_loss(shelf: OpenDatabase, restocked: int) -> None:
    """The order service lets an order go on that is being made: then its stock was there, whatever was counted."""
    order = number()
    await take(shelf, order)
    await deliver(shelf, created(order, *BASKET))
    await empty_the_shelf(shelf)
    if restocked:
        await adjust(shelf, restocked)

    await deliver(shelf, confirmed(order), preparing(order), preparing(order))

    assert (state_of(shelf, order), counts(shelf, SAMOSA)) == ("sold", (19, 0))
    assert counts(shelf, SHIKANJI) == (max(restocked - 2, 0), 0)
    check_books(shelf)


async def test_an_order_that_nobody_held_for_is_nothing_to_the_shelf(shelf: OpenDatabase) -> None:
    await deliver(shelf, preparing(number()))

    assert counts(shelf, SHIKANJI) == (20, 0)


async def test_a_revived_order_without_stock_is_told_under_its_attempt(shelf: OpenDatabase) -> None:
    order = number()
    await take(shelf, order)
    await deliver(shelf, created(order, *BASKET), cancelled(order, *BASKET))
    await take(shelf, order, attempt=2)
    await empty_the_shelf(shelf)

    await deliver(shelf, confirmed(order, attempt=2))

    (unavailable,) = [event for event in shelf.events() if event.type == "StockUnavailable"]
    assert (unavailable.aggregate_id, unavailable.data["attempt"]) == (order, 2)
    check_books(shelf)
