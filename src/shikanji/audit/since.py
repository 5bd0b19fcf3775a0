"""Only what is new: the same statements over views of what came or changed since an audit was clean, and of everything
that is still under way. What belongs to an order is looked at with it, however old it is.

Of what was settled before and has not been touched by an event since, nothing is seen here; neither is what sums over
all of history. So not every invariant can be asked this way, and the report names those that were not."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from shikanji.audit.invariant import Invariant
from shikanji.kit.clock import HOUR
from shikanji.kit.db.together import quoted
from shikanji.kit.ids import first_id

MARGIN = HOUR
"""What was committed at a time bears ids that were made before it, but never by so much."""

_BY_ORDER = {
    ("order", "orders"): "id",
    ("order", "order_timeline"): "order_id",
    ("order", "revivals"): "order_id",
    ("inventory", "holds"): "order_id",
    ("inventory", "movements"): "order_id",
    ("payment", "dues"): "order_id",
    ("payment", "payments"): "order_id",
    ("payment", "refunds"): "order_id",
    ("loyalty", "earnings"): "order_id",
    ("loyalty", "benefit_holds"): "order_id",
    ("store", "slot_places"): "order_id",
}
"""Tables with an index on the order that a row belongs to."""

_TOUCHED: Sequence[tuple[str, str]] = (
    ("order", """SELECT id FROM "order".orders WHERE id >= :first"""),
    # By an index of such orders alone, which SQLite takes for no part of a longer condition.
    ("order", """SELECT id FROM "order".orders WHERE status NOT IN ('completed', 'cancelled')"""),
    ("order", """SELECT aggregate_id FROM "order".outbox WHERE event_id >= :first"""),
    ("inventory", "SELECT order_id FROM inventory.holds WHERE order_id >= :first"),
    ("inventory", "SELECT order_id FROM inventory.holds WHERE ended_at IS NULL"),
    (
        "inventory",
        """SELECT m.order_id FROM inventory.stock s CROSS JOIN inventory.movements m
        ON m.stock_id = s.id AND m.id >= :first WHERE m.order_id IS NOT NULL""",
    ),
    ("payment", "SELECT order_id FROM payment.payments WHERE id >= :first OR order_id >= :first"),
    ("payment", "SELECT order_id FROM payment.refunds WHERE id >= :first OR order_id >= :first"),
    ("payment", "SELECT order_id FROM payment.dues WHERE order_id >= :first"),
    (
        "payment",
        """SELECT p.order_id FROM payment.outbox e CROSS JOIN payment.payments p ON p.id = e.aggregate_id
        WHERE e.event_id >= :first""",
    ),
    ("loyalty", "SELECT order_id FROM loyalty.earnings WHERE order_id >= :first"),
    ("loyalty", "SELECT order_id FROM loyalty.benefit_holds WHERE order_id >= :first"),
    ("store", "SELECT order_id FROM store.slot_places WHERE order_id >= :first"),
)
"""Service → the orders that something of it is about. Ids are in the order of time."""

_KEYS = "1a 1b 2a 2b 2c 3 4a 4b 5c 6a 6b 6c 7 43 9 10a 10b 11 11b 12a 13 14a 14b 14c 16 16b 17 19a 20 "
_KEYS_OF_PEOPLE = "22a 22b 24a 24b 24c 27a 27b 27c 35b"
KEYS = frozenset((_KEYS + _KEYS_OF_PEOPLE).split())
"""Invariants that are as true of touched orders with all that belongs to them as of all orders."""

KINDS = ("29", "30", "31", "32a", "34")
"""And those about events: of new ones. What is not published has an index of its own, and is looked at whole."""

TOUCHED = "SELECT id FROM touched"

_WHOLE = frozenset({"29"})


def is_seen(invariant: Invariant) -> bool:
    kind, _, where = invariant.key.partition(" ")
    if invariant.looks_in is not None:
        return tuple(where.split(".")) in _BY_ORDER
    return kind in KEYS or kind in KINDS


def asks_whole(invariant: Invariant) -> bool:
    return invariant.key.split()[0] in _WHOLE


def touch(connection: Any, names: Collection[str], since: int) -> Callable[[str], str]:
    """Makes the views; answers with what makes a statement ask them."""
    first = first_id(since - MARGIN)
    connection.execute("CREATE TEMP TABLE touched (id TEXT PRIMARY KEY) WITHOUT ROWID")
    for service, orders in _TOUCHED:
        if service in names:
            given = {"first": first} if ":first" in orders else {}
            connection.execute(f"INSERT OR IGNORE INTO touched {orders}", given)
    views = {table: f"new_{'_'.join(table)}" for table in _views(names, first)}
    for table, statement in _views(names, first).items():
        connection.execute(f"CREATE TEMP VIEW {views[table]} AS {statement}")
    pattern = re.compile("|".join(_spelt(*table) for table in views))

    def rewrite(statement: str) -> str:
        return pattern.sub(lambda found: views[_named(found.group())], statement)

    return rewrite


def _spelt(service: str, table: str) -> str:
    """A table in a statement: its service and its name, in quotes or not."""
    return rf'(?<![\w."])"?{service}"?\."?{table}\b"?'


def _named(found: str) -> tuple[str, str]:
    service, _, table = found.replace('"', "").partition(".")
    return service, table


def _views(names: Collection[str], first: str) -> dict[tuple[str, str], str]:
    """Table → the statement that picks what of it is looked at."""
    found: dict[tuple[str, str], str] = {}
    for (service, table), column in _BY_ORDER.items():
        # So that a statement that looks one up by its key need not go through all that is touched.
        found[service, table] = f"SELECT * FROM {quoted(service)}.{table} WHERE {column} IN (SELECT id FROM touched)"
    theirs = """SELECT DISTINCT o.customer_id FROM touched t CROSS JOIN "order".orders o ON o.id = t.id"""
    for table in ("members", "loyalty_transactions"):
        of = f"SELECT r.* FROM ({theirs}) c CROSS JOIN loyalty.{table} r ON r.customer_id = c.customer_id"
        found["loyalty", table] = of
    found["customer", "counted"] = """SELECT * FROM customer.counted
        WHERE kind = 'order' AND id IN (SELECT id FROM touched)
        UNION ALL SELECT * FROM customer.counted WHERE kind = 'payment' AND id IN (
            SELECT p.id FROM touched t CROSS JOIN payment.payments p ON p.order_id = t.id)"""
    found["payment", "tries"] = """SELECT r.* FROM touched t CROSS JOIN payment.payments p ON p.order_id = t.id
        CROSS JOIN payment.tries r ON r.payment_id = p.id"""
    for name in names:
        for table in ("outbox", "inbox"):
            found[name, table] = f"SELECT * FROM {quoted(name)}.{table} WHERE event_id >= '{first}'"
    return {table: statement for table, statement in found.items() if table[0] in names}
