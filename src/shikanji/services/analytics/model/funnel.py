"""What visitors do on their way to an order, as their browsers and phones tell it."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

EventName = Literal[
    "menu_viewed",
    "product_viewed",
    "searched",
    "cart_added",
    "cart_removed",
    "checkout_started",
    "payment_started",
    "order_placed",
]
"""Few and fixed: what strangers may make up would be without end."""
NAMES: tuple[EventName, ...] = get_args(EventName)
STAGES: tuple[EventName, ...] = (
    "menu_viewed",
    "product_viewed",
    "cart_added",
    "checkout_started",
    "payment_started",
    "order_placed",
)


class Count(NamedTuple):
    visits: int
    events: int


class Stage(NamedTuple):
    """`of_first` and `of_previous`: visits in basis points of those of the first stage and of the one before."""

    name: EventName
    visits: int
    events: int
    of_first: int
    of_previous: int


def bit_of(name: EventName) -> int:
    return 1 << NAMES.index(name)


def funnel(counts: Mapping[str, Count]) -> Sequence[Stage]:
    found: list[Stage] = []
    for name in STAGES:
        count = counts.get(name, Count(0, 0))
        first, previous = (found[0].visits, found[-1].visits) if found else (count.visits, count.visits)
        found.append(Stage(name, count.visits, count.events, _part(count.visits, first), _part(count.visits, previous)))
    return found


def _part(count: int, whole: int) -> int:
    return count * 10_000 // whole if whole else 0
