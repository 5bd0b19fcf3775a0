"""What every bus promises: each event at least once, in order, to everybody who subscribed to it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from shikanji.engines import Engines
from shikanji.kit.bus import Bus
from shikanji.kit.bus.metrics import BusMetrics
from shikanji.kit.bus.opening import BadBusUrl, open_bus, prepare_bus
from shikanji.kit.events import Envelope
from shikanji.kit.telemetry.metrics import new_registry, render
from tests.kit.buses import Buses, Ears, open_on, publish
from tests.kit.delivering import envelope
from tests.probing import until


@pytest.fixture(params=["local", "jetstream"])
async def buses(request: pytest.FixtureRequest, engines: Engines) -> AsyncIterator[Buses]:
    async with open_on(request.param, engines) as opened:
        yield opened


def of(kind: str, id: str) -> Envelope:
    made = envelope(id)
    made.type = kind
    return made


def events(*numbers: int) -> list[Envelope]:
    return [envelope(f"e{number}", "ab"[number % 2], number) for number in numbers]


def ids(*numbers: int) -> list[str]:
    return [f"e{number}" for number in numbers]


async def test_events_arrive_as_they_were_sent(buses: Buses) -> None:
    ears = Ears()
    bus = await buses.open(lambda bus: bus.subscribe("one", ["CounterMoved"], ears.receive))
    sent = envelope("e1", "ā-ü", 7, by=3)

    await publish(bus, [sent])
    await ears.have(["e1"])

    assert ears.heard[0] == sent


@pytest.mark.parametrize("count", [3, 900])
async def test_they_arrive_in_the_order_of_publishing(buses: Buses, count: int) -> None:
    ears = Ears()
    bus = await buses.open(lambda bus: bus.subscribe("one", ["CounterMoved"], ears.receive))
    sent = list(range(count))

    for start in range(0, count, 300):
        await publish(bus, events(*sent[start : start + 300]))

    await ears.have(ids(*sent))


async def test_everybody_hears_what_they_asked_for_and_nothing_else(buses: Buses) -> None:
    one, both = Ears(), Ears()

    def subscribe(bus: Bus) -> None:
        bus.subscribe("one", ["CounterMoved"], one.receive)
        bus.subscribe("both", ["CounterMoved", "CounterStopped"], both.receive)

    bus = await buses.open(subscribe)

    await publish(bus, [of("CounterMoved", "e1"), of("CounterStopped", "e2"), of("NobodyCares", "e3")])
    await publish(bus, [of("CounterMoved", "e4")])

    await one.have(["e1", "e4"])
    await both.have(["e1", "e2", "e4"])


async def test_who_fails_gets_it_again_before_anything_newer(buses: Buses) -> None:
    failing, other = Ears(), Ears()
    failing.refuse = 2

    def subscribe(bus: Bus) -> None:
        bus.subscribe("failing", ["CounterMoved"], failing.receive)
        bus.subscribe("other", ["CounterMoved"], other.receive)

    bus = await buses.open(subscribe)

    await publish(bus, events(1, 2))
    await publish(bus, events(3))

    await failing.have(ids(1, 2, 3))
    await other.have(ids(1, 2, 3))


async def test_what_is_published_twice_is_never_lost(buses: Buses) -> None:
    ears = Ears()
    bus = await buses.open(lambda bus: bus.subscribe("one", ["CounterMoved"], ears.receive))

    await publish(bus, events(*range(10)))
    await publish(bus, events(*range(20)))
    await publish(bus, events(20))

    await ears.have(ids(*range(21)))


async def test_closing_loses_nothing(buses: Buses) -> None:
    """What was on its way comes to the next one that subscribes under the same name."""
    ears = Ears()
    first = buses.open_one()
    first.subscribe("one", ["CounterMoved"], ears.receive)
    await first.start()
    await publish(first, events(*range(400)))

    await first.close()
    if first is not buses.open_one():
        await buses.open(lambda bus: bus.subscribe("one", ["CounterMoved"], ears.receive))

    await ears.have(ids(*range(400)))


async def test_a_service_subscribes_once(buses: Buses) -> None:
    bus = buses.open_one()
    bus.subscribe("one", ["A"], Ears().receive)

    with pytest.raises(ValueError, match="already"):
        bus.subscribe("one", ["B"], Ears().receive)


async def test_listeners_hear_it_too_and_disturb_nobody(buses: Buses) -> None:
    told: list[tuple[str, str]] = []
    ears = Ears()

    def stumble(_: Envelope) -> None:
        raise ValueError("planted")

    def join(bus: Bus) -> None:
        bus.subscribe("one", ["CounterMoved"], ears.receive)
        bus.listen(["CounterMoved"], stumble)
        bus.listen(["SomethingElse"], lambda each: told.append(("else", each.id)))
        bus.listen(None, lambda each: told.append(("all", each.id)))

    bus = await buses.open(join)

    await publish(bus, events(1))

    await until(lambda: told == [("all", "e1")], f"only who asked for all was told: {told}")
    await ears.have(ids(1))


async def test_who_comes_late_may_still_listen(buses: Buses) -> None:
    bus = await buses.open()
    told: list[str] = []
    bus.listen(["CounterMoved"], lambda each: told.append(each.id))

    async with asyncio.timeout(10):
        for number in range(1_000):
            await publish(bus, events(number))
            if told:
                break

    assert told


async def test_an_epoch_is_the_same_for_all_and_for_long(buses: Buses) -> None:
    one, other = await buses.open(), await buses.open()

    before = await one.epoch()
    await publish(one, events(1))

    assert before == await one.epoch() == await other.epoch()


async def test_a_bus_tells_how_it_stands(buses: Buses) -> None:
    bus = await buses.open()
    registry = new_registry()
    BusMetrics(registry, bus)

    said = render(registry).decode()

    assert bus.trouble == ""
    assert "shikanji_bus_connected 1.0" in said
    assert "shikanji_bus_full 0.0" in said


@pytest.mark.parametrize("url", ["", "nats:", "http://localhost:4222", "kafka://localhost"])
async def test_a_url_of_no_bus_is_refused_with_the_ones_that_are(url: str) -> None:
    for use in (partial(open_bus, url), lambda: asyncio.run(prepare_bus(url, []))):
        with pytest.raises(BadBusUrl, match="nats://host:port"):
            await asyncio.to_thread(use)
