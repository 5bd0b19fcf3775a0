"""Customers, one by one and in segments."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.clock import DAY
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.model.customer import Customer
from shikanji.services.analytics.model.segments import (
    FREQUENCY_ORDERS,
    MONETARY_PAISE,
    RECENCY_DAYS,
    SEGMENTS,
    Scores,
    Segment,
    segment_of,
)
from shikanji.services.analytics.repository.facts import customer_of
from shikanji.services.analytics.tables import customer_segments, customers


class SegmentCount(NamedTuple):
    store_id: str
    segment: Segment
    customers: int
    orders: int
    revenue: int
    counted_at: int


def best(tx: Tx, store_id: str, before: tuple[int, str] | None, limit: int) -> list[Customer]:
    """Those who brought most first; after the one with this revenue and id."""
    if before is None:
        rows = tx.run(BEST, store_id=store_id, rows_max=limit)
    else:
        rows = tx.run(BEST_AFTER, store_id=store_id, revenue=before[0], customer_id=before[1], rows_max=limit)
    return [customer_of(row) for row in rows]


def count_segments(tx: Tx) -> list[SegmentCount]:
    """Looks at every customer: for a job."""
    found: dict[tuple[str, Segment], list[int]] = {}
    for store_id, recency, frequency, monetary, count, orders, revenue in tx.run(COUNT_SCORES, now=tx.now):
        segment = segment_of(Scores(recency, frequency, monetary))
        sums = found.setdefault((store_id, segment), [0, 0, 0])
        for place, value in enumerate((count, orders, revenue)):
            sums[place] += int(value)
    return [
        SegmentCount(store_id, segment, count, orders, revenue, tx.now)
        for (store_id, segment), (count, orders, revenue) in sorted(found.items())
    ]


def replace_segments(tx: Tx, counted: Iterable[SegmentCount]) -> None:
    tx.run(FORGET_SEGMENTS)
    tx.run_each(ADD_SEGMENT, [one._asdict() for one in counted])


def segments(tx: Tx, store_id: str) -> list[SegmentCount]:
    """As they were counted last, in the order of their worth."""
    found = [SegmentCount(*row) for row in tx.run(SEGMENTS_OF, store_id=store_id)]
    return sorted(found, key=lambda one: SEGMENTS.index(one.segment))


_C = customers.c


def _score(value: sa.ColumnElement[int], bounds: Sequence[int]) -> sa.ColumnElement[int]:
    """1, and one more for each bound that is reached."""
    return sa.case(*((value >= bound, score) for score, bound in reversed(list(enumerate(bounds, start=2)))), else_=1)


_NOW = bindparam("now", type_=sa.BigInteger)
_RECENCY: sa.ColumnElement[int] = sa.case(
    *((_NOW - _C.last_at < (days + 1) * DAY, 5 - place) for place, days in enumerate(RECENCY_DAYS)), else_=1
)
_SCORES = (
    _RECENCY.label("recency"),
    _score(_C.orders, FREQUENCY_ORDERS).label("frequency"),
    _score(_C.revenue, MONETARY_PAISE).label("monetary"),
)
COUNT_SCORES = (
    sa.select(_C.store_id, *_SCORES, sa.func.count(), sa.func.sum(_C.orders), sa.func.sum(_C.revenue))
    .where(_C.orders > 0)
    .group_by(_C.store_id, *(sa.text(name) for name in ("recency", "frequency", "monetary")))
)
FORGET_SEGMENTS = sa.delete(customer_segments)
ADD_SEGMENT = sa.insert(customer_segments)
SEGMENTS_OF = sa.select(*customer_segments.c).where(customer_segments.c.store_id == bindparam("store_id"))

_BEST = (
    sa.select(*customers.c)
    .where(_C.store_id == bindparam("store_id"))
    .order_by(_C.revenue.desc(), _C.customer_id.desc())
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
BEST = _BEST
BEST_AFTER = _BEST.where(
    sa.tuple_(_C.revenue, _C.customer_id)
    < sa.tuple_(bindparam("revenue", type_=sa.BigInteger), bindparam("customer_id", type_=sa.Text))
)
