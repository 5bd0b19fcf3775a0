"""Many rows into one database file: without an index beside the keys until all are there, and without a sync."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3

from bench.history.reading import Row, Table

CACHE_KIB = 512 * 1024


class Writer:
    def __init__(self, path: Path) -> None:
        self._connection: Any = pysqlite3.connect(path, isolation_level=None)
        self._statements: dict[str, str] = {}
        self._indexes: list[tuple[str, str]] = []

    def run(self, statement: str) -> None:
        self._connection.execute(statement)

    def run_each(self, statement: str, rows: Iterable[Row]) -> None:
        self._connection.executemany(statement, rows)

    def query(self, statement: str) -> Any:
        return self._connection.execute(statement)

    def rows(self, table: str) -> tuple[list[str], list[Row]]:
        """The columns' names, and all there is."""
        cursor = self._connection.execute(f'SELECT * FROM "{table}"')
        return [column[0] for column in cursor.description], cursor.fetchall()

    def replace(self, table: str, columns: list[str], rows: Iterable[Row]) -> None:
        self.run(f'DELETE FROM "{table}"')
        self.run_each(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(columns))})', rows)

    def insert(self, table: Table, rows: Iterable[Row]) -> None:
        statement = self._statements.get(table.name)
        if statement is None:
            columns = ", ".join(f'"{column}"' for column in table.columns)
            places = ", ".join("?" * len(table.columns))
            statement = self._statements[table.name] = f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})'
        self._connection.executemany(statement, rows)

    def begin(self) -> None:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{CACHE_KIB}", "foreign_keys=OFF"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        found = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        self._indexes = self._connection.execute(found).fetchall()
        for name, _ in self._indexes:
            self._connection.execute(f'DROP INDEX "{name}"')
        self._connection.execute("BEGIN")

    def end(self) -> None:
        for _, statement in self._indexes:
            self._connection.execute(statement)
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA journal_mode=WAL").fetchall()

    def close(self) -> None:
        self._connection.close()


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    writer = Writer(path)
    try:
        writer.begin()
        yield writer
        writer.end()
    finally:
        writer.close()
