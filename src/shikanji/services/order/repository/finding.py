"""Lists of orders."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.contracts.order import OrderStatus
from shikanji.contracts.store import Fulfilment
from shikanji.kit.clock import SECOND
from shikanji.kit.db.tx import Tx
from shikanji.services.order.model.order import Order
from shikanji.services.order.tables import (
    ACTIVE,
    CANCELLED,
    orders,
)

ACTIVE_STATUSES: frozenset[OrderStatus] = frozenset(
    {"pending", "confirmed", "preparing", "ready", "dispatched", "delivered"}
)
CLAIM_TO_PLACEMENT = 60 * SECOND
"""An order's id is made with its claim, by another clock perhaps: its time is this near to the placement's."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders. `store_ids` None: of all stores; `before`: the id after which the page begins, newest first. Times
    in µs, `placed_to` not included."""

    store_ids: tuple[str, ...] | None = None
    customer_id: str | None = None
    statuses: tuple[OrderStatus, ...] = ()
    fulfilment: Fulfilment | None = None
    placed_from: int | None = None
    placed_to: int | None = None
    number: str | None = None
    before: str | None = None


def list_orders(tx: Tx, wanted: Filter, limit: int) -> list[Order]:
    """Newest first, at most `limit`. Each store is asked by itself, for only so does an index give the order; a
    customer's orders are few, whatever their stores."""
    if wanted.store_ids is None:
        return tx.execute(_select(wanted, limit)).all(Order)
    if wanted.customer_id is not None:
        # Concatenated with nothing, so that the index of the stores is no candidate.
        return tx.execute(_select(wanted, limit, orders.c.store_id.concat("").in_(wanted.store_ids))).all(Order)
    rows = [
        order
        for store_id in wanted.store_ids
        for order in tx.execute(_select(wanted, limit, orders.c.store_id == store_id)).all(Order)
    ]
    return sorted(rows, key=lambda order: order.id, reverse=True)[:limit]


def _select(wanted: Filter, limit: int, *scope: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(orders).where(*scope, *_conditions(wanted)).order_by(orders.c.id.desc()).limit(limit)


def _conditions(wanted: Filter) -> Sequence[sa.ColumnElement[bool] | sa.TextClause]:
    equal = {
        orders.c.customer_id: wanted.customer_id,
        orders.c.fulfilment: wanted.fulfilment,
        orders.c.order_number: wanted.number,
    }
    conditions: list[Any] = [column == value for column, value in equal.items() if value is not None]
    if wanted.statuses:
        conditions += [orders.c.status.in_(wanted.statuses), *_partial(wanted.statuses)]
    if wanted.before is not None:
        conditions.append(orders.c.id < wanted.before)
    if wanted.placed_from is not None:
        conditions += [
            orders.c.placed_at >= wanted.placed_from,
            orders.c.id >= _id_at(wanted.placed_from - CLAIM_TO_PLACEMENT),
        ]
    if wanted.placed_to is not None:
        conditions += [
            orders.c.placed_at < wanted.placed_to,
            orders.c.id < _id_at(wanted.placed_to + CLAIM_TO_PLACEMENT),
        ]
    return conditions


def _partial(statuses: Collection[OrderStatus]) -> list[sa.TextClause]:
    """What lets a partial index serve."""
    if ACTIVE_STATUSES.issuperset(statuses):
        return [ACTIVE]
    if set(statuses) == {"cancelled"}:
        return [CANCELLED]
    return []


def _id_at(at: int) -> str:
    """Where ids made at this time begin (UUIDv7: the first 48 bits are milliseconds)."""
    digits = f"{min(max(at, 0) // 1_000, 2**48 - 1):012x}"
    return f"{digits[:8]}-{digits[8:]}"
