"""Looking for card numbers in everything that is stored. Almost no text has thirteen digits in a row that nothing else
clings to, so that is looked for in many rows at once; a row that has them is looked at closely."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

from shikanji.audit.views import card_number
from shikanji.kit.db.together import quoted

BETWEEN = b"\x1f"
BYTES_AT_ONCE = 1 << 20
"""So much that what each look costs besides is a small part of it, and so little that a core has it near."""
ROWS_FIRST, ROWS_MAX = 100, 10_000


class Column(NamedTuple):
    """One that can hold text."""

    name: str
    is_optional: bool


def texts(db: str, table: str, columns: Sequence[Column]) -> str:
    """A statement for `card_numbers`: all texts of a row in one value."""
    given = (f"coalesce({quoted(name)}, '')" if is_optional else quoted(name) for name, is_optional in columns)
    return f"SELECT CAST(concat_ws(char({BETWEEN[0]}), {', '.join(given)}) AS BLOB) FROM {quoted(db)}.{quoted(table)}"


def card_numbers(cursor: Any, table: str, columns: Sequence[Column]) -> Iterator[tuple[str, str, str]]:
    """(id, found, expected) of each."""
    # Imported here: a look at what is new searches no texts, and would wait for numpy in vain.
    from shikanji.audit.digits import Desk

    desk, count = Desk(BYTES_AT_ONCE), ROWS_FIRST
    while rows := cursor.fetchmany(count):
        together = BETWEEN.join([b"", *chain.from_iterable(rows), b""])
        for value in _at(desk.look(together), rows):
            for column, text in zip(columns, value.split(BETWEEN), strict=False):
                if (end := card_number(text)) is not None:
                    yield f"{table}.{column.name} {end}", "a card number", "none"
        count = min(ROWS_MAX, len(rows) * BYTES_AT_ONCE // len(together) + 1)


def _at(places: Sequence[int], rows: Sequence[tuple[bytes]]) -> list[bytes]:
    """Those of the values, which stand one after the other with something before and between them, at these places."""
    if not places:
        return []
    values = [value for (value,) in rows]
    begins = [*accumulate((len(value) + 1 for value in values), initial=1)]
    return [values[number] for number in sorted({bisect_right(begins, place) - 1 for place in places})]
