"""Loops that drive a step: woken by a signal, by the time that the step names, and by a poll (signals get lost)."""

import asyncio
from collections.abc import Awaitable, Callable

from shikanji.kit.clock import SECOND, Clock
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.waiting import until

POLL_SECONDS = 5.0
FAILED_SECONDS_MIN = 0.1
FAILED_SECONDS_MAX = 5.0
REST_SECONDS_MIN = 0.02
REST_FACTOR = 40
"""Of how long others have to wait for the event loop."""
BEHIND_SECONDS_MAX = 1.5
"""Nothing is ever older than this because what should have dealt with it was resting."""

_log = logger("drive")

Step = Callable[[], Awaitable[int]]
NextDue = Callable[[], Awaitable[int | None]]
Behind = Callable[[], float]


class Drive:
    """Runs `step` until it says 0, then waits. `next_due` says when (µs) there will be something to do by the clock."""

    def __init__(
        self,
        name: str,
        step: Step,
        *,
        clock: Clock,
        next_due: NextDue | None = None,
        poll_seconds: float = POLL_SECONDS,
        gives_way: Behind | None = None,
    ) -> None:
        """`gives_way`: it rests after each step that found something. What it does may wait, and more of it at once
        costs fewer commits and less of everything else. What is given says for how many seconds that which the last
        step left undone has been waiting already."""
        self.name = name
        self._gives_way = gives_way
        self._step, self._clock, self._next_due, self._poll_seconds = step, clock, next_due, poll_seconds
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self.name)

    def wake(self) -> None:
        self._woken.set()

    async def stop(self) -> None:
        """Returns when the step that is running has ended; nothing is cut off."""
        self._stopping.set()
        self.wake()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            pause = await self._try_step()
            if pause > 0:
                await self._wait(pause)
            elif self._gives_way:
                await self._rest(self._gives_way())

    async def _rest(self, behind: float) -> None:
        """Looks again and again how busy the loop is, for it may be free long before the rest is over."""
        now = asyncio.get_running_loop().time
        began = now()
        waited = await self._wait_for_the_loop()
        while not self._stopping.is_set() and now() - began < rest_seconds(waited, behind):
            # Between two looks of one moment there may be little to do by chance.
            waited = (waited + await self._wait_for_the_loop()) / 2

    async def _wait_for_the_loop(self) -> float:
        """Lets the shortest rest go by; for how long the loop then kept it waiting."""
        now = asyncio.get_running_loop().time
        due = now() + REST_SECONDS_MIN
        await until(self._stopping, REST_SECONDS_MIN)
        await asyncio.sleep(0)
        return max(now() - due, 0.0)

    async def _try_step(self) -> float:
        """Seconds to wait before the next one."""
        try:
            done = await self._step()
            pause = 0.0 if done else await self._idle_seconds()
        except Exception as error:
            self._failures += 1
            _log.warning(
                "a step failed", loop=self.name, failures=self._failures, error=f"{type(error).__name__}: {error}"
            )
            return min(FAILED_SECONDS_MIN * float(1 << min(self._failures, 10)), FAILED_SECONDS_MAX)
        self._failures = 0
        return pause

    async def _idle_seconds(self) -> float:
        due = await self._next_due() if self._next_due else None
        if due is None:
            return self._poll_seconds
        return min(max((due - self._clock.now()) / SECOND, 0.001), self._poll_seconds)

    async def _wait(self, seconds: float) -> None:
        # A failing step is not hurried by what wakes it, only by the end.
        await until(self._stopping if self._failures else self._woken, seconds)


def rest_seconds(waited: float, behind: float) -> float:
    """The longer, the longer others wait for the loop (`waited`); never so long that what is left undone (`behind`: for
    how long already) would be too old after it. Once it is, it gets its share of the loop like everything else."""
    return max(min(waited * REST_FACTOR, BEHIND_SECONDS_MAX - behind), REST_SECONDS_MIN)
