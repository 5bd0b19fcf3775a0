"""Commits of one process wake the others, seldom enough to cost nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import psycopg
import pytest

from shikanji.kit.db.postgres import PostgresDatabase
from shikanji.kit.db.postgres_wakes import CHANNEL, NOTIFY_SECONDS
from shikanji.kit.db.tx import PLANNED, RECORDED
from tests.engines.postgres import PostgresServer
from tests.kit.counters import SERVICE, add, add_and_tell
from tests.kit.databases import OpenDatabase, open_postgres


@pytest.fixture
async def postgres(postgres_server: PostgresServer) -> AsyncIterator[OpenDatabase]:
    async with open_postgres(SERVICE, postgres_server) as opened:
        yield opened


class Waiting:
    """What waits for commits in a process, from when it is listening."""

    def __init__(self, db: PostgresDatabase) -> None:
        self.woken: asyncio.Queue[int] = asyncio.Queue()
        for kind in (RECORDED, PLANNED):
            db.subscribe_commits(partial(self.woken.put_nowait, kind), kind)

    async def next(self) -> int:
        async with asyncio.timeout(10):
            return await self.woken.get()

    async def is_listening(self) -> None:
        """Whoever begins to listen is woken once, for what it did not hear."""
        assert {await self.next(), await self.next()} == {RECORDED, PLANNED}


@asynccontextmanager
async def another_process(database: OpenDatabase, postgres_server: PostgresServer) -> AsyncIterator[PostgresDatabase]:
    db = PostgresDatabase(postgres_server.url(name_of(database)), database.ground)
    await db.start()
    try:
        yield db
    finally:
        await db.close()


def name_of(database: OpenDatabase) -> str:
    name: str = database.query("SELECT current_database()")[0][0]
    return name


async def test_a_commit_wakes_the_other_process_for_its_kind_only(
    postgres: OpenDatabase, postgres_server: PostgresServer
) -> None:
    async with another_process(postgres, postgres_server) as other:
        waiting = Waiting(other)
        await waiting.is_listening()

        await postgres.write(add, "a")
        await postgres.write(add_and_tell, "a")

        assert await waiting.next() == RECORDED
        await postgres.write(lambda tx: tx.schedule("mail", "a", tx.now))
        assert await waiting.next() == PLANNED
        assert waiting.woken.empty()


async def test_one_s_own_commits_are_heard_once(postgres: OpenDatabase, postgres_server: PostgresServer) -> None:
    assert isinstance(postgres.db, PostgresDatabase)
    here = Waiting(postgres.db)
    await here.is_listening()
    await postgres.write(add_and_tell, "a")
    assert here.woken.get_nowait() == RECORDED

    # What another says afterwards has passed everything that was said before it.
    async with another_process(postgres, postgres_server) as other:
        await other.write(lambda tx: tx.schedule("mail", "a", tx.now))
        assert await here.next() == PLANNED

    assert here.woken.empty()


async def test_many_commits_are_few_notices(postgres: OpenDatabase, postgres_server: PostgresServer) -> None:
    loop = asyncio.get_running_loop()
    with psycopg.connect(postgres_server.url(name_of(postgres)), autocommit=True) as ears:
        ears.execute(f"LISTEN {CHANNEL}".encode())
        began = loop.time()
        await asyncio.gather(*(postgres.write(add_and_tell, f"c{number}") for number in range(200)))
        took = loop.time() - began
        await postgres.db.close()

        heard = list(ears.notifies(timeout=0, stop_after=1_000))

    assert 1 <= len(heard) <= took / NOTIFY_SECONDS + 2


async def test_what_was_not_said_yet_is_said_at_the_end(
    postgres: OpenDatabase, postgres_server: PostgresServer
) -> None:
    assert isinstance(postgres.db, PostgresDatabase)
    here = Waiting(postgres.db)
    await here.is_listening()

    async with another_process(postgres, postgres_server) as other:
        await other.write(add_and_tell, "a")
        await other.write(lambda tx: tx.schedule("mail", "a", tx.now))

    assert {await here.next(), await here.next()} == {RECORDED, PLANNED}


async def test_a_listener_that_lost_its_connection_listens_again_and_wakes_all(
    postgres: OpenDatabase, postgres_server: PostgresServer
) -> None:
    assert isinstance(postgres.db, PostgresDatabase)
    here = Waiting(postgres.db)
    await here.is_listening()

    postgres.query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
        "AND datname = current_database()"
    )

    await here.is_listening()
    async with another_process(postgres, postgres_server) as other:
        await other.write(add_and_tell, "a")
    assert await here.next() == RECORDED
