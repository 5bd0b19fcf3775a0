"""Handlers of many events at once: what is together, in which order, and what follows from which."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
import pytest

from shikanji.kit.db.inbox import Inbox
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Batch, Envelope, Event, Subscribers
from tests.kit.counters import CounterMoved, add, values
from tests.kit.databases import OpenDatabase
from tests.kit.delivering import broken, envelope, states


class CounterShown(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "counter_id"
    counter_id: str
    store_id: str
    by: int


class Crowd:
    """Hears moves all together and shows one by one; fails where a counter in `trouble` is among them."""

    def __init__(self) -> None:
        self.trouble = ""
        self.heard: list[list[str]] = []
        self.subscribers = Subscribers()
        self.subscribers.on_many(CounterMoved)(self._move)
        self.subscribers.on(CounterShown)(self._show)

    def inbox(self, database: OpenDatabase) -> Inbox:
        return Inbox(database.db, self.subscribers, jitter=lambda: 0.5)

    def _move(self, tx: Tx, batch: Batch[CounterMoved]) -> None:
        self.heard.append([event.counter_id for event in batch.events])
        for event in batch.each(tx):
            add(tx, event.counter_id, event.by)
            tx.record(CounterMoved(counter_id=f"{event.counter_id}-copy", by=event.by))
            if event.counter_id == self.trouble:
                broken(tx)

    def _show(self, tx: Tx, event: CounterShown) -> None:
        self.heard.append([f"{event.counter_id} shown"])


def shown(id: str, counter: str, version: int) -> Envelope:
    return msgspec.structs.replace(envelope(id, counter, version), type="CounterShown")


async def test_events_of_one_type_come_together(database: OpenDatabase) -> None:
    crowd = Crowd()

    await crowd.inbox(database).receive(
        [envelope("a1", "a"), shown("a2", "a", 2), envelope("b1", "b"), shown("b2", "b", 2), envelope("c1", "c")]
    )

    assert crowd.heard == [["a", "b", "c"], ["a shown"], ["b shown"]]
    assert await database.read(values) == {"a": 1, "b": 1, "c": 1}


async def test_an_aggregate_keeps_its_order_whatever_comes_together(database: OpenDatabase) -> None:
    crowd = Crowd()

    await crowd.inbox(database).receive(
        [envelope("b1", "b"), shown("a1", "a", 1), envelope("a2", "a", 2), envelope("c1", "c"), shown("b2", "b", 2)]
    )

    assert crowd.heard == [["b"], ["a shown"], ["b shown"], ["a", "c"]]


async def test_what_is_recorded_for_each_follows_from_that_one(database: OpenDatabase) -> None:
    await Crowd().inbox(database).receive([envelope("a1", "a"), envelope("b1", "b")])

    assert [(event.aggregate_id, event.correlation_id, event.causation_id) for event in database.events()] == [
        ("a-copy", "request-of-a1", "a1"),
        ("b-copy", "request-of-b1", "b1"),
    ]


async def test_one_that_fails_is_found_out_and_the_others_have_their_effect_once(database: OpenDatabase) -> None:
    crowd = Crowd()
    crowd.trouble = "b"

    await crowd.inbox(database).receive([envelope("a1", "a"), envelope("b1", "b"), envelope("c1", "c")])

    assert states(database) == {"a1": "done", "b1": "waiting", "c1": "done"}
    assert await database.read(values) == {"a": 1, "c": 1}
    assert crowd.heard[0] == ["a", "b", "c"]
    assert sorted(event.aggregate_id for event in database.events()) == ["a-copy", "c-copy"]


class Keeper:
    """Keeps whatever comes, all types at once; fails where an event in `trouble` is among them."""

    def __init__(self) -> None:
        self.trouble = ""
        self.kept: list[list[str]] = []
        self.subscribers = Subscribers()
        self.subscribers.on_every([CounterMoved, CounterShown])(self._keep)

    def _keep(self, tx: Tx, envelopes: Sequence[Envelope]) -> None:
        self.kept.append([each.id for each in envelopes])
        for each in envelopes:
            add(tx, each.metadata.aggregate_id, 1)
            if each.id == self.trouble:
                broken(tx)


async def test_who_keeps_everything_gets_all_types_at_once(database: OpenDatabase) -> None:
    keeper = Keeper()
    inbox = Inbox(database.db, keeper.subscribers, jitter=lambda: 0.5)
    keeper.trouble = "b1"

    await inbox.receive([envelope("a1", "a"), shown("a2", "a", 2), envelope("b1", "b")])

    assert keeper.kept[0] == ["a1", "a2", "b1"]
    assert states(database) == {"a1": "done", "a2": "done", "b1": "waiting"}
    assert await database.read(values) == {"a": 2}


def test_who_keeps_everything_has_no_other_handler() -> None:
    keeper = Keeper()

    with pytest.raises(ValueError, match="already"):
        keeper.subscribers.on(CounterMoved)(lambda tx, event: None)
    with pytest.raises(ValueError, match="already"):
        keeper.subscribers.on_every([CounterMoved])(lambda tx, envelopes: None)
