"""The cache port: warmth only. Losing all of it costs time and nothing else."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, runtime_checkable

VALUE_BYTES_MAX = 1_048_576
"""A larger value is not kept."""

Listener = Callable[[bytes], Awaitable[None]]


class CacheUnavailable(Exception):
    """The cache is away: nobody can say. Whoever asked knows what that means for them."""


class Cache(Protocol):
    @property
    def away(self) -> str:
        """Why the cache cannot be reached, in words for whoever runs it; empty when it can."""
        ...

    @property
    def lost(self) -> Mapping[str, int]:
        """Operations that were not done because it was away, by their name."""
        ...

    async def start(self) -> None:
        """Connects. A cache that is away is no reason not to start: it is found when it comes back."""
        ...

    async def close(self) -> None: ...

    async def get(self, key: str) -> bytes | None:
        """None too when the cache is away."""
        ...

    async def set(self, key: str, value: bytes, *, seconds: float) -> None:
        """Nothing happens when the cache is away, or the value is larger than VALUE_BYTES_MAX."""
        ...

    async def delete(self, key: str) -> None:
        """Nothing happens when the cache is away: what must not be read later has a short life besides."""
        ...

    async def take(self, key: str, *, rate_per_minute: int, burst: int) -> float:
        """Takes one token of the bucket `key` (GCRA). 0.0 when it was there; else the seconds until one will be.
        Raises CacheUnavailable."""
        ...

    async def publish(self, channel: str, message: bytes) -> None:
        """To every listener of the channel in every process, best effort."""
        ...

    async def listen(self, channel: str, listener: Listener) -> None: ...

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Called whenever messages may have passed unheard: when the connection to the others is lost, and when it is
        made (again)."""
        ...


@runtime_checkable
class LocalCache(Protocol):
    """What a cache in this very process can do besides: answer without waiting."""

    def take_now(self, key: str, *, rate_per_minute: int, burst: int) -> float: ...
