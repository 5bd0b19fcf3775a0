"""What clients tell, the visits that it belongs to, and the funnel that it makes."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.model.calendar import Span
from shikanji.services.analytics.model.funnel import Count
from shikanji.services.analytics.tables import client_events, funnel_days, visits

FORGOTTEN_AT_ONCE = 1_000


def keep(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    tx.run_each(KEEP, rows)


def reach(tx: Tx, day: int, store_id: str, visit_id: str, bit: int) -> bool:
    """Whether the visit had not come there before, on that day in that store."""
    return tx.run(REACH, day=day, store_id=store_id, visit_id=visit_id, reached=bit).count == 1


def add(tx: Tx, counts: Mapping[tuple[str, int, str], Count]) -> None:
    """By store, day and name."""
    names = ("store_id", "day", "name", "visits", "events")
    tx.run_each(ADD, [dict(zip(names, (*key, *counts[key]), strict=True)) for key in sorted(counts)])


def counts(tx: Tx, stores: Sequence[str], span: Span) -> dict[str, Count]:
    """By name."""
    rows = tx.run(COUNTS, stores=list(stores), first=span.first, last=span.last)
    return {name: Count(int(reached), int(events)) for name, reached, events in rows}


def forget_visits(tx: Tx, before_day: int) -> int:
    return tx.run(FORGET_VISITS, before=before_day).count


def forget_events(tx: Tx, before: int) -> int:
    """Some of those older than that (µs); how many."""
    last = tx.run(SOME_OLD, before=before, rows_max=FORGOTTEN_AT_ONCE).rows
    return tx.run(FORGET_EVENTS, seqs=[row[0] for row in last]).count if last else 0


KEEP = sa.insert(client_events).values(
    {column.name: bindparam(column.name) for column in client_events.columns if column.name != "seq"}
)
_REACHED = upsert(visits)
REACH = _REACHED.on_conflict_do_update(
    index_elements=list(visits.primary_key.columns),
    set_={"reached": visits.c.reached.op("|")(_REACHED.excluded.reached)},
    where=visits.c.reached.op("&")(_REACHED.excluded.reached) == 0,
)
_ADDED = upsert(funnel_days)
ADD = _ADDED.on_conflict_do_update(
    index_elements=list(funnel_days.primary_key.columns),
    set_={name: funnel_days.c[name] + _ADDED.excluded[name] for name in ("visits", "events")},
)
COUNTS = (
    sa.select(funnel_days.c.name, sa.func.sum(funnel_days.c.visits), sa.func.sum(funnel_days.c.events))
    .where(
        any_of(funnel_days.c.store_id, "stores"),
        funnel_days.c.day >= bindparam("first"),
        funnel_days.c.day <= bindparam("last"),
    )
    .group_by(funnel_days.c.name)
)
FORGET_VISITS = sa.delete(visits).where(visits.c.day < bindparam("before"))
SOME_OLD = (
    sa.select(client_events.c.seq)
    .where(client_events.c.at < bindparam("before"))
    .order_by(client_events.c.at)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
FORGET_EVENTS = sa.delete(client_events).where(any_of(client_events.c.seq, "seqs"))
