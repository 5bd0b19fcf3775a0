"""The transaction that both databases share: everything that `Tx` promises, over one driver cursor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import sqlalchemy as sa

from shikanji.kit.clock import Clock
from shikanji.kit.context import Origin
from shikanji.kit.db.faults import LeaseLost, TransactionOver
from shikanji.kit.db.sql import (
    ADD_JOB,
    BUMP_VERSION,
    BUMP_VERSION_AND_READ,
    DELETE_JOB,
    FINISH_JOB,
    INSERT_OUTBOX,
    RELEASE_REPLANNED_JOB,
    SELECT_VERSIONS,
)
from shikanji.kit.db.statements import Prepared, Statements, misfit
from shikanji.kit.db.turns import Turns
from shikanji.kit.db.tx import PLANNED, RECORDED, WAKE_AHEAD, Rows
from shikanji.kit.errors import TooLarge
from shikanji.kit.events import EVENT_BYTES_MAX, payload_hash
from shikanji.kit.ids import Ids

if TYPE_CHECKING:
    from shikanji.kit.events import Event
    from shikanji.kit.jobs import Job
    from shikanji.kit.service import Secrets

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a service's transactions stand on besides the database."""

    service: str
    clock: Clock
    ids: Ids
    secrets: Secrets
    settings: Any = None
    wanted: Callable[[str], bool] = lambda _: True
    """Whether anybody is to get events of this type. One that nobody wants has no way to go once it is recorded."""
    turns: Turns = field(default_factory=Turns)
    """Of all databases of the process."""


class Transaction(ABC):
    """One unit of work. A subclass says how its driver's errors are to be read."""

    __slots__ = (
        "_cursor",
        "_ground",
        "_prepared",
        "_statements",
        "_told",
        "causation_id",
        "correlation_id",
        "now",
        "service",
        "woke",
    )

    def __init__(self, ground: Ground, statements: Statements, cursor: Any, origin: Origin) -> None:
        self.service = ground.service
        self.now = ground.clock.now()
        self.correlation_id = origin.correlation_id or ground.ids.new()
        self.causation_id = origin.causation_id or self.correlation_id
        self.woke = 0
        """What workers should hear of after the commit: RECORDED, PLANNED."""
        self._ground = ground
        self._statements = statements
        self._prepared = statements.prepared
        self._cursor = cursor
        self._told: list[dict[str, Any]] = []
        """Rows for the outbox that lack their aggregate's version still."""

    def carry_out(self, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        """Runs the unit to its end. What it recorded is written last, all together: that costs a fraction, and the
        aggregates' rows are locked for the shortest time."""
        try:
            value = fn(self, *args, **kwargs)
            if self._told:
                self._write_told()
            return value
        finally:
            self._end()

    def new_id(self) -> str:
        return self._ground.ids.new()

    def settings(self, kind: type[S]) -> S:
        if not isinstance(self._ground.settings, kind):
            raise TypeError(f"{self.service} has {type(self._ground.settings).__name__}, not {kind.__name__}")
        return self._ground.settings

    def secret(self, purpose: str) -> bytes:
        return self._ground.secrets.derive(purpose)

    def run(self, statement: sa.Executable, /, **params: Any) -> Rows:
        prepared = self._prepared.get(statement) or self._prepare(statement)
        if len(params) != prepared.size:
            raise misfit(prepared, params)
        cursor = self._cursor
        try:
            cursor.execute(prepared.sql, prepared.arguments(params))
            if prepared.returns_rows:
                rows = cursor.fetchall()
                return Rows(rows, len(rows))
            return Rows([], cursor.rowcount)
        except Exception as error:
            raise self._explain(error, prepared, params) from error

    def run_each(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]], /) -> int:
        if not rows:
            return 0
        prepared = self._prepare(statement)
        for params in rows:
            if len(params) != prepared.size:
                raise misfit(prepared, params)
        try:
            self._cursor.executemany(prepared.sql, [prepared.arguments(params) for params in rows])
        except Exception as error:
            raise self._explain(error, prepared, rows[0]) from error
        count: int = self._cursor.rowcount
        return count

    def execute(self, statement: sa.Executable) -> Rows:
        sql, arguments, returns_rows = self._statements.expand(statement)
        try:
            self._cursor.execute(sql, arguments)
            rows = self._cursor.fetchall() if returns_rows else []
        except Exception as error:
            raise self._read_error(error) from error
        return Rows(rows, len(rows) if returns_rows else self._cursor.rowcount)

    def record(self, *events: Event) -> None:
        self._told += [self._outbox_row(event) for event in events]

    def _write_told(self) -> None:
        counts: dict[str, int] = {}
        for row in self._told:
            aggregate_id = row["aggregate_id"]
            counts[aggregate_id] = counts.get(aggregate_id, 0) + 1
        versions = self._count(counts)
        for row in self._told:
            aggregate_id = row["aggregate_id"]
            counts[aggregate_id] -= 1
            row["aggregate_version"] = versions[aggregate_id] - counts[aggregate_id]
            if row["published_at"] is None:
                self.woke |= RECORDED
        self.run_each(INSERT_OUTBOX, self._told)

    def _count(self, counts: Mapping[str, int]) -> dict[str, int]:
        """The aggregates' versions after so many more events each; their rows stay locked until the commit. They are
        taken in key order: two units must not lock them crosswise."""
        if len(counts) == 1:
            ((aggregate_id, count),) = counts.items()
            return {aggregate_id: self.run(BUMP_VERSION_AND_READ, aggregate_id=aggregate_id, count=count).scalar()}
        # On SQLite what RETURNING costs is more than another statement; here one serves them all.
        self.run_each(BUMP_VERSION, [{"aggregate_id": key, "count": counts[key]} for key in sorted(counts)])
        return dict(self.run(SELECT_VERSIONS, aggregate_ids=list(counts)).rows)

    def _outbox_row(self, event: Event) -> dict[str, Any]:
        data, name = _encode(event), type(event).__name__
        if len(data) > EVENT_BYTES_MAX:
            raise TooLarge(f"{name} would be an event of {len(data)} bytes; {EVENT_BYTES_MAX} are allowed")
        return {
            "event_id": self._ground.ids.new(),
            "type": name,
            "schema_version": event.schema_version,
            "aggregate_id": event.aggregate_id,
            "aggregate_version": 0,
            "store_id": getattr(event, "store_id", None),
            "occurred_at": self.now,
            "data": data,
            "payload_hash": payload_hash(data),
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "published_at": None if self._ground.wanted(name) else self.now,
        }

    def schedule(self, kind: str, key: str, at: int, payload: msgspec.Struct | None = None) -> None:
        self.run(
            ADD_JOB,
            kind=kind,
            key=key,
            due_at=at,
            payload=b"{}" if payload is None else _encode(payload),
            correlation_id=self.correlation_id,
        )
        if at - self.now < WAKE_AHEAD:
            self.woke |= PLANNED

    def unschedule(self, kind: str, key: str) -> None:
        self.run(DELETE_JOB, kind=kind, key=key)

    def finish(self, job: Job) -> None:
        if self.run(FINISH_JOB, kind=job.kind, key=job.key, lease=job.lease, plan=job.plan).count:
            return
        if not self.run(RELEASE_REPLANNED_JOB, kind=job.kind, key=job.key, lease=job.lease).count:
            raise LeaseLost(f"{job.kind} {job.key} was taken over")

    def savepoint(self) -> Savepoint:
        return Savepoint(self)

    def control(self, sql: str) -> None:
        """Runs one statement of transaction control."""
        try:
            self._cursor.execute(sql)
        except Exception as error:
            raise self._read_error(error) from error

    def _end(self) -> None:
        """From here on nothing more may be run: the unit is over."""
        self._cursor = _ENDED

    def _prepare(self, statement: sa.Executable) -> Prepared:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = self._statements.prepare(statement)
        return prepared

    def _explain(self, error: Exception, prepared: Prepared, params: Mapping[str, Any]) -> Exception:
        if isinstance(error, KeyError) and params.keys() != prepared.names:
            return misfit(prepared, params)
        return self._read_error(error)

    @abstractmethod
    def _read_error(self, error: Exception) -> Exception:
        """The driver's error as one of `kit.db.faults`, or itself."""


class Savepoint:
    """What runs inside is undone alone when it raises. Nested ones undo from the inside out."""

    __slots__ = ("_told", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def __enter__(self) -> None:
        # The same name at every depth: the innermost one is meant.
        self._tx.control("SAVEPOINT part")
        self._told = len(self._tx._told)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if kind is not None:
            self._tx.control("ROLLBACK TO SAVEPOINT part")
            del self._tx._told[self._told :]
        self._tx.control("RELEASE SAVEPOINT part")


class _Ended:
    def execute(self, *_: Any) -> None:
        raise TransactionOver("this unit of work is over")


_ENDED = _Ended()
