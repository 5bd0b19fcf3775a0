"""The table of what follows in every state, complete."""

from typing import get_args

import pytest
from msgspec.structs import replace

from shikanji.services.inventory.model.holds import (
    Hold,
    State,
    Step,
    on_cancelled,
    on_confirmed,
    on_created,
    on_preparing,
    on_superseded,
    to_break,
    to_lines,
    to_return,
    tombstone,
)
from shikanji.services.inventory.model.pricing import Needed
from tests.services.inventory.makers import SAMOSA, SHIKANJI, cancelled, number

STATES: tuple[State, ...] = get_args(State)

# state: OrderCreated, OrderConfirmed, OrderPreparing, cancelled from pending, cancelled later, superseded
TABLE: dict[State, tuple[Step, Step, Step, Step, Step, Step]] = {
    "active": ("tie", "sell", "sell", "free", "sell and return", "free"),
    "tied": ("nothing", "sell", "sell", "free", "sell and return", "free"),
    "sold": ("nothing", "nothing", "nothing", "return", "return", "nothing"),
    "returned": ("nothing", "nothing", "nothing", "nothing", "nothing", "nothing"),
    "cancelled": ("nothing", "nothing", "nothing", "nothing", "nothing", "nothing"),
    "released": ("take", "take and sell", "find and sell", "end", "find, sell and return", "end"),
    "broken": ("nothing", "nothing", "find and sell", "end", "find, sell and return", "end"),
    "awaited": ("take and sell", "nothing", "nothing", "end", "end", "end"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_event_has_its_step_in_every_state(state: State) -> None:
    assert TABLE[state] == (
        on_created(state),
        on_confirmed(state, lines_known=True),
        on_preparing(state),
        on_cancelled(state, "pending"),
        on_cancelled(state, "ready"),
        on_superseded(state),
    )


@pytest.mark.parametrize("state", STATES)
def test_a_cancelled_order_that_was_only_confirmed_found_nothing(state: State) -> None:
    step = on_cancelled(state, "confirmed")

    assert step == TABLE[state][4] if state not in ("released", "broken") else step == "end"


def test_a_confirmation_without_lines_waits() -> None:
    assert on_confirmed("released", lines_known=False) == "await"


def test_what_goes_back_is_what_was_sold_and_marked() -> None:
    sold = [Needed("s1", SHIKANJI, 3), Needed("s2", SAMOSA, 2)]
    twice = cancelled(number(), (SHIKANJI, 1), (SHIKANJI, 1), (number(), 9)).restock

    assert to_return(sold, twice) == [Needed("s1", SHIKANJI, 2)]


def test_breaking_stops_when_enough_is_free() -> None:
    youngest, other, oldest = (
        holding(SHIKANJI, 2),
        holding(SAMOSA, 5),
        holding(SHIKANJI, 2),
    )

    assert to_break([youngest, other, oldest], SHIKANJI, 2) == [youngest]
    assert to_break([youngest, other, oldest], SHIKANJI, 3) == [youngest, oldest]
    assert to_break([youngest, other, oldest], SHIKANJI, 0) == []


def holding(product_id: str, quantity: int) -> Hold:
    empty = tombstone(number(), 1, "tied", 0)
    return replace(empty, lines=to_lines([Needed("s", product_id, quantity)]))
