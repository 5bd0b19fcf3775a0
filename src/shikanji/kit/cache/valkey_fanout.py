"""Messages to all processes over Valkey: one connection that listens, and is made again for as long as it takes."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from redis.asyncio.connection import Connection

from shikanji.kit.cache import Listener
from shikanji.kit.cache.valkey_link import AWAY, Connect
from shikanji.kit.telemetry.logs import logger

CONNECT_SECONDS_MAX = 1.0
QUIET_SECONDS_MAX = 1.0
"""Nothing heard for that long: the server is asked whether it is there, and has as long again to say so."""
RETRY_SECONDS = 0.5
LISTENER_SECONDS_MAX = 5.0

_log = logger("cache")


class FanOut:
    """Messages are heard one after the other and none is kept: what comes faster than it is heard waits at the server,
    which drops a connection that lets too much wait. That is a gap like any other."""

    def __init__(self, connect: Connect, prefix: str, made: Callable[[], None]) -> None:
        """`made` is told whenever the server was reached (again)."""
        self._connect = connect
        self._prefix = prefix
        self._made = made
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._on_gap: list[Callable[[], None]] = []
        self._subscribed_to: dict[str, asyncio.Event] = {}
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self.away = ""

    def named(self, channel: str) -> str:
        return self._prefix + channel

    async def start(self) -> None:
        """Returns when all channels are subscribed, or soon without."""
        self._task = asyncio.create_task(self._run())
        await self._subscribed("")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def on_gap(self, callback: Callable[[], None]) -> None:
        self._on_gap.append(callback)

    async def listen(self, channel: str, listener: Listener) -> None:
        is_new = channel not in self._listeners
        self._listeners[channel].append(listener)
        if not is_new or self._connection is None:
            return
        with suppress(*AWAY):
            await self._connection.send_command("SUBSCRIBE", self.named(channel))
        await self._subscribed(channel)

    async def _subscribed(self, channel: str) -> None:
        event = self._subscribed_to.setdefault(channel, asyncio.Event())
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                await event.wait()

    async def _run(self) -> None:
        while True:
            connection = self._connect()
            try:
                await self._follow(connection)
            except Exception as error:  # whatever it is: it must not stay deaf for ever
                self._lost(str(error) or type(error).__name__)
            finally:
                self._connection = None
                await connection.disconnect(nowait=True)
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, connection: Connection) -> None:
        """Returns only by an error. The empty channel keeps the connection a listening one when nobody listens yet."""
        channels = {"", *self._listeners}
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            await connection.send_command("SUBSCRIBE", *map(self.named, channels))
            self._connection = connection
            for late in self._listeners.keys() - channels:
                await connection.send_command("SUBSCRIBE", self.named(late))
        asked = False
        while True:
            message = await connection.read_response(timeout=QUIET_SECONDS_MAX)
            if message is not None:
                asked = False
                await self._take(message)
            elif asked:
                raise TimeoutError(f"nothing heard for {2 * QUIET_SECONDS_MAX:g} s")
            else:
                asked = True
                await connection.send_command("PING")

    async def _take(self, message: list[bytes]) -> None:
        kind, channel = message[0], message[1].decode().removeprefix(self._prefix)
        if kind == b"subscribe":
            self._subscribed_to.setdefault(channel, asyncio.Event()).set()
            if channel == "":
                self._found()
        elif kind == b"message":
            for listener in tuple(self._listeners[channel]):
                await _tell(channel, listener, message[2])

    def _found(self) -> None:
        self._made()
        if self.away:
            self.away = ""
            _log.info("messages between processes are heard again")
        self._gap()

    def _lost(self, reason: str) -> None:
        if not self.away:
            _log.warning("messages between processes are not heard", reason=reason)
            self._gap()
        self.away = reason
        self._subscribed_to.clear()

    def _gap(self) -> None:
        for callback in self._on_gap:
            callback()


async def _tell(channel: str, listener: Listener, message: bytes) -> None:
    try:
        async with asyncio.timeout(LISTENER_SECONDS_MAX):
            await listener(message)
    except Exception:
        _log.exception("a listener failed", channel=channel)
