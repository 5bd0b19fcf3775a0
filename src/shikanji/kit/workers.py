"""All that works behind one service: its relay, its inbox, its jobs. Loops drive them, or a test does, step by step."""

from collections.abc import Sequence

import msgspec

from shikanji.kit.backoff import Jitter
from shikanji.kit.bus import Bus
from shikanji.kit.clock import SECOND
from shikanji.kit.db import inbox, job_rows, letters, relay
from shikanji.kit.db.inbox import Inbox
from shikanji.kit.db.leadership import Leads, alone
from shikanji.kit.db.relay import Relay
from shikanji.kit.db.tx import PLANNED, RECORDED, Tx
from shikanji.kit.drive import Drive
from shikanji.kit.events import Envelope
from shikanji.kit.housekeeping import with_housekeeping
from shikanji.kit.jobs_worker import JobsWorker
from shikanji.kit.service import Room, Service
from shikanji.kit.web import idempotency

GRACE_SECONDS = 10.0
LATE = 10 * SECOND
"""A job that was due so long ago and runs nowhere is late."""


class Pending(msgspec.Struct, frozen=True):
    """What a service still has to do at this moment, in whatever process. Events and jobs that wait for a later time
    are not counted."""

    unpublished: int
    retries_due: bool
    jobs_due: bool
    works_running: int

    def __bool__(self) -> bool:
        return bool(self.unpublished or self.retries_due or self.jobs_due or self.works_running)


class Standing(msgspec.Struct, frozen=True):
    """How a service's events and jobs stand, for metrics and alerts."""

    unpublished: int = 0
    unpublished_seconds: float = 0.0
    """How long the oldest of them has been waiting."""
    waiting: int = 0
    dead: int = 0
    late_jobs: int = 0
    works_running: int = 0


class Workers:
    def __init__(self, service: Service, room: Room, bus: Bus, *, jitter: Jitter, leads: Leads = alone) -> None:
        """`leads`: where several processes run this service, only the leader relays, and only the leader receives."""
        self.name = service.name
        self.relay = Relay(room.db, bus, leads("relay"))
        self.inbox = Inbox(room.db, service.subscribers, jitter=jitter)
        jobs = with_housekeeping(service.jobs)
        self.jobs = JobsWorker(room, jobs, jitter=jitter)
        self.db = room.db
        self._kinds = [*jobs.timers, *jobs.works]
        clock = room.clock
        self._relay_drive = Drive(
            f"{self.name}-relay", self.relay.step, clock=clock, gives_way=lambda: self.relay.behind(clock.now())
        )
        self._inbox_drive = Drive(f"{self.name}-inbox", self.inbox.retry, clock=clock, next_due=self.inbox.next_due)
        self._jobs_drive = Drive(f"{self.name}-jobs", self.jobs.step, clock=clock, next_due=self.jobs.next_due)
        if service.subscribers.kinds:
            bus.subscribe(self.name, frozenset(service.subscribers.kinds), self._receive, leads("puller"))

    async def prepare(self, *, alone: bool) -> None:
        """Once, before anything is driven. `alone`: no other process works on this database."""
        await self.jobs.start(alone=alone)
        if alone:
            await self.db.write(idempotency.void_leases)

    def start(self) -> None:
        """Starts the loops."""
        self.db.subscribe_commits(self._relay_drive.wake, RECORDED)
        self.db.subscribe_commits(self._jobs_drive.wake, PLANNED)
        self.jobs.on_free(self._jobs_drive.wake)
        for drive in (self._relay_drive, self._inbox_drive, self._jobs_drive):
            drive.start()

    async def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """No new work; what runs may end. What stays undone is in the database and goes on at the next start."""
        await self._jobs_drive.stop()
        await self.jobs.stop(grace_seconds=grace_seconds)
        await self._inbox_drive.stop()
        await self._relay_drive.stop()
        await self.relay.release()

    async def step(self) -> int:
        """Everything that is due now, once; for tests that drive. Waits for the work that it starts."""
        done = await self.relay.step() + await self.inbox.retry() + await self.jobs.step()
        await self.jobs.drain()
        return done

    async def pending(self) -> Pending:
        return await self.db.read(_pending, self._kinds, self.jobs.running)

    async def standing(self) -> Standing:
        return await self.db.read(_standing, self.jobs.running)

    async def _receive(self, batch: Sequence[Envelope]) -> None:
        if await self.inbox.receive(batch):
            self._inbox_drive.wake()


def _standing(tx: Tx, running: int) -> Standing:
    backlog = relay.backlog(tx)
    return Standing(
        unpublished=backlog.rows,
        unpublished_seconds=0.0 if backlog.oldest_at is None else (tx.now - backlog.oldest_at) / SECOND,
        waiting=letters.count(tx, "waiting"),
        dead=letters.count(tx, "dead"),
        late_jobs=job_rows.count_late(tx, LATE),
        works_running=running,
    )


def _pending(tx: Tx, kinds: list[str], running: int) -> Pending:
    retry_at = inbox.next_due(tx)
    return Pending(
        unpublished=relay.backlog(tx).rows,
        retries_due=retry_at is not None and retry_at <= tx.now,
        jobs_due=bool(job_rows.due_jobs(tx, kinds, 1)),
        works_running=max(running, job_rows.count_leased(tx)),
    )
