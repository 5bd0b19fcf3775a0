"""Taking stock for an order: all or none, once, and never more than there is."""

import asyncio

import pytest

from shikanji.contracts.inventory import HoldStock, StockHeld, WantedLine
from shikanji.kit.clock import MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Invalid, Problem
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import HoldGone, InsufficientStock, ProductNotAvailable, TooManyHolds
from shikanji.services.inventory.model.stock import Terms
from tests.kit.databases import OpenDatabase
from tests.services.inventory import makers
from tests.services.inventory.books import check_books, counts, hear, state_of
from tests.services.inventory.makers import DHOKLA, SAMOSA, SHIKANJI, STORE, created, draft, hold, number

ENGINES = ["sqlite", "postgres"]


async def take(base: OpenDatabase, call: HoldStock, open_holds_max: int | None = None) -> StockHeld:
    return await base.write(actions.hold_stock, call, open_holds_max)


async def refused(base: OpenDatabase, kind: type[Problem], call: HoldStock) -> Problem:
    with pytest.raises(kind) as refusal:
        await take(base, call)
    return refusal.value


async def test_a_hold_answers_prices_and_takes_the_stock(shelf: OpenDatabase) -> None:
    order = number()

    held = await take(shelf, hold(order, (SHIKANJI, 2), (SAMOSA, 1)))

    assert [(line.name, line.quantity, line.unit_price, line.hsn) for line in held.lines] == [
        ("Traditional Shikanji", 2, 8_000, "996331"),
        ("Samosa", 1, 8_000, "996331"),
    ]
    assert (held.fee_tax.tax_class, held.fee_tax.rate_bp, held.fee_tax.hsn) == ("delivery", 500, "996813")
    assert held.expires_at == makers.NOON + 20 * MINUTE
    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA), counts(shelf, DHOKLA)) == ((20, 2), (20, 1), (20, 0))
    assert state_of(shelf, order) == "active"
    check_books(shelf)


async def test_asked_again_it_takes_nothing_more_and_says_the_same(shelf: OpenDatabase) -> None:
    call = hold(number(), (SHIKANJI, 2))
    first = await take(shelf, call)

    def dearer_now(tx: Tx) -> None:
        before = actions.get_product(tx, SHIKANJI, None)[0]
        actions.change_product(tx, SHIKANJI, draft(sku=before.sku, price=9_900, available=False), None)

    await shelf.write(dearer_now)

    assert await take(shelf, call) == first
    assert counts(shelf, SHIKANJI) == (20, 2)


async def test_the_same_product_on_two_lines_is_taken_together(shelf: OpenDatabase) -> None:
    await take(shelf, hold(number(), (SHIKANJI, 12), (SHIKANJI, 8)))
    refusal = await refused(shelf, InsufficientStock, hold(number(), (SHIKANJI, 1)))

    assert counts(shelf, SHIKANJI) == (20, 20)
    assert refusal.errors[0].message == "only 0 of Traditional Shikanji left"


async def test_all_lines_or_none(shelf: OpenDatabase) -> None:
    order = number()

    refusal = await refused(shelf, InsufficientStock, hold(order, (SHIKANJI, 5), (SAMOSA, 21), (DHOKLA, 99)))

    assert [error.field for error in refusal.errors] == ["items[1].quantity", "items[2].quantity"]
    assert refusal.status == 409
    assert counts(shelf, SHIKANJI) == (20, 0)
    assert state_of(shelf, order) is None


async def test_wrong_options_take_nothing(shelf: OpenDatabase) -> None:
    line = WantedLine(line_id=number(), product_id=SHIKANJI, quantity=1, options=[number()])

    refusal = await refused(shelf, Invalid, hold(number(), lines=[line]))

    assert refusal.errors[0].field == "items[0].options"
    assert counts(shelf, SHIKANJI) == (20, 0)


@pytest.mark.parametrize("product_id", ["0190d000-0000-7000-8000-00000000000f", SHIKANJI])
async def test_another_store_has_its_own_card(shelf: OpenDatabase, product_id: str) -> None:
    refusal = await refused(shelf, ProductNotAvailable, hold(number(), (product_id, 1), store_id=makers.OTHER_STORE))

    assert (refusal.status, refusal.type) == (422, "product-not-available")


async def test_a_product_taken_off_the_card_cannot_be_held(shelf: OpenDatabase) -> None:
    await shelf.write(actions.set_terms, STORE, SHIKANJI, Terms(listed=False), None, False)

    await refused(shelf, ProductNotAvailable, hold(number(), (SHIKANJI, 1)))


async def test_the_store_price_is_charged(shelf: OpenDatabase) -> None:
    await shelf.write(actions.set_terms, STORE, SHIKANJI, Terms(listed=True, price=8_800), None, True)

    held = await take(shelf, hold(number(), (SHIKANJI, 1)))

    assert held.lines[0].unit_price == 8_800


async def test_an_unknown_fee_class_is_refused(shelf: OpenDatabase) -> None:
    await refused(shelf, Invalid, hold(number(), (SHIKANJI, 1), fee_tax_class="nothing"))


async def test_a_customer_may_hold_only_so_much_at_once(shelf: OpenDatabase) -> None:
    for _ in range(2):
        await take(shelf, hold(number(), (SHIKANJI, 1)), 2)

    with pytest.raises(TooManyHolds):
        await take(shelf, hold(number(), (SHIKANJI, 1)), 2)
    await take(shelf, hold(number(), (SHIKANJI, 1), customer_id=number()), 2)
    await take(shelf, hold(number(), (SHIKANJI, 1)), None)

    assert counts(shelf, SHIKANJI) == (20, 4)


async def test_repeating_a_hold_does_not_count_against_the_cap(shelf: OpenDatabase) -> None:
    call = hold(number(), (SHIKANJI, 1))

    assert await take(shelf, call, 1) == await take(shelf, call, 1)


async def test_releasing_gives_back_and_a_late_repeat_is_refused(shelf: OpenDatabase) -> None:
    call = hold(number(), (SHIKANJI, 2), (SAMOSA, 3))
    await take(shelf, call)

    assert await shelf.write(actions.release_hold, call.order_id, 1)
    assert await shelf.write(actions.release_hold, call.order_id, 1)

    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ((20, 0), (20, 0))
    await refused(shelf, HoldGone, call)
    check_books(shelf)


async def test_a_release_that_comes_first_makes_the_hold_a_refusal(shelf: OpenDatabase) -> None:
    call = hold(number(), (SHIKANJI, 2))

    assert await shelf.write(actions.release_hold, call.order_id, 1)

    refusal = await refused(shelf, HoldGone, call)
    assert (refusal.status, refusal.type) == (409, "hold-released")
    assert counts(shelf, SHIKANJI) == (20, 0)


async def test_a_tied_hold_cannot_be_released(shelf: OpenDatabase) -> None:
    call = hold(number(), (SHIKANJI, 2))
    await take(shelf, call)
    await shelf.write(hear, created(call.order_id, (SHIKANJI, 2)))

    assert not await shelf.write(actions.release_hold, call.order_id, 1)

    assert (counts(shelf, SHIKANJI), state_of(shelf, call.order_id)) == ((20, 2), "tied")


async def test_each_attempt_has_its_own_hold(shelf: OpenDatabase) -> None:
    order = number()

    await take(shelf, hold(order, (SHIKANJI, 2)))
    await take(shelf, hold(order, (SHIKANJI, 2), attempt=2))
    await shelf.write(actions.release_hold, order, 1)

    assert counts(shelf, SHIKANJI) == (20, 2)
    check_books(shelf)


async def test_two_hundred_customers_get_exactly_the_last_twenty(shelf: OpenDatabase) -> None:
    async def try_one() -> bool:
        try:
            await take(shelf, hold(number(), (SHIKANJI, 1), customer_id=number()))
        except InsufficientStock:
            return False
        return True

    served = await asyncio.gather(*(try_one() for _ in range(200)))

    assert sum(served) == 20
    assert counts(shelf, SHIKANJI) == (20, 20)
    check_books(shelf)


async def test_one_question_asked_a_hundred_times_at_once_takes_once(shelf: OpenDatabase) -> None:
    call = hold(number(), (SHIKANJI, 1), (SAMOSA, 2))

    answers = await asyncio.gather(*(take(shelf, call, 3) for _ in range(100)))

    assert all(answer == answers[0] for answer in answers)
    assert (counts(shelf, SHIKANJI), counts(shelf, SAMOSA)) == ((20, 1), (20, 2))


async def test_takers_of_many_products_at_once_never_oversell(base: OpenDatabase) -> None:
    await base.write(makers.open_shop, 30)
    baskets = [(SHIKANJI, SAMOSA), (SAMOSA, DHOKLA), (DHOKLA, SHIKANJI)]

    async def try_one(turn: int) -> bool:
        one, other = baskets[turn % 3]
        try:
            await take(base, hold(number(), (one, 1), (other, 1), customer_id=number()))
        except InsufficientStock:
            return False
        return True

    served = sum(await asyncio.gather(*(try_one(turn) for turn in range(150))))

    assert served == sum(counts(base, each)[1] for each in (SHIKANJI, SAMOSA, DHOKLA)) // 2
    assert 43 <= served <= 45
    check_books(base)
