"""The circuit breaker: closed, open, half open."""

import pytest

from shikanji.kit.breaker import FAILURES_MAX, REST_SECONDS_MAX, Breaker, State
from shikanji.kit.clock import SECOND, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(0)


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, times: int = FAILURES_MAX) -> None:
    for _ in range(times):
        breaker.enter()
        breaker.failed()


def test_some_failures_in_a_row_open_it(breaker: Breaker) -> None:
    fail(breaker, FAILURES_MAX - 1)
    assert breaker.admits

    fail(breaker, 1)

    assert breaker.state is State.OPEN
    assert not breaker.admits


def test_a_success_in_between_begins_the_count_anew(breaker: Breaker) -> None:
    fail(breaker, FAILURES_MAX - 1)
    breaker.succeeded()
    fail(breaker, FAILURES_MAX - 1)

    assert breaker.state is State.CLOSED


def test_after_a_rest_one_request_tries_it(breaker: Breaker, clock: ManualClock) -> None:
    fail(breaker)
    clock.advance(SECOND)

    assert breaker.admits
    breaker.enter()
    assert breaker.state is State.HALF_OPEN
    assert not breaker.admits


def test_a_probe_that_succeeds_closes_it(breaker: Breaker, clock: ManualClock) -> None:
    fail(breaker)
    clock.advance(SECOND)
    breaker.enter()
    breaker.succeeded()

    assert breaker.state is State.CLOSED


def test_each_probe_that_fails_doubles_the_rest_up_to_a_limit(breaker: Breaker, clock: ManualClock) -> None:
    fail(breaker)
    rests = []
    for _ in range(7):
        rest = 0
        while not breaker.admits:
            clock.advance(SECOND)
            rest += 1
        rests.append(rest)
        fail(breaker, 1)

    assert rests == [1, 2, 4, 8, 16, REST_SECONDS_MAX, REST_SECONDS_MAX]


def test_a_probe_whose_caller_left_lets_the_next_one_try(breaker: Breaker, clock: ManualClock) -> None:
    fail(breaker)
    clock.advance(SECOND)
    breaker.enter()
    breaker.abandoned()

    assert breaker.admits
