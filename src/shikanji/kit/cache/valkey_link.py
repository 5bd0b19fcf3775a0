"""One connection to Valkey for all that this process asks of it, and what becomes of a question when it is away."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from redis.asyncio.connection import Connection
from redis.exceptions import NoScriptError, RedisError, ResponseError

from shikanji.kit.breaker import Breaker
from shikanji.kit.cache import CacheUnavailable
from shikanji.kit.clock import Clock
from shikanji.kit.telemetry.logs import logger

SECONDS_MAX = 0.2
"""For everything that goes out together, connecting included: nobody waits longer than twice that."""
BATCH_MAX = 128
WAITING_MAX = 2_000
FAILURES_MAX = 3
REST_SECONDS_MAX = 2.0
"""Valkey comes back quickly and losing it costs little, so it is tried again soon."""

Connect = Callable[[], Connection]
Argument = bytes | str | int | float

AWAY = (RedisError, OSError, TimeoutError)
"""What a connection raises when the server does not do its work."""

_log = logger("cache")


class Link:
    """What is asked while the last answers are under way goes out together: one round trip for many requests. After a
    few failures in a row a breaker answers at once that the cache is away, and one question at a time tries it."""

    def __init__(self, connect: Connect, clock: Clock, seconds_max: float) -> None:
        self._connect = connect
        self._seconds_max = seconds_max
        self._connection: Connection | None = None
        self._breaker = Breaker(clock, failures_max=FAILURES_MAX, rest_seconds_max=REST_SECONDS_MAX)
        self._waiting: deque[tuple[Sequence[Argument], asyncio.Future[Any]]] = deque()
        self._sending: asyncio.Task[None] | None = None
        self.away = ""

    async def ask(self, *command: Argument) -> Any:
        """The server's answer. Raises CacheUnavailable, and NoScriptError."""
        if not self._breaker.admits or len(self._waiting) >= WAITING_MAX:
            raise CacheUnavailable(self.away or "more is asked of the cache than it answers")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        return await answer

    def reached(self) -> None:
        """Another connection has found the server: this one need not wait to try it."""
        self._works()

    async def close(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending
        _refuse(self._take(len(self._waiting)), "the cache is closed")
        await self._part()

    async def _send_all(self) -> None:
        batch: list[tuple[Sequence[Argument], asyncio.Future[Any]]] = []
        try:
            while self._waiting:
                batch = self._take(BATCH_MAX)
                await self._send(batch)
        finally:
            _refuse(batch, "the cache is closed")
            self._sending = None

    async def _send(self, batch: Sequence[tuple[Sequence[Argument], asyncio.Future[Any]]]) -> None:
        self._breaker.enter()
        try:
            async with asyncio.timeout(self._seconds_max):
                answers = await self._round_trip([command for command, _ in batch])
        except Exception as error:  # whatever it is: nobody may be left waiting
            await self._part()
            self._failed(str(error) or f"no answer within {self._seconds_max:g} s")
            _refuse(batch, self.away)
            _refuse(self._take(len(self._waiting)), self.away)
        except BaseException:
            self._breaker.abandoned()
            raise
        else:
            self._judge([answer for answer in answers if _refused(answer)])
            for (_, waiting), answer in zip(batch, answers, strict=True):
                _hand_out(waiting, answer)

    async def _round_trip(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection  # connects when it sends
        await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
        return [await _read(connection) for _ in commands]

    def _judge(self, refusals: Sequence[Exception]) -> None:
        """A server that answers, but refuses (out of memory, read-only), is as good as away."""
        if refusals:
            self._failed(str(refusals[0]))
        else:
            self._works()

    def _works(self) -> None:
        self._breaker.succeeded()
        if self.away:
            self.away = ""
            _log.info("the cache is back")

    def _failed(self, reason: str) -> None:
        self._breaker.failed()
        if not self.away:
            _log.warning("the cache is away; the platform goes on without it", reason=reason)
        self.away = reason

    async def _part(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    def _take(self, most: int) -> list[tuple[Sequence[Argument], asyncio.Future[Any]]]:
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]


async def _read(connection: Connection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as refusal:
        return refusal


def _refused(answer: Any) -> bool:
    return isinstance(answer, ResponseError) and not isinstance(answer, NoScriptError)


def _hand_out(waiting: "asyncio.Future[Any]", answer: Any) -> None:
    if waiting.done():
        return
    if isinstance(answer, NoScriptError):
        waiting.set_exception(answer)
    elif isinstance(answer, ResponseError):
        waiting.set_exception(CacheUnavailable(str(answer)))
    else:
        waiting.set_result(answer)


def _refuse(batch: Sequence[tuple[Sequence[Argument], "asyncio.Future[Any]"]], reason: str) -> None:
    for _, waiting in batch:
        if not waiting.done():
            waiting.set_exception(CacheUnavailable(reason))
