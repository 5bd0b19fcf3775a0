"""Benefits are held like stock: all or nothing, once under each order, and no limit is ever passed."""

import asyncio
from typing import Any

import pytest

from shikanji.kit.clock import HOUR
from shikanji.kit.errors import Problem
from shikanji.services.loyalty.actions import benefits, campaigns
from shikanji.services.loyalty.errors import (
    BenefitsGone,
    CouponUnknown,
    CouponUsedByYou,
    CouponUsedUp,
    InsufficientPoints,
    LimitBelowUse,
    TooManyGuesses,
)
from tests.kit.databases import OpenDatabase
from tests.services.loyalty.makers import (
    RAVI,
    balances,
    cancelled,
    check_books,
    completed,
    confirmed,
    created,
    deliver,
    draft,
    give,
    hold,
    line,
    number,
    start,
    told,
)

ENGINES = ["sqlite", "postgres"]


def used(base: OpenDatabase) -> list[int]:
    return [row[0] for row in base.query("SELECT used FROM campaigns ORDER BY id")]


async def at_once(*work: Any) -> list[Any]:
    return list(await asyncio.gather(*work, return_exceptions=True))


async def test_an_order_that_brings_nothing_leaves_no_trace(base: OpenDatabase) -> None:
    held = await hold(base, number())

    assert (held.held, held.discounts) == (False, {})
    assert base.query("SELECT * FROM benefit_holds") == []


async def test_asking_twice_takes_once_and_answers_alike(base: OpenDatabase) -> None:
    order = number()
    await start(base)
    await give(base, 40)

    first = await hold(base, order, coupon_code="DIWALI", redeem_points=30)
    again = await hold(base, order, coupon_code="DIWALI", redeem_points=30)

    assert first == again
    assert (balances(base), used(base)) == ((0, 10, 30, 0), [1])
    check_books(base)


async def test_an_answer_is_kept_until_its_hold_ends(base: OpenDatabase) -> None:
    spent, moved, released = number(), number(), number()
    await give(base, 90)
    for order in (spent, moved, released):
        await hold(base, order, redeem_points=30)

    await deliver(base, created(spent, benefits=True), confirmed(spent, benefits=True))
    await base.write(benefits.retake_benefits, moved, 2)
    await base.write(benefits.release_benefits, released, 1)

    kept = base.query("SELECT order_id, attempt FROM benefit_holds WHERE length(answer) > 0")
    assert [tuple(row) for row in kept] == [(moved, 2)]
    with pytest.raises(BenefitsGone):
        await hold(base, spent, redeem_points=30)
    assert (await base.write(benefits.retake_benefits, spent, 1)).held
    check_books(base)


async def test_a_refusal_takes_nothing(base: OpenDatabase) -> None:
    await start(base)
    await give(base, 10)

    with pytest.raises(InsufficientPoints):
        await hold(base, number(), coupon_code="DIWALI", redeem_points=11)

    assert (balances(base), used(base)) == ((0, 10, 0, 0), [0])
    check_books(base)


async def test_what_is_released_is_free_again_and_stays_so(base: OpenDatabase) -> None:
    order = number()
    await start(base)
    await give(base, 40)
    await hold(base, order, coupon_code="DIWALI", redeem_points=30)

    for _ in range(2):
        assert await base.write(benefits.release_benefits, order, 1)

    assert (balances(base), used(base)) == ((0, 40, 0, 0), [0])
    with pytest.raises(BenefitsGone):
        await hold(base, order, coupon_code="DIWALI", redeem_points=30)
    check_books(base)


async def test_a_release_that_comes_first_leaves_a_tombstone(base: OpenDatabase) -> None:
    order = number()
    await give(base, 40)

    await base.write(benefits.release_benefits, order, 1)

    with pytest.raises(BenefitsGone):
        await hold(base, order, redeem_points=30)
    assert balances(base) == (0, 40, 0, 0)


async def test_what_an_order_has_is_not_released(base: OpenDatabase) -> None:
    order = number()
    await give(base, 40)
    await hold(base, order, redeem_points=30)
    await deliver(base, created(order, benefits=True))

    assert not await base.write(benefits.release_benefits, order, 1)
    await base.write(benefits.lapse, order, 1)

    assert balances(base) == (0, 10, 30, 0)


async def test_a_limit_in_all_is_never_passed(base: OpenDatabase) -> None:
    await start(base, usage_limit=3)

    done = await at_once(*(hold(base, number(), coupon_code="DIWALI", customer_id=number()) for _ in range(8)))

    refused = [each for each in done if isinstance(each, Exception)]
    assert (len(refused), {type(each) for each in refused}, used(base)) == (5, {CouponUsedUp}, [3])
    check_books(base)


async def test_a_limit_per_customer_is_never_passed(base: OpenDatabase) -> None:
    await start(base, usage_limit_per_customer=1)

    done = await at_once(*(hold(base, number(), coupon_code="DIWALI") for _ in range(4)))

    refused = [each for each in done if isinstance(each, Exception)]
    assert ({type(each) for each in refused}, len(refused), used(base)) == ({CouponUsedByYou}, 3, [1])
    assert (await hold(base, number(), coupon_code="DIWALI", customer_id=RAVI)).held
    check_books(base)


async def test_points_are_never_held_twice(base: OpenDatabase) -> None:
    await give(base, 40)

    done = await at_once(*(hold(base, number(), redeem_points=30) for _ in range(4)))

    assert sum(1 for each in done if isinstance(each, InsufficientPoints)) == 3
    assert balances(base) == (0, 10, 30, 0)
    check_books(base)


async def test_a_use_that_was_cancelled_counts_no_more(base: OpenDatabase) -> None:
    order = number()
    await start(base, usage_limit=1)
    await hold(base, order, coupon_code="DIWALI")
    await deliver(base, created(order, benefits=True), confirmed(order, benefits=True))
    assert [each["couponCode"] for each in told(base, "CampaignApplied")] == ["DIWALI"]

    for _ in range(2):
        await deliver(base, cancelled(order))

    assert used(base) == [0]
    check_books(base)


async def test_a_campaign_without_a_code_applies_by_itself(base: OpenDatabase) -> None:
    await start(base, automatic=True, minimum_order=5_000)

    small = await hold(base, number(), lines=[line(4_999)])
    large = await hold(base, number(), lines=[line(10_000)])

    assert (small.held, sum(large.discounts.values())) == (False, 1_000)
    assert [(each.code, each.discount) for each in large.campaigns] == [(None, 1_000)]


async def test_one_that_is_used_up_applies_no_more_and_refuses_nobody(base: OpenDatabase) -> None:
    await start(base, automatic=True, usage_limit=1)
    await hold(base, number())

    assert not (await hold(base, number())).held


async def test_a_bonus_is_granted_with_the_order(base: OpenDatabase) -> None:
    order = number()
    await start(base, type="loyalty_bonus", discount_type="percentage", value=100, code="DOUBLE")
    await hold(base, order, coupon_code="DOUBLE")

    await deliver(base, confirmed(order, benefits=True), completed(order, benefits=True))

    assert balances(base) == (0, 50, 0, 0)
    assert [each["earnedFor"] for each in told(base, "PointsEarned")] == ["order", "campaign"]
    check_books(base)


@pytest.mark.parametrize("gone", [False, True])
async def test_a_coming_back_order_has_what_it_had(base: OpenDatabase, gone: bool) -> None:
    order = number()
    await start(base, usage_limit=1)
    await give(base, 40)
    await hold(base, order, coupon_code="DIWALI", redeem_points=30)
    await deliver(base, created(order, benefits=True), *([cancelled(order, previous="pending")] if gone else []))

    for _ in range(2):
        assert (await base.write(benefits.retake_benefits, order, 2)).held
    await deliver(base, cancelled(order, previous="pending"), confirmed(order, 2, benefits=True))

    assert (balances(base), used(base)) == ((25, 10, 0, 0), [1])
    check_books(base)


async def test_a_coming_back_order_is_refused_where_others_were_faster(base: OpenDatabase) -> None:
    order = number()
    await start(base, usage_limit=1)
    await hold(base, order, coupon_code="DIWALI")
    await deliver(base, created(order, benefits=True), cancelled(order, previous="pending"))
    await hold(base, number(), coupon_code="DIWALI", customer_id=RAVI)

    with pytest.raises(CouponUsedUp):
        await base.write(benefits.retake_benefits, order, 2)

    check_books(base)


async def test_a_limit_does_not_fall_below_what_was_used(base: OpenDatabase) -> None:
    made = await start(base)
    for _ in range(2):
        await hold(base, number(), coupon_code="DIWALI")

    for fields in ({"usage_limit": 1}, {"usage_limit_per_customer": 1}):
        with pytest.raises(LimitBelowUse):
            await base.write(campaigns.update_campaign, made.id, draft(**fields), None)
    await base.write(campaigns.update_campaign, made.id, draft(usage_limit=2), None)

    with pytest.raises(CouponUsedUp):
        await hold(base, number(), coupon_code="DIWALI")


async def test_guessing_codes_ends_after_some_and_begins_again_in_the_next_hour(base: OpenDatabase) -> None:
    await start(base)
    for _ in range(20):
        with pytest.raises(CouponUnknown):
            await hold(base, number(), coupon_code="NO-SUCH")

    for code in ("NO-SUCH", "DIWALI"):
        with pytest.raises(TooManyGuesses):
            await hold(base, number(), coupon_code=code)
    assert (await hold(base, number(), coupon_code="DIWALI", customer_id=RAVI)).held
    base.clock.advance(HOUR)
    with pytest.raises(CouponUnknown):
        await hold(base, number(), coupon_code="NO-SUCH")

    assert base.query("SELECT count FROM coupon_guesses") == [(1,)]
    assert (await hold(base, number(), coupon_code="DIWALI")).held


async def test_an_unknown_code_is_refused(base: OpenDatabase) -> None:
    with pytest.raises(CouponUnknown) as refused:
        await hold(base, number(), coupon_code="NO-SUCH")

    assert isinstance(refused.value, Problem)
