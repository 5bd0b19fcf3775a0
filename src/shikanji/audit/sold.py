"""Invariant 13, by way of sums that no single statement makes in one reading: what orders took and gave back, and what
left the shelf, by store, product and day. Of a plain order both are the same, so that only the others are added up."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from shikanji.audit.invariant import Ask
from shikanji.audit.views import Pieces

T = TypeVar("T")
Sums = defaultdict[tuple[str, str, int], int]

_SETTLED = """SELECT t.order_id, min(t.at) / 86400000000 FROM odd_steps t
WHERE t.status = 'confirmed' AND NOT EXISTS (SELECT 1 FROM young y WHERE y.order_id = t.order_id) GROUP BY t.order_id"""
"""Each such order with the day, since 1970, of its confirmation."""
_FORGOTTEN = """SELECT s.order_id, p.status FROM odd_steps s
JOIN "order".order_timeline p ON p.order_id = s.order_id AND p.version = s.version - 1
WHERE s.status = 'cancelled' AND p.status <> 'pending' AND s.order_id NOT IN (
    SELECT aggregate_id FROM "order".outbox WHERE type = 'OrderCancelled')"""
"""Cancelled orders whose events are forgotten, and what they were before."""
_ORDERED = "SELECT id, store_id, lines_document FROM odd_orders"
_GIVEN_BACK = """SELECT aggregate_id, data FROM "order".outbox WHERE type = 'OrderCancelled'"""
_MOVED = "SELECT order_id, stock_id, kind, delta FROM odd_movements"
_STOCK = "SELECT id, store_id, product_id FROM inventory.stock"


class _Restocked(msgspec.Struct, rename="camel"):
    product_id: str
    quantity: int


class _Cancelled(msgspec.Struct, rename="camel"):
    """What of an `OrderCancelled` is looked at."""

    store_id: str
    previous: str
    restock: list[_Restocked]


_NOTHING = _Cancelled(store_id="", previous="pending", restock=[])
_lines = msgspec.json.Decoder(list[Pieces])
_cancelled = msgspec.json.Decoder(_Cancelled)


def by_day(ask: Ask) -> Iterator[tuple[str, str, str]]:
    """(id, found, expected) of each sum that differs."""
    days: dict[str, int] = dict(ask(_SETTLED))
    forgotten: dict[str, str] = {order: status for order, status in ask(_FORGOTTEN) if order in days}
    ordered, moved = _taken(ask(_ORDERED), days, forgotten), _sums()
    for key, quantity in _told(ask(_GIVEN_BACK), days):
        ordered[key] -= quantity
    stock = {stock_id: (store, product) for stock_id, store, product in ask(_STOCK)}
    for order, stock_id, kind, delta in ask(_MOVED):
        if (day := days.get(order)) is not None and (of := stock.get(stock_id)) is not None:
            moved[*of, day] -= delta
            if kind == "restock" and order in forgotten and forgotten[order] != "confirmed":
                ordered[*of, day] -= delta
    for store, product, day in ordered | moved:
        left, by_orders = moved[store, product, day], ordered[store, product, day]
        if left != by_orders:
            yield (
                f"{store} {product} day {day}",
                f"{left} left the shelf",
                f"{by_orders} by orders that are not plain",
            )


def _sums() -> Sums:
    return defaultdict(int)


def _taken(rows: Any, days: dict[str, int], forgotten: dict[str, str]) -> Sums:
    """Where the event is forgotten, all was put back of what nobody had begun to prepare."""
    taken = _sums()
    for order, store, document in rows:
        if (day := days.get(order)) is not None and forgotten.get(order) != "confirmed":
            for line in _read(_lines, document, []):
                taken[store, line.product_id, day] += line.quantity
    return taken


def _told(rows: Any, days: dict[str, int]) -> Iterator[tuple[tuple[str, str, int], int]]:
    """What cancelled orders gave back, by their events."""
    for order, data in rows:
        if (day := days.get(order)) is not None:
            event = _read(_cancelled, data, _NOTHING)
            if event.previous != "pending":
                yield from (((event.store_id, one.product_id, day), one.quantity) for one in event.restock)


def _read(decoder: msgspec.json.Decoder[T], document: bytes | str, otherwise: T) -> T:
    """What nobody can read is found by its hash."""
    try:
        return decoder.decode(document)
    except msgspec.DecodeError:
        return otherwise
