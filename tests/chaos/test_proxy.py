"""The proxy does to connections what it says, and nothing when it says nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from chaos.proxy import Proxy


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionResetError):
            while line := await reader.readline():
                writer.write(line)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with echo() as port:
        started = Proxy("127.0.0.1", port)
        await started.start()
        yield started
        await started.stop()


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, line: bytes, *, within_seconds: float = 5) -> bytes:
        self.writer.write(line)
        return await self.hears(within_seconds)

    async def hears(self, within_seconds: float = 5) -> bytes:
        async with asyncio.timeout(within_seconds):
            return await self.reader.readline()


Call = Callable[[], Awaitable[Caller]]


@pytest.fixture
async def call(proxy: Proxy) -> AsyncIterator[Call]:
    async def connect() -> Caller:
        callers.append(Caller(*await asyncio.open_connection("127.0.0.1", proxy.port)))
        return callers[-1]

    callers: list[Caller] = []
    yield connect
    for caller in callers:
        caller.writer.close()
        with suppress(ConnectionError):
            await caller.writer.wait_closed()


async def test_what_is_said_passes_both_ways_and_late_when_it_is_to_be_late(proxy: Proxy, call: Call) -> None:
    caller = await call()
    assert await caller.says(b"tea\n") == b"tea\n"

    proxy.latency_seconds = 0.05
    asked = asyncio.get_running_loop().time()

    assert await caller.says(b"tea\n") == b"tea\n"
    assert asyncio.get_running_loop().time() - asked >= 0.1


async def test_a_cut_link_ends_and_refuses_until_it_is_healed(proxy: Proxy, call: Call) -> None:
    caller = await call()
    await caller.says(b"tea\n")

    proxy.cut()

    assert await caller.hears() == b""
    assert await (await call()).hears() == b""
    assert proxy.connections_broken == 1
    proxy.heal()
    assert await (await call()).says(b"tea\n") == b"tea\n"


async def test_a_reset_breaks_what_is_there_and_lets_others_come(proxy: Proxy, call: Call) -> None:
    caller = await call()
    await caller.says(b"tea\n")

    proxy.reset()

    with pytest.raises(ConnectionResetError):
        await caller.hears()
    assert await (await call()).says(b"tea\n") == b"tea\n"


async def test_a_caller_that_breaks_off_is_not_kept_alive_at_the_other_end() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"nobody reads this\n" * 10_000)
        with suppress(ConnectionError):
            await reader.read()
        ended.set()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
    await proxy.start()
    async with server:
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.transport.abort()

        async with asyncio.timeout(60):
            await ended.wait()
        await proxy.stop()


@pytest.mark.parametrize("fault", [Proxy.swallow, Proxy.halve])
async def test_nobody_is_told_of_a_link_that_is_silent_and_what_it_held_back_comes_when_it_is_healed(
    proxy: Proxy, call: Call, fault: object
) -> None:
    caller = await call()
    assert callable(fault)
    fault(proxy)

    with pytest.raises(TimeoutError):
        await caller.says(b"tea\n", within_seconds=0.05)
    proxy.heal()

    assert await caller.hears() == b"tea\n"
