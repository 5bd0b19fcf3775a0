"""What the bus keeps on its server: one stream of all events, and a durable consumer for each service that subscribes.
Whoever finds them missing makes them anew; what they held comes again from the outboxes."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from shikanji.kit.bus import KEPT, Traffic
from shikanji.kit.bus.jetstream_link import ApiError, BusUnusable, Link, NobodyAnswers
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.clock import HOUR, SECOND
from shikanji.kit.errors import Unavailable
from shikanji.kit.telemetry.logs import logger

NAME = "events"
ACK_SECONDS = 15.0
"""A batch that nobody answered for in this time goes to whoever pulls next. Far above what any batch takes; a puller
that is still busy says so before."""
ACK_PENDING_MAX = 1_000
DUPLICATE_WINDOW = HOUR

_NANOSECONDS = 1_000
_STREAM_MISSING = 10_059
_CONSUMER_MISSING = 10_014
_NO_ROOM = {10_002, 10_023, 10_028, 10_047}
_SAFE = re.compile(r"[A-Za-z0-9_-]+")

_log = logger("bus")


class StreamState(msgspec.Struct, frozen=True):
    created: str
    config: dict[str, Any]


class _ConsumerState(msgspec.Struct, frozen=True):
    num_pending: int
    num_ack_pending: int


class _Consumers(msgspec.Struct, frozen=True):
    consumers: list[_ConsumerState]


def subject(source: str, kind: str) -> str:
    """Where an event of the type `kind` goes. ValueError for a name that would be read as something else."""
    for part in (source, kind):
        if not _SAFE.fullmatch(part):
            raise ValueError(f"{part!r} cannot be part of a subject")
    return f"events.{source}.{kind}"


def every(kind: str) -> str:
    """The events of one type, whoever publishes them."""
    return f"events.*.{kind}"


EVERYTHING = "events.*.*"


def stream_config(settings: BusSettings) -> dict[str, Any]:
    return {
        "name": NAME,
        "subjects": [EVERYTHING],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_age": KEPT * _NANOSECONDS,
        "max_bytes": settings.max_bytes,
        "duplicate_window": DUPLICATE_WINDOW * _NANOSECONDS,
        "num_replicas": settings.replicas,
        "allow_atomic": True,
    }


def consumer_config(service: str, types: frozenset[str], ack_seconds: float) -> dict[str, Any]:
    return {
        "durable_name": service,
        "filter_subjects": [every(kind) for kind in sorted(types)],
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": round(ack_seconds * SECOND) * _NANOSECONDS,
        "max_ack_pending": ACK_PENDING_MAX,
        "max_deliver": -1,
        "replay_policy": "instant",
    }


class Stream:
    def __init__(self, link: Link, settings: BusSettings, traffic: Traffic, ack_seconds: float = ACK_SECONDS) -> None:
        self.ack_seconds = ack_seconds
        self._link = link
        self._config = stream_config(settings)
        self._traffic = traffic
        self._making = asyncio.Lock()
        self.trouble = ""
        """Why the server says nothing of the stream, or will not have it."""

    async def prepare(self, subscribed: Mapping[str, frozenset[str]]) -> None:
        """Makes everything, or changes it to the settings. Raises BusUnusable where that cannot be done."""
        try:
            state = await self._look()
            if state is None:
                await self._make()
            elif self._differences(state):
                await self._link.ask(f"STREAM.UPDATE.{NAME}", self._config)
            for service, types in subscribed.items():
                await self._make_consumer(service, types)
        except ApiError as error:
            raise self._unusable(error) from error

    async def check(self) -> None:
        """For the start of a process: makes the stream when it is missing, and raises BusUnusable when it differs from
        the settings, for then it might drop events or keep none."""
        try:
            state = await self._look()
            if state is None:
                await self._make()
        except ApiError as error:
            raise self._unusable(error) from error
        if state is not None and (differences := self._differences(state)):
            raise BusUnusable(
                f"The stream `{NAME}` of NATS at {self._link.where} has other settings than this release: "
                f"{differences}. Run `shikanji migrate`, which sets it right; the events in it stay."
            )

    async def epoch(self) -> str:
        """When the stream was created. Makes it when it is missing."""
        with self._telling():
            state = await self._look()
            if state is None:
                state = await self._make_again()
            return state.created

    async def ensure(self, service: str, types: frozenset[str]) -> None:
        """Makes the consumer of a service, and the stream, where they are missing."""
        with self._telling():
            if await self._look() is None:
                await self._make_again()
            await self._make_consumer(service, types)

    async def undelivered(self) -> int:
        """Of all services together. Raises Unavailable while nobody can say."""
        try:
            answer = await self._link.ask(f"CONSUMER.LIST.{NAME}")
        except ApiError as error:
            if error.err_code == _STREAM_MISSING:
                return 0
            raise Unavailable(str(error)) from error
        consumers = msgspec.json.decode(answer, type=_Consumers).consumers
        return sum(each.num_pending + each.num_ack_pending for each in consumers)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
            self.trouble = ""
        except ApiError as error:
            self.trouble = str(self._unusable(error))
            raise

    async def _look(self) -> StreamState | None:
        try:
            return msgspec.json.decode(await self._link.ask(f"STREAM.INFO.{NAME}"), type=StreamState)
        except ApiError as error:
            if error.err_code == _STREAM_MISSING:
                return None
            raise

    async def _make_again(self) -> StreamState:
        async with self._making:
            state = await self._look()
            if state is None:
                _log.warning("the event stream is not there any more; it is made anew", server=self._link.where)
                self._traffic.remade += 1
                state = await self._make()
            return state

    async def _make(self) -> StreamState:
        return msgspec.json.decode(await self._link.ask(f"STREAM.CREATE.{NAME}", self._config), type=StreamState)

    async def _make_consumer(self, service: str, types: frozenset[str]) -> None:
        question = {"stream_name": NAME, "config": consumer_config(service, types, self.ack_seconds), "action": ""}
        try:
            await self._link.ask(f"CONSUMER.INFO.{NAME}.{service}")
        except ApiError as error:
            if error.err_code != _CONSUMER_MISSING:
                raise
            _log.info("a consumer is made", of=service)
            self._traffic.remade += 1
        await self._link.ask(f"CONSUMER.DURABLE.CREATE.{NAME}.{service}", question)

    def _differences(self, state: StreamState) -> str:
        return ", ".join(
            f"{name} is {state.config.get(name)} instead of {wanted}"
            for name, wanted in self._config.items()
            if state.config.get(name) != wanted
        )

    def _unusable(self, error: ApiError) -> BusUnusable:
        where = self._link.where
        if isinstance(error, NobodyAnswers) or error.code == 503:
            return BusUnusable(
                f"JetStream is off on the NATS server at {where} ({error}): give it a `jetstream` section with a "
                "store_dir on a disk, or start it with -js."
            )
        if error.err_code in _NO_ROOM:
            return BusUnusable(
                f"NATS at {where} has no room for a stream of {self._config['max_bytes']} bytes ({error}): raise "
                "max_file in its `jetstream` section, or lower SHIKANJI_BUS_MAX_BYTES."
            )
        return BusUnusable(
            f"The stream `{NAME}` of NATS at {where} cannot be made or changed to the settings ({error}). Delete it: "
            "the platform makes it anew and fills it from the outboxes, so nothing is lost."
        )
