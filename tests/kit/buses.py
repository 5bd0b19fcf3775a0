"""The local bus, and one on a real NATS: with subscribers that fail on demand, and a way to wait for what comes."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client

from shikanji.engines import Engines
from shikanji.kit.bus import Bus
from shikanji.kit.bus.jetstream import JetStreamBus
from shikanji.kit.bus.local import LocalBus
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope
from tests.probing import until

SMALL = BusSettings(max_bytes=64 * 1_048_576)


class Ears:
    """What a subscriber got, in order; it refuses as often as it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[Envelope]] = []
        self.refuse = 0

    async def receive(self, batch: Sequence[Envelope]) -> None:
        if self.refuse:
            self.refuse -= 1
            raise Unavailable("planted: its database is away")
        self.batches.append(list(batch))

    @property
    def heard(self) -> list[Envelope]:
        return [envelope for batch in self.batches for envelope in batch]

    @property
    def ids(self) -> list[str]:
        return [envelope.id for envelope in self.heard]

    async def have(self, ids: list[str]) -> None:
        """In this order; what comes twice counts where it came first."""
        await until(lambda: len(set(self.ids)) >= len(ids), f"{len(ids)} events are here")
        assert list(dict.fromkeys(self.ids)) == ids


@dataclass
class Buses:
    """Of one kind, each as another process of the same platform has it; all of them closed at the end."""

    open_one: Callable[[], Bus]
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open(self, prepare: Callable[[Bus], Any] = lambda bus: None) -> Bus:
        bus = self.open_one()
        prepare(bus)
        await bus.start()
        self.closing.push_async_callback(bus.close)
        return bus


@asynccontextmanager
async def open_on(engine: str, engines: Engines) -> AsyncIterator[Buses]:
    """Empty at first."""
    if engine == "local":
        only = LocalBus()
        yield Buses(lambda: only)
        return
    url = engines.need("nats")["SHIKANJI_BUS_URL"]
    async with emptied(url), AsyncExitStack() as closing:
        yield Buses(lambda: JetStreamBus(url, SMALL, name="test"), closing)


@asynccontextmanager
async def emptied(url: str) -> AsyncIterator[None]:
    """Without a stream, before and after."""
    await delete_stream(url)
    yield
    await delete_stream(url)


async def ask(url: str, subject: str, question: Any = None) -> dict[str, Any]:
    """Says something to the server itself, past the adapter."""
    client = await connected(url)
    try:
        asked = b"" if question is None else json.dumps(question).encode()
        answer: dict[str, Any] = json.loads((await client.request(f"$JS.API.{subject}", asked, timeout=5)).data)
        return answer
    finally:
        await client.close()


async def connected(url: str) -> Client:
    client = Client()
    await client.connect(url, allow_reconnect=False)
    return client


async def delete_stream(url: str) -> None:
    await ask(url, "STREAM.DELETE.events")


async def publish(bus: Bus, batch: Sequence[Envelope]) -> None:
    """As a relay does it: again, until the bus answers for it."""

    async def taken() -> bool:
        try:
            await bus.epoch()
            await bus.publish(batch)
        except Unavailable:
            return False
        return True

    await until(taken, f"the bus answers for {len(batch)} events")
