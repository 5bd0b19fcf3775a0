"""What two processes do to one member's points at the same moment; only PostgreSQL lets them."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from shikanji.kit.db.tx import Tx
from shikanji.services.loyalty.actions import benefits, campaigns
from shikanji.services.loyalty.actions.orders import order_cancelled
from shikanji.services.loyalty.errors import CodeTaken
from tests.kit.databases import OpenDatabase
from tests.probing import until
from tests.services.loyalty.makers import (
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

Unit = Callable[[Tx], Any]


async def one_waits_for_the_other(base: OpenDatabase, first: Unit, second: Unit) -> list[Any]:
    """Commits `first` only when `second`, begun after it, waits for its locks."""
    done, may_commit = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> Any:
        value = first(tx)
        done.set()
        assert may_commit.wait(10)
        return value

    one, other = base.direct(), base.direct()
    beginning = asyncio.create_task(asyncio.to_thread(one.write, slowly))
    await until(done.is_set, "the first is done but for its commit")
    following = asyncio.create_task(asyncio.to_thread(other.write, second))
    try:
        await until(lambda: waits(base) or following.done(), "the second waits for the first")
    finally:
        may_commit.set()
    return list(await asyncio.gather(beginning, following))


def waits(base: OpenDatabase) -> bool:
    rows = base.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    return bool(rows)


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


async def test_of_two_campaigns_that_want_one_code_at_the_same_moment_one_is_refused(base: OpenDatabase) -> None:
    holi, diwali = await start(base, code="HOLI"), await start(base, code="DIWALI")

    with pytest.raises(CodeTaken):
        await one_waits_for_the_other(
            base,
            lambda tx: campaigns.update_campaign(tx, holi.id, draft(code="MONSOON"), None),
            lambda tx: campaigns.update_campaign(tx, diwali.id, draft(code="MONSOON"), None),
        )
