"""An event loop without threads, sockets and waiting: its time is a clock that others move, and what would run in a
thread runs at once. Nothing but the order of its callbacks decides what happens, and that order is always the same."""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

from shikanji.kit.clock import SECOND, Clock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TURNS_MAX = 2_000_000
"""Callbacks of one `run_ready`: far more means that something turns round for ever."""


class Endless(RuntimeError):
    """The loop never came to rest."""


class _Soon(asyncio.Handle):
    def run(self) -> None:
        self._run()


class _Later(asyncio.TimerHandle):
    def run(self) -> None:
        self._run()


class StillLoop(asyncio.BaseEventLoop):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._soon: deque[_Soon | _Later] = deque()
        self._timers: list[tuple[float, int, _Later]] = []
        self._planned = 0
        self.tasks: dict[asyncio.Task[Any], None] = {}
        """Those that have not ended, in the order of their making."""
        self.faults: list[str] = []
        """What nobody caught."""

    # What drives it.

    def run_ready(self) -> None:
        """Runs until everything waits: for a timer, or for whoever resolves a future from outside."""
        if not self.run_some(TURNS_MAX):
            raise Endless(f"{TURNS_MAX:,} callbacks, and still more")

    def run_some(self, turns: int) -> bool:
        """So many callbacks at most; whether everything waits then."""
        previous = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            for _ in range(turns):
                self._take_due()
                if not self._soon:
                    return True
                handle = self._soon.popleft()
                if not handle.cancelled():
                    handle.run()
            return False
        finally:
            asyncio._set_running_loop(previous)

    def next_timer(self) -> float | None:
        """In seconds, on the clock."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def cancel_all(self) -> None:
        """Ends every task, as far as they let themselves be ended."""
        for task in tuple(self.tasks):
            task.cancel()
        self.run_ready()

    def _take_due(self) -> None:
        now = self.time()
        while self._timers and self._timers[0][0] <= now:
            self._soon.append(heapq.heappop(self._timers)[2])

    # What asyncio and our own code ask of a loop.

    def time(self) -> float:
        return self._clock.now() / SECOND

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = _Soon(callback, args, self, context)
        self._soon.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = _Later(when, callback, args, self, context)
        self._planned += 1
        heapq.heappush(self._timers, (when, self._planned, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer stays until its time and is passed over then."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        task = asyncio.Task(coro, loop=self, name=None if name is None else str(name), context=context)
        self.tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self.tasks.pop(task, None)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.faults.append(f"{context['message']}: {error!r}" if error else context["message"])
