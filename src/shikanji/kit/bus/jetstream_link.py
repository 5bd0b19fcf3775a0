"""The connection to a NATS server: kept for as long as the process lives, however often it breaks.

The client library reconnects too, but buffers what is published meanwhile, waits for a dead socket to drain before it
tries the next one, and gives up for good when the server complains. So each connection is used until it is lost, and
then another is made: whatever was under way on the old one has failed, at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from shikanji.kit.bus import Traffic
from shikanji.kit.errors import OperatorError, Unavailable
from shikanji.kit.events import EVENT_BYTES_MAX
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.waiting import until

START_SECONDS_MAX = 3.0
CONNECT_SECONDS_MAX = 2
RETRY_SECONDS = 0.25
SILENCE_SECONDS_MAX = 8.0
"""A server that says nothing for so long is given up: the first half passes, in the second it is asked."""
ASK_SECONDS_MAX = 3.0
CANCELLED_SECONDS_MAX = 0.2
PARTING_SECONDS_MAX = 1.0
PENDING_BYTES_MAX = 8_388_608
ENVELOPE_BYTES_MAX = 4_096
"""What an event on its way has besides its data: the envelope, subject and headers."""
VERSION_MIN = (2, 12, 0)

Came = Callable[[Client], Awaitable[None]]
Lost = Callable[[], None]

_BROKEN = (NatsError, OSError, TimeoutError)

_log = logger("bus")


class BusUnusable(OperatorError):
    """What whoever runs the platform must put right before events can travel."""


class ApiError(Exception):
    """The server refused a question about streams or consumers."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({err_code or code})")
        self.code, self.err_code, self.description = code, err_code, description


class NobodyAnswers(ApiError):
    """JetStream is off, or the consumer that was asked is not there."""

    def __init__(self) -> None:
        super().__init__(503, 0, "nobody answers")


class Refusal(msgspec.Struct, frozen=True):
    code: int
    description: str = ""
    err_code: int = 0


class _Answer(msgspec.Struct):
    error: Refusal | None = None


class Link:
    def __init__(self, url: str, name: str, traffic: Traffic, silence_seconds: float = SILENCE_SECONDS_MAX) -> None:
        self._silence_seconds = silence_seconds
        self._servers = [each.strip() for each in url.split(",")]
        self._name = name
        self._traffic = traffic
        traffic.connected = False
        self.where = ", ".join(_without_password(each) for each in self._servers)
        self.client: Client | None = None
        """While there is a connection."""
        self.generation = 0
        """Grows with every connection: what was heard on another may not be answered on this one."""
        self._on_came: list[Came] = []
        self._on_lost: list[Lost] = []
        self._lost_at = time.monotonic()
        self._failure = self._unusable = ""
        self._broken: asyncio.Future[None]
        """Done when the connection of this moment is lost."""
        self._keeping: asyncio.Task[None] | None = None
        self._parting: set[asyncio.Task[None]] = set()

    @property
    def trouble(self) -> str:
        if self.client is not None:
            return ""
        if self._unusable:
            return self._unusable
        seconds = int(time.monotonic() - self._lost_at)
        return f"no connection to NATS at {self.where} for {seconds} s; events wait in the outboxes meanwhile"

    def watch(self, came: Came, lost: Lost) -> None:
        """`came` with each new connection, before it is used; `lost` when it is gone. Before `open`."""
        self._on_came.append(came)
        self._on_lost.append(lost)

    async def open(self, *, patient: bool = False) -> None:
        """Raises BusUnusable when nobody answers in time, or a server that will not do. `patient`: that is told, and
        tried again for as long as it takes."""
        opened = None
        try:
            opened = await self._connect_first()
        except BusUnusable as error:
            if not patient:
                raise
            _log.error("the bus cannot be used yet", error=str(error))
        if opened is not None:
            await self._came(opened[0])
        self._keeping = asyncio.create_task(self._keep(opened), name="bus-link")

    async def close(self) -> None:
        if self._keeping is not None:
            # The client loses a cancellation that comes at the moment when what its `asyncio.wait_for` waits for is
            # done, before Python 3.12: nobody would end then.
            while not self._keeping.done():
                self._keeping.cancel()
                await asyncio.wait([self._keeping], timeout=CANCELLED_SECONDS_MAX)
            with suppress(asyncio.CancelledError):
                self._keeping.result()
        if self.client is not None:
            self._broken.set_result(None)
            self._part(self.client)
            self.client = None
        await asyncio.gather(*self._parting)
        self._traffic.connected = False

    async def ask(self, subject: str, question: Any = None) -> bytes:
        """A question to JetStream. Raises ApiError for a refusal, NobodyAnswers, Unavailable."""
        asked = b"" if question is None else msgspec.json.encode(question)
        try:
            answer = await self._request(f"$JS.API.{subject}", asked)
        except NoRespondersError:
            raise NobodyAnswers from None
        except _BROKEN as error:
            raise Unavailable(f"NATS at {self.where} does not answer ({type(error).__name__})") from error
        refusal = msgspec.json.decode(answer.data, type=_Answer).error
        if refusal is not None:
            raise ApiError(refusal.code, refusal.err_code, refusal.description)
        return answer.data

    async def _request(self, subject: str, asked: bytes) -> Msg:
        """Waits no longer than the connection lasts."""
        client, broken = self.connected(), self._broken
        asking = asyncio.ensure_future(client.request(subject, asked, timeout=ASK_SECONDS_MAX))
        try:
            either: set[asyncio.Future[Any]] = {asking, broken}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise ConnectionError("the connection broke")
            return asking.result()
        finally:
            asking.cancel()

    def connected(self) -> Client:
        if self.client is None:
            raise Unavailable(f"there is no connection to NATS at {self.where}")
        return self.client

    async def _keep(self, opened: tuple[Client, asyncio.Event] | None) -> None:
        while True:
            if opened is not None:
                self._failure = ""
                self._failure = await _until_lost(*opened, self._silence_seconds) or self._failure
                self._gone(opened[0])
            opened = await self._connect_at_last()
            await self._came(opened[0])

    async def _connect_first(self) -> tuple[Client, asyncio.Event]:
        try:
            async with asyncio.timeout(START_SECONDS_MAX):
                while True:
                    with suppress(*_BROKEN):
                        return await self._connect_once()
                    await asyncio.sleep(RETRY_SECONDS)
        except TimeoutError:
            why = f" ({self._failure})" if self._failure else ""
            raise BusUnusable(
                f"No NATS server answers at {self.where}{why}. Start it (`shikanji engines up` does), or set "
                "SHIKANJI_BUS_URL to where it is."
            ) from None

    async def _connect_at_last(self) -> tuple[Client, asyncio.Event]:
        while True:
            try:
                return await self._connect_once()
            except BusUnusable as error:
                if self._unusable != str(error):
                    _log.error("the bus cannot be used", error=str(error))
                self._unusable = str(error)
            except _BROKEN:
                self._unusable = ""
            await asyncio.sleep(RETRY_SECONDS)

    async def _connect_once(self) -> tuple[Client, asyncio.Event]:
        client, lost = Client(), asyncio.Event()
        try:
            await self._connect(client, lost)
            self._check(client)
            return client, lost
        except _BROKEN as error:
            self._part(client)
            self._failure = str(error).removeprefix("nats: ") or type(error).__name__
            if "Authorization" in self._failure:
                raise BusUnusable(
                    f"NATS at {self.where} does not let us in ({self._failure}): SHIKANJI_BUS_URL needs its user and "
                    "password."
                ) from error
            raise
        except BaseException:
            self._part(client)
            raise

    async def _connect(self, client: Client, lost: asyncio.Event) -> None:
        async def note(error: Exception) -> None:
            self._failure = str(error) or type(error).__name__

        async def closed() -> None:
            lost.set()

        await client.connect(
            self._servers,
            name=self._name,
            allow_reconnect=False,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RETRY_SECONDS,  # type: ignore[arg-type]  # it only sleeps for that long
            connect_timeout=CONNECT_SECONDS_MAX,
            pending_size=PENDING_BYTES_MAX,
            error_cb=note,
            closed_cb=closed,
        )

    def _check(self, client: Client) -> None:
        version = client.connected_server_version
        found = (version.major, version.minor, version.patch)
        if found < VERSION_MIN:
            wanted, is_now = ".".join(map(str, VERSION_MIN)), ".".join(map(str, found))
            raise BusUnusable(
                f"The NATS server at {self.where} is {is_now}; it must be {wanted} or newer. Older ones are known to "
                "lose events (2.10.20 to 2.10.22 above all): bring it to the newest patch."
            )
        if client.max_payload < EVENT_BYTES_MAX + ENVELOPE_BYTES_MAX:
            raise BusUnusable(
                f"The NATS server at {self.where} takes messages of {client.max_payload} bytes at most; set its "
                f"max_payload to 1MB (events are up to {EVENT_BYTES_MAX} bytes)."
            )

    async def _came(self, client: Client) -> None:
        self.generation += 1
        try:
            for came in self._on_came:
                with suppress(*_BROKEN):
                    # Broken again already: `_until_lost` will find it.
                    await came(client)
        except BaseException:
            self._part(client)
            raise
        self.client, self._unusable = client, ""
        self._broken = asyncio.get_running_loop().create_future()
        self._traffic.connected = True
        if self.generation > 1:
            _log.info("NATS is back", server=self.where, seconds=round(time.monotonic() - self._lost_at, 1))

    def _gone(self, client: Client) -> None:
        self.client = None
        self._broken.set_result(None)
        self._lost_at = time.monotonic()
        self._traffic.connected = False
        self._traffic.disconnects += 1
        _log.warning("the connection to NATS is lost", server=self.where, error=self._failure)
        self._part(client)
        for lost in self._on_lost:
            lost()

    def _part(self, client: Client) -> None:
        """Beside everything else: closing a connection whose other end is gone may take for ever."""

        async def close() -> None:
            with suppress(*_BROKEN):
                async with asyncio.timeout(PARTING_SECONDS_MAX):
                    await client.close()

        task = asyncio.create_task(close())
        self._parting.add(task)
        task.add_done_callback(self._parting.discard)


async def _until_lost(client: Client, lost: asyncio.Event, silence_seconds: float) -> str:
    """Until the server closed it, or does not answer, for a cut cable says nothing: then, in words, that."""
    while not client.is_closed:
        await until(lost, silence_seconds / 2)
        if not lost.is_set():
            try:
                async with asyncio.timeout(silence_seconds / 2):
                    await client.flush()
            except _BROKEN:
                return "it does not answer"
    return ""


def _without_password(server: str) -> str:
    parts = urlsplit(server)
    return f"{parts.hostname}:{parts.port or 4222}"
