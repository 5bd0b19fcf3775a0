"""Time limits for what runs on the event loop, to the next second: one timer for all of them. A timer for each request
or call would cost more than many an answer."""

import asyncio
from types import TracebackType

TICK_SECONDS = 1.0


class Deadlines:
    """`with deadlines.within(30):` raises TimeoutError when the inside takes longer."""

    def __init__(self) -> None:
        self._limits: dict[Limit, None] = {}
        """In the order of their beginning: a set would end those of one moment in another order each time."""
        self._ticking = False

    def within(self, seconds: float) -> "Limit":
        return Limit(self, seconds)

    def begin(self, limit: "Limit", loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._limits[limit] = None
        if not self._ticking:
            self._ticking = True
            loop.call_later(min(TICK_SECONDS, seconds), self._tick, loop)

    def end(self, limit: "Limit") -> None:
        self._limits.pop(limit, None)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._ticking = bool(self._limits)
        if not self._ticking:
            return
        now = loop.time()
        for limit in [limit for limit in self._limits if limit.ends_at <= now]:
            self._limits.pop(limit, None)
            limit.expire()
        loop.call_later(TICK_SECONDS, self._tick, loop)


class Limit:
    __slots__ = ("_cancelling", "_deadlines", "_expired", "_seconds", "_task", "ends_at")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit needs a task to stop")
        loop = task.get_loop()
        self._task, self._cancelling = task, task.cancelling()
        self.ends_at = loop.time() + self._seconds
        self._deadlines.begin(self, loop, self._seconds)

    def expire(self) -> None:
        self._expired = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._expired:
            self._deadlines.end(self)
        # Cancelled once more than by this limit means that someone else wants the task gone as well.
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
