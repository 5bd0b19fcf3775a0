"""Members who bring new customers: rewarded once, and for orders that were paid for only."""

import asyncio
from itertools import permutations

import pytest

from shikanji.services.loyalty.actions import benefits, points
from shikanji.services.loyalty.actions.referrals import Reward, reward_referrer, take_reward_back
from shikanji.services.loyalty.errors import CouponNewOnly, CouponOwn, CouponUsedByYou
from shikanji.services.loyalty.repository import members
from tests.kit.databases import OpenDatabase
from tests.services.loyalty.makers import (
    ASHA,
    RAVI,
    balances,
    check_books,
    completed,
    confirmed,
    deliver,
    hold,
    number,
    refunded,
    start,
)

ENGINES = ["sqlite", "postgres"]


async def run_referrals(base: OpenDatabase) -> None:
    """All that were ever planned, twice."""
    work = {"referral": reward_referrer, "referral-back": take_reward_back}
    for job in [job for job in base.jobs() if job.kind in work] * 2:
        await base.write(work[job.kind], Reward(**job.payload))


async def test_whoever_brings_a_new_customer_is_rewarded_once(base: OpenDatabase) -> None:
    order = number()
    await start(base, type="referral", discount_type="fixed", value=2_000, reward_points=50)
    code = (await base.write(members.locked, RAVI)).referral_code
    await hold(base, order, coupon_code=code)
    await deliver(base, confirmed(order, benefits=True), completed(order, benefits=True))

    (job,) = [job for job in base.jobs() if job.kind == "referral"]
    for _ in range(2):
        await base.write(reward_referrer, Reward(**job.payload))

    assert (job.payload["friend_id"], balances(base, RAVI)) == (ASHA, (0, 50, 0, 0))
    with pytest.raises(CouponNewOnly):
        await hold(base, number(), coupon_code=code)
    with pytest.raises(CouponOwn):
        await hold(base, number(), coupon_code=code, customer_id=RAVI)


@pytest.mark.parametrize("spent", [0, 50])
@pytest.mark.parametrize("way", list(permutations(range(3))))
async def test_who_brought_an_order_that_was_paid_back_is_not_rewarded(
    base: OpenDatabase, way: tuple[int, ...], spent: int
) -> None:
    """In any order of its events; the points that were spent already are owed."""
    order = number()
    await start(base, type="referral", discount_type="fixed", value=2_000, reward_points=50)
    code = (await base.write(members.locked, RAVI)).referral_code
    await hold(base, order, coupon_code=code)
    events = (confirmed(order, benefits=True), completed(order, benefits=True), refunded(order, 30_000))

    for at in way:
        await deliver(base, events[at])
        await run_referrals(base)
        if spent and balances(base, RAVI)[1] == 50:
            await base.write(points.redeem_points, RAVI, spent, "a mug", "head office")
    await run_referrals(base)

    paid_out = way.index(1) < way.index(2)
    assert balances(base, RAVI) == (0, 0, 0, spent if paid_out else 0)
    check_books(base)


async def test_a_part_that_was_paid_back_leaves_the_reward(base: OpenDatabase) -> None:
    order = number()
    await start(base, type="referral", discount_type="fixed", value=2_000, reward_points=50)
    code = (await base.write(members.locked, RAVI)).referral_code
    await hold(base, order, coupon_code=code)

    await deliver(base, confirmed(order, benefits=True), completed(order, benefits=True), refunded(order, 29_999))
    await run_referrals(base)

    assert balances(base, RAVI) == (0, 50, 0, 0)


async def test_a_new_customer_is_brought_once_however_many_orders_wait(base: OpenDatabase) -> None:
    """Limits of the campaign's own do not change that."""
    await start(base, type="referral", discount_type="fixed", value=2_000, usage_limit_per_customer=5)
    code = (await base.write(members.locked, RAVI)).referral_code
    first = number()
    await hold(base, first, coupon_code=code)

    with pytest.raises(CouponUsedByYou):
        await hold(base, number(), coupon_code=code)
    await base.write(benefits.release_benefits, first, 1)
    together = [hold(base, number(), coupon_code=code) for _ in range(3)]
    done = await asyncio.gather(*together, return_exceptions=True)

    assert [each for each in done if not isinstance(each, Exception)] != []
    assert sum(isinstance(each, CouponUsedByYou) for each in done) == 2
    check_books(base)
