"""One service's PostgreSQL database: units of work with group commit, and reads on threads with a connection each."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

import psycopg

from shikanji.kit.context import Origin, current
from shikanji.kit.db.faults import OutOfGroup, TransactionConflict
from shikanji.kit.db.port import Load
from shikanji.kit.db.postgres_connection import PostgresTransaction, commit, connect, control
from shikanji.kit.db.postgres_pool import Connections
from shikanji.kit.db.postgres_wakes import Listener, Teller
from shikanji.kit.db.postgres_writer import PostgresWriter, Unit
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.tx import PLANNED, RECORDED, Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.failpoints import failpoint

P = ParamSpec("P")
T = TypeVar("T")

CONNECTIONS_MAX = 8
"""One for the writer, the rest for reads, for what is run by itself, and for wakes."""
BY_ITSELF_MAX = 3
LANES = 32
"""Of background work: enough that the writer always has a group."""
QUEUE_UNITS_MAX = 1_000
QUEUE_SECONDS_MAX = 5.0
"""A unit that could not begin in this time is refused: whoever asked has given up by then."""
TRIES_MAX = 5
"""How often a unit is run by itself that loses against others (40001, 40P01). Nothing else is run again there."""
SLOW_SECONDS = 60.0
"""How long a function whose statements took too long for a group is run by itself from the start."""

_SLOW_MAX = 500

_WRITE = b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READ = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresDatabase:
    lanes = LANES

    def __init__(
        self,
        url: str,
        ground: Ground,
        *,
        connections_max: int = CONNECTIONS_MAX,
        queue_units_max: int = QUEUE_UNITS_MAX,
        queue_seconds_max: float = QUEUE_SECONDS_MAX,
    ) -> None:
        self.service = ground.service
        self._url = url
        self._ground = ground
        self._connections_max = connections_max
        self._queue_units_max = queue_units_max
        self._queue_seconds_max = queue_seconds_max
        self.load = Load()
        self._wakes: list[tuple[int, Callable[[], Any]]] = []
        self._listener: Listener | None = None
        self._name = uuid4().hex
        self._connections = Connections(url, ground.service)
        self._before_commit = f"{ground.service}.db.before_commit"
        self._after_commit = f"{ground.service}.db.after_commit"
        self._again: set[asyncio.Future[Any]] = set()
        self._slow: dict[Any, float] = {}
        self._open = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        by_itself = min(BY_ITSELF_MAX, max(self._connections_max - 2, 1))
        reading = max(self._connections_max - 1 - by_itself, 1)
        self._readers = ThreadPoolExecutor(reading, f"{self.service}-reader")
        self._others = ThreadPoolExecutor(by_itself, f"{self.service}-by-itself")
        self._writer = PostgresWriter(self._connections, self._ground, self._hand_out)
        self._teller = Teller(self._loop, self._name, self._send)
        self._open = True
        if self._wakes:
            self._listen()

    async def close(self) -> None:
        """What was begun is finished first."""
        if not self._open:
            return
        self._open = False
        if self._listener is not None:
            await self._listener.stop()
        await self._writer.stop()
        if self._again:
            await asyncio.wait(self._again)
        await self._teller.flush()
        for threads in (self._readers, self._others):
            await asyncio.to_thread(threads.shutdown)
        self._connections.close()

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._admit()
        future: asyncio.Future[T] = self._loop.create_future()
        unit = Unit(fn, args, kwargs, current(), future, time.monotonic() + self._queue_seconds_max)
        if self._slow.get(_kind(fn), 0.0) > time.monotonic():
            self._run_by_itself(unit)
        else:
            self._writer.put(unit)
        return await future

    async def write_patiently(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The server shares itself out among the connections: nobody stands in a queue behind it."""
        return await self.write(fn, *args, **kwargs)

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._admit()
        latest = time.monotonic() + self._queue_seconds_max
        future = self._loop.run_in_executor(self._readers, self._read, latest, current(), fn, args, kwargs)
        # Whoever asked may go away; the thread goes on.
        future.add_done_callback(self._read_done)
        return await asyncio.shield(future)

    def subscribe_commits(self, wake: Callable[[], Any], kinds: int = RECORDED | PLANNED) -> None:
        """Of other processes' commits too."""
        self._wakes.append((kinds, wake))
        if self._open and self._listener is None:
            self._listen()

    def _listen(self) -> None:
        self._listener = Listener(self._url, self.service, self._name, self._wake)
        self._listener.start()

    def _wake(self, woke: int) -> None:
        for kinds, wake in self._wakes:
            if kinds & woke:
                wake()

    def _admit(self) -> None:
        if not self._open:
            raise Unavailable(f"{self.service}'s database is closed")
        if self.load.units_waiting >= self._queue_units_max:
            raise self._refusal()
        self.load.units_waiting += 1

    def _refusal(self) -> Unavailable:
        self.load.refused += 1
        return Unavailable(f"{self.service} has too much to do just now", retry_after_seconds=1)

    def _hand_out(self, group: list[Unit]) -> None:
        """What the writer has finished with."""
        done = []
        for unit in group:
            if not unit.again:
                done.append(unit)
                continue
            if isinstance(unit.error, OutOfGroup) and unit.error.slow:
                self._remember_slow(unit.fn)
            self._run_by_itself(unit)
        if done:
            self._count(done)

    def _count(self, done: list[Unit]) -> None:
        woke = 0
        for unit in done:
            woke |= unit.woke
            if unit.too_late:
                self.load.refused += 1
            unit.hand_out()
        self.load.units_waiting -= len(done)
        self.load.units += len(done)
        self.load.commits += 1
        if woke:
            self._wake(woke)
            self._teller.tell(woke)

    def _remember_slow(self, fn: Any) -> None:
        if len(self._slow) >= _SLOW_MAX:
            self._slow.clear()
        self._slow[_kind(fn)] = time.monotonic() + SLOW_SECONDS

    def _run_by_itself(self, unit: Unit) -> None:
        future = self._loop.run_in_executor(self._others, self._write, unit)
        self._again.add(future)
        future.add_done_callback(partial(self._ran_by_itself, unit))

    def _ran_by_itself(self, unit: Unit, future: asyncio.Future[Any]) -> None:
        self._again.discard(future)
        self._count([unit])

    def _read_done(self, future: asyncio.Future[Any]) -> None:
        self.load.units_waiting -= 1
        # Asked for here, so that nobody complains of an error that nobody waited for.
        future.exception()

    def _write(self, unit: Unit) -> None:
        """Never raises: the unit carries its outcome."""
        for _ in range(TRIES_MAX):
            try:
                unit.succeed(*self._in_transaction(_WRITE, self._write_on, unit))
            except TransactionConflict as conflict:
                unit.fail(conflict)
            except Exception as error:
                unit.fail(error)
                return
            else:
                return

    def _write_on(self, connection: psycopg.Connection[Any], unit: Unit) -> tuple[Any, int]:
        tx = PostgresTransaction(self._ground, connection, connection.cursor(), unit.origin)
        value = tx.carry_out(unit.fn, unit.args, unit.kwargs)
        failpoint(self._before_commit)
        commit(connection, self.service)
        failpoint(self._after_commit)
        return value, tx.woke

    def _read(self, latest: float, *unit: Any) -> Any:
        if time.monotonic() > latest:
            raise self._refusal()
        return self._in_transaction(_READ, self._read_on, *unit)

    def _read_on(self, connection: psycopg.Connection[Any], origin: Origin, fn: Any, args: Any, kwargs: Any) -> Any:
        tx = PostgresTransaction(self._ground, connection, connection.cursor(), origin)
        return tx.carry_out(fn, args, kwargs)

    def _in_transaction(self, command: bytes, way: Callable[..., T], *unit: Any) -> T:
        connection = self._connections.begin(command)
        try:
            return way(connection, *unit)
        finally:
            self._connections.give_back(connection)

    def _send(self, command: bytes) -> asyncio.Future[Any]:
        return self._loop.run_in_executor(self._readers, self._in_transaction, b"BEGIN", self._send_on, command)

    def _send_on(self, connection: psycopg.Connection[Any], command: bytes) -> None:
        control(connection, command)
        control(connection, b"COMMIT")


def _kind(fn: Any) -> Any:
    return getattr(fn, "__code__", fn)


class PostgresDirect:
    """The same functions, run at once in the calling thread, over one connection: for commands."""

    def __init__(self, url: str, ground: Ground) -> None:
        self.service = ground.service
        self._ground = ground
        self._connection = connect(url, ground.service)

    def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._connection.transaction():
            return self._run(fn, args, kwargs)

    def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._connection.transaction(force_rollback=True):
            return self._run(fn, args, kwargs)

    def close(self) -> None:
        self._connection.close()

    def _run(self, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        tx = PostgresTransaction(self._ground, self._connection, self._connection.cursor(), current())
        return tx.carry_out(fn, args, kwargs)
