"""Forgetting events. Nothing here decides when: that is for whoever has matched every outbox with every inbox."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from shikanji.kit.clock import DAY
from shikanji.kit.db.sql import (
    FORGET_AGGREGATES,
    FORGET_INBOX,
    FORGET_OUTBOX,
    FORGET_VERSIONS,
    SELECT_FIRST_IN_OUTBOX,
    SELECT_OLD_IN_INBOX,
)
from shikanji.kit.db.tx import Tx
from shikanji.kit.ids import first_id

OUTBOX_DAYS = 30
INBOX_DAYS = 31
"""A day longer than any outbox, which is as long as a bus keeps what it was given: whatever may still come is known."""
ROWS_AT_ONCE = 1_000


class _Old(msgspec.Struct, frozen=True):
    seq: int
    aggregate_id: str
    published_at: int | None


def forget_published(tx: Tx, matched: int) -> int:
    """Forgets the next of the outbox's oldest rows that were published before `matched` (µs) and more than 30 days ago;
    how many. From the first on that was not, all is kept: of an aggregate only first versions are ever missing."""
    before = min(matched, tx.now - OUTBOX_DAYS * DAY)
    old = _first(tx.run(SELECT_FIRST_IN_OUTBOX, rows_max=ROWS_AT_ONCE).all(_Old), before)
    if old:
        counts = sorted(Counter(row.aggregate_id for row in old).items())
        tx.run_each(FORGET_VERSIONS, [{"id": aggregate, "count": count} for aggregate, count in counts])
        tx.run(FORGET_OUTBOX, seqs=[row.seq for row in old])
    return len(old)


def forget_received(tx: Tx, matched: int) -> int:
    """The same for ids in the inbox of events that were made more than 31 days ago. What is dead stays."""
    before = first_id(min(matched, tx.now - INBOX_DAYS * DAY))
    ids = [row[0] for row in tx.run(SELECT_OLD_IN_INBOX, before=before, rows_max=ROWS_AT_ONCE)]
    if ids:
        tx.run(FORGET_INBOX, ids=ids)
    return len(ids)


def forget_aggregates(tx: Tx, ids: Sequence[str]) -> None:
    """Forgets how many events these aggregates had, whose own rows are gone: nothing can be recorded of them any more.
    Those with events in the outbox are still counted."""
    tx.run(FORGET_AGGREGATES, ids=ids)


def _first(rows: Sequence[_Old], before: int) -> list[_Old]:
    found = []
    for row in rows:
        if row.published_at is None or row.published_at >= before:
            break
        found.append(row)
    return found
