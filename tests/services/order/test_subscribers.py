"""What others did: each event in any order, once or twice."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from shikanji.contracts.inventory import StockUnavailable
from shikanji.contracts.payment import PaymentCompleted, PaymentFailed
from shikanji.kit.clock import MINUTE
from shikanji.kit.events import Event
from shikanji.services.order import actions
from shikanji.services.order.errors import OrderNotFound, ShortPayment
from tests.kit.databases import NOON
from tests.services.order.makers import (
    CUSTOMER,
    MANAGER,
    ORDER,
    OWNER,
    PAYMENT,
    SECOND_PAYMENT,
    SHIKANJI,
    STORE,
    WINDOW,
)
from tests.services.order.shop import open_shop

TOTAL = 19_950


def paid(order_id: str, payment_id: str = PAYMENT, amount: int = TOTAL) -> PaymentCompleted:
    return PaymentCompleted(
        payment_id=payment_id,
        order_id=order_id,
        customer_id=CUSTOMER,
        store_id=STORE,
        amount=amount,
        provider="sandbox",
        method="upi",
        captured_at=NOON,
    )


def failed(order_id: str, payment_id: str = PAYMENT) -> PaymentFailed:
    return PaymentFailed(
        payment_id=payment_id, order_id=order_id, customer_id=CUSTOMER, store_id=STORE, reason="declined"
    )


def lost(order_id: str, attempt: int = 1) -> StockUnavailable:
    return StockUnavailable(order_id=order_id, store_id=STORE, product_ids=[SHIKANJI], attempt=attempt)


Telling = Callable[[str], Event]


async def test_money_confirms_and_ends_the_window(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()

        await shop.deliver(paid(order_id))

        assert shop.status(order_id) == ("confirmed", None)
        assert shop.told() == ["OrderCreated", "OrderConfirmed"]
        assert shop.jobs() == []


async def test_the_same_money_twice_and_other_money_besides_confirm_once(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()

        for payment_id in (PAYMENT, PAYMENT, SECOND_PAYMENT):
            await shop.deliver(paid(order_id, payment_id))

        assert shop.told() == ["OrderCreated", "OrderConfirmed"]
        assert shop.database.query("SELECT version FROM orders") == [(2,)]


async def test_less_money_than_the_total_is_for_people_to_look_at(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()

        with pytest.raises(ShortPayment):
            await shop.deliver(paid(order_id, amount=TOTAL - 1))

        assert shop.status(order_id) == ("pending", None)


async def test_money_for_an_order_that_is_not_there_is_for_people_to_look_at(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        with pytest.raises(OrderNotFound):
            await shop.deliver(paid(ORDER))


async def test_a_failed_payment_leaves_the_order_waiting(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()

        for _ in range(2):
            await shop.deliver(failed(order_id))

        whole, _ = await shop.database.read(actions.see_order, order_id, OWNER)
        assert (whole.order.status, [failure.payment_id for failure in whole.failures]) == ("pending", [PAYMENT])
        assert shop.jobs() == ["payment-window"]


async def test_failure_and_success_confirm_in_any_order(tmp_path: Path) -> None:
    async with open_shop(tmp_path, rate_limits=False) as shop:
        events: tuple[Telling, ...] = (failed, paid, failed)
        for number, order in enumerate(permutations(events)):
            order_id = await shop.place(number)
            for event in order:
                await shop.deliver(event(order_id))
            assert shop.status(order_id) == ("confirmed", None)


async def test_stock_that_is_gone_cancels_once(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()

        for _ in range(2):
            await shop.deliver(lost(order_id))

        assert shop.status(order_id) == ("cancelled", "out_of_stock")
        assert shop.told() == ["OrderCreated", "OrderCancelled"]
        assert shop.jobs() == []


async def test_lost_stock_and_money_end_cancelled_in_either_order(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        events: tuple[Telling, ...] = (paid, lost)
        for number, order in enumerate(permutations(events)):
            order_id = await shop.place(number)
            for event in order:
                await shop.deliver(event(order_id))
            assert shop.status(order_id) == ("cancelled", "out_of_stock")


async def test_what_is_being_made_lost_nothing(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place(payment_method="cod")
        await shop.database.write(actions.move_order, order_id, MANAGER, "preparing")

        await shop.deliver(lost(order_id))

        assert shop.status(order_id) == ("preparing", None)


async def test_lost_stock_of_an_order_that_is_not_there_is_dropped(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        await shop.deliver(lost(ORDER))

        assert shop.told() == []


async def test_money_for_what_its_customer_cancelled_is_payments_own_affair(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()
        await shop.database.write(actions.cancel_order, order_id, OWNER, "no", [])

        await shop.deliver(paid(order_id))

        assert shop.told() == ["OrderCreated", "OrderCancelled"]
        assert shop.jobs() == []


async def test_the_window_ends_the_wait_exactly_once(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()

        shop.database.clock.advance(WINDOW - 1)
        await shop.run_jobs()
        assert shop.status(order_id) == ("pending", None)
        shop.database.clock.advance(1)
        await shop.run_jobs()
        await shop.run_jobs()
        await shop.database.write(actions.time_out_order, order_id)

        assert shop.status(order_id) == ("cancelled", "payment_timeout")
        assert shop.told() == ["OrderCreated", "OrderCancelled"]
        assert shop.jobs() == []


async def test_money_and_the_end_of_the_window_race_for_one_step(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place()
        shop.database.clock.advance(WINDOW)

        await shop.deliver(paid(order_id))
        await shop.database.write(actions.time_out_order, order_id)

        assert shop.status(order_id) == ("confirmed", None)


async def test_a_delivered_order_is_completed_after_two_hours(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        order_id = await shop.place(payment_method="cod")
        for status in ("preparing", "ready", "dispatched", "delivered"):
            await shop.database.write(actions.move_order, order_id, MANAGER, status)
        assert shop.jobs() == ["completion"]

        shop.database.clock.advance(120 * MINUTE - 1)
        await shop.run_jobs()
        assert shop.status(order_id)[0] == "delivered"
        shop.database.clock.advance(1)
        await shop.run_jobs()
        await shop.database.write(actions.complete_order, order_id)

        assert shop.status(order_id)[0] == "completed"
        assert shop.told()[-1] == "OrderCompleted"
        assert shop.jobs() == []


async def test_every_waiting_order_has_a_live_timer_and_no_other_has(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        waits = await shop.place(0)
        confirmed = await shop.place(1)
        await shop.deliver(paid(confirmed))
        cancelled = await shop.place(2)
        await shop.database.write(actions.cancel_order, cancelled, OWNER, "no", [])
        completed = await shop.place(3, payment_method="cod", fulfilment="pickup", address=None)
        for status in ("preparing", "ready", "completed"):
            await shop.database.write(actions.move_order, completed, MANAGER, status)

        assert [job.key for job in shop.database.jobs()] == [waits]
