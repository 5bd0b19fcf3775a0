"""What only SQLite's writer must get right: groups that fail as a whole, and never a word before the commit."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from shikanji.kit.context import Origin
from shikanji.kit.db.faults import StorageFault
from shikanji.kit.db.safe_sqlite import UnsafeSqlite, require_safe_version
from shikanji.kit.db.sqlite import INLINE_OPERATIONS_MAX, SqliteDatabase, SqliteDirect
from shikanji.kit.db.sqlite_connection import open_reader, open_writer
from shikanji.kit.db.sqlite_writer import CAREFUL_GROUPS, GROUP_UNITS_MAX, CommitThread, SqliteWriter, Unit
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from tests.kit.counters import INSERT, SERVICE, add, add_and_tell, value, values
from tests.kit.databases import OpenDatabase, make_ground, open_database

NO_LIMIT = 60.0
"""Seconds: groups end by what is queued, not by how fast the machine is."""


@pytest.fixture
async def sqlite(tmp_path: Path) -> Any:
    async with open_database(SERVICE, tmp_path, group_seconds_max=NO_LIMIT) as opened:
        yield opened


BIG = bytes(1_000_000)


def limit_the_disk(tx: Tx) -> None:
    pages = tx.execute(sa.text("PRAGMA page_count")).scalar()
    tx.execute(sa.text(f"PRAGMA max_page_count={pages}"))


def free_the_disk(tx: Tx) -> None:
    tx.execute(sa.text("PRAGMA max_page_count=1000000"))


def fill_the_disk(tx: Tx) -> None:
    """An INSERT that finds the disk full ends the whole transaction."""
    limit_the_disk(tx)
    tx.run(INSERT, id="big", value=1, note=BIG)


def end_the_transaction(tx: Tx) -> None:
    add(tx, "ended")
    tx.control("ROLLBACK")  # type: ignore[attr-defined]


def let_the_commit_fail(tx: Tx) -> None:
    """A foreign key that is looked at only by COMMIT."""
    tx.execute(sa.text("CREATE TABLE IF NOT EXISTS child (id TEXT REFERENCES counters (id))"))
    tx.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
    tx.execute(sa.text("INSERT INTO child VALUES ('nobody')"))


@pytest.mark.parametrize("disaster", [fill_the_disk, end_the_transaction, let_the_commit_fail])
async def test_what_ends_the_transaction_fails_its_whole_group(sqlite: OpenDatabase, disaster: Any) -> None:
    before = [sqlite.write(add, "a") for _ in range(3)]

    outcomes = await asyncio.gather(*before, sqlite.write(disaster), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 4
    assert len({str(outcome) for outcome in outcomes}) == 1
    assert await sqlite.read(values) == {}
    await sqlite.write(free_the_disk)
    assert await sqlite.write(add, "a") == 1


async def test_a_full_disk_that_ends_only_a_statement_fails_only_its_unit(sqlite: OpenDatabase) -> None:
    await sqlite.write(limit_the_disk)

    outcomes = await asyncio.gather(
        sqlite.write(add, "a"), sqlite.write(add, "big", note=BIG), sqlite.write(add, "a"), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [int, StorageFault, int]
    assert await sqlite.read(values) == {"a": 2}


async def test_nothing_written_after_the_transaction_ended_is_kept(sqlite: OpenDatabase) -> None:
    def go_on_regardless(tx: Tx) -> None:
        try:
            fill_the_disk(tx)
        except Unavailable:
            add(tx, "a")

    with pytest.raises(Unavailable):
        await sqlite.write(go_on_regardless)

    assert await sqlite.read(values) == {}


async def test_an_answer_is_given_only_after_the_commit(sqlite: OpenDatabase) -> None:
    seen: list[Any] = []
    writing = [asyncio.create_task(sqlite.write(add, "a")) for _ in range(3)]
    for task in writing:
        task.add_done_callback(lambda _: seen.append(sqlite.query("SELECT value FROM counters")))

    await asyncio.gather(*writing)

    assert seen == [[(3,)]] * 3


async def test_a_unit_whose_caller_has_gone_is_not_begun(sqlite: OpenDatabase) -> None:
    leaver = asyncio.create_task(sqlite.write(add, "gone"))
    staying = asyncio.create_task(sqlite.write(add, "a"))
    await asyncio.sleep(0)
    leaver.cancel()

    await staying

    assert await sqlite.read(values) == {"a": 1}


async def test_an_exception_that_no_future_carries_harms_no_other(sqlite: OpenDatabase) -> None:
    def stop(_: Tx) -> None:
        raise StopIteration

    outcomes = await asyncio.gather(sqlite.write(stop), sqlite.write(add, "a"), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [RuntimeError, int]


class Writing:
    """A writer by itself, whose groups the test looks at."""

    def __init__(self, path: Path, ground: Ground | None = None) -> None:
        self.connection = open_writer(path)
        self.groups: list[list[Unit]] = []
        self.writer = SqliteWriter(
            self.connection,
            ground or make_ground(SERVICE),
            self.groups.append,
            CommitThread("counters"),
            group_seconds_max=NO_LIMIT,
        )

    def put(self, fn: Any, *args: Any, patient: bool = False) -> None:
        unit = Unit(fn, args, {}, Origin(), asyncio.get_running_loop().create_future())
        self.writer.put(unit, patient=patient)

    async def finish(self) -> None:
        await self.writer.stop()
        self.connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    connection = open_writer(tmp_path / "counters.db")
    connection.execute("CREATE TABLE counters (id TEXT PRIMARY KEY, value INTEGER NOT NULL, note BLOB)")
    connection.close()
    return tmp_path / "counters.db"


async def test_what_is_queued_shares_a_commit_up_to_a_limit(path: Path) -> None:
    writing = Writing(path)
    for _ in range(GROUP_UNITS_MAX + 2):
        writing.put(add, "a")

    await writing.finish()

    assert [len(group) for group in writing.groups] == [GROUP_UNITS_MAX, 2]
    assert SqliteDirect(path, make_ground(SERVICE), read_only=True).read(value, "a") == GROUP_UNITS_MAX + 2


async def test_a_group_ends_when_its_time_is_up(tmp_path: Path) -> None:
    async with open_database(SERVICE, tmp_path, group_seconds_max=0) as opened:
        commits: list[int] = []
        opened.db.subscribe_commits(lambda: commits.append(1))

        await asyncio.gather(*(opened.write(add_and_tell, "a") for _ in range(4)))

    assert len(commits) == 4


async def test_what_comes_while_a_commit_is_syncing_is_in_the_next_group(path: Path) -> None:
    writing = Writing(path)
    writing.put(add, "a")
    await asyncio.sleep(0)
    for _ in range(5):
        writing.put(add, "a")

    await writing.finish()

    assert [len(group) for group in writing.groups] == [1, 5]


async def test_what_clients_wait_for_goes_before_the_patient_and_then_in_turn(path: Path) -> None:
    writing, began = Writing(path), []

    def note(_: Tx, name: str) -> None:
        began.append(name)
        if began == ["client"]:
            # What arrives for as long as the first group is under way.
            writing.put(note, "another client")
            writing.put(note, "another batch", patient=True)

    writing.put(note, "batch", patient=True)
    writing.put(note, "client")
    await writing.finish()

    assert began == ["client", "another client", "batch", "another batch"]
    assert [len(group) for group in writing.groups] == [2, 2]


async def test_the_patient_wait_for_one_group_of_clients_and_no_longer(path: Path) -> None:
    writing, began = Writing(path), []

    def note(_: Tx, name: str) -> None:
        began.append(name)

    for number in range(2 * GROUP_UNITS_MAX):
        writing.put(note, f"client {number}")
    writing.put(note, "batch", patient=True)
    await writing.finish()

    assert began[GROUP_UNITS_MAX] == "batch"


@pytest.mark.parametrize("patient", [True, False])
async def test_of_several_databases_one_patient_group_goes_in_a_round_of_the_loop(
    patient: bool, tmp_path: Path
) -> None:
    ground, ran_in = make_ground(SERVICE), list[int]()
    writings = [Writing(tmp_path / f"{name}.db", ground) for name in ("one", "another", "third")]
    rounds = 0

    def count_rounds() -> None:
        nonlocal rounds
        rounds += 1
        if len(ran_in) < len(writings):
            asyncio.get_running_loop().call_soon(count_rounds)

    for writing in writings:
        writing.put(lambda _: ran_in.append(rounds), patient=patient)
    count_rounds()
    for writing in writings:
        await writing.finish()

    assert len(set(ran_in)) == (len(writings) if patient else 1)


class Refused(Exception):
    """What a unit fails with."""


def add_and_fail(tx: Tx) -> None:
    add(tx, "failed")
    raise Refused


async def test_what_failed_beside_others_takes_nothing_of_theirs(path: Path) -> None:
    writing = Writing(path)
    for fn in (add, add, add_and_fail, add, add_and_fail):
        writing.put(fn, *(("kept",) if fn is add else ()))

    await writing.finish()

    errors = [unit.error for group in writing.groups for unit in group]
    assert [type(error) for error in errors] == [type(None), type(None), Refused, type(None), Refused]
    reading = SqliteDirect(path, make_ground(SERVICE), read_only=True)
    assert reading.read(values) == {"kept": 3}


async def test_after_a_failure_no_unit_is_run_twice_for_a_while(sqlite: OpenDatabase) -> None:
    runs: list[int] = []

    async def group(number: int) -> None:
        units = (lambda _: runs.append(number), lambda _: runs.append(number), add_and_fail)
        await asyncio.gather(*(sqlite.write(unit) for unit in units), return_exceptions=True)

    for number in range(CAREFUL_GROUPS + 2):
        await group(number)

    assert [runs.count(number) for number in range(CAREFUL_GROUPS + 2)] == [4, *[2] * CAREFUL_GROUPS, 4]


async def test_a_file_that_another_has_locked_is_a_503(path: Path) -> None:
    writing = Writing(path)
    locker = open_writer(path)
    locker.execute("BEGIN IMMEDIATE")
    writing.connection.execute("PRAGMA busy_timeout=0")
    writing.put(add, "a")
    writing.put(add, "a")

    await writing.finish()

    assert [type(unit.error) for group in writing.groups for unit in group] == [Unavailable] * 2
    locker.close()


class LostDisk:
    """A connection whose file is gone: a transaction begins, and then nothing works, not even its end."""

    in_transaction = True

    def cursor(self) -> "LostDisk":
        return self

    def execute(self, sql: str, *_: Any) -> None:
        if sql != "BEGIN IMMEDIATE":
            raise OSError("disk I/O error")


async def test_who_writes_to_a_disk_that_is_gone_is_told_so() -> None:
    told: list[Unit] = []
    writer = SqliteWriter(
        LostDisk(), make_ground(SERVICE), told.extend, CommitThread("counters"), group_seconds_max=NO_LIMIT
    )

    for _ in range(3):
        writer.put(Unit(add, ("a",), {}, Origin(), asyncio.get_running_loop().create_future()))
    async with asyncio.timeout(60):
        await writer.stop()

    assert [type(unit.error) for unit in told] == [Unavailable] * 3


async def test_a_long_read_leaves_the_event_loop(sqlite: OpenDatabase) -> None:
    def count_to(tx: Tx, n: int) -> tuple[str, int]:
        numbers = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :n) SELECT count(*) FROM c"
        total = tx.execute(sa.text(numbers).bindparams(n=n)).scalar()
        return threading.current_thread().name, total

    main = threading.current_thread().name

    assert await sqlite.read(count_to, 10) == (main, 10)
    long, total = await sqlite.read(count_to, INLINE_OPERATIONS_MAX)
    assert long.startswith("counters-reader")
    assert total == INLINE_OPERATIONS_MAX
    assert (await sqlite.read(count_to, 10))[0].startswith("counters-reader")


async def test_a_short_read_stays_on_the_event_loop_however_often_it_runs(sqlite: OpenDatabase) -> None:
    def read(tx: Tx) -> str:
        value(tx, "a")
        return threading.current_thread().name

    threads = {await sqlite.read(read) for _ in range(INLINE_OPERATIONS_MAX // 5)}

    assert threads == {threading.current_thread().name}


async def test_a_snapshot_ends_however_much_its_reads_took(sqlite: OpenDatabase) -> None:
    """Sooner or later the look at how much it was falls into the end itself."""
    assert isinstance(sqlite.db, SqliteDatabase)

    for _ in range(INLINE_OPERATIONS_MAX // 5):
        await sqlite.read(value, "a")
        sqlite.db._budget.calls = INLINE_OPERATIONS_MAX
        await asyncio.sleep(0)


async def test_the_memory_of_long_reads_has_a_limit(sqlite: OpenDatabase) -> None:
    assert isinstance(sqlite.db, SqliteDatabase)
    for number in range(1_000):
        sqlite.db._remember_long(number)

    assert len(sqlite.db._long_reads) <= 500


async def test_connections_are_set_up_for_safety(sqlite: OpenDatabase) -> None:
    def settings(tx: Tx) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "query_only")
        return [tx.execute(sa.text(f"PRAGMA {name}")).scalar() for name in names]

    assert await sqlite.write(settings) == ["wal", 2, 1, 0]
    assert (await sqlite.read(settings))[3] == 1


async def test_a_closed_database_is_one_file(tmp_path: Path) -> None:
    async with open_database(SERVICE, tmp_path) as opened:
        await opened.write(add, "a")

    assert os.listdir(tmp_path) == ["counters.db"]
    assert SqliteDirect(tmp_path / "counters.db", make_ground(SERVICE), read_only=True).read(value, "a") == 1


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_reader(tmp_path / "missing.db")


@pytest.mark.parametrize("version", [(3, 51, 3), (3, 53, 4), (4, 0, 0), (3, 50, 7), (3, 50, 8), (3, 44, 6)])
def test_fixed_versions_of_sqlite_are_taken(version: tuple[int, ...]) -> None:
    require_safe_version(version)


@pytest.mark.parametrize("version", [(3, 51, 2), (3, 50, 6), (3, 44, 5), (3, 45, 9), (3, 40, 1)])
def test_versions_with_the_wal_fault_are_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(UnsafeSqlite, match=r"can corrupt"):
        require_safe_version(version)


async def test_reads_and_writes_from_everywhere_at_once(sqlite: OpenDatabase) -> None:
    """Readers on threads, on the loop and in other connections never see half of a unit."""

    def move(tx: Tx) -> None:
        add(tx, "left")
        add(tx, "right")

    def both(tx: Tx) -> bool:
        seen = values(tx)
        return seen.get("left") == seen.get("right")

    direct = sqlite.direct()
    with ThreadPoolExecutor(1) as thread:
        beside = [thread.submit(direct.read, both) for _ in range(50)]
        writes = [asyncio.create_task(sqlite.write(move)) for _ in range(100)]
        consistent = [await sqlite.read(both) for _ in range(50)]
        await asyncio.gather(*writes)

    assert all(consistent)
    assert all(future.result() for future in beside)


async def test_what_is_committed_is_copied_into_the_database_meanwhile(tmp_path: Path) -> None:
    async with open_database(SERVICE, tmp_path, checkpoint_seconds=0.0) as opened:
        path = tmp_path / f"{SERVICE.name}.db"
        for name in ("first-of-all", "second-of-all"):
            await opened.write(add, name)
            await asyncio.wait_for(asyncio.to_thread(until_it_holds, path, name.encode()), 10)


def until_it_holds(path: Path, words: bytes) -> None:
    while words not in path.read_bytes():
        os.sched_yield()


async def test_an_event_that_nobody_wants_is_done_when_it_is_recorded(sqlite: OpenDatabase, tmp_path: Path) -> None:
    nobody = SqliteDirect(tmp_path / "counters.db", replace(sqlite.ground, wanted=lambda _: False))
    nobody.write(add_and_tell, "unheard of")
    await sqlite.write(add_and_tell, "awaited")

    rows = sqlite.query("SELECT aggregate_id, published_at = occurred_at FROM outbox ORDER BY seq")
    assert rows == [("unheard of", 1), ("awaited", None)]
