"""Time limits for what runs on the event loop, to the next second: one timer for all of them. A timer for each request
would cost more than a cached answer."""

import asyncio
from types import TracebackType

TICK_SECONDS = 1.0


class Deadlines:
    """`with deadlines.within(30):` raises TimeoutError when the inside takes longer. Not to be nested in one task."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._ticking = False

    def within(self, seconds: float) -> "_Limit":
        return _Limit(self, seconds)

    def begin(self, seconds: float) -> asyncio.Task[object]:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit needs a task to stop")
        loop = task.get_loop()
        self._ends[task] = loop.time() + seconds
        if not self._ticking:
            self._ticking = True
            loop.call_later(min(TICK_SECONDS, seconds), self._tick)
        return task

    def end(self, task: asyncio.Task[object]) -> bool:
        """Whether the limit was what stopped the task."""
        self._ends.pop(task, None)
        if not self._expired or task not in self._expired:
            return False
        self._expired.discard(task)
        return True

    def _tick(self) -> None:
        self._ticking = bool(self._ends)
        if not self._ticking:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        for task in [task for task, end in self._ends.items() if end <= now]:
            del self._ends[task]
            self._expired.add(task)
            task.cancel()
        loop.call_later(TICK_SECONDS, self._tick)


class _Limit:
    __slots__ = ("_deadlines", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds

    def __enter__(self) -> None:
        self._task = self._deadlines.begin(self._seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stopped = self._deadlines.end(self._task)
        # Cancelled twice means that someone else wants the task gone as well.
        if stopped and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error
