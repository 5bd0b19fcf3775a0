"""The tables of the analytics service's database. Amounts in paise, times in µs since 1970; a day is the number that
`date.toordinal` gives it, on the clock of the store."""

import sqlalchemy as sa

from shikanji.kit.db.tables import Serial, kit_tables

metadata = sa.MetaData()
kit = kit_tables(metadata)

# Every event of every service, as it came, and once, for the inbox has it once; `version` is its aggregate's. `seq` is
# the order of coming, which says nothing about the order of happening.
analytics_events = sa.Table(
    "analytics_events",
    metadata,
    sa.Column("seq", Serial, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("store_id", sa.Text),
    sa.Column("aggregate_id", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# What is known of an order (`facts`), and what of it is asked for. `store_id` is null as long as its OrderCreated has
# not come; then it is in no figure. Whoever changes an order's figures has locked its row.
order_facts = sa.Table(
    "order_facts",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("store_id", sa.Text),
    sa.Column("customer_id", sa.Text),
    sa.Column("placed_at", sa.BigInteger),
    sa.Column("day", sa.BigInteger, nullable=False),
    sa.Column("counted", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("paid", sa.BigInteger, nullable=False),
    sa.Column("refunded", sa.BigInteger, nullable=False),
    sa.Column("facts", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
sa.Index("order_facts_placed", order_facts.c.store_id, order_facts.c.placed_at)
sa.Index("order_facts_customer", order_facts.c.customer_id, order_facts.c.placed_at)

FIGURES = (
    "placed",
    "orders",
    "completed",
    "cancelled",
    "items",
    "gross",
    "discount",
    "points_discount",
    "delivery_fee",
    "tax",
    "round_off",
    "total",
    "paid",
    "refunds",
    "refunded",
)

# What orders add up to (`model/figures.py`), by store, dimension and day (by hour: day * 24 + hour; by month: months
# since the year 0).
aggregated_metrics = sa.Table(
    "aggregated_metrics",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("dimension", sa.Text, primary_key=True),
    sa.Column("period", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, primary_key=True),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in FIGURES),
    sqlite_with_rowid=False,
)

# How many of a day took about as long.
durations = sa.Table(
    "durations",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("seconds", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# In how many orders two products were together, ever.
product_pairs = sa.Table(
    "product_pairs",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("first_id", sa.Text, primary_key=True),
    sa.Column("second_id", sa.Text, primary_key=True),
    sa.Column("orders", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# A customer in one store, and, with an empty store_id, in all of them.
customers = sa.Table(
    "customers",
    metadata,
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("orders", sa.BigInteger, nullable=False),
    sa.Column("revenue", sa.BigInteger, nullable=False),
    sa.Column("first_at", sa.BigInteger),
    sa.Column("first_day", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.BigInteger),
    sa.Column("months", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
sa.Index("customers_best", customers.c.store_id, customers.c.revenue, customers.c.customer_id)

# What those whose first order was in one month do in this month and the ones after it.
cohorts = sa.Table(
    "cohorts",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("cohort", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("month", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("customers", sa.BigInteger, nullable=False),
    sa.Column("orders", sa.BigInteger, nullable=False),
    sa.Column("revenue", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# How many customers are in which segment, as a job has counted them.
customer_segments = sa.Table(
    "customer_segments",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("segment", sa.Text, primary_key=True),
    sa.Column("customers", sa.BigInteger, nullable=False),
    sa.Column("orders", sa.BigInteger, nullable=False),
    sa.Column("revenue", sa.BigInteger, nullable=False),
    sa.Column("counted_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What clients told, for so long as the settings say, and which names a visit has told on a day: a bit each.
client_events = sa.Table(
    "client_events",
    metadata,
    sa.Column("seq", Serial, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("visit_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("store_id", sa.Text),
    sa.Column("product_id", sa.Text),
    sa.Column("order_id", sa.Text),
    sa.Column("account_id", sa.Text),
    sqlite_autoincrement=True,
)

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("visit_id", sa.Text, primary_key=True),
    sa.Column("reached", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

funnel_days = sa.Table(
    "funnel_days",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("visits", sa.BigInteger, nullable=False),
    sa.Column("events", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# One row: up to which event all figures were made anew; null: they hold all events.
rebuilds = sa.Table(
    "rebuilds",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reached", sa.BigInteger),
    sa.Column("last", sa.BigInteger, nullable=False),
)

# Files of the history: which events are in them (`repository/archive.py`).
history_files = sa.Table(
    "history_files",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("first_at", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("events", sa.BigInteger, nullable=False),
    sa.Column("asked_bytes", sa.BigInteger, nullable=False),
    sa.Column("exported_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# A store as its events tell; the versions are those of the events that named it and its zone.
stores = sa.Table(
    "stores",
    metadata,
    sa.Column("store_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_version", sa.BigInteger, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("zone_version", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("category_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# `told_at`: when the event was recorded that says so.
products = sa.Table(
    "products",
    metadata,
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("category_id", sa.Text, nullable=False),
    sa.Column("told_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
