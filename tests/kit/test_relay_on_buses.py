"""From an outbox over every bus into an inbox, on every database: nothing lost, nothing doubled, in order."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from shikanji.engines import Engines
from shikanji.kit.bus import Bus
from shikanji.kit.db.relay import Relay, backlog
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope
from tests.kit.buses import open_on
from tests.kit.counters import CounterMoved, values
from tests.kit.databases import OpenDatabase
from tests.kit.delivering import Subscriber, broken, states

PROBED_FOR_SECONDS = 20


@dataclass
class Way:
    database: OpenDatabase
    bus: Bus
    subscriber: Subscriber

    def relay(self) -> Relay:
        return Relay(self.database.db, self.bus)

    async def arrived(self, wanted: dict[str, int]) -> None:
        async with asyncio.timeout(PROBED_FOR_SECONDS):
            while await self.database.read(values) != wanted:  # noqa: ASYNC110 - a probe of what is committed
                await asyncio.sleep(0.005)

    async def received(self, count: int) -> None:
        async with asyncio.timeout(PROBED_FOR_SECONDS):
            while len(states(self.database)) < count:  # noqa: ASYNC110 - a probe of what is committed
                await asyncio.sleep(0.005)


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

        async def publish(self, batch: Sequence[Envelope]) -> None:
            await way.bus.publish(batch)
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


async def test_a_replay_is_dropped_by_those_who_have_it(way: Way) -> None:
    await way.database.write(tell, "a", 20)
    await way.relay().step()
    await way.arrived({"a": 20})

    assert await way.relay().replay() == 20
    await way.database.write(tell, "b")
    await way.relay().step()

    await way.arrived({"a": 20, "b": 1})
