"""The loops behind a service: woken at once, waiting when there is nothing, stopping without losing anything."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from shikanji.kit.bus.local import LocalBus
from shikanji.kit.clock import DAY, HOUR, MINUTE, SECOND, ManualClock
from shikanji.kit.db.job_rows import due_jobs, end_work, lease
from shikanji.kit.db.tx import Tx
from shikanji.kit.drive import BEHIND_SECONDS_MAX, REST_FACTOR, REST_SECONDS_MIN, Drive, rest_seconds
from shikanji.kit.housekeeping import FORGET_ANSWERS
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room, Service
from shikanji.kit.telemetry.backstage import Backstage
from shikanji.kit.telemetry.metrics import render
from shikanji.kit.web.idempotency import Claim, InFlight, Scope, claim
from shikanji.kit.web.routes import Routes
from shikanji.kit.workers import LATE, Workers
from tests.kit.counters import CounterMoved, CounterSettings, add, add_and_tell, kit, metadata, values
from tests.kit.databases import NOON, OpenDatabase
from tests.kit.delivering import Subscriber, broken, states


class Rounds:
    """A step whose rounds the test counts and waits for."""

    def __init__(self, *results: int | Exception) -> None:
        self.count = 0
        self._results = list(results)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    async def step(self) -> int:
        self.count += 1
        for number, future in self._waiting:
            if number <= self.count and not future.done():
                future.set_result(None)
        result = self._results.pop(0) if self._results else 0
        if isinstance(result, Exception):
            raise result
        return result

    async def reached(self, number: int) -> None:
        if self.count < number:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((number, future))
            async with asyncio.timeout(60):
                await future


async def keep_the_loop_busy(rounds: int) -> None:
    for _ in range(rounds):
        until = time.perf_counter() + 0.005
        while time.perf_counter() < until:
            pass
        await asyncio.sleep(0)


class TestDrive:
    async def test_one_that_gives_way_leaves_a_busy_loop_to_others_and_goes_on_when_it_is_free(self) -> None:
        rounds = Rounds(*[1] * 1_000)
        drive = Drive("test", rounds.step, clock=ManualClock(NOON), gives_way=lambda: 0.0)
        drive.start()

        await keep_the_loop_busy(rounds=40)
        while_busy = rounds.count
        await rounds.reached(while_busy + 20)
        await drive.stop()

        assert while_busy < 20

    @pytest.mark.parametrize(
        ("waited", "behind", "rest"),
        [
            (0.0, 0.0, REST_SECONDS_MIN),
            (0.002, 0.0, 0.002 * REST_FACTOR),
            (10.0, 0.0, BEHIND_SECONDS_MAX),
            (10.0, 1.0, BEHIND_SECONDS_MAX - 1.0),
            (10.0, 100.0, REST_SECONDS_MIN),
        ],
        ids=["idle", "busy", "overloaded", "overloaded and behind", "overloaded and too far behind"],
    )
    def test_a_rest_is_as_long_as_others_wait_but_nothing_becomes_too_old_by_it(
        self, waited: float, behind: float, rest: float
    ) -> None:
        assert rest_seconds(waited, behind) == pytest.approx(rest)

    async def test_one_that_is_too_far_behind_does_not_give_way_any_longer(self) -> None:
        rounds = Rounds(*[1] * 1_000)
        drive = Drive("test", rounds.step, clock=ManualClock(NOON), gives_way=lambda: BEHIND_SECONDS_MAX)
        drive.start()

        busy = asyncio.create_task(keep_the_loop_busy(rounds=10_000))
        await rounds.reached(20)
        still_busy = not busy.done()
        busy.cancel()
        await drive.stop()

        assert still_busy

    async def test_it_goes_on_as_long_as_there_is_something(self) -> None:
        rounds = Rounds(3, 1, 0)
        drive = Drive("test", rounds.step, clock=ManualClock(NOON))
        drive.start()

        await rounds.reached(3)
        await drive.stop()

        assert rounds.count == 3

    async def test_it_is_woken(self) -> None:
        rounds = Rounds()
        drive = Drive("test", rounds.step, clock=ManualClock(NOON))
        drive.start()
        for number in range(2, 5):
            await rounds.reached(number - 1)
            drive.wake()
            await rounds.reached(number)
        await drive.stop()

        assert rounds.count == 4

    async def test_it_looks_by_itself_from_time_to_time(self) -> None:
        rounds = Rounds()
        drive = Drive("test", rounds.step, clock=ManualClock(NOON), poll_seconds=0.001)
        drive.start()

        await rounds.reached(4)
        await drive.stop()

    @pytest.mark.parametrize("due", [NOON + 1_000, NOON - MINUTE])
    async def test_it_comes_when_something_is_due(self, due: int) -> None:
        rounds = Rounds()

        async def next_due() -> int:
            return due

        drive = Drive("test", rounds.step, clock=ManualClock(NOON), next_due=next_due)
        drive.start()

        await rounds.reached(3)
        await drive.stop()

    async def test_a_step_that_fails_is_tried_again_later(self) -> None:
        rounds = Rounds(ValueError("planted"), 0)
        drive = Drive("test", rounds.step, clock=ManualClock(NOON))
        drive.start()
        await rounds.reached(1)
        drive.wake()

        await rounds.reached(2)
        await drive.stop()

        assert rounds.count == 2

    async def test_a_failing_step_is_hurried_only_by_the_end(self) -> None:
        rounds = Rounds(*[ValueError("planted")] * 10)
        drive = Drive("test", rounds.step, clock=ManualClock(NOON))
        drive.start()
        await rounds.reached(3)
        for _ in range(5):
            drive.wake()
            await asyncio.sleep(0)

        await drive.stop()

        assert rounds.count == 3

    async def test_stopping_what_never_began(self) -> None:
        await Drive("test", Rounds().step, clock=ManualClock(NOON)).stop()


class Platform:
    """The counters' service alone: it hears of its own moves, and counts them again under another name."""

    def __init__(self, database: OpenDatabase) -> None:
        self.subscriber = Subscriber()
        self.jobs = Jobs()
        self.jobs.timer("ring")(self._ring)
        self.jobs.work("send")(self._send)
        service = Service(
            name="counters",
            metadata=metadata,
            migrations="tests.kit.counters.migrations",
            routes=Routes("counters"),
            publishes=(CounterMoved,),
            subscribers=self.subscriber.subscribers,
            jobs=self.jobs,
            settings=CounterSettings,
        )
        room = SimpleNamespace(name="counters", db=database.db, clock=database.clock)
        self.workers = Workers(service, cast(Room, room), LocalBus(), jitter=lambda: 0.5)
        self._database = database

    @staticmethod
    def _ring(tx: Tx, job: Job) -> None:
        add(tx, "rung")
        tx.record(CounterMoved(counter_id="told", by=1))

    @staticmethod
    async def _send(room: Room, job: Job) -> None:
        await room.db.write(add, "sent")

    async def until_idle(self) -> None:
        async with asyncio.timeout(10):
            while await self.workers.pending():  # noqa: ASYNC110 - a probe of what is committed
                await asyncio.sleep(0.005)


@pytest.fixture
async def platform(database: OpenDatabase) -> AsyncIterator[Platform]:
    platform = Platform(database)
    await platform.workers.prepare(alone=True)
    yield platform
    await platform.workers.stop(grace_seconds=1)


def begin(tx: Tx) -> None:
    add_and_tell(tx, "moved")
    tx.schedule("ring", "a", tx.now)
    tx.schedule("send", "a", tx.now)
    tx.schedule("ring", "later", tx.now + MINUTE)


DONE = {"moved": 2, "rung": 1, "sent": 1, "told": 1}


async def test_loops_carry_everything_through(database: OpenDatabase, platform: Platform) -> None:
    platform.workers.start()

    await database.write(begin)
    await platform.until_idle()

    assert await database.read(values) == DONE
    assert [(job.kind, job.key) for job in database.jobs()] == [("ring", "later"), (FORGET_ANSWERS, "")]


async def test_a_test_can_drive_instead(database: OpenDatabase, platform: Platform) -> None:
    await database.write(begin)
    pending = await platform.workers.pending()
    assert (pending.unpublished, pending.jobs_due, bool(pending)) == (1, True, True)

    while await platform.workers.step():
        pass

    assert not await platform.workers.pending()
    assert await database.read(values) == DONE


async def test_work_in_another_process_is_pending_until_it_is_given_back(platform: Platform) -> None:
    await platform.workers.db.write(lambda tx: tx.schedule("elsewhere", "a", tx.now))
    elsewhere = await platform.workers.db.read(due_jobs, ["elsewhere"], 1)
    leased = await platform.workers.db.write(lease, elsewhere, MINUTE)

    assert (await platform.workers.pending()).works_running == 1
    await platform.workers.db.write(end_work, leased[0], None)

    assert (await platform.workers.pending()).works_running == 0


async def test_a_parked_event_is_pending_only_when_it_is_due(database: OpenDatabase, platform: Platform) -> None:
    platform.subscriber.trouble["moved"] = broken
    platform.workers.start()
    await database.write(add_and_tell, "moved")
    await platform.until_idle()
    assert list(states(database).values()) == ["waiting"]
    platform.subscriber.trouble.clear()

    database.clock.advance(SECOND)
    assert (await platform.workers.pending()).retries_due
    while await platform.workers.step():
        pass

    assert list(states(database).values()) == ["done"]


async def test_old_answers_to_repeated_requests_are_forgotten(database: OpenDatabase, platform: Platform) -> None:
    def keep_answers(tx: Tx) -> None:
        for number, expires_at in enumerate([tx.now, tx.now + HOUR, tx.now + DAY]):
            row = {
                "principal": "p",
                "route": "r",
                "key": str(number),
                "body_hash": "",
                "effect_id": tx.new_id(),
                "lease_until": 0,
            }
            tx.execute(sa.insert(kit.idempotency).values(**row, expires_at=expires_at))

    await database.write(keep_answers)
    await platform.workers.step()
    assert database.query("SELECT key FROM idempotency ORDER BY key") == [("1",), ("2",)]

    database.clock.advance(HOUR)
    await platform.workers.step()

    assert database.query("SELECT key FROM idempotency") == [("2",)]


async def test_metrics_tell_how_events_and_jobs_stand(database: OpenDatabase, platform: Platform) -> None:
    registry = CollectorRegistry()
    backstage = Backstage(registry, {"counters": platform.workers})
    platform.subscriber.trouble["moved"] = broken
    await database.write(add_and_tell, "moved")
    await platform.workers.step()
    await database.write(begin)
    database.clock.advance(LATE)

    assert await backstage.refresh() == 0

    text = render(registry).decode()
    for line in (
        'shikanji_outbox_unpublished{service="counters"} 1.0',
        'shikanji_outbox_oldest_seconds{service="counters"} 10.0',
        'shikanji_inbox_waiting{service="counters"} 1.0',
        'shikanji_inbox_dead{service="counters"} 0.0',
        'shikanji_jobs_late{service="counters"} 2.0',
        'shikanji_db_units_waiting{service="counters"} 0.0',
        'shikanji_db_refused_total{service="counters"} 0.0',
    ):
        assert line in text


async def test_what_stopping_leaves_goes_on_at_the_next_start(database: OpenDatabase, platform: Platform) -> None:
    platform.workers.start()
    await platform.workers.stop()
    await database.write(begin)
    again = Platform(database)
    await again.workers.prepare(alone=True)
    again.workers.start()

    await again.until_idle()
    await again.workers.stop()

    assert await database.read(values) == DONE


@pytest.mark.parametrize("alone", [True, False])
async def test_a_start_that_is_alone_frees_what_the_dead_had_claimed(
    database: OpenDatabase, platform: Platform, alone: bool
) -> None:
    key = Scope("guest", "POST /teas", "k" * 16, "one")
    await database.write(claim, key)

    await platform.workers.prepare(alone=alone)

    if alone:
        assert isinstance(await database.write(claim, key), Claim)
    else:
        with pytest.raises(InFlight):
            await database.write(claim, key)
