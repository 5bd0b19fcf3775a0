"""What the suites of durable jobs share: a worker that the test drives, and a plan for it."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec

from shikanji.kit.db.tx import Tx
from shikanji.kit.jobs import Jobs
from shikanji.kit.jobs_worker import JobsWorker
from shikanji.kit.service import Room
from tests.kit.databases import OpenDatabase


class Note(msgspec.Struct, frozen=True):
    text: str


def worker_on(database: OpenDatabase, jobs: Jobs, **limits: Any) -> JobsWorker:
    room = SimpleNamespace(name="counters", db=database.db, clock=database.clock)
    return JobsWorker(cast(Room, room), jobs, jitter=lambda: 0.5, **limits)


async def run_due(worker: JobsWorker) -> int:
    done = await worker.step()
    await worker.drain()
    return done


def plan(tx: Tx, kind: str = "ring", key: str = "a", at: int | None = None, text: str = "") -> None:
    tx.schedule(kind, key, tx.now if at is None else at, Note(text))
