"""What the copying itself cannot know of a table."""

from collections.abc import Mapping

DAYS_KEPT: Mapping[str, int] = {"outbox": 30, "inbox": 31, "idempotency": 7}
"""Rows of these tables are forgotten after so many days, in every service."""

LEFT_OUT = frozenset({"jobs", "leases", "sessions", "refresh_tokens", "challenges", "counters"})
"""What has its time and is gone: nobody of long ago is still signed in or waited for."""

SUMS: Mapping[str, Mapping[str, str]] = {
    "order": {
        "order_numbers": """INSERT INTO order_numbers (store_id, day, last)
            SELECT store_id, substr(numbered, 1, 6), max(CAST(substr(numbered, 8) AS INTEGER)) FROM (
                SELECT store_id, substr(order_number, instr(order_number, '-') + 1) AS numbered FROM orders)
            GROUP BY 1, 2 ON CONFLICT DO UPDATE SET last = excluded.last""",
    },
    "inventory": {
        "stock": """UPDATE stock SET on_hand = moved.total FROM (
            SELECT stock_id, sum(delta) AS total FROM movements GROUP BY stock_id) moved
            WHERE moved.stock_id = stock.id""",
    },
}
"""Service → table that sums over all customers → how it follows from the others."""
