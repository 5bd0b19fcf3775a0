"""A bus that does all that the port allows: it delivers late, in parts, twice, and what it broke off comes again."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from random import Random

from shikanji.kit.bus import Receiver
from shikanji.kit.bus.local import LocalBus
from shikanji.kit.db.leadership import Leadership
from shikanji.kit.events import Envelope
from tests.simulation.turns import Turns

REMEMBERED_MAX = 30


class BusBroke(Exception):
    """Nobody knows which events of the batch have arrived."""


@dataclass
class Delivered:
    """What a subscriber has been given: it may be given it again."""

    service: str
    batch: Sequence[Envelope]
    receive: Receiver


class DisorderlyBus(LocalBus):
    def __init__(self, turns: Turns, chance: Random, disorder: float, tell: Callable[[str], None]) -> None:
        """`disorder`: how often a delivery goes wrong, 0 to 1. `tell` hears what the bus does."""
        super().__init__()
        self.disorder = disorder
        self.delivered: deque[Delivered] = deque(maxlen=REMEMBERED_MAX)
        self._turns, self._chance, self._say = turns, chance, tell

    def subscribe(
        self, service: str, types: Collection[str], receive: Receiver, leadership: Leadership | None = None
    ) -> None:
        async def deliver(batch: Sequence[Envelope]) -> None:
            await self._deliver(service, batch, receive)

        super().subscribe(service, types, deliver, leadership)

    async def repeat(self, at: int) -> None:
        """Gives a subscriber something that it has been given before, in an order of its own."""
        old = self.delivered[at]
        batch = self._chance.sample(old.batch, len(old.batch))
        self._say(f"again to {old.service}: {_names(batch)}")
        await old.receive(batch)

    async def _deliver(self, service: str, batch: Sequence[Envelope], receive: Receiver) -> None:
        await self._turns.turn(f"deliver to {service}")
        way = self._chance.choice(_WAYS) if self._chance.random() < self.disorder else _whole
        parts, broken = way(self._chance, batch)
        for part in parts:
            self._say(f"to {service}: {_names(part)}")
            await receive(part)
            self.delivered.append(Delivered(service, part, receive))
            await self._turns.turn(f"delivered to {service}")
        if broken:
            self._say(f"the bus breaks before {service} has answered")
            raise BusBroke(service)


def _names(batch: Sequence[Envelope]) -> str:
    return ", ".join(f"{envelope.type} v{envelope.metadata.aggregate_version}" for envelope in batch)


# Ways of delivering: the parts in which a batch goes, and whether the relay is told that something broke.
Way = Callable[[Random, Sequence[Envelope]], tuple[list[Sequence[Envelope]], bool]]


def _whole(chance: Random, batch: Sequence[Envelope]) -> tuple[list[Sequence[Envelope]], bool]:
    return [batch], False


def _in_parts(chance: Random, batch: Sequence[Envelope]) -> tuple[list[Sequence[Envelope]], bool]:
    size = chance.randint(1, 3)
    return [batch[start : start + size] for start in range(0, len(batch), size)], False


def _twice(chance: Random, batch: Sequence[Envelope]) -> tuple[list[Sequence[Envelope]], bool]:
    return [batch, batch], False


def _begun(chance: Random, batch: Sequence[Envelope]) -> tuple[list[Sequence[Envelope]], bool]:
    count = chance.randint(0, len(batch) - 1)
    return ([batch[:count]] if count else []), True


def _some_of_it(chance: Random, batch: Sequence[Envelope]) -> tuple[list[Sequence[Envelope]], bool]:
    """The later before the earlier, which come with the repeat."""
    some = chance.sample(batch, chance.randint(1, len(batch)))
    return [some], True


def _unanswered(chance: Random, batch: Sequence[Envelope]) -> tuple[list[Sequence[Envelope]], bool]:
    return [batch], True


_WAYS: tuple[Way, ...] = (_in_parts, _twice, _begun, _some_of_it, _unanswered)
