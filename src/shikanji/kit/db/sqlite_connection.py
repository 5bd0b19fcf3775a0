"""Connections to one SQLite file, and what its errors mean. Only pysqlite3 opens our files: it carries a SQLite without
the WAL-reset fault, and a second library in the process would drop our locks when it closes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pysqlite3.dbapi2 as sqlite

from shikanji.kit.context import Origin
from shikanji.kit.db.faults import ConstraintViolated, StorageFault, TransactionOver
from shikanji.kit.db.safe_sqlite import BUSY_SECONDS_MAX, require_safe_version
from shikanji.kit.db.statements import Statements, for_sqlite
from shikanji.kit.db.transaction import Ground, Transaction

T = TypeVar("T")

STATEMENTS: Statements = for_sqlite()
"""Compiled once for every SQLite database of the process."""

# The driver looks for an adapter of whatever is neither number nor text, and asks None and bytes for one by attributes
# that they lack: two exceptions a parameter, 6 % of all that an order costs. These two give back what they are given.
sqlite.register_adapter(type(None), {}.get)
sqlite.register_adapter(bytes, bytes)

CACHE_KIB_MAX = 16_384
WAL_PAGES_MAX = 16_000
"""64 MB: from here on COMMIT copies the WAL into the database itself."""
_PASSING = {"SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_NOMEM", "SQLITE_READONLY_RECOVERY"}


def open_writer(path: Path) -> Any:
    """The one connection that may change the file. `synchronous=FULL` makes COMMIT wait for the disk."""
    require_safe_version()
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _open(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES_MAX}")
    # Indexes over keys in no order touch other pages with every order: what they touch should not be read again.
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB_MAX}")
    return connection


def open_reader(path: Path) -> Any:
    """A connection that cannot change anything. The file must exist: a reader never makes one."""
    require_safe_version()
    if not path.exists():
        raise FileNotFoundError(path)
    connection = _open(path)
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def _open(path: Path) -> Any:
    return sqlite.connect(
        str(path),
        timeout=BUSY_SECONDS_MAX,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )


class SqliteTransaction(Transaction):
    __slots__ = ("_connection",)

    def __init__(self, ground: Ground, connection: Any, cursor: Any, origin: Origin) -> None:
        super().__init__(ground, STATEMENTS, cursor, origin)
        self._connection = connection

    def _read_error(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite.Error):
            return error
        if not self._connection.in_transaction:
            # What came after it would be committed one by one, each for itself.
            self._end()
            return TransactionOver(str(error))
        if isinstance(error, sqlite.IntegrityError):
            return ConstraintViolated(str(error))
        name = getattr(error, "sqlite_errorname", "")
        return StorageFault(str(error)) if name in _PASSING or name.startswith("SQLITE_IOERR") else error


def read_once(ground: Ground, connection: Any, origin: Origin, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
    """Runs `fn` on one snapshot."""
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    try:
        return SqliteTransaction(ground, connection, cursor, origin).carry_out(fn, args, kwargs)
    finally:
        if connection.in_transaction:
            cursor.execute("ROLLBACK")
        # Not left to whoever drops it last, on whatever thread.
        cursor.close()


def write_once(ground: Ground, connection: Any, origin: Origin, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
    """Runs `fn` in a transaction of its own; for tools that have the file to themselves."""
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    try:
        result = SqliteTransaction(ground, connection, cursor, origin).carry_out(fn, args, kwargs)
        cursor.execute("COMMIT")
    finally:
        if connection.in_transaction:
            cursor.execute("ROLLBACK")
    return result
