"""The cache in this process's memory."""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping

from shikanji.kit.cache import VALUE_BYTES_MAX, Listener
from shikanji.kit.telemetry.logs import logger

ENTRIES_MAX = 50_000

_log = logger("cache")


class MemoryCache:
    """Bounded; what was used longest ago goes first. `seconds` is a monotonic clock."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic, entries_max: int = ENTRIES_MAX) -> None:
        self._seconds = seconds
        self._entries_max = entries_max
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)

    @property
    def away(self) -> str:
        return ""

    @property
    def lost(self) -> Mapping[str, int]:
        return {}

    async def start(self) -> None:
        """There is nothing to connect to."""

    async def close(self) -> None:
        """There is nothing to part from."""

    async def get(self, key: str) -> bytes | None:
        entry = self._values.get(key)
        if entry is None:
            return None
        if entry[0] <= self._seconds():
            del self._values[key]
            return None
        self._values.move_to_end(key)
        return entry[1]

    async def set(self, key: str, value: bytes, *, seconds: float) -> None:
        if len(value) > VALUE_BYTES_MAX:
            return
        self._values[key] = (self._seconds() + seconds, value)
        self._values.move_to_end(key)
        if len(self._values) > self._entries_max:
            self._values.popitem(last=False)

    async def delete(self, key: str) -> None:
        self._values.pop(key, None)

    async def take(self, key: str, *, rate_per_minute: int, burst: int) -> float:
        return self.take_now(key, rate_per_minute=rate_per_minute, burst=burst)

    def take_now(self, key: str, *, rate_per_minute: int, burst: int) -> float:
        """GCRA: `full_at` is when the bucket will be full again; a token may be taken while that lies no further ahead
        than the burst allows."""
        now = self._seconds()
        interval = 60.0 / rate_per_minute
        full_at = max(self._full_at.get(key, now), now)
        wait = full_at - now - (burst - 1) * interval
        if wait > 1e-9:
            return wait
        self._full_at[key] = full_at + interval
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._entries_max:
            self._full_at.popitem(last=False)
        return 0.0

    async def publish(self, channel: str, message: bytes) -> None:
        for listener in tuple(self._listeners[channel]):
            try:
                await listener(message)
            except Exception:
                _log.exception("a listener failed", channel=channel)

    async def listen(self, channel: str, listener: Listener) -> None:
        self._listeners[channel].append(listener)

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Nothing is ever missed: who publishes calls the listeners itself."""
