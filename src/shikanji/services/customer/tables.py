"""The tables of the customer service."""

import sqlalchemy as sa

from shikanji.kit.db.tables import kit_tables

metadata = sa.MetaData()
kit = kit_tables(metadata)

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_folded", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("email_key", sa.Text),
    sa.Column("email_verified_at", sa.BigInteger),
    sa.Column("phone", sa.Text),
    sa.Column("phone_verified_at", sa.BigInteger),
    sa.Column("password_hash", sa.Text),
    sa.Column("date_of_birth", sa.Text),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("admin", sa.BigInteger, nullable=False),
    sa.Column("disabled_at", sa.BigInteger),
    sa.Column("authz_version", sa.BigInteger, nullable=False),
    sa.Column("access_changed_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("order_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("total_spent", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("email IS NOT NULL OR email_verified_at IS NULL", name="verified_email_is_there"),
    sa.CheckConstraint("phone IS NOT NULL OR phone_verified_at IS NULL", name="verified_phone_is_there"),
    sqlite_with_rowid=False,
)
"""Times in µs, money in paise. An account whose identifiers others have proved keeps none."""

_email_is_verified = customers.c.email_verified_at.is_not(None)
_phone_is_verified = customers.c.phone_verified_at.is_not(None)
sa.Index("customers_email", customers.c.email_key, customers.c.id)
sa.Index("customers_phone", customers.c.phone, customers.c.id)
sa.Index(
    "customers_verified_email",
    customers.c.email_key,
    unique=True,
    sqlite_where=_email_is_verified,
    postgresql_where=_email_is_verified,
)
sa.Index(
    "customers_verified_phone",
    customers.c.phone,
    unique=True,
    sqlite_where=_phone_is_verified,
    postgresql_where=_phone_is_verified,
)
_is_born = customers.c.date_of_birth.is_not(None)
sa.Index("customers_born", customers.c.date_of_birth, customers.c.id, sqlite_where=_is_born, postgresql_where=_is_born)
_access_has_changed = customers.c.access_changed_at.is_not(None)
sa.Index(
    "customers_access_changed",
    customers.c.access_changed_at,
    sqlite_where=_access_has_changed,
    postgresql_where=_access_has_changed,
)

customer_addresses = sa.Table(
    "customer_addresses",
    metadata,
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("line1", sa.Text, nullable=False),
    sa.Column("line2", sa.Text),
    sa.Column("landmark", sa.Text),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("postal_code", sa.Text, nullable=False),
    sa.Column("latitude", sa.BigInteger),
    sa.Column("longitude", sa.BigInteger),
    sa.Column("is_default", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Latitude and longitude in millionths of a degree."""

_is_default = customer_addresses.c.is_default == sa.text("1")
sa.Index(
    "customer_addresses_default",
    customer_addresses.c.customer_id,
    unique=True,
    sqlite_where=_is_default,
    postgresql_where=_is_default,
)

customer_preferences = sa.Table(
    "customer_preferences",
    metadata,
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), primary_key=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("marketing_since", sa.BigInteger),
    sqlite_with_rowid=False,
)
"""`marketing_since` is when consent was given (µs); null: there is none."""

customer_favorites = sa.Table(
    "customer_favorites",
    metadata,
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), primary_key=True),
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("added_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("revoked_reason", sa.Text),
    sa.Column("ip", sa.Text, nullable=False),
    sa.Column("user_agent", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
_is_live = sessions.c.revoked_at.is_(None)
sa.Index("sessions_live", sessions.c.customer_id, sessions.c.id, sqlite_where=_is_live, postgresql_where=_is_live)
sa.Index("sessions_expiry", sessions.c.expires_at)
_is_revoked = sessions.c.revoked_at.is_not(None)
sa.Index("sessions_revoked", sessions.c.revoked_at, sqlite_where=_is_revoked, postgresql_where=_is_revoked)

refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("session_id", sa.Text, sa.ForeignKey("sessions.id"), nullable=False, index=True),
    sa.Column("issued_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("consumed_at", sa.BigInteger),
    sqlite_with_rowid=False,
)
_is_good = refresh_tokens.c.consumed_at.is_(None)
# No session can ever have two good tokens.
sa.Index(
    "refresh_tokens_good",
    refresh_tokens.c.session_id,
    unique=True,
    sqlite_where=_is_good,
    postgresql_where=_is_good,
)

challenges = sa.Table(
    "challenges",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("identifier", sa.Text, nullable=False),
    sa.Column("identifier_key", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, sa.ForeignKey("customers.id")),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("guesses", sa.BigInteger, nullable=False),
    sa.Column("consumed_at", sa.BigInteger),
    sa.CheckConstraint("guesses BETWEEN 0 AND 5", name="few_guesses"),
    sa.CheckConstraint("expires_at - created_at <= 600000000", name="ten_minutes_at_most"),
    sqlite_with_rowid=False,
)
"""The code is computed from the id and stored nowhere."""
sa.Index("challenges_newest", challenges.c.identifier_key, challenges.c.purpose, challenges.c.id)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("ends_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What has been tried in a window of time: failures, codes. Names carry hashes, no identifiers."""

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("kid", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("public_jwk", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("is_current", sa.BigInteger, unique=True),
    sa.Column("retired_at", sa.BigInteger),
    sa.CheckConstraint("is_current = 1", name="current_or_null"),
    sqlite_with_rowid=False,
)
"""`sealed` is the private half under a key derived from the platform's secret. `is_current`: 1 on the key that signs,
of which there is at most one however many copies of the service start at once; null on the retired ones."""

staff_places = sa.Table(
    "staff_places",
    metadata,
    sa.Column("staff_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False, index=True),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("role", sa.Text),
    sa.Column("version", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What the store service said last of each place; a null role: removed."""

counted = sa.Table(
    "counted",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Which orders and payments (`kind`) are in a customer's totals already."""
