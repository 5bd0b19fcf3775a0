"""The cache in memory, and on a real Valkey: with time that passes, and a way to wait for what comes by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from shikanji.engines import Engines
from shikanji.kit.cache import Cache
from shikanji.kit.cache.memory import MemoryCache
from shikanji.kit.cache.opening import open_cache
from shikanji.kit.cache.valkey import ValkeyCache

TICK_SECONDS = 0.01
PROBED_FOR_SECONDS = 10.0


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class OpenCache:
    cache: Cache
    elsewhere: Cache
    """As another process of the same platform has it."""
    tick: Callable[[], Awaitable[None]]
    """Lets a hundredth of a second pass."""

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        for _ in range(int(PROBED_FOR_SECONDS / TICK_SECONDS)):
            if await holds():
                return
            await self.tick()
        raise AssertionError(f"waited {PROBED_FOR_SECONDS} s in vain until {what}")


@asynccontextmanager
async def open_on(engine: str, engines: Engines) -> AsyncIterator[OpenCache]:
    """Empty; on Valkey under a name that nobody else uses."""
    if engine == "memory":
        seconds = Seconds()

        async def advance() -> None:
            seconds.now += TICK_SECONDS

        cache = MemoryCache(seconds)
        yield OpenCache(cache, cache, advance)
        return
    url, platform = engines.need("valkey")["SHIKANJI_CACHE_URL"], uuid4().hex
    async with opened(url, platform) as one, opened(url, platform) as other:
        yield OpenCache(one, other, lambda: asyncio.sleep(TICK_SECONDS))


@asynccontextmanager
async def opened(url: str, platform: str) -> AsyncIterator[ValkeyCache]:
    cache = open_cache(url, platform=platform)
    assert isinstance(cache, ValkeyCache)
    await cache.start()
    try:
        yield cache
    finally:
        await cache.close()


async def until(holds: Callable[[], bool], what: str) -> None:
    """For what happens by itself."""
    for _ in range(int(PROBED_FOR_SECONDS / TICK_SECONDS)):
        if holds():
            return
        await asyncio.sleep(TICK_SECONDS)
    raise AssertionError(f"waited {PROBED_FOR_SECONDS} s in vain until {what}")


async def tell(url: str, *command: str | int) -> None:
    """Says something to the server itself."""
    client: Any = Redis.from_url(url.replace("valkey://", "redis://"))
    async with client:
        await client.execute_command(*command)
