"""Waiting for what happens by itself: a look now and then, and in the end words for what did not come."""

import asyncio
from collections.abc import Awaitable, Callable

TICK_SECONDS = 0.01
PROBED_FOR_SECONDS = 60.0


async def tick() -> None:
    await asyncio.sleep(TICK_SECONDS)


async def until(
    holds: Callable[[], bool | Awaitable[bool]], what: str, tick: Callable[[], Awaitable[None]] = tick
) -> None:
    """`tick`: lets a hundredth of a second pass."""
    for _ in range(int(PROBED_FOR_SECONDS / TICK_SECONDS)):
        found = holds()
        if found if isinstance(found, bool) else await found:
            return
        await tick()
    raise AssertionError(f"waited {PROBED_FOR_SECONDS:g} s in vain until {what}")
