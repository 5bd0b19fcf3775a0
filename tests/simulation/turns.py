"""The places where work waits until the scheduler lets it go on: before and after every commit, call, delivery and
request. Whatever order it lets them go on in, the platform must be right."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from shikanji.kit.calls import Call, Calls
from shikanji.kit.db.sqlite_writer import Commit


@dataclass(frozen=True)
class Waiting:
    place: str
    """`commit order`, `ask HoldStock`, `deliver to payment`."""
    go: Callable[[], None]


@dataclass
class Turns:
    """`waiting` is what the scheduler may choose from. A place lets pass at once, without waiting for the scheduler,
    what chance decides (`care` 0: everything, 1: nothing)."""

    loop: asyncio.AbstractEventLoop
    chance: Random
    care: float
    waiting: list[Waiting] = field(default_factory=list)
    passed: Callable[[str], None] = lambda place: None
    """Told of every place that is reached."""
    trap: str = ""
    """Whoever comes to this place waits there in any case."""

    async def turn(self, place: str) -> None:
        future: asyncio.Future[None] = self.loop.create_future()

        def go() -> None:
            if not future.done():
                future.set_result(None)

        self.wait(place, go)
        await future

    def wait(self, place: str, go: Callable[[], None]) -> None:
        self.passed(place)
        if place == self.trap or (self.care and self.chance.random() < self.care):
            self.waiting.append(Waiting(place, go))
        else:
            self.loop.call_soon(go)

    def let_go(self, at: int) -> str:
        """Which one it was."""
        chosen = self.waiting.pop(at)
        chosen.go()
        return chosen.place

    def open(self) -> None:
        """From here on nothing waits."""
        self.care, self.trap = 0, ""
        while self.waiting:
            self.let_go(0)


class TurningCommits:
    """COMMIT runs on the loop, at a moment that the scheduler chooses; who waits for it hears of it later still."""

    def __init__(self, turns: Turns, service: str) -> None:
        self._turns, self._service = turns, service

    def put(self, commit: Commit) -> None:
        def run() -> None:
            self._turns.wait(f"committed {self._service}", commit())

        self._turns.wait(f"commit {self._service}", run)

    async def stop(self) -> None:
        return


class TurningCalls:
    """Questions between services take their time, there and back."""

    def __init__(self, turns: Turns, calls: Calls) -> None:
        self._turns, self._calls = turns, calls

    async def ask(self, call: Call[Any]) -> Any:
        name = type(call).__name__
        await self._turns.turn(f"ask {name}")
        reply = await self._calls.ask(call)
        await self._turns.turn(f"answered {name}")
        return reply
