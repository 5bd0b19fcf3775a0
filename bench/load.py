"""Bounded load on loopback: closed loops (each client waits for its answer) and open ones (at a given rate)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Request = Callable[[int], Awaitable[int]]
"""Sends request number n and returns the status of its answer."""


@dataclass
class Result:
    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def good(self) -> int:
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def per_second(self) -> float:
        return self.good / self.seconds

    def percentile_ms(self, part: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]

    def count(self, status: int, started: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies_ms.append((time.perf_counter() - started) * 1_000)


async def closed_loop(request: Request, *, clients: int, requests: int) -> Result:
    """`requests` in all, by `clients` of which each sends its next when its last is answered."""
    result = Result()
    numbers = iter(range(requests))

    async def client() -> None:
        for number in numbers:
            started = time.perf_counter()
            result.count(await request(number), started)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    result.seconds = time.perf_counter() - began
    return result


async def open_loop(request: Request, *, per_second: float, seconds: float) -> Result:
    """Sends at a steady rate whatever the answers do; latency counts from when a request was due."""
    result = Result()
    began = time.perf_counter()

    async def one(number: int) -> None:
        due = began + number / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        result.count(await request(number), due)

    await asyncio.gather(*(one(number) for number in range(int(per_second * seconds))))
    result.seconds = time.perf_counter() - began
    return result
