"""What order answers: an answer that lets a hold go must stay true."""

from pathlib import Path

import pytest

from shikanji.contracts.inventory import HoldStock
from shikanji.contracts.order import AskBills, AskHoldOwner, AskOrderStanding, HoldOwner
from shikanji.kit.clock import HOUR
from shikanji.kit.web.idempotency import LEASE, Claim, ClaimLost
from shikanji.services.order import actions
from shikanji.services.order.answers import bills, hold_owner, standing
from shikanji.services.order.checkout import PATIENCE
from shikanji.services.order.errors import OrderNotFound
from tests.kit.databases import NOON
from tests.services.order.makers import ORDER, OWNER, make_placing
from tests.services.order.others import refusal, say, silence
from tests.services.order.shop import Shop, open_shop
from tests.services.order.test_late_money import timed_out
from tests.services.order.test_placing import answer, scope
from tests.services.order.test_subscribers import paid

WRITTEN = HoldOwner(written=True, never=False)
NEVER = HoldOwner(written=False, never=True)
NOT_YET = HoldOwner(written=False, never=False)


async def ask(shop: Shop, order_id: str, attempt: int = 1) -> HoldOwner:
    owner: HoldOwner = await hold_owner(shop.room, AskHoldOwner(order_id=order_id, attempt=attempt, held_at=NOON))
    return owner


async def claim(shop: Shop) -> Claim:
    taken = await shop.database.write(actions.claim_order, scope(), None, PATIENCE)
    assert isinstance(taken, Claim)
    return taken


async def test_the_hold_of_a_written_order_is_tied_by_its_events(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        assert await ask(shop, await shop.place()) == WRITTEN


async def test_a_cancelled_order_ends_its_hold_by_its_events_too(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()
        await shop.database.write(actions.cancel_order, order_id, OWNER, "no", [])

        assert await ask(shop, order_id) == WRITTEN


async def test_an_order_that_nobody_claimed_never_comes(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        assert await ask(shop, ORDER) == NEVER


async def test_while_its_claim_lives_nobody_can_say(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        taken = await claim(shop)

        shop.database.clock.advance(LEASE - 1)
        assert await ask(shop, taken.effect_id) == NOT_YET
        shop.database.clock.advance(1)
        assert await ask(shop, taken.effect_id) == NEVER


async def test_once_it_was_said_the_order_cannot_be_written_any_more(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        taken = await claim(shop)
        shop.database.clock.advance(LEASE)
        assert await ask(shop, taken.effect_id) == NEVER
        # Even a writer whose clock is behind cannot.
        shop.database.clock.advance(-LEASE)

        with pytest.raises(ClaimLost):
            await shop.database.write(
                actions.place_order, taken, make_placing(order_id=taken.effect_id), "MGR", None, answer
            )

        assert await ask(shop, taken.effect_id) == NEVER


async def test_a_refused_checkout_never_comes(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        taken = await claim(shop)
        nothing = actions.Release(order_id=taken.effect_id, attempt=1, stock=False, slot=False)
        await shop.database.write(actions.give_up, taken, nothing, NOON)

        assert await ask(shop, taken.effect_id) == NEVER


async def test_the_second_attempt_belongs_to_the_revival(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        assert await ask(shop, order_id, 2) == NOT_YET

        shop.others.after[HoldStock] = silence()
        await shop.deliver(paid(order_id))
        await shop.run_jobs()
        assert await ask(shop, order_id, 2) == NOT_YET
        assert await ask(shop, order_id, 3) == NEVER

        shop.others.after.clear()
        shop.database.clock.advance(HOUR // 60)
        await shop.run_jobs()
        assert await ask(shop, order_id, 2) == WRITTEN


async def test_the_second_attempt_of_a_refused_revival_never_comes(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await timed_out(shop)
        shop.others.before[HoldStock] = say(refusal(409, "no"))
        await shop.deliver(paid(order_id))
        await shop.run_jobs()

        assert await ask(shop, order_id, 2) == NEVER
        assert await ask(shop, order_id, 1) == WRITTEN


async def test_payment_learns_what_it_must_know(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()

        told = await standing(shop.room, AskOrderStanding(order_id=order_id))

        assert (told.status, told.total, told.payment_deadline) == ("pending", 19_950, NOON + HOUR // 4)
        assert sum(line.paid for line in told.lines) + told.delivery_paid == told.total
        with pytest.raises(OrderNotFound):
            await standing(shop.room, AskOrderStanding(order_id=ORDER))


async def test_a_bill_says_what_each_line_and_the_way_cost_and_leaves_out_orders_that_are_not_there(
    tmp_path: Path,
) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()
        (bill,) = (await bills(shop.room, AskBills(order_ids=[order_id, ORDER]))).bills

        assert bill.order_id == order_id
        assert sum(line.paid for line in bill.lines) + bill.delivery_paid == bill.total
        assert [line.hsn for line in bill.lines]
