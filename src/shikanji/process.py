"""What one process runs: rooms for its services, the workers behind them, and the doors that lead to them."""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

from shikanji.configuration import Configuration
from shikanji.desk import Desk
from shikanji.door import Door
from shikanji.equipment import equip
from shikanji.gateway.app import Gateway
from shikanji.gateway.readiness import Readiness, Source, Tell
from shikanji.gateway.seal import PURPOSE as SEAL_PURPOSE
from shikanji.gateway.seal import Seal
from shikanji.gateway.settings import GatewaySettings
from shikanji.house import app_of
from shikanji.kit import calls_credential
from shikanji.kit.asgi import ASGIApp
from shikanji.kit.bus.metrics import BusMetrics
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.cache.metrics import CacheMetrics
from shikanji.kit.calls_credential import Gatekeeper
from shikanji.kit.calls_server import CallsApp
from shikanji.kit.clock import Clock
from shikanji.kit.db.leadership import Leads, alone
from shikanji.kit.db.leases import Lease
from shikanji.kit.db.opening import check
from shikanji.kit.db.port import Database
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.turns import Turns
from shikanji.kit.drive import Drive
from shikanji.kit.messages import Messages
from shikanji.kit.service import Room, Service
from shikanji.kit.telemetry import metrics
from shikanji.kit.telemetry.backstage import REFRESH_SECONDS, Backstage
from shikanji.kit.workers import Workers
from shikanji.listening import Server
from shikanji.world import World

SETTLE_POLL_SECONDS = 0.005


class Process:
    """Some of the services, the gateway, or all of it. `furnish` and `set_to_work` leave it working, `open_gateway` and
    `open_desk` let others in, `stop` ends it in order."""

    def __init__(
        self,
        configuration: Configuration,
        services: Sequence[Service],
        *,
        url: str = "",
        world: World | None = None,
        driven: bool = False,
    ) -> None:
        """`url`: where clients reach the platform. `driven`: nothing runs by itself behind the requests; `settle` does
        what is due, step by step."""
        self.settings = configuration.platform
        self.services = tuple(services)
        self.rooms: dict[str, Room] = {}
        self.workers: dict[str, Workers] = {}
        self.world = world or World()
        self.clock = self.world.clock
        self.url = url
        """Where clients reach the platform."""
        self.configuration = configuration
        self._driven = driven
        self._turns = Turns()
        self._apps: dict[str, ASGIApp] = {}
        self._starting = True
        self._registry = metrics.new_registry()
        self._servers: list[Server] = []
        self._readinesses: list[Readiness] = []
        self._stack = AsyncExitStack()

    @property
    def messages(self) -> Messages:
        return self._equipment.messages

    def is_ready(self) -> None:
        """Called when whatever has to be done before the first request (demo data) is done."""
        self._starting = False

    async def until_ready(self, tell: Tell) -> None:
        """Returns when every part of it is ready, and of those elsewhere what it cannot do without. `tell` hears
        what is waited for, when it takes long."""
        for readiness in self._readinesses:
            await readiness.until_ready(tell)

    async def drain(self, seconds: float) -> None:
        """Says for so long that it is not ready, and answers all the same: whoever balances over several copies turns
        to the others."""
        self._say_stopping()
        for server in self._servers:
            server.drain()
        await asyncio.sleep(seconds)

    async def stop(self) -> None:
        """Takes no more requests, finishes those under way and what they set going, then closes."""
        await self._stack.aclose()

    async def settle(self) -> None:
        """Returns when nothing is due any more: no unpublished event, no event to try again, no job."""
        while not await self.is_settled():
            if not self._driven or not await self.step():
                await asyncio.sleep(SETTLE_POLL_SECONDS)

    async def step(self) -> int:
        """Everything that is due now, once; returns how much that was."""
        return sum([await workers.step() for workers in self.workers.values()])

    async def is_settled(self) -> bool:
        # One after the other finds what the first was handed by the last only in a second look.
        for workers in (*self.workers.values(), *self.workers.values()):
            if await workers.pending():
                return False
        return True

    async def check(self) -> None:
        """Raises DatabaseUnusable for a database that is not there or not of this release."""
        for service in self.services:
            await asyncio.to_thread(check, self.settings.database_template, service)

    async def furnish(self) -> None:
        """Gives each service its room."""
        self._equipment = await equip(
            self.settings, self.configuration.section("bus", BusSettings), self.world, self._stack
        )
        CacheMetrics(self._registry, self._equipment.cache)
        BusMetrics(self._registry, self._equipment.bus)
        holder = f"{socket.gethostname()}:{os.getpid()}:{self._equipment.ids.new()}"
        for service in self.services:
            room = await self._room(service)
            self.rooms[service.name] = room
            self._apps[service.name] = app_of(room, service)
            self._equipment.local_calls.add(room, service.answers)
            leads = alone if self.settings.embedded else _under_leases(room.db, self.clock, holder)
            workers = Workers(service, room, self._equipment.bus, jitter=self.world.jitter, leads=leads)
            self.workers[service.name] = workers
        await self._equipment.follow_revocations(self._stack)

    async def set_to_work(self, *, patient: bool = False) -> None:
        """Events travel and jobs run from now on. `patient`: events may travel later, when the bus is there."""
        for workers in self.workers.values():
            await workers.prepare(alone=self.settings.embedded)
        self._stack.push_async_callback(self._equipment.bus.close)
        await self._equipment.bus.start(patient=patient)
        for workers in self.workers.values():
            if not self._driven:
                workers.start()
            self._stack.push_async_callback(workers.stop)

    async def open_gateway(self) -> Gateway:
        """Makes `gateway`: the way in, whoever hands it the requests."""
        section = self.configuration.section("gateway", GatewaySettings)
        door = Door(self.settings, section, self._equipment, clock=self.clock, url=self.url, registry=self._registry)
        self.gateway = door.gateway(self._apps, self._readiness(), self._stack)
        await self.gateway.start()
        self._stack.push_async_callback(self.gateway.stop)
        self._readinesses.append(self.gateway.readiness)
        return self.gateway

    def open_desk(self) -> Desk:
        """The way in for the platform's other processes."""
        secrets = self._equipment.secrets
        gatekeeper = Gatekeeper(secrets.derive(calls_credential.PURPOSE), self.clock)
        readiness = Readiness(self._readiness(), self._equipment.impaired, name="process")
        self._readinesses.append(readiness)
        return Desk(
            [(service, self._apps[service.name]) for service in self.services],
            CallsApp([(self.rooms[service.name], service.answers) for service in self.services], gatekeeper),
            seal=Seal(secrets.derive(SEAL_PURPOSE), self.clock),
            readiness=readiness,
            registry=self._registry,
            ids=self._equipment.ids,
            production=self.settings.production,
        )

    def serve(self, app: ASGIApp, listening: socket.socket) -> None:
        """Hands `app` what comes in there, until `stop`."""
        if self.workers and not self._servers:
            self._watch()
        server = Server(app, listening)
        server.start()
        self._servers.append(server)
        self._stack.push_async_callback(self._close, server)

    async def _close(self, server: Server) -> None:
        self._say_stopping()
        await server.stop()

    def _say_stopping(self) -> None:
        for readiness in self._readinesses:
            readiness.stop()

    async def _room(self, service: Service) -> Room:
        equipment, section = self._equipment, self.configuration.services[service.name]
        ground = Ground(
            service=service.name,
            clock=self.clock,
            ids=equipment.ids,
            secrets=equipment.secrets,
            settings=section,
            wanted=equipment.bus.wanted,
            turns=self._turns,
        )
        db = self.world.open_database(self.settings.database_template, ground)
        await db.start()
        self._stack.push_async_callback(db.close)
        return Room(
            name=service.name,
            db=db,
            calls=equipment.calls,
            clock=self.clock,
            ids=equipment.ids,
            cache=equipment.cache,
            files=equipment.files,
            messages=equipment.messages,
            secrets=equipment.secrets,
            verifier=equipment.verifier,
            http=equipment.http,
            production=self.settings.production,
            rate_limits=self.settings.rate_limits == "on",
            public_url=self.url,
            _settings=section,
        )

    def _watch(self) -> None:
        """Outboxes, inboxes and jobs in the metrics; read now and then, not at every scrape."""
        backstage = Backstage(self._registry, self.workers)
        drive = Drive("metrics", backstage.refresh, clock=self.clock, poll_seconds=REFRESH_SECONDS)
        drive.start()
        self._stack.push_async_callback(drive.stop)

    def _readiness(self) -> dict[str, Source]:
        async def platform() -> str:
            return "is starting" if self._starting else ""

        async def sessions() -> str:
            return "" if self._equipment.revocations.usable else "revoked sessions are still being read"

        return {
            "platform": platform,
            "sessions": sessions,
            "files": self._equipment.files.check,
            **{name: partial(_reachable, room) for name, room in self.rooms.items()},
        }


def _under_leases(db: Database, clock: Clock, holder: str) -> Leads:
    return lambda name: Lease(db, name, clock, holder=holder)


async def _reachable(room: Room) -> str:
    await room.db.read(lambda tx: tx.now)
    return ""
