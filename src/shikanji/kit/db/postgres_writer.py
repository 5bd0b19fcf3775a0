"""Group commit on PostgreSQL: units that wait share the next transaction of one thread, each in its own savepoint.

Measured (ADR 0013): two to three times the units a second, at a third of the CPU, of as many threads as connections
with a transaction for every unit: those fight for the interpreter's lock at every statement. The price is that rows
stay locked until the group has committed. So a group is short, and what meets another's lock or takes long does not
hold it up: it is undone, and run again by itself."""

import asyncio
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
from psycopg import pq

from shikanji.kit.context import Origin
from shikanji.kit.db.faults import (
    ErrorSwallowed,
    LockTimeout,
    OutOfGroup,
    TooSlow,
    TransactionConflict,
    TransactionOver,
)
from shikanji.kit.db.postgres_connection import PostgresTransaction, commit, control
from shikanji.kit.db.postgres_pool import Connections
from shikanji.kit.db.transaction import Ground
from shikanji.kit.errors import Unavailable
from shikanji.kit.failpoints import failpoint

GROUP_UNITS_MAX = 32
"""The server keeps 64 savepoints of a transaction at hand, and units have savepoints of their own."""
GROUP_SECONDS_MAX = 0.02
"""A group takes on no more units after this long: others wait for the rows that it has changed."""
LOCK_MILLISECONDS_MAX = 100
"""Longer than a group of another process takes, shorter than the server takes to look for a deadlock."""
STATEMENT_MILLISECONDS_MAX = 1_000
_BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
    f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS_MAX}; SET LOCAL statement_timeout = {STATEMENT_MILLISECONDS_MAX}"
).encode()
_NEXT = {
    None: b"SAVEPOINT unit",
    True: b"RELEASE SAVEPOINT unit; SAVEPOINT unit",
    False: b"ROLLBACK TO SAVEPOINT unit",
}
"""Before a unit, by what became of the last savepoint; one message to the server does both."""


class Unit:
    """One function on its way through the writer, and then its outcome. `latest` is when it is too late to begin."""

    __slots__ = ("again", "args", "error", "fn", "future", "kwargs", "latest", "origin", "too_late", "value", "woke")

    def __init__(
        self, fn: Callable[..., Any], args: Any, kwargs: Any, origin: Origin, future: asyncio.Future[Any], latest: float
    ) -> None:
        self.fn, self.args, self.kwargs, self.origin, self.future = fn, args, kwargs, origin, future
        self.latest = latest
        self.again = False
        """It was undone for the sake of others: to be run again by itself."""
        self.too_late = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.woke = 0

    def succeed(self, value: Any, woke: int) -> None:
        self.value, self.woke, self.error, self.again = value, woke, None, False

    def fail(self, error: BaseException) -> None:
        # A StopIteration is the one exception that a future does not carry.
        self.error = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
        self.value, self.woke = None, 0
        self.again = isinstance(error, OutOfGroup | TransactionConflict)

    def hand_out(self) -> None:
        """On the event loop: whoever asked, and is still there, gets the outcome."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(self.error)


class SharedTransaction(PostgresTransaction):
    """What others share: in it nobody waits."""

    __slots__ = ()

    def _read_error(self, error: Exception) -> Exception:
        explained = super()._read_error(error)
        if isinstance(explained, TransactionConflict | LockTimeout | TooSlow):
            return OutOfGroup(explained)
        return explained


class PostgresWriter:
    """`deliver` is called on the loop with each group whose outcome is certain."""

    def __init__(self, connections: Connections, ground: Ground, deliver: Callable[[list[Unit]], None]) -> None:
        self._connections, self._ground, self._deliver = connections, ground, deliver
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Unit | None] = SimpleQueue()
        self._ending = False
        self._before_commit = f"{ground.service}.db.before_commit"
        self._after_commit = f"{ground.service}.db.after_commit"
        self.put: Callable[[Unit], None] = self._queue.put
        self._thread = threading.Thread(target=self._run, name=f"{ground.service}-writer", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Returns when everything queued before has been committed."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._ending and (first := self._queue.get()) is not None:
            group = [first]
            if self._may_begin(first):
                try:
                    self._run_group(group)
                except Exception as error:
                    self._fail(group, error)
            self._loop.call_soon_threadsafe(self._deliver, group)

    def _fail(self, group: list[Unit], error: Exception) -> None:
        """Nothing of the group is kept, and all of it is told the same."""
        if isinstance(error, psycopg.Error):
            error = Unavailable(f"{self._ground.service}: nothing was stored")
        for unit in group:
            unit.fail(error)

    def _run_group(self, group: list[Unit]) -> None:
        """Raises what ended the transaction of the whole group."""
        until = time.monotonic() + GROUP_SECONDS_MAX
        connection = self._connections.begin(_BEGIN)
        try:
            # Most often it stays alone and needs no savepoint; when it fails, there is nothing to commit.
            self._run_unit(connection, group[0])
            if group[0].error is not None:
                return
            kept = None
            while len(group) < GROUP_UNITS_MAX and time.monotonic() < until and (unit := self._next()):
                group.append(unit)
                if self._may_begin(unit):
                    kept = self._run_beside_others(connection, unit, kept)
            if kept is False:
                control(connection, _NEXT[False])
            failpoint(self._before_commit)
            commit(connection, self._ground.service)
            failpoint(self._after_commit)
        finally:
            self._connections.give_back(connection)

    def _may_begin(self, unit: Unit) -> bool:
        if time.monotonic() > unit.latest:
            unit.too_late = True
            unit.fail(Unavailable(f"{self._ground.service} has too much to do just now", retry_after_seconds=1))
            return False
        return not unit.future.cancelled()

    def _next(self) -> Unit | None:
        try:
            unit = self._queue.get_nowait()
        except Empty:
            return None
        self._ending = unit is None
        return unit

    def _run_beside_others(self, connection: psycopg.Connection[Any], unit: Unit, last: bool | None) -> bool:
        """`last` and the answer: whether what is under the savepoint is kept. Raises only what ended the transaction of
        the whole group."""
        control(connection, _NEXT[last])
        self._run_unit(connection, unit)
        if isinstance(unit.error, TransactionOver):
            raise Unavailable(f"{self._ground.service}: nothing was stored") from unit.error
        return unit.error is None

    def _run_unit(self, connection: psycopg.Connection[Any], unit: Unit) -> None:
        tx = SharedTransaction(self._ground, connection, connection.cursor(), unit.origin)
        try:
            unit.succeed(tx.carry_out(unit.fn, unit.args, unit.kwargs), tx.woke)
        except Exception as error:
            unit.fail(error)
        else:
            if connection.pgconn.transaction_status == pq.TransactionStatus.INERROR:
                unit.fail(ErrorSwallowed(f"{self._ground.service}: the unit went on after an error, and was undone"))
