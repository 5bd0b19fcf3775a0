"""PostgreSQL databases copied beside each other into one SQLite connection, for what must compare them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg import sql

from shikanji.kit.db.faults import Unfit
from shikanji.kit.db.postgres_connection import CONNECT_SECONDS_MAX
from shikanji.kit.db.together import open_together, quoted

ROWS_AT_ONCE = 5_000
CACHE_KIB = 256 * 1024
"""What of a copy may lie in memory; the rest goes to a temporary file of SQLite's."""

_TYPES = {"text": "TEXT", "character varying": "TEXT", "bigint": "INTEGER", "integer": "INTEGER", "bytea": "BLOB"}
_COLUMNS = """SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"""
_INDEXES = """SELECT t.relname, array(
    SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY key(number, place)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = key.number ORDER BY key.place)
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = 'public' AND i.indexprs IS NULL"""

_CLIENTS = """SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'shikanji %' AND application_name <> 'shikanji audit'"""


def copy_together(urls: Mapping[str, str]) -> Any:
    """Each database under its name: `SELECT … FROM "order".orders`, with our three types and with indexes, but without
    a constraint, so that what is wrong can be seen. Each is one snapshot, and all are taken before the first is copied.
    Raises Unfit."""
    connection = open_together({})
    try:
        with ExitStack() as stack:
            servers = {name: stack.enter_context(_snapshot(name, url)) for name, url in urls.items()}
            for name, server in servers.items():
                with _told(name):
                    _copy(connection, name, server)
    except BaseException:
        connection.close()
        raise
    return connection


def has_clients(url: str) -> bool:
    """Whether a process of ours works on the database now. Raises Unfit."""
    with _told("the database"), psycopg.connect(url, connect_timeout=CONNECT_SECONDS_MAX) as server:
        return server.execute(_CLIENTS).fetchone() is not None


@contextmanager
def _snapshot(name: str, url: str) -> Iterator[psycopg.Connection[Any]]:
    with _told(name):
        server = psycopg.connect(url, connect_timeout=CONNECT_SECONDS_MAX, application_name="shikanji audit")
    with server:
        server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        server.read_only = True
        with _told(name):
            server.execute("SELECT 1")
        yield server


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise Unfit(f"{name}: {' '.join(str(error).split())}") from error


def _copy(connection: Any, name: str, server: psycopg.Connection[Any]) -> None:
    db = quoted(name)
    connection.execute(f"ATTACH DATABASE '' AS {db}")
    connection.execute(f"PRAGMA {db}.cache_size = -{CACHE_KIB}")
    for settled in ("journal_mode = OFF", "synchronous = OFF"):
        connection.execute(f"PRAGMA {db}.{settled}")
    connection.execute("BEGIN")
    for table, columns in _tables(server).items():
        _copy_table(connection, db, server, table, columns)
    for place, (table, keys) in enumerate(server.execute(_INDEXES).fetchall()):
        listed = ", ".join(map(quoted, keys))
        connection.execute(f"CREATE INDEX {db}.copied_{place} ON {quoted(table)} ({listed})")
    connection.execute("COMMIT")


def _tables(server: psycopg.Connection[Any]) -> dict[str, dict[str, str]]:
    """Table → column → our type for it."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in server.execute(_COLUMNS):
        if kind not in _TYPES:
            raise Unfit(f"{table}.{column} is {kind}: no column of ours")
        tables.setdefault(table, {})[column] = _TYPES[kind]
    return tables


def _copy_table(
    connection: Any, db: str, server: psycopg.Connection[Any], table: str, columns: Mapping[str, str]
) -> None:
    declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
    connection.execute(f"CREATE TABLE {db}.{quoted(table)} ({declared})")
    into = f"INSERT INTO {db}.{quoted(table)} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - all is quoted
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    with server.cursor(name="copied", binary=True) as cursor:
        cursor.execute(sql.SQL("SELECT {} FROM {}").format(listed, sql.Identifier(table)))
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            connection.executemany(into, rows)
