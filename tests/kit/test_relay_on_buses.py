"""From an outbox over every bus into an inbox, on every database: nothing lost, nothing doubled, in order."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from shikanji.engines import Engines
from shikanji.kit.bus import Bus
from shikanji.kit.db.relay import Relay, backlog, publish_again
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope
from tests.kit.buses import open_on
from tests.kit.counters import CounterMoved, kit, values
from tests.kit.databases import OpenDatabase
from tests.kit.delivering import Subscriber, broken, states
from tests.probing import until


@dataclass
class Way:
    database: OpenDatabase
    bus: Bus
    subscriber: Subscriber

    def relay(self) -> Relay:
        return Relay(self.database.db, self.bus)

    async def arrived(self, wanted: dict[str, int]) -> None:
        async def there() -> bool:
            return await self.database.read(values) == wanted

        await until(there, f"the counters are {wanted}")

    async def received(self, count: int) -> None:
        await until(lambda: len(states(self.database)) >= count, f"{count} events are in the inbox")


@pytest.fixture(params=["local", "jetstream"])
async def way(request: pytest.FixtureRequest, engines: Engines, database: OpenDatabase) -> AsyncIterator[Way]:
    """The service hears of its own moves."""
    subscriber = Subscriber()
    async with open_on(request.param, engines) as buses:
        inbox = subscriber.inbox(database)
        bus = await buses.open(lambda bus: bus.subscribe("counters", ["CounterMoved"], inbox.receive))
        yield Way(database, bus, subscriber)


def tell(tx: Tx, counter: str, times: int = 1) -> None:
    for _ in range(times):
        tx.record(CounterMoved(counter_id=counter, by=1))


def forget(tx: Tx, event_id: str) -> None:
    tx.execute(sa.delete(kit.inbox).where(kit.inbox.c.event_id == event_id))


async def test_what_is_committed_arrives_once(way: Way) -> None:
    await way.database.write(tell, "a", 3)

    assert [await way.relay().step(), await way.relay().step()] == [3, 0]

    await way.arrived({"a": 3})
    assert (await way.database.read(backlog)).rows == 0


async def test_the_order_of_every_aggregate_is_kept(way: Way) -> None:
    draw = random.Random(7)
    writing = asyncio.gather(*[way.database.write(tell, draw.choice("abcd"), draw.randint(1, 3)) for _ in range(60)])

    while not writing.done():
        await way.relay().step()
        await asyncio.sleep(0)
    while await way.relay().step():
        pass

    wanted = [row[0] for row in way.database.query("SELECT event_id FROM outbox ORDER BY aggregate_id, seq")]
    await way.received(len(wanted))
    place = {event_id: at for at, event_id in enumerate(way.subscriber.heard)}
    assert sorted(place) == sorted(wanted)
    of = dict(way.database.query("SELECT event_id, aggregate_id FROM outbox"))
    heard = sorted(place, key=lambda event_id: (of[event_id], place[event_id]))
    assert heard == wanted


async def test_what_is_poison_parks_its_aggregate_and_nothing_else(way: Way) -> None:
    way.subscriber.trouble["a"] = broken
    for counter in "abab":
        await way.database.write(tell, counter)

    await way.relay().step()

    await way.arrived({"b": 2})
    await way.received(4)
    assert sorted(states(way.database).values()) == ["done", "done", "waiting", "waiting"]


async def test_a_death_between_delivery_and_mark_doubles_nothing(way: Way) -> None:
    class Dying:
        """The relay's bus; its process dies when the events are there and nobody knows."""

        def __getattr__(self, name: str) -> object:
            return getattr(way.bus, name)

        async def publish(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
            await way.bus.publish(batch, again=again)
            raise Unavailable("planted")

    await way.database.write(tell, "a", 12)

    with pytest.raises(Unavailable):
        await Relay(way.database.db, Dying()).step()  # type: ignore[arg-type]  # it passes on all else
    assert await way.relay().step() == 12
    await way.database.write(tell, "b")
    await way.relay().step()

    await way.arrived({"a": 12, "b": 1})


async def test_two_relays_at_once_only_cost_duplicates(way: Way) -> None:
    await way.database.write(tell, "a", 30)

    await asyncio.gather(way.relay().step(), way.relay().step())

    await way.arrived({"a": 30})
    await way.database.write(tell, "b")
    await way.relay().step()
    await way.arrived({"a": 30, "b": 1})


async def test_what_a_subscriber_lost_reaches_it_again(way: Way) -> None:
    """Also within the hour in which a server drops what it has seen before."""
    await way.database.write(tell, "a", 2)
    await way.relay().step()
    await way.arrived({"a": 2})
    lost = way.subscriber.heard[1]
    await way.database.write(forget, lost)

    assert await way.database.write(publish_again, [lost]) == 1
    await way.relay().step()

    await until(lambda: way.subscriber.heard.count(lost) == 2, "it is heard once more")
    await way.arrived({"a": 3})


async def test_a_replay_is_dropped_by_those_who_have_it(way: Way) -> None:
    await way.database.write(tell, "a", 20)
    await way.relay().step()
    await way.arrived({"a": 20})

    assert await way.relay().replay() == 20
    await way.database.write(tell, "b")
    await way.relay().step()

    await way.arrived({"a": 20, "b": 1})
