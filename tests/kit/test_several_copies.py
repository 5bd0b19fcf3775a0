"""Several processes run one service on one PostgreSQL database: they share what is due, and nothing is done twice."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa

from shikanji.kit.clock import MINUTE, SECOND
from shikanji.kit.db.faults import LockTimeout
from shikanji.kit.db.letters import letter
from shikanji.kit.db.postgres import PostgresDatabase
from shikanji.kit.db.tx import Tx
from shikanji.kit.housekeeping import FORGET_ANSWERS, with_housekeeping
from shikanji.kit.jobs import Job, Jobs, TimerHandler
from shikanji.kit.jobs_worker import LEASE, JobsWorker
from tests.engines.postgres import PostgresServer
from tests.kit.counters import SERVICE, add, values
from tests.kit.databases import OpenDatabase, open_postgres
from tests.kit.delivering import Subscriber, broken, envelope, states
from tests.kit.working import plan, run_due, worker_on

COPIES = 2


@pytest.fixture
async def copies(postgres_server: PostgresServer) -> AsyncIterator[list[OpenDatabase]]:
    """The same database, as each of the processes has opened it."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_postgres(SERVICE, postgres_server))
        opened = [first]
        url = postgres_server.url(first.query("SELECT current_database()")[0][0])
        for _ in range(COPIES - 1):
            db = PostgresDatabase(url, first.ground)
            await db.start()
            stack.push_async_callback(db.close)
            opened.append(OpenDatabase(db, first.clock, first.ids, first.ground, first.query, first.direct))
        yield opened


def nothing(tx: Tx, job: Job) -> None: ...


def ringing(more: TimerHandler = nothing) -> Jobs:
    """A timer `ring` that counts under its key, and does `more`."""
    jobs = Jobs()

    @jobs.timer("ring")
    def ring(tx: Tx, job: Job) -> None:
        add(tx, job.key)
        more(tx, job)

    return jobs


def plan_all(tx: Tx, kind: str, keys: Sequence[str]) -> None:
    for key in keys:
        plan(tx, kind, key)


async def test_timers_are_shared_and_none_runs_twice(copies: list[OpenDatabase]) -> None:
    await copies[0].write(plan_all, "ring", [f"t{number:03}" for number in range(120)])
    workers = [worker_on(each, ringing()) for each in copies]

    async def drive(worker: JobsWorker) -> int:
        done = 0
        while run := await run_due(worker):
            done += run
        return done

    while any(await asyncio.gather(*map(drive, workers))):
        pass

    assert await copies[0].read(values) == {f"t{number:03}": 1 for number in range(120)}
    assert copies[0].jobs() == []


async def test_a_timer_that_another_process_runs_is_not_waited_for(copies: list[OpenDatabase]) -> None:
    is_running, may_end = threading.Event(), threading.Event()

    def dwell(tx: Tx, job: Job) -> None:
        is_running.set()
        may_end.wait(10)

    slow, other = worker_on(copies[0], ringing(dwell)), worker_on(copies[1], ringing())
    await copies[0].write(plan, key="a")
    running = asyncio.create_task(run_due(slow))
    await asyncio.to_thread(is_running.wait, 10)

    assert await run_due(other) == 0
    now = copies[1].clock.now()
    assert now < (await other.next_due() or 0) < now + SECOND
    await copies[1].write(plan, key="b")
    assert await run_due(other) == 1

    may_end.set()
    assert await running == 1
    assert await copies[0].read(values) == {"a": 1, "b": 1}


async def test_timers_that_meet_crosswise_are_both_run_once(copies: list[OpenDatabase]) -> None:
    """Each has locked its own counter and wants the other's."""
    both_hold_one = threading.Barrier(COPIES)
    met: set[str] = set()

    def cross(tx: Tx, job: Job) -> None:
        if job.key not in met:
            met.add(job.key)
            both_hold_one.wait(10)
        add(tx, "b" if job.key == "a" else "a")

    await copies[0].write(lambda tx: [add(tx, key) for key in "ab"])
    kinds = [Jobs(), Jobs()]
    for jobs, key in zip(kinds, "ab", strict=True):
        jobs.timers[f"ring {key}"] = ringing(cross).timers["ring"]
        await copies[0].write(plan, kind=f"ring {key}", key=key)
    workers = [worker_on(each, jobs) for each, jobs in zip(copies, kinds, strict=True)]

    async def drive(worker: JobsWorker) -> None:
        while not await run_due(worker):
            pass

    async with asyncio.timeout(20):
        await asyncio.gather(*map(drive, workers))

    assert await copies[0].read(values) == {"a": 3, "b": 3}
    assert copies[0].jobs() == []


async def test_work_is_leased_to_one_of_them(copies: list[OpenDatabase]) -> None:
    ran: list[str] = []
    jobs = Jobs()

    @jobs.work("send")
    async def send(room: object, job: Job) -> None:
        ran.append(job.key)

    await copies[0].write(plan_all, "send", [f"w{number:02}" for number in range(40)])
    workers = [worker_on(each, jobs) for each in copies]

    while copies[0].jobs():
        await asyncio.gather(*map(run_due, workers))

    assert sorted(ran) == [f"w{number:02}" for number in range(40)]


async def test_one_that_starts_beside_others_leaves_their_leases_alone(copies: list[OpenDatabase]) -> None:
    jobs, is_running, may_end = Jobs(), asyncio.Event(), asyncio.Event()
    ran: list[str] = []

    @jobs.work("send")
    async def send(room: object, job: Job) -> None:
        ran.append(job.key)
        is_running.set()
        await may_end.wait()

    await copies[0].write(plan, "send", "a")
    first, second = (worker_on(each, jobs) for each in copies)
    await first.step()
    await is_running.wait()

    await second.start(alone=False)
    assert await run_due(second) == 0
    may_end.set()
    await first.drain()

    assert ran == ["a"]


async def test_the_work_of_one_that_died_is_done_when_its_lease_is_over(copies: list[OpenDatabase]) -> None:
    jobs, ran, never = Jobs(), [], asyncio.Event()

    @jobs.work("send")
    async def send(room: object, job: Job) -> None:
        ran.append(job.attempts)
        if job.attempts == 1:
            await never.wait()

    await copies[0].write(plan, "send", "a")
    first, second = (worker_on(each, jobs) for each in copies)
    await first.step()

    copies[1].clock.advance(LEASE)
    assert await run_due(second) == 1

    assert ran == [1, 2]
    assert copies[0].jobs() == []
    await first.stop(grace_seconds=0)


async def test_what_runs_again_and_again_has_one_row_however_many_plan_it(copies: list[OpenDatabase]) -> None:
    workers = [worker_on(each, with_housekeeping(Jobs())) for each in copies]

    await asyncio.gather(*(worker.start(alone=False) for worker in workers))
    await asyncio.gather(*map(run_due, workers))

    (job,) = copies[0].jobs()
    assert job.kind == FORGET_ANSWERS
    assert job.due_at > copies[0].clock.now()


async def test_an_event_received_by_two_has_its_effect_once(copies: list[OpenDatabase]) -> None:
    subscriber = Subscriber()
    batch = [envelope(f"e{number}", version=number) for number in range(1, 20)]

    await asyncio.gather(*(subscriber.inbox(each).receive(batch) for each in copies))

    assert await copies[0].read(values) == {"a": len(batch)}
    assert set(states(copies[0]).values()) == {"done"}


async def test_an_event_with_a_slow_statement_keeps_no_row_of_another_locked(copies: list[OpenDatabase]) -> None:
    """It is undone, and run again by itself: what the others of its group have locked is free again."""
    subscriber, is_by_itself = Subscriber(), threading.Event()

    def slow(tx: Tx) -> None:
        if tx.execute(sa.text("SELECT current_setting('statement_timeout')")).scalar() == "15s":
            is_by_itself.set()
        tx.execute(sa.text("SELECT pg_sleep(1.3)"))

    subscriber.trouble["slow"] = slow
    batch = [envelope("a1", "a"), envelope("s1", "slow"), envelope("b1", "b")]
    receiving = asyncio.create_task(subscriber.inbox(copies[0]).receive(batch))
    await asyncio.to_thread(is_by_itself.wait, 10)

    assert await copies[1].write(add, "a") == 2
    assert await copies[1].write(add, "b") == 2
    assert not receiving.done()
    await receiving

    assert await copies[0].read(values) == {"a": 2, "b": 2, "slow": 1}


async def test_an_event_that_two_try_again_at_once_is_tried_once(copies: list[OpenDatabase]) -> None:
    """Otherwise every copy would use up one of its ten tries, each time."""
    subscriber = Subscriber()
    subscriber.trouble["a"] = broken
    inboxes = [subscriber.inbox(each) for each in copies]
    await inboxes[0].receive([envelope("a1", "a"), envelope("a2", "a", 2)])
    is_trying, may_fail = threading.Event(), threading.Event()

    def dwell(tx: Tx) -> None:
        is_trying.set()
        may_fail.wait(10)
        broken(tx)

    subscriber.trouble["a"] = dwell
    copies[0].clock.advance(MINUTE)
    first = asyncio.create_task(inboxes[0].retry())
    await asyncio.to_thread(is_trying.wait, 10)
    second = asyncio.create_task(inboxes[1].retry())
    await waits_for_a_lock(copies[0])
    may_fail.set()

    assert (await first, await second) == (1, 0)
    assert (await copies[0].read(letter, "a1")).attempts == 2


async def test_a_handler_that_always_takes_too_long_parks_its_aggregate_alone(copies: list[OpenDatabase]) -> None:
    subscriber = Subscriber()

    def too_slow(tx: Tx) -> None:
        limit(tx, "statement_timeout")
        tx.execute(sa.text("SELECT pg_sleep(5)"))

    subscriber.trouble["a"] = too_slow
    inbox = subscriber.inbox(copies[0])

    await inbox.receive([envelope("b1", "b"), envelope("a1", "a"), envelope("a2", "a", 2), envelope("c1", "c")])

    assert states(copies[0]) == {"a1": "waiting", "a2": "waiting", "b1": "done", "c1": "done"}
    slow = await copies[0].read(letter, "a1")
    assert (slow.attempts, "TooSlow" in (slow.error or "")) == (1, True)


async def test_an_event_that_meets_a_lock_for_too_long_waits_without_blame(copies: list[OpenDatabase]) -> None:
    holds, may_end = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        add(tx, "shared")
        holds.set()
        may_end.wait(10)

    def take_shared(tx: Tx) -> None:
        limit(tx, "lock_timeout")
        add(tx, "shared")

    await copies[0].write(add, "shared")
    holding = asyncio.create_task(copies[0].write(hold))
    await asyncio.to_thread(holds.wait, 10)
    subscriber = Subscriber()
    subscriber.trouble["a"] = take_shared
    inbox = subscriber.inbox(copies[1])

    await inbox.receive([envelope("b1", "b"), envelope("a1", "a")])
    may_end.set()
    await holding

    assert states(copies[0]) == {"a1": "waiting", "b1": "done"}
    locked = await copies[0].read(letter, "a1")
    assert locked.attempts == 0
    assert LockTimeout.__name__ in (locked.error or "")
    copies[0].clock.advance(SECOND)
    assert await inbox.retry() == 1
    assert await copies[0].read(values) == {"a": 1, "b": 1, "shared": 3}


def limit(tx: Tx, name: str) -> None:
    """The database's own limit, made short for the rest of this transaction."""
    tx.execute(sa.text(f"SELECT set_config('{name}', '20ms', true)"))


async def waits_for_a_lock(database: OpenDatabase) -> None:
    """Until a connection to this database waits for another's row."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(database.query, waiting):
            pass
