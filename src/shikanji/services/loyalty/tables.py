"""The tables of the loyalty service's database. Points are whole, amounts in paise, times in µs since 1970."""

import sqlalchemy as sa

from shikanji.kit.db.tables import kit_tables

metadata = sa.MetaData()
kit = kit_tables(metadata)

# A member's accounts, as `loyalty_transactions` sum up to; `number` counts those. The row is locked by whoever moves
# points of the member.
members = sa.Table(
    "members",
    metadata,
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
ABOVE_BRONZE = sa.text("tier <> 'bronze'")
"""The predicate of a partial index, to be written alike in the queries that it serves."""
sa.Index("members_above", members.c.tier_checked_at, sqlite_where=ABOVE_BRONZE, postgresql_where=ABOVE_BRONZE)

# Each row is a whole journal entry: so many points from one account to another. `balance` is what is available after.
loyalty_transactions = sa.Table(
    "loyalty_transactions",
    metadata,
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
ONCE = sa.text("order_id IS NOT NULL AND kind IN ('earn', 'bonus', 'redeem')")
KEYED = sa.text("key IS NOT NULL")
sa.Index(
    "loyalty_transactions_once",
    loyalty_transactions.c.order_id,
    loyalty_transactions.c.kind,
    loyalty_transactions.c.customer_id,
    unique=True,
    sqlite_where=ONCE,
    postgresql_where=ONCE,
)
sa.Index(
    "loyalty_transactions_key", loyalty_transactions.c.key, unique=True, sqlite_where=KEYED, postgresql_where=KEYED
)

lots = sa.Table(
    "lots",
    metadata,
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
LEFT = sa.text("consumed + expired - granted < 0")
"""Against a constant: SQLite turns a comparison with a column round, and then knows its own index no more."""
COUNTED = sa.text("counts = 1")
OF_ORDER = sa.text("order_id IS NOT NULL")
sa.Index("lots_left", lots.c.customer_id, sqlite_where=LEFT, postgresql_where=LEFT)
sa.Index("lots_ending", lots.c.expires_at, sqlite_where=LEFT, postgresql_where=LEFT)
sa.Index("lots_counted", lots.c.customer_id, lots.c.granted_at, sqlite_where=COUNTED, postgresql_where=COUNTED)
sa.Index("lots_of_order", lots.c.order_id, sqlite_where=OF_ORDER, postgresql_where=OF_ORDER)

# What one order earns: `model/earning.py`.
earnings = sa.Table(
    "earnings",
    metadata,
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

# Refunds that were counted.
earning_refunds = sa.Table(
    "earning_refunds",
    metadata,
    sa.Column("refund_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Benefits of one order under one attempt: `model/holds.py`.
benefit_holds = sa.Table(
    "benefit_holds",
    metadata,
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
UNTIED = sa.text("state = 'active'")
sa.Index("benefit_holds_untied", benefit_holds.c.expires_at, sqlite_where=UNTIED, postgresql_where=UNTIED)

# `draft` is the campaign as JSON; the other columns are what it is looked for by, and what is counted.
campaigns = sa.Table(
    "campaigns",
    metadata,
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
APPLIES_BY_ITSELF = sa.text("automatic = 1 AND active = 1")
sa.Index(
    "campaigns_automatic",
    campaigns.c.starts_at,
    sqlite_where=APPLIES_BY_ITSELF,
    postgresql_where=APPLIES_BY_ITSELF,
)

# One row per use: held or used; `released` when it counts no more.
campaign_usage = sa.Table(
    "campaign_usage",
    metadata,
    sa.Column("campaign_id", sa.Text, sa.ForeignKey("campaigns.id"), primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("attempt", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("discount", sa.BigInteger, nullable=False),
    sa.Column("released", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# How often each customer has it.
campaign_customers = sa.Table(
    "campaign_customers",
    metadata,
    sa.Column("campaign_id", sa.Text, sa.ForeignKey("campaigns.id"), primary_key=True),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.CheckConstraint("used >= 0", name="campaign_customers_used"),
    sqlite_with_rowid=False,
)

# Unknown coupons that somebody tried in an hour.
coupon_guesses = sa.Table(
    "coupon_guesses",
    metadata,
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("hour", sa.BigInteger, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

tier_history = sa.Table(
    "tier_history",
    metadata,
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("old", sa.Text, nullable=False),
    sa.Column("new", sa.Text, nullable=False),
    sa.Column("earned", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
