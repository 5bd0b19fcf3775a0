"""The whole platform in one process: the gateway and all services."""

import asyncio
import socket
from collections.abc import Callable

from shikanji.configuration import Configuration
from shikanji.house import SERVICES, services_of
from shikanji.kit.bus.opening import prepare_bus
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.db.opening import migrate
from shikanji.kit.folder import FolderLock
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


async def migrate_all(configuration: Configuration, tell: Callable[[str], None] = lambda line: None) -> None:
    """Every database at the newest schema, and on the bus what it keeps there."""
    settings = configuration.platform
    for service in services_of(settings):
        changed = await asyncio.to_thread(migrate, settings.database_template, service)
        tell(f"{service.name}: {'migrated' if changed else 'is at the newest schema'}")
    await prepare_bus(settings.bus_url, SERVICES, configuration.section("bus", BusSettings))
