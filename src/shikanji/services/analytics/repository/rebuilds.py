"""Whether all figures are being made anew, and how far that is. The row is locked by whoever folds, and alone by
whoever makes them anew: so that no event is folded twice or never."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.tables import (
    aggregated_metrics,
    cohorts,
    customers,
    durations,
    order_facts,
    product_pairs,
    rebuilds,
    stores,
)

THE_ONE = 1


class Rebuild(NamedTuple):
    """`reached`: the last event that is in the figures; None: all that are kept. `last`: how many are to be, about."""

    reached: int | None
    last: int


def share(tx: Tx) -> bool:
    """Whether it is under way; it neither begins nor ends nor goes on before the transaction is over."""
    return tx.run(SHARED).scalar() is not None


def locked(tx: Tx) -> Rebuild:
    row = tx.run(ALONE).first()
    return Rebuild(*row) if row else Rebuild(None, 0)


def begin(tx: Tx, last: int) -> None:
    """Forgets all figures."""
    tx.run(BEGIN, id=THE_ONE, reached=0, last=last)
    for statement in FORGET:
        tx.run(statement)


def reach(tx: Tx, seq: int | None) -> None:
    """None: it is done."""
    tx.run(REACH, new_reached=seq)


SHARED = sa.select(rebuilds.c.reached).with_for_update(read=True)
ALONE = sa.select(rebuilds.c.reached, rebuilds.c.last).with_for_update()
_BEGUN = upsert(rebuilds)
BEGIN = _BEGUN.on_conflict_do_update(
    index_elements=[rebuilds.c.id], set_={"reached": _BEGUN.excluded.reached, "last": _BEGUN.excluded.last}
)
REACH = sa.update(rebuilds).values(reached=bindparam("new_reached"))
FORGET = (
    *(sa.delete(table) for table in (aggregated_metrics, durations, product_pairs, customers, cohorts, order_facts)),
    sa.update(stores).values(zone_version=0),
)
