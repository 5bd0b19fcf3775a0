"""Dues, payments, what providers told of them, refunds, webhooks, invoices and credit notes."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    _create_dues()
    _create_payments()
    _create_tries()
    _create_refunds()
    _create_refunded_lines()
    _create_webhooks()
    _create_invoice_series()
    _create_invoices()
    _create_invoices_due()


def _create_dues() -> None:
    op.create_table(
        "dues",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("payment_method", sa.Text, nullable=False),
        sa.Column("total", sa.BigInteger, sa.CheckConstraint("total >= 0"), nullable=False),
        sa.Column("cancel_cause", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, sa.ForeignKey("dues.order_id"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, sa.CheckConstraint("amount > 0"), nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("unknown", sa.BigInteger, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("provider_order_id", sa.Text),
        sa.Column("provider_payment_id", sa.Text),
        sa.Column("captured", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("refunded", sa.BigInteger, nullable=False),
        sa.Column("released", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("initiated_at", sa.BigInteger),
        sa.Column("captured_at", sa.BigInteger),
        sa.Column("checked_at", sa.BigInteger),
        sa.CheckConstraint(
            "0 <= refunded AND refunded <= reserved AND reserved <= captured AND captured <= amount",
            name="never_more_back_than_came",
        ),
        sa.UniqueConstraint("order_id", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("payments_of_store", "payments", ["store_id", "id"])
    unusual = sa.text("status <> 'completed'")
    for name, columns in {
        "payments_unusual_of_store": ["store_id", "status", "id"],
        "payments_unusual": ["status", "id"],
    }.items():
        op.create_index(name, "payments", columns, sqlite_where=unusual, postgresql_where=unusual)
    op.create_index("payments_of_customer", "payments", ["customer_id", "id"])
    _create_partial_index("payments_provider_order", "payments", ["provider", "provider_order_id"], unique=True)
    _create_partial_index("payments_provider_payment", "payments", ["provider", "provider_payment_id"], unique=True)
    _create_partial_index("payments_captured", "payments", ["captured_at"], where="provider_payment_id")


def _create_tries() -> None:
    op.create_table(
        "tries",
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("provider_payment_id", sa.Text, primary_key=True),
        sa.Column("payment_id", sa.Text, sa.ForeignKey("payments.id"), nullable=False, index=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("payment_id", sa.Text, sa.ForeignKey("payments.id"), nullable=False),
        sa.Column("order_id", sa.Text, nullable=False, index=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("cause_key", sa.Text, nullable=False),
        sa.Column("provider_key", sa.Text, nullable=False, unique=True),
        sa.Column("amount", sa.BigInteger, sa.CheckConstraint("amount > 0"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("unknown", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("lines", sa.LargeBinary, nullable=False),
        sa.Column("provider_refund_id", sa.Text),
        sa.Column("failure", sa.Text),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("completed_at", sa.BigInteger),
        sa.UniqueConstraint("payment_id", "cause_key"),
        sqlite_with_rowid=False,
    )
    _create_partial_index("refunds_provider_refund", "refunds", ["provider", "provider_refund_id"], unique=True)


def _create_refunded_lines() -> None:
    op.create_table(
        "refunded_lines",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("line_id", sa.Text, primary_key=True),
        sa.Column("ordered", sa.BigInteger, nullable=False),
        sa.Column("refunded", sa.BigInteger, nullable=False),
        sa.CheckConstraint("0 <= refunded AND refunded <= ordered", name="no_line_refunded_twice"),
        sqlite_with_rowid=False,
    )


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("raw_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("received_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("payment_id", sa.Text),
        sa.UniqueConstraint("provider", "event_id"),
        sqlite_with_rowid=False,
    )
    dead = sa.text("state = 'dead'")
    op.create_index("webhooks_dead", "webhooks", ["id"], sqlite_where=dead, postgresql_where=dead)


def _create_invoice_series() -> None:
    op.create_table(
        "sellers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invoice_series",
        sa.Column("gstin", sa.Text, primary_key=True),
        sa.Column("fiscal_year", sa.Text, primary_key=True),
        sa.Column("series", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("last_issued_at", sa.BigInteger, nullable=False),
        sa.Column("last_hash", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("gstin", sa.Text, nullable=False),
        sa.Column("fiscal_year", sa.Text, nullable=False),
        sa.Column("series", sa.Text, nullable=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("refund_id", sa.Text, unique=True),
        sa.Column("invoice_id", sa.Text, index=True),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("taxable", sa.BigInteger, nullable=False),
        sa.Column("cgst", sa.BigInteger, nullable=False),
        sa.Column("sgst", sa.BigInteger, nullable=False),
        sa.Column("igst", sa.BigInteger, nullable=False),
        sa.Column("cess", sa.BigInteger, nullable=False),
        sa.Column("round_off", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("seller_id", sa.Text, sa.ForeignKey("sellers.id"), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.CheckConstraint("taxable + cgst + sgst + igst + cess + round_off = total", name="invoice_adds_up"),
        sa.CheckConstraint("(cgst = sgst AND igst = 0) OR (cgst = 0 AND sgst = 0)", name="invoice_tax_is_of_one_kind"),
        sa.CheckConstraint(
            "(kind = 'invoice') = (invoice_id IS NULL) AND (kind = 'invoice') = (refund_id IS NULL)",
            name="credit_note_names_its_invoice",
        ),
        sa.UniqueConstraint("gstin", "fiscal_year", "series", "kind", "serial"),
    )
    invoice = sa.text("kind = 'invoice'")
    op.create_index(
        "invoice_of_order", "invoices", ["order_id"], unique=True, sqlite_where=invoice, postgresql_where=invoice
    )
    op.create_index("invoice_of_payment", "invoices", ["payment_id"], sqlite_where=invoice, postgresql_where=invoice)
    op.create_index("invoices_number", "invoices", ["gstin", "fiscal_year", "number"], unique=True)
    op.create_index("invoices_of_store", "invoices", ["store_id", "id"])
    op.create_index("invoices_by_kind", "invoices", ["store_id", "kind", "id"])


def _create_invoices_due() -> None:
    op.create_table(
        "invoices_due",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("waits_for", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("invoices_due_of_store", "invoices_due", ["store_id", "kind", "due_at"])


def _create_partial_index(
    name: str, table: str, columns: list[str], *, unique: bool = False, where: str | None = None
) -> None:
    """Over the rows that have the last of the columns, or `where`."""
    condition = sa.text(f"{where or columns[-1]} IS NOT NULL")
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
