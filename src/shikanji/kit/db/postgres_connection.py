"""Connections to PostgreSQL, and what its errors mean."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import errors, pq
from psycopg.adapt import Buffer, Loader

from shikanji.kit.context import Origin
from shikanji.kit.db.faults import (
    ConstraintViolated,
    ErrorSwallowed,
    LockTimeout,
    StorageFault,
    TooSlow,
    TransactionConflict,
    TransactionOver,
)
from shikanji.kit.db.statements import Statements, for_postgres
from shikanji.kit.db.transaction import Ground, Transaction
from shikanji.kit.errors import Unavailable
from shikanji.kit.telemetry.logs import logger

STATEMENTS: Statements = for_postgres()
"""Compiled once for every PostgreSQL database of the process."""

STATEMENT_SECONDS_MAX = 15
LOCK_SECONDS_MAX = 10
"""Less than a statement may take, so that waiting for another's lock is told apart from being slow oneself."""
IDLE_SECONDS_MAX = 30
TRANSACTION_SECONDS_MAX = 60
"""Whatever it does or waits for. Only this ends one whose client has died in the middle of a message: to the server it
is neither idle nor in a statement, and it would keep its rows locked for ever."""
_WITH_TRANSACTION_LIMIT = 170_000
CONNECT_SECONDS_MAX = 5
SILENT_SECONDS_MAX = 10
"""So long a server that is cut off is waited for, where nothing says that it is gone."""
PREPARED_MAX = 400

OPTIONS = (
    f"-c statement_timeout={STATEMENT_SECONDS_MAX}s -c lock_timeout={LOCK_SECONDS_MAX}s "
    f"-c idle_in_transaction_session_timeout={IDLE_SECONDS_MAX}s -c synchronous_commit=on "
    f"-c tcp_keepalives_idle={SILENT_SECONDS_MAX // 2} -c tcp_keepalives_interval=1 "
    f"-c tcp_keepalives_count={SILENT_SECONDS_MAX // 2} -c tcp_user_timeout={SILENT_SECONDS_MAX * 1_000}"
)
"""What the server is to do; it too notices a client that is cut off."""
_ALIVE = {
    "keepalives_idle": SILENT_SECONDS_MAX // 2,
    "keepalives_interval": 1,
    "keepalives_count": SILENT_SECONDS_MAX // 2,
    "tcp_user_timeout": SILENT_SECONDS_MAX * 1_000,
}
_log = logger("postgres")

_CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected)
_PASSING = (
    errors.DiskFull,
    errors.OutOfMemory,
    errors.TooManyConnections,
    errors.ReadOnlySqlTransaction,
    errors.IoError,
    # What the server has no name for: a file that may not grow, as by a quota, is among it.
    errors.InternalError_,
)
_ENDING = (
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.IdleInTransactionSessionTimeout,
    errors.TransactionTimeout,
)


def parameters(service: str) -> dict[str, Any]:
    """How every connection of a service is opened: `psycopg.connect(url, **parameters(service))`. Transactions are
    begun and ended by the kit itself."""
    return {
        "autocommit": True,
        "application_name": f"shikanji {service}",
        "options": OPTIONS,
        "connect_timeout": CONNECT_SECONDS_MAX,
        **_ALIVE,
    }


def connect(url: str, service: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(url, **parameters(service))
    connection.adapters.register_loader("numeric", WholeNumbers)
    # A service has more statements than the driver would keep prepared by itself.
    connection.prepared_max = PREPARED_MAX
    if connection.info.server_version >= _WITH_TRANSACTION_LIMIT:
        control(connection, f"SET transaction_timeout = '{TRANSACTION_SECONDS_MAX}s'".encode())
    return connection


def control(connection: psycopg.Connection[Any], command: bytes) -> bytes:
    """Runs one command without parameters or rows; returns what the server says that it did. Raises psycopg.Error."""
    try:
        result = connection.pgconn.exec_(command)
    except psycopg.Error:
        connection.close()
        raise
    if result.status != pq.ExecStatus.COMMAND_OK:
        raise errors.error_from_result(result)
    return result.command_status or b""


def commit(connection: psycopg.Connection[Any], service: str) -> None:
    """Raises TransactionConflict when it lost after all, Unavailable when nobody can say whether it was done."""
    try:
        done = control(connection, b"COMMIT")
    except psycopg.Error as error:
        explained = explain(connection, error)
        if isinstance(explained, TransactionConflict):
            raise explained from error
        # It is not run again: the caller repeats it with its key.
        _log.warning("a commit got no answer", service=service, error=str(error).strip())
        raise Unavailable(f"{service}: the commit got no answer") from error
    if done != b"COMMIT":
        raise ErrorSwallowed(f"{service}: the unit went on after an error, and was undone")


class WholeNumbers(Loader):
    """`sum()` of a bigint is a numeric: an integer here, as it is on SQLite."""

    def load(self, data: Buffer) -> int | Decimal:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)


class PostgresTransaction(Transaction):
    __slots__ = ("_connection",)

    def __init__(self, ground: Ground, connection: psycopg.Connection[Any], cursor: Any, origin: Origin) -> None:
        super().__init__(ground, STATEMENTS, cursor, origin)
        self._connection = connection

    def run_each(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]], /) -> int:
        # For one row, the driver's way of sending many costs twice the statement.
        return self.run(statement, **rows[0]).count if len(rows) == 1 else super().run_each(statement, rows)

    def _read_error(self, error: Exception) -> Exception:
        return explain(self._connection, error)


def explain(connection: psycopg.Connection[Any], error: Exception) -> Exception:
    """The driver's error as one of `kit.db.faults`, or itself."""
    if not isinstance(error, psycopg.Error):
        return error
    if isinstance(error, _CONFLICTS):
        return TransactionConflict(str(error))
    if connection.closed or isinstance(error, _ENDING):
        return TransactionOver(str(error))
    if isinstance(error, errors.QueryCanceled):
        return TooSlow(str(error))
    if isinstance(error, errors.LockNotAvailable):
        return LockTimeout(str(error))
    if isinstance(error, psycopg.IntegrityError):
        return ConstraintViolated(str(error))
    if isinstance(error, _PASSING):
        return StorageFault(str(error))
    return error
