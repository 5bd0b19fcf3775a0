"""What the service answers to others, and what it does by the clock."""

from typing import Any

import pytest

from shikanji.contracts.inventory import HoldStock, ReleaseHold
from shikanji.contracts.order import HoldOwner
from shikanji.kit.clock import MINUTE
from shikanji.kit.errors import Problem, Unavailable
from shikanji.kit.jobs import Job
from shikanji.kit.service import Room
from shikanji.services.inventory import actions, service
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import check_books, counts, hear, state_of
from tests.services.inventory.edge import OrderService, make_room
from tests.services.inventory.makers import SHIKANJI, created, hold, number

ENGINES = ["sqlite", "postgres"]

SWEEP = Job(kind="sweep-holds", key="", due_at=0, payload=b"{}", attempts=1, lease="l")
NEVER = HoldOwner(written=False, never=True)
NOT_SURE = HoldOwner(written=False, never=False)
WRITTEN = HoldOwner(written=True, never=False)


async def answer(room: Room, call: Any) -> Any:
    return await service.answers.handlers[type(call).__name__](room, call)


async def sweep(shelf: OpenDatabase, orders: OrderService) -> None:
    await service.jobs.works["sweep-holds"](make_room(shelf, orders), SWEEP)


async def untied(shelf: OpenDatabase, customer_id: str | None = None) -> HoldStock:
    call = hold(number(), (SHIKANJI, 2), customer_id=customer_id or number())
    await answer(make_room(shelf), call)
    return call


async def test_holding_and_releasing_are_answered(shelf: OpenDatabase) -> None:
    call = await untied(shelf)

    assert counts(shelf, SHIKANJI) == (20, 2)
    assert (await answer(make_room(shelf), ReleaseHold(order_id=call.order_id))).released
    assert counts(shelf, SHIKANJI) == (20, 0)


async def test_the_cap_on_open_holds_is_lifted_with_the_rate_limits(shelf: OpenDatabase) -> None:
    customer = number()
    limited, unlimited = make_room(shelf), make_room(shelf, rate_limits=False)
    for _ in range(10):
        await answer(limited, hold(number(), (SHIKANJI, 1), customer_id=customer))

    with pytest.raises(Problem) as refused:
        await answer(limited, hold(number(), (SHIKANJI, 1), customer_id=customer))
    await answer(unlimited, hold(number(), (SHIKANJI, 1), customer_id=customer))

    assert (refused.value.status, refused.value.type) == (429, "too-many-holds")


async def test_a_hold_that_is_not_due_is_left_alone(shelf: OpenDatabase) -> None:
    orders = OrderService()
    await untied(shelf)

    shelf.clock.advance(20 * MINUTE - 1)
    await sweep(shelf, orders)

    assert orders.asked == []


async def test_a_hold_lapses_on_a_definite_never_only(shelf: OpenDatabase) -> None:
    orders = OrderService()
    call = await untied(shelf)
    shelf.clock.advance(20 * MINUTE)

    orders.owner = NOT_SURE
    await sweep(shelf, orders)
    assert state_of(shelf, call.order_id) == "active"
    await sweep(shelf, orders)
    assert len(orders.asked) == 1

    shelf.clock.advance(MINUTE)
    orders.owner = NEVER
    await sweep(shelf, orders)

    assert [(ask.order_id, ask.attempt) for ask in orders.asked] == [(call.order_id, 1)] * 2
    assert (state_of(shelf, call.order_id), counts(shelf, SHIKANJI)) == ("released", (20, 0))
    check_books(shelf)


async def test_a_written_order_keeps_its_hold_until_its_event_comes(shelf: OpenDatabase) -> None:
    orders = OrderService()
    orders.owner = WRITTEN
    call = await untied(shelf)

    shelf.clock.advance(60 * MINUTE)
    await sweep(shelf, orders)
    await shelf.write(hear, created(call.order_id, (SHIKANJI, 2)))
    shelf.clock.advance(60 * MINUTE)
    await sweep(shelf, orders)

    assert len(orders.asked) == 1
    assert state_of(shelf, call.order_id) == "tied"


async def test_a_silent_order_service_ends_the_sweep(shelf: OpenDatabase) -> None:
    orders = OrderService()
    orders.owner = None
    first, second = await untied(shelf), await untied(shelf)
    shelf.clock.advance(20 * MINUTE)

    with pytest.raises(Unavailable):
        await sweep(shelf, orders)

    assert len(orders.asked) == 1
    assert [state_of(shelf, call.order_id) for call in (first, second)] == ["active", "active"]


async def test_a_hold_that_was_tied_while_the_answer_was_on_its_way_stays(shelf: OpenDatabase) -> None:
    call = await untied(shelf)
    await shelf.write(hear, created(call.order_id, (SHIKANJI, 2)))

    assert not await shelf.write(actions.lapse, call.order_id, 1)
    await shelf.write(actions.postpone, call.order_id, 1, 5)

    assert state_of(shelf, call.order_id) == "tied"
    assert shelf.query("SELECT expires_at FROM holds") != [(5,)]
