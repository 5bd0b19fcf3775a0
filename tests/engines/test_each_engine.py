"""What every engine does: it starts, keeps what it took over a crash, is emptied, stops, and asks who one is."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from shikanji.engines import NAMES, Engine, Engines
from tests.engines.clients import CLIENTS

FORGETFUL = {"valkey"}
"""A cache starts empty."""
ANSWER_SECONDS_MAX = 20


@pytest.fixture(scope="module")
def own() -> Iterator[Engines]:
    """Engines that may be killed. In a folder with a short name: sockets lie in it."""
    with TemporaryDirectory(prefix="shikanji-engines-") as folder, Engines(Path(folder), (), durable=False) as engines:
        yield engines


@pytest.fixture(params=NAMES)
def engine(request: pytest.FixtureRequest, own: Engines) -> Engine:
    """Running."""
    own.need(request.param)
    [found] = [engine for engine in own.all if engine.name == request.param]
    return found


async def read(engine: Engine) -> str | None:
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        return await CLIENTS[engine.name].read(engine.urls)


async def write(engine: Engine, text: str) -> None:
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        await CLIENTS[engine.name].write(engine.urls, text)


async def test_what_was_written_is_there_after_a_crash(engine: Engine) -> None:
    await write(engine, "namaste")
    before, address = engine.pid, engine.urls

    engine.kill()
    assert not engine.running
    engine.start()

    assert await read(engine) == (None if engine.name in FORGETFUL else "namaste")
    assert engine.pid != before
    assert engine.urls == address


async def test_what_was_written_is_there_after_it_stopped_in_order(engine: Engine) -> None:
    await write(engine, "namaste")

    engine.stop()
    engine.start()

    assert await read(engine) == (None if engine.name in FORGETFUL else "namaste")


async def test_wiped_it_is_empty_at_the_same_address(engine: Engine) -> None:
    await write(engine, "namaste")
    address = engine.urls

    engine.wipe()
    assert engine.data_bytes() == 0
    engine.start()

    assert await read(engine) is None
    assert engine.urls == address


def test_stopped_it_leaves_neither_process_nor_port_nor_socket(engine: Engine) -> None:
    process = engine.process
    assert process is not None
    family = [process, *process.children()]

    engine.stop()

    assert [one for one in family if one.alive] == []
    for offset in engine.port_offsets:
        with socket.create_server(("127.0.0.1", engine.port + offset)):
            assert list(Path("/tmp").glob(f"*-{engine.port + offset}.sock")) == []


async def test_a_wrong_password_is_refused(engine: Engine) -> None:
    wrong = {name: url.replace(engine.password, "0" * 32) for name, url in engine.urls.items()}
    assert wrong != engine.urls

    with pytest.raises(CLIENTS[engine.name].refused):
        await CLIENTS[engine.name].read(wrong)
    await read(engine)


def test_what_is_started_again_goes_on_running(engine: Engine, own: Engines) -> None:
    before = engine.pid

    engine.start()
    with Engines(own.folder, [engine.name], durable=False) as seen_by_another:
        assert engine.urls.items() <= seen_by_another.urls.items()

    assert engine.pid == before


def test_what_it_remembers_is_for_its_owner_only(engine: Engine) -> None:
    told = [path for path in engine.folder.iterdir() if path.is_file() and engine.password in path.read_text()]

    assert engine.folder / "engine.json" in told
    assert [path for path in told if path.stat().st_mode & 0o077] == []
