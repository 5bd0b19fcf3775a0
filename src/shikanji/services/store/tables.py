"""The tables of the store service."""

import sqlalchemy as sa

from shikanji.kit.db.tables import kit_tables

metadata = sa.MetaData()
kit = kit_tables(metadata)

stores = sa.Table(
    "stores",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("active", sa.BigInteger, nullable=False),
    sa.Column("capacity_per_slot", sa.BigInteger),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
)
"""`document` is the whole store with its hours, closures and zones (JSON), so that one row answers a checkout. The
columns beside it repeat what is looked for."""

store_postal_codes = sa.Table(
    "store_postal_codes",
    metadata,
    sa.Column("postal_code", sa.Text, primary_key=True),
    sa.Column("store_id", sa.Text, sa.ForeignKey("stores.id"), primary_key=True),
    sqlite_with_rowid=False,
)
"""Which stores deliver to a PIN code: follows from the document, written with it."""

staff = sa.Table(
    "staff",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("store_id", sa.Text, sa.ForeignKey("stores.id"), nullable=False),
    sa.Column("account_id", sa.Text, nullable=False, index=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("removed_at", sa.BigInteger),
    sa.UniqueConstraint("store_id", "account_id"),
    sqlite_with_rowid=False,
)

slots = sa.Table(
    "slots",
    metadata,
    sa.Column("store_id", sa.Text, sa.ForeignKey("stores.id"), primary_key=True),
    sa.Column("starts_at", sa.BigInteger, primary_key=True),
    sa.Column("taken", sa.BigInteger, sa.CheckConstraint("taken >= 0"), nullable=False),
    sqlite_with_rowid=False,
)
"""`taken` is the number of the slot's places that are not released."""

slot_places = sa.Table(
    "slot_places",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("attempt", sa.BigInteger, primary_key=True),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("starts_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("taken_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""`state`: untied (held for an order that is being placed), tied (the order is there), released (given back; also the
tombstone of a place that was given back before it was taken)."""
