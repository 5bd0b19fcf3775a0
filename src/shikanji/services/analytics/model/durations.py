"""How long things take, as counts in buckets: percentiles of any days can be added up from them."""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from typing import Literal

Kind = Literal["prep", "delivery"]
KINDS: tuple[Kind, ...] = ("prep", "delivery")

BOUNDS = tuple(
    [30 * step for step in range(1, 41)]
    + [60 * minutes for minutes in range(22, 61, 2)]
    + [60 * minutes for minutes in range(65, 181, 5)]
    + [3_600 * hours for hours in range(4, 25)]
)
"""Upper ends of the buckets in seconds: half a minute up to 20 minutes, wider after that; the last has no end."""


def bucket_of(seconds: int) -> int:
    return bisect_left(BOUNDS, seconds)


def percentile(counts: Mapping[int, int], percent: int) -> int | None:
    """Seconds within which so many percent were done: the upper end of the bucket that the last of them is in. None
    where nothing was done."""
    total = sum(counts.values())
    if total <= 0:
        return None
    wanted = -(-total * percent // 100)
    buckets = sorted(counts)
    for bucket, reached in zip(buckets, accumulate(counts[each] for each in buckets), strict=True):
        if reached >= wanted:
            return BOUNDS[min(bucket, len(BOUNDS) - 1)]
    return None
