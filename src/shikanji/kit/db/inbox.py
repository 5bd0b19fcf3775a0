"""The receiving end: a batch of events in one transaction, each with its effects in a savepoint as soon as one fails.

A handler that fails leaves a waiting row in that same transaction; from then on the inbox owns the event. Later events
of the same aggregate wait behind it and all others go on. After ten tries it is dead, which frees the aggregate."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple

from shikanji.kit.backoff import Jitter, delay
from shikanji.kit.clock import SECOND
from shikanji.kit.db.faults import LockTimeout, StorageFault, TooSlow, TransactionConflict, TransactionOver
from shikanji.kit.db.port import Database
from shikanji.kit.db.sql import (
    FIRST_DUE_EVENT,
    MAKE_FIRST_DUE,
    SELECT_DUE_AGGREGATES,
    SELECT_PARKED,
    SELECT_THERE,
    SELECT_WAITING_OF_AGGREGATE,
    SET_EVENT_STATE,
    TAKE_EVENT,
    WAIT_BEHIND,
)
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Envelope, Subscribers
from shikanji.kit.failpoints import failpoint
from shikanji.kit.lanes import in_lanes
from shikanji.kit.telemetry.logs import logger

BATCH_EVENTS_MAX = 50
EVERY_EVENTS_MAX = 125
"""For who keeps whatever happens anywhere: nobody waits for it, and what it adds up it writes once a batch."""
BATCHES_APART = 20
ATTEMPTS_MAX = 10
DUE_AGGREGATES_MAX = 10
ERROR_CHARACTERS_MAX = 2_000

_log = logger("inbox")


class Aggregate(NamedTuple):
    """What keeps its order: one thing as one service counts its versions."""

    source: str
    id: str

    @classmethod
    def of(cls, envelope: Envelope) -> "Aggregate":
        return cls(envelope.metadata.source, envelope.metadata.aggregate_id)

    def named(self) -> dict[str, str]:
        return {"of_source": self.source, "of_aggregate": self.id}


class Outcome(Enum):
    DONE = "done"
    WAITING = "waiting"
    DEAD = "dead"


class _ThereAlready(Exception):
    """At least one event of a batch had been received before."""


class _MustWait(Exception):
    """An event of the aggregate waits to be tried again."""


class _Apart(Exception):
    """What was taken together is to be taken apart, and looked at closely."""


_NOT_TOGETHER = (_Apart, TransactionConflict, LockTimeout, TooSlow)


class Inbox:
    def __init__(self, db: Database, subscribers: Subscribers, *, jitter: Jitter) -> None:
        self._db = db
        self._subscribers = subscribers
        self._jitter = jitter
        self._repeats = False
        """Whether the last batch had some: then the next one is looked through before it is taken."""
        self._batches_apart = 0
        """How many more come before a batch is taken together again."""
        self._before_commit = f"{db.service}.inbox.before_commit"
        self._after_commit = f"{db.service}.inbox.after_commit"

    async def receive(self, batch: Sequence[Envelope]) -> int:
        """Returns when the whole batch is in the inbox, with its effects or as waiting rows; how many came to wait."""
        waiting = 0
        for part in _parts(batch, EVERY_EVENTS_MAX if self._subscribers.every else BATCH_EVENTS_MAX):
            if self._db.lanes > 1:
                waiting += await self._receive_beside_others(part)
            else:
                waiting += await self._db.write_patiently(self._receive, part)
            failpoint(self._after_commit)
        return waiting

    async def retry(self) -> int:
        """Runs what is due again; returns how many events were tried."""
        if self._db.lanes > 1:
            due = await self._db.read(_due_aggregates)
            return await in_lanes(self._db.lanes, due, self._retry_apart)
        return await self._db.write(self._retry)

    async def next_due(self) -> int | None:
        return await self._db.read(next_due)

    async def _receive_beside_others(self, batch: Sequence[Envelope]) -> int:
        """Where rows are locked: together, which costs a quarter; each aggregate apart, when that met others' locks or
        went wrong, and so for a while."""
        failed = False
        if not self._batches_apart:
            try:
                return await self._db.write(self._receive_plainly, batch)
            except _NOT_TOGETHER:
                self._batches_apart, failed = BATCHES_APART, True
        self._batches_apart -= 1
        groups = _by_aggregate(await self._db.read(_not_there, batch))
        if failed and len(groups) == 1:
            return await self._receive_closely_apart(groups[0])
        return await in_lanes(self._db.lanes, groups, self._receive_apart)

    async def _receive_apart(self, events: Sequence[Envelope]) -> int:
        """Events of one aggregate, in a transaction of their own."""
        try:
            return await self._db.write(self._receive_plainly, events)
        except _NOT_TOGETHER:
            return await self._receive_closely_apart(events)

    async def _receive_closely_apart(self, events: Sequence[Envelope]) -> int:
        return await self._db.write(self._receive_closely, events)

    async def _retry_apart(self, aggregate: Aggregate) -> int:
        return await self._db.write(self._retry_aggregate, aggregate)

    def _receive_plainly(self, tx: Tx, events: Sequence[Envelope]) -> int:
        """As it goes almost always, and without a savepoint. Raises _Apart where it goes otherwise."""
        try:
            if _parked(tx, events):
                raise _MustWait
            _take_all(tx, events)
            self._subscribers.handle(tx, *events)
        except TransactionOver:
            raise
        except Exception as error:
            raise _Apart from error
        failpoint(self._before_commit)
        return 0

    def _receive_closely(self, tx: Tx, events: Sequence[Envelope]) -> int:
        parked = _parked(tx, events)
        self._receive_one_by_one(tx, events, parked)
        failpoint(self._before_commit)
        return len(parked)

    def _receive(self, tx: Tx, batch: Sequence[Envelope]) -> int:
        # A bus that was filled again brings what everybody has, and much of it.
        new = _not_there(tx, batch) if self._repeats else batch
        parked = _parked(tx, new) if new else set()
        if parked or not self._receive_at_once(tx, new):
            new = _not_there(tx, new)
            self._receive_one_by_one(tx, new, parked)
        self._repeats = len(new) < len(batch)
        failpoint(self._before_commit)
        return len(parked)

    def _receive_at_once(self, tx: Tx, batch: Sequence[Envelope]) -> bool:
        """As it goes almost always: none is there yet, no handler fails, and one savepoint serves them all. False, and
        nothing done, where it goes otherwise."""
        before = tx.correlation_id, tx.causation_id
        try:
            with tx.savepoint():
                _take_all(tx, batch)
                self._subscribers.handle(tx, *batch)
            return True
        except TransactionOver:
            raise
        except Exception:
            return False
        finally:
            tx.correlation_id, tx.causation_id = before

    def _receive_one_by_one(self, tx: Tx, batch: Sequence[Envelope], parked: set[Aggregate]) -> None:
        """Each in a savepoint of its own; those that come to wait are added to `parked`."""
        for envelope in batch:
            aggregate = Aggregate.of(envelope)
            behind = aggregate in parked
            if _take(tx, envelope, waiting=behind) and not behind and self._handle(tx, envelope, 0) is Outcome.WAITING:
                parked.add(aggregate)

    def _retry(self, tx: Tx) -> int:
        return sum(self._retry_aggregate(tx, aggregate) for aggregate in _due_aggregates(tx))

    def _retry_aggregate(self, tx: Tx, aggregate: Aggregate) -> int:
        """The first of them, then all that waited behind it, in the order of their versions. None, where another
        process has tried it while this one waited for the rows."""
        waiting = tx.run(SELECT_WAITING_OF_AGGREGATE, **aggregate.named(), rows_max=BATCH_EVENTS_MAX).rows
        if len(waiting) < BATCH_EVENTS_MAX and not any(next_at and next_at <= tx.now for _, _, next_at in waiting):
            return 0
        for tried, (attempts, wire, _) in enumerate(waiting, start=1):
            envelope = Envelope.from_json(wire)
            outcome = self._handle(tx, envelope, attempts)
            if outcome is Outcome.WAITING:
                return tried
            if outcome is Outcome.DONE:
                _set_state(tx, envelope.id, "done", attempts + 1)
        tx.run(MAKE_FIRST_DUE, **aggregate.named(), next_at=tx.now)
        return len(waiting)

    def _handle(self, tx: Tx, envelope: Envelope, attempts: int) -> Outcome:
        """Runs the handler in a savepoint. What the database itself cannot do fails the whole batch: it is no fault of
        the event. A statement that takes too long is."""
        before = tx.correlation_id, tx.causation_id
        try:
            with tx.savepoint():
                self._subscribers.handle(tx, envelope)
            return Outcome.DONE
        except TransactionConflict as error:
            # It met another transaction: it has given its locks up, and the next round takes it, uncounted.
            return _park(tx, envelope, attempts, tx.now, error)
        except LockTimeout as error:
            return _park(tx, envelope, attempts, tx.now + SECOND, error)
        except TooSlow as error:
            # Tried again with the batch, it would hold up all others for good.
            return self._fail(tx, envelope, attempts + 1, error)
        except StorageFault:
            raise
        except Exception as error:
            return self._fail(tx, envelope, attempts + 1, error)
        finally:
            tx.correlation_id, tx.causation_id = before

    def _fail(self, tx: Tx, envelope: Envelope, attempts: int, error: Exception) -> Outcome:
        dead = attempts >= ATTEMPTS_MAX
        _log.warning(
            "an event failed",
            service=self._db.service,
            event_type=envelope.type,
            event_id=envelope.id,
            attempts=attempts,
            dead=dead,
            error=_describe(error),
        )
        if not dead:
            return _park(tx, envelope, attempts, tx.now + delay(attempts, self._jitter), error)
        _set_state(tx, envelope.id, "dead", attempts, failed_at=tx.now, error=error, envelope=envelope)
        return Outcome.DEAD


def next_due(tx: Tx) -> int | None:
    """When the first waiting event is to be tried again (µs)."""
    due: int | None = tx.run(FIRST_DUE_EVENT).scalar()
    return due


def _parts(events: Sequence[Envelope], size: int) -> Iterator[Sequence[Envelope]]:
    """As many as one transaction takes."""
    for start in range(0, len(events), size):
        yield events[start : start + size]


def _by_aggregate(events: Sequence[Envelope]) -> list[list[Envelope]]:
    """Each aggregate's in their order."""
    groups: dict[Aggregate, list[Envelope]] = {}
    for envelope in events:
        groups.setdefault(Aggregate.of(envelope), []).append(envelope)
    return list(groups.values())


def _due_aggregates(tx: Tx) -> list[Aggregate]:
    return tx.run(SELECT_DUE_AGGREGATES, now=tx.now, rows_max=DUE_AGGREGATES_MAX).all(Aggregate)


def _parked(tx: Tx, batch: Sequence[Envelope]) -> set[Aggregate]:
    aggregates = {envelope.metadata.aggregate_id for envelope in batch}
    return {Aggregate(*row) for row in tx.run(SELECT_PARKED, aggregates=aggregates)}


def _not_there(tx: Tx, batch: Sequence[Envelope]) -> Sequence[Envelope]:
    """Each once."""
    there = {row[0] for row in tx.run(SELECT_THERE, ids=[envelope.id for envelope in batch])}
    return list({envelope.id: envelope for envelope in batch if envelope.id not in there}.values())


def _take(tx: Tx, envelope: Envelope, *, waiting: bool) -> bool:
    """Writes the inbox row; False when the event is there already."""
    return tx.run(TAKE_EVENT, **_row(tx, envelope, waiting=waiting)).count == 1


def _take_all(tx: Tx, batch: Sequence[Envelope]) -> None:
    if tx.run_each(TAKE_EVENT, [_row(tx, envelope, waiting=False) for envelope in batch]) < len(batch):
        raise _ThereAlready


def _row(tx: Tx, envelope: Envelope, *, waiting: bool) -> dict[str, Any]:
    metadata = envelope.metadata
    return {
        "event_id": envelope.id,
        "source": metadata.source,
        "type": envelope.type,
        "aggregate_id": metadata.aggregate_id,
        "aggregate_version": metadata.aggregate_version,
        "payload_hash": envelope.payload_hash,
        "received_at": tx.now,
        "state": "waiting" if waiting else "done",
        "attempts": 0 if waiting else 1,
        "envelope": envelope.to_json() if waiting else None,
    }


def _park(tx: Tx, envelope: Envelope, attempts: int, next_at: int, error: Exception) -> Outcome:
    _set_state(tx, envelope.id, "waiting", attempts, next_at=next_at, failed_at=tx.now, error=error, envelope=envelope)
    tx.run(WAIT_BEHIND, **Aggregate.of(envelope).named(), id=envelope.id)
    return Outcome.WAITING


def _set_state(
    tx: Tx,
    event_id: str,
    state: str,
    attempts: int,
    *,
    next_at: int | None = None,
    failed_at: int | None = None,
    error: Exception | None = None,
    envelope: Envelope | None = None,
) -> None:
    tx.run(
        SET_EVENT_STATE,
        id=event_id,
        state=state,
        attempts=attempts,
        next_at=next_at,
        failed_at=failed_at,
        error=_describe(error) if error else None,
        envelope=envelope.to_json() if envelope else None,
    )


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]
