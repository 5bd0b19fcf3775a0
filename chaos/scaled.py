"""The shape of `shikanji up --scaled`: processes on PostgreSQL, NATS and Valkey, of which any may die at any time."""

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from redis import Redis

from chaos.auditing import violations
from chaos.child import Child, until_ready, until_said
from chaos.databases import Elsewhere, count_events, count_unsent, holder_of_relay
from chaos.full_disk import NOTHING_MORE, limit_files
from chaos.links import Links
from chaos.one_process import SETTINGS
from chaos.proxy import Proxy
from chaos.shape import Plan, Strike
from shikanji import commands
from shikanji.configuration import Configuration
from shikanji.engines import Engines
from shikanji.engines.engine import Engine
from shikanji.house import settings_kinds
from shikanji.kit.clock import SystemClock
from shikanji.kit.db.leases import SECONDS as LEASE_SECONDS
from shikanji.kit.errors import OperatorError
from shikanji.sandbox.jobs import WEBHOOK_PATH
from tests.scaled import children_of, environment
from tests.serving import free_port

WANTED = ("postgres", "nats", "valkey")
BEHIND_LINKS = ("SHIKANJI_DATABASE_URL", "SHIKANJI_BUS_URL", "SHIKANJI_CACHE_URL")
COPIES = ("--copies", "order=2,gateway=2")
BETWEEN_KILLS_SECONDS_MIN, BETWEEN_KILLS_SECONDS_MAX = 0.3, 3.0
AT_ONCE_SHARE = 0.25
"""Of the kills: those that do not wait until all is there again after the last."""
READY_SECONDS_MAX = 20
AWAY_SECONDS_MAX = 2.0
LINK_SECONDS_MAX = 3.0
FULL_SECONDS_MAX = 1.0
REFILL_SECONDS_MAX = 300


class Scaled:
    name = "processes on engines"

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.kills = 0
        self.fired: Counter[str] = Counter()
        self.notes: dict[str, str] = {}
        self._starting = False
        self._plan = plan
        self._chance = plan.chance("processes")
        self._folder = folder
        self._engines = Engines(folder / "engines", WANTED)
        self._links = Links(plan.chance("links"))
        self._port, self._front_port = free_port(), free_port()
        self._inner_url = f"http://127.0.0.1:{self._port}"
        self.url = f"http://127.0.0.1:{self._front_port}"
        """A gateway of its own, which reaches every service by a link."""
        self._keeper, self._front = Child(settings={}), Child(settings={})

    async def start(self) -> None:
        await asyncio.to_thread(self._engines.start)
        direct = {name: url for name, url in self._engines.urls.items() if name in BEHIND_LINKS}
        company = {
            "SHIKANJI_PAYMENT_SANDBOX_URL": self._inner_url,
            "SHIKANJI_SANDBOX_WEBHOOK_URL": self._inner_url + WEBHOOK_PATH,
        }
        self._settings = environment(self._folder / "data", {**SETTINGS, **direct})
        self._behind_links = {**self._settings, **await self._links.through({**direct, **company})}
        await self._start_all()

    async def _start_all(self) -> None:
        """Raises RuntimeError when a process ends instead, TimeoutError when something is away for too long."""
        self._keeper = Child(
            *("-m", "shikanji.cli", "up", "--scaled", "--port", str(self._port), *COPIES), settings=self._behind_links
        )
        await self._keeper.start()
        # Its gateways can be ready before it has told where the last of the others listens.
        await until_said(self._keeper, "ready on ")
        copies = await self._links.through_copies(addresses(self._keeper.last_lines))
        self._front_settings = {**self._behind_links, "SHIKANJI_COPIES": copies}
        await self._start_front()
        await until_ready(self._front, self.url)

    async def _start_front(self) -> None:
        arguments = ("-m", "shikanji.cli", "serve", "gateway", "--port", str(self._front_port))
        self._front = Child(*arguments, settings=self._front_settings)
        await self._front.start()

    async def kill(self) -> None:
        if self._chance.random() > AT_ONCE_SHARE:
            with suppress(TimeoutError, RuntimeError):
                async with asyncio.timeout(READY_SECONDS_MAX):
                    await until_ready(self._front, self.url)
        await asyncio.sleep(self._chance.uniform(BETWEEN_KILLS_SECONDS_MIN, BETWEEN_KILLS_SECONDS_MAX))
        if self._starting:
            return
        if (chosen := self._chance.choice([*self._children(), self._front.pid])) == self._front.pid:
            await self._end(self._front)
            self.kills += 1
            await self._start_front()
        else:
            # Its keeper starts it again.
            with suppress(ProcessLookupError):
                os.kill(chosen, signal.SIGKILL)
                self.kills += 1

    def faults(self) -> Mapping[str, Strike]:
        engines = self._engines
        return {
            "all processes at once": self._kill_all,
            "PostgreSQL killed": partial(self._take_away, "PostgreSQL killed", engines.postgres),
            "PostgreSQL's disk full": self._fill_disk,
            "NATS killed": partial(self._take_away, "NATS killed", engines.nats),
            "NATS store deleted": partial(self._take_away, "NATS store deleted", engines.nats, wipe=True),
            "Valkey killed": partial(self._take_away, "Valkey killed", engines.valkey),
            "Valkey flushed": self._flush,
            "outbox row held open": self._hold_open,
            "relay leader paused past its lease": self._pause_leader,
            "events duplicated, reordered, late": self._replay,
            **{name: partial(self._trouble_link, name, trouble) for name, trouble in self._links.troubles.items()},
        }

    async def halfway(self) -> None:
        """The bus loses its store while there is much to fill it with, and the day goes on: it is filled again when
        every event of before has been sent to it. What subscribers had seen they see once more, and drop."""
        database = self._settings["SHIKANJI_DATABASE_URL"]
        there = await asyncio.to_thread(count_events, database)
        if there < self._plan.events_at_refill:
            elsewhere = await asyncio.to_thread(Elsewhere, database)
            await asyncio.to_thread(elsewhere.record, self._plan.events_at_refill - there)
        there = await asyncio.to_thread(count_events, database)
        since, began = SystemClock().now(), time.monotonic()
        await asyncio.to_thread(self._engines.nats.wipe)
        await asyncio.to_thread(self._engines.nats.start)
        while await asyncio.to_thread(count_unsent, database, since):
            if time.monotonic() - began > REFILL_SECONDS_MAX:
                raise TimeoutError(f"the bus was not filled again in {REFILL_SECONDS_MAX} s")
            await asyncio.sleep(0.5)
        self.fired["NATS store deleted"] += 1
        self.notes["seconds to refill the bus"] = f"{time.monotonic() - began:.1f} ({there:,} events)"

    async def heal(self) -> None:
        self._links.heal()
        await asyncio.to_thread(self._engines.start)
        if not (self._keeper.running and self._front.running):
            await self._start_anew()
        await until_ready(self._keeper, self._inner_url)
        await until_ready(self._front, self.url)

    async def settle(self) -> bool:
        with suppress(OperatorError, OSError):
            return bool(await commands.run(Configuration(self._settings, settings_kinds()), "settle", {}))
        return False

    async def audit(self) -> list[str]:
        return await violations(self._settings)

    async def stop(self) -> None:
        for child in (self._front, self._keeper):
            child.signal(signal.SIGTERM)
            await child.ended()
        await self._links.stop()
        await asyncio.to_thread(self._engines.stop)

    def _children(self) -> list[int]:
        with suppress(FileNotFoundError):
            return children_of(self._keeper.pid)
        return []

    async def _kill_all(self) -> None:
        """By the death of their keeper, which none of them outlives."""
        await until_ready(self._keeper, self._inner_url)
        self.kills += len(self._children()) + 2
        self.fired["all processes at once"] += 1
        self._starting = True
        try:
            await self._start_anew()
        finally:
            self._starting = False

    async def _start_anew(self) -> None:
        for child in (self._front, self._keeper):
            await self._end(child)
        await self._start_all()

    async def _end(self, child: Child) -> None:
        child.signal(signal.SIGKILL)
        await child.ended()

    async def _take_away(self, name: str, engine: Engine, *, wipe: bool = False) -> None:
        await asyncio.to_thread(engine.wipe if wipe else engine.kill)
        try:
            await self._for_a_while(AWAY_SECONDS_MAX)
        finally:
            await asyncio.to_thread(engine.start)
        self.fired[name] += 1

    async def _flush(self) -> None:
        url = self._settings["SHIKANJI_CACHE_URL"].replace("valkey://", "redis://")
        with Redis.from_url(url) as valkey:
            await asyncio.to_thread(valkey.flushall)
        self.fired["Valkey flushed"] += 1

    async def _hold_open(self) -> None:
        elsewhere = await asyncio.to_thread(Elsewhere, self._settings["SHIKANJI_DATABASE_URL"])
        with suppress(OperatorError):
            await asyncio.to_thread(elsewhere.hold_open, self._plan.held_open_seconds)
            self.fired["outbox row held open"] += 1

    async def _pause_leader(self) -> None:
        """With two copies of the order service the other one takes over, and the first must not go on where it was."""
        leader = await asyncio.to_thread(holder_of_relay, self._settings["SHIKANJI_DATABASE_URL"], "order")
        if leader not in self._children():
            return
        with suppress(ProcessLookupError):
            os.kill(leader, signal.SIGSTOP)
            try:
                await asyncio.sleep(LEASE_SECONDS + 1)
            finally:
                os.kill(leader, signal.SIGCONT)
            self.fired["relay leader paused past its lease"] += 1

    async def _replay(self) -> None:
        """What was delivered long ago comes again, behind what is new."""
        arguments = {"service": self._chance.choice(("order", "payment", "inventory"))}
        with suppress(OperatorError):
            await commands.run(Configuration(self._settings, settings_kinds()), "events.replay", arguments)
            self.fired["events duplicated, reordered, late"] += 1

    async def _trouble_link(self, name: str, trouble: Callable[[Proxy], None]) -> None:
        proxy = self._links.any()
        trouble(proxy)
        try:
            await self._for_a_while(LINK_SECONDS_MAX)
        finally:
            proxy.heal()
        self.fired[name] += 1

    async def _fill_disk(self) -> None:
        """Those that serve may write no byte more, and PostgreSQL must give up rather than lose what it has said."""
        postmaster = self._engines.postgres.pid
        assert postmaster is not None
        for pid in children_of(postmaster):
            with suppress(FileNotFoundError):
                limit_files(pid, NOTHING_MORE)
        await self._for_a_while(FULL_SECONDS_MAX)
        await asyncio.to_thread(self._engines.postgres.kill)
        await asyncio.to_thread(self._engines.postgres.start)
        self.fired["PostgreSQL's disk full"] += 1

    async def _for_a_while(self, seconds_max: float) -> None:
        await asyncio.sleep(self._chance.uniform(0.2, 1.0) * seconds_max)


def addresses(lines: Iterable[str]) -> dict[str, list[str]]:
    """Service → where its copies listen, as the keeper's processes say it."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if said := re.search(r"(\w+): ready, listening at (\S+)", line):
            found.setdefault(said[1], []).append(f"http://{said[2]}")
    found.pop("gateway", None)
    return found
