"""Where the parts are joined: the gateway and all services in one process."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import msgspec
import uvicorn
from obstore.store import from_url
from prometheus_client import CollectorRegistry

from shikanji import revocation_feed, sandbox
from shikanji.configuration import Configuration, PlatformSettings
from shikanji.contracts.inventory import OutOfStock, ProductCreated, ProductUpdated
from shikanji.contracts.store import DeliveryZoneUpdated, StoreCreated, StoreStatusChanged, StoreUpdated
from shikanji.gateway.app import Gateway, Surroundings
from shikanji.gateway.problems import OF_THE_DOOR
from shikanji.gateway.server import server_options
from shikanji.gateway.settings import GatewaySettings
from shikanji.gateway.upstreams import InProcess
from shikanji.kit.asyncapi import asyncapi
from shikanji.kit.auth_revocations import Revocations
from shikanji.kit.auth_tokens import TokenVerifier
from shikanji.kit.calls_local import LocalCalls
from shikanji.kit.db.opening import migrate
from shikanji.kit.db.transaction import Ground
from shikanji.kit.drive import Drive
from shikanji.kit.errors import OperatorError
from shikanji.kit.events import Envelope
from shikanji.kit.files import Files
from shikanji.kit.files.store import ObjectFiles, local_files
from shikanji.kit.folder import FolderLock
from shikanji.kit.ids import Ids
from shikanji.kit.messages import Messages
from shikanji.kit.messages.outbox import OutboxMessages, outbox_page
from shikanji.kit.messages.smtp import SmtpMessages
from shikanji.kit.secrets import DerivedSecrets, read_or_make_secret
from shikanji.kit.service import Room, Service
from shikanji.kit.telemetry import metrics
from shikanji.kit.telemetry.backstage import REFRESH_SECONDS, Backstage
from shikanji.kit.web.app import service_app
from shikanji.kit.web.openapi import openapi, render
from shikanji.kit.workers import Workers
from shikanji.services import customer, inventory, order, payment, store
from shikanji.world import World

SERVICES: tuple[Service, ...] = (
    customer.service,
    store.service,
    inventory.service,
    order.service,
    payment.service,
)
TITLE = "Jain Shikanji Platform"
VERSION = version("shikanji")
SETTLE_POLL_SECONDS = 0.005

_PURGED_BY: Mapping[str, tuple[type, ...]] = {
    "/api/v1/products": (ProductCreated, ProductUpdated, OutOfStock),
    "/api/v1/categories": (ProductCreated, ProductUpdated),
    "/api/v1/stores": (StoreCreated, StoreUpdated, StoreStatusChanged, DeliveryZoneUpdated),
}
"""Path prefixes of which the gateway forgets its kept answers when one of these events was delivered. None that every
order brings: it would empty the cache all day, and what is kept is old after seconds anyway."""


def services_of(settings: PlatformSettings) -> tuple[Service, ...]:
    """Every part with a database: in demos the sandbox payment company is one of them."""
    return SERVICES if settings.production else (*SERVICES, sandbox.service)


def settings_kinds() -> dict[str, type[msgspec.Struct]]:
    """The settings of every part by the section that they are read from."""
    kinds = {service.name: service.settings for service in (*SERVICES, sandbox.service)}
    return {**kinds, "gateway": GatewaySettings}


def openapi_json(services: Sequence[Service], url: str) -> bytes:
    return render(openapi(services, title=TITLE, version=VERSION, server=url, everywhere=OF_THE_DOOR))


def asyncapi_json() -> bytes:
    return render(asyncapi(SERVICES, title=TITLE, version=VERSION))


class Platform:
    """Everything in one process, on one data folder. `start` leaves it working behind `url`, `stop` drains it."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        world: World | None = None,
        driven: bool = False,
    ) -> None:
        """`driven`: nothing runs by itself behind the requests; `settle` does what is due, step by step."""
        self.settings = configuration.platform
        self.services = services_of(configuration.platform)
        self.rooms: dict[str, Room] = {}
        self.workers: dict[str, Workers] = {}
        self._world = world = world or World()
        self.clock = world.clock
        self.url = ""
        """Where clients reach it."""
        self.address = ""
        """Where it listens: `127.0.0.1:8000`."""
        self._section = configuration.services
        self._driven = driven
        self._ids = Ids(world.clock, world.random_bytes)
        self._bus = world.bus
        self._cache = world.cache
        self._local_calls = LocalCalls()
        self._calls = world.around_calls(self._local_calls)
        self._ready: dict[str, str] = {"platform": "is starting"}
        self._stack = AsyncExitStack()
        self._server: _Server | None = None

    async def start(self, *, serve: bool = True) -> None:
        """Raises FolderUnusable or AddressUnusable; what was started is ended again. Without `serve` the rooms are
        there, but no door to them."""
        try:
            await self._start(serve)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Takes no more requests, finishes those under way and what they set going, then closes."""
        await self._stack.aclose()

    def is_ready(self) -> None:
        """Called when whatever has to be done before the first request (demo data) is done."""
        self._ready.pop("platform", None)

    async def settle(self) -> None:
        """Returns when nothing is due any more: no unpublished event, no event to try again, no job."""
        while not await self.is_settled():
            if self._driven:
                await self.step()
            else:
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

    async def _start(self, serve: bool) -> None:
        lock = FolderLock(self.settings.folder)
        lock.acquire("starting" if serve else "doing a command")
        self._stack.callback(lock.release)
        listening = _listen(self.settings) if serve else None
        if listening is not None:
            self._stack.callback(listening.close)
        self.url = self._url(listening)
        if listening is not None:
            self.address = "{}:{}".format(*listening.getsockname())
            lock.tell(f"serving {self.url}")
        await asyncio.to_thread(self._migrate)
        await self._furnish()
        await self._set_to_work()
        if listening is not None:
            await self._open_the_door(listening)
            self._stack.push_async_callback(self._close_the_door)

    def _url(self, listening: socket.socket | None) -> str:
        port = self.settings.port if listening is None else listening.getsockname()[1]
        return self.settings.public_url or f"http://{_host_name(self.settings.host)}:{port}"

    def _migrate(self) -> None:
        for service in self.services:
            migrate(self.settings.database_template, service)

    async def _furnish(self) -> None:
        """Gives each service its room."""
        http = self._world.open_http()
        self._stack.push_async_callback(http.close)
        secrets = DerivedSecrets(self._secret())
        self.messages = self._open_messages()
        self._revocations = Revocations(self.clock, **revocation_feed.questions(self._calls))
        verifier = TokenVerifier(revocation_feed.keys(self._calls), self._revocations, self.clock)
        files = self._open_files()
        for service in self.services:
            section = self._section[service.name]
            ground = Ground(service=service.name, clock=self.clock, ids=self._ids, secrets=secrets, settings=section)
            db = self._world.open_database(self.settings.database_template, ground)
            await db.start()
            self._stack.push_async_callback(db.close)
            room = Room(
                name=service.name,
                db=db,
                calls=self._calls,
                clock=self.clock,
                ids=self._ids,
                cache=self._cache,
                files=files,
                messages=self.messages,
                secrets=secrets,
                verifier=verifier,
                http=http,
                production=self.settings.production,
                rate_limits=self.settings.rate_limits == "on",
                public_url=self.url,
                _settings=section,
            )
            self.rooms[service.name] = room
            self._local_calls.add(room, service.answers)
            self.workers[service.name] = Workers(service, room, self._bus, jitter=self._world.jitter)
        await self._follow_revocations()

    async def _set_to_work(self) -> None:
        for workers in self.workers.values():
            await workers.prepare(alone=self.settings.embedded)
            if not self._driven:
                workers.start()
                self._stack.push_async_callback(workers.stop)

    async def _follow_revocations(self) -> None:
        await revocation_feed.follow(self._revocations, self._cache, self._bus)
        task = asyncio.create_task(self._revocations.keep_filled())
        self._stack.callback(task.cancel)

    async def _open_the_door(self, listening: socket.socket) -> None:
        await self.open_gateway()
        self._server = _Server(uvicorn.Config(self.gateway, **server_options()))
        self._serving = asyncio.create_task(self._server.serve([listening]))

    async def open_gateway(self) -> None:
        """Makes `gateway`: the way in, whoever hands it the requests."""
        verifier = self.rooms[customer.service.name].verifier
        section = self._section["gateway"]
        if not isinstance(section, GatewaySettings):
            raise TypeError("the gateway's section is not filled with its settings")
        upstreams = {
            service.name: InProcess(self._app_of(service), seconds_max=section.upstream_seconds_max)
            for service in self.services
        }
        registry = metrics.new_registry()
        self.gateway = Gateway(
            Surroundings(
                routes=[(service.name, route) for service in self.services for route in service.routes.all],
                upstreams=upstreams,
                mounts=self._mounts(),
                verifier=verifier,
                cache=self._cache,
                clock=self.clock,
                ids=self._ids,
                registry=registry,
                readiness=self._readiness(),
                openapi=lambda: openapi_json(self.services, self.url),
                asyncapi=asyncapi_json,
                version=VERSION,
                public_url=self.url,
                production=self.settings.production,
                rate_limits=self.settings.rate_limits == "on",
            ),
            section,
        )
        self._purge_on_events()
        self._watch(registry)
        await self.gateway.start()
        self._stack.push_async_callback(self.gateway.stop)

    async def _close_the_door(self) -> None:
        self.gateway.stopping()
        if self._server is not None:
            self._server.should_exit = True
            await self._serving

    def _watch(self, registry: CollectorRegistry) -> None:
        """Outboxes, inboxes and jobs in the metrics; read now and then, not at every scrape."""
        backstage = Backstage(registry, self.workers)
        drive = Drive("metrics", backstage.refresh, clock=self.clock, poll_seconds=REFRESH_SECONDS)
        drive.start()
        self._stack.push_async_callback(drive.stop)

    def _app_of(self, service: Service) -> Any:
        room = self.rooms[service.name]
        return sandbox.app(room) if service is sandbox.service else service_app(room, service)

    def _mounts(self) -> dict[str, Any]:
        if isinstance(self.messages, OutboxMessages):
            return {"/dev/outbox": outbox_page(self.messages)}
        return {}

    def _purge_on_events(self) -> None:
        for prefix, kinds in _PURGED_BY.items():
            names = {kind.__name__ for kind in kinds}
            self._bus.listen(names, partial(self._purge, prefix))

    def _purge(self, prefix: str, _: Envelope) -> None:
        self.gateway.purge(prefix)

    def _readiness(self) -> dict[str, Callable[[], Awaitable[str]]]:
        async def platform() -> str:
            return self._ready.get("platform", "")

        async def sessions() -> str:
            return "" if self._revocations.filled else "revoked sessions are still being read"

        return {
            "platform": platform,
            "sessions": sessions,
            **{name: _reachable(room) for name, room in self.rooms.items()},
        }

    def _secret(self) -> bytes:
        if self.settings.secret is not None:
            return self.settings.secret.encode()
        return read_or_make_secret(self.settings.folder / "secret")

    def _open_messages(self) -> Messages:
        if self.settings.smtp_url is not None:
            return SmtpMessages(self.settings.smtp_url, self.settings.mail_from)
        return OutboxMessages(self.settings.folder / "outbox.jsonl")

    def _open_files(self) -> Files:
        if self.settings.files_url is None:
            return local_files(self.settings.folder / "files")
        return ObjectFiles(from_url(self.settings.files_url))


def _reachable(room: Room) -> Callable[[], Awaitable[str]]:
    async def source() -> str:
        await room.db.read(lambda tx: tx.now)
        return ""

    return source


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the platform."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class AddressUnusable(OperatorError):
    """Says why the platform cannot listen where it should, and what to do."""


def _listen(settings: PlatformSettings) -> socket.socket:
    """Bound before anything else is done: a taken address is told at once, and port 0 becomes a real one."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise AddressUnusable(_why_not(error, settings)) from error
    return listening


def _why_not(error: OSError, settings: PlatformSettings) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} of {settings.host} is taken. Stop what listens there, or choose another port with "
            "PORT (make run) or SHIKANJI_PORT."
        )
    if error.errno == errno.EACCES:
        return (
            f"Port {settings.port} is not for this user. Choose one above 1023 with PORT (make run) or SHIKANJI_PORT."
        )
    return f"SHIKANJI_HOST: {settings.host} is no address of this machine ({error.strerror})."


def _host_name(host: str) -> str:
    """What a browser on this machine calls the address that the platform listens at."""
    if host in {"127.0.0.1", "::1", "0.0.0.0", "::", "localhost"}:
        return "localhost"
    return f"[{host}]" if ":" in host else host
