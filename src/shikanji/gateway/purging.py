"""Kept answers that are out of date: what one gateway hears of, all forget."""

import asyncio
from contextlib import suppress

from shikanji.gateway.response_cache import ResponseCache
from shikanji.kit.cache import Cache

PURGE_CHANNEL = "gateway.purge"
"""On the cache port's fan-out: path prefixes, one a line, whose answers every gateway forgets."""
EVERYTHING = ""
"""The prefix of every path."""


class Purging:
    """Each gateway hears of a change by the bus and tells the others over the cache: whichever of the two is away, they
    learn it from the other. What neither brings is old after some seconds anyway."""

    def __init__(self, responses: ResponseCache, cache: Cache) -> None:
        self._responses = responses
        self._cache = cache
        self._untold: set[str] = set()
        self._telling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._cache.on_gap(lambda: self._responses.purge(EVERYTHING))
        await self._cache.listen(PURGE_CHANNEL, self._heard)

    async def stop(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling

    def everywhere(self, *prefixes: str) -> None:
        """Here at once, at the others as soon as it has travelled there; what comes meanwhile travels together."""
        self._responses.purge(*prefixes)
        self._untold.update(prefixes)
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        try:
            while self._untold:
                prefixes, self._untold = sorted(self._untold), set()
                await self._cache.publish(PURGE_CHANNEL, "\n".join(prefixes).encode())
        finally:
            self._telling = None

    async def _heard(self, message: bytes) -> None:
        self._responses.purge(*message.decode().split("\n"))
