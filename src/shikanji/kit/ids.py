"""UUIDv7 identifiers: unique without a server, and in the order of their making."""

import os
import re
import threading
from collections.abc import Callable

from shikanji.kit.clock import Clock

_RANDOM_BITS = 74
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_TAIL_BITS = 48
_TAIL_MASK = (1 << _TAIL_BITS) - 1


class Ids:
    """Makes UUIDv7 text (RFC 9562). Two made by one instance always sort in the order of their making:
    within a millisecond the random part counts up."""

    def __init__(self, clock: Clock, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._millisecond = 0
        self._random = 0
        self._head = ""
        """What ids of one millisecond have in common, but for a carry into it."""

    def new(self) -> str:
        with self._lock:
            millisecond = self._clock.now() // 1_000
            if millisecond > self._millisecond:
                self._millisecond = millisecond
                self._random = int.from_bytes(self._random_bytes(10), "big") & (_RANDOM_MASK >> 1)
                self._head = _head(millisecond, self._random)
            else:
                self._random += 1
                if not self._random & _TAIL_MASK:
                    self._head = _head(self._millisecond, self._random)
            return f"{self._head}{self._random & _TAIL_MASK:012x}"


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
