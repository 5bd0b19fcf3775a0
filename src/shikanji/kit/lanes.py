"""Several things at once, but never more than so many."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def in_lanes(lanes: int, things: Iterable[T], handle: Callable[[T], Awaitable[int]]) -> int:
    """Handles each thing in one of `lanes` tasks; the sum of what `handle` returned. A lane ends at its first error;
    the first of all is raised when the others have come to their end too."""
    waiting = deque(things)

    async def lane() -> int:
        done = 0
        while waiting:
            done += await handle(waiting.popleft())
        return done

    tasks = [asyncio.create_task(lane()) for _ in range(min(lanes, len(waiting)))]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return sum(result for result in results if isinstance(result, int))
