"""What JetStream does to the bus and the bus outlives: kills, wipes, a full disk, another puller."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from chaos.proxy import Proxy
from shikanji.engines import Engine, Engines
from shikanji.kit.bus import Bus
from shikanji.kit.bus.jetstream import JetStreamBus, prepare
from shikanji.kit.bus.jetstream_publisher import TOGETHER_EVENTS_MIN, BusFull
from shikanji.kit.bus.opening import backlog, prepare_bus
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.clock import SystemClock
from shikanji.kit.db.leadership import Alone, Leadership
from shikanji.kit.db.leases import Lease
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Envelope
from tests.kit.buses import SMALL, Ears, ask, connected, delete_stream, emptied, publish
from tests.kit.counters import SERVICE
from tests.kit.databases import open_database
from tests.kit.delivering import envelope
from tests.kit.test_bus import events, ids
from tests.probing import until


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One of our own, for it is killed and wiped."""
    with Engines(tmp_path_factory.mktemp("engines"), ["nats"], durable=False) as engines:
        yield engines.nats


@pytest.fixture
async def url(nats: Engine) -> AsyncIterator[str]:
    await asyncio.to_thread(nats.start)
    url = nats.urls["SHIKANJI_BUS_URL"]
    async with emptied(url):
        yield url


@pytest.fixture
async def closing() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def start(bus: JetStreamBus, closing: AsyncExitStack) -> JetStreamBus:
    await bus.start()
    closing.push_async_callback(bus.close)
    return bus


async def receiving(
    url: str,
    ears: Ears,
    closing: AsyncExitStack,
    leadership: Leadership | None = None,
    ack_seconds: float = 1.0,
) -> JetStreamBus:
    """`ack_seconds`: short, for tests wait until it is over."""
    bus = JetStreamBus(url, SMALL, name="test", ack_seconds=ack_seconds)
    bus.subscribe("one", ["CounterMoved"], ears.receive, leadership)
    return await start(bus, closing)


async def stored(url: str) -> int:
    count: int = (await ask(url, "STREAM.INFO.events"))["state"]["messages"]
    return count


class TestServer:
    async def test_a_kill_loses_nothing_and_all_goes_on_by_itself(
        self, nats: Engine, url: str, closing: AsyncExitStack
    ) -> None:
        ears = Ears()
        bus = await receiving(url, ears, closing)
        epoch = await bus.epoch()
        await publish(bus, events(*range(20)))
        publishing = asyncio.create_task(publish(bus, events(*range(20, 40))))

        await asyncio.to_thread(nats.kill)
        await until(lambda: bus.trouble != "", "it tells that there is no connection")
        await asyncio.to_thread(nats.start)
        await publishing
        await publish(bus, events(*range(40, 60)))

        await until(lambda: set(ears.ids) == set(ids(*range(60))), f"all are here: {ears.ids}")
        assert await bus.epoch() == epoch
        assert bus.trouble == ""
        assert bus.traffic.disconnects == 1

    async def test_an_outage_is_told_at_once_and_nothing_is_buffered(
        self, nats: Engine, url: str, closing: AsyncExitStack
    ) -> None:
        bus = await receiving(url, Ears(), closing)
        await asyncio.to_thread(nats.kill)
        await until(lambda: not bus.traffic.connected, "the connection is lost")

        async with asyncio.timeout(1):
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await bus.publish(events(*range(500)))
            with pytest.raises(Unavailable):
                await bus.epoch()

        assert "no connection to NATS at 127.0.0.1" in bus.trouble
        assert "@" not in bus.trouble, "passwords stay in the URL"
        await asyncio.to_thread(nats.start)
        await until(lambda: bus.trouble == "", "it is back")
        assert await stored(url) == 0

    async def test_who_starts_while_it_is_away_begins_when_it_is_there(
        self, nats: Engine, url: str, closing: AsyncExitStack
    ) -> None:
        """For a process that is started again in an outage: customers need not wait for the bus."""
        ears, told = Ears(), []
        await asyncio.to_thread(nats.kill)
        bus = JetStreamBus(url, SMALL, name="test")
        bus.subscribe("one", ["CounterMoved"], ears.receive)
        bus.listen(None, lambda each: told.append(each.id))
        await bus.start(patient=True)
        closing.push_async_callback(bus.close)
        assert "no connection to NATS" in bus.trouble

        await asyncio.to_thread(nats.start)
        await publish(bus, events(1))

        await ears.have(ids(1))
        await until(lambda: set(told) == {"e1"}, "it is heard, too")
        assert bus.trouble == ""

    async def test_a_wiped_store_is_another_epoch_and_is_furnished_again(
        self, nats: Engine, url: str, closing: AsyncExitStack
    ) -> None:
        ears = Ears()
        bus = await receiving(url, ears, closing)
        epoch = await bus.epoch()
        await publish(bus, events(1, 2))
        await ears.have(ids(1, 2))

        await asyncio.to_thread(nats.wipe)
        await asyncio.to_thread(nats.start)
        await until(lambda: bus.traffic.connected, "it is connected again")

        assert await bus.epoch() != epoch
        await publish(bus, events(3))
        await ears.have(ids(1, 2, 3))

    async def test_listeners_learn_that_they_may_have_missed_something(
        self, nats: Engine, url: str, closing: AsyncExitStack
    ) -> None:
        told: list[str] = []
        bus = JetStreamBus(url, SMALL, name="test")
        bus.listen(["CounterMoved"], lambda each: told.append(each.id), missed=lambda: told.append("missed"))
        await start(bus, closing)

        await asyncio.to_thread(nats.kill)
        await until(lambda: len(told) == 2, f"it is told of the loss: {told}")
        await asyncio.to_thread(nats.start)
        await until(lambda: len(told) == 3, f"it is told of the return: {told}")
        await publish(bus, events(1))

        await until(lambda: len(told) > 3, f"it hears again: {told}")
        assert set(told[:3]) == {"missed"}
        assert set(told[3:]) == {"e1"}


class TestLink:
    @pytest.mark.parametrize("fault", [Proxy.swallow, Proxy.halve, Proxy.cut, Proxy.reset])
    async def test_whatever_it_does_nothing_is_lost_and_nobody_hangs(
        self, nats: Engine, url: str, closing: AsyncExitStack, fault: Callable[[Proxy], None]
    ) -> None:
        proxy = Proxy("127.0.0.1", nats.port)
        await proxy.start()
        closing.push_async_callback(proxy.stop)
        ears = Ears()
        near = url.replace(str(nats.port), str(proxy.port))
        bus = JetStreamBus(near, SMALL, name="test", ack_seconds=1.0, silence_seconds=0.5)
        bus.subscribe("one", ["CounterMoved"], ears.receive)
        await start(bus, closing)
        await publish(bus, events(*range(10)))

        fault(proxy)
        publishing = asyncio.create_task(publish(bus, events(*range(10, 400))))
        await until(lambda: bus.traffic.disconnects > 0, "the link is given up")
        proxy.heal()
        await publishing

        await until(lambda: set(ears.ids) == set(ids(*range(400))), "all events are here")

    async def test_closing_into_a_black_hole_takes_no_longer_than_is_polite(
        self, nats: Engine, url: str, closing: AsyncExitStack
    ) -> None:
        proxy = Proxy("127.0.0.1", nats.port)
        await proxy.start()
        closing.push_async_callback(proxy.stop)
        ears = Ears()
        bus = JetStreamBus(url.replace(str(nats.port), str(proxy.port)), SMALL, name="test")
        bus.subscribe("one", ["CounterMoved"], ears.receive)
        await bus.start()
        await publish(bus, events(1))
        await ears.have(ids(1))

        proxy.swallow()

        async with asyncio.timeout(5):
            await bus.close()


class TestStream:
    async def test_deleted_it_is_made_anew_by_whoever_notices(self, url: str, closing: AsyncExitStack) -> None:
        ears = Ears()
        sender = await start(JetStreamBus(url, SMALL, name="sender"), closing)
        receiver = await receiving(url, ears, closing)
        await publish(sender, events(1))
        await ears.have(ids(1))

        await delete_stream(url)
        await until(lambda: receiver.traffic.remade > 0, "the receiver has made it")
        await publish(sender, events(2))

        await ears.have(ids(1, 2))

    async def test_a_deleted_consumer_is_made_anew_and_hears_everything_again(
        self, url: str, closing: AsyncExitStack
    ) -> None:
        ears = Ears()
        bus = await receiving(url, ears, closing)
        await publish(bus, events(1, 2))
        await ears.have(ids(1, 2))

        await ask(url, "CONSUMER.DELETE.events.one")
        await until(lambda: ears.ids == ids(1, 2, 1, 2), f"all of them came again: {ears.ids}")
        await publish(bus, events(3))

        await ears.have(ids(1, 2, 3))

    async def test_it_keeps_an_event_once_however_often_it_is_published(
        self, url: str, closing: AsyncExitStack
    ) -> None:
        bus = await start(JetStreamBus(url, SMALL, name="test"), closing)

        for count in (1, TOGETHER_EVENTS_MIN, TOGETHER_EVENTS_MIN * 2, TOGETHER_EVENTS_MIN * 2):
            await bus.publish(events(*range(count)))

        assert await stored(url) == TOGETHER_EVENTS_MIN * 2

    async def test_what_is_published_again_on_purpose_is_delivered_again(
        self, url: str, closing: AsyncExitStack
    ) -> None:
        ears = Ears()
        bus = await receiving(url, ears, closing)
        sent = events(*range(TOGETHER_EVENTS_MIN))
        await bus.publish(sent)

        await bus.publish(sent, again=True)

        await until(lambda: len(ears.ids) == 2 * len(sent), "all of them came twice")

    async def test_it_tells_how_much_has_not_been_received(self, url: str, closing: AsyncExitStack) -> None:
        assert await backlog(url, SMALL) == 0
        await prepare(url, {"one": frozenset(["CounterMoved"]), "two": frozenset(["CounterMoved"])}, SMALL)
        ears = Ears()
        bus = await receiving(url, ears, closing)
        await bus.publish(events(*range(3)))
        await ears.have(ids(*range(3)))

        async def only_two_lacks_them() -> bool:
            return await backlog(url, SMALL) == 3

        await until(only_two_lacks_them, "the ones that `one` has are not counted for it")

    @pytest.mark.parametrize("together", [1, TOGETHER_EVENTS_MIN])
    async def test_full_it_refuses_what_is_new_and_goes_on_when_there_is_room(
        self, url: str, closing: AsyncExitStack, together: int
    ) -> None:
        little = BusSettings(max_bytes=1_048_576)
        ears = Ears()
        bus = JetStreamBus(url, little, name="test")
        bus.subscribe("one", ["CounterMoved"], ears.receive)
        await start(bus, closing)
        sent = [large(number) for number in range(64)]

        with pytest.raises(BusFull):
            await publish_in_parts(bus, sent, together)
        assert "maximum bytes" in bus.trouble
        assert bus.traffic.full
        assert await bus.epoch()
        kept = await stored(url)
        await prepare_bus(url, [], BusSettings(max_bytes=8_388_608))
        await bus.publish(sent)

        assert 0 < kept < len(sent)
        assert bus.trouble == ""
        await ears.have([each.id for each in sent])

    async def test_what_is_no_event_is_left_out(self, url: str, closing: AsyncExitStack) -> None:
        ears = Ears()
        bus = await receiving(url, ears, closing)
        stranger = await connected(url)
        await stranger.publish("events.nobody.CounterMoved", b"what is this?")
        await stranger.flush()
        await stranger.close()

        await publish(bus, events(1))

        await ears.have(ids(1))
        assert (await ask(url, "CONSUMER.INFO.events.one"))["num_pending"] == 0


class TestPullers:
    async def test_one_pulls_and_the_other_takes_over_when_it_closes(
        self, url: str, closing: AsyncExitStack, tmp_path: Path
    ) -> None:
        first, second = Ears(), Ears()
        async with open_database(SERVICE, tmp_path) as database:
            leases = [Lease(database.db, "puller", SystemClock(), holder=holder) for holder in ("first", "second")]
            leading = JetStreamBus(url, SMALL, name="first")
            leading.subscribe("one", ["CounterMoved"], first.receive, leases[0])
            await leading.start()
            await publish(leading, events(1))
            await first.have(ids(1))
            following = await receiving(url, second, closing, leases[1])
            await publish(following, events(2, 3))
            await first.have(ids(1, 2, 3))

            await leading.close()
            await publish(following, events(4))

            await second.have(ids(4))
            await closing.aclose()

    async def test_what_a_dead_puller_had_goes_to_the_next_one(self, url: str, closing: AsyncExitStack) -> None:
        """And its acknowledgement, when it wakes up much later, changes nothing."""
        ears = Ears()
        await prepare(url, {"one": frozenset(["CounterMoved"])}, SMALL)
        sender = await start(JetStreamBus(url, SMALL, name="sender"), closing)
        await publish(sender, events(*range(5)))
        dead = await connected(url)
        closing.push_async_callback(dead.close)
        had = await pull(dead, 5)

        await receiving(url, ears, closing)
        await ears.have(ids(*range(5)))
        for late in had:
            await dead.publish(late.reply, b"+ACK")
        await dead.flush()
        await publish(sender, events(5))

        await ears.have(ids(*range(6)))

    async def test_a_slow_receiver_is_not_taken_for_dead(self, url: str, closing: AsyncExitStack) -> None:
        ears = Slow()
        bus = await receiving(url, ears, closing, ack_seconds=0.4)
        began = time.monotonic()

        await publish(bus, events(1, 2))
        await until(lambda: time.monotonic() - began > 1.2, "it has taken three times as long as a dead one may")
        ears.may_go_on.set()
        await publish(bus, events(3))

        await ears.have(ids(1, 2, 3))
        assert ears.ids == ids(1, 2, 3)

    async def test_who_loses_the_lead_gives_back_what_it_could_not_store(
        self, url: str, closing: AsyncExitStack
    ) -> None:
        first, second = Ears(), Ears()
        first.refuse = 1_000
        lead = Passed()
        bus = await receiving(url, first, closing, lead, ack_seconds=60)
        await publish(bus, events(1, 2))
        await until(lambda: bus.traffic.returned > 0, "it has tried once")

        lead.is_held = False
        await receiving(url, second, closing, ack_seconds=60)

        await second.have(ids(1, 2))


async def publish_in_parts(bus: Bus, sent: list[Envelope], together: int) -> None:
    for at in range(0, len(sent), together):
        await bus.publish(sent[at : at + together])


def large(number: int) -> Envelope:
    return envelope(f"large-{number}", "x" * 30_000, number)


async def pull(client: Client, count: int) -> list[Msg]:
    """Past the adapter."""
    subscription = await client.subscribe("an.inbox")
    question = json.dumps({"batch": count, "expires": 5_000_000_000}).encode()
    await client.publish("$JS.API.CONSUMER.MSG.NEXT.events.one", question, "an.inbox")
    return [await subscription.next_msg(5) for _ in range(count)]


class Passed(Alone):
    is_held = True

    async def held(self) -> bool:
        return self.is_held


class Slow(Ears):
    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = asyncio.Event()

    async def receive(self, batch: Sequence[Envelope]) -> None:
        await self.may_go_on.wait()
        await super().receive(batch)
