"""Wakes that reach every process: a commit that left something to do is told by NOTIFY, in a transaction of its own
(inside the writing one it would queue every commit of the server), seldom, and never twice for the same moment. Wakes
may be lost; whoever waits for them polls too."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg

from shikanji.kit.db.postgres_connection import parameters
from shikanji.kit.db.tx import PLANNED, RECORDED
from shikanji.kit.telemetry.logs import logger

CHANNEL = "shikanji_wake"
NOTIFY_SECONDS = 0.05
"""Between two notices of one process."""
BACKOFF_SECONDS_MIN, BACKOFF_SECONDS_MAX = 0.1, 5.0
_EVERYTHING = RECORDED | PLANNED

_log = logger("postgres")


class Teller:
    """Says what was committed here. `send` runs one command on a connection of its own choosing, in a thread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, name: str, send: Callable[[bytes], asyncio.Future[Any]]
    ) -> None:
        self._loop, self._name, self._send = loop, name, send
        self._kinds = 0
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, kinds: int) -> None:
        """Now, or with whatever else comes until the next notice is allowed."""
        self._kinds |= kinds
        if self._timer is None:
            self._timer = self._loop.call_at(max(self._next_at, self._loop.time()), self._tell)

    async def flush(self) -> None:
        """Says what has not been said yet: before the end."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.wait({self._tell()})

    def _tell(self) -> asyncio.Future[Any]:
        kinds, self._kinds, self._timer = self._kinds, 0, None
        self._next_at = self._loop.time() + NOTIFY_SECONDS
        sent = self._send(f"NOTIFY {CHANNEL}, '{self._name} {kinds}'".encode())
        # One that is lost is made up for by the poll of whoever did not hear it.
        sent.add_done_callback(lambda future: future.cancelled() or future.exception())
        return sent


class Listener:
    """Hears what other processes committed, on a connection of its own that is made again whenever it is lost."""

    def __init__(self, url: str, service: str, own_name: str, heard: Callable[[int], None]) -> None:
        self._url, self._service, self._own_name, self._heard = url, service, own_name, heard
        self._task: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_listening(), name=f"{self._service}-listener")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _keep_listening(self) -> None:
        backoff = BACKOFF_SECONDS_MIN
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, **parameters(self._service)) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    backoff = BACKOFF_SECONDS_MIN
                    # Nobody knows what was said while nobody listened.
                    self._heard(_EVERYTHING)
                    await self._listen(connection.pgconn)
            except (psycopg.Error, OSError) as error:
                _log.info("no wakes are heard", service=self._service, error=str(error).strip())
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, BACKOFF_SECONDS_MAX)

    async def _listen(self, connection: Any) -> None:
        """Until the connection is lost. Waits on the socket itself: the driver's own way of waiting wakes up ten times
        a second."""
        self._lost.clear()
        loop, socket = asyncio.get_running_loop(), connection.socket
        loop.add_reader(socket, self._read, connection)
        try:
            await self._lost.wait()
        finally:
            loop.remove_reader(socket)

    def _read(self, connection: Any) -> None:
        try:
            connection.consume_input()
        except psycopg.Error:
            self._lost.set()
            return
        kinds = 0
        while notice := connection.notifies():
            name, _, told = notice.extra.decode().rpartition(" ")
            if name != self._own_name and told.isdigit():
                kinds |= int(told)
        if kinds:
            self._heard(kinds)
