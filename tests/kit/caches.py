"""The cache in memory, and on a real Valkey: with time that passes, and a way to wait for what comes by itself."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from shikanji.engines import Engines
from shikanji.kit.cache import Cache
from shikanji.kit.cache.memory import MemoryCache
from shikanji.kit.cache.valkey import ValkeyCache, open_valkey
from tests.probing import TICK_SECONDS, tick, until

PATIENT_SECONDS = 10.0
"""A busy machine must not make a server look dead that is not."""


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
        await until(holds, what, self.tick)


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
        yield OpenCache(one, other, tick)


@asynccontextmanager
async def opened(url: str, platform: str, *, seconds_max: float = PATIENT_SECONDS) -> AsyncIterator[ValkeyCache]:
    cache = open_valkey(url, platform=platform, seconds_max=seconds_max)
    await cache.start()
    try:
        yield cache
    finally:
        await cache.close()


async def tell(url: str, *command: str | int) -> None:
    """Says something to the server itself."""
    client: Any = Redis.from_url(url.replace("valkey://", "redis://"))
    async with client:
        await client.execute_command(*command)
