"""`make bench`: the platform in one process, measured in one run against floors on the same machine; then as several
processes on real engines, with one and with two copies of what an order passes.

Loopback only; every loop has a fixed number of requests, so it ends by itself (some two minutes, and some six)."""

import argparse
import compileall
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench import bare, comparison, growth, paper, report, scaled
from bench.http import client
from bench.load import closed_loop
from bench.orders import measure_orders, outcome, step
from bench.process import idle_rows, running
from bench.report import Row
from bench.shop import Shop, opened

CUSTOMERS = 64
READS = 12_000
PLATFORM = ["-m", "shikanji.cli", "up", "--port", "{port}"]
BARE = ["-m", "bench.bare", "{port}"]
SCALED = {"one copy": 1, "two copies": 2}
SOURCES = Path(__file__).parent.parent / "src"


async def main(orders: int) -> list[Row]:
    """All rows of the table; `orders` is how many each order measure places."""
    async with AsyncExitStack() as stack:
        settings = {"SHIKANJI_RATE_LIMITS": "off", "SHIKANJI_LOG_LEVEL": "warning"}
        platform = await stack.enter_async_context(running(PLATFORM, ready_path="/health/ready", settings=settings))
        rows = await idle_rows(platform)
        shop = await stack.enter_async_context(opened(platform.url, customers=CUSTOMERS))
        rows += await measure_orders(platform, shop, orders)
        rows += await step("invoices on paper", paper.rows(platform, shop))
        rows += await _menu(shop)
    rows += _floor(orders)
    return rows


async def _menu(shop: Shop) -> list[Row]:
    size = await shop.menu_bytes()
    floor = running([*BARE, str(size)], ready_path="/", settings={})
    async with floor as server, client(server.url) as http:

        async def bare_read(_: int) -> int:
            return (await http.get("/")).status

        bare_result = await step("bare ASGI", closed_loop(bare_read, clients=16, requests=READS))
    menu = await step("the menu", closed_loop(shop.read_menu(), clients=16, requests=READS))
    ratio = menu.per_second / bare_result.per_second * 100
    return [
        Row("bare ASGI reads a second", bare_result.per_second, "/s", note=f"{size:,} bytes, as the menu"),
        Row("cached menu reads a second", menu.per_second, "/s", note=outcome(menu)),
        Row("cached menu against bare ASGI", ratio, "%", 40, 80),
    ]


def _floor(orders: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="shikanji-bench-") as folder:

        def row(group: int) -> Row:
            per_second = bare.orders_a_second(Path(folder), orders=orders, group=group)
            return Row(f"bare inserts, {group} orders a commit", per_second, "/s")

        return [row(1), row(50)]


def one_process(orders: int) -> None:
    measured = uvloop.run(main(orders))
    report.show(measured)
    report.keep(measured)


def several_processes(orders: int) -> None:
    columns = {name: uvloop.run(scaled.measure(orders, copies)) for name, copies in SCALED.items()}
    comparison.show(columns)
    comparison.keep(columns)


SHAPES = {"one": [one_process], "scaled": [several_processes], "both": [one_process, several_processes]}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=4_000, help="orders that each measure places")
    parser.add_argument("--growth", action="store_true", help="instead: with many orders stored, against a thousand")
    parser.add_argument("--stored", type=int, default=1_000_000, help="how many orders are stored for that")
    parser.add_argument("--folder", type=Path, help="for that: a history of so many, made by `python -m bench.history`")
    parser.add_argument("--shape", choices=SHAPES, default="both", help="one process, several, or both")
    arguments = parser.parse_args()
    # As in a checkout that has been started before.
    compileall.compile_dir(SOURCES, quiet=1)
    if arguments.growth:
        growth.run(arguments.orders, arguments.stored, arguments.folder)
    else:
        for measure in SHAPES[arguments.shape]:
            measure(arguments.orders)
