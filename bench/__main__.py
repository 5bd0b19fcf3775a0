"""`make bench`: the platform in one process, measured in one run against floors on the same machine.

Loopback only; every loop has a fixed number of requests, so it ends by itself (some two minutes)."""

import argparse
import asyncio
import compileall
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import uvloop
from rich.console import Console

from bench import bare, report
from bench.http import client
from bench.load import Result, closed_loop, open_loop
from bench.process import Running, busy_seconds, running
from bench.report import Row
from bench.shop import Shop, opened
from shikanji.kit.folder import command_running

T = TypeVar("T")

CUSTOMERS = 64
READS = 12_000
PLATFORM = ["-m", "shikanji.cli", "up", "--port", "{port}"]
BARE = ["-m", "bench.bare", "{port}"]
SOURCES = Path(__file__).parent.parent / "src"
SETTLE_SECONDS_MAX = 120

_console = Console(stderr=True)


async def main(orders: int) -> list[Row]:
    """All rows of the table; `orders` is how many each order measure places."""
    # As in a checkout that has been started before.
    compileall.compile_dir(SOURCES, quiet=1)
    async with AsyncExitStack() as stack:
        settings = {"SHIKANJI_RATE_LIMITS": "off", "SHIKANJI_LOG_LEVEL": "warning"}
        platform = await stack.enter_async_context(running(PLATFORM, ready_path="/health/ready", settings=settings))
        await asyncio.sleep(2)
        rows = [
            Row("ready", platform.ready_seconds, "s", 5, 1.5, more_is_better=False),
            Row("memory idle", platform.memory_mb(), "MB", 250, 120, more_is_better=False),
        ]
        shop = await stack.enter_async_context(opened(platform.url, customers=CUSTOMERS))
        rows += await _orders(platform, shop, orders)
        rows += await _menu(shop)
    rows += _floor(orders)
    return rows


async def _orders(platform: Running, shop: Shop, orders: int) -> list[Row]:
    await _step("warming up", closed_loop(shop.place_order(), clients=8, requests=200))
    await _settled(platform)
    eight = await _step("orders, 8 clients", closed_loop(shop.place_order(), clients=8, requests=orders))
    await _settled(platform)

    async def accept_and_settle(clients: int, request: Callable[[int], Awaitable[int]], count: int) -> Settled:
        cpu, own, busy, started = platform.cpu_seconds(), time.process_time(), busy_seconds(), time.perf_counter()
        accepted = await closed_loop(request, clients=clients, requests=count)
        await _settled(platform)
        seconds, cpu = time.perf_counter() - started, platform.cpu_seconds() - cpu
        others = max(0.0, busy_seconds() - busy - cpu - (time.process_time() - own)) / seconds
        return Settled(accepted, seconds, cpu, others)

    cod = await _step("orders, 64 clients", accept_and_settle(64, shop.place_order(), orders))
    online = await _step("orders paid online, 64 clients", accept_and_settle(64, shop.pay_online(), orders // 4))
    half = cod.accepted.per_second / 2
    paced = await _step("orders at half load", open_loop(shop.place_order(), per_second=half, seconds=10))
    await _settled(platform)
    return [
        Row("orders accepted a second, 8 clients", eight.per_second, "/s", 800, 2_500, note=_outcome(eight)),
        Row(
            "orders accepted a second, 64 clients",
            cod.accepted.per_second,
            "/s",
            800,
            2_500,
            note=_outcome(cod.accepted),
        ),
        Row("orders settled a second (cod)", cod.per_second, "/s", 300, 1_000, note=cod.note),
        Row("CPU a settled order (cod)", cod.cpu_ms, "ms", 4, 1.2, more_is_better=False),
        Row("orders settled a second (online)", online.per_second, "/s", note=_outcome(online.accepted)),
        Row("CPU a settled order (online)", online.cpu_ms, "ms", note=online.note),
        Row("p95 of POST /orders at half load", paced.percentile_ms(0.95), "ms", 60, 20, more_is_better=False),
        Row("memory after the load", platform.memory_mb(), "MB"),
    ]


class Settled:
    """`others`: how many cores were kept busy by what is neither the platform nor this client."""

    def __init__(self, accepted: Result, seconds: float, cpu_seconds: float, others: float) -> None:
        self.accepted = accepted
        self.per_second = accepted.good / seconds
        self.cpu_ms = cpu_seconds * 1_000 / accepted.good
        self.note = f"{cpu_seconds / seconds:.2f} cores used, {others:.2f} by other programs"


async def _menu(shop: Shop) -> list[Row]:
    size = await shop.menu_bytes()
    floor = running([*BARE, str(size)], ready_path="/", settings={})
    async with floor as server, client(server.url) as http:

        async def bare_read(_: int) -> int:
            return (await http.get("/")).status

        bare_result = await _step("bare ASGI", closed_loop(bare_read, clients=16, requests=READS))
    menu = await _step("the menu", closed_loop(shop.read_menu(), clients=16, requests=READS))
    ratio = menu.per_second / bare_result.per_second * 100
    return [
        Row("bare ASGI reads a second", bare_result.per_second, "/s", note=f"{size:,} bytes, as the menu"),
        Row("cached menu reads a second", menu.per_second, "/s", note=_outcome(menu)),
        Row("cached menu against bare ASGI", ratio, "%", 40, 80),
    ]


def _floor(orders: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="shikanji-bench-") as folder:

        def row(group: int) -> Row:
            per_second = bare.orders_a_second(Path(folder), orders=orders, group=group)
            return Row(f"bare inserts, {group} orders a commit", per_second, "/s")

        return [row(1), row(50)]


async def _settled(platform: Running) -> None:
    async with asyncio.timeout(SETTLE_SECONDS_MAX):
        await command_running(platform.folder, "settle", {})


async def _step(name: str, work: Awaitable[T]) -> T:
    _console.print(f"… {name}")
    return await work


def _outcome(result: Result) -> str:
    """What was answered besides success; empty when nothing was."""
    others = {status: count for status, count in result.statuses.items() if not 200 <= status < 300}
    return ", ".join(f"{count} x {status}" for status, count in sorted(others.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=4_000, help="orders that each measure places")
    arguments = parser.parse_args()
    measured = uvloop.run(main(arguments.orders))
    report.show(measured)
    report.keep(measured)
