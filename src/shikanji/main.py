"""What a process can be: the whole platform, a part of it among several processes, or a short visit beside them."""

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from urllib.parse import urlsplit

from shikanji.configuration import LOCAL_BUS, MEMORY_CACHE, Configuration, PlatformSettings
from shikanji.door import nowhere
from shikanji.house import GATEWAY, SERVICES, services_named, services_of
from shikanji.kit.bus.local import LocalBus
from shikanji.kit.bus.opening import backlog, prepare_bus
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.db.opening import migrate
from shikanji.kit.errors import OperatorError
from shikanji.kit.folder import FolderLock
from shikanji.kit.service import Service
from shikanji.listening import address_of, host_name, listen
from shikanji.process import Process
from shikanji.world import World


class Platform(Process):
    """Everything in one process, on one data folder. `start` leaves it working behind `url`, `stop` drains it."""

    def __init__(self, configuration: Configuration, *, world: World | None = None, driven: bool = False) -> None:
        super().__init__(configuration, services_of(configuration.platform), world=world, driven=driven)
        self.address = ""
        """Where it listens: `127.0.0.1:8000`."""

    async def start(self, *, serve: bool = True) -> None:
        """Raises FolderUnusable or AddressUnusable; what was started is ended again. Without `serve` the rooms are
        there, but no door to them."""
        try:
            await self._start(serve)
        except BaseException:
            await self.stop()
            raise

    async def _start(self, serve: bool) -> None:
        lock = FolderLock(self.settings.folder)
        lock.acquire("starting" if serve else "doing a command")
        self._stack.callback(lock.release)
        listening = self._listen() if serve else None
        self.url = self._url(listening)
        if listening is not None:
            self.address = address_of(listening)
            lock.tell(f"serving {self.url}")
        await migrate_all(self.configuration)
        await self.furnish()
        await self.set_to_work()
        if listening is not None:
            self.serve(await self.open_gateway(), listening)

    def _listen(self) -> socket.socket:
        listening = listen(self.settings.host, self.settings.port)
        self._stack.callback(listening.close)
        return listening

    def _url(self, listening: socket.socket | None) -> str:
        port = self.settings.port if listening is None else listening.getsockname()[1]
        return self.settings.public_url or f"http://{host_name(self.settings.host)}:{port}"


class Part(Process):
    """Some services, the gateway, or both: one process among several, on engines that all of them reach."""

    def __init__(self, configuration: Configuration, names: Collection[str], *, world: World | None = None) -> None:
        """Raises OperatorError for what a process among several needs and is not told."""
        services = services_named(configuration.platform, set(names) - {GATEWAY})
        super().__init__(configuration, services, world=world)
        self.address = ""
        """Where it listens."""
        self._has_gateway = GATEWAY in names
        require_engines(self.settings)
        _check_addresses(self.settings)
        _require_others(self.settings, services_of(self.settings) if self._has_gateway else SERVICES, services)

    async def start(self, listening: socket.socket | None = None) -> None:
        """`listening`: a socket that somebody made already. Raises OperatorError; what was started is ended again."""
        try:
            await self._start(listening)
        except BaseException:
            await self.stop()
            raise

    async def _start(self, given: socket.socket | None) -> None:
        listening = given or listen(self.settings.host, self.settings.port)
        self._stack.callback(listening.close)
        inside = self._listen_inside()
        self.address = address_of(listening)
        self.url = self._url(listening)
        await self.check()
        await self.furnish()
        # Who hands us a socket has seen the bus, and starts us again in the middle of an outage.
        await self.set_to_work(patient=given is not None)
        if self._has_gateway:
            self.serve(await self.open_gateway(), listening)
        if inside is not None or not self._has_gateway:
            self.serve(self.open_desk(), inside or listening)

    def _listen_inside(self) -> socket.socket | None:
        if not self._has_gateway or not self.services or self.settings.internal_port is None:
            return None
        listening = listen(self.settings.host, self.settings.internal_port, "SHIKANJI_INTERNAL_PORT")
        self._stack.callback(listening.close)
        return listening

    def _url(self, listening: socket.socket) -> str:
        if self.settings.public_url is not None:
            return self.settings.public_url
        if not self._has_gateway:
            raise OperatorError("SHIKANJI_PUBLIC_URL must say where clients reach the gateway: http://localhost:8000")
        return f"http://{host_name(self.settings.host)}:{listening.getsockname()[1]}"


class Beside(Process):
    """All services for the time of a command, beside the processes that run, if any do: what only one may do at a time
    is under leases. What it moves itself goes straight from outbox to inbox."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration, services_of(configuration.platform), world=World(bus=LocalBus()), driven=True)
        self._bus_settings = configuration.section("bus", BusSettings)

    async def start(self, *, migrates: bool) -> None:
        """Raises DatabaseUnusable."""
        if migrates:
            await migrate_all(self.configuration)
        else:
            await self.check()
        await self.furnish()
        await self.set_to_work()

    async def is_settled(self) -> bool:
        # What the bus still had at one look may be back in an outbox at the next.
        for _ in range(2):
            if not await super().is_settled() or await backlog(self.settings.bus_url, self._bus_settings):
                return False
        return True


def require_engines(settings: PlatformSettings) -> None:
    """Raises OperatorError naming what several processes cannot share."""
    wanted = {
        "SHIKANJI_DATABASE_URL=postgresql://…/{service}": settings.embedded,
        "SHIKANJI_BUS_URL=nats://…": settings.bus_url == LOCAL_BUS,
        "SHIKANJI_CACHE_URL=valkey://…": settings.cache_url == MEMORY_CACHE,
    }
    if missing := [setting for setting, is_missing in wanted.items() if is_missing]:
        raise OperatorError(
            f"More than one process needs engines that all of them reach. Set {', '.join(missing)}. "
            "`shikanji engines up` starts them on this machine and prints these settings."
        )


async def migrate_all(configuration: Configuration, tell: Callable[[str], None] = lambda line: None) -> None:
    """Every database at the newest schema, and on the bus what it keeps there."""
    settings = configuration.platform
    for service in services_of(settings):
        changed = await asyncio.to_thread(migrate, settings.database_template, service)
        tell(f"{service.name}: {'migrated' if changed else 'is at the newest schema'}")
    await prepare_bus(settings.bus_url, SERVICES, configuration.section("bus", BusSettings))


def _check_addresses(settings: PlatformSettings) -> None:
    services_named(settings, settings.addresses)
    for service, addresses in settings.addresses.items():
        for address in addresses:
            if not _is_address(address):
                raise OperatorError(
                    f"SHIKANJI_COPIES: {address}, of {service}, is no address such as http://10.0.0.5:9001"
                )


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _require_others(settings: PlatformSettings, all: Sequence[Service], here: Sequence[Service]) -> None:
    """A service may have to ask any other; the gateway leads to the sandbox too."""
    known = {*(service.name for service in here), *settings.addresses}
    if missing := [service.name for service in all if service.name not in known]:
        raise nowhere(missing)
