"""Accounts, sessions, codes and what customers keep."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    _create_accounts()
    _create_keeping()
    _create_sessions()
    _create_codes()
    _create_access()


def _create_accounts() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Text, nullable=False),
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
        sa.Column("order_count", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("total_spent", sa.BigInteger, server_default="0", nullable=False),
        sa.CheckConstraint("email IS NOT NULL OR email_verified_at IS NULL", name="verified_email_is_there"),
        sa.CheckConstraint("phone IS NOT NULL OR phone_verified_at IS NULL", name="verified_phone_is_there"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "customers_access_changed", "customers", ["access_changed_at"], **_where("access_changed_at IS NOT NULL")
    )
    op.create_index("customers_born", "customers", ["date_of_birth", "id"], **_where("date_of_birth IS NOT NULL"))
    op.create_index("customers_email", "customers", ["email_key", "id"])
    op.create_index("customers_phone", "customers", ["phone", "id"])
    op.create_index(
        "customers_verified_email", "customers", ["email_key"], unique=True, **_where("email_verified_at IS NOT NULL")
    )
    op.create_index(
        "customers_verified_phone", "customers", ["phone"], unique=True, **_where("phone_verified_at IS NOT NULL")
    )
    op.create_table(
        "counted",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id"),
        sqlite_with_rowid=False,
    )


def _create_keeping() -> None:
    op.create_table(
        "customer_addresses",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
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
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "customer_addresses_default", "customer_addresses", ["customer_id"], unique=True, **_where("is_default = 1")
    )
    op.create_table(
        "customer_preferences",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("marketing_since", sa.BigInteger),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.PrimaryKeyConstraint("customer_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_favorites",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.PrimaryKeyConstraint("customer_id", "product_id"),
        sqlite_with_rowid=False,
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("revoked_reason", sa.Text),
        sa.Column("ip", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_expiry", "sessions", ["expires_at"])
    op.create_index("sessions_live", "sessions", ["customer_id", "id"], **_where("revoked_at IS NULL"))
    op.create_index("sessions_revoked", "sessions", ["revoked_at"], **_where("revoked_at IS NOT NULL"))
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("consumed_at", sa.BigInteger),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"]),
        sa.PrimaryKeyConstraint("token_hash"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_index(
        "refresh_tokens_good", "refresh_tokens", ["session_id"], unique=True, **_where("consumed_at IS NULL")
    )


def _create_codes() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("identifier", sa.Text, nullable=False),
        sa.Column("identifier_key", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("guesses", sa.BigInteger, nullable=False),
        sa.Column("consumed_at", sa.BigInteger),
        sa.CheckConstraint("expires_at - created_at <= 600000000", name="ten_minutes_at_most"),
        sa.CheckConstraint("guesses BETWEEN 0 AND 5", name="few_guesses"),
        sa.ForeignKeyConstraint(["account_id"], ["customers.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("challenges_newest", "challenges", ["identifier_key", "purpose", "id"])
    op.create_index("ix_challenges_expires_at", "challenges", ["expires_at"])
    op.create_table(
        "counters",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_counters_ends_at", "counters", ["ends_at"])


def _create_access() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("public_jwk", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("is_current", sa.BigInteger),
        sa.Column("retired_at", sa.BigInteger),
        sa.CheckConstraint("is_current = 1", name="current_or_null"),
        sa.PrimaryKeyConstraint("kid"),
        sa.UniqueConstraint("is_current"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staff_places",
        sa.Column("staff_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("staff_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_staff_places_account_id", "staff_places", ["account_id"])


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
