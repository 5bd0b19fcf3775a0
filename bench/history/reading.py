"""What the lived customers left in the databases: which rows are theirs, and what in them is a name or a time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from shikanji.kit.db.sqlite_connection import open_reader

Row = tuple[Any, ...]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """`unique`: the places of columns that, with others or alone, must not be the same in two rows; `alone` those that
    must not by themselves."""

    name: str
    columns: tuple[str, ...]
    key: tuple[int, ...]
    unique: frozenset[int]
    alone: frozenset[int]

    def key_of(self, row: Row) -> Key:
        return tuple(row[place] for place in self.key)


Content = dict[str, tuple[Table, dict[Key, Row]]]


def content(folder: Path, service: str) -> Content:
    """Every row of every table by its primary key."""
    connection = open_reader(folder / f"{service}.db")
    try:
        found: Content = {}
        for table in _tables(connection):
            listed = ", ".join(f'"{column}"' for column in table.columns)
            rows = connection.execute(f'SELECT {listed} FROM "{table.name}"').fetchall()
            found[table.name] = table, {table.key_of(row): row for row in rows}
        return found
    finally:
        connection.close()


def changed(before: Content, after: Content) -> Iterator[tuple[Table, Row, bool]]:
    """Rows that are new (True) or other than before."""
    for name, (table, rows) in after.items():
        known = before[name][1]
        for key, row in rows.items():
            if key not in known:
                yield table, row, True
            elif known[key] != row:
                yield table, row, False


def _tables(connection: Any) -> Iterator[Table]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    for (name,) in names.fetchall():
        described = connection.execute("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", (name,)).fetchall()
        columns = tuple(column for column, _ in described)
        ranked = sorted((rank, place) for place, (_, rank) in enumerate(described) if rank)
        key = tuple(place for _, place in ranked) or tuple(range(len(columns)))
        indexes = list(_unique(connection, name, columns))
        alone = frozenset(index[0] for index in indexes if len(index) == 1)
        yield Table(name, columns, key, frozenset(chain.from_iterable(indexes)), alone)


def _unique(connection: Any, table: str, columns: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    indexes = connection.execute('SELECT name FROM pragma_index_list(?) WHERE "unique" = 1', (table,)).fetchall()
    for (index,) in indexes:
        listed = connection.execute("SELECT name FROM pragma_index_info(?)", (index,)).fetchall()
        yield tuple(columns.index(column) for (column,) in listed if column is not None)


UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}")
"""Version 7, with or without dashes: its first 48 bits are a time in ms."""
MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
MICROSECONDS = re.compile(r"(?<![0-9a-zA-Z.\-])1[0-9]{15}(?![0-9a-zA-Z])")
DATE = re.compile(r"(?<![0-9A-Za-z])20\d\d-\d\d-\d\d(?![0-9A-Za-z])")
NUMBER = re.compile(r"(?<![A-Z0-9-])[A-Z0-9]{2,8}-\d{6}-\d{4,}")
PERSON = re.compile(r"history\.\d{7}@load\.test|\+9170\d{8}")
NAMES: Mapping[str, re.Pattern[str]] = {
    "uuid": UUID,
    "moment": MOMENT,
    "microseconds": MICROSECONDS,
    "number": NUMBER,
    "date": DATE,
    "person": PERSON,
}
