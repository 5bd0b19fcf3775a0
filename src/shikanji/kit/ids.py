"""UUIDv7 identifiers: unique without a server, and in the order of their making."""

import os
import re
import threading
from collections.abc import Callable
from itertools import count

from shikanji.kit.clock import Clock

_RANDOM_BITS = 74
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_TAIL_BITS = 48
_TAIL_MASK = (1 << _TAIL_BITS) - 1
_DRAWN_BYTES = 4_096
_FIRST_TAIL_MASK = _TAIL_MASK >> 1
"""As many stay for counting up as could not be made in a year of one and the same millisecond."""


class Ids:
    """Makes UUIDv7 text (RFC 9562). Two made by one instance always sort in the order of their making:
    within a millisecond the random part counts up."""

    def __init__(self, clock: Clock, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._now = clock.now
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._millisecond = -1
        self._current: tuple[str, Callable[[], int]] = ("", count().__next__)
        """What the ids of one millisecond have in common, and what counts up the rest of them."""

    def new(self) -> str:
        """An order takes thirty of them: the lock is taken once a millisecond, for counting needs none."""
        millisecond = self._now() // 1_000
        if millisecond > self._millisecond:
            self._begin(millisecond)
        head, tail = self._current
        return f"{head}{tail():012x}"

    def _begin(self, millisecond: int) -> None:
        with self._lock:
            if millisecond > self._millisecond:
                random = int.from_bytes(self._random_bytes(10), "big") & (_RANDOM_MASK >> 1)
                self._current = _head(millisecond, random), count(random & _FIRST_TAIL_MASK).__next__
                self._millisecond = millisecond


class Chance:
    """`os.urandom`, asked for many bytes at a time: whoever asks it lets go of the interpreter, and where other threads
    are busy has it back up to five milliseconds later. Not for threads that share one without a lock."""

    def __init__(self, source: Callable[[int], bytes] = os.urandom, process_id: Callable[[], int] = os.getpid) -> None:
        self._source = source
        self._process_id = process_id
        self._drawn, self._used, self._drawn_by = b"", 0, 0

    def bytes(self, size: int) -> bytes:
        """Never the same ones twice, nor the same in a process and in its fork."""
        process_id = self._process_id()
        if self._used + size > len(self._drawn) or self._drawn_by != process_id:
            self._drawn, self._used, self._drawn_by = self._source(max(size, _DRAWN_BYTES)), 0, process_id
        self._used += size
        return self._drawn[self._used - size : self._used]


def _head(millisecond: int, random: int) -> str:
    """All but the last twelve digits: 48 bits of time, version 7, the upper 26 random bits around the variant."""
    time, above = f"{millisecond:012x}", random >> _TAIL_BITS
    return f"{time[:8]}-{time[8:]}-7{above >> 14:03x}-{0x8000 | above & 0x3FFF:04x}-"


def made_at(id: str) -> int:
    """When a UUIDv7 was made: µs since 1970, to the millisecond."""
    return int(id[:8] + id[9:13], 16) * 1_000


def first_id(at: int) -> str:
    """Below every UUIDv7 that is made at `at` (µs) or later, above all that were made in milliseconds before."""
    return f"{_head(at // 1_000, 0)}{0:012x}"


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical lower-case form."""
    return _UUID.fullmatch(text) is not None
