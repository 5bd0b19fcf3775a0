"""Connections to PostgreSQL, and what its errors mean."""

from decimal import Decimal
from typing import Any

import psycopg
from psycopg import errors
from psycopg.adapt import Buffer, Loader

from shikanji.kit.context import Origin
from shikanji.kit.db.faults import ConstraintViolated, StorageFault, TransactionConflict, TransactionOver
from shikanji.kit.db.statements import Statements, for_postgres
from shikanji.kit.db.transaction import Ground, Transaction

STATEMENTS: Statements = for_postgres()
"""Compiled once for every PostgreSQL database of the process."""

STATEMENT_SECONDS_MAX = 15
IDLE_SECONDS_MAX = 30
CONNECT_SECONDS_MAX = 5

OPTIONS = (
    f"-c statement_timeout={STATEMENT_SECONDS_MAX}s -c lock_timeout={STATEMENT_SECONDS_MAX}s "
    f"-c idle_in_transaction_session_timeout={IDLE_SECONDS_MAX}s -c synchronous_commit=on"
)
_CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected)
_PASSING = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.DiskFull,
    errors.OutOfMemory,
    errors.TooManyConnections,
    errors.ReadOnlySqlTransaction,
)


class WholeNumbers(Loader):
    """`sum()` of a bigint is a numeric: an integer here, as it is on SQLite."""

    def load(self, data: Buffer) -> int | Decimal:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)


def configure(connection: psycopg.Connection[Any]) -> None:
    """What every new connection of a pool is told. READ COMMITTED is said, not assumed."""
    connection.adapters.register_loader("numeric", WholeNumbers)
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED


class PostgresTransaction(Transaction):
    __slots__ = ("_connection",)

    def __init__(self, ground: Ground, connection: psycopg.Connection[Any], cursor: Any, origin: Origin) -> None:
        super().__init__(ground, STATEMENTS, cursor, origin)
        self._connection = connection

    def _read_error(self, error: Exception) -> Exception:
        return explain(self._connection, error)


def explain(connection: psycopg.Connection[Any], error: Exception) -> Exception:
    """The driver's error as one of `kit.db.faults`, or itself."""
    if not isinstance(error, psycopg.Error):
        return error
    if isinstance(error, _CONFLICTS):
        return TransactionConflict(str(error))
    if connection.closed or isinstance(error, errors.AdminShutdown | errors.CrashShutdown):
        return TransactionOver(str(error))
    if isinstance(error, psycopg.IntegrityError):
        return ConstraintViolated(str(error))
    if isinstance(error, _PASSING):
        return StorageFault(str(error))
    return error
