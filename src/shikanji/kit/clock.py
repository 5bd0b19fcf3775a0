"""Time as the platform counts it: microseconds since 1970 in UTC, in one integer."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (UTC by the meaning of every number here)


class Clock(Protocol):
    def now(self) -> int:
        """The time in µs since 1970, UTC."""
        ...


class SystemClock:
    def now(self) -> int:
        return time.time_ns() // 1_000


class ManualClock:
    """A clock that stands still until it is told to move; runs are repeatable on it."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance(self, by: int) -> None:
        self._now += by


def to_datetime(at: int) -> datetime:
    return datetime.fromtimestamp(at // SECOND, UTC).replace(microsecond=at % SECOND)


def from_datetime(at: datetime) -> int:
    """µs since 1970; `at` must carry a time zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone has no place on the time line")
    whole = int(at.replace(microsecond=0).timestamp())
    return whole * SECOND + at.microsecond


def to_rfc3339(at: int) -> str:
    """`2026-11-22T06:30:00.000000Z`, always UTC and always six digits, so that text order is time order."""
    return f"{_second(at // SECOND)}.{at % SECOND:06d}Z"


@lru_cache(maxsize=1_024)
def _second(number: int) -> str:
    """What many times have in common: an answer names those of one moment again and again."""
    return (_EPOCH + timedelta(seconds=number)).isoformat()


def from_rfc3339(text: str) -> int:
    """Raises ValueError for text that is no RFC 3339 time with a zone."""
    return from_datetime(datetime.fromisoformat(text))
