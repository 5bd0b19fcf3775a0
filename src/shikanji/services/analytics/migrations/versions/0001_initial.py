"""Every event, what is known of each order, and the figures that follow from it."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None

FIGURES = (
    "placed",
    "orders",
    "completed",
    "cancelled",
    "items",
    "gross",
    "discount",
    "points_discount",
    "delivery_fee",
    "tax",
    "round_off",
    "total",
    "paid",
    "refunds",
    "refunded",
)


def upgrade() -> None:
    create_kit_tables(op)
    _create_events()
    _create_facts()
    _create_figures()
    _create_customers()
    _create_segments()
    _create_visits()
    _create_rebuilds()
    _create_history()
    _create_names()


def _create_events() -> None:
    op.create_table(
        "analytics_events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("store_id", sa.Text),
        sa.Column("aggregate_id", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )


def _create_facts() -> None:
    op.create_table(
        "order_facts",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("store_id", sa.Text),
        sa.Column("customer_id", sa.Text),
        sa.Column("placed_at", sa.BigInteger),
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.Column("counted", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("refunded", sa.BigInteger, nullable=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("order_facts_placed", "order_facts", ["store_id", "placed_at"])
    op.create_index("order_facts_customer", "order_facts", ["customer_id", "placed_at"])


def _create_figures() -> None:
    op.create_table(
        "aggregated_metrics",
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("dimension", sa.Text, primary_key=True),
        sa.Column("period", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in FIGURES),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "durations",
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "product_pairs",
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("first_id", sa.Text, primary_key=True),
        sa.Column("second_id", sa.Text, primary_key=True),
        sa.Column("orders", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("orders", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger),
        sa.Column("first_day", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger),
        sa.Column("months", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("customers_best", "customers", ["store_id", "revenue", "customer_id"])
    op.create_table(
        "cohorts",
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("cohort", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("month", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customers", sa.BigInteger, nullable=False),
        sa.Column("orders", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_segments() -> None:
    op.create_table(
        "customer_segments",
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("segment", sa.Text, primary_key=True),
        sa.Column("customers", sa.BigInteger, nullable=False),
        sa.Column("orders", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.BigInteger, nullable=False),
        sa.Column("counted_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_visits() -> None:
    op.create_table(
        "client_events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
        sa.Column("visit_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text),
        sa.Column("product_id", sa.Text),
        sa.Column("order_id", sa.Text),
        sa.Column("account_id", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "visits",
        sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("visit_id", sa.Text, primary_key=True),
        sa.Column("reached", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "funnel_days",
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("visits", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_rebuilds() -> None:
    made = op.create_table(
        "rebuilds",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("reached", sa.BigInteger),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    # It is there from the beginning: who folds events shares its lock.
    op.bulk_insert(made, [{"id": 1, "reached": None, "last": 0}])


def _create_history() -> None:
    op.create_table(
        "history_files",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("asked_bytes", sa.BigInteger, nullable=False),
        sa.Column("exported_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_names() -> None:
    op.create_table(
        "stores",
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_version", sa.BigInteger, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("zone_version", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "categories",
        sa.Column("category_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "products",
        sa.Column("product_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("category_id", sa.Text, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
