"""`up --scaled`: the gateway and each service as processes of this machine, on engines that all of them reach."""

import asyncio
import gc
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

import msgspec
import uvloop

from shikanji import running, terminal
from shikanji.configuration import Configuration, PlatformSettings
from shikanji.house import GATEWAY, TITLE, VERSION, UnknownService, services_of, settings_kinds
from shikanji.keeper import IsReady, Keeper, Post
from shikanji.kit.errors import OperatorError
from shikanji.kit.folder import FolderLock
from shikanji.listening import address_of, host_name, listen, reserve
from shikanji.main import Beside, require_engines
from shikanji.shape import SCALED_LOCK

COPIES_MAX = 16
SERVICE_RANK, DOOR_RANK = 0, 1
LOOPBACK = "127.0.0.1"

Environment = Mapping[str, str]


def up(environment: Environment, copies: Mapping[str, int]) -> None:
    """Until it is told to stop. Raises OperatorError."""
    settings = _configuration(environment).platform
    require_engines(settings)
    counts = _counts(settings, copies)
    with ExitStack() as stack:
        lock = FolderLock(settings.folder, SCALED_LOCK)
        lock.acquire("starting in several processes")
        stack.callback(lock.release)
        door = stack.enter_context(listen(settings.host, settings.port))
        door.listen()
        url = settings.public_url or f"http://{host_name(settings.host)}:{door.getsockname()[1]}"
        lock.tell(f"serving {url} in several processes")
        terminal.say(f"{TITLE} {VERSION} is starting in {sum(counts.values())} processes")
        _Scaled({**environment, "SHIKANJI_PUBLIC_URL": url}, counts, door, url, lock).run()


class _Scaled:
    def __init__(
        self, environment: Environment, counts: Mapping[str, int], door: socket.socket, url: str, lock: FolderLock
    ) -> None:
        self._door = door
        self._url = url
        self._lock = lock
        self._gateways = counts[GATEWAY]
        self._ports = {
            name: [reserve(LOOPBACK) for _ in range(count)] for name, count in counts.items() if name != GATEWAY
        }
        listed = (f"{name}={','.join(map(_url_of, ports))}" for name, ports in self._ports.items())
        self._configuration = _configuration({**environment, "SHIKANJI_COPIES": ";".join(listed)})
        self._settings = self._configuration.platform
        self._readable = sys.stderr.isatty() and not self._settings.production

    def run(self) -> None:
        _import_engines()
        # What the children share with us they need not copy.
        gc.freeze()
        keeper = Keeper()
        accounts = msgspec.json.decode(keeper.once(self._set_up), type=list[running.Account])
        try:
            keeper.start([*self._services(), *self._doors()])
            if not keeper.stopping:
                running.welcome(self._settings, self._url, address_of(self._door), accounts)
            keeper.keep()
            terminal.say("stopping: what is under way is finished first")
        finally:
            keeper.stop()

    def _set_up(self) -> bytes:
        self._leave()
        with running.observed(self._settings, readable=self._readable):
            return msgspec.json.encode(asyncio.run(_set_up(self._configuration)))

    def _services(self) -> list[Post]:
        return [
            Post(_label(name, number, len(ports)), SERVICE_RANK, partial(self._serve, name, port))
            for name, ports in self._ports.items()
            for number, port in enumerate(ports, start=1)
        ]

    def _doors(self) -> list[Post]:
        """All take from one socket, which stays open when one of them dies: whoever knocks waits for the next."""
        count = self._gateways
        return [Post(_label(GATEWAY, number, count), DOOR_RANK, self._open) for number in range(1, count + 1)]

    def _serve(self, name: str, port: socket.socket, is_ready: IsReady) -> None:
        self._leave()
        self._run(name, listen(*port.getsockname(), reserved=True), is_ready)

    def _open(self, is_ready: IsReady) -> None:
        self._lock.release()
        self._run(GATEWAY, self._door, is_ready)

    def _run(self, name: str, listening: socket.socket, is_ready: IsReady) -> None:
        serving = running.serve(
            self._configuration, [name], listening=listening, is_ready=is_ready, readable=self._readable
        )
        uvloop.run(serving)

    def _leave(self) -> None:
        """In a child: what is the keeper's and the gateways' alone."""
        self._lock.release()
        self._door.close()


async def _set_up(configuration: Configuration) -> list[running.Account]:
    """Databases, streams, secret and demo data, through the real services; what they record leaves with the relays."""
    visit = Beside(configuration)
    try:
        await visit.start(migrates=True)
        return await running.prepare(visit)
    finally:
        await visit.stop()


def _counts(settings: PlatformSettings, copies: Mapping[str, int]) -> dict[str, int]:
    names = [service.name for service in services_of(settings)] + [GATEWAY]
    if unknown := sorted(set(copies) - set(names)):
        raise UnknownService(f"--copies: there is no service {', '.join(unknown)}; there are {', '.join(names)}.")
    if wrong := [name for name, count in copies.items() if not 1 <= count <= COPIES_MAX]:
        raise OperatorError(f"--copies: {', '.join(wrong)} must be 1 to {COPIES_MAX}")
    return {name: copies.get(name, 1) for name in names}


def _configuration(environment: Environment) -> Configuration:
    return Configuration(environment, settings_kinds())


def _import_engines() -> None:
    """What is imported only where a URL asks for it, and here by every child."""
    import shikanji.kit.bus.jetstream
    import shikanji.kit.cache.valkey
    import shikanji.kit.db.postgres  # noqa: F401


def _label(name: str, number: int, count: int) -> str:
    return name if count == 1 else f"{name}-{number}"


def _url_of(port: socket.socket) -> str:
    return f"http://{address_of(port)}"
