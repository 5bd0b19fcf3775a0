"""What was published and matched is forgotten in time, and never more than that."""

import pytest
import sqlalchemy as sa

from shikanji.kit.bus.local import LocalBus
from shikanji.kit.clock import DAY, HOUR
from shikanji.kit.db.relay import Relay
from shikanji.kit.db.retention import INBOX_DAYS, OUTBOX_DAYS, forget_published, forget_received
from shikanji.kit.db.sql import KIT
from tests.kit.counters import add_and_tell
from tests.kit.databases import OpenDatabase
from tests.kit.delivering import Subscriber

FOR_EVER = 1 << 62
KILL = sa.update(KIT.inbox).values(state="dead")
AGGREGATES = "SELECT aggregate_id, version, forgotten FROM aggregates ORDER BY aggregate_id"


async def deliver(database: OpenDatabase) -> None:
    bus = LocalBus()
    bus.subscribe("listener", ["CounterMoved"], Subscriber().inbox(database).receive)
    await Relay(database.db, bus).step()


async def test_events_are_forgotten_when_they_were_published_thirty_days_ago_and_their_aggregates_count_on(
    database: OpenDatabase,
) -> None:
    for counter in ("a", "a", "b"):
        await database.write(add_and_tell, counter)
    await deliver(database)
    database.clock.advance(OUTBOX_DAYS * DAY - HOUR)
    await database.write(add_and_tell, "a")
    assert await database.write(forget_published, FOR_EVER) == 0

    database.clock.advance(2 * HOUR)
    forgotten = [await database.write(forget_published, FOR_EVER) for _ in range(2)]

    assert forgotten == [3, 0]
    assert database.query(AGGREGATES) == [("a", 3, 2), ("b", 1, 1)]
    assert [(event.aggregate_id, event.version) for event in database.events()] == [("a", 3)]


async def test_nothing_is_forgotten_that_was_not_matched_or_is_behind_what_must_stay(database: OpenDatabase) -> None:
    await database.write(add_and_tell, "a")
    await deliver(database)
    matched = database.clock.now()
    await database.write(add_and_tell, "a")
    database.clock.advance(2 * OUTBOX_DAYS * DAY)

    # At `matched` the first was published no earlier, and the second never was.
    assert await database.write(forget_published, matched) == 0
    assert await database.write(forget_published, FOR_EVER) == 1
    assert database.query(AGGREGATES) == [("a", 2, 1)]


@pytest.mark.parametrize(("days", "left"), [(INBOX_DAYS - 1, 1), (INBOX_DAYS + 1, 0)])
async def test_an_inbox_knows_its_events_a_day_longer_than_any_outbox(
    database: OpenDatabase, days: int, left: int
) -> None:
    await database.write(add_and_tell, "a")
    await deliver(database)
    database.clock.advance(days * DAY)

    await database.write(forget_received, FOR_EVER)

    assert database.query("SELECT count(*) FROM inbox") == [(left,)]


async def test_dead_letters_are_never_forgotten(database: OpenDatabase) -> None:
    await database.write(add_and_tell, "a")
    await deliver(database)
    await database.write(lambda tx: tx.run(KILL).count)
    database.clock.advance(2 * INBOX_DAYS * DAY)

    assert await database.write(forget_received, FOR_EVER) == 0
