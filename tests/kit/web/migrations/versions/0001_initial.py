"""The kit's tables and one for effects."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table("brews", sa.Column("id", sa.Text, primary_key=True), sa.Column("name", sa.Text, nullable=False))
