"""What customers think of products, as the review service says."""

from collections.abc import Collection

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.inventory.tables import product_ratings


class Rating(msgspec.Struct, frozen=True):
    """The columns of its row, in their order."""

    product_id: str
    version: int
    count: int
    sum: int
    mean_hundredths: int


def of_products(tx: Tx, product_ids: Collection[str]) -> dict[str, Rating]:
    """Those that anybody has reviewed."""
    return {rating.product_id: rating for rating in tx.run(RATINGS, product_ids=product_ids).all(Rating)}


def keep(tx: Tx, rating: Rating) -> None:
    """Unless a newer one is there."""
    tx.run(KEEP, **msgspec.structs.asdict(rating))


RATINGS = sa.select(*product_ratings.c).where(any_of(product_ratings.c.product_id, "product_ids"))
_given = upsert(product_ratings).values({column.name: bindparam(column.name) for column in product_ratings.c})
KEEP = _given.on_conflict_do_update(
    index_elements=["product_id"],
    set_={name: _given.excluded[name] for name in ("version", "count", "sum", "mean_hundredths")},
    where=product_ratings.c.version < _given.excluded.version,
)
