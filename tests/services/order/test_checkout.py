"""Checkout: what is asked in which order, and that whatever was taken comes back when any step fails."""

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shikanji.contracts.customer import AskOrderingCustomer
from shikanji.contracts.inventory import HoldStock, ReleaseHold, WantedLine
from shikanji.contracts.loyalty import AppliedCampaign, BenefitsHeld, HoldBenefits
from shikanji.contracts.store import AskServingTerms, ReleaseSlot
from shikanji.kit.calls import Call
from shikanji.kit.clock import SECOND
from shikanji.kit.errors import Problem, RemoteProblem, Unavailable
from shikanji.kit.web.idempotency import LEASE, ClaimLost, InFlight
from shikanji.services.order import repository
from shikanji.services.order.checkout import PATIENCE
from shikanji.services.order.errors import AmountTooSmall, BelowMinimumOrder
from tests.services.order.makers import CHURCH_STREET, CUSTOMER, SHIKANJI, STORE
from tests.services.order.others import refusal, say, silence
from tests.services.order.shop import Shop, open_shop


def nothing_stands(shop: Shop) -> bool:
    """No order, no hold, no slot, and the key is free."""
    rows = shop.database.query("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM idempotency)")
    return bool(rows == [(0, 0)]) and not shop.others.holds and not shop.others.slots


async def test_an_order_is_placed_under_the_id_of_its_holds(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()

        assert shop.others.kinds() == ["AskOrderingCustomer", "AskServingTerms", "HoldStock", "HoldBenefits"]
        assert list(shop.others.holds) == [(order_id, 1)]
        assert shop.others.slots == {(order_id, 1)}
        order = await shop.database.read(repository.get_order, order_id)
        assert (order.total, order.lines[0].notes) == (19_950, "no ice")
        assert (order.details.customer_name, order.details.address) == ("Asha", CHURCH_STREET)
        assert shop.told() == ["OrderCreated"]


async def test_what_comes_off_is_frozen_in_the_order_and_told(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        applied = AppliedCampaign(campaign_id="diwali", name="Diwali", code="DIWALI", discount=1_600)
        shop.others.off = BenefitsHeld(
            held=True,
            discounts={"line-1": 1_600},
            points=20,
            points_discount=2_000,
            coupon_code="DIWALI",
            campaigns=[applied],
        )

        order_id = await shop.place(coupon_code="DIWALI", redeem_points=20)

        order = await shop.database.read(repository.get_order, order_id)
        assert (order.subtotal, order.discount, order.points_discount, order.goods) == (16_000, 1_600, 2_000, 12_400)
        assert (order.benefits, order.details.points_redeemed, order.details.campaigns) == (1, 20, [applied])
        (created,) = [event.data for event in shop.database.events() if event.type == "OrderCreated"]
        assert (created["couponCode"], created["pointsRedeemed"], created["benefits"]) == ("DIWALI", 20, True)
        assert shop.others.benefits == {(order_id, 1)}


async def test_benefits_of_an_order_that_is_refused_are_given_back(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.off = BenefitsHeld(held=True, discounts={"line-1": 1_600})
        shop.others.terms["minimum_order"] = 1_000_000

        with pytest.raises(BelowMinimumOrder):
            await shop.place(coupon_code="DIWALI")

        assert nothing_stands(shop)
        assert (shop.others.benefits, len(shop.others.released_benefits)) == (set(), 1)


async def test_a_coupon_that_does_not_count_gives_stock_and_slot_back(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.before[HoldBenefits] = say(refusal(422, "coupon-over"))

        with pytest.raises(RemoteProblem) as refused:
            await shop.place(coupon_code="DIWALI")

        assert refused.value.type == "coupon-over"
        assert nothing_stands(shop)
        assert shop.others.released_benefits == set()


async def test_benefits_of_which_no_answer_came_are_given_back(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.off = BenefitsHeld(held=True)
        shop.others.after[HoldBenefits] = silence()

        with pytest.raises(Unavailable):
            await shop.place(coupon_code="DIWALI")

        assert nothing_stands(shop)
        assert (shop.others.benefits, len(shop.others.released_benefits)) == (set(), 1)


async def test_a_stored_address_is_asked_for_before_the_store_is(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        await shop.place(address=None, address_id="0199d2a0-0000-7000-8000-0000000000ad")

        terms = shop.others.asked[1]
        assert isinstance(terms, AskServingTerms)
        assert terms.postal_code == CHURCH_STREET.postal_code


async def test_what_is_picked_up_has_no_address(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place(fulfilment="pickup", address=None)

        order = await shop.database.read(repository.get_order, order_id)
        assert (order.details.address, order.delivery_fee) == (None, 0)


async def test_a_repeat_gets_the_first_answer_and_asks_nobody(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        first = await shop.check_out()
        asked = len(shop.others.asked)

        again = await shop.check_out()

        assert (again.status, bytes(again.data)) == (first.status, bytes(first.data)) == (201, bytes(first.data))
        assert again.headers == {"Idempotency-Replayed": "true"}
        assert len(shop.others.asked) == asked


async def test_one_key_sent_a_hundred_times_at_once_makes_one_order(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        outcomes = await asyncio.gather(*(shop.check_out() for _ in range(100)), return_exceptions=True)

        placed = {bytes(each.data) for each in outcomes if not isinstance(each, BaseException)}
        assert len(placed) == 1
        assert all(isinstance(each, InFlight) for each in outcomes if isinstance(each, BaseException))
        assert len(shop.others.holds) == 1


QUESTIONS: list[type[Call[Any]]] = [AskOrderingCustomer, AskServingTerms, HoldStock]


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_refusal_gives_back_what_was_taken_and_the_key_may_be_used_again(
    tmp_path: Path, question: type[Call[Any]]
) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.before[question] = say(refusal(409, "no"))

        with pytest.raises(Problem, match="no"):
            await shop.check_out()

        assert nothing_stands(shop)
        shop.others.before.clear()
        await shop.place()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("side", ["before", "after"])
async def test_an_answer_that_does_not_come_may_have_been_a_yes(
    tmp_path: Path, question: type[Call[Any]], side: str
) -> None:
    async with open_shop(tmp_path) as shop:
        getattr(shop.others, side)[question] = silence()

        with pytest.raises(Unavailable):
            await shop.check_out()

        assert nothing_stands(shop)
        if question is HoldStock:
            assert len(shop.others.released_holds) == 1


async def test_a_definite_no_leaves_no_tombstone(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.before[HoldStock] = say(refusal(409, "insufficient-stock"))
        shop.others.terms["slot_held"] = False

        with pytest.raises(Problem):
            await shop.check_out()

        assert not {ReleaseHold, ReleaseSlot} & {type(call) for call in shop.others.asked}
        assert shop.jobs() == []


async def test_after_the_customers_no_nobody_else_is_asked(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.before[AskOrderingCustomer] = say(refusal(404, "customer-not-found"))

        with pytest.raises(Problem, match="customer-not-found"):
            await shop.check_out()

        assert shop.others.kinds() == ["AskOrderingCustomer"]
        assert nothing_stands(shop)


@pytest.mark.parametrize(
    ("price", "changes", "expected"),
    [
        (4_999, {}, BelowMinimumOrder),
        (40, {"fulfilment": "pickup", "address": None}, AmountTooSmall),
    ],
)
async def test_the_models_own_refusals_give_back_too(
    tmp_path: Path, price: int, changes: dict[str, Any], expected: type[Problem]
) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.price = price

        with pytest.raises(expected):
            await shop.check_out(**changes)

        assert nothing_stands(shop)


async def test_what_cannot_be_given_back_at_once_is_given_back_by_a_job(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.price = 1
        shop.others.before[ReleaseHold] = silence()

        with pytest.raises(BelowMinimumOrder):
            await shop.check_out()
        assert shop.others.holds
        assert shop.others.slots

        shop.database.clock.advance(PATIENCE)
        await shop.run_jobs()
        assert (shop.others.holds != {}, shop.jobs()) == (True, ["release"])
        shop.others.before.clear()
        shop.database.clock.advance(2 * SECOND)
        await shop.run_jobs()

        assert nothing_stands(shop)
        assert shop.jobs() == []


async def test_a_checkout_slower_than_its_lease_writes_nothing_and_gives_back(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.after[HoldStock] = lambda: shop.database.clock.advance(LEASE)

        with pytest.raises(ClaimLost):
            await shop.check_out()

        assert nothing_stands(shop)


async def test_who_takes_over_a_lapsed_key_gets_an_order_of_its_own(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        second: list[asyncio.Task[str]] = []

        def lapse() -> None:
            shop.others.after.clear()
            shop.database.clock.advance(LEASE)
            second.append(asyncio.ensure_future(shop.place()))

        shop.others.after[HoldStock] = lapse
        with pytest.raises(Problem):
            await shop.check_out()
        order_id = await second[0]

        assert shop.database.query("SELECT id FROM orders") == [(order_id,)]
        assert list(shop.others.holds) == [(order_id, 1)]


async def test_who_takes_over_the_key_of_a_dead_checkout_finds_what_it_held_given_back(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.others.after[HoldStock] = _die
        with pytest.raises(_Killed):
            await shop.check_out()
        shop.others.after.clear()
        left = list(shop.others.holds)
        shop.database.clock.advance(LEASE)

        order_id = await shop.place()

        assert left != [(order_id, 1)]
        assert list(shop.others.holds) == [(order_id, 1)]
        assert shop.others.slots == {(order_id, 1)}
        assert shop.jobs().count("release") == 1


class _Killed(BaseException):
    """As if the process had died: nothing that handles errors runs."""


def _die() -> None:
    raise _Killed


async def test_a_client_that_leaves_does_not_stop_its_order(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        asked, may_answer = asyncio.Event(), asyncio.Event()
        ask = shop.others.ask

        async def slow(call: Call[Any]) -> Any:
            if isinstance(call, HoldStock):
                asked.set()
                await may_answer.wait()
            return await ask(call)

        shop.others.ask = slow  # type: ignore[method-assign]
        client = asyncio.ensure_future(shop.check_out())
        await asked.wait()
        client.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client
        may_answer.set()
        answer = await _answer_for(shop)

        assert shop.status(msgspec.json.decode(answer.data)["id"]) == ("pending", None)


async def test_a_refusal_for_a_client_that_has_left_is_no_fault_for_the_log(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        unheard: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        asked, may_answer = asyncio.Event(), asyncio.Event()

        async def refuse(call: Call[Any]) -> Any:
            asked.set()
            await may_answer.wait()
            raise refusal(409, "customer-disabled")

        shop.others.ask = refuse  # type: ignore[method-assign]
        client = asyncio.ensure_future(shop.check_out())
        await asked.wait()
        client.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client
        may_answer.set()
        del client
        # What runs on besides this test is the order.
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
        await asyncio.sleep(0)
        gc.collect()

        assert nothing_stands(shop)
        assert unheard == []


async def _answer_for(shop: Shop) -> Any:
    """Repeats the request until the one under way has ended."""
    while True:
        try:
            return await shop.check_out()
        except InFlight:
            await asyncio.sleep(0)


async def test_a_commit_in_doubt_that_happened_is_answered(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        _break_after_commit(shop)

        reply = await shop.check_out()

        assert reply.status == 201
        assert shop.status(msgspec.json.decode(reply.data)["id"]) == ("pending", None)
        assert ReleaseHold not in {type(call) for call in shop.others.asked}


def _break_after_commit(shop: Shop) -> None:
    """The connection is lost when the order's commit comes back, once."""
    write: Callable[..., Any] = shop.database.db.write

    async def break_off(fn: Any, *args: Any, **kwargs: Any) -> Any:
        result = await write(fn, *args, **kwargs)
        if fn.__name__ == "place_order":
            raise Unavailable("the connection broke at COMMIT")
        return result

    shop.database.db.write = break_off  # type: ignore[method-assign, assignment]


async def test_where_nothing_can_be_stored_any_more_the_refusal_stands_and_the_claim_lapses(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        write: Callable[..., Any] = shop.database.db.write

        async def full(fn: Any, *args: Any, **kwargs: Any) -> Any:
            if fn.__name__ != "claim_order":
                raise Unavailable("the disk is full")
            return await write(fn, *args, **kwargs)

        shop.database.db.write = full  # type: ignore[method-assign, assignment]
        with pytest.raises(Unavailable, match="disk"):
            await shop.check_out()
        shop.database.db.write = write  # type: ignore[method-assign]

        with pytest.raises(InFlight):
            await shop.check_out()
        shop.database.clock.advance(LEASE)
        await shop.place()


async def test_lines_go_to_inventory_as_they_were_asked_for(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        lines = [
            WantedLine(line_id="a", product_id=SHIKANJI, quantity=1, options=["large", "mint"]),
            WantedLine(line_id="b", product_id=SHIKANJI, quantity=99),
        ]
        order_id = await shop.place(lines=lines, notes_of_lines={"b": "hot"})

        hold = shop.others.holds[order_id, 1]
        assert (hold.lines, hold.store_id, hold.customer_id, hold.fee_tax_class) == (
            lines,
            STORE,
            CUSTOMER,
            "delivery",
        )
        order = await shop.database.read(repository.get_order, order_id)
        assert [(line.id, line.notes) for line in order.lines] == [("a", None), ("b", "hot")]
