"""Durable timers and outside work: planned in the transaction that decided on them, run later, at least once."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from shikanji.kit.db.tx import Tx

if TYPE_CHECKING:
    from shikanji.kit.service import Room

P = TypeVar("P")


class Job(msgspec.Struct, frozen=True):
    """One leased row. `attempts` counts this run; `lease` fences it against a worker that took it over; `plan` tells
    whether the job was scheduled anew while it ran."""

    kind: str
    key: str
    due_at: int
    payload: bytes
    attempts: int
    lease: str
    plan: int = 0
    correlation_id: str = ""

    def load(self, kind: type[P]) -> P:
        return msgspec.json.decode(self.payload, type=kind)


TimerHandler = Callable[[Tx, Job], None]
WorkHandler = Callable[["Room", Job], Awaitable[None]]


class Jobs:
    """What a service does by the clock.

    - `timer(kind)`: SQL only; runs in one transaction with the removal of its row (it may schedule itself again).
    - `work(kind)`: calls to the outside world, under a lease. It ends the job by `tx.finish(job)` in the transaction
      that stores its outcome; a handler that returns without doing so has its row removed afterwards. A handler that
      raises is run again, 1 s doubling to 5 min, for ever.
    - `every(kind, seconds)`: a work handler whose row is there from the first start and which runs again and again.
    """

    def __init__(self) -> None:
        self.timers: dict[str, TimerHandler] = {}
        self.works: dict[str, WorkHandler] = {}
        self.periods: dict[str, int] = {}

    def timer(self, kind: str) -> Callable[[TimerHandler], TimerHandler]:
        def register(handler: TimerHandler) -> TimerHandler:
            self._check_new(kind)
            self.timers[kind] = handler
            return handler

        return register

    def work(self, kind: str) -> Callable[[WorkHandler], WorkHandler]:
        def register(handler: WorkHandler) -> WorkHandler:
            self._check_new(kind)
            self.works[kind] = handler
            return handler

        return register

    def every(self, kind: str, *, seconds: int) -> Callable[[WorkHandler], WorkHandler]:
        def register(handler: WorkHandler) -> WorkHandler:
            self.work(kind)(handler)
            self.periods[kind] = seconds
            return handler

        return register

    def _check_new(self, kind: str) -> None:
        if kind in self.timers or kind in self.works:
            raise ValueError(f"job kind {kind} has a handler already")
