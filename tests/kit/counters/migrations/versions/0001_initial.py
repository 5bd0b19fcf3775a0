"""The kit's tables and the counters."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "counters",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, sa.CheckConstraint("value >= 0"), nullable=False),
        sa.Column("note", sa.LargeBinary),
    )
