"""Valkey killed, halted, emptied, refusing: requests go on, and what was lost comes back by itself."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from shikanji.engines import Engine, Engines
from shikanji.kit.cache import CacheUnavailable
from shikanji.kit.cache.metrics import CacheMetrics
from shikanji.kit.cache.valkey import ValkeyCache
from shikanji.kit.cache.valkey_link import FAILURES_MAX, SECONDS_MAX
from shikanji.kit.telemetry.metrics import new_registry, render
from tests.kit.caches import opened, tell
from tests.probing import until


@pytest.fixture(scope="module")
def server() -> Iterator[Engine]:
    """One of our own, to be broken."""
    with (
        TemporaryDirectory(prefix="shikanji-valkey-") as folder,
        Engines(Path(folder), {"valkey"}, durable=False) as engines,
    ):
        yield engines.valkey


@pytest.fixture
def url(server: Engine) -> str:
    server.start()
    return server.urls["SHIKANJI_CACHE_URL"]


@pytest.fixture
async def cache(url: str) -> AsyncIterator[ValkeyCache]:
    await tell(url, "FLUSHALL")
    async with opened(url, "demo") as cache:
        yield cache


@pytest.fixture
async def hasty(url: str) -> AsyncIterator[ValkeyCache]:
    """As the platform opens it; the others give a busy machine more time."""
    async with opened(url, "demo", seconds_max=SECONDS_MAX) as cache:
        yield cache


class Ear:
    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.gaps = 0

    async def hear(self, message: bytes) -> None:
        self.heard.append(message)

    def missed(self) -> None:
        self.gaps += 1


@pytest.fixture
async def ear(cache: ValkeyCache) -> Ear:
    ear = Ear()
    cache.on_gap(ear.missed)
    await cache.listen("news", ear.hear)
    return ear


async def test_without_it_nothing_is_kept_nothing_fails_and_takers_are_told(cache: ValkeyCache, server: Engine) -> None:
    await cache.set("menu", b"tea", seconds=60)
    server.kill()

    assert await cache.get("menu") is None
    await cache.set("menu", b"tea", seconds=60)
    await cache.delete("menu")
    await cache.publish("news", b"lost")
    with pytest.raises(CacheUnavailable):
        await cache.take("ip", rate_per_minute=60, burst=60)

    assert dict(cache.lost) == {"get": 1, "set": 1, "delete": 1, "publish": 1, "take": 1}


async def test_while_it_is_away_metrics_say_so_and_no_password_is_told(
    cache: ValkeyCache, server: Engine, url: str
) -> None:
    registry = new_registry()
    CacheMetrics(registry, cache)
    server.kill()
    await cache.get("menu")

    told = render(registry).decode()

    assert "shikanji_cache_up 0.0" in told
    assert 'shikanji_cache_lost_total{operation="get"} 1.0' in told
    assert f"127.0.0.1:{server.port}" in cache.away
    assert url.split(":")[2].partition("@")[0] not in cache.away


async def test_started_again_it_is_used_again_and_listeners_hear_of_the_gap(
    cache: ValkeyCache, ear: Ear, server: Engine
) -> None:
    server.kill()
    await until(lambda: ear.gaps >= 1, "the loss was noticed")
    await cache.publish("news", b"lost")
    server.start()

    await until(lambda: cache.away == "", "the cache is back")
    await cache.publish("news", b"heard")
    await until(lambda: ear.heard == [b"heard"], "the listener hears again")

    assert ear.gaps >= 2
    assert await cache.take("ip", rate_per_minute=1, burst=1) == 0


async def test_a_server_that_does_not_answer_holds_nobody_up(hasty: ValkeyCache, server: Engine) -> None:
    ear = Ear()
    hasty.on_gap(ear.missed)
    with _halted(server):
        waits = [await _seconds_to_fail(hasty) for _ in range(FAILURES_MAX + 20)]
        await until(lambda: ear.gaps >= 1, "silence was taken for a gap")
    await until(lambda: hasty.away == "", "the cache is back")

    assert all(wait >= SECONDS_MAX for wait in waits[:FAILURES_MAX])
    assert sorted(waits[FAILURES_MAX:])[10] < SECONDS_MAX / 2


async def test_many_that_wait_together_fail_together_and_count_as_one_failure(
    hasty: ValkeyCache, server: Engine
) -> None:
    with _halted(server):
        answers = await asyncio.gather(*(hasty.get(f"{number}") for number in range(1_000)))

    assert answers == [None] * 1_000
    assert await hasty.take("somebody else", rate_per_minute=60, burst=60) == 0


async def test_an_emptied_server_counts_from_the_start(cache: ValkeyCache, url: str) -> None:
    assert await cache.take("ip", rate_per_minute=1, burst=1) == 0
    assert await cache.take("ip", rate_per_minute=1, burst=1) > 0

    await tell(url, "FLUSHALL")
    await tell(url, "SCRIPT", "FLUSH")

    assert await cache.take("ip", rate_per_minute=1, burst=1) == 0
    assert await cache.take("ip", rate_per_minute=1, burst=1) > 0


async def test_a_server_clock_that_was_put_back_locks_nobody_out(cache: ValkeyCache, url: str) -> None:
    await cache.take("ip", rate_per_minute=60, burst=2)
    a_year_ahead = int((time.time() + 365 * 86_400) * 1_000_000)
    await tell(url, "SET", "demo:b:ip", a_year_ahead)

    assert 0 < await cache.take("ip", rate_per_minute=60, burst=2) <= 1


async def test_a_server_that_refuses_to_write_is_as_good_as_away(cache: ValkeyCache, url: str) -> None:
    await tell(url, "CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1")
    try:
        await cache.set("menu", b"tea", seconds=60)
        away = cache.away
    finally:
        await tell(url, "CONFIG", "SET", "maxmemory", "0")
    await cache.set("menu", b"tea", seconds=60)

    assert "maxmemory" in away
    assert cache.lost["set"] == 1
    assert cache.away == ""


async def test_a_connection_that_a_slow_listener_lost_is_a_gap_like_any_other(
    cache: ValkeyCache, ear: Ear, url: str
) -> None:
    await tell(url, "CLIENT", "KILL", "TYPE", "pubsub")

    await until(lambda: ear.gaps >= 2, "it was lost and made again")
    await cache.publish("news", b"heard")
    await until(lambda: ear.heard == [b"heard"], "the listener hears again")


async def test_a_wrong_password_is_said_and_does_not_keep_anybody_from_starting(url: str) -> None:
    wrong = url.replace(url.split(":")[2].partition("@")[0], "wrong")

    async with opened(wrong, "demo") as cache:
        assert "username-password" in cache.away
        assert await cache.get("menu") is None


async def test_one_that_comes_after_the_start_is_found(server: Engine, url: str) -> None:
    server.kill()
    ear = Ear()
    async with opened(url, "demo") as cache:
        await cache.listen("news", ear.hear)
        assert cache.away != ""
        server.start()

        await until(lambda: cache.away == "", "the cache is there")
        await cache.publish("news", b"heard")
        await until(lambda: ear.heard == [b"heard"], "the listener hears")


@contextmanager
def _halted(server: Engine) -> Iterator[None]:
    """It takes connections, and answers none."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def _seconds_to_fail(cache: ValkeyCache) -> float:
    started = time.monotonic()
    with pytest.raises(CacheUnavailable):
        await cache.take("ip", rate_per_minute=60, burst=60)
    return time.monotonic() - started
