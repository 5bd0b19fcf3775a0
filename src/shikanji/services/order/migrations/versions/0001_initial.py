"""Orders with their timelines, tracking points and numbers; late payments and what became of them."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    _create_orders()
    _create_what_belongs_to_orders()
    _create_revivals()


def _create_orders() -> None:
    op.create_table(
        "orders",
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
    op.create_index("orders_number", "orders", ["order_number", "store_id"], unique=True)
    op.create_index("orders_of_customer", "orders", ["customer_id", "id"])
    op.create_index("orders_of_store", "orders", ["store_id", "id"])
    op.create_index("orders_by_fulfilment", "orders", ["store_id", "fulfilment", "id"])
    _partial("orders_unstarted", ["customer_id"], "status IN ('pending', 'confirmed')")
    _partial("orders_active", ["store_id", "id"], "status NOT IN ('completed', 'cancelled')")
    _partial("orders_cancelled", ["store_id", "id"], "status = 'cancelled'")


def _partial(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "orders", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _create_what_belongs_to_orders() -> None:
    op.create_table(
        "order_timeline",
        sa.Column("order_id", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_payment_failures",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("payment_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_tracking",
        sa.Column("order_id", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("latitude_e6", sa.BigInteger, nullable=False),
        sa.Column("longitude_e6", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_numbers",
        sa.Column("store_id", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_revivals() -> None:
    op.create_table(
        "late_payments",
        sa.Column("order_id", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("payment_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "revivals",
        sa.Column("order_id", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("reason", sa.Text),
        sqlite_with_rowid=False,
    )
