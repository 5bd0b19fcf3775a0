"""What an order adds to the figures. A report's numbers are sums of these, so that what changed of an order is the
difference between what it adds now and what it added before."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from shikanji.kit.clock import SECOND
from shikanji.services.analytics.model.calendar import HOURS
from shikanji.services.analytics.model.durations import Kind, bucket_of
from shikanji.services.analytics.model.order import Live, Order, Placed

Dimension = Literal["hour", "day", "fulfilment", "method", "category", "product", "cancelled", "refund", "live", "new"]

_OF_LINES: tuple[Dimension, ...] = ("category", "product")

PAIRED_PRODUCTS_MAX = 8
"""Of an order; more products make more pairs than tell anything."""


_TIMED: tuple[tuple[Kind, Live, Live], ...] = (
    ("prep", "preparing", "ready"),
    ("delivery", "dispatched", "delivered"),
)


class Figures(NamedTuple):
    """Amounts in paise. `placed` counts all orders; `orders` those that were confirmed and not cancelled, and `items`
    to `total` are theirs: total = gross - discount - points_discount + delivery_fee + tax + round_off. `paid` and
    `refunded` are money that came and went back, whatever became of the order: revenue is the difference."""

    placed: int = 0
    orders: int = 0
    completed: int = 0
    cancelled: int = 0
    items: int = 0
    gross: int = 0
    discount: int = 0
    points_discount: int = 0
    delivery_fee: int = 0
    tax: int = 0
    round_off: int = 0
    total: int = 0
    paid: int = 0
    refunds: int = 0
    refunded: int = 0

    @property
    def revenue(self) -> int:
        return self.paid - self.refunded


FIGURES = Figures._fields
NONE = Figures()


class Cell(NamedTuple):
    """Where figures are added up: of one store; `period` is a day, or for hours day * 24 + hour; `key` says which
    product, method and so on."""

    store_id: str
    dimension: Dimension
    period: int
    key: str = ""


class Time(NamedTuple):
    """How long a step of an order took, in one bucket of all that took about as long."""

    store_id: str
    kind: Kind
    day: int
    bucket: int


class Pair(NamedTuple):
    """Two products in one order, the first of them with the lower id."""

    store_id: str
    first_id: str
    second_id: str


def hour_period(day: int, hour: int) -> int:
    return day * HOURS + hour


def figures_of(order: Order) -> Iterator[tuple[Cell, Figures]]:
    """What the order adds, and where. Nothing before it is known which store's it is."""
    placed = order.placed
    if placed is None:
        return
    store_id, day, whole = placed.store_id, order.day, _whole(order, placed)
    yield Cell(store_id, "hour", hour_period(day, order.hour)), whole
    yield Cell(store_id, "day", day), whole
    yield Cell(store_id, "fulfilment", day, placed.fulfilment), whole
    yield Cell(store_id, "method", day, order.method), whole
    if order.live is not None:
        yield Cell(store_id, "live", 0, order.live), Figures(orders=1)
    if order.cancelled:
        yield Cell(store_id, "cancelled", day, order.cause or ""), Figures(cancelled=1, total=placed.total)
    for refund in order.refunds.values():
        yield Cell(store_id, "refund", day, refund.cause), Figures(refunds=1, refunded=refund.amount)
    if order.counted:
        yield from _of_lines(placed, day)


def times_of(order: Order) -> Iterator[tuple[Time, tuple[int, int]]]:
    """How long its kitchen and its way took: once, so many seconds."""
    placed = order.placed
    if placed is None:
        return
    for kind, began, ended in _TIMED:
        if began in order.steps and ended in order.steps:
            seconds = max(0, order.steps[ended] - order.steps[began]) // SECOND
            yield Time(placed.store_id, kind, order.day, bucket_of(seconds)), (1, seconds)


def pairs_of(order: Order) -> Iterator[tuple[Pair, tuple[int]]]:
    """Products that were bought together in it, once."""
    placed = order.placed
    if placed is None or not order.counted:
        return
    products = sorted({line.product_id for line in placed.lines})[:PAIRED_PRODUCTS_MAX]
    for first, second in combinations(products, 2):
        yield Pair(placed.store_id, first, second), (1,)


def added(values: Iterable[Sequence[int]]) -> Figures:
    """The sum of figures, each in the order of `FIGURES`."""
    return Figures(*map(sum, zip(*values, strict=True))) if (values := list(values)) else NONE


def _whole(order: Order, placed: Placed) -> Figures:
    paid, refunds, refunded = order.paid, len(order.refunds), order.refunded
    if not order.counted:
        return Figures(placed=1, cancelled=int(order.cancelled), paid=paid, refunds=refunds, refunded=refunded)
    return Figures(
        1,
        1,
        int(order.completed),
        0,
        sum(line.quantity for line in placed.lines),
        placed.gross,
        placed.discount,
        placed.points_discount,
        placed.delivery_fee,
        placed.tax,
        placed.round_off,
        placed.total,
        paid,
        refunds,
        refunded,
    )


def _of_lines(placed: Placed, day: int) -> Iterator[tuple[Cell, Figures]]:
    """An order counts once for a product or category, however many of its lines are of it."""
    for dimension in _OF_LINES:
        told: set[str] = set()
        for line in placed.lines:
            key = line.category_id if dimension == "category" else line.product_id
            net = line.gross - line.discount - line.points_discount
            yield (
                Cell(placed.store_id, dimension, day, key),
                Figures(
                    orders=int(key not in told),
                    items=line.quantity,
                    gross=line.gross,
                    discount=line.discount,
                    points_discount=line.points_discount,
                    tax=line.tax,
                    total=net + line.tax,
                ),
            )
            told.add(key)
