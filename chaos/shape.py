"""What a storm needs of a shape of the platform, and the faults that are the same in all."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chaos.crowd import WEBHOOKS

Strike = Callable[[], Awaitable[object]]
"""Makes a fault happen once, and ends it again."""


@dataclass(frozen=True)
class Plan:
    """How long it rages: until as many orders and kills and at least one of every fault have been, but no longer than
    `seconds_max`."""

    seed: int
    orders: int
    kills: int
    seconds_max: float
    customers: int = 48
    think_seconds: float = 0.5
    webhooks: Sequence[str] = WEBHOOKS
    held_open_seconds: float = 2
    events_at_refill: int = 1_000
    """How many stand in the outboxes when the bus loses its store halfway."""
    until_holds_lapse: bool = False
    """Whether the run waits at its end until what dead placements have held is free again."""

    def chance(self, part: str) -> random.Random:
        """Each part draws from its own source, so that one does not shift the other."""
        return random.Random(f"{self.seed} {part}")


class Shape(Protocol):
    name: str
    url: str
    kills: int
    notes: dict[str, str]
    """What was measured on the way, for the table."""

    @property
    def fired(self) -> Counter[str]:
        """Name of a fault → how often it has happened."""
        ...

    async def start(self) -> None:
        """Returns when it is ready."""
        ...

    async def kill(self) -> None:
        """One process dies as by `kill -9` and is started again; returns when the next may."""
        ...

    def faults(self) -> Mapping[str, Strike]:
        """Besides those of the payment company. A strike counts in `fired` what has really happened."""
        ...

    async def halfway(self) -> None:
        """Once, when half of the orders are placed: what wants the storm to itself. Customers go on."""
        ...

    async def heal(self) -> None:
        """No fault goes on, and it is ready."""
        ...

    async def settle(self) -> bool:
        """Whether nothing is due any more."""
        ...

    async def audit(self) -> list[str]:
        """The violations."""
        ...

    async def stop(self) -> None:
        """Nothing is left running, however it stands."""
        ...
