"""The sending end: committed outbox rows go to the bus in their order, and are marked when the bus answers for them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from shikanji.kit.bus import KEPT, Bus
from shikanji.kit.clock import SECOND
from shikanji.kit.db.leadership import Alone, Leadership
from shikanji.kit.db.port import Database
from shikanji.kit.db.sql import (
    COUNT_UNPUBLISHED,
    FIRST_OF_EPOCH,
    FIRST_UNPUBLISHED,
    MARK_PUBLISHED,
    MARK_PUBLISHED_UNDER,
    NEXT_EPOCH,
    SELECT_PUBLISHED,
    SELECT_PUBLISHED_ELSEWHERE,
    SELECT_UNPUBLISHED,
    UNPUBLISH,
)
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Envelope, Metadata
from shikanji.kit.failpoints import failpoint
from shikanji.kit.telemetry.logs import logger

BATCH_EVENTS_MAX = 500
REFILL_EVENTS_MAX = 2_000
"""A batch for a bus that has lost everything: larger, for there may be a day's events to bring back."""

_log = logger("relay")


class OutboxRow(msgspec.Struct, frozen=True):
    seq: int
    event_id: str
    type: str
    schema_version: str
    aggregate_id: str
    aggregate_version: int
    occurred_at: int
    data: bytes
    payload_hash: str
    correlation_id: str
    causation_id: str
    published_under: str | None

    def envelope(self, source: str) -> Envelope:
        metadata = Metadata(
            source,
            self.schema_version,
            self.correlation_id,
            self.causation_id,
            self.aggregate_id,
            self.aggregate_version,
        )
        return Envelope(self.event_id, self.type, self.occurred_at, self.data, self.payload_hash, metadata)


class Relay:
    def __init__(self, db: Database, bus: Bus, leadership: Leadership | None = None) -> None:
        self._db = db
        self._bus = bus
        self._leadership = leadership or Alone()
        self._turn = asyncio.Lock()
        self._epoch = ""
        """The bus has every row that it should have under this one."""
        self._refill: _Refill | None = None
        self._left_since: int | None = None
        self._delivered = f"{db.service}.relay.delivered"

    async def step(self) -> int:
        """Delivers one batch; returns its size. A crash between delivery and mark delivers it again."""
        async with self._turn:
            if not await self._leadership.held():
                return 0
            # Asked before anything is published: if the store is lost in between, the rows bear the lost one's name.
            epoch = await self._bus.epoch()
            if epoch != self._epoch and (refilled := await self._publish_elsewhere_published(epoch)):
                return refilled
            rows = await self._db.read(unpublished, BATCH_EVENTS_MAX)
            # A row that a bus has answered for and that is to leave once more: its subscriber lacks it.
            await self._publish(rows, epoch, again=any(row.published_under for row in rows))
            self._left_since = rows[-1].occurred_at if len(rows) == BATCH_EVENTS_MAX else None
            return len(rows)

    def behind(self, now: int) -> float:
        """For how many seconds what the last step left has been waiting; 0 when it left nothing that it saw."""
        return 0.0 if self._left_since is None else (now - self._left_since) / SECOND

    async def release(self) -> None:
        """Lets another process lead at once."""
        await self._leadership.release()

    async def replay(self, *, since: int = 0) -> int:
        """Delivers again what was published, from the time `since` (µs) on; the inboxes drop what they have."""
        after = count = 0
        while rows := await self._db.read(published, after, since, BATCH_EVENTS_MAX):
            await self._bus.publish([row.envelope(self._db.service) for row in rows], again=True)
            after, count = rows[-1].seq, count + len(rows)
        return count

    async def _publish(self, rows: Sequence[OutboxRow], epoch: str, *, again: bool = False) -> None:
        if rows:
            await self._bus.publish([row.envelope(self._db.service) for row in rows], again=again)
            failpoint(self._delivered)
            await self._db.write_patiently(mark_published, [row.seq for row in rows], self._leadership, epoch)

    async def _publish_elsewhere_published(self, epoch: str) -> int:
        """The bus is another one than before, or seen for the first time: one batch of what it should have and only
        its predecessor had, oldest first, before anything newer. 0 when it has it all."""
        if self._refill is None or self._refill.epoch != epoch:
            self._refill = await self._db.read(first_published_elsewhere, epoch)
        refill = self._refill
        rows = await self._db.read(published_elsewhere, refill, REFILL_EVENTS_MAX)
        await self._publish(rows, epoch)
        if rows:
            refill.after, refill.count = rows[-1].seq, refill.count + len(rows)
        else:
            self._epoch, self._refill = epoch, None
            if refill.count:
                _log.warning("the bus had lost its events and has them again", of=self._db.service, count=refill.count)
        return len(rows)


class _Refill(msgspec.Struct):
    epoch: str
    since: int
    after: int | None
    """None: nothing is missing."""
    count: int = 0


def unpublished(tx: Tx, limit: int) -> list[OutboxRow]:
    """By state and never by a cursor: on PostgreSQL a lower number may be committed after a higher one. The numbers of
    one aggregate are in the order of its versions, for its row is locked while they are given."""
    return tx.run(SELECT_UNPUBLISHED, rows_max=limit).all(OutboxRow)


def mark_published(tx: Tx, seqs: Sequence[int], leadership: Leadership, epoch: str = "") -> None:
    leadership.require(tx)
    if epoch:
        tx.run(MARK_PUBLISHED_UNDER, seqs=seqs, published_at=tx.now, epoch=epoch)
    else:
        tx.run(MARK_PUBLISHED, seqs=seqs, published_at=tx.now)


def first_published_elsewhere(tx: Tx, epoch: str) -> _Refill:
    """Epoch by epoch, each found by the index: rows of epochs long gone stay in the outbox for weeks."""
    since, firsts, other = tx.now - KEPT, [], ""
    while other := tx.run(NEXT_EPOCH, after=other).scalar():
        if other != epoch:
            firsts.append(tx.run(FIRST_OF_EPOCH, epoch=other, since=since).scalar())
    first = min((seq for seq in firsts if seq is not None), default=None)
    return _Refill(epoch, since, None if first is None else first - 1)


def published_elsewhere(tx: Tx, refill: _Refill, limit: int) -> list[OutboxRow]:
    if refill.after is None:
        return []
    found = tx.run(
        SELECT_PUBLISHED_ELSEWHERE, after=refill.after, epoch=refill.epoch, since=refill.since, rows_max=limit
    )
    return found.all(OutboxRow)


def published(tx: Tx, after: int, since: int, limit: int) -> list[OutboxRow]:
    return tx.run(SELECT_PUBLISHED, after=after, since=since, rows_max=limit).all(OutboxRow)


def publish_again(tx: Tx, event_ids: Sequence[str]) -> int:
    """The relay sends these once more; how many it will. For a subscriber that lacks them."""
    return tx.run(UNPUBLISH, event_ids=event_ids).count


class Backlog(msgspec.Struct, frozen=True):
    rows: int
    oldest_at: int | None


def backlog(tx: Tx) -> Backlog:
    """What has not left yet, and since when (µs)."""
    values: tuple[Any, Any] = (tx.run(COUNT_UNPUBLISHED).scalar(), tx.run(FIRST_UNPUBLISHED).scalar())
    return Backlog(*values)
