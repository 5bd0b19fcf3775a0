"""Looking for card numbers in everything that is stored. Almost no text has thirteen digits in a row, so that is looked
for in many rows at once, a hundred times as fast as in each value; a row that has them is looked at closely."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from shikanji.audit.views import card_number, has_card
from shikanji.kit.db.together import quoted

BETWEEN = b"\x1f"
ROWS_AT_ONCE = 1_000
_DIGITS = bytes(ord("0") if byte in b"0123456789 -" else 0 for byte in range(256))
_ENOUGH = b"0" * 13


def texts(db: str, table: str, columns: Sequence[str]) -> str:
    """A statement for `card_numbers`: all text of a row in one value."""
    parts = (f"coalesce(CAST({quoted(column)} AS TEXT), '')" for column in columns)
    return f"SELECT CAST({' || char(31) || '.join(parts)} AS BLOB) FROM {quoted(db)}.{quoted(table)}"


def card_numbers(cursor: Any, table: str, columns: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(id, found, expected) of each."""
    while rows := [row[0] for row in cursor.fetchmany(ROWS_AT_ONCE)]:
        for row in _suspected(rows):
            for column, text in zip(columns, row.split(BETWEEN), strict=False):
                if (end := card_number(text)) is not None:
                    yield f"{table}.{column} {end}", "a card number", "none"


def _suspected(rows: Sequence[bytes]) -> list[bytes]:
    """Those with a run of digits, however spaced, that could be a card number where it stands."""
    together = BETWEEN.join(rows)
    digits = together.translate(_DIGITS)
    starts: list[int] = []
    found: set[int] = set()
    at = digits.find(_ENOUGH)
    if at >= 0:
        starts = [0, *accumulate(len(row) + 1 for row in rows)]
    while at >= 0:
        end = digits.find(b"\0", at)
        end = len(digits) if end < 0 else end
        if not _is_number_of_json(together, at, end) and has_card(
            together[max(0, at - 1) : end + 1].decode("utf-8", "replace")
        ):
            found.add(bisect_right(starts, at) - 1)
        at = digits.find(_ENOUGH, end)
    return [rows[place] for place in sorted(found)]


def _is_number_of_json(together: bytes, at: int, end: int) -> bool:
    """The value of a key, as times and amounts are: in a text of JSON the quote before the colon would be escaped."""
    if (
        together[at - 2 : at] != b'":'
        or together[at - 3 : at - 2] == b"\\"
        or together[end : end + 1] not in (b",", b"}")
    ):
        return False
    start = together.rfind(BETWEEN, 0, at) + 1
    return together[start : start + 1] in (b"{", b"[")
