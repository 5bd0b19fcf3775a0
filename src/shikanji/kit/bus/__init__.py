"""The bus port: it carries events from relays to receivers, and may lose everything: the outboxes refill it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

import msgspec

from shikanji.kit.clock import HOUR
from shikanji.kit.db.leadership import Leadership
from shikanji.kit.events import Envelope

KEPT = 24 * HOUR
"""How long a bus that stores events keeps them at most, µs. What is older was received, or is mended by the audit."""

Receiver = Callable[[Sequence[Envelope]], Awaitable[object]]
"""Stores a batch in a subscriber's inbox, in the order given. Returns when that is durable."""

Listener = Callable[[Envelope], None]
"""Told of an event for what may be missed (a cache to purge). Runs on the event loop, so it is quick."""


class Traffic(msgspec.Struct):
    """What a bus has done since it was opened, and how it stands."""

    connected: bool = True
    full: bool = False
    """It takes no more events for now; the relays wait."""
    disconnects: int = 0
    published: int = 0
    refused: int = 0
    """Batches that were not taken, or not surely: their relay sends them again."""
    received: int = 0
    returned: int = 0
    """Events that a receiver could not store just then: they come again."""
    remade: int = 0
    """Streams and consumers that were not there any more."""


class Bus(Protocol):
    traffic: Traffic

    @property
    def trouble(self) -> str:
        """Why events do not travel just now, in words for whoever runs the platform; empty when they do."""
        ...

    def subscribe(
        self, service: str, types: Collection[str], receive: Receiver, leadership: Leadership | None = None
    ) -> None:
        """Every event of these types, at least once, in order per aggregate as long as nothing breaks. Of several
        processes only the leader receives for the service."""
        ...

    def listen(
        self, types: Collection[str] | None, listener: Listener, *, missed: Callable[[], None] | None = None
    ) -> None:
        """Best effort, about when the subscribers get it, without memory. None: events of every type. `missed` is
        called whenever events may have passed unheard."""
        ...

    async def publish(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
        """Returns when the bus answers for the batch; raises when any of it may not have arrived: publish it again.
        `again`: it was answered for before, and is to be delivered all the same; whoever has it drops it."""
        ...

    def wanted(self, type_name: str) -> bool:
        """Whether anybody is to get events of this type; where receivers may be elsewhere, somebody always is."""
        ...

    async def epoch(self) -> str:
        """Which store answers for what is published from now on; another epoch has nothing of what was published under
        an earlier one. Empty: nothing is stored, the receivers have it themselves. Raises when nobody can say."""
        ...

    async def start(self, *, patient: bool = False) -> None:
        """Connects, and begins to deliver. Raises OperatorError for what whoever runs the platform must put right.
        `patient`: a server that is away is no reason not to start, for it was there before: it is waited for."""
        ...

    async def close(self) -> None:
        """Delivers nothing more; batches that are being received are finished first."""
        ...
