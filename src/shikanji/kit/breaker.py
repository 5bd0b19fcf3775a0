"""A circuit breaker for one copy of a service: after some failures in a row it is left alone for a while, then one
request tries it again."""

from enum import StrEnum

from shikanji.kit.clock import SECOND, Clock

FAILURES_MAX = 5
REST_SECONDS_FIRST = 1.0
REST_SECONDS_MAX = 30.0


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """`enter` before a request, then exactly one of `succeeded`, `failed` or `abandoned`. Each probe that fails doubles
    the rest."""

    def __init__(
        self, clock: Clock, *, failures_max: int = FAILURES_MAX, rest_seconds_max: float = REST_SECONDS_MAX
    ) -> None:
        self._clock = clock
        self._failures_max = failures_max
        self._rest_seconds_max = rest_seconds_max
        self._failures = 0
        self._rest_seconds = REST_SECONDS_FIRST
        self._open_until = 0
        self._probing = False

    @property
    def state(self) -> State:
        if self._failures < self._failures_max:
            return State.CLOSED
        return State.HALF_OPEN if self._probing or self._clock.now() >= self._open_until else State.OPEN

    @property
    def admits(self) -> bool:
        """Whether a request may be sent now; while half open, one at a time."""
        state = self.state
        return state is State.CLOSED or (state is State.HALF_OPEN and not self._probing)

    def enter(self) -> None:
        self._probing = self.state is State.HALF_OPEN

    def succeeded(self) -> None:
        self._failures = 0
        self._rest_seconds = REST_SECONDS_FIRST
        self._probing = False

    def failed(self) -> None:
        was_probe, self._probing = self._probing, False
        self._failures += 1
        if self._failures < self._failures_max:
            return
        if was_probe:
            self._rest_seconds = min(self._rest_seconds * 2, self._rest_seconds_max)
        self._open_until = self._clock.now() + int(self._rest_seconds * SECOND)

    def abandoned(self) -> None:
        """The caller left before the copy could show how it is."""
        self._probing = False
