"""Looking for card numbers in everything that is stored. Almost no text has thirteen digits in a row that nothing else
clings to, so that is looked for in many rows at once; a row that has them is looked at closely."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from shikanji.audit.views import card_number, has_card
from shikanji.kit.db.together import quoted

BETWEEN = b"\x1f"
ROWS_AT_ONCE = 200
"""So that their text fits into what a core has near."""
_DIGIT, _SPACE, _WORD, _OTHER = b"0 w\0"
_KINDS = dict.fromkeys(b"0123456789-", _DIGIT) | {ord(" "): _SPACE, ord("."): _WORD, ord("_"): _WORD}
_TOLD = bytes(_KINDS.get(byte, _WORD if byte < 128 and chr(byte).isalnum() else _OTHER) for byte in range(256))
"""Each byte as what it is to a card number: of it, a space, what must not cling to it, or anything else."""
_RUN = b"0" * 13
"""A number without a space in it: neither a letter nor a dot clings to it, as to nearly every part of an identifier."""
_SPACED = re.compile(rb" (?<=[0-9] )[0-9]")
"""Any other number has a space between two of its digits. Spaces are few, and what begins with one is found fast."""
_JSON = (b"{", b"[")
_ENDS_OF_NUMBERS = b",}]"
_LENGTH = 13
_CLINGS = b"w"


class Column(NamedTuple):
    """One that can hold text."""

    name: str
    is_optional: bool
    is_document: bool


def texts(db: str, table: str, columns: Sequence[Column]) -> str:
    """A statement for `card_numbers`: all short texts of a row in one value, and each of its documents."""
    short, documents = _divided(columns)
    values = [f"CAST({quoted(column.name)} AS BLOB)" for column in documents]
    if short:
        parts = (f"coalesce({quoted(name)}, '')" if optional else quoted(name) for name, optional, _ in short)
        values.insert(0, f"CAST(concat_ws(char(31), {', '.join(parts)}) AS BLOB)")
    return f"SELECT {', '.join(values)} FROM {quoted(db)}.{quoted(table)}"


def card_numbers(cursor: Any, table: str, columns: Sequence[Column]) -> Iterator[tuple[str, str, str]]:
    """(id, found, expected) of each."""
    short, documents = _divided(columns)
    named = [[column] for column in documents]
    if short:
        named.insert(0, short)
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        for of, values in zip(named, zip(*rows, strict=True), strict=True):
            for value in _suspected(values if None not in values else [value for value in values if value is not None]):
                for column, text in zip(of, value.split(BETWEEN), strict=False):
                    if (end := card_number(text)) is not None:
                        yield f"{table}.{column.name} {end}", "a card number", "none"


def _divided(columns: Sequence[Column]) -> tuple[list[Column], list[Column]]:
    """Those of short texts, and those of documents."""
    return [one for one in columns if not one.is_document], [one for one in columns if one.is_document]


def _suspected(values: Sequence[bytes]) -> list[bytes]:
    """Those with a run of digits, however spaced, that could be a card number where it stands."""
    together = BETWEEN.join([*values, b""])
    told = together.translate(_TOLD)
    places = [*_without_space(together, told), *(found.start() for found in _SPACED.finditer(together))]
    if not places:
        return []
    starts = [0, *accumulate(len(value) + 1 for value in values)]
    return [values[place] for place in sorted({bisect_right(starts, at) - 1 for at in places})]


def _without_space(together: bytes, told: bytes) -> Iterator[int]:
    end, document = 0, _Document(0, together)
    while (start := told.find(_RUN, end)) >= 0:
        end = start + _LENGTH
        while told[end] == _DIGIT:
            end += 1
        if told[end] == _WORD or told[start - 1 : start] == _CLINGS:
            continue
        if start > document.end:
            document = _Document(start, together)
        if document.has_number(start, end):
            continue
        if has_card(together[max(0, start - 1) : end + 1].decode("utf-8", "replace")):
            yield start


class _Document:
    """A text that is perhaps JSON, of which only what is in quotes is text: the rest are times and amounts. Where there
    is a backslash, nobody counts quotes."""

    def __init__(self, place: int, together: bytes) -> None:
        self._together = together
        self._counted = together.rfind(BETWEEN, 0, place) + 1
        self.end = together.find(BETWEEN, place)
        self._is_quoted = False
        self._is_json = together.startswith(_JSON, self._counted) and together.find(b"\\", self._counted, self.end) < 0

    def has_number(self, start: int, end: int) -> bool:
        """Whether this run of digits is a number; to be asked from left to right."""
        if not self._is_json:
            return False
        if self._together.count(b'"', self._counted, start) % 2:
            self._is_quoted = not self._is_quoted
        self._counted = start
        return not self._is_quoted and self._together[end] in _ENDS_OF_NUMBERS
