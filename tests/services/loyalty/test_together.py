"""What two processes do to one member's points at the same moment; only PostgreSQL lets them."""

import pytest

from shikanji.services.loyalty import service
from shikanji.services.loyalty.actions import benefits, campaigns
from shikanji.services.loyalty.actions.orders import order_cancelled
from shikanji.services.loyalty.errors import CodeTaken, CouponUsedByYou, TooManyGuesses
from shikanji.services.loyalty.settings import LoyaltySettings
from tests.engines.postgres import PostgresServer
from tests.kit.databases import OpenDatabase, open_postgres
from tests.kit.turns import one_waits_for_the_other
from tests.services.loyalty.makers import (
    RAVI,
    balances,
    cancelled,
    check_books,
    confirmed,
    created,
    deliver,
    draft,
    give,
    hold,
    number,
    start,
    wanted,
)

ENGINES = ["postgres"]


@pytest.mark.parametrize("spent", [False, True])
async def test_points_come_back_into_their_lots_as_those_are_by_then(base: OpenDatabase, spent: bool) -> None:
    order, next_order = number(), number()
    await give(base, 40)
    await hold(base, order, redeem_points=20)
    if spent:
        await deliver(base, created(order, benefits=True), confirmed(order, goods=0, benefits=True))

    await one_waits_for_the_other(
        base,
        lambda tx: benefits.hold_benefits(tx, wanted(next_order, redeem_points=15)),
        (lambda tx: order_cancelled(tx, cancelled(order)))
        if spent
        else (lambda tx: benefits.release_benefits(tx, order, 1)),
    )

    assert balances(base) == (0, 25, 15, 0)
    check_books(base)


async def test_the_same_question_at_the_same_moment_has_one_answer(base: OpenDatabase) -> None:
    order = number()
    await start(base, usage_limit=1)
    await give(base, 40)
    call = wanted(order, coupon_code="DIWALI", redeem_points=30)

    first, second = await one_waits_for_the_other(
        base, lambda tx: benefits.hold_benefits(tx, call), lambda tx: benefits.hold_benefits(tx, call)
    )

    assert first == second
    assert balances(base) == (0, 10, 30, 0)
    check_books(base)


async def test_an_order_that_finds_a_campaign_just_used_up_goes_without_it(base: OpenDatabase) -> None:
    """Nobody asked for it: nobody is refused for it. What is next best counts instead."""
    await start(base, automatic=True, value=20, usage_limit=1)
    await start(base, automatic=True, value=10)

    first, second = await one_waits_for_the_other(
        base,
        lambda tx: benefits.hold_benefits(tx, wanted(number())),
        lambda tx: benefits.hold_benefits(tx, wanted(number(), customer_id=RAVI)),
    )

    assert [sum(each.discounts.values()) for each in (first, second)] == [2_000, 1_000]
    check_books(base)


async def test_a_limit_that_is_just_being_lowered_holds(base: OpenDatabase) -> None:
    diwali = await start(base)
    await hold(base, number(), coupon_code="DIWALI")

    with pytest.raises(CouponUsedByYou):
        await one_waits_for_the_other(
            base,
            lambda tx: campaigns.update_campaign(tx, diwali.id, draft(usage_limit_per_customer=1), None),
            lambda tx: benefits.hold_benefits(tx, wanted(number(), coupon_code="DIWALI")),
        )

    check_books(base)


async def test_guesses_at_the_same_moment_are_all_counted(postgres_server: PostgresServer) -> None:
    settings = LoyaltySettings(guesses_per_hour=1)
    async with open_postgres(service, postgres_server, settings=settings) as base:
        await give(base, 1)

        with pytest.raises(TooManyGuesses):
            await one_waits_for_the_other(
                base,
                lambda tx: benefits.hold_benefits(tx, wanted(number(), coupon_code="NO-SUCH")),
                lambda tx: benefits.hold_benefits(tx, wanted(number(), coupon_code="NOR-THIS")),
            )


async def test_of_two_campaigns_that_want_one_code_at_the_same_moment_one_is_refused(base: OpenDatabase) -> None:
    holi, diwali = await start(base, code="HOLI"), await start(base, code="DIWALI")

    with pytest.raises(CodeTaken):
        await one_waits_for_the_other(
            base,
            lambda tx: campaigns.update_campaign(tx, holi.id, draft(code="MONSOON"), None),
            lambda tx: campaigns.update_campaign(tx, diwali.id, draft(code="MONSOON"), None),
        )
