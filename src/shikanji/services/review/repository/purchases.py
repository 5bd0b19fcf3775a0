"""What was received."""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.review.model.review import Purchase
from shikanji.services.review.tables import purchases


def find(tx: Tx, order_id: str) -> Purchase | None:
    row = tx.run(FIND, order_id=order_id).first()
    if row is None:
        return None
    return Purchase(row[0], row[1], row[2], tuple(msgspec.json.decode(row[3], type=list[str])))


def add(tx: Tx, received: Iterable[Purchase]) -> None:
    """Those that are not there yet."""
    rows = [
        {
            "order_id": each.order_id,
            "customer_id": each.customer_id,
            "store_id": each.store_id,
            "product_ids": msgspec.json.encode(each.product_ids),
            "received_at": tx.now,
        }
        for each in sorted(received, key=lambda each: each.order_id)
    ]
    if rows:
        tx.run_each(ADD, rows)


def forget_before(tx: Tx, order_id: str, limit: int) -> int:
    """Deletes the oldest, as far as their orders were placed before; says how many."""
    found = [row[0] for row in tx.run(OLDEST, before=order_id, rows_max=limit)]
    if found:
        tx.run(FORGET, order_ids=found)
    return len(found)


FIND = sa.select(purchases.c.order_id, purchases.c.customer_id, purchases.c.store_id, purchases.c.product_ids).where(
    purchases.c.order_id == bindparam("order_id")
)
ADD = upsert(purchases).on_conflict_do_nothing(index_elements=["order_id"])
OLDEST = (
    sa.select(purchases.c.order_id)
    .where(purchases.c.order_id < bindparam("before"))
    .order_by(purchases.c.order_id)
    .limit(bindparam("rows_max"))
)
FORGET = sa.delete(purchases).where(any_of(purchases.c.order_id, "order_ids"))
