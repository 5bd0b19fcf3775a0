"""What must be true of the stock at any moment (reliability.md, 8 to 10), checked on the tables themselves."""

from collections import Counter
from typing import Any

import msgspec

from shikanji.services.inventory import service
from tests.kit.databases import OpenDatabase
from tests.kit.delivering import hearing

hear = hearing(service.subscribers)


def check_books(base: OpenDatabase) -> None:
    """Fails naming what does not add up."""
    on_hand = {row[0]: (row[1], row[2]) for row in base.query("SELECT id, on_hand, held FROM stock")}
    moved = Counter(
        {row[0]: row[1] for row in base.query("SELECT stock_id, sum(delta) FROM movements GROUP BY stock_id")}
    )
    held: Counter[str] = Counter()
    for row in _holds(base):
        if row["state"] in ("active", "tied"):
            held.update({line[0]: line[2] for line in row["lines"]})
    for stock_id, (there, taken) in on_hand.items():
        assert there == moved[stock_id], f"{there} on hand, {moved[stock_id]} moved"
        assert taken == held[stock_id], f"{taken} held, {held[stock_id]} in open holds"
    _check_sales(base)
    _check_told_once(base)


def _check_sales(base: OpenDatabase) -> None:
    """A sale of exactly its lines for every hold that was sold, and for no other."""
    sales: dict[tuple[str, int], dict[str, int]] = {}
    for order_id, attempt, stock_id, delta in base.query(
        "SELECT order_id, attempt, stock_id, delta FROM movements WHERE kind = 'sale'"
    ):
        sales.setdefault((order_id, attempt), {})[stock_id] = -delta
    sold = {
        (row["order_id"], row["attempt"]): {line[0]: line[2] for line in row["lines"]}
        for row in _holds(base)
        if row["state"] in ("sold", "returned")
    }
    assert sales == sold


def _check_told_once(base: OpenDatabase) -> None:
    """Of each attempt: an order that was brought back can lose its stock once more."""
    events = [event for event in base.events() if event.type == "StockUnavailable"]
    told = Counter((event.aggregate_id, event.data["attempt"]) for event in events)
    broken = {(row["order_id"], row["attempt"]) for row in _holds(base) if row["state"] == "broken"}
    assert all(times == 1 for times in told.values()), told
    assert broken <= set(told)


def state_of(base: OpenDatabase, order_id: str, attempt: int = 1) -> str | None:
    rows = base.query(f"SELECT state FROM holds WHERE order_id = '{order_id}' AND attempt = {attempt}")
    return rows[0][0] if rows else None


def counts(base: OpenDatabase, product_id: str) -> tuple[int, int]:
    """On hand and held, over all stores."""
    on_hand, held = base.query(f"SELECT sum(on_hand), sum(held) FROM stock WHERE product_id = '{product_id}'")[0]
    return int(on_hand), int(held)


def told(base: OpenDatabase, *types: str) -> list[str]:
    """The types of the events recorded, in order; only `types` where some are named."""
    return [event.type for event in base.events() if not types or event.type in types]


def _holds(base: OpenDatabase) -> list[dict[str, Any]]:
    rows = base.query("SELECT order_id, attempt, state, lines FROM holds")
    return [
        {"order_id": row[0], "attempt": row[1], "state": row[2], "lines": msgspec.json.decode(row[3])} for row in rows
    ]
