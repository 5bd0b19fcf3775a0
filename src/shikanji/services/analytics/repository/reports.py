"""Sums of figures over stores and days: each reads the rows that it adds up, and no order."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.model.calendar import HOURS, Span, month_of
from shikanji.services.analytics.model.durations import Kind
from shikanji.services.analytics.model.figures import FIGURES, NONE, Dimension, Figures, added
from shikanji.services.analytics.tables import aggregated_metrics, cohorts, durations, order_facts, product_pairs


class Row(NamedTuple):
    """Figures of a period and of a key or a store, where they were asked for apart."""

    period: int
    key: str
    figures: Figures


class Partial(NamedTuple):
    """What can be told of a part of an hour."""

    placed: int
    orders: int
    total: int
    paid: int
    refunded: int


class PairCount(NamedTuple):
    first_id: str
    second_id: str
    orders: int


def total(tx: Tx, stores: Sequence[str], dimension: Dimension, span: Span) -> Figures:
    row = tx.run(TOTAL, **_range(stores, dimension, span)).first()
    return _figures(row) if row else NONE


def whole(tx: Tx, stores: Sequence[str], span: Span) -> Figures:
    """Of all orders of these days."""
    return added(row.figures for row in by_month(tx, stores, span))


def by_month(tx: Tx, stores: Sequence[str], span: Span) -> list[Row]:
    """In the order of time; of the first and the last month only their days in the span."""
    rows = tx.run(BY_MONTH, **_months(stores, span))
    return [Row(row[0], "", _figures(row[1:])) for row in rows]


def by_month_and_store(tx: Tx, stores: Sequence[str], span: Span) -> list[Row]:
    rows = tx.run(BY_MONTH_AND_STORE, **_months(stores, span))
    return [Row(row[0], row[1], _figures(row[2:])) for row in rows]


def by_period(tx: Tx, stores: Sequence[str], dimension: Dimension, span: Span) -> list[Row]:
    """In the order of time."""
    rows = tx.run(BY_PERIOD, **_range(stores, dimension, span))
    return [Row(row[0], "", _figures(row[1:])) for row in rows]


def by_key(tx: Tx, stores: Sequence[str], dimension: Dimension, span: Span) -> list[Row]:
    """Over all periods."""
    rows = tx.run(BY_KEY, **_range(stores, dimension, span))
    return [Row(0, row[0], _figures(row[1:])) for row in rows]


def by_hour_of_day(tx: Tx, stores: Sequence[str], span: Span) -> list[Row]:
    """Of hours; the period is the hour, 0 to 23, over all days."""
    rows = tx.run(BY_HOUR_OF_DAY, **_range(stores, "hour", span))
    return [Row(int(row[0]), "", _figures(row[1:])) for row in rows]


def by_period_and_store(tx: Tx, stores: Sequence[str], dimension: Dimension, span: Span) -> list[Row]:
    rows = tx.run(BY_PERIOD_AND_STORE, **_range(stores, dimension, span))
    return [Row(row[0], row[1], _figures(row[2:])) for row in rows]


def by_period_and_key(tx: Tx, stores: Sequence[str], dimension: Dimension, span: Span) -> list[Row]:
    rows = tx.run(BY_PERIOD_AND_KEY, **_range(stores, dimension, span))
    return [Row(row[0], row[1], _figures(row[2:])) for row in rows]


def between(tx: Tx, stores: Sequence[str], since: int, until: int) -> Partial:
    """Of the orders placed from `since` to before `until` (µs): no more than a part of an hour."""
    row = tx.run(BETWEEN, stores=list(stores), since=since, until=until).first()
    return Partial(*(int(value or 0) for value in row or (0,) * len(Partial._fields)))


def times(tx: Tx, stores: Sequence[str], span: Span) -> list[tuple[Kind, int, int, int]]:
    """Kind, bucket, count and seconds."""
    rows = tx.run(TIMES, stores=list(stores), first=span.first, last=span.last)
    return [(kind, bucket, int(count), int(seconds)) for kind, bucket, count, seconds in rows]


def pairs(tx: Tx, stores: Sequence[str], limit: int) -> list[PairCount]:
    """The most frequent ones over these stores."""
    rows = tx.run(PAIRS, stores=list(stores), rows_max=limit)
    return [PairCount(first, second, int(orders)) for first, second, orders in rows]


def cohorts_since(tx: Tx, store_id: str, since: int) -> list[tuple[int, int, int, int, int]]:
    """Cohort, month, customers, orders and revenue."""
    return [(*row,) for row in tx.run(COHORTS, store_id=store_id, since=since)]


def _range(stores: Sequence[str], dimension: Dimension, span: Span) -> dict[str, Any]:
    return {"stores": list(stores), "dimension": dimension, "first": span.first, "last": span.last}


def _months(stores: Sequence[str], span: Span) -> dict[str, Any]:
    parts = span.by_months
    return {
        "stores": list(stores),
        "head_month": month_of(parts.head.first),
        "head_first": parts.head.first,
        "head_last": parts.head.last,
        "whole_first": parts.whole.first,
        "whole_last": parts.whole.last,
        "tail_month": month_of(parts.tail.first),
        "tail_first": parts.tail.first,
        "tail_last": parts.tail.last,
    }


def _figures(values: Sequence[Any]) -> Figures:
    return Figures(*(int(value or 0) for value in values))


_M, _O, _D, _P = aggregated_metrics.c, order_facts.c, durations.c, product_pairs.c
_SUMS = [sa.func.sum(_M[name]) for name in FIGURES]
_IN_RANGE = (
    any_of(_M.store_id, "stores"),
    _M.dimension == bindparam("dimension"),
    _M.period >= bindparam("first"),
    _M.period <= bindparam("last"),
)


def _grouped(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(*columns, *_SUMS).where(*_IN_RANGE).group_by(*columns).order_by(*columns)


TOTAL = sa.select(*_SUMS).where(*_IN_RANGE)
BY_PERIOD = _grouped(_M.period)
BY_KEY = _grouped(_M.key)
_HOUR = _M.period % sa.literal_column(str(HOURS))
BY_HOUR_OF_DAY = sa.select(_HOUR, *_SUMS).where(*_IN_RANGE).group_by(_HOUR).order_by(_HOUR)
BY_PERIOD_AND_STORE = _grouped(_M.period, _M.store_id)
BY_PERIOD_AND_KEY = _grouped(_M.period, _M.key)


def _part(part: str, dimension: Dimension, month: sa.ColumnElement[int]) -> sa.Select[Any]:
    """Rows of figures under the month they count for."""
    return sa.select(month.label("month"), _M.store_id, *(_M[name] for name in FIGURES)).where(
        any_of(_M.store_id, "stores"),
        _M.dimension == sa.literal_column(f"'{dimension}'"),
        _M.period >= bindparam(f"{part}_first"),
        _M.period <= bindparam(f"{part}_last"),
    )


_IN_MONTHS = sa.union_all(
    _part("head", "day", bindparam("head_month", type_=sa.BigInteger)),
    _part("whole", "month", _M.period),
    _part("tail", "day", bindparam("tail_month", type_=sa.BigInteger)),
).subquery()


def _grouped_months(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    sums = [sa.func.sum(_IN_MONTHS.c[name]) for name in FIGURES]
    return sa.select(*columns, *sums).group_by(*columns).order_by(*columns)


BY_MONTH = _grouped_months(_IN_MONTHS.c.month)
BY_MONTH_AND_STORE = _grouped_months(_IN_MONTHS.c.month, _IN_MONTHS.c.store_id)
BETWEEN = sa.select(
    sa.func.count(),
    sa.func.sum(_O.counted),
    sa.func.sum(_O.counted * _O.total),
    sa.func.sum(_O.paid),
    sa.func.sum(_O.refunded),
).where(any_of(_O.store_id, "stores"), _O.placed_at >= bindparam("since"), _O.placed_at < bindparam("until"))
TIMES = (
    sa.select(_D.kind, _D.bucket, sa.func.sum(_D.count), sa.func.sum(_D.seconds))
    .where(any_of(_D.store_id, "stores"), _D.day >= bindparam("first"), _D.day <= bindparam("last"))
    .group_by(_D.kind, _D.bucket)
)
_TOGETHER = sa.func.sum(_P.orders)
PAIRS = (
    sa.select(_P.first_id, _P.second_id, _TOGETHER)
    .where(any_of(_P.store_id, "stores"))
    .group_by(_P.first_id, _P.second_id)
    .having(sa.literal_column("0") < _TOGETHER)
    .order_by(_TOGETHER.desc(), _P.first_id, _P.second_id)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
COHORTS = (
    sa.select(cohorts.c.cohort, cohorts.c.month, cohorts.c.customers, cohorts.c.orders, cohorts.c.revenue)
    .where(cohorts.c.store_id == bindparam("store_id"), cohorts.c.cohort >= bindparam("since"))
    .order_by(cohorts.c.cohort, cohorts.c.month)
)
