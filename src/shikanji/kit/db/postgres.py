"""One service's PostgreSQL database: the same units of work, on worker threads with a connection each."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

import psycopg

from shikanji.kit.context import Origin, current
from shikanji.kit.db.faults import ErrorSwallowed, TransactionConflict
from shikanji.kit.db.port import Load
from shikanji.kit.db.postgres_connection import PostgresTransaction, connect, control, explain
from shikanji.kit.db.postgres_pool import Connections
from shikanji.kit.db.postgres_wakes import Listener, Teller
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.tx import PLANNED, RECORDED, Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.failpoints import failpoint
from shikanji.kit.telemetry.logs import logger

P = ParamSpec("P")
T = TypeVar("T")

CONNECTIONS_MAX = 8
LANES = 4
"""Of background work; the other connections are for requests."""
QUEUE_UNITS_MAX = 500
QUEUE_SECONDS_MAX = 5.0
"""A unit that no connection was free for in this time is refused: whoever asked has given up by then."""
TRIES_MAX = 5
"""How often a unit is run that loses against others (40001, 40P01). Nothing else is run again."""

_WRITE = b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READ = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_log = logger("postgres")


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
        self._open = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(self._connections_max, f"{self.service}-postgres")
        self._teller = Teller(self._loop, self._name, self._send)
        self._open = True
        if self._wakes:
            self._listen()

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        if self._listener is not None:
            await self._listener.stop()
        await self._teller.flush()
        await asyncio.to_thread(self._threads.shutdown)
        self._connections.close()

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = (await self._run(self._write, self._committed, fn, args, kwargs))[0]
        return result

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = await self._run(self._read, self._done, fn, args, kwargs)
        return result

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

    async def _run(
        self, way: Callable[..., Any], done: Callable[[asyncio.Future[Any]], None], fn: Any, args: Any, kwargs: Any
    ) -> Any:
        if not self._open:
            raise Unavailable(f"{self.service}'s database is closed")
        if self.load.units_waiting >= self._queue_units_max:
            raise self._refuse()
        self.load.units_waiting += 1
        latest = time.monotonic() + self._queue_seconds_max
        future = self._loop.run_in_executor(self._threads, way, latest, current(), fn, args, kwargs)
        # Whoever asked may go away; the thread goes on, and what it did counts.
        future.add_done_callback(done)
        return await asyncio.shield(future)

    def _refuse(self) -> Unavailable:
        self.load.refused += 1
        return Unavailable(f"{self.service} has too much to do just now", retry_after_seconds=1)

    def _done(self, future: asyncio.Future[Any]) -> None:
        self.load.units_waiting -= 1
        # Asked for here, so that nobody complains of an error that nobody waited for.
        future.exception()

    def _committed(self, future: asyncio.Future[tuple[Any, int]]) -> None:
        self._done(future)
        if future.exception() is not None:
            return
        self.load.units += 1
        self.load.commits += 1
        _, woke = future.result()
        if woke:
            self._wake(woke)
            self._teller.tell(woke)

    def _write(self, latest: float, *unit: Any) -> tuple[Any, int]:
        if time.monotonic() > latest:
            raise self._refuse()
        for _ in range(TRIES_MAX - 1):
            with suppress(TransactionConflict):
                return self._in_transaction(_WRITE, self._write_on, *unit)
        return self._in_transaction(_WRITE, self._write_on, *unit)

    def _read(self, latest: float, *unit: Any) -> Any:
        if time.monotonic() > latest:
            raise self._refuse()
        return self._in_transaction(_READ, self._read_on, *unit)

    def _in_transaction(self, command: bytes, way: Callable[..., T], *unit: Any) -> T:
        connection = self._connections.begin(command)
        try:
            return way(connection, *unit)
        finally:
            self._connections.give_back(connection)

    def _write_on(
        self, connection: psycopg.Connection[Any], origin: Origin, fn: Any, args: Any, kwargs: Any
    ) -> tuple[Any, int]:
        tx = PostgresTransaction(self._ground, connection, connection.cursor(), origin)
        value = tx.carry_out(fn, args, kwargs)
        failpoint(self._before_commit)
        self._commit(connection)
        failpoint(self._after_commit)
        return value, tx.woke

    def _read_on(self, connection: psycopg.Connection[Any], origin: Origin, fn: Any, args: Any, kwargs: Any) -> Any:
        tx = PostgresTransaction(self._ground, connection, connection.cursor(), origin)
        return tx.carry_out(fn, args, kwargs)

    def _commit(self, connection: psycopg.Connection[Any]) -> None:
        try:
            done = control(connection, b"COMMIT")
        except psycopg.Error as error:
            explained = explain(connection, error)
            if isinstance(explained, TransactionConflict):
                raise explained from error
            # Nobody can say whether it was done: it is not run again, and the caller repeats it with its key.
            _log.warning("a commit got no answer", service=self.service, error=str(error).strip())
            raise Unavailable(f"{self.service}: the commit got no answer") from error
        if done != b"COMMIT":
            raise ErrorSwallowed(f"{self.service}: the unit went on after an error, and was undone")

    def _send(self, command: bytes) -> asyncio.Future[Any]:
        return self._loop.run_in_executor(self._threads, self._in_transaction, b"BEGIN", self._send_on, command)

    def _send_on(self, connection: psycopg.Connection[Any], command: bytes) -> None:
        control(connection, command)
        control(connection, b"COMMIT")


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
