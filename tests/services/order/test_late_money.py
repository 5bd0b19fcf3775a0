"""Late money: never money without an order or an order without its money, whatever happens in between."""

from pathlib import Path
from typing import Any

import pytest

from shikanji.contracts.inventory import HoldStock
from shikanji.contracts.loyalty import BenefitsHeld, RetakeBenefits
from shikanji.contracts.store import AskServingTerms
from shikanji.kit.calls import Call
from shikanji.kit.clock import HOUR, MINUTE, SECOND
from shikanji.kit.jobs import Job
from shikanji.services.order import actions, repository
from shikanji.services.order.jobs import revive
from tests.kit.databases import NOON
from tests.services.order.makers import MANAGER, OWNER, PAYMENT, SECOND_PAYMENT, WINDOW
from tests.services.order.others import refusal, say, silence
from tests.services.order.shop import Shop, open_shop
from tests.services.order.test_subscribers import lost, paid


async def timed_out(shop: Shop, **changes: Any) -> str:
    """An order whose payment window has just ended; what it held is given back, as inventory and store do."""
    order_id = await shop.place(**changes)
    shop.database.clock.advance(WINDOW)
    await shop.run_jobs()
    assert shop.status(order_id) == ("cancelled", "payment_timeout")
    shop.others.holds.clear()
    shop.others.slots.clear()
    shop.others.released_slots.add((order_id, 1))
    shop.others.released_holds.add((order_id, 1))
    return order_id


def refunds(shop: Shop) -> list[str]:
    return [event.data["paymentId"] for event in shop.database.events() if event.type == "RefundRequested"]


async def test_in_time_and_with_stock_it_brings_the_order_back(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)

        await shop.deliver(paid(order_id))
        await shop.run_jobs()

        assert shop.status(order_id) == ("confirmed", None)
        assert (list(shop.others.holds), shop.others.slots) == ([(order_id, 2)], {(order_id, 2)})
        assert refunds(shop) == []
        confirmed = [event for event in shop.database.events() if event.type == "OrderConfirmed"]
        assert [event.data["attempt"] for event in confirmed] == [2]
        order = await shop.database.read(repository.get_order, order_id)
        assert (order.attempt, order.estimated_at) == (2, shop.room.clock.now() + 45 * MINUTE)
        assert shop.jobs() == []


async def test_an_order_that_had_benefits_takes_them_again(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.off = BenefitsHeld(held=True, discounts={"line-1": 1_600})
        order_id = await timed_out(shop, coupon_code="DIWALI")

        await shop.deliver(paid(order_id))
        await shop.run_jobs()

        assert shop.status(order_id) == ("confirmed", None)
        assert (order_id, 2) in shop.others.benefits


async def test_without_its_benefits_it_does_not_come_back_and_all_is_released(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.off = BenefitsHeld(held=True, discounts={"line-1": 1_600})
        order_id = await timed_out(shop, coupon_code="DIWALI")
        shop.others.before[RetakeBenefits] = say(refusal(409, "coupon-used-up"))

        await shop.deliver(paid(order_id))
        for _ in range(2):
            await shop.run_jobs()

        assert shop.status(order_id) == ("cancelled", "payment_timeout")
        assert refunds(shop) == [PAYMENT]
        assert (order_id, 2) in shop.others.released_benefits


async def test_it_asks_for_the_same_lines_and_place_again(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        first = [call for call in shop.others.asked if isinstance(call, AskServingTerms | HoldStock)]

        await shop.deliver(paid(order_id))
        await shop.run_jobs()

        terms, hold = [call for call in shop.others.asked if isinstance(call, AskServingTerms | HoldStock)][-2:]
        assert isinstance(first[0], AskServingTerms)
        assert isinstance(terms, AskServingTerms)
        assert (terms.postal_code, terms.fulfilment) == (first[0].postal_code, first[0].fulfilment)
        assert isinstance(hold, HoldStock)
        assert [(line.product_id, line.quantity, line.options) for line in hold.lines] == [
            (line.product_id, line.quantity, ["large"]) for line in shop.others.holds[order_id, 2].lines
        ]


async def test_up_to_the_last_moment_but_not_after_it(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        in_time, too_late = await timed_out(shop), await shop.place(1)
        shop.database.clock.advance(30 * MINUTE)
        await shop.deliver(paid(in_time))
        await shop.run_jobs()
        shop.database.clock.advance(15 * MINUTE + 1)
        await shop.deliver(paid(too_late))
        await shop.run_jobs()
        await shop.run_jobs()

        assert shop.status(in_time) == ("confirmed", None)
        assert shop.status(too_late) == ("cancelled", "payment_timeout")
        assert refunds(shop) == [PAYMENT]
        assert {key for key in shop.others.holds if key[1] == 2} == {(in_time, 2)}


@pytest.mark.parametrize("question", [AskServingTerms, HoldStock])
async def test_a_closed_store_or_missing_stock_sends_the_money_back(tmp_path: Path, question: type[Call[Any]]) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        shop.others.before[question] = say(refusal(409, "no"))

        await shop.deliver(paid(order_id))
        await shop.run_jobs()
        await shop.run_jobs()

        assert shop.status(order_id) == ("cancelled", "payment_timeout")
        assert refunds(shop) == [PAYMENT]
        assert not shop.others.holds
        assert not shop.others.slots
        assert shop.jobs() == []
        assert shop.database.query("SELECT state, reason FROM revivals") == [("refused", "no")]


@pytest.mark.parametrize("question", [AskServingTerms, HoldStock])
@pytest.mark.parametrize("side", ["before", "after"])
async def test_silence_decides_nothing_and_asking_again_takes_once(
    tmp_path: Path, question: type[Call[Any]], side: str
) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        getattr(shop.others, side)[question] = silence()
        await shop.deliver(paid(order_id))
        await shop.run_jobs()
        assert shop.jobs() == ["revive"]

        shop.others.before.clear()
        shop.others.after.clear()
        shop.database.clock.advance(2 * SECOND)
        await shop.run_jobs()

        assert shop.status(order_id) == ("confirmed", None)
        assert list(shop.others.holds) == [(order_id, 2)]


async def test_silence_until_it_is_too_late_sends_the_money_back_and_gives_the_hold_back(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        shop.others.after[HoldStock] = silence()
        await shop.deliver(paid(order_id))
        await shop.run_jobs()
        assert list(shop.others.holds) == [(order_id, 2)]

        shop.database.clock.advance(HOUR)
        await shop.run_jobs()
        await shop.run_jobs()

        assert refunds(shop) == [PAYMENT]
        assert not shop.others.holds
        assert shop.others.released_holds == {(order_id, 1), (order_id, 2)}


async def test_the_same_money_twice_brings_it_back_once(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)

        for _ in range(2):
            await shop.deliver(paid(order_id))
        await shop.run_jobs()
        await shop.deliver(paid(order_id))
        await shop.run_jobs()

        assert shop.told() == ["OrderCreated", "OrderCancelled", "OrderConfirmed"]
        assert shop.jobs() == []


async def test_after_a_refusal_all_money_goes_back_also_what_comes_later(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        shop.others.before[HoldStock] = say(refusal(409, "insufficient-stock"))
        await shop.deliver(paid(order_id, PAYMENT))
        await shop.run_jobs()
        shop.others.before.clear()

        await shop.deliver(paid(order_id, SECOND_PAYMENT))
        await shop.run_jobs()

        assert refunds(shop) == [PAYMENT, SECOND_PAYMENT]
        assert shop.status(order_id) == ("cancelled", "payment_timeout")


async def test_of_two_late_payments_both_go_back_when_it_is_refused(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        shop.others.before[HoldStock] = say(refusal(409, "insufficient-stock"))

        await shop.deliver(paid(order_id, SECOND_PAYMENT))
        await shop.deliver(paid(order_id, PAYMENT))
        await shop.run_jobs()

        assert sorted(refunds(shop)) == [PAYMENT, SECOND_PAYMENT]


async def test_a_revived_order_is_cancelled_as_any_other(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        await shop.deliver(paid(order_id))
        await shop.run_jobs()

        await shop.database.write(actions.cancel_order, order_id, OWNER, "too late for me", [])
        await shop.deliver(paid(order_id, SECOND_PAYMENT))

        cancelled = [event for event in shop.database.events() if event.type == "OrderCancelled"][-1]
        assert (cancelled.data["attempt"], cancelled.data["previous"]) == (2, "confirmed")
        assert refunds(shop) == []
        assert shop.jobs() == []


async def test_stock_that_breaks_before_it_is_confirmed_refuses_it(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        await shop.deliver(paid(order_id))

        await shop.deliver(lost(order_id, attempt=1))
        assert refunds(shop) == []
        for _ in range(2):
            await shop.deliver(lost(order_id, attempt=2))
        await shop.run_jobs()
        await shop.run_jobs()

        assert refunds(shop) == [PAYMENT]
        assert shop.status(order_id) == ("cancelled", "payment_timeout")
        assert shop.jobs() == []


async def test_a_refusal_that_comes_while_it_asks_wins(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        await shop.deliver(paid(order_id))
        ask = shop.others.ask

        async def lose_it_meanwhile(call: Call[Any]) -> Any:
            reply = await ask(call)
            if isinstance(call, HoldStock):
                await shop.deliver(lost(order_id, attempt=2))
            return reply

        shop.others.ask = lose_it_meanwhile  # type: ignore[method-assign]
        await shop.run_jobs()
        await shop.run_jobs()

        assert shop.status(order_id) == ("cancelled", "payment_timeout")
        assert (refunds(shop), shop.others.holds) == ([PAYMENT], {})


async def test_a_worker_that_lost_its_lease_changes_nothing(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        await shop.deliver(paid(order_id))
        stale = Job(kind="revive", key=order_id, due_at=NOON, payload=b"{}", attempts=1, lease="another's", plan=1)

        with pytest.raises(Exception, match="taken over"):
            await revive(shop.room, stale)

        assert shop.status(order_id) == ("cancelled", "payment_timeout")
        await shop.run_jobs()
        assert shop.status(order_id) == ("confirmed", None)


async def test_a_revived_order_goes_its_way(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        await shop.deliver(paid(order_id))
        await shop.run_jobs()

        await shop.database.write(actions.move_order, order_id, MANAGER, "preparing")

        assert shop.database.query("SELECT version, status FROM order_timeline ORDER BY version") == [
            (1, "pending"),
            (2, "cancelled"),
            (3, "confirmed"),
            (4, "preparing"),
        ]
