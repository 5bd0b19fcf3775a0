"""What a long history costs: every measure on a platform with a million orders, against one with a thousand. Both are
measured in turn by the same clients, twice, and the better of both counts: what else a machine does only takes."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench import pages
from bench.history.__main__ import make
from bench.load import closed_loop
from bench.orders import measure_orders, step
from bench.process import running
from bench.report import WIDTH, Row, facts
from bench.shop import opened

KEPT = Path(__file__).parent / "results_growth.json"
SMALL = 1_000
ROUNDS = 2
CUSTOMERS = 64
READS = 6_000
IDLE_SECONDS = 5
PLATFORM = ["-m", "shikanji.cli", "up", "--port", "{port}"]
SETTINGS = {"SHIKANJI_RATE_LIMITS": "off", "SHIKANJI_LOG_LEVEL": "warning"}
BAR, GOAL = 1.5, 1.05


class Growth(msgspec.Struct, frozen=True):
    """`ratio` is above 1 where the long history is slower, or larger."""

    measure: str
    small: float
    large: float
    unit: str
    ratio: float
    standing: str

    @classmethod
    def of(cls, small: Row, large: Row) -> "Growth":
        ratio = small.value / large.value if small.more_is_better else large.value / small.value
        standing = "goal" if ratio <= GOAL else "bar" if ratio <= BAR else "below the bar"
        return cls(small.measure, small.value, large.value, small.unit, ratio, standing)


def run(orders: int, stored: int) -> None:
    """`orders`: how many each order measure places; `stored`: how many the long history has."""
    with _histories(stored) as (small, large):
        rounds = [[uvloop.run(_measure(folder, orders)) for folder in (small, large)] for _ in range(ROUNDS)]
    least, most = (_better([one[place] for one in rounds]) for place in range(2))
    found = [Growth.of(one, most[measure]) for measure, one in least.items()]
    _show(found, stored)
    _keep(found, stored)


@contextmanager
def _histories(stored: int) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory(prefix="shikanji-growth-") as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        make(small, SMALL)
        make(large, stored)
        yield small, large


async def _measure(folder: Path, orders: int) -> list[Row]:
    async with AsyncExitStack() as stack:
        started = running(PLATFORM, ready_path="/health/ready", settings=SETTINGS, folder=folder)
        platform = await stack.enter_async_context(started)
        await asyncio.sleep(IDLE_SECONDS)
        rows = [
            Row("ready", platform.ready_seconds, "s", more_is_better=False),
            Row("memory idle", platform.memory_mb(), "MB", more_is_better=False),
        ]
        shop = await stack.enter_async_context(opened(platform.url, customers=CUSTOMERS))
        rows += await step("first pages", pages.rows(shop))
        rows += await measure_orders(platform, shop, orders)
        menu = await step("the menu", closed_loop(shop.read_menu(), clients=16, requests=READS))
        return [*rows, Row("cached menu reads a second", menu.per_second, "/s")]


def _better(rounds: list[list[Row]]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in (row for rows in rounds for row in rows):
        known = found.get(row.measure)
        if known is None or (row.value > known.value) is row.more_is_better:
            found[row.measure] = row
    return found


def _show(found: list[Growth], stored: int) -> None:
    table = Table(title=f"one process with {stored:,} orders stored, against {SMALL:,}")
    for heading in ("measure", f"{SMALL:,}", f"{stored:,}", "ratio", "reached"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for row in found:
        values = (f"{value:,.4g} {row.unit}" for value in (row.small, row.large))
        table.add_row(row.measure, *values, f"{row.ratio:.2f}", row.standing)
    console = Console()
    Console(width=console.width if console.is_terminal else WIDTH).print(table)


def _keep(found: list[Growth], stored: int) -> None:
    content = {**facts(), "stored": [SMALL, stored], "rows": [msgspec.to_builtins(row) for row in found]}
    KEPT.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
