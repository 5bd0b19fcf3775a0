"""What only PostgreSQL does to a unit of work: conflicts, and connections that go away."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
import pytest
import sqlalchemy as sa

from shikanji.kit.clock import MINUTE
from shikanji.kit.db.faults import (
    ConstraintViolated,
    ErrorSwallowed,
    LockTimeout,
    StorageFault,
    TooSlow,
    TransactionConflict,
    TransactionOver,
)
from shikanji.kit.db.inbox import Inbox
from shikanji.kit.db.letters import letter
from shikanji.kit.db.port import Database
from shikanji.kit.db.postgres import TRIES_MAX, PostgresDatabase
from shikanji.kit.db.postgres_connection import TRANSACTION_SECONDS_MAX
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.web.envelope import problem_json
from tests.engines.postgres import PostgresServer
from tests.kit.counters import SERVICE, add, values
from tests.kit.databases import OpenDatabase, make_ground, open_postgres
from tests.kit.delivering import Subscriber, broken, envelope, states

P = ParamSpec("P")
T = TypeVar("T")


@pytest.fixture
async def postgres(postgres_server: PostgresServer) -> AsyncIterator[OpenDatabase]:
    async with open_postgres(SERVICE, postgres_server) as opened:
        yield opened


@pytest.fixture
async def other(postgres: OpenDatabase, postgres_server: PostgresServer) -> AsyncIterator[PostgresDatabase]:
    """The same database as another process has opened it: units of one process never meet in it."""
    db = PostgresDatabase(postgres_server.url(name_of(postgres)), postgres.ground)
    await db.start()
    yield db
    await db.close()


def name_of(database: OpenDatabase) -> str:
    name: str = database.query("SELECT current_database()")[0][0]
    return name


def fail_with(tx: Tx, code: str) -> None:
    tx.execute(sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{code}'; END $$"))


class Runs:
    """A unit that counts how often it runs, and does something to the first of its runs."""

    def __init__(self, trouble: Callable[[Tx], Any], times: int = 1) -> None:
        self.count = 0
        self._trouble, self._times = trouble, times

    def __call__(self, tx: Tx) -> int:
        self.count += 1
        result = add(tx, "a")
        if self.count <= self._times:
            self._trouble(tx)
        return result


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_a_unit_that_lost_against_another_is_run_again(postgres: OpenDatabase, code: str) -> None:
    runs = Runs(lambda tx: fail_with(tx, code), times=2)

    assert await postgres.write(runs) == 1

    assert runs.count == 3


async def test_running_again_has_an_end(postgres: OpenDatabase) -> None:
    runs = Runs(lambda tx: fail_with(tx, "40001"), times=100)

    with pytest.raises(TransactionConflict):
        await postgres.write(runs)

    # Once with whoever else waited, and so often by itself.
    assert runs.count == 1 + TRIES_MAX
    assert await postgres.read(values) == {}


@pytest.mark.parametrize(
    ("code", "kind"),
    [("53100", StorageFault), ("58030", StorageFault), ("XX000", StorageFault), ("42704", psycopg.Error)],
)
async def test_nothing_else_is_run_again(postgres: OpenDatabase, code: str, kind: type[Exception]) -> None:
    runs = Runs(lambda tx: fail_with(tx, code))

    with pytest.raises(kind):
        await postgres.write(runs)

    assert runs.count == 1


@pytest.mark.parametrize(("code", "kind"), [("57014", TooSlow), ("55P03", LockTimeout)])
async def test_what_holds_others_up_is_run_again_once_by_itself(
    postgres: OpenDatabase, code: str, kind: type[StorageFault]
) -> None:
    once, always = Runs(lambda tx: fail_with(tx, code)), Runs(lambda tx: fail_with(tx, code), times=100)

    assert await postgres.write(once) == 1
    with pytest.raises(kind) as told:
        await postgres.write(always)

    assert (once.count, always.count) == (2, 2)
    # For logs: the database's words name tables and sessions, which are no business of a client.
    assert "planted" in str(told.value)
    assert b"planted" not in problem_json(told.value, "")


async def test_a_real_deadlock_is_settled_by_running_one_again(postgres: OpenDatabase, other: PostgresDatabase) -> None:
    await postgres.write(add, "a")
    await postgres.write(add, "b")
    both_hold_one = threading.Barrier(2)

    def crosswise(first: str, second: str) -> Callable[[Tx], None]:
        started: list[None] = []

        def unit(tx: Tx) -> None:
            add(tx, first)
            if not started:
                started.append(None)
                both_hold_one.wait()
            add(tx, second)

        return unit

    await asyncio.gather(postgres.write(crosswise("a", "b")), other.write(crosswise("b", "a")))

    assert await postgres.read(values) == {"a": 3, "b": 3}


async def test_an_event_in_a_deadlock_gives_up_its_locks_and_is_run_again(
    postgres: OpenDatabase, other: PostgresDatabase
) -> None:
    """The batch has locked `a` and wants `b`; another unit has locked `b` and wants `a`."""
    await postgres.write(add, "a")
    await postgres.write(add, "b")
    subscriber, both_hold_one = Subscriber(), threading.Barrier(2)
    met: list[str] = []

    def meet_once(party: str) -> None:
        if party not in met:
            met.append(party)
            both_hold_one.wait()

    def crossing(tx: Tx) -> None:
        add(tx, "b")
        meet_once("crossing")
        add(tx, "a")

    def then_b(tx: Tx) -> None:
        meet_once("inbox")
        add(tx, "b")

    subscriber.trouble["a"] = then_b
    inbox = subscriber.inbox(postgres)
    await asyncio.gather(
        inbox.receive([envelope("c1", "c"), envelope("a1", "a", 1), envelope("a2", "a", 2)]), other.write(crossing)
    )
    while await inbox.retry():
        pass

    assert set(states(postgres).values()) == {"done"}
    assert await postgres.read(values) == {"a": 4, "b": 4, "c": 1}


class SlowToCommit:
    """The database of a process that dawdles before each commit."""

    def __init__(self, db: Database) -> None:
        self.service, self.load, self.lanes = db.service, db.load, db.lanes
        self.read, self.subscribe_commits, self.start, self.close = db.read, db.subscribe_commits, db.start, db.close
        self.write_patiently = db.write_patiently
        self.is_done, self.may_commit = threading.Event(), threading.Event()
        self._db = db

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def slowly(tx: Tx) -> T:
            value = fn(tx, *args, **kwargs)
            self.is_done.set()
            self.may_commit.wait(10)
            return value

        return await self._db.write(slowly)


async def test_an_event_that_comes_to_wait_while_the_first_is_tried_again_is_not_left_behind(
    postgres: OpenDatabase, other: PostgresDatabase
) -> None:
    """One process has seen `a` parked, and is still at work when another has handled all that waited there."""
    subscriber, slow = Subscriber(), SlowToCommit(other)
    inbox = subscriber.inbox(postgres)
    subscriber.trouble["a"] = broken
    await inbox.receive([envelope("a1", "a", 1)])
    subscriber.trouble.clear()
    postgres.clock.advance(MINUTE)

    receiving = asyncio.create_task(
        Inbox(slow, subscriber.subscribers, jitter=lambda: 0.5).receive([envelope("a2", "a", 2)])
    )
    await asyncio.to_thread(slow.is_done.wait, 10)
    retrying = asyncio.create_task(inbox.retry())
    await asyncio.wait({retrying}, timeout=0.5)
    slow.may_commit.set()
    await asyncio.gather(receiving, retrying)
    while await inbox.retry():
        pass

    assert states(postgres) == {"a1": "done", "a2": "done"}


async def test_a_deadlock_told_by_the_server_is_not_counted_against_the_event(postgres: OpenDatabase) -> None:
    subscriber = Subscriber()
    subscriber.trouble["a"] = lambda tx: fail_with(tx, "40P01")
    inbox = subscriber.inbox(postgres)

    await inbox.receive([envelope("a1", "a", 1), envelope("b1", "b"), envelope("a2", "a", 2)])

    assert states(postgres) == {"a1": "waiting", "a2": "waiting", "b1": "done"}
    assert (await postgres.read(letter, "a1")).attempts == 0
    subscriber.trouble.clear()
    assert await inbox.retry() == 2


async def test_a_connection_lost_before_the_commit_is_not_rerun(postgres: OpenDatabase) -> None:
    def lose_the_connection(tx: Tx) -> None:
        cut(postgres, tx)
        add(tx, "b")

    runs = Runs(lose_the_connection)
    with pytest.raises(TransactionOver):
        await postgres.write(runs)

    assert runs.count == 1
    assert await postgres.read(values) == {}
    assert await postgres.write(add, "a") == 1


async def test_a_broken_connection_is_not_handed_out_again(postgres: OpenDatabase) -> None:
    def cut_and_fail(tx: Tx) -> None:
        cut(postgres, tx)
        raise ValueError("planted")

    with pytest.raises(ValueError, match="planted"):
        await postgres.write(cut_and_fail)

    assert await postgres.write(add, "a") == 1


async def test_a_connection_lost_at_the_commit_is_unknown_and_not_rerun(postgres: OpenDatabase) -> None:
    runs = Runs(lambda tx: cut(postgres, tx))

    with pytest.raises(Unavailable, match="got no answer"):
        await postgres.write(runs)

    assert runs.count == 1
    assert await postgres.write(add, "b") == 1


async def test_a_conflict_found_at_the_commit_is_run_again(postgres: OpenDatabase) -> None:
    def conflict_at_commit(tx: Tx) -> None:
        tx.control(  # type: ignore[attr-defined]
            "CREATE FUNCTION pg_temp.lose() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '40001'; END $$"
        )
        tx.control(  # type: ignore[attr-defined]
            "CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON aggregates DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.lose()"
        )
        tx.control("INSERT INTO aggregates VALUES ('x', 1)")  # type: ignore[attr-defined]

    runs = Runs(conflict_at_commit)

    assert await postgres.write(runs) == 1

    assert runs.count == 2


async def test_a_database_that_does_not_answer_is_a_503(postgres_server: PostgresServer) -> None:
    db = PostgresDatabase(postgres_server.url("nowhere"), make_ground(SERVICE))
    await db.start()

    with pytest.raises(Unavailable, match="does not answer"):
        await db.write(add, "a")

    await db.close()


async def test_a_transaction_has_an_end_whatever_it_does(postgres: OpenDatabase) -> None:
    """A client that dies in the middle of a message is not idle and runs no statement; others wait for its rows."""
    limit = await postgres.read(
        lambda tx: tx.execute(sa.text("SELECT current_setting('transaction_timeout')")).scalar()
    )

    assert limit == f"{TRANSACTION_SECONDS_MAX // 60}min"


async def test_levels_and_limits_are_set(postgres: OpenDatabase) -> None:
    def settings(tx: Tx) -> list[Any]:
        names = ("transaction_isolation", "transaction_read_only", "statement_timeout", "synchronous_commit")
        return [tx.execute(sa.text(f"SELECT current_setting('{name}')")).scalar() for name in names]

    assert await postgres.write(settings) == ["read committed", "off", "1s", "on"]
    assert await postgres.read(settings) == ["repeatable read", "on", "15s", "on"]

    def settings_by_itself(tx: Tx) -> list[Any]:
        if settings(tx)[2] == "1s":
            fail_with(tx, "57014")
        return settings(tx)

    assert await postgres.write(settings_by_itself) == ["read committed", "off", "15s", "on"]
    assert await postgres.write(settings) == ["read committed", "off", "1s", "on"]


async def test_connections_that_died_while_they_waited_are_found_out_before_a_unit_runs(postgres: OpenDatabase) -> None:
    runs = Runs(lambda tx: None)
    await asyncio.gather(*(postgres.write(add, name) for name in "bcdefg"))

    cut_all(postgres)

    assert await postgres.write(runs) == 1
    assert runs.count == 1


async def test_what_goes_on_after_an_error_is_undone_and_says_so(postgres: OpenDatabase) -> None:
    """The server answers COMMIT of a failed transaction with a ROLLBACK, and without an error."""

    def swallow(tx: Tx) -> str:
        add(tx, "a")
        with suppress(ConstraintViolated):
            add(tx, "b", -1)
        return "done"

    with pytest.raises(ErrorSwallowed):
        await postgres.write(swallow)

    assert await postgres.read(values) == {}


async def test_a_unit_that_waits_too_long_for_a_connection_is_a_503_that_says_when(
    postgres_server: PostgresServer,
) -> None:
    async with open_postgres(SERVICE, postgres_server, connections_max=1, queue_seconds_max=0.05) as database:
        may_end = threading.Event()
        slow = asyncio.create_task(database.write(lambda tx: may_end.wait(10)))
        late = asyncio.create_task(database.write(add, "a"))
        await asyncio.wait({late}, timeout=0.1)
        may_end.set()

        with pytest.raises(Unavailable, match="too much") as refused:
            await late

        assert refused.value.retry_after_seconds == 1
        assert database.db.load.refused == 1
        assert await slow
        assert await database.read(values) == {}


@pytest.mark.parametrize(
    ("code", "kind"),
    [("57014", TooSlow), ("55P03", LockTimeout), ("25P03", TransactionOver), ("57P01", TransactionOver)],
)
async def test_what_the_server_breaks_off_is_told_apart(
    postgres: OpenDatabase, code: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await postgres.write(fail_with, code)


def cut_all(database: OpenDatabase) -> None:
    """Ends the server's side of every connection to this database."""
    database.query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def cut(database: OpenDatabase, tx: Tx) -> None:
    """Ends the server's side of the transaction's connection."""
    own = tx.execute(sa.text("SELECT pg_backend_pid()")).scalar()
    database.query(f"SELECT pg_terminate_backend({own}, 5000)")
