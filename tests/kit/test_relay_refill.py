"""A bus that lost its events gets them again from the outboxes: what it should still have, in order, and no more."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from shikanji.engines import Engines
from shikanji.kit.bus import KEPT
from shikanji.kit.bus.jetstream import JetStreamBus
from shikanji.kit.bus.local import LocalBus
from shikanji.kit.clock import SECOND
from shikanji.kit.db.faults import LeaseLost
from shikanji.kit.db.leases import Lease
from shikanji.kit.db.relay import BATCH_EVENTS_MAX, REFILL_EVENTS_MAX, Relay, backlog, publish_again
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope
from tests.kit.buses import SMALL, Ears, delete_stream, emptied
from tests.kit.counters import SERVICE, CounterMoved, values
from tests.kit.databases import OpenDatabase, open_database
from tests.kit.delivering import Subscriber
from tests.probing import until


class Shelf(LocalBus):
    """A bus that stores: what it got under its present epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "first"
        self.ids: list[str] = []
        self.sizes: list[int] = []
        self.fail_at = 0

    def wipe(self, name: str) -> None:
        self.name, self.ids, self.sizes = name, [], []

    async def epoch(self) -> str:
        return self.name

    async def publish(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
        self.sizes.append(len(batch))
        if len(self.sizes) == self.fail_at:
            raise Unavailable("planted")
        self.ids += [each.id for each in batch]


def tell(tx: Tx, counter: str, times: int = 1) -> None:
    tx.record(*[CounterMoved(counter_id=counter, by=1) for _ in range(times)])


async def settle(relay: Relay) -> int:
    done = 0
    while step := await relay.step():
        done += step
    return done


def recorded(database: OpenDatabase) -> list[str]:
    return [row[0] for row in database.query("SELECT event_id FROM outbox ORDER BY seq")]


def epochs(database: OpenDatabase) -> list[str | None]:
    return [row[0] for row in database.query("SELECT DISTINCT published_under FROM outbox ORDER BY 1")]


async def test_a_row_bears_the_epoch_that_answered_for_it(database: OpenDatabase) -> None:
    await database.write(tell, "a", 3)

    await settle(Relay(database.db, Shelf()))

    assert epochs(database) == ["first"]


async def test_where_nothing_is_stored_no_epoch_is_kept(database: OpenDatabase) -> None:
    await database.write(tell, "a", 3)

    await settle(Relay(database.db, LocalBus()))

    assert epochs(database) == [None]


async def test_a_wiped_bus_gets_everything_again_in_order_before_anything_new(database: OpenDatabase) -> None:
    bus = Shelf()
    relay = Relay(database.db, bus)
    for counter in "abab":
        await database.write(tell, counter, 3)
    await settle(relay)

    bus.wipe("second")
    await database.write(tell, "a", 2)
    await settle(relay)

    assert bus.ids == recorded(database)
    assert epochs(database) == ["second"]
    assert await settle(relay) == 0


async def test_another_process_that_never_saw_the_lost_one_does_the_same(database: OpenDatabase) -> None:
    bus = Shelf()
    await database.write(tell, "a", 3)
    await settle(Relay(database.db, bus))

    bus.wipe("second")
    await settle(Relay(database.db, bus))

    assert bus.ids == recorded(database)


async def test_a_new_relay_on_the_same_bus_repeats_nothing(database: OpenDatabase) -> None:
    bus = Shelf()
    await database.write(tell, "a", 3)
    await settle(Relay(database.db, bus))

    assert await settle(Relay(database.db, bus)) == 0


async def test_what_several_lost_buses_had_comes_together(database: OpenDatabase) -> None:
    """A refill that was cut short by the next loss is begun anew."""
    bus = Shelf()
    relay = Relay(database.db, bus)
    await database.write(tell, "a", 2)
    await settle(relay)
    bus.wipe("second")
    await database.write(tell, "b", 2)
    await relay.step()

    bus.wipe("third")
    await settle(relay)

    assert bus.ids == recorded(database)
    assert epochs(database) == ["third"]


async def test_it_is_done_in_bounded_batches_and_goes_on_where_it_was(database: OpenDatabase) -> None:
    bus = Shelf()
    count = REFILL_EVENTS_MAX * 2 + 1
    await database.write(tell, "a", count)
    await settle(Relay(database.db, bus))
    bus.wipe("second")
    bus.fail_at = 2
    relay = Relay(database.db, bus)

    with pytest.raises(Unavailable):
        await settle(relay)
    await settle(Relay(database.db, bus))

    assert bus.ids == recorded(database)
    assert max(bus.sizes) == REFILL_EVENTS_MAX
    assert sum(bus.sizes) == count + REFILL_EVENTS_MAX, "only the batch that failed went twice"


async def test_what_no_bus_would_still_have_stays_where_it_is(database: OpenDatabase) -> None:
    bus = Shelf()
    relay = Relay(database.db, bus)
    await database.write(tell, "old", 2)
    await settle(relay)
    database.clock.advance(KEPT - 60 * SECOND)
    await database.write(tell, "young", 2)
    await settle(relay)
    database.clock.advance(120 * SECOND)

    bus.wipe("second")
    await settle(relay)

    assert bus.ids == recorded(database)[2:]
    assert epochs(database) == ["first", "second"]


async def test_age_is_counted_from_publishing(database: OpenDatabase) -> None:
    """What waited for days in the outbox is as young on the bus as anything else."""
    bus = Shelf()
    relay = Relay(database.db, bus)
    await database.write(tell, "waited", 2)
    database.clock.advance(KEPT * 2)
    await settle(relay)

    bus.wipe("second")
    await settle(relay)

    assert bus.ids == recorded(database)


async def test_what_a_repair_sends_again_goes_once(database: OpenDatabase) -> None:
    bus = Shelf()
    relay = Relay(database.db, bus)
    await database.write(tell, "a", 3)
    await settle(relay)
    bus.wipe("second")
    await database.write(publish_again, recorded(database)[1:2])

    await settle(relay)

    assert sorted(bus.ids) == sorted(recorded(database))


async def test_a_leader_that_was_paused_marks_nothing(database: OpenDatabase) -> None:
    """It would mark as safe what only a lost bus had."""
    bus = Shelf()
    first, second = (Lease(database.db, "relay", database.clock, holder=holder) for holder in ("first", "second"))
    await database.write(tell, "a")

    class Paused(Shelf):
        async def publish(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
            database.clock.advance(60 * SECOND)
            assert await second.held()

    with pytest.raises(LeaseLost):
        await Relay(database.db, Paused(), first).step()
    assert (await database.read(backlog)).rows == 1
    await settle(Relay(database.db, bus, second))

    assert bus.ids == recorded(database)


async def test_giving_up_the_lead_lets_the_next_one_relay_at_once(database: OpenDatabase) -> None:
    bus = Shelf()
    first, second = (
        Relay(database.db, bus, Lease(database.db, "relay", database.clock, holder=holder)) for holder in ("1", "2")
    )
    await database.write(tell, "a")
    assert await first.step() == 1
    await database.write(tell, "b")
    assert await second.step() == 0

    await first.release()
    database.clock.advance(SECOND)

    assert await second.step() == 1


class TestJetStream:
    async def test_a_deleted_stream_loses_nothing_and_doubles_nothing(self, engines: Engines, tmp_path: Path) -> None:
        """One subscriber had all of it, another none: both end with the same."""
        url = engines.need("nats")["SHIKANJI_BUS_URL"]
        folders = [tmp_path / name for name in ("sender", "prompt", "late")]
        for folder in folders:
            folder.mkdir()
        async with (
            emptied(url),
            open_database(SERVICE, folders[0]) as sender,
            open_database(SERVICE, folders[1]) as prompt,
            open_database(SERVICE, folders[2]) as late,
        ):
            relaying = JetStreamBus(url, SMALL, name="sender")
            relaying.subscribe("prompt", ["CounterMoved"], Subscriber().inbox(prompt).receive)
            await relaying.start()
            relay = Relay(sender.db, relaying)
            for counter in "abab":
                await sender.write(tell, counter, 100)
            await settle(relay)
            await reached(prompt, {"a": 200, "b": 200})

            await delete_stream(url)
            await sender.write(tell, "c", 5)
            listening = JetStreamBus(url, SMALL, name="late")
            listening.subscribe("late", ["CounterMoved"], Subscriber().inbox(late).receive)
            await listening.start()
            await settle(relay)

            await reached(late, {"a": 200, "b": 200, "c": 5})
            await reached(prompt, {"a": 200, "b": 200, "c": 5})
            await listening.close()
            await relaying.close()

    async def test_a_failed_publish_leaves_the_rows_for_the_next_step(
        self, engines: Engines, database: OpenDatabase
    ) -> None:
        url = engines.need("nats")["SHIKANJI_BUS_URL"]
        async with emptied(url):
            bus, ears = JetStreamBus(url, SMALL, name="test"), Ears()
            bus.subscribe("one", ["CounterMoved"], ears.receive)
            relay = Relay(database.db, bus)
            await database.write(tell, "a", BATCH_EVENTS_MAX + 1)
            with pytest.raises(Unavailable):
                await relay.step()

            await bus.start()
            await settle(relay)

            await ears.have(recorded(database))
            await bus.close()


async def reached(database: OpenDatabase, wanted: dict[str, int]) -> None:
    async def there() -> bool:
        return await database.read(values) == wanted

    await until(there, f"the counters are {wanted}")
