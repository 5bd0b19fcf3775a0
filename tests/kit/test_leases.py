"""A lease has one holder at a time; whoever was paused past its end finds its writes refused."""

import asyncio
from typing import Any

import pytest

from shikanji.kit.clock import SECOND
from shikanji.kit.db.faults import LeaseLost
from shikanji.kit.db.leases import RETRY_SECONDS, Lease, require
from shikanji.kit.db.tx import Tx
from tests.kit.counters import add, values
from tests.kit.databases import OpenDatabase

LENGTH = 10 * SECOND


def lease_of(database: OpenDatabase, holder: str, name: str = "relay") -> Lease:
    return Lease(database.db, name, database.clock, holder=holder, seconds=LENGTH / SECOND)


def rows(database: OpenDatabase) -> list[Any]:
    return database.query("SELECT name, holder, token FROM leases ORDER BY name")


def add_under(tx: Tx, token: int) -> None:
    require(tx, "relay", token)
    add(tx, "a")


async def test_the_first_to_ask_holds_it_and_the_other_does_not(database: OpenDatabase) -> None:
    one, other = lease_of(database, "one"), lease_of(database, "other")

    assert [await one.held(), await other.held()] == [True, False]

    assert rows(database) == [("relay", "one", 1)]


async def test_of_many_that_ask_at_once_one_holds_it(database: OpenDatabase) -> None:
    leases = [lease_of(database, f"holder {number}") for number in range(8)]

    assert sum(await asyncio.gather(*(lease.held() for lease in leases))) == 1


async def test_leases_of_other_names_are_other_leases(database: OpenDatabase) -> None:
    assert await lease_of(database, "one", "relay").held()
    assert await lease_of(database, "other", "puller").held()


async def test_it_is_renewed_after_a_third_and_until_then_costs_nothing(database: OpenDatabase) -> None:
    one, other = lease_of(database, "one"), lease_of(database, "other")
    await one.held()
    units = database.db.load.units

    database.clock.advance(LENGTH // 3 - 1)
    assert await one.held()
    assert database.db.load.units == units

    for _ in range(5):
        database.clock.advance(LENGTH // 2)
        assert [await one.held(), await other.held()] == [True, False]
    assert one.token == 1


async def test_another_takes_it_when_it_is_over_under_a_higher_token(database: OpenDatabase) -> None:
    one, other = lease_of(database, "one"), lease_of(database, "other")
    await one.held()

    database.clock.advance(LENGTH)

    assert [await other.held(), await one.held()] == [True, False]
    assert (one.token, other.token) == (1, 2)


async def test_one_that_comes_late_but_alone_goes_on_under_its_token(database: OpenDatabase) -> None:
    one = lease_of(database, "one")
    await one.held()

    database.clock.advance(3 * LENGTH)

    assert await one.held()
    assert one.token == 1


async def test_a_paused_holder_writes_nothing_more(database: OpenDatabase) -> None:
    one, other = lease_of(database, "one"), lease_of(database, "other")
    await one.held()
    await database.write(add_under, one.token)
    database.clock.advance(LENGTH)
    await other.held()

    with pytest.raises(LeaseLost, match="relay"):
        await database.write(add_under, one.token)
    await database.write(add_under, other.token)

    assert await database.read(values) == {"a": 2}


async def test_what_is_written_under_a_lease_is_committed_before_it_changes_hands(database: OpenDatabase) -> None:
    """The holder's write has begun when another takes over: either it is there, or it was refused."""
    one, other = lease_of(database, "one"), lease_of(database, "other")
    await one.held()
    database.clock.advance(LENGTH)

    outcomes = await asyncio.gather(
        *(database.write(add_under, one.token) for _ in range(4)), other.held(), return_exceptions=True
    )

    assert outcomes[-1] is True
    written = [outcome for outcome in outcomes[:-1] if not isinstance(outcome, LeaseLost)]
    assert (await database.read(values)).get("a", 0) == len(written)


async def test_a_released_lease_is_free_at_once_and_its_token_void(database: OpenDatabase) -> None:
    one, other = lease_of(database, "one"), lease_of(database, "other")
    await one.held()

    await one.release()

    with pytest.raises(LeaseLost):
        await database.write(add_under, one.token)
    assert await other.held()
    assert other.token > one.token


async def test_whoever_lost_it_releases_nothing(database: OpenDatabase) -> None:
    one, other = lease_of(database, "one"), lease_of(database, "other")
    await one.held()
    database.clock.advance(LENGTH)
    await other.held()

    await one.release()

    assert rows(database) == [("relay", "other", 2)]


async def test_whoever_stops_while_the_database_is_away_leaves_it_to_run_out(database: OpenDatabase) -> None:
    one, other = lease_of(database, "one"), lease_of(database, "other")
    await one.held()
    await database.db.close()

    await one.release()

    await database.db.start()
    assert not await other.held()
    database.clock.advance(LENGTH)
    assert await other.held()


async def test_one_that_was_refused_asks_seldom_however_often_it_is_woken(database: OpenDatabase) -> None:
    await lease_of(database, "one").held()
    other = lease_of(database, "other")
    assert not await other.held()
    units = database.db.load.units

    for _ in range(10):
        assert not await other.held()
    assert database.db.load.units == units
    database.clock.advance(round(RETRY_SECONDS * SECOND))
    await other.held()

    assert database.db.load.units == units + 1
