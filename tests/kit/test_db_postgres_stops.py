"""A PostgreSQL server that is killed and started again: nothing acknowledged is lost, and nobody restarts anything."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from shikanji.engines import Engines
from shikanji.kit.db.opening import migrate
from shikanji.kit.db.postgres import PostgresDatabase
from shikanji.kit.db.tx import RECORDED, Tx
from shikanji.kit.errors import Unavailable
from tests.kit.counters import SERVICE, add_and_tell, kit, values
from tests.kit.databases import make_ground
from tests.probing import tick

CLIENTS = 6
KILLS = 2
WRITES_BETWEEN = 40


@pytest.fixture
def own_engines(tmp_path: Path) -> Iterator[Engines]:
    """A server that syncs, which this test alone kills."""
    with Engines(tmp_path / "engines", ("postgres",), durable=True) as opened:
        yield opened


@dataclass
class Tally:
    """What clients were told of their writes; one that got no answer may have been done or not."""

    done: int = 0
    unknown: int = 0


async def keep_writing(db: PostgresDatabase, tally: Tally, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await db.write(add_and_tell, "a")
            tally.done += 1
        except Unavailable:
            tally.unknown += 1
            await tick()


async def until_written(tally: Tally, count: int) -> None:
    async with asyncio.timeout(60):
        while tally.done < count:
            await tick()


async def test_writing_goes_on_by_itself_and_what_was_acknowledged_is_there(own_engines: Engines) -> None:
    url = own_engines.postgres.url("{service}")
    migrate(url, SERVICE)
    db = PostgresDatabase(url.replace("{service}", SERVICE.name), make_ground(SERVICE))
    await db.start()
    tally, stop, woken = Tally(), asyncio.Event(), asyncio.Event()
    clients = [asyncio.create_task(keep_writing(db, tally, stop)) for _ in range(CLIENTS)]

    for _ in range(KILLS):
        await until_written(tally, tally.done + WRITES_BETWEEN)
        await asyncio.to_thread(own_engines.postgres.kill)
        await asyncio.to_thread(own_engines.postgres.start)
    await until_written(tally, tally.done + WRITES_BETWEEN)
    stop.set()
    await asyncio.gather(*clients)

    assert tally.unknown > 0
    written = (await db.read(values))["a"]
    assert tally.done <= written <= tally.done + tally.unknown
    assert await db.read(events) == written

    db.subscribe_commits(woken.set, RECORDED)
    async with asyncio.timeout(10):
        await woken.wait()
    await db.close()


def events(tx: Tx) -> int:
    return len(tx.execute(sa.select(kit.outbox.c.seq)).rows)
