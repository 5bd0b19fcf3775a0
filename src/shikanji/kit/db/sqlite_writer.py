"""Group commit: one thread writes one SQLite file; every unit that was queued while the last commit was syncing shares
the next transaction, each in its own savepoint."""

import asyncio
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from shikanji.kit.context import Origin
from shikanji.kit.db.faults import TransactionOver
from shikanji.kit.db.sqlite_connection import SqliteTransaction
from shikanji.kit.db.transaction import Ground
from shikanji.kit.errors import Unavailable
from shikanji.kit.failpoints import failpoint

GROUP_UNITS_MAX = 128
GROUP_SECONDS_MAX = 0.02
"""A group takes on no more units after this long, so that the first does not wait for ever for its commit."""


class Unit:
    """One function on its way through the writer, and then its outcome."""

    __slots__ = ("args", "error", "fn", "future", "kwargs", "origin", "value", "woke")

    def __init__(
        self, fn: Callable[..., Any], args: Any, kwargs: Any, origin: Origin, future: asyncio.Future[Any]
    ) -> None:
        self.fn, self.args, self.kwargs, self.origin, self.future = fn, args, kwargs, origin, future
        self.value: Any = None
        self.error: BaseException | None = None
        self.woke = 0


class SqliteWriter:
    """`deliver` is called in the writer's thread with each group whose outcome is certain."""

    def __init__(self, connection: Any, ground: Ground, deliver: Callable[[list[Unit]], None]) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._ground = ground
        self._deliver = deliver
        self._queue: SimpleQueue[Unit | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"{ground.service}-writer", daemon=True)
        self._before_commit = f"{ground.service}.db.before_commit"
        self._after_commit = f"{ground.service}.db.after_commit"

    def start(self) -> None:
        self._thread.start()

    def put(self, unit: Unit) -> None:
        self._queue.put(unit)

    def stop(self) -> None:
        """Returns when everything queued before has been committed; blocks."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (unit := self._queue.get()) is not None:
            group, more = self._commit_group(unit)
            self._deliver(group)
            if not more:
                return

    def _commit_group(self, first: Unit) -> tuple[list[Unit], bool]:
        """Also says whether there is anything to come after it."""
        group: list[Unit] = []
        more = True
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
            more = self._run_group(first, group)
            failpoint(self._before_commit)
            self._cursor.execute("COMMIT")
            failpoint(self._after_commit)
        except Exception as error:
            self._fail(group or [first], error)
        return group or [first], more

    def _run_group(self, first: Unit, group: list[Unit]) -> bool:
        until = time.monotonic() + GROUP_SECONDS_MAX
        unit: Unit | None = first
        while unit is not None:
            group.append(unit)
            self._run_unit(unit)
            if len(group) >= GROUP_UNITS_MAX or time.monotonic() >= until:
                return True
            try:
                unit = self._queue.get_nowait()
            except Empty:
                return True
        return False

    def _run_unit(self, unit: Unit) -> None:
        """Raises only what ended the transaction of the whole group."""
        if unit.future.cancelled():
            return
        execute = self._cursor.execute
        execute("SAVEPOINT unit")
        tx = SqliteTransaction(self._ground, self._connection, self._cursor, unit.origin)
        try:
            unit.value = unit.fn(tx, *unit.args, **unit.kwargs)
            unit.woke = tx.woke
        except BaseException as error:
            unit.error = error
        finally:
            tx.end()
        if not self._connection.in_transaction:
            raise TransactionOver(str(unit.error or "the transaction was ended from inside"))
        if unit.error is not None:
            execute("ROLLBACK TO SAVEPOINT unit")
        execute("RELEASE SAVEPOINT unit")

    def _fail(self, group: list[Unit], error: Exception) -> None:
        """Nothing of the group is kept, and all of it is told the same."""
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")
        for unit in group:
            unit.value, unit.woke = None, 0
            unit.error = Unavailable(f"{self._ground.service}: nothing was stored ({error})")
