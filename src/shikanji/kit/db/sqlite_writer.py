"""Group commit: every unit that was queued while the last commit was syncing shares the next transaction.

Almost always none of them fails, and they need no savepoints, for which SQLite copies every page that a unit is the
first to change. Where one does fail, all of its group run once more, each in a savepoint of its own.

Units run on the event loop, only COMMIT runs in a thread of its own: that is where the time goes in which others can
work. A thread for the units too would fight the loop for the interpreter's lock at every statement (ADR 0001)."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, Protocol

from shikanji.kit.context import Origin
from shikanji.kit.db.faults import TransactionOver
from shikanji.kit.db.sqlite_connection import SqliteTransaction
from shikanji.kit.db.transaction import Ground
from shikanji.kit.errors import Unavailable
from shikanji.kit.failpoints import failpoint

GROUP_UNITS_MAX = 128
GROUP_SECONDS_MAX = 0.02
"""A group takes on no more units after this long, so that the loop can do something else meanwhile."""
PATIENT_PART = 4
"""A group of patient units, which nobody waits for, takes on no more after this part of that time."""
CAREFUL_GROUPS = 16
"""So many groups after a failure have savepoints from the start: failures come in flocks."""


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
    """All methods belong to the event loop. `deliver` is called with each group whose outcome is certain."""

    def __init__(
        self,
        connection: Any,
        ground: Ground,
        deliver: Callable[[list[Unit]], None],
        committer: "Committer",
        *,
        group_seconds_max: float = GROUP_SECONDS_MAX,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._ground = ground
        self._deliver = deliver
        self._turns = ground.turns
        self._group_seconds_max = group_seconds_max
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Unit] = deque()
        self._patient: deque[Unit] = deque()
        self._has_waited = False
        """A group went past the patient units."""
        self._careful_groups = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._committer = committer
        self._before_commit = f"{ground.service}.db.before_commit"
        self._after_commit = f"{ground.service}.db.after_commit"

    def put(self, unit: Unit, *, patient: bool = False) -> None:
        """`patient`: it lets a group of others go first."""
        (self._patient if patient else self._queue).append(unit)
        if self._idle.is_set():
            self._idle.clear()
            # Not at once: what else arrives in this round of the loop comes along.
            self._loop.call_soon(self._run_group)

    async def stop(self) -> None:
        """Returns when everything queued before has been committed."""
        await self._idle.wait()
        await self._committer.stop()

    def _run_group(self) -> None:
        queue = self._choose_queue()
        if queue is None:
            self._loop.call_soon(self._run_group)
            return
        group: list[Unit] = []
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
            if self._careful_groups:
                self._careful_groups -= 1
                self._run_units(queue, group, self._run_apart)
            elif not self._run_units(queue, group, self._run_unit):
                self._run_again(group)
        except Exception as error:
            self._fail(group or [queue.popleft()], error)
        else:
            self._committer.put(partial(self._commit, group))

    def _choose_queue(self) -> deque[Unit] | None:
        """What clients wait for, then the patient in turn. A group for each: a client's shall not wait until a batch is
        run and committed with it. None: only the patient are there, and it is not their turn."""
        if self._patient and (self._has_waited or not self._queue):
            if self._turns.take(self._loop):
                self._has_waited = False
                return self._patient
            if not self._queue:
                return None
        self._has_waited = bool(self._patient)
        return self._queue

    def _run_units(self, queue: deque[Unit], group: list[Unit], run: Callable[[Unit], bool]) -> bool:
        """Adds to the group what is queued, as far as time allows; False as soon as `run` says so."""
        until = time.monotonic() + self._group_seconds_max / (PATIENT_PART if queue is self._patient else 1)
        while queue and len(group) < GROUP_UNITS_MAX:
            group.append(queue.popleft())
            if not run(group[-1]):
                return False
            if time.monotonic() >= until:
                break
        return True

    def _run_again(self, group: list[Unit]) -> None:
        """One of them failed, and takes with it what the others wrote."""
        self._careful_groups = CAREFUL_GROUPS
        self._cursor.execute("ROLLBACK")
        self._cursor.execute("BEGIN IMMEDIATE")
        for unit in group:
            self._run_apart(unit)

    def _run_apart(self, unit: Unit) -> bool:
        """In a savepoint of its own, so that it fails alone."""
        self._cursor.execute("SAVEPOINT unit")
        if not self._run_unit(unit):
            self._cursor.execute("ROLLBACK TO SAVEPOINT unit")
        self._cursor.execute("RELEASE SAVEPOINT unit")
        return True

    def _run_unit(self, unit: Unit) -> bool:
        """False where it failed. Raises only what ended the transaction of the whole group."""
        if unit.future.cancelled():
            return True
        tx = SqliteTransaction(self._ground, self._connection, self._cursor, unit.origin)
        unit.error = None
        try:
            unit.value = tx.carry_out(unit.fn, unit.args, unit.kwargs)
            unit.woke = tx.woke
        except StopIteration as error:
            # The one exception that a future does not carry.
            unit.error = RuntimeError(repr(error))
        except Exception as error:
            unit.error = error
        if not self._connection.in_transaction:
            raise TransactionOver(str(unit.error or "the transaction was ended from inside"))
        return unit.error is None

    def _commit(self, group: list[Unit]) -> Callable[[], None]:
        """Waits for the disk, elsewhere. What it returns is to be called on the loop."""
        try:
            failpoint(self._before_commit)
            self._cursor.execute("COMMIT")
            failpoint(self._after_commit)
        except Exception as error:
            return partial(self._fail, group, error)
        return partial(self._go_on, group)

    def _fail(self, group: list[Unit], error: Exception) -> None:
        """Nothing of the group is kept, and all of it is told the same."""
        if self._connection.in_transaction:
            # Where not even this can be done, the next group finds out that it cannot begin, and is told so too.
            with suppress(Exception):
                self._cursor.execute("ROLLBACK")
        for unit in group:
            unit.value, unit.woke = None, 0
            unit.error = Unavailable(f"{self._ground.service}: nothing was stored ({error})")
        self._go_on(group)

    def _go_on(self, group: list[Unit]) -> None:
        """Hands the outcomes out and takes on what has come meanwhile."""
        if self._queue or self._patient:
            self._loop.call_soon(self._run_group)
        else:
            self._idle.set()
        self._deliver(group)


Commit = Callable[[], Callable[[], None]]
"""Waits for the disk; what it returns is to be called on the event loop."""


class Committer(Protocol):
    """Where the waiting for the disk is done, so that the event loop goes on meanwhile."""

    def put(self, commit: Commit) -> None: ...

    async def stop(self) -> None:
        """Called when nothing is being committed."""
        ...


class CommitThread:
    """A thread of its own: one from a pool costs more than many a commit."""

    def __init__(self, service: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._commits: SimpleQueue[Commit | None] = SimpleQueue()
        self.put = self._commits.put
        self._thread = threading.Thread(target=self._run, name=f"{service}-commit", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        self._commits.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (commit := self._commits.get()) is not None:
            self._loop.call_soon_threadsafe(commit())
