"""Figures of reports: what they count is what orders and payments say, and what they add up to is what they count."""

from collections import defaultdict
from collections.abc import Iterator

from shikanji.audit.invariant import Ask, Invariant

_SUMS = "sum({0}placed) AS placed, sum({0}orders) AS orders, sum({0}total) AS total, sum({0}paid) AS paid, " + (
    "sum({0}refunded) AS refunded"
)
_ONE_BY_ONE = """SELECT store_id, day, count(*) AS placed, sum(counted) AS orders, sum(counted * total) AS total,
                        sum(paid) AS paid, sum(refunded) AS refunded
                 FROM analytics.order_facts WHERE store_id IS NOT NULL GROUP BY store_id, day"""
_DAYS = """SELECT store_id, period AS day, placed, orders, total, paid, refunded FROM analytics.aggregated_metrics
           WHERE dimension = 'day'"""
_PARTS = f"""SELECT store_id, dimension, period / CASE dimension WHEN 'hour' THEN 24 ELSE 1 END AS day,
                    {_SUMS.format("")} FROM analytics.aggregated_metrics
             WHERE dimension IN ('hour', 'fulfilment', 'method') GROUP BY 1, 2, 3"""
_MONTHS = f"""SELECT store_id, CAST(strftime('%Y', period + 1721424.5) AS INTEGER) * 12
                            + CAST(strftime('%m', period + 1721424.5) AS INTEGER) - 1 AS month, {_SUMS.format("")}
              FROM analytics.aggregated_metrics WHERE dimension = 'day' GROUP BY 1, 2"""
"""Days are counted from the year 1; for SQLite a number of days is one of the Julian calendar's."""
_SAID = (
    "coalesce({0}.placed || ' placed, ' || {0}.orders || ' orders for ' || {0}.total || ', ' || {0}.paid || "
    "' paid, ' || {0}.refunded || ' refunded', 'nothing')"
)
_DIFFER = "(a.placed, a.orders, a.total, a.paid, a.refunded) IS NOT (b.placed, b.orders, b.total, b.paid, b.refunded)"
_WHOLE = "NOT EXISTS (SELECT 1 FROM analytics.rebuilds WHERE reached IS NOT NULL)"


def _misjudged(ask: Ask) -> Iterator[tuple[str, str, str]]:
    """Added up here: no index has what orders came to in the order of customers."""
    orders: defaultdict[tuple[str, str], int] = defaultdict(int)
    revenue: defaultdict[tuple[str, str], int] = defaultdict(int)
    for customer, store, counted, kept in ask(
        "SELECT customer_id, store_id, counted, paid - refunded FROM analytics.order_facts WHERE store_id IS NOT NULL"
    ):
        orders[customer, store] += counted
        revenue[customer, store] += kept
    for customer, store in [*orders]:
        orders[customer, ""] += orders[customer, store]
        revenue[customer, ""] += revenue[customer, store]
    for customer, store, *said in ask("SELECT customer_id, store_id, orders, revenue FROM analytics.customers"):
        is_known = (customer, store) in orders
        expected = orders[customer, store], revenue[customer, store]
        if not is_known or expected != (*said,):
            yield f"{customer} in {store or 'all stores'}", _told(*said), _told(*expected) if is_known else "nothing"


def _told(orders: int, revenue: int) -> str:
    return f"{orders} orders, {revenue} revenue"


ANALYTICS = (
    Invariant(
        "35f",
        "analytics knows every order as it is, and counts it exactly when it was confirmed and not cancelled",
        "quiescent",
        f"""SELECT o.id,
               coalesce(f.store_id || ' ' || f.customer_id || ' ' || f.placed_at || ' ' || f.total || ' counts ' ||
                   f.counted, 'nothing known'),
               o.store_id || ' ' || o.customer_id || ' ' || o.placed_at || ' ' || o.total || ' counts ' ||
                   (o.status NOT IN ('pending', 'cancelled'))
        FROM odd_orders o LEFT JOIN analytics.order_facts f ON f.order_id = o.id
        WHERE {_WHOLE} AND NOT EXISTS (SELECT 1 FROM young y WHERE y.order_id = o.id)
        AND (f.store_id, f.customer_id, f.placed_at, f.total, f.counted)
            IS NOT (o.store_id, o.customer_id, o.placed_at, o.total, o.status NOT IN ('pending', 'cancelled'))""",
        needs="analytics",
        of_odd=True,
    ),
    Invariant(
        "35g",
        "of every order analytics counts the money that came and that went back",
        "quiescent",
        f"""SELECT o.id, coalesce(f.paid || ' paid, ' || f.refunded || ' refunded', 'nothing known'),
               coalesce(p.paid, 0) || ' paid, ' || coalesce(r.refunded, 0) || ' refunded'
        FROM odd_orders o LEFT JOIN analytics.order_facts f ON f.order_id = o.id
        LEFT JOIN (SELECT order_id, sum(captured) AS paid, max(updated_at) AS at FROM odd_payments
                   GROUP BY order_id) p ON p.order_id = o.id
        LEFT JOIN (SELECT order_id, sum(CASE status WHEN 'completed' THEN amount ELSE 0 END) AS refunded,
                          max(updated_at) AS at FROM odd_refunds GROUP BY order_id) r ON r.order_id = o.id
        WHERE {_WHOLE} AND o.placed_at <= :before AND coalesce(p.at, 0) <= :before AND coalesce(r.at, 0) <= :before
        AND (f.paid, f.refunded) IS NOT (coalesce(p.paid, 0), coalesce(r.refunded, 0))""",
        needs="analytics",
        of_odd=True,
    ),
    Invariant(
        "35h",
        "orders and revenue of every store and day are the sum of its orders",
        "live",
        f"""SELECT coalesce(a.store_id, b.store_id) || ' day ' || coalesce(a.day, b.day), {_SAID.format("a")},
               {_SAID.format("b")}
        FROM ({_DAYS}) a FULL JOIN ({_ONE_BY_ONE}) b ON b.store_id = a.store_id AND b.day = a.day
        WHERE {_DIFFER} AND NOT (b.store_id IS NULL AND max(a.placed, a.orders, a.paid) = 0)""",
        needs="analytics",
    ),
    Invariant(
        "35i",
        "the hours of a day, its fulfilments and its payment methods each add up to the day",
        "live",
        f"""SELECT coalesce(a.store_id, b.store_id) || ' day ' || coalesce(a.day, b.day) || ' by ' || d.column1,
               {_SAID.format("b")}, {_SAID.format("a")}
        FROM (VALUES ('hour'), ('fulfilment'), ('method')) d JOIN ({_DAYS}) a
        LEFT JOIN ({_PARTS}) b ON b.store_id = a.store_id AND b.day = a.day AND b.dimension = d.column1
        WHERE {_DIFFER}""",
        needs="analytics",
    ),
    Invariant(
        "35l",
        "the days of a month add up to the month",
        "live",
        f"""SELECT coalesce(a.store_id, b.store_id) || ' month ' || coalesce(a.period, b.month), {_SAID.format("a")},
               {_SAID.format("b")}
        FROM (SELECT * FROM analytics.aggregated_metrics WHERE dimension = 'month') a
        FULL JOIN ({_MONTHS}) b ON b.store_id = a.store_id AND b.month = a.period
        WHERE {_DIFFER}""",
        needs="analytics",
    ),
    Invariant(
        "35j",
        "what a customer has ordered and paid, in each store and in all, is the sum of the orders",
        "live",
        judge=_misjudged,
        needs="analytics",
    ),
    Invariant(
        "35k",
        "analytics has kept every event that came",
        "live",
        """SELECT 'analytics_events', kept || ' events', received || ' or more' FROM (
            SELECT (SELECT count(*) FROM analytics.analytics_events) AS kept,
                   (SELECT count(*) FROM analytics.inbox WHERE state = 'done') AS received)
        WHERE kept < received""",
        needs="analytics",
    ),
)
