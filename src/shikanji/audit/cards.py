"""Looking for card numbers in everything that is stored. Almost no text has thirteen digits in a row that nothing else
clings to, so that is looked for in many rows at once; a row that has them is looked at closely."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

from shikanji.audit.views import card_number, has_card
from shikanji.kit.db.together import quoted

BETWEEN = b"\x1f"
ROWS_AT_ONCE = 200
"""So that their text fits into what a core has near."""
_DIGIT, _SPACE, _WORD, _QUOTE, _OTHER = b'0 w"\0'
_KINDS = dict.fromkeys(b"0123456789-", _DIGIT) | {
    ord(" "): _SPACE,
    ord("."): _WORD,
    ord("_"): _WORD,
    ord('"'): _QUOTE,
}
_TOLD = bytes(_KINDS.get(byte, _WORD if byte < 128 and chr(byte).isalnum() else _OTHER) for byte in range(256))
"""Each byte as what it is to a card number: of it, a space, what must not cling to it, a quote, or anything else."""
_ENDS = tuple(b"0" * 13 + end for end in (b"\0", b'"', b" "))
"""A number without a space in it is followed by neither a letter nor a dot, which ends nearly every identifier."""
_SPACED = re.compile(rb" (?<=[0-9] )[0-9]")
"""Any other number has a space between two of its digits. Spaces are few, and what begins with one is found fast."""
_TIMES = tuple((before + b"0" * 16, before + b"w" * 16) for before in (b'w"\0', b'0"\0\0'))
"""Times in JSON, in µs, and what they are passed over as: a quote after a letter or a digit ends a text, as one that
begins a text comes after a comma, a colon or a bracket, so that what follows it is none."""
_JSON = frozenset((b"{", b"["))
_LENGTH = 13
_WORDS = b"w"


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
    if {value[:1] for value in values} <= _JSON:
        for time, passed in _TIMES:
            told = told.replace(time, passed)
    places = [*_without_space(together, told), *(found.start() for found in _SPACED.finditer(together))]
    if not places:
        return []
    starts = [0, *accumulate(len(value) + 1 for value in values)]
    return [values[place] for place in sorted({bisect_right(starts, at) - 1 for at in places})]


def _without_space(together: bytes, told: bytes) -> Iterator[int]:
    for at in chain.from_iterable(_found(told, end) for end in _ENDS if end[-1:] in told):
        start = _start(told, at)
        # What begins inside of a run clings to what is before it: only the whole run could be a number.
        if told[start - 1 : start] == _WORDS or _is_number_of_json(together, at):
            continue
        if has_card(together[max(0, start - 1) : at + _LENGTH + 1].decode("utf-8", "replace")):
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


def _is_number_of_json(together: bytes, at: int) -> bool:
    """In a text of JSON, what is outside of quotes: times and amounts. After a backslash, nobody counts quotes."""
    if together[at + _LENGTH : at + _LENGTH + 1] not in (b",", b"}", b"]"):
        return False
    start = together.rfind(BETWEEN, 0, at) + 1
    if together[start : start + 1] not in (b"{", b"["):
        return False
    return together.find(b"\\", start, at) < 0 and together.count(b'"', start, at) % 2 == 0
