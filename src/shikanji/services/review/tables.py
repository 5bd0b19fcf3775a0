"""The tables of the review service's database. Stars are whole, times in µs since 1970."""

import sqlalchemy as sa

from shikanji.kit.db.tables import kit_tables

metadata = sa.MetaData()
kit = kit_tables(metadata)

# What was received, and so can be reviewed; `product_ids` is JSON. Order ids tell when the order was placed: rows older
# than the review window are found and deleted by the key alone.
purchases = sa.Table(
    "purchases",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("product_ids", sa.LargeBinary, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# `reasons` is JSON; `product_id` NULL: of the order as a whole.
reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("product_id", sa.Text),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("rating", sa.BigInteger, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reasons", sa.LargeBinary, nullable=False),
    sa.Column("photos", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.CheckConstraint("rating BETWEEN 1 AND 5 AND photos >= 0", name="reviews_rating"),
    sa.CheckConstraint("status IN ('pending', 'approved', 'rejected')", name="reviews_status"),
    sqlite_with_rowid=False,
)
OF_PRODUCT = sa.text("product_id IS NOT NULL")
OF_ORDER = sa.text("product_id IS NULL")
PRODUCT_SHOWN = sa.text("status = 'approved' AND product_id IS NOT NULL")
STORE_SHOWN = sa.text("status = 'approved' AND product_id IS NULL")
"""Predicates of partial indexes, to be written alike in the queries that they serve."""
TOLD_APART = sa.text("fingerprint <> ''")


def _index(name: str, *columns: sa.Column[str] | sa.Column[int], where: sa.TextClause, unique: bool = False) -> None:
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


_index("reviews_once", reviews.c.order_id, reviews.c.product_id, where=OF_PRODUCT, unique=True)
_index("reviews_once_of_order", reviews.c.order_id, where=OF_ORDER, unique=True)
_index("reviews_of_product", reviews.c.product_id, reviews.c.id, where=PRODUCT_SHOWN)
_index("reviews_of_product_by_rating", reviews.c.product_id, reviews.c.rating, reviews.c.id, where=PRODUCT_SHOWN)
_index("reviews_of_store", reviews.c.store_id, reviews.c.id, where=STORE_SHOWN)
_index("reviews_of_store_by_rating", reviews.c.store_id, reviews.c.rating, reviews.c.id, where=STORE_SHOWN)
_index("reviews_alike", reviews.c.fingerprint, where=TOLD_APART)
sa.Index("reviews_of_customer", reviews.c.customer_id, reviews.c.id)
sa.Index("reviews_to_see", reviews.c.status, reviews.c.id)
sa.Index("reviews_to_see_in_store", reviews.c.store_id, reviews.c.status, reviews.c.id)

# What was refused and taken away, as long as it could be written again; `product_id` empty: the order as a whole.
refused = sa.Table(
    "refused",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("product_id", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)

# Who let it be shown or not, and why. `number` is the version that the decision made.
review_decisions = sa.Table(
    "review_decisions",
    metadata,
    sa.Column("review_id", sa.Text, sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reasons", sa.LargeBinary, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

review_responses = sa.Table(
    "review_responses",
    metadata,
    sa.Column("review_id", sa.Text, sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# They outlive their review until their files are deleted: `model/photo.py`.
review_photos = sa.Table(
    "review_photos",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("review_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("avif", sa.Text, nullable=False),
    sa.Column("webp", sa.Text, nullable=False),
    sa.Column("width", sa.BigInteger, nullable=False),
    sa.Column("height", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('storing', 'stored', 'gone')", name="review_photos_state"),
    sqlite_with_rowid=False,
)
NOT_STORED = sa.text("state <> 'stored'")
sa.Index("review_photos_of_review", review_photos.c.review_id, review_photos.c.id)
_index("review_photos_to_settle", review_photos.c.changed_at, where=NOT_STORED)

# Of products and stores, by their ids.
ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("sum", sa.BigInteger, nullable=False),
    sa.Column("one", sa.BigInteger, nullable=False),
    sa.Column("two", sa.BigInteger, nullable=False),
    sa.Column("three", sa.BigInteger, nullable=False),
    sa.Column("four", sa.BigInteger, nullable=False),
    sa.Column("five", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.CheckConstraint("one >= 0 AND two >= 0 AND three >= 0 AND four >= 0 AND five >= 0", name="ratings_not_negative"),
    sa.CheckConstraint(
        "count = one + two + three + four + five AND sum = one + 2 * two + 3 * three + 4 * four + 5 * five",
        name="ratings_add_up",
    ),
    sqlite_with_rowid=False,
)

# What one customer sent in a day (days since 1970, UTC).
daily = sa.Table(
    "daily",
    metadata,
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("day", sa.BigInteger, nullable=False),
    sa.Column("reviews", sa.BigInteger, nullable=False),
    sa.Column("photos", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
