"""One suite for every cache; the fixture says which run it."""

import pytest
from structlog.testing import capture_logs

from shikanji.kit.cache import Cache
from shikanji.kit.cache.memory import MemoryCache


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def cache(seconds: Seconds) -> Cache:
    return MemoryCache(seconds, entries_max=3)


async def test_a_value_is_there_until_its_time_is_up(cache: Cache, seconds: Seconds) -> None:
    await cache.set("menu", b"tea", seconds=5)

    assert await cache.get("menu") == b"tea"
    seconds.now = 5
    assert await cache.get("menu") is None


async def test_a_deleted_value_is_gone(cache: Cache) -> None:
    await cache.set("menu", b"tea", seconds=5)

    await cache.delete("menu")

    assert await cache.get("menu") is None


async def test_the_entry_used_longest_ago_makes_room(cache: Cache) -> None:
    for key in "abc":
        await cache.set(key, b"", seconds=5)
    await cache.get("a")

    await cache.set("d", b"", seconds=5)

    assert [key for key in "abcd" if await cache.get(key) is not None] == ["a", "c", "d"]


async def test_a_bucket_gives_its_burst_and_then_its_rate(cache: Cache, seconds: Seconds) -> None:
    taken = [await cache.take("ip", rate_per_minute=60, burst=3) for _ in range(4)]

    assert taken[:3] == [0, 0, 0]
    assert taken[3] == pytest.approx(1.0)
    seconds.now += 1
    assert await cache.take("ip", rate_per_minute=60, burst=3) == 0
    assert await cache.take("ip", rate_per_minute=60, burst=3) > 0


async def test_buckets_are_apart(cache: Cache) -> None:
    assert await cache.take("one", rate_per_minute=1, burst=1) == 0
    assert await cache.take("other", rate_per_minute=1, burst=1) == 0


async def test_a_message_reaches_every_listener_though_one_fails(cache: Cache) -> None:
    heard: list[bytes] = []

    async def broken(message: bytes) -> None:
        raise RuntimeError

    async def hear(message: bytes) -> None:
        heard.append(message)

    await cache.listen("revocations", broken)
    await cache.listen("revocations", hear)
    with capture_logs() as logs:
        await cache.publish("revocations", b"gone")

    assert heard == [b"gone"]
    assert [(line["event"], line["channel"]) for line in logs] == [("a listener failed", "revocations")]
