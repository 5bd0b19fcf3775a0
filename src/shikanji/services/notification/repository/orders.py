"""What is known of orders."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.kit.db.statements import any_of, delete_oldest, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.notification.model.orders import KnownOrder
from shikanji.services.notification.tables import known_orders


def remember(tx: Tx, orders: Sequence[KnownOrder]) -> None:
    tx.run_each(REMEMBER, [msgspec.structs.asdict(order) for order in orders])


def confirmed_when_placed(tx: Tx, order_ids: Collection[str]) -> set[str]:
    return {row[0] for row in tx.run(CONFIRMED, order_ids=order_ids)}


def find_orders(tx: Tx, order_ids: Collection[str]) -> dict[str, KnownOrder]:
    return {row[0]: _order(row) for row in tx.run(FIND, order_ids=order_ids)}


def forget(tx: Tx, before: str, limit: int) -> int:
    """Deletes the oldest, as far as they were placed before the first id of a time; says how many."""
    return tx.run(FORGET, before=before, rows_max=limit).count


def _order(row: tuple[Any, ...]) -> KnownOrder:
    return KnownOrder(**dict(zip(_FIELDS, row, strict=True)))


_FIELDS = KnownOrder.__struct_fields__
REMEMBER = (
    upsert(known_orders)
    .values({name: sa.bindparam(name) for name in _FIELDS})
    .on_conflict_do_nothing(index_elements=["order_id"])
)
FORGET = delete_oldest(known_orders.c.order_id)
CONFIRMED = sa.select(known_orders.c.order_id).where(
    any_of(known_orders.c.order_id, "order_ids"), known_orders.c.confirmed == sa.text("1")
)
FIND = sa.select(*(known_orders.c[name] for name in _FIELDS)).where(any_of(known_orders.c.order_id, "order_ids"))
