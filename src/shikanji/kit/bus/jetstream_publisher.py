"""Publishing: a relay's batch in one go, and no word of success before the server has answered for all of it."""

import asyncio
from collections.abc import Sequence
from itertools import count
from uuid import uuid4

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shikanji.kit.bus import Traffic
from shikanji.kit.bus.jetstream_link import ApiError, Link, Refusal
from shikanji.kit.bus.jetstream_stream import NAME, subject
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope

TOGETHER_EVENTS_MIN = 8
"""From here on the events go as one atomic batch: the server syncs its disk four times for all of them, and once for
each that comes alone."""
TOGETHER_EVENTS_MAX = 500
"""Under way at once; the server takes 1,000 in an atomic batch."""
ANSWER_SECONDS_MAX = 5.0

_FULL = {10_002, 10_023, 10_047, 10_077}


class BusFull(Unavailable):
    """The stream holds all that it may hold."""


class _PubAck(msgspec.Struct):
    stream: str = ""
    error: Refusal | None = None


class _Answers:
    """Of one batch: counted until all are there, or one is a refusal."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self.all: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, msg: Msg) -> None:
        if self.all.done():
            return
        if not msg.data and msg.headers:
            self.all.set_exception(ApiError(503, 0, "there is no stream for this subject"))
            return
        answer = msgspec.json.decode(msg.data, type=_PubAck)
        if answer.error is not None:
            self.all.set_exception(ApiError(answer.error.code, answer.error.err_code, answer.error.description))
        elif answer.stream != NAME:
            self.all.set_exception(ApiError(400, 0, f"the stream {answer.stream!r} took it, and not {NAME!r}"))
        else:
            self._expected -= 1
            if self._expected == 0:
                self.all.set_result(None)

    def fail(self) -> None:
        if not self.all.done():
            self.all.set_exception(Unavailable("the connection to NATS broke before it answered"))


class Publisher:
    def __init__(self, link: Link, traffic: Traffic) -> None:
        self._link = link
        self._traffic = traffic
        self._numbers = count(1)
        self._inbox = ""
        self.refusal = ""
        """Why the server last took no more."""
        self._under_way: dict[str, _Answers] = {}
        link.watch(self._came, self._lost)

    async def publish(self, batch: Sequence[Envelope], *, again: bool) -> None:
        """Raises BusFull, Unavailable; then nobody knows which of them arrived. `again`: the server knows the events by
        their ids and would keep those of the last hour to itself, so they go under others."""
        suffix = f":{uuid4().hex}" if again else ""
        for start in range(0, len(batch), TOGETHER_EVENTS_MAX):
            part = batch[start : start + TOGETHER_EVENTS_MAX]
            try:
                await self._send(part, suffix)
            except (ApiError, NatsError, OSError, TimeoutError, Unavailable) as error:
                self._traffic.refused += 1
                raise self._explain(error) from error
            self._traffic.full = False
            self._traffic.published += len(part)

    async def _send(self, part: Sequence[Envelope], suffix: str) -> None:
        if len(part) >= TOGETHER_EVENTS_MIN:
            try:
                await self._send_together(part, suffix)
                return
            except ApiError as error:
                if error.err_code in _FULL:
                    raise
                # Above all when the server has some of them already: then each is answered for by itself.
        await self._send_each(part, suffix)

    async def _send_together(self, part: Sequence[Envelope], suffix: str) -> None:
        number, answers, client = self._begin(expected=1)
        try:
            for at, envelope in enumerate(part, 1):
                headers = {"Nats-Msg-Id": envelope.id + suffix, "Nats-Batch-Id": number}
                headers["Nats-Batch-Sequence"] = str(at)
                last = at == len(part)
                if last:
                    headers["Nats-Batch-Commit"] = "1"
                await _send_one(client, envelope, f"{self._inbox}.{number}" if last else "", headers)
            await _answered(answers)
        finally:
            self._end(number)

    async def _send_each(self, part: Sequence[Envelope], suffix: str) -> None:
        number, answers, client = self._begin(expected=len(part))
        try:
            for envelope in part:
                await _send_one(client, envelope, f"{self._inbox}.{number}", {"Nats-Msg-Id": envelope.id + suffix})
            await _answered(answers)
        finally:
            self._end(number)

    def _begin(self, expected: int) -> tuple[str, _Answers, Client]:
        client = self._link.connected()
        number = f"{self._inbox.rpartition('.')[2]}-{next(self._numbers)}"
        self._under_way[number] = answers = _Answers(expected)
        return number, answers, client

    def _end(self, number: str) -> None:
        answers = self._under_way.pop(number)
        if answers.all.done() and not answers.all.cancelled():
            # Seen, also when sending failed before anybody waited for it.
            answers.all.exception()

    async def _came(self, client: Client) -> None:
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._answer)

    def _lost(self) -> None:
        for answers in self._under_way.values():
            answers.fail()

    async def _answer(self, msg: Msg) -> None:
        if answers := self._under_way.get(msg.subject.rpartition(".")[2]):
            answers.take(msg)

    def _explain(self, error: Exception) -> Exception:
        if isinstance(error, Unavailable):
            return error
        if isinstance(error, ApiError) and error.err_code in _FULL:
            self._traffic.full, self.refusal = True, error.description
            return BusFull(f"NATS takes no more events: {error}")
        return Unavailable(f"NATS did not take the events: {str(error) or type(error).__name__}")


async def _send_one(client: Client, envelope: Envelope, reply: str, headers: dict[str, str]) -> None:
    await client.publish(subject(envelope.metadata.source, envelope.type), envelope.to_json(), reply, headers)


async def _answered(answers: _Answers) -> None:
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        await answers.all
