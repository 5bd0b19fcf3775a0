"""Timers run once, in the transaction that removes their rows."""

import asyncio

import pytest

from shikanji.kit.clock import HOUR, MINUTE, SECOND
from shikanji.kit.context import bind
from shikanji.kit.db.faults import StorageFault
from shikanji.kit.db.tx import Tx
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.jobs_worker import TIMERS_MAX
from tests.kit.counters import add, values
from tests.kit.databases import OpenDatabase
from tests.kit.working import Note, plan, run_due, worker_on


@pytest.fixture
def jobs() -> Jobs:
    """A timer `ring` that counts in the database, with its payload's text as the counter."""
    jobs = Jobs()

    @jobs.timer("ring")
    def ring(tx: Tx, job: Job) -> None:
        add(tx, job.load(Note).text or job.key)

    return jobs


async def test_one_runs_once_when_it_is_due(database: OpenDatabase, jobs: Jobs) -> None:
    worker = worker_on(database, jobs)
    await database.write(plan, at=database.clock.now() + MINUTE)

    assert await run_due(worker) == 0
    assert await worker.next_due() == database.clock.now() + MINUTE
    database.clock.advance(MINUTE)
    assert [await run_due(worker), await run_due(worker)] == [1, 0]

    assert await database.read(values) == {"a": 1}
    assert database.jobs() == []
    assert await worker.next_due() is None


async def test_planning_again_moves_time_and_payload(database: OpenDatabase, jobs: Jobs) -> None:
    await database.write(plan, at=database.clock.now() + HOUR, text="first")
    await database.write(plan, at=database.clock.now(), text="second")

    await run_due(worker_on(database, jobs))

    assert await database.read(values) == {"second": 1}


async def test_a_plan_can_be_dropped(database: OpenDatabase, jobs: Jobs) -> None:
    await database.write(plan)
    await database.write(lambda tx: tx.unschedule("ring", "a"))
    await database.write(lambda tx: tx.unschedule("ring", "a"))

    assert await run_due(worker_on(database, jobs)) == 0


async def test_a_plan_of_a_failed_unit_is_none(database: OpenDatabase, jobs: Jobs) -> None:
    def plan_and_fail(tx: Tx) -> None:
        plan(tx)
        raise ValueError("planted")

    with pytest.raises(ValueError, match="planted"):
        await database.write(plan_and_fail)

    assert await run_due(worker_on(database, jobs)) == 0


async def test_one_may_plan_itself_again(database: OpenDatabase) -> None:
    jobs = Jobs()

    @jobs.timer("ring")
    def ring(tx: Tx, job: Job) -> None:
        add(tx, "a")
        tx.schedule("ring", job.key, job.due_at + MINUTE)

    worker = worker_on(database, jobs)
    await database.write(plan)
    due = database.clock.now()

    assert [await run_due(worker), await run_due(worker)] == [1, 0]

    assert [job.due_at for job in database.jobs()] == [due + MINUTE]


async def test_one_that_fails_disturbs_no_other_and_comes_again(database: OpenDatabase) -> None:
    jobs, failing = Jobs(), True

    @jobs.timer("ring")
    def ring(tx: Tx, job: Job) -> None:
        add(tx, job.key)
        if job.key == "bad" and failing:
            raise ValueError("planted")

    worker = worker_on(database, jobs)
    for key in ("good", "bad", "well"):
        await database.write(plan, key=key)

    assert await run_due(worker) == 3
    assert await database.read(values) == {"good": 1, "well": 1}
    assert database.query("SELECT attempts, last_error FROM jobs") == [(1, "ValueError: planted")]
    for attempt in range(1, 14):
        wait = min(SECOND << (attempt - 1), 5 * MINUTE)
        assert await worker.next_due() == database.clock.now() + wait
        database.clock.advance(wait)
        assert await run_due(worker) == 1
    failing = False
    database.clock.advance(5 * MINUTE)
    assert await run_due(worker) == 1
    assert await database.read(values) == {"bad": 1, "good": 1, "well": 1}


async def test_two_workers_at_once_run_it_once(database: OpenDatabase, jobs: Jobs) -> None:
    for number in range(20):
        await database.write(plan, key=f"k{number}", text="all")

    await asyncio.gather(*(run_due(worker_on(database, jobs)) for _ in range(3)))

    assert await database.read(values) == {"all": 20}


async def test_many_are_run_in_batches(database: OpenDatabase, jobs: Jobs) -> None:
    def plan_many(tx: Tx) -> None:
        for number in range(TIMERS_MAX + 5):
            plan(tx, key=f"k{number}", text="all")

    await database.write(plan_many)
    worker = worker_on(database, jobs)

    assert [await run_due(worker), await run_due(worker)] == [TIMERS_MAX, 5]


async def test_what_the_database_cannot_do_is_not_counted(database: OpenDatabase) -> None:
    jobs = Jobs()

    @jobs.timer("ring")
    def ring(tx: Tx, job: Job) -> None:
        raise StorageFault("planted")

    await database.write(plan)

    with pytest.raises(StorageFault):
        await run_due(worker_on(database, jobs))

    assert database.query("SELECT attempts FROM jobs") == [(0,)]


async def test_one_works_for_the_request_that_planned_it(database: OpenDatabase) -> None:
    jobs, seen = Jobs(), []

    @jobs.timer("ring")
    def ring(tx: Tx, job: Job) -> None:
        seen.append((tx.correlation_id, tx.causation_id))

    with bind("request-1"):
        await database.write(plan)
    await run_due(worker_on(database, jobs))

    assert seen == [("request-1", "ring/a")]
