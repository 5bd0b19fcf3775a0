"""What orders cost, measured alike in every shape of the platform."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from rich.console import Console

from bench.load import Result, closed_loop, open_loop
from bench.process import busy_seconds
from bench.report import Row
from bench.shop import Shop

T = TypeVar("T")

HALF_LOAD_SECONDS = 10

_console = Console(stderr=True)


class Measured(Protocol):
    """The platform, however many processes it is."""

    def cpu_seconds(self) -> float: ...

    def engine_seconds(self) -> Mapping[str, float]:
        """CPU time of the servers that it works on, which are processes of their own."""
        ...

    def memory_mb(self) -> float: ...

    async def settle(self) -> None:
        """Returns when every event has had its effect."""
        ...


async def measure_orders(platform: Measured, shop: Shop, orders: int) -> list[Row]:
    await step("warming up", closed_loop(shop.place_order(), clients=8, requests=200))
    await platform.settle()
    eight = await step("orders, 8 clients", closed_loop(shop.place_order(), clients=8, requests=orders))
    await platform.settle()
    cod = await step("orders, 64 clients", _accept_and_settle(platform, shop.place_order(), orders))
    online = await step("orders paid online, 64 clients", _accept_and_settle(platform, shop.pay_online(), orders // 4))
    half = cod.accepted.per_second / 2
    paced = await step("orders at half load", open_loop(shop.place_order(), per_second=half, seconds=HALF_LOAD_SECONDS))
    await platform.settle()
    return [
        _accepted(8, eight),
        _accepted(64, cod.accepted),
        Row("orders settled a second (cod)", cod.per_second, "/s", 300, 1_000, note=cod.note),
        Row("CPU a settled order (cod)", cod.cpu_ms, "ms", 4, 1.2, more_is_better=False),
        *cod.engine_rows("cod"),
        Row("orders settled a second (online)", online.per_second, "/s", note=outcome(online.accepted)),
        Row("CPU a settled order (online)", online.cpu_ms, "ms", note=online.note),
        *online.engine_rows("online"),
        Row("p95 of POST /orders at half load", paced.percentile_ms(0.95), "ms", 60, 20, more_is_better=False),
        Row("memory after the load", platform.memory_mb(), "MB", more_is_better=False),
    ]


class Settled:
    """`others`: how many cores were kept busy by what is neither the platform with its engines nor this client."""

    def __init__(
        self, accepted: Result, seconds: float, cpu_seconds: float, engines: Mapping[str, float], others: float
    ) -> None:
        self.accepted = accepted
        self.per_second = accepted.good / seconds
        self.cpu_ms = cpu_seconds * 1_000 / accepted.good
        self.engines_ms = {name: spent * 1_000 / accepted.good for name, spent in engines.items()}
        used = (cpu_seconds + sum(engines.values())) / seconds
        self.note = f"{used:.2f} cores used, {others:.2f} by other programs"

    def engine_rows(self, kind: str) -> list[Row]:
        if not self.engines_ms:
            return []
        note = ", ".join(f"{name} {spent:.2f}" for name, spent in self.engines_ms.items())
        return [Row(f"CPU of the engines ({kind})", sum(self.engines_ms.values()), "ms", note=note)]


async def _accept_and_settle(platform: Measured, request: Callable[[int], Awaitable[int]], count: int) -> Settled:
    cpu, engines, own = platform.cpu_seconds(), platform.engine_seconds(), time.process_time()
    busy, started = busy_seconds(), time.perf_counter()
    accepted = await closed_loop(request, clients=64, requests=count)
    await platform.settle()
    seconds, cpu = time.perf_counter() - started, platform.cpu_seconds() - cpu
    spent = {name: now - engines[name] for name, now in platform.engine_seconds().items()}
    others = busy_seconds() - busy - cpu - sum(spent.values()) - (time.process_time() - own)
    return Settled(accepted, seconds, cpu, spent, max(0.0, others) / seconds)


def _accepted(clients: int, result: Result) -> Row:
    note = outcome(result)
    return Row(f"orders accepted a second, {clients} clients", result.per_second, "/s", 800, 2_500, note=note)


async def step(name: str, work: Awaitable[T]) -> T:
    _console.print(f"… {name}")
    return await work


def outcome(result: Result) -> str:
    """What was answered besides success; empty when nothing was."""
    others = {status: count for status, count in result.statuses.items() if not 200 <= status < 300}
    return ", ".join(f"{count} x {status}" for status, count in sorted(others.items()))
