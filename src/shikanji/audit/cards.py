"""Looking for card numbers in everything that is stored. Almost no text has thirteen digits in a row that nothing else
clings to, so that is looked for in many rows at once; a row that has them is looked at closely."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from shikanji.audit.views import card_number, has_card
from shikanji.kit.db.together import quoted

BETWEEN = b"\x1f"
ROWS_AT_ONCE = 250
"""So that their text fits into what a core has near."""
_DIGIT, _SPACE, _WORD, _OTHER = b"0 w\0"
_KINDS = dict.fromkeys(b"0123456789-", _DIGIT) | {ord(" "): _SPACE, ord("."): _WORD, ord("_"): _WORD}
_TOLD = bytes(_KINDS.get(byte, _WORD if byte < 128 and chr(byte).isalnum() else _OTHER) for byte in range(256))
"""Each byte as what it is to a card number: of it, a space, what must not cling to it, or anything else."""
_ENDS = (b"0" * 13 + b"\0", b"0" * 13 + b" ")
"""A number without a space in it is followed by neither a letter nor a dot, which ends nearly every identifier."""
_SPACED = b"0 0"
"""Any other number has a space between two of its digits."""
_LENGTH = 13


def texts(db: str, table: str, columns: Sequence[tuple[str, bool]]) -> str:
    """A statement for `card_numbers`: all text of a row in one value. `columns`: name, and whether it may be NULL."""
    parts = (f"coalesce({quoted(name)}, '')" if optional else quoted(name) for name, optional in columns)
    return f"SELECT CAST(concat_ws(char(31), {', '.join(parts)}) AS BLOB) FROM {quoted(db)}.{quoted(table)}"


def card_numbers(cursor: Any, table: str, columns: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(id, found, expected) of each."""
    while rows := [row[0] for row in cursor.fetchmany(ROWS_AT_ONCE)]:
        for row in _suspected(rows):
            for column, text in zip(columns, row.split(BETWEEN), strict=False):
                if (end := card_number(text)) is not None:
                    yield f"{table}.{column} {end}", "a card number", "none"


def _suspected(rows: Sequence[bytes]) -> list[bytes]:
    """Those with a run of digits, however spaced, that could be a card number where it stands."""
    together = BETWEEN.join([*rows, b""])
    told = together.translate(_TOLD)
    places = [*_without_space(together, told), *_found(told, _SPACED)]
    if not places:
        return []
    starts = [0, *accumulate(len(row) + 1 for row in rows)]
    return [rows[place] for place in sorted({bisect_right(starts, at) - 1 for at in places})]


def _without_space(together: bytes, told: bytes) -> Iterator[int]:
    for end in _ENDS:
        for at in _found(told, end):
            if not _is_number_of_json(together, at) and has_card(_around(together, told, at)):
                yield at


def _found(told: bytes, what: bytes) -> Iterator[int]:
    at = told.find(what)
    while at >= 0:
        yield at
        at = told.find(what, at + 1)


def _start(told: bytes, at: int) -> int:
    """Where the run of digits starts that goes on for thirteen at least from `at`."""
    while at > 0 and told[at - 1] == _DIGIT:
        at -= 1
    return at


def _around(together: bytes, told: bytes, at: int) -> str:
    return together[max(0, _start(told, at) - 1) : at + _LENGTH + 1].decode("utf-8", "replace")


def _is_number_of_json(together: bytes, at: int) -> bool:
    """In a text of JSON, what is outside of quotes: times and amounts. After a backslash, nobody counts quotes."""
    if together[at + _LENGTH : at + _LENGTH + 1] not in (b",", b"}", b"]"):
        return False
    start = together.rfind(BETWEEN, 0, at) + 1
    if together[start : start + 1] not in (b"{", b"["):
        return False
    return together.find(b"\\", start, at) < 0 and together.count(b'"', start, at) % 2 == 0
