"""UUIDv7 identifiers: unique without a server, and in the order of their making."""

import os
import re
import threading
from collections.abc import Callable

from shikanji.kit.clock import Clock

_RANDOM_BITS = 74
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1


class Ids:
    """Makes UUIDv7 text (RFC 9562). Two made by one instance always sort in the order of their making:
    within a millisecond the random part counts up."""

    def __init__(self, clock: Clock, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._millisecond = 0
        self._random = 0

    def new(self) -> str:
        with self._lock:
            millisecond = self._clock.now() // 1_000
            if millisecond > self._millisecond:
                self._millisecond = millisecond
                self._random = int.from_bytes(self._random_bytes(10), "big") & (_RANDOM_MASK >> 1)
            else:
                self._random += 1
            return _text(self._millisecond, self._random)


def _text(millisecond: int, random: int) -> str:
    high, low = random >> 62, random & ((1 << 62) - 1)
    value = (millisecond << 80) | (7 << 76) | (high << 64) | (2 << 62) | low
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical lower-case form."""
    return _UUID.fullmatch(text) is not None
