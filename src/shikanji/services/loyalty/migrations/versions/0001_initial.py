"""Members and their points, what orders earn and hold, campaigns and their use."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    _create_members()
    _create_earnings()
    _create_campaigns()


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("pending", sa.BigInteger, nullable=False),
        sa.Column("available", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("debt", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("tier_since", sa.BigInteger, nullable=False),
        sa.Column("tier_checked_at", sa.BigInteger, nullable=False),
        sa.Column("ordered", sa.BigInteger, nullable=False),
        sa.Column("referral_code", sa.Text, nullable=False, unique=True),
        sa.CheckConstraint("pending >= 0 AND available >= 0 AND held >= 0 AND debt >= 0", name="members_not_negative"),
        sqlite_with_rowid=False,
    )
    _partial("members_above", "members", ["tier_checked_at"], "tier <> 'bronze'")
    op.create_table(
        "loyalty_transactions",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("order_id", sa.Text),
        sa.Column("key", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("points > 0 AND balance >= 0 AND source <> target", name="loyalty_transactions_points"),
        sqlite_with_rowid=False,
    )
    _partial(
        "loyalty_transactions_once",
        "loyalty_transactions",
        ["order_id", "kind", "customer_id"],
        "order_id IS NOT NULL AND kind IN ('earn', 'bonus', 'redeem')",
        unique=True,
    )
    _partial("loyalty_transactions_key", "loyalty_transactions", ["key"], "key IS NOT NULL", unique=True)
    op.create_table(
        "lots",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text),
        sa.Column("granted", sa.BigInteger, nullable=False),
        sa.Column("consumed", sa.BigInteger, nullable=False),
        sa.Column("expired", sa.BigInteger, nullable=False),
        sa.Column("reversed", sa.BigInteger, nullable=False),
        sa.Column("counts", sa.BigInteger, nullable=False),
        sa.Column("granted_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("consumed >= 0 AND expired >= 0 AND consumed + expired <= granted", name="lots_within"),
        sa.CheckConstraint("reversed >= 0 AND reversed <= granted", name="lots_reversed"),
        sqlite_with_rowid=False,
    )
    _partial("lots_left", "lots", ["customer_id"], "consumed + expired - granted < 0")
    _partial("lots_ending", "lots", ["expires_at"], "consumed + expired - granted < 0")
    _partial("lots_counted", "lots", ["customer_id", "granted_at"], "counts = 1")
    _partial("lots_of_order", "lots", ["order_id"], "order_id IS NOT NULL")
    op.create_table(
        "tier_history",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("old", sa.Text, nullable=False),
        sa.Column("new", sa.Text, nullable=False),
        sa.Column("earned", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_earnings() -> None:
    op.create_table(
        "earnings",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("goods", sa.BigInteger),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("bonus", sa.BigInteger, nullable=False),
        sa.Column("confirmed_attempt", sa.BigInteger, nullable=False),
        sa.Column("cancelled_attempt", sa.BigInteger, nullable=False),
        sa.Column("completed", sa.BigInteger, nullable=False),
        sa.Column("refunded", sa.BigInteger, nullable=False),
        sa.Column("pending", sa.BigInteger, nullable=False),
        sa.Column("granted", sa.BigInteger, nullable=False),
        sa.Column("bonus_granted", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "earning_refunds",
        sa.Column("refund_id", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "benefit_holds",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("attempt", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("returned", sa.BigInteger, nullable=False),
        sa.Column("slices", sa.LargeBinary, nullable=False),
        sa.Column("uses", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("held_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.CheckConstraint("state IN ('active', 'tied', 'spent', 'returned', 'released')", name="benefit_holds_state"),
        sa.CheckConstraint("returned >= 0 AND returned <= points", name="benefit_holds_returned"),
        sqlite_with_rowid=False,
    )
    _partial("benefit_holds_untied", "benefit_holds", ["expires_at"], "state = 'active'")


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("draft", sa.LargeBinary, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("code", sa.Text, unique=True),
        sa.Column("automatic", sa.BigInteger, nullable=False),
        sa.Column("active", sa.BigInteger, nullable=False),
        sa.Column("listed", sa.BigInteger, nullable=False),
        sa.Column("usage_limit", sa.BigInteger),
        sa.Column("usage_limit_per_customer", sa.BigInteger),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
        sa.CheckConstraint("used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)", name="campaigns_within_limit"),
        sqlite_with_rowid=False,
    )
    _partial("campaigns_automatic", "campaigns", ["starts_at"], "automatic = 1 AND active = 1")
    op.create_table(
        "campaign_usage",
        sa.Column("campaign_id", sa.Text, sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("attempt", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("discount", sa.BigInteger, nullable=False),
        sa.Column("released", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "campaign_customers",
        sa.Column("campaign_id", sa.Text, sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.CheckConstraint("used >= 0", name="campaign_customers_used"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "coupon_guesses",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("hour", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
