"""One start of several processes after another, on the same data: quick, and with all that was there."""

import asyncio
import os
import signal
import time
from pathlib import Path

from shikanji.engines import Engines
from tests.harness import ALL
from tests.probing import until
from tests.scaled import (
    Databases,
    Processes,
    at_the_counter,
    engines_of_its_own,
    environment,
    is_running,
)

TWICE = [*(service.name for service in ALL), "gateway"]
SECOND_START_SECONDS_MAX = 45.0
"""A tenth of that on a machine of two cores that does nothing else."""


async def test_killed_with_its_keeper_all_is_gone_and_the_next_start_goes_on_with_two_of_each(
    engines: Engines, tmp_path: Path
) -> None:
    with engines_of_its_own(engines, tmp_path, "own") as urls:
        given = environment(tmp_path / "data", urls)
        first = await asyncio.to_thread(started, given)
        async with at_the_counter(first, databases := Databases(urls["SHIKANJI_DATABASE_URL"])) as shop:
            asha = await shop.customer()
            order = await shop.order(asha)
            everybody = first.children
            os.kill(everybody[0], signal.SIGSTOP)

        first.end(signal.SIGKILL)

        await until(lambda: not any(map(is_running, everybody)), "all processes have ended with their keeper")
        begun = time.monotonic()
        second = await asyncio.to_thread(started, given, "--copies", ",".join(f"{name}=2" for name in TWICE))
        seconds = time.monotonic() - begun
        async with at_the_counter(second, databases) as shop:
            asha.http, asha.url = shop.http, shop.url
            again = await asha.get(f"/api/v1/orders/{order['id']}")
            other = await shop.order(asha)
            crowd = second.children
        databases.close()
        code = await asyncio.to_thread(second.end, signal.SIGINT)

    assert (len(everybody), len(crowd), code) == (len(TWICE), 2 * len(TWICE), 0)
    assert again.data["status"] == "confirmed"
    assert other["id"] != order["id"]
    assert seconds < SECOND_START_SECONDS_MAX


def started(given: dict[str, str], *arguments: str) -> Processes:
    processes = Processes(given, *arguments)
    processes.listen("Ctrl-C stops it")
    return processes
