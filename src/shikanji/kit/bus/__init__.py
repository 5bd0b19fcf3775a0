"""The bus port: it carries events from relays to receivers, and may lose everything: the outboxes refill it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from shikanji.kit.events import Envelope

Receiver = Callable[[Sequence[Envelope]], Awaitable[object]]
"""Stores a batch in a subscriber's inbox, in the order given. Returns when that is durable."""

Listener = Callable[[Envelope], None]
"""Told of an event for what may be missed (a cache to purge). Runs on the event loop, so it is quick."""


class Bus(Protocol):
    def subscribe(self, service: str, types: Collection[str], receive: Receiver) -> None:
        """Every event of these types, at least once, in order per aggregate as long as nothing breaks."""
        ...

    def listen(self, types: Collection[str] | None, listener: Listener) -> None:
        """Best effort, after delivery to the subscribers, without memory. None: events of every type."""
        ...

    async def publish(self, batch: Sequence[Envelope]) -> None:
        """Returns when the bus answers for the batch; raises when any of it may not have arrived: publish it again."""
        ...
