"""Several at once, never more than so many, and none forgotten."""

import asyncio

import pytest

from shikanji.kit.lanes import in_lanes


class Counting:
    """Handles numbers, all of them slowly enough to meet; fails for those in `bad`."""

    def __init__(self, *bad: int) -> None:
        self.bad = bad
        self.handled: list[int] = []
        self.at_once = self.at_once_most = 0

    async def __call__(self, number: int) -> int:
        self.at_once += 1
        self.at_once_most = max(self.at_once, self.at_once_most)
        await asyncio.sleep(0)
        self.at_once -= 1
        if number in self.bad:
            raise ValueError(number)
        self.handled.append(number)
        return number


async def test_all_are_handled_by_so_many_at_once() -> None:
    counting = Counting()

    assert await in_lanes(3, range(10), counting) == sum(range(10))

    assert sorted(counting.handled) == list(range(10))
    assert counting.at_once_most == 3


async def test_nothing_to_handle_is_nothing_done() -> None:
    assert await in_lanes(3, [], Counting()) == 0


async def test_an_error_is_raised_when_the_other_lanes_have_ended() -> None:
    counting = Counting(2)

    with pytest.raises(ValueError, match="2"):
        await in_lanes(2, range(6), counting)

    assert sorted(counting.handled) == [0, 1, 3, 4, 5]
