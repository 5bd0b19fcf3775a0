"""Long computations: on threads of their own, so many at once and no more."""

import asyncio
import threading

import pytest

from shikanji.kit.compute import Compute
from shikanji.kit.errors import Unavailable


async def test_a_computation_runs_off_the_event_loop() -> None:
    compute = Compute()

    assert await compute.run(threading.get_ident) != threading.get_ident()
    assert await compute.run(divmod, 7, 2) == (3, 1)


async def test_what_it_raises_arrives() -> None:
    with pytest.raises(ZeroDivisionError):
        await Compute().run(divmod, 1, 0)


async def test_beyond_the_queue_it_says_so_at_once() -> None:
    compute, gate = Compute(threads=1, waiting_max=2), threading.Event()
    accepted = [asyncio.ensure_future(compute.run(gate.wait, 10)) for _ in range(3)]
    await asyncio.sleep(0)

    with pytest.raises(Unavailable):
        await compute.run(gate.wait, 10)

    gate.set()
    assert await asyncio.gather(*accepted) == [True] * 3
    assert await compute.run(len, "abc") == 3
