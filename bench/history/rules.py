"""What the copying itself cannot know of a table."""

from collections.abc import Mapping, Sequence

from shikanji.services.analytics.tables import FIGURES

DAYS_KEPT: Mapping[str, int] = {
    "outbox": 30,
    "inbox": 31,
    "idempotency": 7,
    "analytics_events": 31,
    "purchases": 60,
    "webhooks": 90,
    "notices": 30,
    "order_tracking": 30,
    "notifications": 90,
    "notification_logs": 400,
    "known_orders": 400,
}
"""Rows of these tables are forgotten, or moved away, after so many days."""

DAYS_KEPT_IF: Mapping[str, tuple[str, str, int]] = {"notification_logs": ("state", "skipped", 90)}
"""Table → column and value of rows that are kept for other days."""

LEFT_OUT = frozenset({"jobs", "leases", "sessions", "refresh_tokens", "challenges", "counters", "invoices_due"})
"""What has its time and is gone: nobody of long ago is still signed in or waited for."""

AS_LIVED = frozenset(
    {
        "sellers",
        "invoice_series",
        "cohorts",
        "customer_segments",
        "stores",
        "products",
        "product_pairs",
        "history_files",
    }
)
"""What those who lived left for all, and what is good for all others too."""

NAMED_BY: Mapping[str, str] = {"analytics_events": "aggregate_id"}
"""Where no unique column says whose a row is: which one does."""

ADDED_UP: Mapping[str, tuple[str, ...]] = {
    "aggregated_metrics": ("store_id", "dimension", "period", "key"),
    "durations": ("store_id", "kind", "day", "bucket"),
}
"""Tables whose rows of a day are what that day's orders add up to, and what tells the rows apart."""

MONTHS = (
    "DELETE FROM aggregated_metrics WHERE dimension = 'month'",
    f"""INSERT INTO aggregated_metrics (store_id, dimension, period, key, {", ".join(FIGURES)})
        SELECT store_id, 'month', CAST(strftime('%Y', period + 1721424.5) AS INTEGER) * 12
            + CAST(strftime('%m', period + 1721424.5) AS INTEGER) - 1 AS month, '',
            {", ".join(f"sum({name})" for name in FIGURES)}
        FROM aggregated_metrics WHERE dimension = 'day' GROUP BY store_id, month""",
)
"""How the figures of months follow from those of days."""

ORDINAL_DAYS = frozenset({"day", "first_day", "period"})
"""Columns with days as numbers (`date.toordinal`), or with such a day's hours."""

OVER: Mapping[str, Sequence[tuple[str, int]]] = {
    "review": [("DELETE FROM purchases WHERE received_at < ?", 60)],
    "notification": [
        ("DELETE FROM notifications WHERE created_at < ?", 89),
        ("DELETE FROM notification_logs WHERE state = 'skipped' AND created_at < ?", 89),
    ],
}
"""Service → how what was lived is forgotten too, and what is older than so many days: messages go by their own age, not
by their order's."""

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
