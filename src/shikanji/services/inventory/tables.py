"""The tables of the inventory service."""

import sqlalchemy as sa

from shikanji.kit.db.tables import kit_tables

metadata = sa.MetaData()

kit = kit_tables(metadata)

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("parent_id", sa.Text, sa.ForeignKey("categories.id"), index=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_hi", sa.Text),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("image", sa.Text),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

# A product is read and written whole, customizations and options with it: its document is `model.Product` as JSON. The
# columns beside it are what the database must keep unique or join on.
products = sa.Table(
    "products",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("category_id", sa.Text, sa.ForeignKey("categories.id"), nullable=False, index=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("sku", sa.Text, nullable=False, unique=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
)

# As the review service says; beside the product, which is another's to change.
product_ratings = sa.Table(
    "product_ratings",
    metadata,
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("sum", sa.BigInteger, nullable=False),
    sa.Column("mean_hundredths", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

tax_rates = sa.Table(
    "tax_rates",
    metadata,
    sa.Column("tax_class", sa.Text, primary_key=True),
    sa.Column("effective_from", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("rate_bp", sa.BigInteger, nullable=False),
    sa.Column("hsn", sa.Text, nullable=False),
    sa.Column("included", sa.BigInteger, nullable=False),
    sa.CheckConstraint("rate_bp BETWEEN 0 AND 10000", name="tax_rates_rate"),
)

stock = sa.Table(
    "stock",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("product_id", sa.Text, sa.ForeignKey("products.id"), nullable=False, index=True),
    sa.Column("on_hand", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("minimum", sa.BigInteger, nullable=False),
    sa.Column("maximum", sa.BigInteger),
    sa.Column("reorder_point", sa.BigInteger, nullable=False),
    sa.Column("unit_cost", sa.BigInteger),
    sa.Column("expires_on", sa.Text),
    sa.Column("batch", sa.Text),
    sa.Column("listed", sa.BigInteger, nullable=False),
    sa.Column("price", sa.BigInteger),
    sa.Column("level", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("store_id", "product_id", name="stock_of_product_in_store"),
    sa.CheckConstraint("held >= 0 AND held <= on_hand", name="stock_never_oversold"),
    sqlite_with_rowid=False,
)

# `on_hand` is what the movement left. A movement of an order happens once per (order, attempt, kind, stock).
movements = sa.Table(
    "movements",
    metadata,
    sa.Column("stock_id", sa.Text, sa.ForeignKey("stock.id"), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("delta", sa.BigInteger, nullable=False),
    sa.Column("on_hand", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text),
    sa.Column("attempt", sa.BigInteger),
    sa.Column("by", sa.Text, nullable=False),
    sa.CheckConstraint("kind IN ('sale', 'restock', 'adjustment', 'opening', 'receipt')", name="movements_kind"),
    sqlite_with_rowid=False,
)
# Of a million sales the audit need not read one to find what came in.
received = sa.text("kind = 'receipt'")
sa.Index("movements_received", movements.c.stock_id, sqlite_where=received, postgresql_where=received)
_of_order = movements.c.order_id.is_not(None)
sa.Index(
    "movements_once_per_order",
    movements.c.order_id,
    movements.c.attempt,
    movements.c.kind,
    movements.c.stock_id,
    unique=True,
    sqlite_where=_of_order,
    postgresql_where=_of_order,
)

# One row per (order, attempt). `lines` is JSON, [[stock id, product id, quantity], …], one entry per stock; `answer` is
# the priced answer as it was given, empty once the hold has ended. `model/holds.py` says what the states mean.
holds = sa.Table(
    "holds",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("attempt", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("store_id", sa.Text),
    sa.Column("customer_id", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("lines", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("held_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.CheckConstraint(
        "state IN ('active', 'tied', 'sold', 'returned', 'cancelled', 'released', 'broken', 'awaited')",
        name="holds_state",
    ),
    sa.CheckConstraint("(ended_at IS NULL) = (state IN ('active', 'tied'))", name="holds_open_or_ended"),
)
is_open = sa.text("ended_at IS NULL")
"""Literal, for SQLite uses a partial index only for the very words of its condition. Not by the state: each change of
it would take the row out of the index and put it back."""
sa.Index("holds_open", holds.c.customer_id, sqlite_where=is_open, postgresql_where=is_open)

# A purchase order, its lines, and its deliveries. What is received comes in by a movement each.
suppliers = sa.Table(
    "suppliers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("contact_name", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("gstin", sa.Text, unique=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("lead_days", sa.BigInteger, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("active", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

supplier_products = sa.Table(
    "supplier_products",
    metadata,
    sa.Column("supplier_id", sa.Text, sa.ForeignKey("suppliers.id"), primary_key=True),
    sa.Column("product_id", sa.Text, sa.ForeignKey("products.id"), primary_key=True, index=True),
    sa.Column("unit_cost", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

purchase_orders = sa.Table(
    "purchase_orders",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("supplier_id", sa.Text, sa.ForeignKey("suppliers.id"), nullable=False, index=True),
    sa.Column("supplier_name", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("expected_on", sa.Text),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("cancel_reason", sa.Text),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.CheckConstraint("status IN ('pending', 'confirmed', 'received', 'cancelled')", name="purchase_orders_status"),
)
sa.Index("purchase_orders_of_store", purchase_orders.c.store_id, purchase_orders.c.id)
awaits = sa.text("status IN ('pending', 'confirmed')")
sa.Index("purchase_orders_awaited", purchase_orders.c.store_id, sqlite_where=awaits, postgresql_where=awaits)

purchase_order_lines = sa.Table(
    "purchase_order_lines",
    metadata,
    sa.Column("purchase_order_id", sa.Text, sa.ForeignKey("purchase_orders.id"), primary_key=True),
    sa.Column("product_id", sa.Text, sa.ForeignKey("products.id"), primary_key=True),
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("unit_cost", sa.BigInteger, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Column("cancelled", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "received >= 0 AND cancelled >= 0 AND received + cancelled <= quantity", name="never_more_than_ordered"
    ),
    sqlite_with_rowid=False,
)

purchase_receipts = sa.Table(
    "purchase_receipts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("purchase_order_id", sa.Text, sa.ForeignKey("purchase_orders.id"), nullable=False),
    sa.Column("reference", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.UniqueConstraint("purchase_order_id", "reference", name="a_delivery_once"),
)

purchase_receipt_lines = sa.Table(
    "purchase_receipt_lines",
    metadata,
    sa.Column("receipt_id", sa.Text, sa.ForeignKey("purchase_receipts.id"), primary_key=True),
    sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("product_id", sa.Text, nullable=False),
    sa.Column("stock_id", sa.Text, nullable=False),
    sa.Column("movement_id", sa.Text, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("unit_cost", sa.BigInteger, nullable=False),
    sa.Column("batch", sa.Text),
    sa.Column("expires_on", sa.Text),
    sa.CheckConstraint("quantity > 0", name="something_came"),
    sa.ForeignKeyConstraint(["stock_id", "movement_id"], ["movements.stock_id", "movements.id"], name="its_movement"),
    sa.UniqueConstraint("stock_id", "movement_id", name="one_line_a_movement"),
    sqlite_with_rowid=False,
)

# Counted up under the lock of its row.
purchase_order_numbers = sa.Table(
    "purchase_order_numbers",
    metadata,
    sa.Column("year", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
)
