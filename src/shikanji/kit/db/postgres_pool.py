"""Connections that wait for work. No more than threads that ask, so nobody ever waits for one."""

import time
from collections import deque
from typing import Any

import psycopg

from shikanji.kit.db.postgres_connection import connect, control
from shikanji.kit.errors import Unavailable
from shikanji.kit.telemetry.logs import logger

IDLE_SECONDS_MAX = 600.0
REST_SECONDS = 0.25
"""After a server that cannot be reached, the next so and so many seconds of units are refused without asking it."""
RETRY_AFTER_SECONDS = 2

_log = logger("postgres")


class Connections:
    """One service's. Any thread may take one, and gives it back or closes it."""

    def __init__(self, url: str, service: str) -> None:
        self._url, self._service = url, service
        self._idle: deque[tuple[float, psycopg.Connection[Any]]] = deque()
        self._down_until = 0.0

    def begin(self, command: bytes) -> psycopg.Connection[Any]:
        """A connection in a new transaction. Those that died while they waited are found out here, before any of a unit
        has run. Raises Unavailable."""
        while True:
            connection, is_new = self._take()
            try:
                control(connection, command)
                return connection
            except psycopg.Error as error:
                connection.close()
                if is_new:
                    raise self._unreachable(error) from error

    def give_back(self, connection: psycopg.Connection[Any]) -> None:
        """Rolls back what was not committed."""
        if connection.closed:
            return
        try:
            if connection.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                control(connection, b"ROLLBACK")
        except psycopg.Error:
            connection.close()
            return
        self._idle.append((time.monotonic(), connection))
        self._close_old()

    def close(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()

    def _take(self) -> tuple[psycopg.Connection[Any], bool]:
        """The one used last, so that those too many come to age; or a new one, and True."""
        try:
            return self._idle.pop()[1], False
        except IndexError:
            return self._connect(), True

    def _connect(self) -> psycopg.Connection[Any]:
        if time.monotonic() < self._down_until:
            raise self._unavailable()
        try:
            return connect(self._url, self._service)
        except psycopg.Error as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: psycopg.Error) -> Unavailable:
        # Whoever asked is told no more than that: the reason names hosts and users.
        _log.warning("a database does not answer", service=self._service, error=str(error).strip())
        self._down_until = time.monotonic() + REST_SECONDS
        return self._unavailable()

    def _unavailable(self) -> Unavailable:
        return Unavailable(f"{self._service}'s database does not answer", retry_after_seconds=RETRY_AFTER_SECONDS)

    def _close_old(self) -> None:
        try:
            since, connection = self._idle.popleft()
        except IndexError:
            return
        if time.monotonic() - since > IDLE_SECONDS_MAX:
            connection.close()
        else:
            self._idle.appendleft((since, connection))
