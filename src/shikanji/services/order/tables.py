"""The tables of the order service's database. Amounts in paise, times in µs since 1970."""

import sqlalchemy as sa

from shikanji.kit.db.tables import kit_tables

metadata = sa.MetaData()
kit = kit_tables(metadata)

# The lines are one document: they are read and written together, and never change after placement.
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("order_number", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("fulfilment", sa.Text, nullable=False),
    sa.Column("payment_method", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.BigInteger, nullable=False),
    sa.Column("cancel_cause", sa.Text),
    sa.Column("cancel_reason", sa.Text),
    sa.Column("subtotal", sa.BigInteger, nullable=False),
    sa.Column("discount", sa.BigInteger, nullable=False),
    sa.Column("points_discount", sa.BigInteger, nullable=False),
    sa.Column("delivery_fee", sa.BigInteger, nullable=False),
    sa.Column("delivery_fee_tax", sa.BigInteger, nullable=False),
    sa.Column("delivery_paid", sa.BigInteger, nullable=False),
    sa.Column("tax", sa.BigInteger, nullable=False),
    sa.Column("round_off", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("goods", sa.BigInteger, nullable=False),
    sa.Column("benefits", sa.BigInteger, nullable=False),
    sa.Column("prep_minutes", sa.BigInteger, nullable=False),
    sa.Column("scheduled_for", sa.BigInteger),
    sa.Column("estimated_at", sa.BigInteger, nullable=False),
    sa.Column("payment_deadline", sa.BigInteger),
    sa.Column("deadline", sa.BigInteger),
    sa.Column("placed_at", sa.BigInteger, nullable=False),
    sa.Column("placed_by", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text, nullable=False),
    sa.Column("cook_id", sa.Text),
    sa.Column("courier_id", sa.Text),
    sa.Column("details_document", sa.LargeBinary, nullable=False),
    sa.Column("lines_document", sa.LargeBinary, nullable=False),
    sa.Column("lines_hash", sa.Text, nullable=False),
    sa.CheckConstraint(
        "total = subtotal - discount - points_discount + delivery_fee + tax + round_off", name="orders_total"
    ),
    sa.CheckConstraint("total >= 0", name="orders_total_not_negative"),
    sa.CheckConstraint("(status = 'cancelled') = (cancel_cause IS NOT NULL)", name="orders_cancel_cause"),
)

UNSTARTED = sa.text("status IN ('pending', 'confirmed')")
"""The predicate of a partial index, to be written alike in the queries that it serves."""
ACTIVE = sa.text("status NOT IN ('completed', 'cancelled')")

CANCELLED = sa.text("status = 'cancelled'")

sa.Index("orders_number", orders.c.order_number, orders.c.store_id, unique=True)
sa.Index("orders_of_customer", orders.c.customer_id, orders.c.id)
sa.Index("orders_of_store", orders.c.store_id, orders.c.id)
sa.Index("orders_by_fulfilment", orders.c.store_id, orders.c.fulfilment, orders.c.id)
sa.Index("orders_unstarted", orders.c.customer_id, sqlite_where=UNSTARTED, postgresql_where=UNSTARTED)
sa.Index("orders_active", orders.c.store_id, orders.c.id, sqlite_where=ACTIVE, postgresql_where=ACTIVE)
sa.Index("orders_cancelled", orders.c.store_id, orders.c.id, sqlite_where=CANCELLED, postgresql_where=CANCELLED)

order_timeline = sa.Table(
    "order_timeline",
    metadata,
    sa.Column("order_id", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# Payment attempts that failed; the order waits on for its deadline.
order_payment_failures = sa.Table(
    "order_payment_failures",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("payment_id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

order_tracking = sa.Table(
    "order_tracking",
    metadata,
    sa.Column("order_id", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("latitude_e6", sa.BigInteger, nullable=False),
    sa.Column("longitude_e6", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The last order number that a store gave out on a day of its own calendar.
order_numbers = sa.Table(
    "order_numbers",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Money that came after the payment window had ended.
late_payments = sa.Table(
    "late_payments",
    metadata,
    sa.Column("order_id", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("payment_id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# `state`: open, confirmed, refused. One per order: after a refusal all money goes back.
revivals = sa.Table(
    "revivals",
    metadata,
    sa.Column("order_id", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("attempt", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("reason", sa.Text),
    sqlite_with_rowid=False,
)
