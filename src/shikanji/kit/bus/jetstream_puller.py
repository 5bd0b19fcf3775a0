"""The receiving end of one service: it pulls what its durable consumer has, hands it to the inbox in stream order, and
answers for a batch when that is committed.

One request is open at the server at a time, for no longer than some seconds: one that was open while the server was
restarted is never answered. What it brings waits here until the batch before it is committed."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from shikanji.kit.bus import Receiver, Traffic
from shikanji.kit.bus.jetstream_link import Link
from shikanji.kit.bus.jetstream_stream import NAME, Stream
from shikanji.kit.clock import SECOND
from shikanji.kit.db.leadership import Leadership
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.waiting import until

BATCH_EVENTS_MAX = 200
ROUND_SECONDS = 2.5
ANSWER_SECONDS = 0.5
"""What an answer may take on its way, on top of the time that the server keeps a request open."""
FOLLOWER_SECONDS = 1.0
HANDOVER_SECONDS_MAX = 2.0
FAILED_SECONDS_MIN = 0.1
FAILED_SECONDS_MAX = 5.0

_ACK, _NAK, _TERM, _BUSY = b"+ACK", b"-NAK", b"+TERM", b"+WPI"
_DELIVERED = re.compile(r"^\$JS\.ACK\.(?:[^.]+\.[^.]+\.)?[^.]+\.[^.]+\.\d+\.(\d+)\.\d+\.\d+\.\d+(?:\.|$)")
"""Subject of an acknowledgement; the group is the place in the stream."""

_log = logger("bus")


class _Pulled(NamedTuple):
    place: int
    reply: str
    generation: int
    """Of the connection that it came by."""
    envelope: Envelope


class Puller:
    def __init__(
        self,
        service: str,
        types: frozenset[str],
        receive: Receiver,
        leadership: Leadership,
        link: Link,
        stream: Stream,
        traffic: Traffic,
    ) -> None:
        self._service, self._types, self._receive, self._leadership = service, types, receive, leadership
        self._link, self._stream, self._traffic = link, stream, traffic
        self._here: list[_Pulled] = []
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._inbox = ""
        self._heard_by: Subscription | None = None
        self._asked = 0
        """The open request; 0: none is."""
        self._asked_for = 0
        """How many events it may still bring."""
        self._asked_until = 0.0
        self._requests = 0
        self._missing = True
        """Nobody has looked yet whether the consumer is there, or it is known that it is not."""
        self._failures = 0
        self._task: asyncio.Task[None] | None = None
        link.watch(self._came, self._lost)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"{self._service}-puller")

    async def stop(self) -> None:
        """The batch that is being received is finished; the rest goes back at once."""
        self._stopping.set()
        self._arrived.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            pause = await self._try_round()
            if pause:
                await until(self._stopping, pause)
        await self._retire()

    async def _retire(self) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(HANDOVER_SECONDS_MAX):
                    await self._hand_over()
            await self._leadership.release()
        except Exception as error:
            # They end by themselves: what was delivered comes again, and the lease runs out.
            _log.warning("a puller stopped without handing over", of=self._service, error=str(error))

    async def _try_round(self) -> float:
        """Seconds to wait before the next one."""
        try:
            pause = await self._round()
        except Exception as error:
            self._failures += 1
            if self._link.client is not None or self._failures == 1:
                _log.warning(
                    "events are not received just now",
                    of=self._service,
                    failures=self._failures,
                    error=f"{type(error).__name__}: {error}",
                )
            return min(FAILED_SECONDS_MIN * float(1 << min(self._failures, 10)), FAILED_SECONDS_MAX)
        self._failures = 0
        return pause

    async def _round(self) -> float:
        if not await self._leadership.held():
            await self._hand_over()
            return FOLLOWER_SECONDS
        if self._missing:
            await self._stream.ensure(self._service, self._types)
            self._missing = False
        await self._listen()
        await self._ask()
        await self._wait()
        if self._missing and self._link.client is not None:
            raise Unavailable("its consumer is not there any more")
        if self._here and not self._stopping.is_set():
            batch, self._here = sorted(self._here), []
            await self._deliver(batch)
        return 0.0

    async def _listen(self) -> None:
        if self._heard_by is None:
            client = self._link.connected()
            self._inbox = client.new_inbox()
            self._heard_by = await client.subscribe(f"{self._inbox}.*", cb=self._heard)

    async def _ask(self) -> None:
        """Opens a request, unless one is open or there is enough to do."""
        now = asyncio.get_running_loop().time()
        if (self._asked and now < self._asked_until) or len(self._here) >= BATCH_EVENTS_MAX:
            return
        self._requests += 1
        self._asked, self._asked_until = self._requests, now + ROUND_SECONDS + ANSWER_SECONDS
        self._asked_for = BATCH_EVENTS_MAX - len(self._here)
        question = {"batch": self._asked_for, "expires": int(ROUND_SECONDS * SECOND) * 1_000}
        await self._link.connected().publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{NAME}.{self._service}",
            msgspec.json.encode(question),
            f"{self._inbox}.{self._asked}",
        )

    async def _wait(self) -> None:
        """Until something is here, or the request has ended."""
        if not self._here and self._asked and not self._stopping.is_set():
            self._arrived.clear()
            await until(self._arrived, ROUND_SECONDS + ANSWER_SECONDS)

    async def _deliver(self, batch: Sequence[_Pulled]) -> None:
        """Until the inbox has it; what fails is tried again from here, so that nothing overtakes it."""
        failures = 0
        while not await self._received(batch):
            failures += 1
            await until(self._stopping, min(FAILED_SECONDS_MIN * float(1 << min(failures, 10)), FAILED_SECONDS_MAX))
            if self._stopping.is_set() or not await self._leadership.held():
                self._here += batch
                await self._hand_over()
                return
        self._traffic.received += len(batch)
        # A lease that was lost meanwhile: another may have begun anew, on a stream where the same places hold others.
        if await self._leadership.held():
            await self._answer(batch, _ACK)

    async def _received(self, batch: Sequence[_Pulled]) -> bool:
        receiving = asyncio.ensure_future(self._receive([each.envelope for each in batch]))
        while not (await asyncio.wait([receiving], timeout=self._stream.ack_seconds / 3))[0]:
            await self._answer([*batch, *self._here], _BUSY)
        error = receiving.exception()
        if error is None:
            return True
        self._traffic.returned += len(batch)
        _log.warning(
            "a batch was not received", of=self._service, count=len(batch), error=f"{type(error).__name__}: {error}"
        )
        await self._answer([*batch, *self._here], _BUSY)
        return False

    async def _hand_over(self) -> None:
        """Gives back at once what the next puller would else have to wait for."""
        if self._heard_by is not None:
            # What is on its way still arrives; nothing more is sent.
            heard_by, self._heard_by, self._asked = self._heard_by, None, 0
            await heard_by.drain()  # type: ignore[no-untyped-call]
        batch, self._here = sorted(self._here), []
        self._traffic.returned += len(batch)
        await self._answer(batch, _NAK)

    async def _answer(self, batch: Sequence[_Pulled], answer: bytes) -> None:
        """Only on the connection that they came by: after a restart the server may know others by these places. What
        is not answered comes again, and the inbox drops it."""
        client = self._link.client
        if client is None:
            return
        try:
            for each in batch:
                if each.generation == self._link.generation:
                    await client.publish(each.reply, answer)
        except (NatsError, OSError):
            return

    async def _came(self, _: Client) -> None:
        self._asked, self._heard_by, self._missing = 0, None, True
        self._arrived.set()

    def _lost(self) -> None:
        self._asked, self._heard_by = 0, None
        self._arrived.set()

    async def _heard(self, msg: Msg) -> None:
        if status := (msg.headers or {}).get("Status"):
            if msg.subject == f"{self._inbox}.{self._asked}":
                self._end_request(status, (msg.headers or {}).get("Description", ""))
            return
        # An event does not say which request brings it; one too many at the server does no harm.
        self._asked_for -= 1
        if self._asked_for == 0:
            self._asked = 0
        delivered = _DELIVERED.match(msg.reply)
        if delivered is None:
            return
        try:
            envelope = Envelope.from_json(msg.data)
        except (msgspec.MsgspecError, ValueError):
            _log.error("what is in the event stream is no event; it is left out", subject=msg.subject)
            await self._link.connected().publish(msg.reply, _TERM)
            return
        self._here.append(_Pulled(int(delivered.group(1)), msg.reply, self._link.generation, envelope))
        self._arrived.set()

    def _end_request(self, status: str, description: str) -> None:
        self._asked = 0
        if status == "503" or (status == "409" and "Deleted" in description):
            self._missing = True
        elif status not in ("404", "408", "409"):
            _log.warning("a pull was refused", of=self._service, status=status, description=description)
        self._arrived.set()
