"""How long to wait before the next try: one second, doubling to five minutes, a little earlier or later each time."""

from collections.abc import Callable

from shikanji.kit.clock import MINUTE, SECOND

FIRST = SECOND
LONGEST = 5 * MINUTE

Jitter = Callable[[], float]
"""A number in [0, 1), such as `random.random`."""


def delay(attempts: int, jitter: Jitter) -> int:
    """µs to wait after the `attempts`-th try failed: within a quarter of the nominal time, so that what failed together
    does not come again together."""
    nominal = min(FIRST << min(attempts - 1, 20), LONGEST)
    return int(nominal * (0.75 + jitter() / 2))
