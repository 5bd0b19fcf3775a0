"""One service's SQLite database: units of work with group commit, and reads on snapshots."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pysqlite3.dbapi2 as sqlite

from shikanji.kit.context import current
from shikanji.kit.db.faults import TransactionOver
from shikanji.kit.db.port import Load
from shikanji.kit.db.sqlite_connection import SqliteTransaction, open_reader, open_writer, read_once, write_once
from shikanji.kit.db.sqlite_writer import GROUP_SECONDS_MAX, Committer, CommitThread, SqliteWriter, Unit
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.tx import PLANNED, RECORDED, Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.telemetry.logs import logger

_log = logger("sqlite")

P = ParamSpec("P")
T = TypeVar("T")

QUEUE_UNITS_MAX = 2_000
READER_THREADS = 2
INLINE_OPERATIONS_MAX = 20_000
"""Steps of SQLite's machine that a read may take on the event loop (about 1 ms); after that a thread does it."""
_INLINE_CALLS_MAX = 5
_INTERRUPTED = 9
_LONG_READS_MAX = 500
CHECKPOINT_SECONDS = 2.0
"""So long after a commit, what the WAL holds is copied into the database by a thread that stands in nobody's way. Left
to COMMIT it would hold up all writing for a tenth of a second and more."""


class SqliteDatabase:
    """A short read runs on the event loop itself: that costs a fifth of a change of threads and back. One that turns
    out long is broken off and run again on a reader's thread, and so is that function from then on."""

    lanes = 1

    def __init__(
        self,
        path: Path,
        ground: Ground,
        *,
        queue_units_max: int = QUEUE_UNITS_MAX,
        group_seconds_max: float = GROUP_SECONDS_MAX,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        committer: Callable[[str], Committer] = CommitThread,
    ) -> None:
        """`committer` is called with the service's name when the database starts."""
        self.service = ground.service
        self.path = path
        self._ground = ground
        self._queue_units_max = queue_units_max
        self._group_seconds_max = group_seconds_max
        self._checkpoint_seconds = checkpoint_seconds
        self._make_committer = committer
        self._checkpoint: asyncio.Handle | None = None
        self._uncopied = False
        self.load = Load()
        self._wakes: list[tuple[int, Callable[[], Any]]] = []
        self._long_reads: set[Any] = set()
        self._local = threading.local()
        self._readers: list[Any] = []
        self._open = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = open_writer(self.path)
        self._inline = open_reader(self.path)
        self._cursor = self._inline.cursor()
        self._in_snapshot = False
        self._budget = _Budget()
        self._inline.set_progress_handler(self._budget.spend, INLINE_OPERATIONS_MAX // _INLINE_CALLS_MAX)
        self._threads = ThreadPoolExecutor(READER_THREADS, f"{self.service}-reader")
        self._copier = ThreadPoolExecutor(1, f"{self.service}-checkpoint")
        self._writer = SqliteWriter(
            self._connection,
            self._ground,
            self._hand_out,
            self._make_committer(self.service),
            group_seconds_max=self._group_seconds_max,
        )
        self._open = True

    async def close(self) -> None:
        """What was queued is still committed. The WAL is written back, so that the file stands alone."""
        if not self._open:
            return
        self._open = False
        await self._writer.stop()
        if self._checkpoint is not None:
            self._checkpoint.cancel()
        for threads in (self._threads, self._copier):
            await asyncio.to_thread(threads.shutdown)
        self._end_snapshot()
        for connection in (self._inline, *self._readers):
            connection.close()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._write(False, fn, args, kwargs)

    async def write_patiently(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._write(True, fn, args, kwargs)

    async def _write(self, patient: bool, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        self._require_open()
        if self.load.units_waiting >= self._queue_units_max:
            self.load.refused += 1
            raise Unavailable(f"{self.service} has too much to write just now", retry_after_seconds=1)
        self.load.units_waiting += 1
        future: asyncio.Future[T] = self._loop.create_future()
        self._writer.put(Unit(fn, args, kwargs, current(), future), patient=patient)
        return await future

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._require_open()
        kind = getattr(fn, "__code__", fn)
        if kind not in self._long_reads:
            self._budget.calls = 0
            try:
                value: T = self._read_inline(fn, args, kwargs)
                return value
            except (sqlite.OperationalError, TransactionOver) as error:
                if not _was_broken_off(error):
                    raise
            self._remember_long(kind)
        return await self._loop.run_in_executor(self._threads, self._read_in_thread, current(), fn, args, kwargs)

    def subscribe_commits(self, wake: Callable[[], Any], kinds: int = RECORDED | PLANNED) -> None:
        self._wakes.append((kinds, wake))

    def _require_open(self) -> None:
        if not self._open:
            raise Unavailable(f"{self.service}'s database is closed")

    def _read_inline(self, fn: Any, args: Any, kwargs: Any) -> Any:
        """Reads of one round of the loop share their snapshot, as far as no commit is handed out between them."""
        if not self._in_snapshot:
            self._cursor.execute("BEGIN")
            self._in_snapshot = True
            self._loop.call_soon(self._end_snapshot)
        tx = SqliteTransaction(self._ground, self._inline, self._cursor, current())
        try:
            return tx.carry_out(fn, args, kwargs)
        except BaseException:
            self._end_snapshot()
            raise

    def _end_snapshot(self) -> None:
        if self._in_snapshot:
            self._in_snapshot = False
            # Whatever the reads took: an end that is broken off would leave no beginning to any other.
            self._budget.calls = 0
            if self._inline.in_transaction:
                self._cursor.execute("ROLLBACK")

    def _remember_long(self, kind: Any) -> None:
        if len(self._long_reads) >= _LONG_READS_MAX:
            self._long_reads.clear()
        self._long_reads.add(kind)

    def _read_in_thread(self, origin: Any, fn: Any, args: Any, kwargs: Any) -> Any:
        return read_once(self._ground, self._reader_of_thread(), origin, fn, args, kwargs)

    def _reader_of_thread(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = open_reader(self.path)
            self._readers.append(connection)
        return connection

    def _plan_checkpoint(self) -> None:
        self._uncopied = True
        if self._checkpoint is None and self._open:
            self._checkpoint = self._loop.call_later(self._checkpoint_seconds, self._start_checkpoint)

    def _start_checkpoint(self) -> None:
        self._uncopied = False
        copied = self._loop.run_in_executor(self._copier, self._copy_wal)
        copied.add_done_callback(self._checkpoint_done)

    def _copy_wal(self) -> None:
        """As far as readers allow. What fails stays in the WAL, and is tried again after the next commit."""
        self._reader_of_thread().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _checkpoint_done(self, copied: asyncio.Future[None]) -> None:
        self._checkpoint = None
        if not copied.cancelled() and (failed := copied.exception()) is not None:
            _log.warning("what was committed is not copied into the file", service=self.service, error=str(failed))
        if self._uncopied:
            # What was committed while this one copied is not certain to be in it.
            self._plan_checkpoint()

    def _hand_out(self, group: list[Unit]) -> None:
        # Whoever hears of the commit reads what it wrote.
        self._end_snapshot()
        self._plan_checkpoint()
        self.load.units_waiting -= len(group)
        self.load.units += len(group)
        self.load.commits += 1
        woke = 0
        for unit in group:
            woke |= unit.woke
            if unit.future.done():
                continue
            if unit.error is None:
                unit.future.set_result(unit.value)
            else:
                unit.future.set_exception(unit.error)
        if woke:
            for kinds, wake in self._wakes:
                if kinds & woke:
                    wake()


class _Budget:
    """What a read on the event loop has taken. SQLite counts the steps of a prepared statement over all its runs, so
    that a call comes early now and then; only several within one read mean that it is long."""

    calls = 0

    def spend(self) -> bool:
        self.calls += 1
        return self.calls > _INLINE_CALLS_MAX


def _was_broken_off(error: Exception) -> bool:
    cause = error.__cause__ if isinstance(error, TransactionOver) else error
    return getattr(cause, "sqlite_errorcode", None) == _INTERRUPTED


class SqliteDirect:
    """The same functions, run at once in the calling thread: for commands that have the files to themselves, and for
    reading beside a running platform."""

    def __init__(self, path: Path, ground: Ground, *, read_only: bool = False) -> None:
        self.service = ground.service
        self._ground = ground
        self._connection = open_reader(path) if read_only else open_writer(path)

    def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return write_once(self._ground, self._connection, current(), fn, args, kwargs)

    def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return read_once(self._ground, self._connection, current(), fn, args, kwargs)

    def close(self) -> None:
        self._connection.close()
