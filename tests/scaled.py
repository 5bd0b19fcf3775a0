"""The platform as several processes on real engines, as `shikanji up --scaled` runs it, over real HTTP on loopback."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from shikanji import seed
from shikanji.engines import Engines
from shikanji.house import SERVICES
from shikanji.kit.clock import SystemClock
from tests import command_line
from tests.harness import ALL, CUSTOMER, Client, Counter, MovingClock, Shop, configuration, open_platform
from tests.probing import until

STARTED_SECONDS_MAX = 90.0
ENGINES = ("SHIKANJI_DATABASE_URL", "SHIKANJI_BUS_URL", "SHIKANJI_CACHE_URL")
ENOUGH, PLENTY = 400, 1_000
"""Pieces of a product: below the first it is restocked by the second."""


class Processes:
    """`up --scaled` and all that it keeps."""

    def __init__(self, environment: Mapping[str, str], *arguments: str) -> None:
        self.environment = environment
        self.said = ""
        self._is_silent = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "shikanji.cli", "up", "--scaled", "--port", "0", *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.pid = self._process.pid
        self._heard = threading.Condition()
        # All the time: a process that nobody listens to loses its words.
        self._listener = threading.Thread(target=self._hear, daemon=True)
        self._listener.start()

    @property
    def url(self) -> str:
        return self._found(r"ready on (\S+),")

    @property
    def children(self) -> list[int]:
        """The ids of the processes that it keeps now."""
        return children_of(self.pid)

    def addresses(self, service: str) -> list[str]:
        """Where its copies listen."""
        found = re.findall(rf"{service}: ready, listening at (\S+)", self.listen())
        return [f"http://{address}" for address in dict.fromkeys(found)]

    def listen(self, until: str = "") -> str:
        """What it has said so far; `until` it has said this."""
        with self._heard:
            self._heard.wait_for(lambda: until in self.said or self._is_silent, STARTED_SECONDS_MAX)
            assert until in self.said, self.said
            return self.said

    def end(self, by: signal.Signals) -> int:
        """Its exit code."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, by)
        code = self._process.wait(STARTED_SECONDS_MAX)
        self._listener.join(STARTED_SECONDS_MAX)
        return code

    def _hear(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            while heard := os.read(stderr.fileno(), 65_536):
                with self._heard:
                    self.said += heard.decode(errors="replace")
                    self._heard.notify_all()
        with self._heard:
            self._is_silent = True
            self._heard.notify_all()

    def _found(self, pattern: str) -> str:
        found = re.search(pattern, self.said)
        assert found, self.said
        return found[1]


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def is_running(pid: int) -> bool:
    """A process that ended and whom nobody has asked about yet does not run."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@contextmanager
def engines_of_its_own(engines: Engines, folder: Path, name: str) -> Iterator[dict[str, str]]:
    """Settings of a platform on the session's engines, with databases of its own and, since suites of the bus empty
    theirs, a bus of its own."""
    shared = engines.need("postgres", "valkey")
    with Engines(folder / "engines", ("nats",), durable=False) as own:
        databases = shared["SHIKANJI_DATABASE_URL"].replace("{service}", f"{name}_{{service}}")
        yield {**shared, **own.urls, "SHIKANJI_DATABASE_URL": databases}


def environment(folder: Path, urls: Mapping[str, str], **settings: str) -> dict[str, str]:
    return {**command_line.environment(folder, rate_limits="off", **settings), **urls}


def settings(urls: Mapping[str, str]) -> dict[str, str]:
    """As `command_line.shikanji` takes them."""
    return {name.removeprefix("SHIKANJI_").lower(): value for name, value in urls.items()}


class OneProcessOnEngines:
    """The whole platform in this process, but on engines. Its clock can be moved, and goes on from test to test."""

    def __init__(self, folder: Path, urls: Mapping[str, str]) -> None:
        folder.mkdir()
        self._folder = folder
        self._clock = MovingClock()
        self._engines = settings(urls)

    @asynccontextmanager
    async def open(self, **changes: str) -> AsyncIterator[Shop]:
        chosen = configuration(self._folder, **self._engines, **changes)
        async with open_platform(chosen, self._clock) as shop:
            await seed.seed(shop.platform.rooms)
            await shop.settle()
            yield shop


class Databases:
    """Looks at all of them from outside."""

    def __init__(self, template: str) -> None:
        self.urls = {service.name: template.replace("{service}", service.name) for service in ALL}
        self._connections = {name: psycopg.connect(url, autocommit=True) for name, url in self.urls.items()}

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def what_is_left(self) -> str:
        """What is due and not done yet, in words; empty when all is settled."""
        recorded: dict[str, set[str]] = {}
        for service in ALL:
            if left := self._left(service.name):
                return left
            for event, kind in self._rows(service.name, "SELECT event_id, type FROM outbox"):
                recorded.setdefault(kind, set()).add(event)
        for service in SERVICES:
            wanted = set().union(*(recorded.get(kind, set()) for kind in service.subscribers.kinds))
            if missing := wanted - {event for (event,) in self._rows(service.name, "SELECT event_id FROM inbox")}:
                return f"{len(missing)} events have not come to {service.name}"
        return ""

    def _left(self, service: str) -> str:
        now = SystemClock().now()
        for what, query in {
            "unpublished events": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
            "events to try again": f"SELECT count(*) FROM inbox WHERE state = 'waiting' AND next_at <= {now}",
            "jobs that are due": f"SELECT count(*) FROM jobs WHERE due_at <= {now} OR lease_until > {now}",
        }.items():
            if count := self._rows(service, query)[0][0]:
                return f"{service} has {count} {what}"
        return ""

    def _rows(self, service: str, query: str) -> list[Any]:
        return self._connections[service].execute(query.encode()).fetchall()


class ScaledShop(Counter):
    """A running platform in several processes: it works by itself, on the clock of this machine. The demo's customer is
    another account in every test, so that each finds only what is its own."""

    def __init__(self, http: aiohttp.ClientSession, processes: Processes, databases: Databases) -> None:
        super().__init__(http, processes.url)
        self.processes = processes
        self.folder = Path(processes.environment["SHIKANJI_DATA_DIR"])
        self.urls = {name: processes.environment[name] for name in ENGINES}
        self._databases = databases

    @property
    def databases(self) -> dict[str, Path | str]:
        return {**self._databases.urls}

    async def settle(self) -> None:
        left = ""

        async def nothing_is_left() -> bool:
            nonlocal left
            left = await asyncio.to_thread(self._databases.what_is_left)
            return not left

        try:
            await until(nothing_is_left, "nothing is left to do")
        except AssertionError as late:
            raise AssertionError(f"{late}: {left}") from None

    async def customer(self) -> Client:
        if CUSTOMER not in self._clients:
            self._clients[CUSTOMER] = await self.register("Asha Mehta")
        return self._clients[CUSTOMER]

    async def restock(self) -> None:
        """What other tests sold is there again."""
        store, manager = await self.store(), await self.staff("manager")
        for product in (await self.products(store["id"]))[:4]:
            path = f"/api/v1/inventory/{product['id']}"
            if (await manager.get(f"{path}?storeId={store['id']}")).data["available"] < ENOUGH:
                change = {"storeId": store["id"], "delta": PLENTY, "reason": "delivered"}
                assert (await manager.put(f"{path}/adjust", change)).status == 200


@asynccontextmanager
async def at_the_counter(processes: Processes, databases: Databases) -> AsyncIterator[ScaledShop]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        shop = ScaledShop(http, processes, databases)
        await shop.restock()
        yield shop
