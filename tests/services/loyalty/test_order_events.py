"""What an order's events do to its customer's points: right in any order, and however often they come."""

from itertools import permutations

import pytest

from shikanji.kit.clock import DAY
from shikanji.kit.events import Event
from shikanji.services.loyalty.actions import benefits, points
from tests.kit.databases import OpenDatabase
from tests.services.loyalty.makers import (
    ASHA,
    RAVI,
    balances,
    cancelled,
    check_books,
    completed,
    confirmed,
    created,
    deliver,
    give,
    hear,
    hold,
    number,
    refunded,
    told,
)

ENGINES = ["sqlite", "postgres"]


async def deliver_all_ways_once(base: OpenDatabase, events: tuple[Event, ...]) -> None:
    """Each one twice, and then all of them again."""
    for event in (*events, *events):
        await deliver(base, event, event)


async def test_an_order_earns_a_point_for_ten_rupees_of_goods_when_it_is_completed(base: OpenDatabase) -> None:
    order = number()

    await deliver(base, created(order), confirmed(order, goods=25_999))
    assert balances(base) == (25, 0, 0, 0)
    await deliver(base, completed(order, goods=25_999))

    assert balances(base) == (0, 25, 0, 0)
    assert [(each["points"], each["balance"], each["orderId"]) for each in told(base, "PointsEarned")] == [
        (25, 25, order)
    ]
    check_books(base)


async def test_orders_that_come_together_earn_what_each_earns_alone(base: OpenDatabase) -> None:
    """Two of one member, one of a stranger, and one that was completed before."""
    orders = [number() for _ in range(4)]
    await deliver(base, completed(orders[3]))
    batch = [confirmed(orders[0]), confirmed(orders[1]), confirmed(orders[2], customer_id=RAVI), confirmed(orders[3])]

    for _ in range(2):
        await base.write(hear, *batch)

    assert (balances(base), balances(base, RAVI)) == ((50, 25, 0, 0), (25, 0, 0, 0))
    assert base.query("SELECT ordered FROM members ORDER BY ordered") == [(1,), (3,)]
    check_books(base)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_an_order_that_is_completed_earns_once_in_any_order(base: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    events = (confirmed(order), completed(order), refunded(order, 15_000))

    await deliver_all_ways_once(base, tuple(events[at] for at in way))

    assert balances(base) == (0, 12, 0, 0)
    check_books(base)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_a_cancelled_order_earns_nothing_and_gives_all_back(base: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await give(base, 40)
    await hold(base, order, redeem_points=30)
    events = (created(order, benefits=True), confirmed(order, benefits=True), cancelled(order))

    await deliver_all_ways_once(base, tuple(events[at] for at in way))

    assert balances(base) == (0, 40, 0, 0)
    check_books(base)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_late_money_brings_points_and_benefits_back(base: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await give(base, 40)
    await hold(base, order, redeem_points=30)
    await base.write(benefits.retake_benefits, order, 2)
    events = (
        created(order, benefits=True),
        cancelled(order, previous="pending"),
        confirmed(order, attempt=2, benefits=True),
    )

    await deliver_all_ways_once(base, tuple(events[at] for at in way))

    assert balances(base) == (25, 10, 0, 0)
    assert [each["points"] for each in told(base, "PointsRedeemed")] == [30]
    check_books(base)


async def test_points_that_an_order_paid_with_are_gone_when_it_is_confirmed(base: OpenDatabase) -> None:
    order = number()
    await give(base, 40)

    held = await hold(base, order, redeem_points=30)
    assert (held.points_discount, balances(base)) == (3_000, (0, 10, 30, 0))
    await deliver(base, created(order, benefits=True), confirmed(order, benefits=True))

    assert balances(base) == (25, 10, 0, 0)
    assert [(each["points"], each["orderId"]) for each in told(base, "PointsRedeemed")] == [(30, order)]
    check_books(base)


async def test_refunds_reverse_in_proportion_and_bring_redeemed_points_back(base: OpenDatabase) -> None:
    order = number()
    await give(base, 40)
    await hold(base, order, redeem_points=30)
    await deliver(base, confirmed(order, benefits=True), completed(order, benefits=True))
    assert balances(base) == (0, 35, 0, 0)

    await deliver(base, refunded(order, 10_000))
    assert balances(base) == (0, 35 - (25 - 16) + 10, 0, 0)
    await deliver(base, refunded(order, 20_000))

    assert balances(base) == (0, 40, 0, 0)
    check_books(base)


@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_a_refund_brings_redeemed_points_back_in_any_order(base: OpenDatabase, way: tuple[int, ...]) -> None:
    order = number()
    await give(base, 40)
    await hold(base, order, redeem_points=30)
    events = (confirmed(order, benefits=True), completed(order, benefits=True), refunded(order, 10_000))

    await deliver_all_ways_once(base, tuple(events[at] for at in way))

    assert balances(base) == (0, 10 + 16 + 10, 0, 0)
    check_books(base)


async def test_money_that_was_paid_twice_takes_no_points_away(base: OpenDatabase) -> None:
    order = number()
    await deliver(base, confirmed(order), completed(order), refunded(order, 30_000, cause="excess"))

    assert balances(base) == (0, 25, 0, 0)


async def test_points_that_were_spent_are_owed_when_their_order_is_paid_back(base: OpenDatabase) -> None:
    order, next_order = number(), number()
    await deliver(base, confirmed(order), completed(order))
    await base.write(points.redeem_points, ASHA, 20, "a mug", "head office")

    await deliver(base, refunded(order, 30_000))
    assert balances(base) == (0, 0, 0, 20)
    await deliver(base, confirmed(next_order, goods=30_000), completed(next_order, goods=30_000))

    assert balances(base) == (0, 10, 0, 0)
    check_books(base)


async def test_a_tier_is_reached_by_what_was_earned_in_a_year_and_earns_more(base: OpenDatabase) -> None:
    order, next_order = number(), number()
    await deliver(base, confirmed(order, goods=1_000_000), completed(order, goods=1_000_000))

    upgraded = told(base, "TierUpgraded")
    assert [(each["old"], each["new"], each["earned"]) for each in upgraded] == [("bronze", "silver", 1_000)]
    await deliver(base, confirmed(next_order, goods=25_999))

    assert balances(base) == (31, 1_000, 0, 0)


async def test_a_tier_is_lost_when_its_points_are_a_year_old(base: OpenDatabase) -> None:
    order = number()
    await deliver(base, confirmed(order, goods=1_000_000), completed(order, goods=1_000_000))

    base.clock.advance(366 * DAY)
    await base.write(points.review_tier_of, ASHA)

    history = base.query("SELECT old, new, earned FROM tier_history ORDER BY id")
    assert [tuple(each) for each in history] == [("bronze", "silver", 1_000), ("silver", "bronze", 0)]


async def test_points_are_over_after_twelve_months(base: OpenDatabase) -> None:
    await give(base, 25)

    base.clock.advance(364 * DAY)
    await base.write(points.expire_points, ASHA)
    assert balances(base) == (0, 25, 0, 0)
    base.clock.advance(2 * DAY)
    for _ in range(2):
        await base.write(points.expire_points, ASHA)

    assert balances(base) == (0, 0, 0, 0)
    assert [row[0] for row in base.query("SELECT kind FROM loyalty_transactions ORDER BY number")] == ["earn", "expire"]
    check_books(base)


async def test_a_birthday_comes_once_a_year(base: OpenDatabase) -> None:
    for year in (2026, 2026, 2027):
        await base.write(points.give_birthday_points, ASHA, year)

    assert balances(base) == (0, 200, 0, 0)
    assert {each["earnedFor"] for each in told(base, "PointsEarned")} == {"birthday"}
