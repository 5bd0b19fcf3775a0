"""All figures made anew from the events that were kept, step by step: what comes meanwhile is kept, and folded in its
turn. Nobody waits for it, but reports show only what is in them already."""

from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.actions import keeping
from shikanji.services.analytics.repository import events, rebuilds
from shikanji.services.analytics.repository.rebuilds import Rebuild

EVENTS_MAX = 1_000


def begin(tx: Tx) -> None:
    """From the first event again, also where it was under way."""
    rebuilds.locked(tx)
    rebuilds.begin(tx, events.last_seq(tx))


def go_on(tx: Tx, events_max: int = EVENTS_MAX) -> Rebuild:
    """One step over so many events."""
    under_way = rebuilds.locked(tx)
    if under_way.reached is None:
        return under_way
    kept = events.after(tx, under_way.reached, events_max)
    keeping.fold_kept(tx, kept)
    reached = kept[-1].seq if len(kept) == events_max else None
    rebuilds.reach(tx, reached)
    return Rebuild(reached, under_way.last)
