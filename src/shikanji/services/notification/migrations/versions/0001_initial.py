"""Inboxes, what was sent where, what was declined, devices, and words."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    _create_messages()
    _create_logs()
    _create_choices()


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _create_messages() -> None:
    op.create_table(
        "known_orders",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("confirmed", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text),
        sa.Column("store_id", sa.Text),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("shown", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.BigInteger),
        sa.UniqueConstraint("customer_id", "key", name="notifications_once"),
        sqlite_with_rowid=False,
    )
    op.create_index("notifications_of_customer", "notifications", ["customer_id", "id"])
    _partial("notifications_unread", "notifications", ["customer_id"], "shown = 1 AND read_at IS NULL")


def _create_logs() -> None:
    op.create_table(
        "notification_logs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("notification_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("asked_at", sa.BigInteger),
        sa.Column("unknowns", sa.BigInteger, nullable=False),
        sa.Column("recipient", sa.Text),
        sa.Column("provider", sa.Text),
        sa.Column("provider_id", sa.Text),
        sa.Column("consent_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.UniqueConstraint("notification_id", "channel", name="notification_logs_once"),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'delivered', 'failed', 'skipped')", name="notification_logs_state"
        ),
        sqlite_with_rowid=False,
    )
    _partial("notification_logs_waiting", "notification_logs", ["channel", "due_at"], "state = 'waiting'")
    _partial("notification_logs_failed", "notification_logs", ["id"], "state = 'failed'")
    _partial("notification_logs_skipped", "notification_logs", ["id"], "state = 'skipped'")
    op.create_index("notification_logs_of_customer", "notification_logs", ["customer_id", "id"])


def _create_choices() -> None:
    op.create_table(
        "notification_preferences",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("declined_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False, unique=True),
        sa.Column("p256dh", sa.Text, nullable=False),
        sa.Column("auth", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("provider IN ('webpush', 'fcm')", name="push_subscriptions_provider"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "template_versions",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("language", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("sms", sa.Text),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
