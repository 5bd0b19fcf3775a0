"""The tables of the payment service. Amounts in paise, times in µs."""

import sqlalchemy as sa

from shikanji.kit.db.tables import kit_tables

metadata = sa.MetaData()
kit = kit_tables(metadata)

dues = sa.Table(
    "dues",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("payment_method", sa.Text, nullable=False),
    sa.Column("total", sa.BigInteger, sa.CheckConstraint("total >= 0"), nullable=False),
    sa.Column("cancel_cause", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What is to be paid for an order. Its row is locked before any payment of the order is changed; `cancel_cause` is also
the tombstone of an order whose creation has not been heard of yet."""

payments = sa.Table(
    "payments",
    metadata,
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
"""One row is one attempt to pay. `captured` came, `reserved` is given or being given back, `refunded` is back.
`unknown`: the provider was asked and the answer got lost. `released`: why it no longer counts for its order."""

UNUSUAL = sa.text("status <> 'completed'")
"""The predicate of partial indexes, to be written alike in the queries that they serve: nearly all payments end as
completed, and whoever looks for others need not go through these."""

sa.Index("payments_of_store", payments.c.store_id, payments.c.id)
sa.Index(
    "payments_unusual_of_store",
    payments.c.store_id,
    payments.c.status,
    payments.c.id,
    sqlite_where=UNUSUAL,
    postgresql_where=UNUSUAL,
)
sa.Index("payments_unusual", payments.c.status, payments.c.id, sqlite_where=UNUSUAL, postgresql_where=UNUSUAL)
sa.Index("payments_of_customer", payments.c.customer_id, payments.c.id)
sa.Index(
    "payments_provider_order",
    payments.c.provider,
    payments.c.provider_order_id,
    unique=True,
    sqlite_where=payments.c.provider_order_id.is_not(None),
    postgresql_where=payments.c.provider_order_id.is_not(None),
)
sa.Index(
    "payments_provider_payment",
    payments.c.provider,
    payments.c.provider_payment_id,
    unique=True,
    sqlite_where=payments.c.provider_payment_id.is_not(None),
    postgresql_where=payments.c.provider_payment_id.is_not(None),
)
sa.Index(
    "payments_captured",
    payments.c.captured_at,
    sqlite_where=payments.c.provider_payment_id.is_not(None),
    postgresql_where=payments.c.provider_payment_id.is_not(None),
)

tries = sa.Table(
    "tries",
    metadata,
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
"""What the provider has told of each of its own payments: within one attempt the customer may try several times.
`source`: callback, webhook or check, whichever told it first."""

refunds = sa.Table(
    "refunds",
    metadata,
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
"""One row is the intent to give one amount back, written in the transaction that decided it. `cause_key` is the cause,
or the refund's own id where a person asked: so each cause counts once for a payment. `lines` is JSON."""

sa.Index(
    "refunds_provider_refund",
    refunds.c.provider,
    refunds.c.provider_refund_id,
    unique=True,
    sqlite_where=refunds.c.provider_refund_id.is_not(None),
    postgresql_where=refunds.c.provider_refund_id.is_not(None),
)

refunded_lines = sa.Table(
    "refunded_lines",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("line_id", sa.Text, primary_key=True),
    sa.Column("ordered", sa.BigInteger, nullable=False),
    sa.Column("refunded", sa.BigInteger, nullable=False),
    sa.CheckConstraint("0 <= refunded AND refunded <= ordered", name="no_line_refunded_twice"),
    sqlite_with_rowid=False,
)
"""How many of a line were given back, over all payments of the order."""

webhooks = sa.Table(
    "webhooks",
    metadata,
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
"""What a provider posted, as it came. `state`: waiting (will be looked at at `next_at`), processed, ignored (of a type
that we do not know), dead (about nothing that we know, looked at often enough). `raw_hash` is its SHA-256."""

DEAD = sa.text("state = 'dead'")
"""The predicate of a partial index, to be written alike in the query that it serves."""
sa.Index("webhooks_dead", webhooks.c.id, sqlite_where=DEAD, postgresql_where=DEAD)

sellers = sa.Table(
    "sellers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Who sold, as invoices named them when they were issued; `id` is the SHA-256 of the document."""

invoice_series = sa.Table(
    "invoice_series",
    metadata,
    sa.Column("gstin", sa.Text, primary_key=True),
    sa.Column("fiscal_year", sa.Text, primary_key=True),
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("last_issued_at", sa.BigInteger, nullable=False),
    sa.Column("last_hash", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The last number that was given out in each series. Its row is locked while numbers are given, in the transaction that
writes their invoices: so there is no gap and no duplicate. `series` is the store's code, `fiscal_year` 2627."""

invoices = sa.Table(
    "invoices",
    metadata,
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
"""Tax invoices and credit notes, written once and never changed. `invoice_id` is that of the invoice which a credit
note is about, `refund_id` the money that went back for it. `hash` is over the row and the hash before it in its
series. A row is too long for SQLite to keep it in a tree by its key: half of them would take a page besides."""

INVOICE = sa.text("kind = 'invoice'")
sa.Index("invoice_of_order", invoices.c.order_id, unique=True, sqlite_where=INVOICE, postgresql_where=INVOICE)
sa.Index("invoice_of_payment", invoices.c.payment_id, sqlite_where=INVOICE, postgresql_where=INVOICE)
sa.Index("invoices_number", invoices.c.gstin, invoices.c.fiscal_year, invoices.c.number, unique=True)
sa.Index("invoices_of_store", invoices.c.store_id, invoices.c.id)
sa.Index("invoices_by_kind", invoices.c.store_id, invoices.c.kind, invoices.c.id)

invoices_due = sa.Table(
    "invoices_due",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("waits_for", sa.Text),
    sqlite_with_rowid=False,
)
"""What is to be issued: an invoice (`key` is the order's id) or a credit note (the refund's). `waits_for`: what keeps
it from being issued; null: nothing but its turn."""

sa.Index("invoices_due_of_store", invoices_due.c.store_id, invoices_due.c.kind, invoices_due.c.due_at)
