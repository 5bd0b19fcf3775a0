"""Cash at hand-over."""

import asyncio
import itertools
import threading
from pathlib import Path

import pytest

from shikanji.contracts.order import OrderCancelled
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Event
from shikanji.services.payment.actions import orders
from tests.engines.postgres import PostgresServer
from tests.services.payment.makers import ORDER, TOTAL, make_cancelled, make_completed, make_created, make_delivered
from tests.services.payment.till import Till, open_till


@pytest.fixture
def till(each_till: Till) -> Till:
    return each_till


async def test_a_cod_order_waits_for_its_cash(till: Till) -> None:
    await till.deliver(make_created("cod"))

    assert till.payments() == [(1, "pending", 0, 0, 0, None)]
    assert till.database.query("SELECT provider, method FROM payments") == [("cash", "cod")]
    assert till.told() == []


@pytest.mark.parametrize(
    "events",
    list(itertools.permutations([make_created("cod"), make_delivered(), make_completed()])),
    ids=lambda events: "-".join(type(event).__name__ for event in events),
)
async def test_the_cash_is_taken_once_in_any_order_of_events(till: Till, events: tuple[Event, ...]) -> None:
    for event in (*events, *events):
        await till.deliver(event)

    assert till.payments() == [(1, "completed", TOTAL, 0, 0, None)]
    assert till.told() == ["PaymentCompleted"]


async def test_the_cash_event_says_how_it_was_paid(till: Till) -> None:
    await till.deliver(make_created("cod"))
    await till.deliver(make_completed())

    (event,) = till.database.events()
    assert (event.data["provider"], event.data["method"], event.data["amount"]) == ("cash", "cod", TOTAL)
    assert event.data["capturedAt"] == till.room.clock.now()


async def test_a_hand_over_of_an_order_paid_online_takes_no_cash(till: Till) -> None:
    await till.deliver(make_created())
    await till.deliver(make_delivered("online"))

    assert till.payments()[0][1] == "pending"


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [0, 1, 1, 0]])
async def test_the_cash_of_a_cancelled_order_is_not_waited_for(till: Till, order: list[int]) -> None:
    events = (make_created("cod"), make_cancelled("customer", "cod"))
    for place in order:
        await till.deliver(events[place])

    assert [row[:2] for row in till.payments()] == [(1, "cancelled")]
    assert till.told() == []


async def test_an_order_that_costs_nothing_has_no_payment(till: Till) -> None:
    for event in (make_created("cod", total=0), make_delivered(total=0), make_created("online", total=0)):
        await till.deliver(event)

    assert till.payments() == []


async def test_cash_is_given_back_by_hand_at_once(till: Till) -> None:
    await till.deliver(make_created("cod"))
    await till.deliver(make_completed())
    ((payment_id,),) = till.database.query("SELECT id FROM payments")

    await till.ask("POST", f"/{payment_id}/refund", {"amount": 950, "reason": "spilt"}, token="manager")
    await till.settle()

    assert till.refunds() == [("requested", 950, "completed")]
    assert till.payments() == [(1, "completed", TOTAL, 950, 950, None)]


async def test_cash_is_not_paid_online(till: Till) -> None:
    till.orders.change(payment_method="cod")
    await till.deliver(make_created("cod"))

    assert (await till.ask("POST", "/initiate", {"orderId": ORDER})).status == 409


async def test_a_cancellation_knows_the_method_of_an_order_that_was_never_heard_of(till: Till) -> None:
    event: OrderCancelled = make_cancelled("staff", "cod")
    await till.deliver(event)

    assert till.database.query("SELECT payment_method, total, cancel_cause FROM dues") == [("cod", TOTAL, "staff")]


async def test_cash_is_taken_though_its_order_is_written_down_at_the_same_moment(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    is_written, may_commit = threading.Event(), threading.Event()

    def expect_slowly(tx: Tx) -> None:
        orders.expect_payments(tx, [make_created("cod")])
        is_written.set()
        may_commit.wait(10)

    async with open_till(tmp_path, server=postgres_server) as till:
        created = asyncio.create_task(till.database.write(expect_slowly))
        await asyncio.to_thread(is_written.wait, 10)
        delivered = asyncio.create_task(till.deliver(make_delivered()))
        await asyncio.wait({delivered}, timeout=0.5)
        may_commit.set()
        await asyncio.gather(created, delivered)

        assert till.payments() == [(1, "completed", TOTAL, 0, 0, None)]
        assert till.told() == ["PaymentCompleted"]
