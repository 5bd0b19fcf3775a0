"""Units of work, the same on every database."""

import asyncio
from contextlib import suppress
from typing import cast

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.context import bind
from shikanji.kit.db.faults import ConstraintViolated, TransactionOver
from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import PLANNED, RECORDED, Tx
from shikanji.kit.errors import Conflict, TooLarge, Unavailable
from tests.kit.counters import INSERT, CounterMoved, CounterSettings, add, add_and_tell, counters, value, values
from tests.kit.databases import OpenDatabase


class Stumbled(Exception):
    """What a unit raises on its way."""


class Unstorable(CounterMoved, frozen=True, kw_only=True):
    schema_version = cast(str, None)


ADD_ONCE = upsert(counters).on_conflict_do_nothing(index_elements=[counters.c.id])
LOWER = (
    sa.update(counters)
    .values(value=counters.c.value - bindparam("by"))
    .where(counters.c.id == bindparam("counter"), counters.c.value >= bindparam("by"))
)
SOME = sa.select(counters.c.id).where(any_of(counters.c.id, "ids")).order_by(counters.c.id)
SUM = sa.select(sa.func.sum(counters.c.value))
NOTE = sa.select(counters.c.note).where(counters.c.id == bindparam("counter"))


async def test_what_is_written_is_read(database: OpenDatabase) -> None:
    assert await database.write(add, "a", 3) == 3

    assert await database.read(value, "a") == 3


async def test_units_at_once_all_count(database: OpenDatabase) -> None:
    results = await asyncio.gather(*(database.write(add, "a") for _ in range(200)))

    assert sorted(results) == list(range(1, 201))


async def test_a_unit_that_raises_leaves_nothing_and_harms_no_other(database: OpenDatabase) -> None:
    def refuse(tx: Tx) -> None:
        add_and_tell(tx, "refused")
        raise Conflict("not like this")

    results = await asyncio.gather(
        database.write(add, "a"), database.write(refuse), database.write(add, "b"), return_exceptions=True
    )

    assert [type(result) for result in results] == [int, Conflict, int]
    assert await database.read(values) == {"a": 1, "b": 1}
    assert database.events() == []


async def test_a_constraint_refuses_the_unit(database: OpenDatabase) -> None:
    with pytest.raises(ConstraintViolated):
        await database.write(add, "a", -1)

    assert await database.read(values) == {}


async def test_a_savepoint_is_undone_alone(database: OpenDatabase) -> None:
    def fail_inside(tx: Tx) -> None:
        with tx.savepoint():
            add(tx, "inner")
            with tx.savepoint():
                add(tx, "innermost", -1)

    def try_twice(tx: Tx) -> None:
        add(tx, "outer")
        with pytest.raises(ConstraintViolated):
            fail_inside(tx)
        with tx.savepoint():
            add(tx, "after")

    await database.write(try_twice)

    assert await database.read(values) == {"after": 1, "outer": 1}


async def test_a_read_sees_one_moment(database: OpenDatabase) -> None:
    await database.write(add, "a")

    def look_twice(tx: Tx) -> tuple[int | None, int | None]:
        before = value(tx, "a")
        database.direct().write(add, "a")
        return before, value(tx, "a")

    assert await database.read(look_twice) == (1, 1)
    # The database was not told of this write: it looks anew in the next round of the loop.
    await asyncio.sleep(0)
    assert await database.read(value, "a") == 2


async def test_who_heard_of_a_commit_reads_what_it_wrote(database: OpenDatabase) -> None:
    seen: list[tuple[int, int | None]] = []

    async def write_and_read(number: int) -> None:
        for by in range(1, 20):
            await database.write(add, f"counter-{number}", 1)
            seen.append((by, await database.read(value, f"counter-{number}")))

    await asyncio.gather(*(write_and_read(number) for number in range(20)))

    assert all(written == read for written, read in seen)


async def test_a_read_changes_nothing(database: OpenDatabase) -> None:
    with pytest.raises(Exception, match=r"read.?only"):
        await database.read(add, "a")

    assert await database.read(values) == {}


async def test_a_transaction_is_of_no_use_after_its_unit(database: OpenDatabase) -> None:
    kept: list[Tx] = []
    await database.write(kept.append)
    await database.read(kept.append)

    for tx in kept:
        with pytest.raises(TransactionOver):
            value(tx, "a")


async def test_a_unit_knows_the_request_it_works_for(database: OpenDatabase) -> None:
    with bind("request-1", "event-7"):
        await database.write(add_and_tell, "a")
    await database.write(add_and_tell, "b")

    first, second = database.events()
    assert (first.correlation_id, first.causation_id) == ("request-1", "event-7")
    assert second.correlation_id == second.causation_id != "request-1"


async def test_events_of_an_aggregate_are_counted_without_a_gap(database: OpenDatabase) -> None:
    def tell_then_fail(tx: Tx) -> None:
        add_and_tell(tx, "a")
        raise Conflict

    moves = [database.write(add_and_tell, "a"), database.write(tell_then_fail), database.write(add_and_tell, "b")]
    await asyncio.gather(*moves, *(database.write(add_and_tell, "a") for _ in range(20)), return_exceptions=True)

    of_a = [event.version for event in database.events() if event.aggregate_id == "a"]
    assert of_a == list(range(1, 22))
    assert database.query("SELECT DISTINCT store_id, schema_version FROM outbox") == [("s1", "1")]


async def test_events_recorded_together_count_like_those_recorded_one_by_one(database: OpenDatabase) -> None:
    def tell(tx: Tx) -> None:
        tx.record(CounterMoved(counter_id="a", by=1))
        tx.record(*(CounterMoved(counter_id=name, by=2) for name in ("b", "a", "a", "b")))
        tx.record()

    await database.write(tell)

    told = [(event.aggregate_id, event.version) for event in database.events()]
    assert told == [("a", 1), ("b", 1), ("a", 2), ("a", 3), ("b", 2)]


async def test_events_of_many_aggregates_are_counted_each_for_itself(database: OpenDatabase) -> None:
    names = [f"counter-{number:02}" for number in range(20)]

    def move(tx: Tx) -> None:
        tx.record(*(CounterMoved(counter_id=name, by=1) for name in reversed(names)))
        tx.record(*(CounterMoved(counter_id=name, by=1) for name in names[:2]))

    await database.write(move)

    told = [(event.aggregate_id, event.version) for event in database.events()]
    assert told == [(name, 1) for name in reversed(names)] + [(name, 2) for name in names[:2]]


async def test_events_recorded_in_a_part_that_is_undone_never_were(database: OpenDatabase) -> None:
    def move(tx: Tx) -> None:
        tx.record(CounterMoved(counter_id="before", by=1))
        with suppress(Stumbled), tx.savepoint():
            tx.record(CounterMoved(counter_id="inside", by=1))
            with tx.savepoint():
                tx.record(CounterMoved(counter_id="further inside", by=1))
            raise Stumbled
        with tx.savepoint():
            tx.record(CounterMoved(counter_id="after", by=1))

    await database.write(move)

    assert [event.aggregate_id for event in database.events()] == ["before", "after"]


async def test_a_statement_is_run_for_each_row(database: OpenDatabase) -> None:
    def add(tx: Tx) -> list[int]:
        return [
            tx.run_each(INSERT, [{"id": name, "value": 1, "note": None} for name in ("a", "b", "c")]),
            tx.run_each(LOWER, [{"counter": name, "by": 1} for name in ("a", "nobody", "c")]),
            tx.run_each(INSERT, []),
        ]

    assert await database.write(add) == [3, 2, 0]
    with pytest.raises(ConstraintViolated):
        await database.write(lambda tx: tx.run_each(INSERT, [{"id": "a", "value": 1, "note": None}] * 2))
    with pytest.raises(TypeError, match=r"missing \['note'\], unknown \[\]"):
        await database.write(lambda tx: tx.run_each(INSERT, [{"id": "d", "value": 1}]))


async def test_an_event_that_cannot_be_stored_fails_its_unit(database: OpenDatabase) -> None:
    def tell(tx: Tx) -> None:
        tx.record(*[Unstorable(counter_id="a", by=1)] * 2)

    with pytest.raises(ConstraintViolated):
        await database.write(tell)


async def test_commits_wake_those_who_wait_for_their_kind(database: OpenDatabase, engine: str) -> None:
    woken: asyncio.Queue[str] = asyncio.Queue()
    database.db.subscribe_commits(lambda: woken.put_nowait("relay"), RECORDED)
    database.db.subscribe_commits(lambda: woken.put_nowait("jobs"), PLANNED)
    if engine == "postgres":
        # Nobody knows what other processes did before it listened to them.
        assert {await woken.get(), await woken.get()} == {"relay", "jobs"}

    await database.write(add, "a")
    assert woken.empty()
    await database.write(add_and_tell, "a")
    assert woken.get_nowait() == "relay"
    await database.write(lambda tx: tx.schedule("mail", "a", tx.now))
    assert woken.get_nowait() == "jobs"
    assert woken.empty()


async def test_a_conditional_update_says_whether_it_took(database: OpenDatabase) -> None:
    await database.write(add, "a", 3)

    def lower(tx: Tx, by: int) -> int:
        return tx.run(LOWER, counter="a", by=by).count

    assert [await database.write(lower, 2), await database.write(lower, 2)] == [1, 0]


async def test_an_insert_says_whether_the_row_was_new(database: OpenDatabase) -> None:
    def add_once(tx: Tx) -> int:
        return tx.run(ADD_ONCE, id="a", value=1, note=b"\x00\xff").count

    assert [await database.write(add_once), await database.write(add_once)] == [1, 0]
    assert await database.read(lambda tx: tx.run(NOTE, counter="a").scalar()) == b"\x00\xff"


async def test_lists_are_bound_however_long(database: OpenDatabase) -> None:
    for name in ("a", "b", "c"):
        await database.write(add, name)

    def some(tx: Tx, ids: list[str]) -> list[str]:
        return [row[0] for row in tx.run(SOME, ids=ids)]

    assert await database.read(some, []) == []
    assert await database.read(some, ["c", "a", "nobody's"]) == ["a", "c"]
    assert await database.read(some, [f"x{i}" for i in range(5_000)] + ["b"]) == ["b"]


async def test_a_statement_built_for_one_call_runs_too(database: OpenDatabase) -> None:
    def work(tx: Tx) -> list[str]:
        tx.execute(sa.insert(counters).values(id="100%", value=5, note=None))
        touched = tx.execute(sa.update(counters).values(value=6).where(counters.c.id.in_(["100%", "b"]))).count
        assert touched == 1
        found = sa.select(counters.c.id).where(counters.c.id.like("%0\\%", escape="\\"), counters.c.value.in_([6, 7]))
        return [row[0] for row in tx.execute(found.limit(3))]

    assert await database.write(work) == ["100%"]


async def test_a_sum_is_an_integer(database: OpenDatabase) -> None:
    await database.write(add, "a", 2**53)
    await database.write(add, "b", 2**53 + 1)

    total = await database.read(lambda tx: tx.run(SUM).scalar())
    averaged = await database.read(lambda tx: tx.execute(sa.select(sa.func.avg(counters.c.value))).scalar())

    assert type(total) is int
    assert total == 2**54 + 1
    assert float(averaged) == pytest.approx(2.0**53)


async def test_a_bug_in_a_statement_is_shown_as_it_is(database: OpenDatabase) -> None:
    with pytest.raises(Exception, match="nowhere") as caught:
        await database.write(lambda tx: tx.execute(sa.text("SELECT 1 FROM nowhere")))

    assert not isinstance(caught.value, Unavailable)


async def test_settings_secrets_and_ids_come_with_the_transaction(database: OpenDatabase) -> None:
    def look(tx: Tx) -> tuple[int, bytes, bool]:
        return tx.settings(CounterSettings).step, tx.secret("codes"), tx.new_id() < tx.new_id()

    assert await database.read(look) == (1, database.ground.secrets.derive("codes"), True)
    with pytest.raises(TypeError, match="counters has CounterSettings"):
        await database.read(lambda tx: tx.settings(OtherSettings))


class OtherSettings(CounterSettings, frozen=True):
    pass


async def test_names_must_fit_the_statement(database: OpenDatabase) -> None:
    with pytest.raises(TypeError, match=r"missing \['value'\], unknown \['valu'\]"):
        await database.write(lambda tx: tx.run(INSERT, id="a", valu=1, note=None))
    with pytest.raises(TypeError, match=r"missing \['note', 'value'\]"):
        await database.write(lambda tx: tx.run(INSERT, id="a"))


async def test_who_waits_in_vain_is_told_at_once(small_database: OpenDatabase) -> None:
    outcomes = await asyncio.gather(*(small_database.write(add, "a") for _ in range(3)), return_exceptions=True)

    refused = outcomes.pop()
    assert sorted(outcomes) == [1, 2]  # type: ignore[type-var]
    assert isinstance(refused, Unavailable)
    assert refused.retry_after_seconds == 1
    assert await small_database.write(add, "a") == 3


async def test_closing_finishes_what_was_begun(database: OpenDatabase) -> None:
    waiting = [asyncio.create_task(database.write(add, "a")) for _ in range(30)]
    await asyncio.sleep(0)

    await database.db.close()

    assert sorted(await asyncio.gather(*waiting)) == list(range(1, 31))
    for call in (database.write(add, "a"), database.read(value, "a")):
        with pytest.raises(Unavailable):
            await call
    await database.db.close()


async def test_an_event_too_large_for_the_bus_is_refused_and_undoes_its_unit(database: OpenDatabase) -> None:
    def record(tx: Tx) -> None:
        add(tx, "a")
        tx.record(CounterMoved(counter_id="c" * 600_000, by=1))

    with pytest.raises(TooLarge, match="CounterMoved"):
        await database.write(record)

    assert database.events() == []
    assert await database.read(values) == {}


async def test_a_caller_that_goes_away_disturbs_nobody(database: OpenDatabase) -> None:
    leaver = asyncio.create_task(database.write(add, "gone"))
    await asyncio.sleep(0)
    leaver.cancel()

    assert await database.write(add, "a") == 1
    with pytest.raises(asyncio.CancelledError):
        await leaver


async def test_the_commit_of_a_caller_that_went_away_wakes_the_relay(database: OpenDatabase, engine: str) -> None:
    woken = asyncio.Event()
    database.db.subscribe_commits(woken.set, RECORDED)
    if engine == "postgres":
        # Once, when it begins to listen to others.
        await woken.wait()
        woken.clear()
    began, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell(tx: Tx) -> None:
        loop.call_soon_threadsafe(began.set)
        add_and_tell(tx, "a")

    leaver = asyncio.create_task(database.write(tell))
    await began.wait()
    leaver.cancel()

    async with asyncio.timeout(60):
        await woken.wait()
    assert len(database.events()) == 1


async def test_commands_use_the_same_functions_without_a_loop(database: OpenDatabase) -> None:
    direct = database.direct()

    assert direct.write(add_and_tell, "a", 2) == 2
    with pytest.raises(ConstraintViolated):
        direct.write(add, "a", -5)
    assert direct.read(value, "a") == 2
    assert await database.read(value, "a") == 2
