"""The platform as many processes on PostgreSQL, NATS and Valkey, with so many copies of all that an order passes."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench import trees
from bench.load import closed_loop
from bench.orders import measure_orders, outcome, step
from bench.postgres_floor import orders_a_second
from bench.process import Running, running
from bench.report import Row
from bench.settling import Databases, connected
from bench.shop import Shop, opened
from shikanji.engines import Engine, Engines
from shikanji.house import SERVICES

ORDER_PATH = ("gateway", "customer", "store", "inventory", "loyalty", "order", "payment")
CUSTOMERS = 64
READS = 6_000
IDLE_SECONDS = 2


class Several:
    """All processes of the platform, below the one that keeps them."""

    def __init__(self, keeper: Running, engines: list[Engine], databases: Databases) -> None:
        self._keeper = keeper.pid
        self._engines = engines
        self._databases = databases

    @property
    def processes(self) -> int:
        return trees.count([self._keeper])

    def cpu_seconds(self) -> float:
        return trees.cpu_seconds([self._keeper])

    def engine_seconds(self) -> Mapping[str, float]:
        return {engine.title: trees.cpu_seconds([engine.pid]) for engine in self._engines if engine.pid is not None}

    def memory_mb(self) -> float:
        return trees.memory_mb([self._keeper])

    async def settle(self) -> None:
        await self._databases.settle()


async def measure(orders: int, copies: int) -> list[Row]:
    """On engines of its own, which are new and sync to the disk."""
    with (
        tempfile.TemporaryDirectory(prefix="shikanji-bench-") as folder,
        Engines(Path(folder), ("postgres", "nats", "valkey")) as engines,
    ):
        return [*await _measure(engines, orders, copies), *_floor(engines, orders)]


async def _measure(engines: Engines, orders: int, copies: int) -> list[Row]:
    # The second start finds the databases of the first, so it needs its secret too.
    settings = {
        **engines.urls,
        "SHIKANJI_SECRET": secrets.token_urlsafe(32),
        "SHIKANJI_RATE_LIMITS": "off",
        "SHIKANJI_LOG_LEVEL": "warning",
    }
    async with _started(settings, copies) as keeper:
        rows = [Row("ready, on empty engines", keeper.ready_seconds, "s")]
    async with AsyncExitStack() as stack:
        keeper = await stack.enter_async_context(_started(settings, copies))
        databases = stack.enter_context(connected(settings["SHIKANJI_DATABASE_URL"], SERVICES))
        platform = Several(keeper, [engines.postgres, engines.nats, engines.valkey], databases)
        await asyncio.sleep(IDLE_SECONDS)
        rows.append(Row("ready", keeper.ready_seconds, "s"))
        rows.append(Row("memory idle", platform.memory_mb(), "MB", note=f"{platform.processes} processes"))
        shop = await stack.enter_async_context(opened(keeper.url, customers=CUSTOMERS))
        rows += await measure_orders(platform, shop, orders)
        rows.append(await _menu(shop))
    return rows


@asynccontextmanager
async def _started(settings: dict[str, str], copies: int) -> AsyncIterator[Running]:
    counts = [part for name in ORDER_PATH for part in ("--copies", f"{name}={copies}")]
    program = ["-m", "shikanji.cli", "up", "--scaled", "--port", "{port}", *counts]
    async with running(program, ready_path="/health/ready", settings=settings) as keeper:
        yield keeper


async def _menu(shop: Shop) -> Row:
    menu = await step("the menu", closed_loop(shop.read_menu(), clients=16, requests=READS))
    return Row("cached menu reads a second", menu.per_second, "/s", note=outcome(menu))


def _floor(engines: Engines, orders: int) -> list[Row]:
    url = engines.postgres.urls["SHIKANJI_DATABASE_URL"].format(service="postgres")
    return [
        Row(f"bare inserts, {group} orders a commit", orders_a_second(url, orders=orders, group=group), "/s")
        for group in (1, 50)
    ]
