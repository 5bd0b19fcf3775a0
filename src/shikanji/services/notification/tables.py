"""The tables of the notification service's database. Times in µs since 1970. No contact of anybody stands in them, but
for push addresses, which their owners' devices gave."""

import sqlalchemy as sa

from shikanji.kit.db.tables import kit_tables

metadata = sa.MetaData()
kit = kit_tables(metadata)

# What messages about an order say of it. `confirmed` 1: it was confirmed when it was placed.
known_orders = sa.Table(
    "known_orders",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("confirmed", sa.BigInteger, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Everybody's inbox. `data` is JSON; the words are made when somebody reads them. By ids, which are in the order of
# time: what is forgotten lies together, and new rows are written one behind the other.
notifications = sa.Table(
    "notifications",
    metadata,
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
sa.Index("notifications_of_customer", notifications.c.customer_id, notifications.c.id)
UNREAD = sa.text("shown = 1 AND read_at IS NULL")
"""The predicate of a partial index, to be written alike in the queries that it serves."""
sa.Index("notifications_unread", notifications.c.customer_id, sqlite_where=UNREAD, postgresql_where=UNREAD)

# One row for each message and way: the command to send it, and what became of it.
notification_logs = sa.Table(
    "notification_logs",
    metadata,
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
WAITING = sa.text("state = 'waiting'")
sa.Index(
    "notification_logs_waiting",
    notification_logs.c.channel,
    notification_logs.c.due_at,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)

FAILED = sa.text("state = 'failed'")
sa.Index("notification_logs_failed", notification_logs.c.id, sqlite_where=FAILED, postgresql_where=FAILED)
SKIPPED = sa.text("state = 'skipped'")
sa.Index("notification_logs_skipped", notification_logs.c.id, sqlite_where=SKIPPED, postgresql_where=SKIPPED)
sa.Index("notification_logs_of_customer", notification_logs.c.customer_id, notification_logs.c.id)

# What somebody declined: one row for each way and topic.
notification_preferences = sa.Table(
    "notification_preferences",
    metadata,
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("declined_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Devices that asked for push messages. `address` is the endpoint (webpush) or the registration token (fcm).
push_subscriptions = sa.Table(
    "push_subscriptions",
    metadata,
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

# Words that head office wrote: every version is kept, the newest counts. The platform's own are version 0.
template_versions = sa.Table(
    "template_versions",
    metadata,
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
