"""Nearly every order is plain: its steps are legal, its lines are as they were placed and add up to its sums, its one
hold has the same pieces of the same store, and each line of that left the shelf once and whole.

One reading of all orders, each with its hold, its movements and its steps, finds those of which any of that cannot be
said at once. Invariants that are `of_odd` (1a, 1b, 4a, 7, 10a, 10b, 11, 13, 43) then ask of these alone: a plain order
satisfies each of them by what is said above. It is only to be told apart here what is certain; whatever is not goes to
the statements, which say what is wrong with it, if anything is."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from shikanji.audit.views import Line, are_legal, blake2b_hex, held_lines, ordered_lines, sums_of

ROWS_AT_ONCE = 100
Piece = tuple[str, str, int]
"""A line of a hold: stock, product, quantity."""
_VIEWS = tuple(
    f"CREATE TEMP VIEW odd_{name} AS SELECT r.* FROM odd x CROSS JOIN {table} r ON r.{column} = x.order_id"
    for name, table, column in (
        ("orders", '"order".orders', "id"),
        ("steps", '"order".order_timeline', "order_id"),
        ("holds", "inventory.holds", "order_id"),
        ("movements", "inventory.movements", "order_id"),
    )
)
"""What belongs to orders that are not plain, or to none."""

_ORDERS = """SELECT o.id, o.store_id, o.attempt, o.fulfilment, o.lines_document, o.lines_hash,
       o.version || ' ' || o.status,
       (SELECT group_concat(t.version || ' ' || t.status) FROM "order".order_timeline t WHERE t.order_id = o.id),
       o.subtotal, o.discount, o.points_discount, o.tax - CASE WHEN o.delivery_fee_tax = 0 THEN 0
           WHEN json_extract(CAST(o.details_document AS TEXT), '$.fee_tax.included') = 1 THEN 0
           ELSE o.delivery_fee_tax END,
       o.total - o.delivery_paid,
       CASE WHEN o.status NOT IN ('pending', 'cancelled') AND h.state = 'sold' AND h.store_id = o.store_id
           AND o.total = o.subtotal - o.discount - o.points_discount + o.delivery_fee + o.tax + o.round_off
           THEN h.lines END,
       (SELECT group_concat(m.kind || ' ' || m.attempt || ' ' || m.stock_id || ' ' || m.delta)
        FROM inventory.movements m WHERE m.order_id = o.id)
FROM "order".orders o LEFT JOIN inventory.holds h ON h.order_id = o.id AND h.attempt = o.attempt"""
_STOCK = "SELECT id, store_id, product_id FROM inventory.stock"
_ODD = "INSERT OR IGNORE INTO temp.odd "
_AGAIN = (
    """SELECT aggregate_id FROM "order".outbox WHERE type = 'OrderCancelled'""",
    """SELECT order_id FROM "order".revivals""",
)
"""Of what was cancelled and brought back, more is to be said than where it stands."""
_OF_NONE = (
    (
        "SELECT count(*) FROM inventory.holds",
        "SELECT count(*) FROM odd_holds",
        """SELECT h.order_id FROM inventory.holds h LEFT JOIN "order".orders o ON o.id = h.order_id
        WHERE o.id IS NULL OR o.attempt <> h.attempt""",
    ),
    (
        "SELECT count(*) FROM inventory.movements WHERE order_id IS NOT NULL",
        "SELECT count(*) FROM odd_movements",
        """SELECT order_id FROM inventory.movements WHERE order_id IS NOT NULL
        AND order_id NOT IN (SELECT id FROM "order".orders)""",
    ),
)
"""How many there are, how many of them are of odd orders, and which are neither of these nor of plain orders: asked
where the plain ones do not account for the rest."""


def prepare(connection: Any) -> None:
    """Views of what is odd, none of which is known yet."""
    connection.execute("CREATE TEMP TABLE odd (order_id TEXT PRIMARY KEY) WITHOUT ROWID")
    for view in _VIEWS:
        connection.execute(view)


def take_all(connection: Any, orders: str) -> None:
    """All that a statement answers with are looked at closely: where there are few, that is cheaper."""
    connection.execute(_ODD + orders)


def find_odd(connection: Any) -> None:
    """Of all orders."""
    orders, lines = 0, 0
    stock = {stock_id: (store, product) for stock_id, store, product in connection.execute(_STOCK)}
    odd: list[tuple[str]] = []
    rows = connection.execute(_ORDERS)
    while some := rows.fetchmany(ROWS_AT_ONCE):
        for row in some:
            if count := _plain_lines(stock, row):
                orders, lines = orders + 1, lines + count
            else:
                odd.append(row[:1])
    connection.executemany(f"{_ODD} VALUES (?)", odd)
    for accounted, (every, of_odd, others) in zip((orders, lines), _OF_NONE, strict=True):
        if _number(connection, every) != accounted + _number(connection, of_odd):
            connection.execute(_ODD + others)
    for once_cancelled in _AGAIN:
        connection.execute(_ODD + once_cancelled)


def _number(connection: Any, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])


def _plain_lines(stock: dict[str, tuple[str, str]], row: tuple[Any, ...]) -> int:
    """How many lines the hold of a plain order has; 0 of any other order."""
    _, store, attempt, fulfilment, document, digest, last, steps, *sums, held, moved = row
    if held is None or not _went(fulfilment, steps, last) or blake2b_hex(document) != digest:
        return 0
    try:
        lines, pieces = ordered_lines(document), held_lines(held)
    except msgspec.DecodeError:
        return 0
    if sums_of(lines) != (*sums, 0) or moved != ",".join(_sales(attempt, pieces)):
        return 0
    are_here = all(stock.get(stock_id) == (store, product) for stock_id, product, _ in pieces)
    return len(pieces) if are_here and _are_alike(lines, pieces) else 0


def _are_alike(lines: list[Line], pieces: list[Piece]) -> bool:
    """A hold has one line for each product; an order has one for each way in which the product is wanted."""
    ordered: dict[str, int] = {}
    for line in lines:
        ordered[line.product_id] = ordered.get(line.product_id, 0) + line.quantity
    return len(ordered) == len(pieces) and ordered == {product: quantity for _, product, quantity in pieces}


@lru_cache(maxsize=1_000)
def _went(fulfilment: str, steps: str | None, last: str) -> bool:
    """A legal way that never led to a cancellation, to where the order stands. Most orders go one of a few ways."""
    if steps is None or "cancelled" in steps or not are_legal(fulfilment, steps):
        return False
    return f"{steps.count(',') + 1} {steps.rpartition(' ')[2]}" == last


def _sales(attempt: int, pieces: list[Piece]) -> Iterator[str]:
    for stock_id, _, quantity in pieces:
        yield f"sale {attempt} {stock_id} {-quantity}"
