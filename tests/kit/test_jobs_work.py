"""Outside work runs under a lease, at least once, and for ever if need be."""

import asyncio
from typing import Any

import pytest

from shikanji.kit.clock import HOUR, MINUTE, SECOND
from shikanji.kit.context import bind, current
from shikanji.kit.db.faults import LeaseLost
from shikanji.kit.db.job_rows import due_jobs, lease
from shikanji.kit.db.tx import Tx
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.jobs_worker import LEASE
from shikanji.kit.service import Room
from tests.kit.counters import add, values
from tests.kit.databases import OpenDatabase
from tests.kit.working import Note, plan, run_due, worker_on


class Outside:
    """A handler of outside work that the test holds, fails, and counts."""

    def __init__(self) -> None:
        self.runs: list[Job] = []
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.began = asyncio.Event()
        self.inside: Any = None
        self.jobs = Jobs()
        self.jobs.work("send")(self._send)

    async def _send(self, room: Room, job: Job) -> None:
        self.runs.append(job)
        self.began.set()
        await self.gate.wait()
        if self.inside:
            await self.inside(room, job)
        if self.error:
            raise self.error


async def test_it_runs_and_its_row_goes(database: OpenDatabase) -> None:
    outside = Outside()
    await database.write(plan, "send")

    assert await run_due(worker_on(database, outside.jobs)) == 1

    assert [(job.key, job.attempts) for job in outside.runs] == [("a", 1)]
    assert database.jobs() == []


async def test_it_may_end_itself_with_its_outcome(database: OpenDatabase) -> None:
    outside = Outside()

    def store_outcome(tx: Tx, job: Job) -> None:
        add(tx, "sent")
        tx.finish(job)

    async def store(room: Room, job: Job) -> None:
        await room.db.write(store_outcome, job)

    outside.inside = store
    await database.write(plan, "send")

    await run_due(worker_on(database, outside.jobs))

    assert await database.read(values) == {"sent": 1}
    assert database.jobs() == []


async def test_it_is_tried_for_ever(database: OpenDatabase) -> None:
    outside = Outside()
    outside.error = ValueError("planted")
    worker = worker_on(database, outside.jobs)
    await database.write(plan, "send")

    waits = []
    for _ in range(12):
        assert await run_due(worker) == 1
        waits.append(database.jobs()[0].due_at - database.clock.now())
        database.clock.advance(waits[-1])

    assert waits == [min(SECOND << attempt, 5 * MINUTE) for attempt in range(12)]
    outside.error = None
    await run_due(worker)
    assert database.jobs() == []


async def test_a_run_has_an_end(database: OpenDatabase) -> None:
    outside = Outside()
    outside.gate.clear()
    await database.write(plan, "send")

    await run_due(worker_on(database, outside.jobs, work_seconds_max=0.01))

    assert database.query("SELECT last_error, lease FROM jobs") == [("TimeoutError: ", None)]


async def test_one_that_was_taken_over_can_store_nothing(database: OpenDatabase) -> None:
    """The first worker hangs past its lease; the second takes over; the first then finds itself fenced."""
    slow, quick = Outside(), Outside()
    slow.gate.clear()
    lost: list[bool] = []

    def store_outcome(tx: Tx, job: Job) -> None:
        add(tx, "sent")
        tx.finish(job)

    async def store(room: Room, job: Job) -> None:
        try:
            await room.db.write(store_outcome, job)
        except LeaseLost:
            lost.append(True)
            raise

    slow.inside = quick.inside = store
    await database.write(plan, "send")
    first, second = worker_on(database, slow.jobs), worker_on(database, quick.jobs)
    await first.step()
    assert await run_due(second) == 0
    assert await second.next_due() == database.clock.now() + LEASE

    database.clock.advance(LEASE)
    assert await run_due(second) == 1
    slow.gate.set()
    await first.drain()

    assert lost == [True]
    assert await database.read(values) == {"sent": 1}
    assert quick.runs[0].attempts == 2


async def test_an_ending_that_comes_too_late_removes_nothing(database: OpenDatabase) -> None:
    slow, second = Outside(), Outside()
    slow.gate.clear()
    second.gate.clear()
    await database.write(plan, "send")
    first_worker, second_worker = worker_on(database, slow.jobs), worker_on(database, second.jobs)
    await first_worker.step()
    database.clock.advance(LEASE)
    await second_worker.step()

    slow.gate.set()
    await first_worker.drain()
    assert len(database.jobs()) == 1
    second.gate.set()
    await second_worker.drain()

    assert database.jobs() == []


async def test_planned_anew_while_it_runs_it_runs_again(database: OpenDatabase) -> None:
    outside = Outside()
    outside.gate.clear()
    worker = worker_on(database, outside.jobs)
    await database.write(plan, "send", text="first")
    await worker.step()
    await database.write(plan, "send", text="second")

    assert await worker.step() == 0
    outside.gate.set()
    await worker.drain()
    await run_due(worker)

    assert [job.load(Note).text for job in outside.runs] == ["first", "second"]
    assert database.jobs() == []


@pytest.mark.parametrize("ends_itself", [True, False])
async def test_a_failed_run_that_was_planned_anew_keeps_its_new_time(database: OpenDatabase, ends_itself: bool) -> None:
    outside = Outside()
    later = database.clock.now() + HOUR

    async def plan_anew(room: Room, job: Job) -> None:
        await room.db.write(plan, "send", at=later)
        if ends_itself:
            await room.db.write(lambda tx: tx.finish(job))
        else:
            raise ValueError("planted")

    outside.inside = plan_anew
    await database.write(plan, "send")

    await run_due(worker_on(database, outside.jobs))

    assert [job.due_at for job in database.jobs()] == [later]
    assert database.query("SELECT attempts, lease FROM jobs") == [(0, None)]


async def test_no_more_run_at_once_than_allowed(database: OpenDatabase) -> None:
    outside = Outside()
    outside.gate.clear()
    worker = worker_on(database, outside.jobs, works_max=2)
    freed: list[int] = []
    worker.on_free(lambda: freed.append(worker.running))
    for number in range(5):
        await database.write(plan, "send", key=f"k{number}")

    assert [await worker.step(), await worker.step(), worker.running] == [2, 0, 2]
    outside.gate.set()
    await worker.drain()

    assert freed == [1, 0]
    assert [await run_due(worker), await run_due(worker), len(database.jobs())] == [2, 1, 0]


async def test_work_that_finds_no_room_wakes_nobody_until_there_is_some(database: OpenDatabase) -> None:
    outside = Outside()
    outside.gate.clear()
    outside.jobs.timer("ring")(lambda tx, job: None)
    worker = worker_on(database, outside.jobs, works_max=1)
    await database.write(plan, "send", key="first")
    await database.write(plan, "send", key="second")
    await database.write(plan, "ring", at=database.clock.now() + HOUR)

    await worker.step()
    while_full = await worker.next_due()
    outside.gate.set()
    await worker.drain()

    assert while_full == database.clock.now() + HOUR
    assert await worker.next_due() == database.clock.now()


async def test_a_lease_that_ended_long_before_its_work_is_due_again_wakes_nobody(database: OpenDatabase) -> None:
    outside = Outside()
    await database.write(plan, "send")
    await database.write(lease, await database.read(due_jobs, ["send"], 1), LEASE)
    await database.write(plan, "send", at=database.clock.now() + HOUR)

    database.clock.advance(2 * LEASE)

    assert await worker_on(database, outside.jobs).next_due() is None


async def test_stopping_waits_and_then_gives_the_lease_back(database: OpenDatabase) -> None:
    outside = Outside()
    outside.gate.clear()
    worker = worker_on(database, outside.jobs)
    await database.write(plan, "send")
    await worker.step()
    await outside.began.wait()

    await worker.stop(grace_seconds=0.01)

    assert database.query("SELECT attempts, lease FROM jobs") == [(0, None)]
    outside.gate.set()
    assert await run_due(worker) == 1
    await worker.stop(grace_seconds=0.01)


async def test_a_fresh_start_voids_the_leases_of_the_dead(database: OpenDatabase) -> None:
    outside = Outside()
    await database.write(plan, "send")
    due = await database.read(due_jobs, ["send"], 1)
    assert len(await database.write(lease, due, LEASE)) == 1
    assert await database.write(lease, due, LEASE) == []
    worker = worker_on(database, outside.jobs)
    await worker.start(alone=False)
    assert await run_due(worker) == 0

    await worker.start(alone=True)

    assert await run_due(worker) == 1


async def test_it_works_for_the_request_that_planned_it(database: OpenDatabase) -> None:
    outside, seen = Outside(), []

    async def look(room: Room, job: Job) -> None:
        seen.append((current().correlation_id, current().causation_id))

    outside.inside = look
    with bind("request-1"):
        await database.write(plan, "send")
    await run_due(worker_on(database, outside.jobs))

    assert seen == [("request-1", "send/a")]


async def test_an_ending_that_cannot_be_stored_leaves_the_lease_to_run_out(database: OpenDatabase) -> None:
    outside = Outside()

    async def close(room: Room, job: Job) -> None:
        await room.db.close()

    outside.inside = close
    await database.write(plan, "send")

    await run_due(worker_on(database, outside.jobs))

    assert database.query("SELECT attempts FROM jobs") == [(1,)]


async def test_it_is_there_from_the_start_and_runs_again_and_again(database: OpenDatabase) -> None:
    jobs, runs = Jobs(), []

    @jobs.every("sweep", seconds=60)
    async def sweep(room: Room, job: Job) -> None:
        runs.append(database.clock.now())
        if len(runs) == 2:
            raise ValueError("planted")
        if len(runs) == 4:
            await room.db.write(lambda tx: tx.finish(job))
        if len(runs) == 5:
            await room.db.write(lambda tx: tx.schedule("sweep", "", tx.now + SECOND))

    worker = worker_on(database, jobs)
    await worker.start(alone=True)
    await worker.start(alone=True)
    began = database.clock.now()
    for _ in range(7):
        assert await run_due(worker) == 1
        due = await worker.next_due()
        assert due is not None
        database.clock.advance(due - database.clock.now())

    assert [(at - began) // SECOND for at in runs] == [0, 60, 61, 121, 181, 182, 242]


def test_a_kind_has_one_handler() -> None:
    jobs = Jobs()

    @jobs.timer("ring")
    def ring(tx: Tx, job: Job) -> None: ...

    with pytest.raises(ValueError, match="ring has a handler already"):
        jobs.timer("ring")(ring)
