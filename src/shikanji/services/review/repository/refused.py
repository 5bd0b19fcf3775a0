"""What was refused of an order and is gone."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.review.tables import refused

WHOLE_ORDER = ""
"""In place of a product's id."""


def add(tx: Tx, order_id: str, product_id: str | None) -> None:
    tx.run(ADD, order_id=order_id, product_id=product_id or WHOLE_ORDER)


def is_there(tx: Tx, order_id: str, product_id: str | None) -> bool:
    return tx.run(FIND, order_id=order_id, product_id=product_id or WHOLE_ORDER).first() is not None


def forget_before(tx: Tx, order_id: str, limit: int) -> int:
    """Deletes some of those whose orders were placed before; says how many."""
    return tx.run(FORGET, before=order_id, rows_max=limit).count


ADD = upsert(refused).on_conflict_do_nothing()
FIND = sa.select(refused.c.order_id).where(
    refused.c.order_id == bindparam("order_id"), refused.c.product_id == bindparam("product_id")
)
_oldest = sa.select(refused.c.order_id).where(refused.c.order_id < bindparam("before")).limit(bindparam("rows_max"))
FORGET = sa.delete(refused).where(refused.c.order_id.in_(_oldest.scalar_subquery()))
