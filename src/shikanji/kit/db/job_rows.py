"""The rows of durable jobs: taken, leased, put off, ended."""

from collections.abc import Sequence

from shikanji.kit.clock import SECOND
from shikanji.kit.db.sql import (
    ADD_JOB_IF_MISSING,
    COUNT_LATE_JOBS,
    COUNT_LEASED_JOBS,
    FINISH_JOB,
    FIRST_DUE_JOB,
    FIRST_LEASE_END,
    LEASE_JOB,
    POSTPONE_TIMER,
    POSTPONE_WORK,
    RELEASE_REPLANNED_JOB,
    REPEAT_WORK,
    RETURN_WORK,
    SELECT_DUE_JOBS,
    TAKE_TIMER,
    VOID_LEASES,
)
from shikanji.kit.db.tx import Tx
from shikanji.kit.jobs import Job

ERROR_CHARACTERS_MAX = 2_000


def due_jobs(tx: Tx, kinds: Sequence[str], limit: int) -> list[Job]:
    """Due and free, the longest due first."""
    return tx.run(SELECT_DUE_JOBS, kinds=kinds, now=tx.now, rows_max=limit).all(Job)


def next_due(tx: Tx, kinds: Sequence[str]) -> int | None:
    ends = [tx.run(FIRST_DUE_JOB, kinds=kinds).scalar(), tx.run(FIRST_LEASE_END, kinds=kinds, now=tx.now).scalar()]
    return min((end for end in ends if end is not None), default=None)


def count_late(tx: Tx, by: int) -> int:
    """Jobs that nobody has taken though they were due `by` µs ago."""
    found: int = tx.run(COUNT_LATE_JOBS, before=tx.now - by).scalar()
    return found


def count_leased(tx: Tx) -> int:
    """Pieces of work that some process has in hand now."""
    found: int = tx.run(COUNT_LEASED_JOBS, now=tx.now).scalar()
    return found


def void_leases(tx: Tx) -> int:
    return tx.run(VOID_LEASES).count


def make_periods(tx: Tx, kinds: Sequence[str]) -> None:
    """Plans the first run of what runs again and again, where it is not planned yet."""
    for kind in kinds:
        _add_if_missing(tx, kind, "", tx.now)


def take_timer(tx: Tx, job: Job) -> bool:
    """Removes the row; False when another has it, or it was planned anew meanwhile."""
    return tx.run(TAKE_TIMER, kind=job.kind, key=job.key, plan=job.plan, now=tx.now).count == 1


def postpone_timer(tx: Tx, job: Job, next_at: int, error: Exception) -> None:
    tx.run(POSTPONE_TIMER, kind=job.kind, key=job.key, plan=job.plan, next_at=next_at, error=_describe(error))


def lease(tx: Tx, due: Sequence[Job], length: int) -> list[Job]:
    """Those of `due` that are still free, now under a lease of `length` µs that fences them. In key order: two
    processes must not lock the rows crosswise."""
    leased = []
    for job in sorted(due, key=lambda one: (one.kind, one.key)):
        row = tx.run(
            LEASE_JOB, kind=job.kind, key=job.key, now=tx.now, lease=tx.new_id(), lease_until=tx.now + length
        ).one(Job)
        if row is not None:
            leased.append(row)
    return leased


def postpone_work(tx: Tx, job: Job, delay: int, error: Exception) -> None:
    """After a failed run; one that was planned anew meanwhile keeps its new time."""
    fields = {"kind": job.kind, "key": job.key, "lease": job.lease}
    if not tx.run(POSTPONE_WORK, **fields, plan=job.plan, next_at=tx.now + delay, error=_describe(error)).count:
        tx.run(RELEASE_REPLANNED_JOB, **fields)


def return_work(tx: Tx, job: Job) -> None:
    """After a run that was cut off: it counts as not tried."""
    tx.run(RETURN_WORK, kind=job.kind, key=job.key, lease=job.lease)


def end_work(tx: Tx, job: Job, period_seconds: int | None) -> None:
    """After a good run. The handler may have ended the job itself; what runs again and again is planned again."""
    fields = {"kind": job.kind, "key": job.key, "lease": job.lease}
    if period_seconds is None:
        if not tx.run(FINISH_JOB, **fields, plan=job.plan).count:
            tx.run(RELEASE_REPLANNED_JOB, **fields)
        return
    next_at = tx.now + period_seconds * SECOND
    if tx.run(REPEAT_WORK, **fields, plan=job.plan, next_at=next_at).count:
        return
    if not tx.run(RELEASE_REPLANNED_JOB, **fields).count:
        _add_if_missing(tx, job.kind, job.key, next_at)


def _add_if_missing(tx: Tx, kind: str, key: str, at: int) -> None:
    tx.run(ADD_JOB_IF_MISSING, kind=kind, key=key, due_at=at, payload=b"{}", correlation_id=tx.correlation_id)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]
