"""How a process of the platform lives: what it says, what asks it to stop, and how it goes."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from socket import socket

from shikanji import commands, seed, terminal
from shikanji.configuration import Configuration, PlatformSettings
from shikanji.house import TITLE, VERSION
from shikanji.kit.folder import CommandFailed
from shikanji.kit.telemetry import logs, traces
from shikanji.main import Part, Platform
from shikanji.process import Process

GARBAGE_YOUNG_MAX = 20_000
"""So many more objects made than freed, and the collector looks through them."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Account = tuple[str, str]


class Told:
    """What asks a process to stop: SIGTERM, to be gone without anybody noticing; SIGINT, to be gone soon."""

    def __init__(self) -> None:
        self.to_stop = asyncio.Event()
        self.to_drain = False
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self.to_stop.set)
        loop.add_signal_handler(signal.SIGTERM, self._drain)

    def _drain(self) -> None:
        self.to_drain = True
        self.to_stop.set()


async def up(configuration: Configuration) -> None:
    """The whole platform, until it is told to stop."""
    settings = configuration.platform
    with observed(settings):
        told = Told()
        platform = Platform(configuration)
        terminal.say(f"{TITLE} {VERSION} is starting on {settings.folder.absolute()}")
        await platform.start()
        try:
            async with commands.served(platform):
                accounts = await prepare(platform)
                collect_seldom()
                platform.is_ready()
                greet = partial(welcome, settings, platform.url, platform.address, accounts)
                async with announcing(platform, "the platform", greet):
                    await told.to_stop.wait()
                terminal.say("stopping: what is under way is finished first")
        finally:
            await platform.stop()


async def serve(
    configuration: Configuration,
    names: Collection[str],
    *,
    listening: socket | None = None,
    is_ready: Callable[[], None] = lambda: None,
    readable: bool | None = None,
) -> None:
    """Some services, the gateway, or both, until it is told to stop."""
    settings = configuration.platform
    with observed(settings, name=f"shikanji-{'-'.join(names)}", readable=readable):
        told = Told()
        part = Part(configuration, names)
        await part.start(listening)
        who = ", ".join(names)

        def greet() -> None:
            terminal.say(f"{who}: ready, listening at {part.address}")
            is_ready()

        try:
            async with announcing(part, who, greet):
                collect_seldom()
                part.is_ready()
                await told.to_stop.wait()
                if told.to_drain:
                    await part.drain(settings.drain_seconds)
        finally:
            await part.stop()


@asynccontextmanager
async def announcing(process: Process, who: str, greet: Callable[[], None]) -> AsyncIterator[None]:
    """Meanwhile `greet` is called once all of it is ready; what that waits for is said, when it takes long."""

    async def announce() -> None:
        await process.until_ready(lambda reasons: terminal.say(f"{who}: not ready yet: {reasons}"))
        greet()

    task = asyncio.create_task(announce())
    try:
        yield
    finally:
        task.cancel()


@contextmanager
def observed(settings: PlatformSettings, *, name: str = "shikanji", readable: bool | None = None) -> Iterator[None]:
    """Logs and, where they are wanted, traces, in which the process has that name."""
    logs.configure(production=settings.production, level=settings.log_level, readable=readable)
    tracing = None
    if settings.otlp_endpoint is not None:
        tracing = traces.to_collector(settings.otlp_endpoint, service=name, version=VERSION)
        traces.install(tracing)
    try:
        yield
    finally:
        if tracing is not None:
            tracing.stop()


def collect_seldom() -> None:
    """What the start made stays for good and is not looked through again; what requests make goes by itself, but for a
    few cycles. The collector took 6 % of the time of an order."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_YOUNG_MAX, 20, 20)


async def prepare(process: Process) -> list[Account]:
    """Demo data and its accounts; in production, nothing, and no door that a demo left open."""
    if not process.settings.production:
        return await seed.seed(process.rooms, tell=lambda step: terminal.say(f"demo data: {step}"))
    if accounts := await seed.open_doors(process.rooms):
        raise CommandFailed(
            "A demo has used this database, and everyone knows the password of its accounts "
            f"({', '.join(accounts)}): production starts on another database only."
        )
    return []


def welcome(settings: PlatformSettings, url: str, address: str, accounts: Sequence[Account]) -> None:
    terminal.say(f"ready on {url}, listening at {address}; Ctrl-C stops it")
    if not accounts:
        return
    terminal.say(f"  API reference            {url}/docs")
    terminal.say(f"  codes and mails it sent  {url}/dev/outbox")
    terminal.say("  demo accounts, password shikanji-demo:")
    for identifier, who in accounts:
        terminal.say(f"    {identifier:<31} {who}")
    if settings.host not in LOOPBACK:
        terminal.complain(f"whoever reaches {address} can sign in with them: a demo is for this machine only")
