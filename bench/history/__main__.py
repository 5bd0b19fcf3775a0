"""`python -m bench.history --orders 1000000 --folder …`: a data folder with so many orders in it, as if they had been
lived. Half an hour for a million on two cores, and some 25 GB."""

import argparse
import asyncio
import multiprocessing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID

from bench.history.copying import Plan, Rows, copy, patterns, plan
from bench.history.living import ORDERS_EACH, live
from bench.history.reading import Content, content
from bench.history.rules import DAYS_KEPT
from shikanji import sandbox
from shikanji.house import SERVICES
from shikanji.kit.clock import DAY, SystemClock

CUSTOMERS = 4
DAYS = 360
"""Points last twelve months: within them none would have had to be taken back meanwhile."""
SEED = 20_261_122
SHARES = 2
"""Processes that write at once: each database is written by one."""
NAMES = [service.name for service in (*SERVICES, sandbox.service)]


def make(folder: Path, orders: int, *, customers: int = CUSTOMERS, days: int = DAYS, seed_number: int = SEED) -> None:
    """`folder` must be empty. The history ends a day before now."""
    now = SystemClock().now() // DAY * DAY
    with Progress(console=Console(stderr=True)) as progress:
        lived, before, after = _live(folder, progress, now - days * DAY, customers, seed_number)
        planned = plan(lived, after["payment"], orders=max(0, orders - lived.days), now=now, seed_number=seed_number)
        found = patterns(lived, before, after, now - DAYS_KEPT["outbox"] * DAY)
        _copy(folder, found, planned, progress)


def _live(folder: Path, progress: Progress, opened: int, customers: int, seed_number: int) -> Any:
    task = progress.add_task("a few customers live", total=customers * ORDERS_EACH)
    before: dict[str, Content] = {}

    def begin() -> None:
        before.update({name: content(folder, name) for name in NAMES})

    def step() -> None:
        progress.advance(task)

    lived = asyncio.run(
        live(folder, opened=opened, customers=customers, seed_number=seed_number, begin=begin, step=step)
    )
    return lived, before, {name: content(folder, name) for name in NAMES}


def _copy(folder: Path, days: list[Rows], planned: Plan, progress: Progress) -> None:
    task = progress.add_task("and many more like them", total=len(planned.orders) * len(NAMES))
    context = multiprocessing.get_context("fork")
    told = context.SimpleQueue()
    shares = [context.Process(target=_share, args=(folder, part, days, planned, told)) for part in _shares(days)]
    for share in shares:
        share.start()
    _follow(told, progress, task, len(shares))
    for share in shares:
        share.join()
        if share.exitcode:
            raise SystemExit(f"a part of it ended with {share.exitcode}")


def _share(folder: Path, services: Sequence[str], days: list[Rows], planned: Plan, told: Any) -> None:
    try:
        copy(folder, services, days, planned, told.put)
    finally:
        told.put(None)


def _follow(told: Any, progress: Progress, task: TaskID, open_shares: int) -> None:
    while open_shares:
        count = told.get()
        if count is None:
            open_shares -= 1
        else:
            progress.advance(task, count)


def _shares(days: list[Rows]) -> list[list[str]]:
    """About as many rows in each, the heaviest service first."""
    rows = {name: sum(of == name for one in days for of, _ in one.lasting) for name in NAMES}
    parts: list[list[str]] = [[] for _ in range(SHARES)]
    for name in sorted(NAMES, key=lambda name: -rows[name]):
        min(parts, key=lambda part: sum(rows[one] for one in part)).append(name)
    return parts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.history", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="how many orders there will be in all")
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder, or one that is not there yet")
    parser.add_argument("--days", type=int, default=DAYS, help="over how many days they are spread")
    parser.add_argument("--seed", type=int, default=SEED, help="the same number makes the same history")
    given = parser.parse_args()
    make(given.folder, given.orders, days=given.days, seed_number=given.seed)
