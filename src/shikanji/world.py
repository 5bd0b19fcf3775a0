"""What the platform does not decide itself: time, chance and its ways out. A simulation gives its own."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from shikanji.kit.bus import Bus
from shikanji.kit.cache import Cache
from shikanji.kit.calls import Calls
from shikanji.kit.clock import Clock, SystemClock
from shikanji.kit.db.opening import open_database
from shikanji.kit.db.port import Database
from shikanji.kit.db.transaction import Ground
from shikanji.kit.ids import Chance

OUTSIDE_SECONDS_MAX = 10


def open_http() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=OUTSIDE_SECONDS_MAX))


@dataclass(frozen=True, kw_only=True)
class World:
    clock: Clock = field(default_factory=SystemClock)
    jitter: Callable[[], float] = random.random
    random_bytes: Callable[[int], bytes] = field(default_factory=lambda: Chance().bytes)
    bus: Bus | None = None
    """None: the one that SHIKANJI_BUS_URL names; with the cache likewise."""
    cache: Cache | None = None
    around_calls: Callable[[Calls], Calls] = lambda calls: calls
    """What services are given to ask each other through."""
    open_database: Callable[[str, Ground], Database] = open_database
    open_http: Callable[[], aiohttp.ClientSession] = open_http
    """For calls to other companies."""
