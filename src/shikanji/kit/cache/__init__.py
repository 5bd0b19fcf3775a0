"""The cache port: warmth only. Losing all of it costs time and nothing else."""

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable


class Cache(Protocol):
    async def get(self, key: str) -> bytes | None: ...

    async def set(self, key: str, value: bytes, *, seconds: float) -> None: ...

    async def delete(self, key: str) -> None: ...

    async def take(self, key: str, *, rate_per_minute: int, burst: int) -> float:
        """Takes one token of the bucket `key` (GCRA). 0.0 when it was there; else the seconds until one will be."""
        ...

    async def publish(self, channel: str, message: bytes) -> None:
        """To every listener of the channel in every process, best effort."""
        ...

    async def listen(self, channel: str, listener: Callable[[bytes], Awaitable[None]]) -> None: ...


@runtime_checkable
class LocalCache(Protocol):
    """What a cache in this very process can do besides: answer without waiting."""

    def take_now(self, key: str, *, rate_per_minute: int, burst: int) -> float: ...
