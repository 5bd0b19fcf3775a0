"""The bus of many processes: NATS JetStream. It stores each event for a day, and may lose all of them: the outboxes
fill it again."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shikanji.kit.bus import Listener, Receiver, Traffic
from shikanji.kit.bus.jetstream_link import SILENCE_SECONDS_MAX, ApiError, BusUnusable, Link
from shikanji.kit.bus.jetstream_publisher import Publisher
from shikanji.kit.bus.jetstream_puller import Puller
from shikanji.kit.bus.jetstream_stream import ACK_SECONDS, EVERYTHING, Stream, every
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.db.leadership import Alone, Leadership
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope
from shikanji.kit.telemetry.logs import logger

_log = logger("bus")


class JetStreamBus:
    def __init__(
        self,
        url: str,
        settings: BusSettings,
        *,
        name: str,
        ack_seconds: float = ACK_SECONDS,
        silence_seconds: float = SILENCE_SECONDS_MAX,
    ) -> None:
        """`ack_seconds`: after which the server gives a batch that nobody answered for to whoever pulls next;
        `silence_seconds`: after which we take a server for gone."""
        self.traffic = Traffic()
        self._link = Link(url, name, self.traffic, silence_seconds)
        self._stream = Stream(self._link, settings, self.traffic, ack_seconds)
        self._publisher = Publisher(self._link, self.traffic)
        self._pullers: dict[str, Puller] = {}
        self._ears: list[_Ear] = []
        self._heard_on: Client | None = None
        self._opening: set[asyncio.Task[None]] = set()
        self._link.watch(self._open_ears, self._close_ears)
        self._started = False

    @property
    def trouble(self) -> str:
        if self._link.trouble:
            return self._link.trouble
        if self.traffic.full:
            return (
                f"NATS takes no more events ({self._publisher.refusal}): make room on its disk, or raise "
                "SHIKANJI_BUS_MAX_BYTES and run `shikanji migrate`; they wait in the outboxes meanwhile"
            )
        return self._stream.trouble

    async def start(self, *, patient: bool = False) -> None:
        self._started = True
        try:
            await self._link.open(patient=patient)
            await self._check(patient)
        except BaseException:
            await self._link.close()
            raise
        for puller in self._pullers.values():
            puller.start()

    async def _check(self, patient: bool) -> None:
        try:
            await self._stream.check()
        except Unavailable as error:
            if not patient:
                raise BusUnusable(f"The bus went away while it was looked at ({error}): start once more.") from error

    async def close(self) -> None:
        self._started = False
        await asyncio.gather(*(puller.stop() for puller in self._pullers.values()))
        await self._link.close()

    def subscribe(
        self, service: str, types: Collection[str], receive: Receiver, leadership: Leadership | None = None
    ) -> None:
        """Before `start`."""
        if service in self._pullers:
            raise ValueError(f"{service} has subscribed already")
        if self._started:
            raise ValueError(f"{service} subscribes too late: the bus has been started")
        self._pullers[service] = Puller(
            service, frozenset(types), receive, leadership or Alone(), self._link, self._stream, self.traffic
        )

    def listen(
        self, types: Collection[str] | None, listener: Listener, *, missed: Callable[[], None] | None = None
    ) -> None:
        """It hears what is published while it is connected, whether or not anybody stores it."""
        ear = _Ear(None if types is None else frozenset(types), listener, missed)
        self._ears.append(ear)
        if self._heard_on is not None:
            opening = asyncio.create_task(ear.open(self._heard_on))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def publish(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
        await self._publisher.publish(batch, again=again)

    def wanted(self, type_name: str) -> bool:
        return True

    async def epoch(self) -> str:
        try:
            return await self._stream.epoch()
        except ApiError as error:
            raise Unavailable(f"NATS does not say how its event stream stands: {error}") from error

    async def _open_ears(self, client: Client) -> None:
        for ear in self._ears:
            await ear.open(client)
        self._heard_on = client
        self._ears_missed()

    def _close_ears(self) -> None:
        self._heard_on = None
        self._ears_missed()

    def _ears_missed(self) -> None:
        for ear in self._ears:
            if ear.missed is not None:
                ear.missed()


class _Ear:
    def __init__(self, types: frozenset[str] | None, listener: Listener, missed: Callable[[], None] | None) -> None:
        self._types, self.missed, self._listener = types, missed, listener

    async def open(self, client: Client) -> None:
        with suppress(NatsError, OSError):
            # Broken again: it is opened on the next connection.
            for subject in [EVERYTHING] if self._types is None else [every(kind) for kind in sorted(self._types)]:
                await client.subscribe(subject, cb=self._hear)

    async def _hear(self, msg: Msg) -> None:
        try:
            self._listener(Envelope.from_json(msg.data))
        except (msgspec.MsgspecError, ValueError):
            _log.error("what was published as an event is none", subject=msg.subject)
        except Exception:
            _log.exception("a listener failed", subject=msg.subject)


async def undelivered(url: str, settings: BusSettings) -> int:
    """Events that the server has and a service has not received; BusUnusable when it cannot be asked."""
    traffic = Traffic()
    link = Link(url, "shikanji", traffic)
    await link.open()
    try:
        return await Stream(link, settings, traffic).undelivered()
    finally:
        await link.close()


async def prepare(url: str, subscribed: Mapping[str, frozenset[str]], settings: BusSettings) -> None:
    """Makes stream and consumers, or changes them to the settings. Raises BusUnusable."""
    traffic = Traffic()
    link = Link(url, "shikanji migrate", traffic)
    await link.open()
    try:
        await Stream(link, settings, traffic).prepare(subscribed)
    finally:
        await link.close()
