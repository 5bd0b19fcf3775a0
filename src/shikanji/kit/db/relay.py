"""The sending end: committed outbox rows go to the bus in their order, and are marked when the bus answers for them."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from shikanji.kit.bus import Bus
from shikanji.kit.db.port import Database
from shikanji.kit.db.sql import (
    COUNT_UNPUBLISHED,
    FIRST_UNPUBLISHED,
    MARK_PUBLISHED,
    SELECT_PUBLISHED,
    SELECT_UNPUBLISHED,
    UNPUBLISH,
)
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Envelope, Metadata
from shikanji.kit.failpoints import failpoint

BATCH_EVENTS_MAX = 500


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


class Leadership(Protocol):
    """Whether this process is the one that relays for the service; two at once only cost duplicates."""

    async def held(self) -> bool: ...


class Alone:
    """The leadership of the one-process shape."""

    async def held(self) -> bool:
        return True


class Relay:
    def __init__(self, db: Database, bus: Bus, leadership: Leadership | None = None) -> None:
        self._db = db
        self._bus = bus
        self._leadership = leadership or Alone()
        self._turn = asyncio.Lock()
        self._delivered = f"{db.service}.relay.delivered"

    async def step(self) -> int:
        """Delivers one batch; returns its size. A crash between delivery and mark delivers it again."""
        async with self._turn:
            if not await self._leadership.held():
                return 0
            rows = await self._db.read(unpublished, BATCH_EVENTS_MAX)
            if rows:
                await self._bus.publish([row.envelope(self._db.service) for row in rows])
                failpoint(self._delivered)
                await self._db.write(mark_published, [row.seq for row in rows])
            return len(rows)

    async def replay(self, *, since: int = 0) -> int:
        """Delivers again what was published, from the time `since` (µs) on; the inboxes drop what they have."""
        after = count = 0
        while rows := await self._db.read(published, after, since, BATCH_EVENTS_MAX):
            await self._bus.publish([row.envelope(self._db.service) for row in rows])
            after, count = rows[-1].seq, count + len(rows)
        return count


def unpublished(tx: Tx, limit: int) -> list[OutboxRow]:
    """By state and never by a cursor: on PostgreSQL a lower number may be committed after a higher one. The numbers of
    one aggregate are in the order of its versions, for its row is locked while they are given."""
    return tx.run(SELECT_UNPUBLISHED, rows_max=limit).all(OutboxRow)


def mark_published(tx: Tx, seqs: Sequence[int]) -> None:
    tx.run(MARK_PUBLISHED, seqs=seqs, published_at=tx.now)


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
