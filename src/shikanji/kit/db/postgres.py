"""One service's PostgreSQL database: the same units of work, on worker threads over a pool of connections."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from shikanji.kit.context import Origin, current
from shikanji.kit.db.faults import TransactionConflict
from shikanji.kit.db.port import Load
from shikanji.kit.db.postgres_connection import (
    CONNECT_SECONDS_MAX,
    OPTIONS,
    PostgresTransaction,
    configure,
    explain,
)
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.tx import PLANNED, RECORDED, Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.failpoints import failpoint

P = ParamSpec("P")
T = TypeVar("T")

CONNECTIONS_MAX = 8
QUEUE_UNITS_MAX = 500
TRIES_MAX = 5
"""How often a unit is run that loses against others (40001, 40P01). Nothing else is run again."""


class PostgresDatabase:
    def __init__(
        self,
        url: str,
        ground: Ground,
        *,
        connections_max: int = CONNECTIONS_MAX,
        queue_units_max: int = QUEUE_UNITS_MAX,
        connect_seconds_max: float = CONNECT_SECONDS_MAX,
    ) -> None:
        self.service = ground.service
        self._ground = ground
        self._connections_max = connections_max
        self._queue_units_max = queue_units_max
        self.load = Load()
        self._wakes: list[tuple[int, Callable[[], Any]]] = []
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=connections_max,
            timeout=connect_seconds_max,
            configure=configure,
            kwargs={"options": OPTIONS, "connect_timeout": CONNECT_SECONDS_MAX},
            open=False,
            name=ground.service,
        )
        self._before_commit = f"{ground.service}.db.before_commit"
        self._after_commit = f"{ground.service}.db.after_commit"
        self._open = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(self._connections_max, f"{self.service}-postgres")
        await asyncio.to_thread(self._pool.open)
        self._open = True

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._pool.close)

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = (await self._run(self._write, self._committed, fn, args, kwargs))[0]
        return result

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = await self._run(self._read, self._done, fn, args, kwargs)
        return result

    def subscribe_commits(self, wake: Callable[[], Any], kinds: int = RECORDED | PLANNED) -> None:
        self._wakes.append((kinds, wake))

    async def _run(
        self, way: Callable[..., Any], done: Callable[[asyncio.Future[Any]], None], fn: Any, args: Any, kwargs: Any
    ) -> Any:
        if not self._open:
            raise Unavailable(f"{self.service}'s database is closed")
        if self.load.units_waiting >= self._queue_units_max:
            self.load.refused += 1
            raise Unavailable(f"{self.service} has too much to do just now", retry_after_seconds=1)
        self.load.units_waiting += 1
        future = self._loop.run_in_executor(self._threads, way, current(), fn, args, kwargs)
        # Whoever asked may go away; the thread goes on, and what it did counts.
        future.add_done_callback(done)
        return await asyncio.shield(future)

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
        for kinds, wake in self._wakes:
            if kinds & woke:
                wake()

    def _write(self, origin: Origin, fn: Any, args: Any, kwargs: Any) -> tuple[Any, int]:
        for _ in range(TRIES_MAX - 1):
            with suppress(TransactionConflict):
                return self._with_connection(self._write_on, origin, fn, args, kwargs)
        return self._with_connection(self._write_on, origin, fn, args, kwargs)

    def _read(self, origin: Origin, fn: Any, args: Any, kwargs: Any) -> Any:
        return self._with_connection(self._read_on, origin, fn, args, kwargs)

    def _with_connection(self, way: Callable[..., T], *rest: Any) -> T:
        try:
            connection = self._pool.getconn()
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise Unavailable(f"{self.service}'s database does not answer ({error})") from error
        try:
            return way(connection, *rest)
        finally:
            _clear(connection)
            self._pool.putconn(connection)

    def _write_on(
        self, connection: psycopg.Connection[Any], origin: Origin, fn: Any, args: Any, kwargs: Any
    ) -> tuple[Any, int]:
        tx = PostgresTransaction(self._ground, connection, connection.cursor(), origin)
        try:
            value = fn(tx, *args, **kwargs)
        finally:
            tx.end()
        failpoint(self._before_commit)
        self._commit(connection)
        failpoint(self._after_commit)
        return value, tx.woke

    def _read_on(self, connection: psycopg.Connection[Any], origin: Origin, fn: Any, args: Any, kwargs: Any) -> Any:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        tx = PostgresTransaction(self._ground, connection, connection.cursor(), origin)
        try:
            return fn(tx, *args, **kwargs)
        finally:
            tx.end()

    def _commit(self, connection: psycopg.Connection[Any]) -> None:
        try:
            connection.commit()
        except psycopg.Error as error:
            explained = explain(connection, error)
            if isinstance(explained, TransactionConflict):
                raise explained from error
            # Nobody can say whether it was done: it is not run again, and the caller repeats it with its key.
            raise Unavailable(f"{self.service}: the commit got no answer ({error})") from error


def _clear(connection: psycopg.Connection[Any]) -> None:
    """Back to how the pool hands it out; one that is broken is thrown away by the pool."""
    if connection.closed:
        return
    try:
        connection.rollback()
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection.read_only = None
    except psycopg.Error:
        connection.close()


class PostgresDirect:
    """The same functions, run at once in the calling thread, over one connection: for commands."""

    def __init__(self, url: str, ground: Ground) -> None:
        self.service = ground.service
        self._ground = ground
        self._connection = psycopg.connect(url, options=OPTIONS, connect_timeout=CONNECT_SECONDS_MAX)
        configure(self._connection)

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
        try:
            return fn(tx, *args, **kwargs)
        finally:
            tx.end()
