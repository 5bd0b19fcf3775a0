"""What an order adds to the figures. A report's numbers are sums of these, so that what changed of an order is the
difference between what it adds now and what it added before."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from shikanji.kit.clock import SECOND
from shikanji.services.analytics.model.calendar import HOURS, month_of
from shikanji.services.analytics.model.durations import Kind, bucket_of
from shikanji.services.analytics.model.order import Live, Order, Placed

Dimension = Literal[
    "hour", "day", "month", "fulfilment", "method", "category", "product", "cancelled", "refund", "live", "new"
]

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
ONE_ORDER = Figures(orders=1)


Cell = tuple[str, Dimension, int, str]
"""Where figures are added up: store, dimension, period (a day, for hours day * 24 + hour, for months as `month_of` has
them), and the key that says which product, method and so on. Plain tuples, here and below: every order makes twenty of
them."""

Time = tuple[str, Kind, int, int]
"""Store, kind, day, and the bucket of all that took about as long."""

Pair = tuple[str, str, str]
"""Store and two products in one order, the first of them with the lower id."""


def hour_period(day: int, hour: int) -> int:
    return day * HOURS + hour


def figures_of(order: Order) -> Iterator[tuple[Cell, Figures]]:
    """What the order adds, and where. Nothing before it is known which store's it is."""
    placed = order.placed
    if placed is None:
        return
    store_id, day, whole = placed.store_id, order.day, _whole(order, placed)
    yield (store_id, "hour", hour_period(day, order.hour), ""), whole
    yield (store_id, "day", day, ""), whole
    yield (store_id, "month", month_of(day), ""), whole
    yield (store_id, "fulfilment", day, placed.fulfilment), whole
    yield (store_id, "method", day, order.method), whole
    if order.live is not None:
        yield (store_id, "live", 0, order.live), ONE_ORDER
    if order.cancelled:
        yield (store_id, "cancelled", day, order.cause or ""), Figures(cancelled=1, total=placed.total)
    for refund in order.refunds.values():
        yield (store_id, "refund", day, refund.cause), Figures(refunds=1, refunded=refund.amount)
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
            yield (placed.store_id, kind, order.day, bucket_of(seconds)), (1, seconds)


def pairs_of(order: Order) -> Iterator[tuple[Pair, tuple[int]]]:
    """Products that were bought together in it, once."""
    placed = order.placed
    if placed is None or not order.counted:
        return
    products = sorted({line.product_id for line in placed.lines})[:PAIRED_PRODUCTS_MAX]
    for first, second in combinations(products, 2):
        yield (placed.store_id, first, second), (1,)


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
    told: set[str] = set()
    for line in placed.lines:
        total = line.gross - line.discount - line.points_discount + line.tax
        amounts = (line.quantity, line.gross, line.discount, line.points_discount, 0, line.tax, 0, total, 0, 0, 0)
        of: tuple[tuple[Dimension, str], ...] = (("category", line.category_id), ("product", line.product_id))
        for dimension, key in of:
            yield (placed.store_id, dimension, day, key), Figures(0, int(key not in told), 0, 0, *amounts)
            told.add(key)
