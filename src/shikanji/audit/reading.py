"""One reading of all orders, each with what belongs to it: its steps, hold, movements, dues, payment, refunds and
invoice, what was counted of it, and what loyalty and analytics say. What compares as it is, is compared here."""

from collections.abc import Collection
from typing import NamedTuple

_OF_AN_ORDER = (
    ("orders", '"order".orders', "r.id = x.order_id"),
    ("steps", '"order".order_timeline', "r.order_id = x.order_id"),
    ("holds", "inventory.holds", "r.order_id = x.order_id"),
    ("movements", "inventory.movements", "r.order_id = x.order_id"),
    ("payments", "payment.payments", "r.order_id = x.order_id"),
    ("refunds", "payment.refunds", "r.order_id = x.order_id"),
    ("invoices", "payment.invoices", "r.order_id = x.order_id AND r.kind = 'invoice'"),
)
ODD_ROWS = {name: f"SELECT r.* FROM odd x CROSS JOIN {table} r ON {of}" for name, table, of in _OF_AN_ORDER} | {
    "counted": """SELECT r.* FROM odd x CROSS JOIN customer.counted r
        ON r.kind IN ('order', 'payment') AND r.id = x.order_id
    UNION ALL SELECT r.* FROM odd x CROSS JOIN payment.payments p ON p.order_id = x.order_id
        CROSS JOIN customer.counted r ON r.kind = 'payment' AND r.id = p.id"""
}
"""Table → what of it belongs to orders that are not plain. What was counted without any order or payment is found by
its own id."""


class Part(NamedTuple):
    """A row of an order, and what makes it plain."""

    table: str
    joined: str
    plain: str
    service: str | None = None
    """Without whose database there is no such row."""


_PARTS = (
    Part(
        "inventory.holds h",
        "h.order_id = o.id AND h.attempt = o.attempt",
        "h.store_id = o.store_id",
    ),
    Part(
        "payment.dues d",
        "d.order_id = o.id",
        "d.store_id = o.store_id",
    ),
    Part(
        "payment.payments p",
        "p.order_id = o.id AND p.number = 1",
        # All that came is kept but for what was asked back; of what was cancelled, nothing is.
        """CASE WHEN p.id IS NULL THEN o.status = 'cancelled' ELSE p.store_id = o.store_id AND p.amount = o.total
            AND CASE o.status WHEN 'completed' THEN p.captured = o.total AND p.released IS NULL
                ELSE p.captured = p.reserved END
            AND p.refunded = p.reserved AND (p.reserved = 0 OR p.reserved = (
                SELECT CASE WHEN min(r.payment_id = p.id AND r.store_id = o.store_id AND r.status = 'completed'
                    AND (r.cause = 'requested' OR o.status = 'cancelled')) THEN sum(r.amount) END
                FROM payment.refunds r WHERE r.order_id = o.id)) END""",
    ),
    Part(
        "payment.invoices i",
        "i.order_id = o.id AND i.kind = 'invoice'",
        # Only whether there is one, which the index knows: its row is as long as its document, and dear to look up.
        """CASE WHEN i.order_id IS NULL THEN p.id IS NULL OR p.captured = 0 OR p.released IS NOT NULL
            ELSE h.state IN ('sold', 'returned') END""",
    ),
    Part(
        "customer.counted k",
        "k.kind = 'order' AND k.id = o.id",
        "k.customer_id = o.customer_id",
    ),
    Part(
        "customer.counted c",
        "c.kind = 'payment' AND c.id = p.id",
        "CASE WHEN p.captured_at IS NULL THEN c.id IS NULL ELSE c.amount = p.captured END",
    ),
    Part(
        "loyalty.earnings e",
        "e.order_id = o.id",
        """CASE WHEN e.order_id IS NULL THEN o.status = 'cancelled'
            WHEN o.status = 'cancelled' THEN e.pending + e.granted + e.bonus_granted = 0
            ELSE e.goods = o.goods AND e.total = o.total AND e.pending = 0 AND e.granted = CASE e.refunded
                WHEN 0 THEN e.points ELSE e.points * max(e.total - e.refunded, 0) / max(e.total, 1) END END""",
        service="loyalty",
    ),
    Part(
        "analytics.order_facts f",
        "f.order_id = o.id",
        """f.store_id = o.store_id AND f.customer_id = o.customer_id AND f.placed_at = o.placed_at
            AND f.total = o.total AND f.counted = (o.status = 'completed') AND f.paid = coalesce(p.captured, 0)
            AND f.refunded = coalesce(p.refunded, 0)""",
        service="analytics",
    ),
)
_AT_ITS_END = """o.status IN ('completed', 'cancelled') AND o.deadline IS NULL
    AND o.total = o.subtotal - o.discount - o.points_discount + o.delivery_fee + o.tax + o.round_off"""
_MOVED = """SELECT group_concat(m.stock_id || ' ' || {delta}) FROM inventory.movements m
    WHERE m.order_id = o.id AND m.attempt = o.attempt AND m.kind = '{kind}'"""


class Order(NamedTuple):
    """What of an order is still to be judged."""

    id: str
    document: bytes | str | None
    """None where something compared as it is no plain order's."""
    digest: str
    went: str | None
    """Fulfilment, version, status, the hold's state, the sum and the last of the steps' numbers, the steps."""
    subtotal: int
    discount: int
    points_discount: int
    tax: int
    paid: int
    store: str
    held: bytes | str
    sold: str | None
    """Stock and movement of each sale, by stock."""
    put_back: str | None
    """Of each restock likewise, with the sale's sign."""
    bears: int
    """PAYMENT and COUNTED, those that it has."""
    key: str


PAYMENT, COUNTED = 1, 2
_COLUMNS = f"""o.lines_hash,
    o.fulfilment || ' ' || o.version || ' ' || o.status || ' ' || h.state || ' ' || (
        SELECT sum(t.version) || ' ' || max(t.version) || ' ' || group_concat(t.status)
        FROM "order".order_timeline t WHERE t.order_id = o.id),
    o.subtotal, o.discount, o.points_discount, o.tax - CASE WHEN o.delivery_fee_tax = 0 THEN 0
        WHEN json_extract(CAST(o.details_document AS TEXT), '$.fee_tax.included') = 1 THEN 0
        ELSE o.delivery_fee_tax END,
    o.total - o.delivery_paid, o.store_id, h.lines, ({_MOVED.format(kind="sale", delta="m.delta")}),
    CASE o.status WHEN 'cancelled' THEN ({_MOVED.format(kind="restock", delta="-m.delta")}) END,
    (p.id IS NOT NULL) * {PAYMENT} + (c.id IS NOT NULL) * {COUNTED},
    o.idempotency_key"""


def every_order(services: Collection[str]) -> str:
    """The statement, which answers with an `Order` for each."""
    parts = [part for part in _PARTS if part.service is None or part.service in services]
    plain = " AND ".join((_AT_ITS_END, *(part.plain for part in parts)))
    joined = " ".join(f"LEFT JOIN {part.table} ON {part.joined}" for part in parts)
    return f"""SELECT o.id, CASE WHEN {plain} THEN o.lines_document END, {_COLUMNS} FROM "order".orders o {joined}"""
