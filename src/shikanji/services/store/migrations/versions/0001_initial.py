"""Stores, staff and the slots of their days."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    _create_stores()
    _create_staff()
    _create_slots()


def _create_stores() -> None:
    op.create_table(
        "stores",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, nullable=False, unique=True),
        sa.Column("code", sa.Text, nullable=False, unique=True),
        sa.Column("active", sa.BigInteger, nullable=False),
        sa.Column("capacity_per_slot", sa.BigInteger),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "store_postal_codes",
        sa.Column("postal_code", sa.Text, primary_key=True),
        sa.Column("store_id", sa.Text, sa.ForeignKey("stores.id"), primary_key=True),
        sqlite_with_rowid=False,
    )


def _create_staff() -> None:
    op.create_table(
        "staff",
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


def _create_slots() -> None:
    op.create_table(
        "slots",
        sa.Column("store_id", sa.Text, sa.ForeignKey("stores.id"), primary_key=True),
        sa.Column("starts_at", sa.BigInteger, primary_key=True),
        sa.Column("taken", sa.BigInteger, sa.CheckConstraint("taken >= 0"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "slot_places",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("attempt", sa.BigInteger, primary_key=True),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
