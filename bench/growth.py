"""What a long history costs: every measure on a platform with a million orders, against one with a thousand. Both stand
side by side and each part is measured on the one, then on the other, twice, and the better of both counts: what else a
machine does only takes. Each part's table is printed, and kept, as soon as the part is done."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import uvloop

from bench import pages, paper
from bench.growth_report import Growth, keep, show
from bench.history.__main__ import make
from bench.load import closed_loop
from bench.orders import measure_orders, step
from bench.process import Running, calm, idle_rows, running
from bench.report import Row
from bench.shop import Shop, opened

SMALL = 1_000
ROUNDS = 2
CUSTOMERS = 64
READS = 6_000
PLATFORM = ["-m", "shikanji.cli", "up", "--port", "{port}"]
SETTINGS = {"SHIKANJI_RATE_LIMITS": "off", "SHIKANJI_LOG_LEVEL": "warning"}


@dataclass(frozen=True)
class Stand:
    """One of the two, open for business."""

    platform: Running
    shop: Shop


T = TypeVar("T")
Part = Callable[[T], Awaitable[list[Row]]]


def run(orders: int, stored: int, folder: Path | None) -> None:
    """`orders`: how many each order measure places; `stored`: how many the long history has, which is made unless
    `folder` has it: to that, the measuring adds its own orders."""
    with _histories(stored, folder) as (small, large):
        uvloop.run(_measure((small, large), orders, stored))


@contextmanager
def _histories(stored: int, made: Path | None) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory(prefix="shikanji-growth-") as folder:
        small, large = Path(folder) / "small", made or Path(folder) / "large"
        make(small, SMALL)
        if made is None:
            make(large, stored)
        yield small, large


async def _measure(folders: Sequence[Path], orders: int, stored: int) -> None:
    found: list[Growth] = []

    async def take(name: str, these: Sequence[T], part: Part[T]) -> None:
        grown = await _in_turn(these, part)
        found.extend(grown)
        show(name, grown, SMALL, stored)
        keep(found, SMALL, stored)

    await take("start and rest", folders, _start)
    async with AsyncExitStack() as stack:
        stands = [await stack.enter_async_context(_stand(folder)) for folder in folders]
        for name, part in _parts(orders).items():
            await take(name, stands, part)


async def _in_turn(these: Sequence[T], part: Part[T]) -> list[Growth]:
    """`these`: of the short history, and of the long one."""
    rounds = [[await part(one) for one in these] for _ in range(ROUNDS)]
    least, most = (_better([one[place] for one in rounds]) for place in range(2))
    return [Growth.of(one, most[measure]) for measure, one in least.items()]


def _better(rounds: list[list[Row]]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in (row for rows in rounds for row in rows):
        known = found.get(row.measure)
        if known is None or (row.value > known.value) is row.more_is_better:
            found[row.measure] = row
    return found


@asynccontextmanager
async def _stand(folder: Path) -> AsyncIterator[Stand]:
    started = running(PLATFORM, ready_path="/health/ready", settings=SETTINGS, folder=folder)
    async with started as platform, opened(platform.url, customers=CUSTOMERS) as shop:
        await platform.settle()
        await calm(platform)
        yield Stand(platform, shop)


def _parts(orders: int) -> dict[str, Part[Stand]]:
    async def place(stand: Stand) -> list[Row]:
        return await measure_orders(stand.platform, stand.shop, orders)

    return {"first pages": _look, "orders": place, "invoices on paper": _print, "the menu": _read_menu}


async def _start(folder: Path) -> list[Row]:
    async with running(PLATFORM, ready_path="/health/ready", settings=SETTINGS, folder=folder) as platform:
        return await idle_rows(platform)


async def _look(stand: Stand) -> list[Row]:
    return await step("first pages", pages.rows(stand.platform, stand.shop))


async def _print(stand: Stand) -> list[Row]:
    return await step("invoices on paper", paper.rows(stand.platform, stand.shop))


async def _read_menu(stand: Stand) -> list[Row]:
    menu = await step("the menu", closed_loop(stand.shop.read_menu(), clients=16, requests=READS))
    return [Row("cached menu reads a second", menu.per_second, "/s")]
