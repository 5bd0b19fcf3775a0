"""Two gateways on one Valkey: what is limited is limited for both together, and what one forgets both forget."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from shikanji.engines import Engines
from shikanji.gateway.limits import RateLimits
from shikanji.gateway.problems import RateLimited
from shikanji.gateway.settings import GatewaySettings
from shikanji.kit.auth import ANONYMOUS
from shikanji.kit.cache import CacheUnavailable
from shikanji.kit.cache.memory import MemoryCache
from shikanji.kit.cache.valkey import ValkeyCache
from shikanji.kit.web.routes import RateClass
from tests.gateway.door import Door, open_door
from tests.kit.caches import opened, tell
from tests.probing import until

MENU = "/api/v1/products"


@pytest.fixture
def url(engines: Engines) -> str:
    return engines.need("valkey")["SHIKANJI_CACHE_URL"]


@pytest.fixture
async def caches(url: str) -> AsyncIterator[tuple[ValkeyCache, ValkeyCache]]:
    platform = uuid4().hex
    async with opened(url, platform) as one, opened(url, platform) as other:
        yield one, other


Caches = tuple[ValkeyCache, ValkeyCache]


async def test_a_caller_gets_from_both_together_what_one_would_give(caches: Caches) -> None:
    async with (
        open_door(cache=caches[0], anonymous_per_minute=5) as one,
        open_door(cache=caches[1], anonymous_per_minute=5) as other,
    ):
        replies = [await door.get("/api/v1/echo") for door in (one, other) * 5]

    statuses = [reply.status for reply in replies]
    assert statuses == [200] * 5 + [429] * 5
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 12


async def test_a_kept_answer_counts_too(caches: Caches) -> None:
    async with (
        open_door(cache=caches[0], anonymous_per_minute=3) as one,
        open_door(cache=caches[1], anonymous_per_minute=3) as other,
    ):
        statuses = [(await door.get(MENU)).status for door in (one, other, one, other)]

    assert statuses == [200, 200, 200, 429]


async def test_a_gateway_that_joins_later_counts_on(caches: Caches) -> None:
    async with open_door(cache=caches[0], auth_per_minute=2) as one:
        first = [(await one.post("/api/v1/auth/login", data=b"{}")).status for _ in range(2)]
    async with open_door(cache=caches[1], auth_per_minute=2) as other:
        later = (await other.post("/api/v1/auth/login", data=b"{}")).status

    assert (first, later) == ([200, 200], 429)


async def test_what_one_hears_of_both_forget(caches: Caches) -> None:
    async with open_door(cache=caches[0]) as one, open_door(cache=caches[1]) as other:
        await _read_menu(one, other)

        one.gateway.purge("/api/v1/stores", MENU)

        await _until_asked_again(other)
        await _until_asked_again(one)


async def test_after_a_gap_nothing_is_taken_for_fresh(caches: Caches, url: str) -> None:
    async with open_door(cache=caches[0]) as one, open_door(cache=caches[1]) as other:
        await _read_menu(one, other)

        await tell(url, "CLIENT", "KILL", "TYPE", "pubsub")

        await _until_asked_again(one)
        await _until_asked_again(other)


async def test_what_changes_while_many_answers_are_told_travels_together(caches: Caches) -> None:
    heard: list[bytes] = []

    async def hear(message: bytes) -> None:
        heard.append(message)

    await caches[1].listen("gateway.purge", hear)
    async with open_door(cache=caches[0]) as one:
        for number in range(100):
            one.gateway.purge(f"{MENU}/{number}")
        await until(lambda: bool(heard), "it was told")

    assert len(heard[0].split(b"\n")) == 100


async def test_limits_go_on_when_the_cache_leaves_and_are_shared_again_when_it_is_back() -> None:
    cache = Leaving()
    limits = RateLimits(cache, GatewaySettings(anonymous_per_minute=2), enabled=True)
    taken = [await _admits(limits)]

    cache.here = False
    taken += [await _admits(limits) for _ in range(3)]
    cache.here = True
    taken += [await _admits(limits)]

    assert taken == [True, True, True, False, True]
    assert limits.counted_alone == 3


async def test_a_server_that_dies_in_the_middle_fails_no_request_and_limits_are_shared_again_after_it(
    tmp_path: Path,
) -> None:
    with Engines(tmp_path, {"valkey"}, durable=False) as own:
        url = own.valkey.urls["SHIKANJI_CACHE_URL"]
        async with (
            opened(url, "demo") as here,
            opened(url, "demo") as there,
            open_door(cache=here, anonymous_per_minute=4) as one,
            open_door(cache=there, anonymous_per_minute=4) as other,
        ):
            before = await _ask_both(one, other)
            own.valkey.kill()
            meanwhile = [await _ask_both(one, other) for _ in range(4)]
            own.valkey.start()
            await until(lambda: not (here.away or there.away), "both have found it again")
            after = [await _ask_both(one, other) for _ in range(3)]

    assert before == [200, 200]
    assert meanwhile == [[200, 200]] * 4
    # It came back empty: four for both together.
    assert after == [[200, 200], [200, 200], [429, 429]]


class Leaving(MemoryCache):
    """Counts nothing: whoever asks it gets through."""

    here = True

    async def take(self, key: str, *, rate_per_minute: int, burst: int) -> float:
        if not self.here:
            raise CacheUnavailable
        return 0.0


async def _ask_both(*doors: Door) -> list[int]:
    return [(await door.get("/api/v1/echo")).status for door in doors]


async def _admits(limits: RateLimits) -> bool:
    try:
        await limits.take(RateClass.NORMAL, ANONYMOUS, "203.0.113.1")
    except RateLimited:
        return False
    return True


async def _read_menu(*doors: Door) -> None:
    for door in doors:
        await door.get(MENU)
        await door.get(MENU)
        assert len(door.shop.asked) == 1


async def _until_asked_again(door: Door) -> None:
    async with asyncio.timeout(10):
        while len(door.shop.asked) == 1:
            await door.get(MENU)
