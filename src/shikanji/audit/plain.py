"""Nearly every order is plain: it is completed or cancelled, its steps are legal, its lines are as they were placed and
add up to its sums, its one hold has the same pieces of the same store, and each line of that left the shelf once and
whole, and came back if it was cancelled after its confirmation. Its one payment brought its total, and what went back
was asked for, or is all; its invoice, and what others count and know of it, say the same.

One reading of all orders, each with what belongs to it (`audit.reading`), finds those of which any of that cannot be
said at once. Invariants that are `of_odd` then ask of these alone: a plain order satisfies each of them by what is said
above. It is only to be told apart here what is certain; whatever is not goes to the statements, which say what is wrong
with it, if anything is."""

from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from shikanji.audit.reading import COUNTED, ODD_ROWS, PAYMENT, Order, every_order
from shikanji.audit.views import Line, are_legal, blake2b_hex, ordered_lines

ROWS_AT_ONCE = 100
Stock = dict[str, dict[str, str]]
"""Store → product → stock."""
Piece = tuple[str, str, int]
"""A line of a hold: stock, product, quantity."""

_written = msgspec.json.Encoder().encode
_STOCK = "SELECT store_id, product_id, id FROM inventory.stock"
_ODD = "INSERT OR IGNORE INTO temp.odd "
_EVERY_ORDER = """SELECT id FROM "order".orders"""
_KEYED_ALIKE = """SELECT id FROM "order".orders WHERE idempotency_key IN (
    SELECT idempotency_key FROM "order".orders GROUP BY 1 HAVING count(*) > 1)"""
_ANYHOW = (
    """SELECT aggregate_id FROM "order".outbox WHERE type = 'OrderCancelled'""",
    """SELECT order_id FROM "order".revivals""",
    """SELECT r.order_id FROM payment.refunds r LEFT JOIN payment.payments p ON p.id = r.payment_id
    WHERE p.reserved = 0 OR p.order_id IS NOT r.order_id""",
    """SELECT p.order_id FROM payment.refunds r JOIN payment.payments p ON p.id = r.payment_id
    WHERE p.order_id <> r.order_id""",
    """SELECT i.order_id FROM payment.invoices i NOT INDEXED LEFT JOIN "order".orders o ON o.id = i.order_id
    LEFT JOIN payment.payments p ON p.id = i.payment_id
    WHERE i.kind = 'invoice' AND (o.id IS NULL OR p.order_id IS NOT o.id OR p.number <> 1
        OR i.total <> o.total OR i.store_id <> o.store_id OR i.customer_id <> o.customer_id)""",
)
"""Odd, however they look: of what was cancelled with its event yet, or was brought back, more is to be said than where
it stands; what goes back goes by the payment that it names; and an invoice is over one that is the order's only one."""


class _Belonging(NamedTuple):
    """What of a table belongs to plain orders is counted while they are read. If that and the rows of odd orders
    (`odd_…`) are not all, `others` finds the orders, or the ids instead, of what is neither."""

    name: str
    others: str
    which: str = "1"


_BELONGING = {
    "holds": _Belonging(
        "inventory.holds",
        """SELECT h.order_id FROM inventory.holds h LEFT JOIN "order".orders o ON o.id = h.order_id
        WHERE o.id IS NULL OR o.attempt <> h.attempt""",
    ),
    "movements": _Belonging(
        "inventory.movements",
        """SELECT m.order_id FROM inventory.movements m LEFT JOIN "order".orders o ON o.id = m.order_id
        WHERE m.order_id IS NOT NULL AND (o.id IS NULL OR m.attempt IS NOT o.attempt
            OR m.kind <> 'sale' AND NOT (m.kind = 'restock' AND o.status = 'cancelled'))""",
        which="order_id IS NOT NULL",
    ),
    "payments": _Belonging(
        "payment.payments",
        """SELECT p.order_id FROM payment.payments p LEFT JOIN "order".orders o ON o.id = p.order_id
        WHERE o.id IS NULL OR p.number <> 1""",
    ),
    "counted": _Belonging(
        "customer.counted",
        """SELECT k.id FROM customer.counted k WHERE CASE k.kind
            WHEN 'order' THEN NOT EXISTS (SELECT 1 FROM "order".orders o WHERE o.id = k.id)
            ELSE NOT EXISTS (SELECT 1 FROM payment.payments p WHERE p.id = k.id) END""",
    ),
}


def prepare(connection: Any) -> None:
    """Views of what belongs to orders that are not plain, or to none; none is known yet."""
    connection.execute("CREATE TEMP TABLE odd (order_id TEXT PRIMARY KEY) WITHOUT ROWID")
    for name, rows in ODD_ROWS.items():
        connection.execute(f"CREATE TEMP VIEW odd_{name} AS {rows}")


def take_all(connection: Any, orders: str = _EVERY_ORDER) -> None:
    """All that a statement answers with are looked at closely: where there are few, that is cheaper."""
    connection.execute(_ODD + orders)


def find_odd(connection: Any, services: Collection[str]) -> None:
    """Of all orders, by the databases of these services."""
    found = _read(connection, services)
    unknown = [*_ANYHOW, *_unaccounted(connection, found.belonging)]
    if found.orders != _number(connection, '"order".orders'):
        # What should belong to an order once, by a key, does so several times.
        unknown.append(_EVERY_ORDER)
    if found.keys < found.orders:
        unknown.append(_KEYED_ALIKE)
    for orders in unknown:
        take_all(connection, orders)


class _Found(NamedTuple):
    orders: int
    keys: int
    """Different ones."""
    belonging: dict[str, int]
    """How many rows of plain orders, by table."""


def _read(connection: Any, services: Collection[str]) -> _Found:
    stock, keys, odd = _stock(connection), set[int](), list[tuple[str]]()
    orders, movements, bears = 0, 0, Counter[int]()
    rows = connection.execute(every_order(services))
    while some := rows.fetchmany(ROWS_AT_ONCE):
        orders += len(some)
        for row in some:
            keys.add(hash(row[-1]))
            if (moved := _movements(stock, row)) is None:
                odd.append(row[:1])
            else:
                movements += moved
                bears[row[-2]] += 1
    connection.executemany(f"{_ODD} VALUES (?)", odd)
    plain = orders - len(odd)
    having = {one: sum(count for bits, count in bears.items() if bits & one) for one in (PAYMENT, COUNTED)}
    belonging = {
        "holds": plain,
        "movements": movements,
        "payments": having[PAYMENT],
        "counted": plain + having[COUNTED],
    }
    return _Found(orders, len(keys), belonging)


def _stock(connection: Any) -> Stock:
    stock: Stock = {}
    for store, product, stock_id in connection.execute(_STOCK):
        stock.setdefault(store, {})[product] = stock_id
    return stock


def _unaccounted(connection: Any, plain: dict[str, int]) -> list[str]:
    """What finds the orders of rows that are neither of plain nor of odd ones. All are counted before any is found."""
    return [
        table.others
        for name, table in _BELONGING.items()
        if _number(connection, table.name, table.which) != plain[name] + _number(connection, f"odd_{name}")
    ]


def _number(connection: Any, table: str, which: str = "1") -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchone()[0])


def _movements(stock: Stock, row: Order) -> int | None:
    """How many a plain order has; None of any other order."""
    _, document, digest, went, subtotal, discount, points, tax, paid, store, held, sold, put_back, _, _ = row
    if document is None or (times := _times_moved(went)) is None or blake2b_hex(document) != digest:
        return None
    try:
        pieces = _pieces(stock[store], ordered_lines(document), subtotal, discount, points, tax, paid)
    except (msgspec.DecodeError, KeyError):
        return None
    if pieces is None or _written(pieces) != held:
        return None
    moved = ",".join([f"{stock_id} {-quantity}" for stock_id, _, quantity in pieces])
    if sold != (moved if times else None) or put_back != (moved if times == 2 else None):
        return None
    return times * len(pieces)


def _pieces(
    stock: dict[str, str], lines: list[Line], subtotal: int, discount: int, points: int, tax: int, paid: int
) -> list[Piece] | None:
    """What the hold of lines that add up to these sums (paise) has: one line for each product, by stock. None where
    they do not, as `views.sums_of` has it. Raises KeyError for what the store never had.

    All in one go, for it is done for every order there is."""
    ordered: dict[str, int] = {}
    for line in lines:
        quantity, total, product = line.quantity, line.line_total, line.product_id
        if total != line.unit_price * quantity:
            return None
        subtotal -= total
        discount -= line.discount
        points -= line.points_discount
        paid -= line.paid
        if not line.tax_included:
            tax -= line.tax
        ordered[product] = ordered.get(product, 0) + quantity
    if subtotal or discount or points or tax or paid:
        return None
    return sorted([(stock[product], product, quantity) for product, quantity in ordered.items()])


_ENDS = {
    ("sold", ()): 1,
    ("returned", ("pending", "confirmed", "cancelled")): 2,
    ("released", ("pending", "cancelled")): 0,
    ("cancelled", ("pending", "cancelled")): 0,
}
"""The end of a hold, and the steps that led to a cancellation, if any did: how often its pieces moved."""


@lru_cache(maxsize=1_000)
def _times_moved(went: str | None) -> int | None:
    """How often the pieces of an order moved that `went` a plain way to where it stands, and its hold with it; None of
    any other way. Most orders go one of a few."""
    if went is None:
        return None
    fulfilment, version, status, hold, numbers, last, steps = went.split(" ")
    names = steps.split(",")
    number = len(names)
    if (version, status, last, numbers) != (str(number), names[-1], str(number), str(number * (number + 1) // 2)):
        return None
    if not are_legal(fulfilment, ",".join(f"{place} {name}" for place, name in enumerate(names, 1))):
        return None
    return _ENDS.get((hold, tuple(names) if "cancelled" in names else ()))
