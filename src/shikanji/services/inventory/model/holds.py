"""Holds: what one order takes of a store's stock, under (order, attempt), and how that ends.

    active    taken; no event of the order has been seen yet
    tied      OrderCreated was seen: only the order's own events end it now
    sold      OrderConfirmed: what was held is gone from the shelf
    returned  sold, then cancelled: what the order gave back is on the shelf again
    cancelled the order was cancelled before anything of it was sold
    released  let go before any event of the order: given back, lapsed, or broken while untied. An order that comes
              nevertheless tries to take again
    broken    there was no stock: StockUnavailable has been told. An order that was being made already stands all the
              same, and then its stock was there after all
    awaited   OrderConfirmed came first and nobody knows the lines yet

Events may come in any order and more than once; each of the functions below says what follows in every state."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from shikanji.contracts.order import OrderStatus, RestockLine
from shikanji.services.inventory.model.pricing import Needed

State = Literal["active", "tied", "sold", "returned", "cancelled", "released", "broken", "awaited"]
OPEN: tuple[State, ...] = ("active", "tied")
"""In these, and only these, its lines are counted in `held`."""
NO_LINES = b"[]"
NO_ANSWER = b""

Step = Literal[
    "nothing",
    "tie",
    "take",
    "take and sell",
    "sell",
    "find and sell",
    "free",
    "sell and return",
    "find, sell and return",
    "return",
    "await",
    "end",
]


class Hold(msgspec.Struct, frozen=True):
    """In the order of its table's columns. `lines` and `answer` are JSON. The answer is there until the hold ends: then
    the one who asked has written an order with it, or let it go."""

    order_id: str
    attempt: int
    store_id: str | None
    customer_id: str | None
    state: State
    lines: bytes
    answer: bytes
    held_at: int
    expires_at: int
    ended_at: int | None

    @property
    def needed(self) -> list[Needed]:
        """In the order in which stock is touched."""
        return lines_of(self.lines)


def lines_of(lines: bytes) -> list[Needed]:
    return _DECODER.decode(lines)


def to_lines(needed: Iterable[Needed]) -> bytes:
    return msgspec.json.encode(list(needed))


def tombstone(order_id: str, attempt: int, state: State, now: int) -> Hold:
    """What stands where nothing was ever held, so that what comes late finds its end."""
    return Hold(order_id, attempt, None, None, state, NO_LINES, NO_ANSWER, now, now, now)


def on_created(state: State) -> Step:
    """OrderCreated: the order is there and wants its stock."""
    match state:
        case "active":
            return "tie"
        case "released":
            return "take"
        case "awaited":
            return "take and sell"
        case _:
            return "nothing"


def on_confirmed(state: State, lines_known: bool) -> Step:
    """OrderConfirmed: the order is to be made."""
    match state:
        case "active" | "tied":
            return "sell"
        case "released":
            return "take and sell" if lines_known else "await"
        case _:
            return "nothing"


def on_preparing(state: State) -> Step:
    """OrderPreparing: it is being made, so it was confirmed, and what was not there by the books was found."""
    match state:
        case "active" | "tied":
            return "sell"
        case "released" | "broken":
            return "find and sell"
        case _:
            return "nothing"


def on_cancelled(state: State, previous: OrderStatus) -> Step:
    """OrderCancelled, for the attempt that it names. Where the order was past pending, OrderConfirmed is on its way or
    was seen: the stock was sold, and goes back by the lines that the event names."""
    begun = previous not in ("pending", "confirmed")
    match state:
        case "active" | "tied":
            return "free" if previous == "pending" else "sell and return"
        case "sold":
            return "return"
        case "released" | "broken":
            return "find, sell and return" if begun else "end"
        case "awaited":
            return "end"
        case _:
            return "nothing"


def on_superseded(state: State) -> Step:
    """OrderCancelled, for the attempts before the one that it names."""
    match state:
        case "active" | "tied":
            return "free"
        case "released" | "awaited" | "broken":
            return "end"
        case _:
            return "nothing"


def to_return(sold: Iterable[Needed], restock: Iterable[RestockLine]) -> list[Needed]:
    """What goes back on the shelf: as the order says, and never more than was sold."""
    wanted: dict[str, int] = {}
    for line in restock:
        wanted[line.product_id] = wanted.get(line.product_id, 0) + line.quantity
    back = (Needed(each.stock_id, each.product_id, min(each.quantity, wanted.get(each.product_id, 0))) for each in sold)
    return [each for each in back if each.quantity > 0]


def to_break(youngest_first: Iterable[Hold], product_id: str, excess: int) -> list[Hold]:
    """The youngest holds of the product that must go so that `excess` less is held."""
    broken: list[Hold] = []
    for hold in youngest_first:
        if excess <= 0:
            break
        quantity = sum(need.quantity for need in hold.needed if need.product_id == product_id)
        if quantity:
            broken.append(hold)
            excess -= quantity
    return broken


_DECODER = msgspec.json.Decoder(list[Needed])
