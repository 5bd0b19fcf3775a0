"""The inbox: once per event, in order per aggregate, and one poisoned event harms nothing but its aggregate."""

from itertools import pairwise

import pytest

from shikanji.kit.clock import MINUTE, SECOND
from shikanji.kit.db.faults import StorageFault, TransactionConflict
from shikanji.kit.db.inbox import ATTEMPTS_MAX, BATCH_EVENTS_MAX, DUE_AGGREGATES_MAX
from shikanji.kit.db.letters import NoSuchLetter, NotWaiting, discard, letter, letters, retry
from shikanji.kit.db.tx import Tx
from tests.kit.counters import CounterMoved, values
from tests.kit.databases import OpenDatabase
from tests.kit.delivering import Subscriber, broken, envelope, states


async def test_an_event_has_its_effect_once_however_often_it_comes(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    inbox = subscriber.inbox(database)

    await inbox.receive([envelope("e1"), envelope("e1"), envelope("e2", version=2)])
    await inbox.receive([envelope("e1")])

    assert await database.read(values) == {"a": 2}
    assert states(database) == {"e1": "done", "e2": "done"}
    assert database.query("SELECT DISTINCT envelope FROM inbox") == [(None,)]


async def test_new_events_among_repeated_ones_have_their_effect_in_order(database: OpenDatabase) -> None:
    """As a bus brings them that was filled again: whole batches of old ones, then mixed ones, then new ones only."""
    subscriber = Subscriber()
    inbox = subscriber.inbox(database)
    sent = [envelope(f"e{number:02}", "ab"[number % 2], number) for number in range(40)]
    await inbox.receive(sent[:20])

    for batch in (sent[:10], sent[10:20], sent[15:25], [*sent[20:30], sent[29], sent[28]], sent[30:]):
        await inbox.receive(batch)

    for of_one in (sent[::2], sent[1::2]):
        ids = [each.id for each in of_one]
        assert [heard for heard in subscriber.heard if heard in ids] == ids
    assert await database.read(values) == {"a": 20, "b": 20}
    assert set(states(database).values()) == {"done"}


async def test_a_repeated_event_does_not_overtake_what_waits(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    inbox = subscriber.inbox(database)
    await inbox.receive([envelope("e1", "a", 1), envelope("e1", "a", 1)])
    subscriber.trouble["a"] = broken
    await inbox.receive([envelope("e1", "a", 1), envelope("e2", "a", 2)])

    await inbox.receive([envelope("e2", "a", 2), envelope("e3", "a", 3), envelope("e4", "b", 1)])

    assert states(database) == {"e1": "done", "e2": "waiting", "e3": "waiting", "e4": "done"}


async def test_what_a_handler_records_is_traced_to_its_event(database: OpenDatabase) -> None:
    subscriber = Subscriber()

    def answer(tx: Tx) -> None:
        tx.record(CounterMoved(counter_id="b", by=2))

    subscriber.trouble["a"] = answer
    await subscriber.inbox(database).receive([envelope("e1"), envelope("e2", "other")])

    (answered,) = database.events()
    assert (answered.correlation_id, answered.causation_id) == ("request-of-e1", "e1")


async def test_a_batch_is_cut_into_transactions(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    moments: list[int] = []

    def note_moment(tx: Tx) -> None:
        moments.append(id(tx))

    subscriber.trouble["a"] = note_moment
    batch = [envelope(f"e{number:03}", version=number + 1) for number in range(BATCH_EVENTS_MAX + 10)]

    await subscriber.inbox(database).receive(batch)

    assert await database.read(values) == {"a": len(batch)}
    assert sum(a != b for a, b in pairwise(moments)) <= 1


async def test_a_poisoned_event_parks_its_aggregate_and_nothing_else(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    subscriber.trouble["a"] = broken
    inbox = subscriber.inbox(database)

    waiting = await inbox.receive([envelope("a1", "a", 1), envelope("b1", "b", 1), envelope("a2", "a", 2)])
    await inbox.receive([envelope("a3", "a", 3), envelope("b2", "b", 2)])
    await inbox.receive([envelope("other", "a", 1, source="elsewhere")])

    assert waiting == 1
    assert await database.read(values) == {"b": 2}
    assert set(subscriber.heard) == {"a1", "b1", "b2", "other"}
    assert states(database) == {
        "a1": "waiting",
        "a2": "waiting",
        "a3": "waiting",
        "b1": "done",
        "b2": "done",
        "other": "waiting",
    }


async def test_when_it_heals_all_that_waited_follows_in_order(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    subscriber.trouble["a"] = broken
    inbox = subscriber.inbox(database)
    await inbox.receive([envelope("a2", "a", 2), envelope("a4", "a", 4), envelope("a3", "a", 3)])
    await inbox.receive([envelope("a1", "a", 1)])
    subscriber.trouble.clear()
    subscriber.heard.clear()

    assert await inbox.retry() == 0
    database.clock.advance(await inbox.next_due() - database.clock.now())  # type: ignore[operator]
    assert await inbox.retry() == 4

    assert subscriber.heard == ["a1", "a2", "a3", "a4"]
    assert await database.read(values) == {"a": 4}
    assert set(states(database).values()) == {"done"}
    assert await inbox.next_due() is None
    assert await inbox.retry() == 0


async def test_tries_come_at_doubling_distances_and_then_it_is_dead(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    subscriber.trouble["a"] = broken
    inbox = subscriber.inbox(database)
    await inbox.receive([envelope("a1")])

    distances = []
    while (due := await inbox.next_due()) is not None:
        distances.append(due - database.clock.now())
        database.clock.advance(distances[-1])
        assert await inbox.retry() == 1

    assert distances == [min(SECOND * 2**power, 5 * MINUTE) for power in range(ATTEMPTS_MAX - 1)]
    # The first try was begun with its whole batch, and made again alone.
    assert len(subscriber.heard) == 1 + ATTEMPTS_MAX
    (dead,) = await database.read(letters, "dead")
    assert (dead.event_id, dead.attempts, dead.error) == ("a1", ATTEMPTS_MAX, "ValueError: planted")
    assert dead.first_failed_at is not None
    assert dead.last_failed_at == dead.first_failed_at + sum(distances)


async def kill(database: OpenDatabase, subscriber: Subscriber, *ids: str) -> None:
    """Lets these events of aggregate `a` come and fail until the first is dead."""
    inbox = subscriber.inbox(database)
    subscriber.trouble["a"] = broken
    await inbox.receive([envelope(name, "a", version) for version, name in enumerate(ids, start=1)])
    for _ in range(ATTEMPTS_MAX - 1):
        database.clock.advance(5 * MINUTE)
        await inbox.retry()


async def test_a_dead_letter_frees_its_aggregate(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    await kill(database, subscriber, "a1", "a2")
    assert states(database) == {"a1": "dead", "a2": "waiting"}
    subscriber.trouble.clear()

    database.clock.advance(5 * MINUTE)
    await subscriber.inbox(database).retry()
    await subscriber.inbox(database).receive([envelope("a3", "a", 3)])

    assert states(database) == {"a1": "dead", "a2": "done", "a3": "done"}
    assert await database.read(values) == {"a": 2}


async def test_a_dead_letter_can_be_retried(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    await kill(database, subscriber, "a1")
    subscriber.trouble.clear()

    await database.write(retry, "a1")
    assert await subscriber.inbox(database).retry() == 1

    assert states(database) == {"a1": "done"}
    assert await database.read(values) == {"a": 1}
    with pytest.raises(NotWaiting):
        await database.write(retry, "a1")
    with pytest.raises(NotWaiting):
        await database.write(discard, "a1", "no use")
    with pytest.raises(NoSuchLetter):
        await database.write(retry, "unheard-of")


async def test_a_waiting_event_can_be_hurried(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    subscriber.trouble["a"] = broken
    inbox = subscriber.inbox(database)
    await inbox.receive([envelope("a1", "a", 1), envelope("a2", "a", 2)])
    subscriber.trouble.clear()

    await database.write(retry, "a2")
    assert await inbox.retry() == 0
    await database.write(retry, "a1")
    assert await inbox.retry() == 2


async def test_a_discarded_event_never_acts_and_frees_what_waits(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    subscriber.trouble["a"] = broken
    inbox = subscriber.inbox(database)
    await inbox.receive([envelope("a1", "a", 1, by=100), envelope("a2", "a", 2), envelope("a3", "a", 3, by=50)])
    subscriber.trouble.clear()

    await database.write(discard, "a3", "sent by mistake")
    await database.write(discard, "a1", "no use")
    assert await inbox.retry() == 1

    assert states(database) == {"a1": "discarded", "a2": "done", "a3": "discarded"}
    assert await database.read(values) == {"a": 1}
    assert (await database.read(letter, "a3")).error == "discarded: sent by mistake"
    await inbox.receive([envelope("a1", "a", 1, by=100)])
    assert await database.read(values) == {"a": 1}


async def test_an_operator_sees_the_letter(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    subscriber.trouble["a"] = broken
    sent = envelope("a1", "a", 7)
    await subscriber.inbox(database).receive([sent])

    shown = await database.read(letter, "a1")

    assert (shown.source, shown.type, shown.aggregate_version) == ("others", "CounterMoved", 7)
    assert (shown.state, shown.attempts, shown.error) == ("waiting", 1, "ValueError: planted")
    read = shown.read()
    assert read is not None
    assert (read.to_json(), read.payload_hash) == (sent.to_json(), sent.payload_hash)
    await subscriber.inbox(database).receive([envelope("b1", "b")])
    assert (await database.read(letter, "b1")).read() is None


async def test_data_that_cannot_be_read_is_poison_too(database: OpenDatabase) -> None:
    bad = envelope("e1")
    bad.data = b'{"counterId": 5}'

    await Subscriber().inbox(database).receive([bad])

    (found,) = await database.read(letters, "waiting")
    assert found.error is not None
    assert found.error.startswith("ValidationError")


async def test_what_the_database_cannot_do_is_no_fault_of_the_event(database: OpenDatabase) -> None:
    subscriber = Subscriber()

    def disk_full(_: Tx) -> None:
        raise StorageFault("planted")

    subscriber.trouble["b"] = disk_full
    inbox = subscriber.inbox(database)

    with pytest.raises(StorageFault):
        await inbox.receive([envelope("a1"), envelope("b1", "b")])
    assert "b1" not in states(database)

    subscriber.trouble.clear()
    await inbox.receive([envelope("a1"), envelope("b1", "b")])
    assert await database.read(values) == {"a": 1, "b": 1}


async def test_an_event_that_meets_another_transaction_goes_to_the_next_round_uncounted(database: OpenDatabase) -> None:
    subscriber = Subscriber()

    def conflict(_: Tx) -> None:
        raise TransactionConflict("planted")

    subscriber.trouble["a"] = conflict
    inbox = subscriber.inbox(database)
    await inbox.receive([envelope("a1", "a", 1), envelope("b1", "b"), envelope("a2", "a", 2)])
    assert states(database) == {"a1": "waiting", "a2": "waiting", "b1": "done"}
    assert (await database.read(letter, "a1")).attempts == 0
    subscriber.trouble.clear()

    assert await inbox.retry() == 2

    assert await database.read(values) == {"a": 2, "b": 1}


async def test_many_parked_aggregates_are_retried_in_rounds(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    names = [f"c{number}" for number in range(DUE_AGGREGATES_MAX + 3)]
    subscriber.trouble.update(dict.fromkeys(names, broken))
    inbox = subscriber.inbox(database)
    await inbox.receive([envelope(f"e-{name}", name) for name in names])
    subscriber.trouble.clear()
    database.clock.advance(2 * SECOND)

    assert [await inbox.retry(), await inbox.retry(), await inbox.retry()] == [DUE_AGGREGATES_MAX, 3, 0]

    assert len(await database.read(values)) == len(names)


async def test_more_followers_than_fit_a_transaction_come_in_the_next(database: OpenDatabase) -> None:
    subscriber = Subscriber()
    subscriber.trouble["a"] = broken
    inbox = subscriber.inbox(database)
    count = BATCH_EVENTS_MAX + 5
    await inbox.receive([envelope(f"e{number:03}", "a", number) for number in range(count)])
    subscriber.trouble.clear()
    subscriber.heard.clear()
    database.clock.advance(2 * SECOND)

    assert [await inbox.retry(), await inbox.retry()] == [BATCH_EVENTS_MAX, 5]

    assert subscriber.heard == [f"e{number:03}" for number in range(count)]
