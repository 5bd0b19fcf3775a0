"""One suite for every cache: in memory, and on Valkey with a second process beside."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from shikanji.engines import Engines
from shikanji.kit.cache import VALUE_BYTES_MAX
from shikanji.kit.cache.memory import MemoryCache
from shikanji.kit.cache.opening import open_cache
from shikanji.kit.settings import SettingsError
from tests.kit.caches import OpenCache, Seconds, open_on, opened
from tests.probing import until


@pytest.fixture(params=["memory", "valkey"])
async def cached(request: pytest.FixtureRequest, engines: Engines) -> AsyncIterator[OpenCache]:
    async with open_on(request.param, engines) as opened_cache:
        yield opened_cache


async def test_a_value_is_read_back_here_and_elsewhere_until_it_is_deleted(cached: OpenCache) -> None:
    await cached.cache.set("menu", b"tea \x00", seconds=60)
    read = (await cached.cache.get("menu"), await cached.elsewhere.get("menu"))

    await cached.elsewhere.delete("menu")

    assert read == (b"tea \x00", b"tea \x00")
    assert await cached.cache.get("menu") is None


async def test_a_value_is_gone_when_its_time_is_up(cached: OpenCache) -> None:
    await cached.cache.set("menu", b"tea", seconds=0.05)

    async def gone() -> bool:
        return await cached.cache.get("menu") is None

    await cached.until(gone, "the value has expired")


async def test_a_value_beyond_the_limit_is_not_kept(cached: OpenCache) -> None:
    await cached.cache.set("most", b"x" * VALUE_BYTES_MAX, seconds=60)
    await cached.cache.set("more", b"x" * (VALUE_BYTES_MAX + 1), seconds=60)

    assert await cached.cache.get("most") is not None
    assert await cached.cache.get("more") is None


async def test_keys_of_any_length_are_apart(cached: OpenCache) -> None:
    long = "₹" * 10_000

    await cached.cache.set(long, b"one", seconds=60)

    assert await cached.cache.get(long) == b"one"
    assert await cached.cache.get(long + "!") is None


async def test_a_bucket_of_the_same_name_as_a_value_is_another_thing(cached: OpenCache) -> None:
    await cached.cache.set("name", b"value", seconds=60)

    assert await cached.cache.take("name", rate_per_minute=1, burst=1) == 0
    assert await cached.cache.get("name") == b"value"


@pytest.mark.parametrize(("rate", "burst"), [(1, 1), (1, 5), (3, 2), (7, 60), (30, 30)])
async def test_every_cache_answers_as_the_one_in_memory(cached: OpenCache, rate: int, burst: int) -> None:
    model = MemoryCache(Seconds())

    taken = [await cached.cache.take("ip", rate_per_minute=rate, burst=burst) for _ in range(burst + 2)]

    expected = [model.take_now("ip", rate_per_minute=rate, burst=burst) for _ in range(burst + 2)]
    assert taken[:burst] == expected[:burst] == [0.0] * burst
    assert taken[burst:] == pytest.approx(expected[burst:], abs=1.5)
    assert min(taken[burst:]) > 0


async def test_an_empty_bucket_fills_at_its_rate(cached: OpenCache) -> None:
    while (wait := await cached.cache.take("ip", rate_per_minute=1_200, burst=3)) == 0:
        pass
    assert 0 < wait < 0.051

    async def there() -> bool:
        return await cached.cache.take("ip", rate_per_minute=1_200, burst=3) == 0

    await cached.until(there, "a token has come")


async def test_buckets_are_apart(cached: OpenCache) -> None:
    assert await cached.cache.take("one", rate_per_minute=1, burst=1) == 0
    assert await cached.cache.take("other", rate_per_minute=1, burst=1) == 0


async def test_takers_in_two_processes_get_together_what_one_would_get(cached: OpenCache) -> None:
    waits = await asyncio.gather(
        *(
            cache.take("ip", rate_per_minute=1, burst=60)
            for _ in range(50)
            for cache in (cached.cache, cached.elsewhere)
        )
    )

    assert waits.count(0.0) == 60


async def test_a_message_reaches_every_listener_though_one_fails(cached: OpenCache) -> None:
    heard: list[str] = []

    async def broken(message: bytes) -> None:
        raise RuntimeError

    async def hear_here(message: bytes) -> None:
        heard.append(f"here {message.decode()}")

    async def hear_elsewhere(message: bytes) -> None:
        heard.append(f"elsewhere {message.decode()}")

    await cached.cache.listen("revocations", broken)
    await cached.cache.listen("revocations", hear_here)
    await cached.elsewhere.listen("revocations", hear_elsewhere)
    await cached.cache.listen("other", hear_here)
    with capture_logs() as logs:
        await cached.cache.publish("revocations", b"gone")

        async def heard_by_both() -> bool:
            return len(heard) == 2

        await cached.until(heard_by_both, "both have heard")

    assert sorted(heard) == ["elsewhere gone", "here gone"]
    assert [(line["event"], line["channel"]) for line in logs] == [("a listener failed", "revocations")]


async def test_a_cache_that_is_there_says_so(cached: OpenCache) -> None:
    assert cached.cache.away == ""
    assert cached.cache.lost == {}


async def test_in_memory_the_entry_used_longest_ago_makes_room() -> None:
    cache = MemoryCache(Seconds(), entries_max=3)
    for key in "abc":
        await cache.set(key, b"", seconds=5)
    await cache.get("a")

    await cache.set("d", b"", seconds=5)

    assert [key for key in "abcd" if await cache.get(key) is not None] == ["a", "c", "d"]


async def test_platforms_on_one_server_are_apart(engines: Engines) -> None:
    url = engines.need("valkey")["SHIKANJI_CACHE_URL"]
    heard: list[bytes] = []

    async def hear(message: bytes) -> None:
        heard.append(message)

    async with opened(url, "demo") as demo, opened(url, "demo2") as other:
        await demo.set("menu", b"tea", seconds=60)
        await demo.take("ip", rate_per_minute=1, burst=1)
        await other.listen("news", hear)
        await demo.publish("news", b"theirs")
        await other.publish("news", b"ours")
        await until(lambda: bool(heard), "a message has come")

        assert await other.get("menu") is None
        assert await other.take("ip", rate_per_minute=1, burst=1) == 0
        assert heard == [b"ours"]


@pytest.mark.parametrize(
    "url",
    ["valkey://", "valkey://host:port", "valkey://host/one", "valkey://host?db=1", "http://host", "memory://", ""],
)
def test_a_url_that_names_no_cache_is_refused_with_what_it_must_be(url: str) -> None:
    with pytest.raises(SettingsError, match="SHIKANJI_CACHE_URL: must be memory: or valkey://"):
        open_cache(url, platform="demo")
