"""From the outbox over the bus into the inboxes: nothing lost, nothing doubled, in order per aggregate."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from shikanji.kit.bus.local import LocalBus
from shikanji.kit.clock import SECOND
from shikanji.kit.db.leadership import Alone
from shikanji.kit.db.relay import BATCH_EVENTS_MAX, Relay, backlog, publish_again
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope
from tests.kit.counters import SERVICE, CounterMoved, add_and_tell, values
from tests.kit.databases import OpenDatabase, open_database
from tests.kit.delivering import Subscriber, broken, envelope, states


class RecordingBus(LocalBus):
    """The local bus; keeps what went over it, and fails on demand before or after delivery."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[Envelope]] = []
        self.fail_before = self.fail_after = 0

    async def publish(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
        if self.fail_before:
            self.fail_before -= 1
            raise Unavailable("planted: nobody got it")
        self.batches.append(list(batch))
        await super().publish(batch, again=again)
        if self.fail_after:
            self.fail_after -= 1
            raise Unavailable("planted: they have it, and nobody knows")

    @property
    def ids(self) -> list[str]:
        return [envelope.id for batch in self.batches for envelope in batch]


def tell(tx: Tx, counter: str, times: int = 1) -> None:
    for _ in range(times):
        tx.record(CounterMoved(counter_id=counter, by=1))


async def test_what_was_committed_is_delivered_once_and_marked(database: OpenDatabase) -> None:
    bus, subscriber = RecordingBus(), Subscriber()
    bus.subscribe("listener", ["CounterMoved"], subscriber.inbox(database).receive)
    relay = Relay(database.db, bus)
    await database.write(tell, "a")
    (recorded,) = database.events()

    assert [await relay.step(), await relay.step()] == [1, 0]

    ((sent,),) = bus.batches
    assert sent.metadata.source == "counters"
    assert (sent.metadata.aggregate_id, sent.metadata.aggregate_version) == ("a", 1)
    assert sent.metadata.correlation_id == recorded.correlation_id
    assert database.query("SELECT count(*) FROM outbox WHERE published_at IS NULL") == [(0,)]
    assert await database.read(values) == {"a": 1}


async def test_a_relay_says_for_how_long_what_it_left_has_been_waiting(database: OpenDatabase) -> None:
    relay = Relay(database.db, LocalBus())
    await database.write(tell, "a", BATCH_EVENTS_MAX + 1)
    database.clock.advance(2 * SECOND)

    behind = [relay.behind(database.clock.now())]
    for _ in range(2):
        await relay.step()
        behind.append(relay.behind(database.clock.now()))

    assert behind == [0.0, 2.0, 0.0]


async def test_nothing_leaves_a_unit_that_failed(database: OpenDatabase) -> None:
    bus = RecordingBus()

    def tell_and_fail(tx: Tx) -> None:
        tell(tx, "a")
        raise ValueError("planted")

    with pytest.raises(ValueError, match="planted"):
        await database.write(tell_and_fail)

    assert await Relay(database.db, bus).step() == 0


async def test_the_order_of_every_aggregate_is_kept(database: OpenDatabase) -> None:
    bus, subscriber = RecordingBus(), Subscriber()
    bus.subscribe("listener", ["CounterMoved"], subscriber.inbox(database).receive)
    relay = Relay(database.db, bus)
    draw = random.Random(7)
    writes = [database.write(tell, draw.choice("abcd"), draw.randint(1, 3)) for _ in range(150)]

    done, writing = 0, asyncio.gather(*writes)
    while not writing.done():
        done += await relay.step()
        await asyncio.sleep(0)
    while step := await relay.step():
        done += step

    sent: dict[str, list[int]] = {}
    for batch in bus.batches:
        for each in batch:
            sent.setdefault(each.metadata.aggregate_id, []).append(each.metadata.aggregate_version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in sent.values())
    assert sum(map(len, sent.values())) == done == len(database.events())
    assert max(map(len, bus.batches)) <= BATCH_EVENTS_MAX


async def test_a_failed_delivery_is_made_again(database: OpenDatabase) -> None:
    bus = RecordingBus()
    bus.fail_before = 1
    relay = Relay(database.db, bus)
    await database.write(tell, "a", 3)

    with pytest.raises(Unavailable):
        await relay.step()
    assert await relay.step() == 3

    assert bus.ids == [row[0] for row in database.query("SELECT event_id FROM outbox ORDER BY seq")]


async def test_a_death_between_delivery_and_mark_doubles_nothing(database: OpenDatabase) -> None:
    bus, subscriber = RecordingBus(), Subscriber()
    bus.subscribe("listener", ["CounterMoved"], subscriber.inbox(database).receive)
    bus.fail_after = 1
    await database.write(tell, "a", 3)

    with pytest.raises(Unavailable):
        await Relay(database.db, bus).step()
    assert await Relay(database.db, bus).step() == 3

    assert len(bus.ids) == 6
    assert await database.read(values) == {"a": 3}


async def test_two_relays_at_once_only_cost_duplicates(database: OpenDatabase) -> None:
    bus, subscriber = RecordingBus(), Subscriber()
    bus.subscribe("listener", ["CounterMoved"], subscriber.inbox(database).receive)
    await database.write(tell, "a", 30)

    await asyncio.gather(Relay(database.db, bus).step(), Relay(database.db, bus).step())

    assert await database.read(values) == {"a": 30}


async def test_only_the_leader_relays(database: OpenDatabase) -> None:
    class Follower(Alone):
        async def held(self) -> bool:
            return False

    await database.write(tell, "a")

    assert await Relay(database.db, RecordingBus(), Follower()).step() == 0
    assert (await database.read(backlog)).rows == 1


async def test_a_replay_is_dropped_by_those_who_have_it(database: OpenDatabase) -> None:
    bus, subscriber = RecordingBus(), Subscriber()
    bus.subscribe("listener", ["CounterMoved"], subscriber.inbox(database).receive)
    relay = Relay(database.db, bus)
    await database.write(tell, "early", BATCH_EVENTS_MAX)
    database.clock.advance(10)
    await database.write(tell, "late", 3)
    while await relay.step():
        pass

    assert await relay.replay() == BATCH_EVENTS_MAX + 3
    assert await relay.replay(since=database.clock.now()) == 3

    assert await database.read(values) == {"early": BATCH_EVENTS_MAX, "late": 3}


async def test_what_a_subscriber_lost_is_published_again(database: OpenDatabase) -> None:
    bus, subscriber = RecordingBus(), Subscriber()
    bus.subscribe("listener", ["CounterMoved"], subscriber.inbox(database).receive)
    relay = Relay(database.db, bus)
    await database.write(tell, "a", 2)
    await relay.step()
    lost = bus.ids[1]

    assert await database.write(publish_again, [lost, "unheard-of"]) == 1

    assert await relay.step() == 1
    assert bus.ids[2:] == [lost]


async def test_the_backlog_says_how_much_and_since_when(database: OpenDatabase) -> None:
    assert (await database.read(backlog)).oldest_at is None
    began = database.clock.now()
    await database.write(tell, "a")
    database.clock.advance(1_000)
    await database.write(tell, "b")

    found = await database.read(backlog)

    assert (found.rows, found.oldest_at) == (2, began)


class TestLocalBus:
    async def test_one_that_fails_fails_the_batch_after_the_others_have_it(self) -> None:
        bus = LocalBus()
        heard: list[int] = []
        told: list[Envelope] = []

        async def fail(_: Sequence[Envelope]) -> None:
            raise Unavailable("planted")

        async def receive(batch: Sequence[Envelope]) -> None:
            await asyncio.sleep(0)
            heard.append(len(batch))

        bus.subscribe("one", ["CounterMoved"], fail)
        bus.subscribe("other", ["CounterMoved"], receive)
        bus.listen(None, told.append)

        with pytest.raises(Unavailable):
            await bus.publish([envelope("e1")])

        assert (heard, told) == ([1], [])

    async def test_listeners_are_told_after_delivery_and_disturb_nobody(self) -> None:
        bus = LocalBus()
        told: list[tuple[str, str]] = []

        def stumble(_: Envelope) -> None:
            raise ValueError("planted")

        bus.listen(["CounterMoved"], stumble)
        bus.listen(["SomethingElse"], lambda each: told.append(("else", each.id)))
        bus.listen(None, lambda each: told.append(("all", each.id)))

        await bus.publish([envelope("e1")])

        assert told == [("all", "e1")]

    def test_wanted_is_what_someone_subscribed_or_listens_to(self) -> None:
        bus = LocalBus()

        async def receive(_: Sequence[Envelope]) -> None: ...

        bus.subscribe("one", ["CounterMoved"], receive)
        bus.listen(["CounterBroken"], lambda _: None)

        assert [bus.wanted(name) for name in ("CounterMoved", "CounterBroken", "CounterSold")] == [True, True, False]
        bus.listen(None, lambda _: None)
        assert bus.wanted("CounterSold")


async def test_events_reach_every_service_through_files_of_their_own(tmp_path: Path) -> None:
    """Two services on SQLite: what one of them poisons stays its own affair."""
    bus = LocalBus()
    async with AsyncExitStack() as stack:
        folders = [tmp_path / name for name in ("sender", "one", "two")]
        for folder in folders:
            folder.mkdir()
        sender, one, two = [await stack.enter_async_context(open_database(SERVICE, folder)) for folder in folders]
        good, bad = Subscriber(), Subscriber()
        bad.trouble["a"] = broken
        bus.subscribe("one", ["CounterMoved"], good.inbox(one).receive)
        bus.subscribe("two", ["CounterMoved"], bad.inbox(two).receive)
        await sender.write(add_and_tell, "a", 5)
        await sender.write(add_and_tell, "b", 6)

        assert await Relay(sender.db, bus).step() == 2

        assert await one.read(values) == {"a": 5, "b": 6}
        assert await two.read(values) == {"b": 6}
        assert sorted(states(two).values()) == ["done", "waiting"]
