"""The events as they came."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.tables import analytics_events

_COLUMNS = ("id", "type", "at", "store_id", "aggregate_id", "version", "received_at", "data")


class Kept(msgspec.Struct, frozen=True):
    """One event, still encoded."""

    seq: int
    id: str
    type: str
    at: int
    store_id: str | None
    aggregate_id: str
    version: int
    received_at: int
    data: bytes


def keep(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    tx.run_each(KEEP, rows)


def after(tx: Tx, seq: int, limit: int) -> list[Kept]:
    """The next ones in the order of their coming."""
    return tx.run(AFTER, seq=seq, rows_max=limit).all(Kept)


def last_seq(tx: Tx) -> int:
    found: int | None = tx.run(LAST).scalar()
    return found or 0


_READ = (analytics_events.c.seq, *(analytics_events.c[name] for name in _COLUMNS))

KEEP = sa.insert(analytics_events).values({name: bindparam(name) for name in _COLUMNS})
AFTER = (
    sa.select(*_READ)
    .where(analytics_events.c.seq > bindparam("seq"))
    .order_by(analytics_events.c.seq)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
LAST = sa.select(sa.func.max(analytics_events.c.seq))
