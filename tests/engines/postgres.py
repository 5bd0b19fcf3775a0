"""Databases of a real PostgreSQL for the suites."""

from collections import defaultdict
from collections.abc import Callable
from itertools import count
from typing import Any

import psycopg
from psycopg import sql

from shikanji.engines import Postgres


class PostgresServer:
    """Hands out databases, which are used again and again: a new one takes its migrations."""

    def __init__(self, engine: Postgres) -> None:
        self._engine = engine
        self._numbers = count(1)
        self._free: defaultdict[str, list[str]] = defaultdict(list)
        self._first_rows: dict[str, _Rows] = {}

    def url(self, database: str) -> str:
        return self._engine.socket_url(database)

    def take_database(self, kind: str, make: Callable[[str], Any]) -> str:
        """The name of an empty database that nobody uses now; `make(url)` gives a new one its tables."""
        if self._free[kind]:
            return self._free[kind].pop()
        name = f"{kind}_{next(self._numbers)}"
        make(self.url(name))
        if kind not in self._first_rows:
            with psycopg.connect(self.url(name)) as connection:
                self._first_rows[kind] = _rows(connection)
        return name

    def give_back(self, kind: str, name: str) -> None:
        """Emptied row by row, but for what migrations wrote: for small tables that takes a tenth of TRUNCATE, and that
        a tenth of a new database."""
        with psycopg.connect(self.url(name)) as connection:
            connection.execute("SET session_replication_role = replica")
            for table in _tables(connection):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in self._first_rows[kind].items():
                values = sql.SQL(", ").join(sql.Placeholder() * len(rows[0]))
                insert = sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(table), values)
                connection.cursor().executemany(insert, rows)
        self._free[kind].append(name)


_Rows = dict[str, list[tuple[Any, ...]]]
"""Of each table that has any."""


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return [table for (table,) in tables if table != "alembic_version"]


def _rows(connection: psycopg.Connection[Any]) -> _Rows:
    found = {
        table: connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
        for table in _tables(connection)
    }
    return {table: rows for table, rows in found.items() if rows}
