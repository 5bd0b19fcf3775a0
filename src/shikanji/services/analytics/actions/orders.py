"""When orders come, how long they take, and what becomes of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.actions.reports import scope
from shikanji.services.analytics.model.calendar import HOURS, Span
from shikanji.services.analytics.model.durations import KINDS, Kind, percentile
from shikanji.services.analytics.model.figures import NONE, Figures, added, hour_period
from shikanji.services.analytics.repository import reports


class Times(msgspec.Struct, frozen=True):
    """Seconds; None where nothing was timed."""

    count: int
    mean: int | None
    p50: int | None
    p95: int | None


class OrderReport(NamedTuple):
    """`hours`: of the day, over all days."""

    total: Figures
    hours: Sequence[Figures]
    times: Mapping[Kind, Times]
    cancellations: Mapping[str, Figures]
    refunds: Mapping[str, Figures]


def report(tx: Tx, store_ids: Sequence[str] | None, span: Span) -> OrderReport:
    ids = scope(tx, store_ids).ids
    hours = [NONE] * HOURS
    for row in reports.by_hour_of_day(tx, ids, Span(hour_period(span.first, 0), hour_period(span.last, HOURS - 1))):
        hours[row.period] = row.figures
    return OrderReport(
        total=added(hours),
        hours=hours,
        times=_times(tx, ids, span),
        cancellations={row.key: row.figures for row in reports.by_key(tx, ids, "cancelled", span) if any(row.figures)},
        refunds={row.key: row.figures for row in reports.by_key(tx, ids, "refund", span) if any(row.figures)},
    )


def _times(tx: Tx, ids: Sequence[str], span: Span) -> dict[Kind, Times]:
    counts: dict[Kind, dict[int, int]] = {kind: {} for kind in KINDS}
    seconds = dict.fromkeys(KINDS, 0)
    for kind, bucket, count, spent in reports.times(tx, ids, span):
        counts[kind][bucket] = count
        seconds[kind] += spent
    found = {}
    for kind in KINDS:
        count = sum(counts[kind].values())
        mean = seconds[kind] // count if count else None
        found[kind] = Times(count, mean, percentile(counts[kind], 50), percentile(counts[kind], 95))
    return found
