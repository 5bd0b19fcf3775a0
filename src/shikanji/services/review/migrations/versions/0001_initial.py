"""What was received, reviews with their decisions, responses and photos, and ratings."""

import sqlalchemy as sa
from alembic import op

from shikanji.kit.db.migrations import create_kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    _create_reviews()
    _create_what_belongs_to_reviews()
    _create_ratings()


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _create_reviews() -> None:
    op.create_table(
        "purchases",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("product_ids", sa.LargeBinary, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reviews",
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
    _partial("reviews_once", "reviews", ["order_id", "product_id"], "product_id IS NOT NULL", unique=True)
    _partial("reviews_once_of_order", "reviews", ["order_id"], "product_id IS NULL", unique=True)
    _partial("reviews_of_product", "reviews", ["product_id", "id"], "status = 'approved' AND product_id IS NOT NULL")
    _partial(
        "reviews_of_product_by_rating",
        "reviews",
        ["product_id", "rating", "id"],
        "status = 'approved' AND product_id IS NOT NULL",
    )
    _partial("reviews_of_store", "reviews", ["store_id", "id"], "status = 'approved' AND product_id IS NULL")
    _partial(
        "reviews_of_store_by_rating",
        "reviews",
        ["store_id", "rating", "id"],
        "status = 'approved' AND product_id IS NULL",
    )
    _partial("reviews_alike", "reviews", ["fingerprint"], "fingerprint <> ''")
    op.create_index("reviews_of_customer", "reviews", ["customer_id", "id"])
    op.create_index("reviews_to_see", "reviews", ["status", "id"])
    op.create_index("reviews_to_see_in_store", "reviews", ["store_id", "status", "id"])


def _create_what_belongs_to_reviews() -> None:
    op.create_table(
        "refused",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("product_id", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "review_decisions",
        sa.Column("review_id", sa.Text, sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reasons", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "review_responses",
        sa.Column("review_id", sa.Text, sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "review_photos",
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
    _partial("review_photos_to_settle", "review_photos", ["changed_at"], "state <> 'stored'")
    op.create_index("review_photos_of_review", "review_photos", ["review_id", "id"])


def _create_ratings() -> None:
    op.create_table(
        "ratings",
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
        sa.CheckConstraint(
            "one >= 0 AND two >= 0 AND three >= 0 AND four >= 0 AND five >= 0", name="ratings_not_negative"
        ),
        sa.CheckConstraint(
            "count = one + two + three + four + five AND sum = one + 2 * two + 3 * three + 4 * four + 5 * five",
            name="ratings_add_up",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "daily",
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.Column("reviews", sa.BigInteger, nullable=False),
        sa.Column("photos", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
