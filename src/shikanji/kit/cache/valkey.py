"""The cache that all processes share: a Valkey (or Redis) server."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio.connection import Connection, parse_url
from redis.exceptions import NoScriptError

from shikanji.kit.cache import VALUE_BYTES_MAX, CacheUnavailable, Listener
from shikanji.kit.cache.valkey_fanout import FanOut
from shikanji.kit.cache.valkey_link import SECONDS_MAX, Argument, Link
from shikanji.kit.clock import Clock, SystemClock
from shikanji.kit.settings import SettingsError

KEY_BYTES_MAX = 200
"""Longer keys are stored under their hash."""

_SCHEMES = {"valkey": "redis", "redis": "redis", "valkeys": "rediss", "rediss": "rediss"}

TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
full_at = math.min(math.max(full_at, now), now + burst * interval)
local wait = full_at - now - (burst - 1) * interval
if wait > 1 then
  return math.ceil(wait)
end
full_at = full_at + interval
redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return 0
"""
"""GCRA as in MemoryCache, in microseconds of the server's clock, so that all processes count on one. Never further
ahead than a full burst: a server clock that was put back must not lock anybody out."""
_TAKE_SHA = hashlib.sha1(TAKE.encode(), usedforsecurity=False).hexdigest()


def open_valkey(
    url: str, *, platform: str, clock: Clock | None = None, seconds_max: float = SECONDS_MAX
) -> "ValkeyCache":
    """`seconds_max`: for all that goes out together, connecting included. Raises SettingsError for a URL that names no
    server."""
    given = _given(url)
    connection_class = given.pop("connection_class", Connection)

    def connect() -> Connection:
        # Timeouts are set around whole exchanges. RESP 2 without extras: no round trip more than it takes.
        connection: Connection = connection_class(
            **given, protocol=2, driver_info=None, socket_timeout=None, socket_connect_timeout=None
        )
        return connection

    place = f"{given.get('host', 'localhost')}:{given.get('port', 6379)}"
    link = Link(connect, clock or SystemClock(), seconds_max)
    return ValkeyCache(link, FanOut(connect, f"{platform}:c:", made=link.reached), platform=platform, place=place)


class ValkeyCache:
    def __init__(self, link: Link, fan_out: FanOut, *, platform: str, place: str) -> None:
        self._link = link
        self._fan_out = fan_out
        self._platform = platform
        self._place = place
        self._lost: Counter[str] = Counter()

    @property
    def away(self) -> str:
        reason = self._link.away or self._fan_out.away
        return f"Valkey at {self._place}: {reason}" if reason else ""

    @property
    def lost(self) -> Mapping[str, int]:
        return self._lost

    async def start(self) -> None:
        await self._try("start", "PING")
        await self._fan_out.start()

    async def close(self) -> None:
        await self._fan_out.close()
        await self._link.close()

    async def get(self, key: str) -> bytes | None:
        value: bytes | None = await self._try("get", "GET", self._key("v", key))
        return value

    async def set(self, key: str, value: bytes, *, seconds: float) -> None:
        if len(value) <= VALUE_BYTES_MAX:
            await self._try("set", "SET", self._key("v", key), value, "PX", max(1, math.ceil(seconds * 1_000)))

    async def delete(self, key: str) -> None:
        await self._try("delete", "DEL", self._key("v", key))

    async def take(self, key: str, *, rate_per_minute: int, burst: int) -> float:
        arguments = (1, self._key("b", key), f"{60_000_000 / rate_per_minute:.3f}", burst)
        try:
            wait: int = await self._take(*arguments)
        except CacheUnavailable:
            self._lost["take"] += 1
            raise
        return wait / 1_000_000

    async def publish(self, channel: str, message: bytes) -> None:
        await self._try("publish", "PUBLISH", self._fan_out.named(channel), message)

    async def listen(self, channel: str, listener: Listener) -> None:
        await self._fan_out.listen(channel, listener)

    def on_gap(self, callback: Callable[[], None]) -> None:
        self._fan_out.on_gap(callback)

    async def _take(self, *arguments: Argument) -> int:
        try:
            return int(await self._link.ask("EVALSHA", _TAKE_SHA, *arguments))
        except NoScriptError:  # a server that was started anew, or whose scripts were flushed
            return int(await self._link.ask("EVAL", TAKE, *arguments))

    async def _try(self, operation: str, *command: Argument) -> Any:
        """None when the cache is away: what it would have kept is only warmth."""
        try:
            return await self._link.ask(*command)
        except CacheUnavailable:
            self._lost[operation] += 1
            return None

    def _key(self, kind: str, key: str) -> str:
        if len(key.encode()) > KEY_BYTES_MAX:
            key = "#" + hashlib.blake2b(key.encode(), digest_size=24).hexdigest()
        return f"{self._platform}:{kind}:{key}"


def _given(url: str) -> dict[str, Any]:
    """What the client must know of the server."""
    try:
        parts = urlsplit(url)
        database = parts.path.strip("/")
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.query or not (database or "0").isdigit():
            raise ValueError
        given: dict[str, Any] = dict(parse_url(parts._replace(scheme=_SCHEMES[parts.scheme]).geturl()))
    except ValueError:  # also of a port that is none
        raise SettingsError(
            ["SHIKANJI_CACHE_URL: must be memory: or valkey://[[user]:password@]host[:port][/number of a database]"]
        ) from None
    return given
