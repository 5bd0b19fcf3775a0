"""Where in many texts card numbers may stand: told from all that has so many digits otherwise, times and parts of
identifiers, by a few looks at every byte at once (numpy), for a look at each of them takes longer than reading them."""

import numpy as np
import numpy.typing as npt

from shikanji.audit.cards import BETWEEN
from shikanji.audit.views import has_card

_STEPS = (1, 2, 4, 4, 1)
"""Runs of 2 digits are two digits side by side, of 4 two of those, then of 8, 12 and 13."""
_LENGTH = 1 + sum(_STEPS)
_CLINGING = np.array([(byte < 128 and chr(byte).isalnum()) or chr(byte) in "._" for byte in range(256)])
"""What makes a run of digits a part of something else: nearly every identifier has such before or behind its digits."""
_OPENING = np.array([chr(byte) in "{[" for byte in range(256)])
_CLOSING = np.array([chr(byte) in ",}]" for byte in range(256)])
"""What JSON begins with, and what ends a number in it."""

Bytes = npt.NDArray[np.uint8]
Marks = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


class Desk:
    """Looks at one text after the other, each byte of which has a mark; the marks are made in the same memory again,
    which takes a third of the time."""

    def __init__(self, size: int) -> None:
        """`size`: of a usual text, in bytes; longer ones get more room."""
        self._lay_out(size)

    def _lay_out(self, size: int) -> None:
        self._bytes = np.empty(size, np.uint8)
        self._marks = [np.empty(size, np.bool_) for _ in range(2)]

    def look(self, together: bytes) -> list[int]:
        """Where what could be a card number begins: a run of digits, however spaced, that stands alone. `together`:
        texts with `BETWEEN` before, between and behind them."""
        if len(together) > len(self._bytes):
            self._lay_out(2 * len(together))
        text = np.frombuffer(together, np.uint8)
        size = len(text)
        digits, others = (marks[:size] for marks in self._marks)
        np.less(np.subtract(text, ord("0"), out=self._bytes[:size]), 10, out=digits)
        spaced = _spaced(text, digits, others)
        np.logical_or(digits, np.equal(text, ord("-"), out=others), out=digits)
        runs = _runs(digits, others)
        return spaced + self._numbers(together, text, runs) if len(runs) else spaced

    def _numbers(self, together: bytes, text: Bytes, places: Places) -> list[int]:
        """Where a card number may begin. `places`: where thirteen digits begin, so that neighbours are of one run."""
        torn = np.flatnonzero(np.diff(places) > 1)
        starts = places[np.concatenate(([0], torn + 1))]
        ends = places[np.concatenate((torn, [len(places) - 1]))] + _LENGTH
        stands_alone = ~(_CLINGING[text[starts - 1]] | _CLINGING[text[ends]])
        starts, ends = starts[stands_alone], ends[stands_alone]
        if len(starts):
            is_text = ~self._are_json_numbers(text, starts, ends)
            starts, ends = starts[is_text], ends[is_text]
        return [
            start
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
            if has_card(together[start - 1 : end + 1].decode("utf-8", "replace"))
        ]

    def _are_json_numbers(self, text: Bytes, starts: Places, ends: Places) -> Marks:
        """Of a text that is JSON only what is in quotes is text: the rest are times and amounts. Where there is a
        backslash, nobody counts quotes."""
        marks = self._marks[0][: len(text)]
        borders = np.flatnonzero(np.equal(text, BETWEEN[0], out=marks))
        behind = np.searchsorted(borders, starts)
        begins, closes = borders[behind - 1] + 1, borders[behind]
        quoted_ones = _odd(np.equal(text, ord('"'), out=marks), begins, starts)
        found: Marks = _OPENING[text[begins]] & _CLOSING[text[ends]] & ~quoted_ones
        if np.equal(text, ord("\\"), out=marks).any():
            found &= ~_any(marks, begins, closes)
        return found


def _spaced(text: Bytes, digits: Marks, others: Marks) -> list[int]:
    """Where a space stands between two digits: it may be part of a number, and is rare."""
    np.equal(text, ord(" "), out=others)
    between = np.logical_and(others[1:-1], digits[:-2], out=others[1:-1])
    np.logical_and(between, digits[2:], out=between)
    return (np.flatnonzero(between) + 1).tolist() if between.any() else []


def _runs(digits: Marks, others: Marks) -> Places:
    """Where thirteen of them begin, one after the other. Both are written over."""
    size = len(digits)
    for step in _STEPS:
        size -= min(step, size)
        np.logical_and(digits[:size], digits[step : size + step], out=others[:size])
        digits, others = others, digits
    return np.flatnonzero(digits[:size])


def _odd(marks: Marks, begins: Places, ends: Places) -> Marks:
    """Whether an odd number of them is set, from each beginning to before its end."""
    return _reduced(np.bitwise_xor, marks, begins, ends)


def _any(marks: Marks, begins: Places, ends: Places) -> Marks:
    return _reduced(np.bitwise_or, marks, begins, ends)


def _reduced(how: np.ufunc, marks: Marks, begins: Places, ends: Places) -> Marks:
    """Of each stretch that is not empty; the bytes between one and the next are gone through as well, and left out."""
    pairs = np.column_stack((begins, ends)).ravel()
    found: Marks = how.reduceat(marks.view(np.uint8), pairs)[::2].astype(np.bool_)
    return found
