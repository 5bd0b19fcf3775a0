"""Runs what is due: timers in one transaction with the removal of their rows, outside work under a lease."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from shikanji.kit.backoff import Jitter, delay
from shikanji.kit.clock import SECOND
from shikanji.kit.context import bind
from shikanji.kit.db.faults import LeaseLost, LockTimeout, StorageFault, TooSlow, TransactionConflict
from shikanji.kit.db.job_rows import (
    due_jobs,
    end_work,
    lease,
    make_periods,
    next_due,
    postpone_timer,
    postpone_work,
    return_work,
    take_timer,
    void_leases,
)
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.lanes import in_lanes
from shikanji.kit.telemetry.logs import logger

if TYPE_CHECKING:
    from shikanji.kit.service import Room

TIMERS_MAX = 50
WORKS_MAX = 16
WORK_SECONDS_MAX = 60.0
LEASE = 90 * SECOND
"""Longer than any run may last, so that no lease ends under a run that goes on."""
ELSEWHERE = SECOND // 20
"""How long timers are left alone that were due and that another process was running."""

_log = logger("jobs")


class JobsWorker:
    """`step` is driven by a loop or by a test; it starts outside work as tasks and does not wait for them."""

    def __init__(
        self,
        room: "Room",
        jobs: Jobs,
        *,
        jitter: Jitter,
        works_max: int = WORKS_MAX,
        work_seconds_max: float = WORK_SECONDS_MAX,
    ) -> None:
        self._room, self._db, self._jobs, self._jitter = room, room.db, jobs, jitter
        self._works_max, self._work_seconds_max = works_max, work_seconds_max
        self._running: set[asyncio.Task[None]] = set()
        self._all_elsewhere = False
        self._on_free: Callable[[], Any] = lambda: None
        self._kinds = [*jobs.timers, *jobs.works]
        self._timer_done = f"{room.name}.jobs.timer_before_commit"
        self._work_done = f"{room.name}.jobs.work_before_finish"
        self._work_ended = f"{room.name}.jobs.work_after_finish"

    async def start(self, *, alone: bool) -> None:
        """`alone`: no other process works on this database, so that every lease in it is a dead worker's."""
        if alone:
            await self._db.write(void_leases)
        if self._jobs.periods:
            await self._db.write(make_periods, list(self._jobs.periods))

    def on_free(self, wake: Callable[[], Any]) -> None:
        """`wake` is called when a piece of work has ended and there is room for another."""
        self._on_free = wake

    @property
    def running(self) -> int:
        return len(self._running)

    async def step(self) -> int:
        """Runs a batch of due timers and starts due work as far as there is room; returns how many."""
        return await self._run_timers() + await self._start_works()

    async def next_due(self) -> int | None:
        """When the next job will be due, or the next lease over (µs). While there is no room for more work, no work is:
        `on_free` says when there is."""
        full = len(self._running) >= self._works_max
        due = await self._db.read(next_due, list(self._jobs.timers) if full else self._kinds)
        return due if due is None or not self._all_elsewhere else max(due, self._room.clock.now() + ELSEWHERE)

    async def drain(self) -> None:
        """Waits for the work that is running."""
        while self._running:
            await asyncio.wait(self._running)

    async def stop(self, *, grace_seconds: float) -> None:
        """Running work may end in `grace_seconds`; what is cut off gives its lease back and runs again later."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run_timers(self) -> int:
        if not self._jobs.timers:
            return 0
        due = await self._db.read(due_jobs, list(self._jobs.timers), TIMERS_MAX)
        if self._db.lanes > 1:
            run = await in_lanes(self._db.lanes, due, self._run_timer_apart)
        else:
            run = await self._db.write(self._run_due_timers, due) if due else 0
        self._all_elsewhere = bool(due) and not run
        return run

    async def _run_timer_apart(self, job: Job) -> int:
        return await self._db.write(self._run_due_timers, [job])

    def _run_due_timers(self, tx: Tx, due: Sequence[Job]) -> int:
        run = sum([self._run_timer(tx, job) for job in due])
        failpoint(self._timer_done)
        return run

    def _run_timer(self, tx: Tx, job: Job) -> bool:
        """False when another process has it, or met it on its way."""
        before = tx.correlation_id, tx.causation_id
        tx.correlation_id, tx.causation_id = job.correlation_id, cause(job)
        try:
            with tx.savepoint():
                if not take_timer(tx, job):
                    return False
                self._jobs.timers[job.kind](tx, job)
        except TransactionConflict:
            # It has given its locks up, and the next round takes it.
            return False
        except Exception as error:
            if isinstance(error, StorageFault) and not isinstance(error, TooSlow | LockTimeout):
                raise
            self._warn("a timer failed", job, error)
            postpone_timer(tx, job, tx.now + delay(job.attempts + 1, self._jitter), error)
        finally:
            tx.correlation_id, tx.causation_id = before
        return True

    async def _start_works(self) -> int:
        room = self._works_max - len(self._running)
        if not self._jobs.works or room <= 0:
            return 0
        due = await self._db.read(due_jobs, list(self._jobs.works), room)
        leased = await self._db.write(lease, due, LEASE) if due else []
        for job in leased:
            task = asyncio.create_task(self._work(job), name=cause(job))
            self._running.add(task)
            task.add_done_callback(self._forget)
        return len(leased)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._on_free()

    async def _work(self, job: Job) -> None:
        with bind(job.correlation_id, cause(job)):
            try:
                await self._run_work(job)
            except asyncio.CancelledError:
                await self._db.write(return_work, job)
                raise
            except Exception as error:
                # The lease runs out by itself; whoever takes it over does the work again.
                self._warn("work was not ended", job, error)

    async def _run_work(self, job: Job) -> None:
        try:
            async with asyncio.timeout(self._work_seconds_max):
                await self._jobs.works[job.kind](self._room, job)
        except LeaseLost:
            _log.info("a lease was lost", service=self._room.name, kind=job.kind, key=job.key)
        except Exception as error:
            self._warn("work failed", job, error)
            await self._db.write(postpone_work, job, delay(job.attempts, self._jitter), error)
        else:
            failpoint(self._work_done)
            await self._db.write(end_work, job, self._jobs.periods.get(job.kind))
            failpoint(self._work_ended)

    def _warn(self, what: str, job: Job, error: Exception) -> None:
        _log.warning(
            what,
            service=self._room.name,
            kind=job.kind,
            key=job.key,
            attempts=job.attempts,
            error=f"{type(error).__name__}: {error}",
        )


def cause(job: Job) -> str:
    return f"{job.kind}/{job.key}"
