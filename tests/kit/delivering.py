"""What the suites of relay, inbox and jobs share: events made by hand, and a subscriber that fails on demand."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from shikanji.kit.db.inbox import Inbox
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Envelope, Event, Metadata, Subscribers, payload_hash
from tests.kit.counters import CounterMoved, add
from tests.kit.databases import NOON, OpenDatabase


def envelope(id: str, counter: str = "a", version: int = 1, *, by: int = 1, source: str = "others") -> Envelope:
    data = f'{{"counterId":"{counter}","storeId":"s1","by":{by}}}'.encode()
    metadata = Metadata(source, "1", f"request-of-{id}", "cause", counter, version)
    return Envelope(id, "CounterMoved", NOON, data, payload_hash(data), metadata)


class Hear(Protocol):
    def __call__(self, tx: Tx, *events: Event) -> None:
        """Hands events that came together to their handlers, without the inbox's memory: what comes twice is handled
        twice."""
        ...


def hearing(subscribers: Subscribers) -> Hear:
    """To be run as a unit: `database.write(hearing(service.subscribers), event)`."""

    def hear(tx: Tx, *events: Event) -> None:
        subscribers.handle(tx, *(_sent(event) for event in events))

    return hear


def _sent(event: Event) -> Envelope:
    name, metadata = type(event).__name__, Metadata("test", "1", "", "", event.aggregate_id, 1)
    return Envelope(name, name, NOON, msgspec.json.encode(event), "", metadata)


class Subscriber:
    """Counts what it hears; fails for the counters in `trouble`, with the error given there."""

    def __init__(self) -> None:
        self.trouble: dict[str, Callable[[Tx], Any]] = {}
        self.heard: list[str] = []
        self.subscribers = Subscribers()
        self.subscribers.on(CounterMoved)(self._handle)

    def _handle(self, tx: Tx, event: CounterMoved) -> None:
        self.heard.append(tx.causation_id)
        add(tx, event.counter_id, event.by)
        if trouble := self.trouble.get(event.counter_id):
            trouble(tx)

    def inbox(self, database: OpenDatabase) -> Inbox:
        return Inbox(database.db, self.subscribers, jitter=lambda: 0.5)


def broken(_: Tx) -> None:
    raise ValueError("planted")


def states(database: OpenDatabase) -> dict[str, str]:
    return dict(database.query("SELECT event_id, state FROM inbox ORDER BY event_id"))
