"""Places in slots: taken once, given back once, never one too many."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from shikanji.contracts.order import HoldOwner, OrderCancelled, OrderCreated
from shikanji.contracts.store import AskServingTerms
from shikanji.kit.clock import DAY, MINUTE
from shikanji.kit.db.faults import LeaseLost
from shikanji.kit.db.tx import Tx
from shikanji.kit.jobs import Job
from shikanji.services.store import actions, repository, service
from shikanji.services.store.errors import SlotFull, SlotGone, StoreNotFound
from shikanji.services.store.model.slots import PlaceKey
from shikanji.services.store.model.store import Store
from shikanji.services.store.tables import kit
from tests.kit.databases import NOON, OpenDatabase
from tests.kit.delivering import hearing
from tests.services.store.makers import daily, make_particulars

hear = hearing(service.subscribers)

SLOT = NOON
"""Orders of noon are ready at 12:20, in the slot that begins at 12:00."""


@pytest.fixture
def database(each_database: OpenDatabase) -> OpenDatabase:
    return each_database


async def open_store(database: OpenDatabase, capacity: int | None = 2) -> Store:
    store = await database.write(actions.create_store, make_particulars(capacity_per_slot=capacity, prep_minutes=20))
    return await database.write(actions.set_hours, store.id, daily("00:00", "24:00"))


def asked(store: Store, order_id: str = "order", **changes: Any) -> AskServingTerms:
    fields: dict[str, Any] = {"fulfilment": "pickup", "at": NOON} | changes
    return AskServingTerms(order_id=order_id, store_id=store.id, **fields)


def created(store: Store, order_id: str = "order", **changes: Any) -> OrderCreated:
    fields: dict[str, Any] = {
        "order_number": "MGR1-1",
        "customer_id": "customer",
        "fulfilment": "pickup",
        "payment_method": "cod",
        "lines": [],
        "subtotal": 0,
        "discount": 0,
        "points_discount": 0,
        "delivery_fee": 0,
        "delivery_fee_tax": 0,
        "tax": 0,
        "round_off": 0,
        "total": 0,
        "attempt": 1,
        "scheduled_for": None,
        "payment_deadline": None,
        "placed_at": NOON,
    }
    return OrderCreated(order_id=order_id, store_id=store.id, **(fields | changes))


def cancelled(store: Store, order_id: str = "order", attempt: int = 1) -> OrderCancelled:
    return OrderCancelled(
        order_id=order_id,
        store_id=store.id,
        customer_id="customer",
        cause="customer",
        reason="",
        previous="pending",
        payment_method="cod",
        total=0,
        attempt=attempt,
        restock=[],
        by="customer",
    )


def taken(database: OpenDatabase) -> int:
    return int(database.query("SELECT coalesce(sum(taken), 0) FROM slots")[0][0])


def places(database: OpenDatabase) -> list[tuple[str, int, str]]:
    return database.query("SELECT order_id, attempt, state FROM slot_places ORDER BY order_id, attempt")


def assert_consistent(database: OpenDatabase) -> None:
    counted = database.query(
        "SELECT store_id, starts_at, count(*) FROM slot_places WHERE state <> 'released' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert database.query("SELECT store_id, starts_at, taken FROM slots WHERE taken > 0 ORDER BY 1, 2") == counted


async def test_without_a_capacity_nothing_is_written(database: OpenDatabase) -> None:
    store = await open_store(database, capacity=None)

    terms = await database.read(actions.serving_terms, asked(store))
    assert await database.write(actions.hold_place, asked(store)) == terms
    await database.write(hear, created(store))
    await database.write(hear, cancelled(store))

    assert not terms.slot_held
    assert places(database) == []
    assert taken(database) == 0


async def test_asking_twice_takes_once(database: OpenDatabase) -> None:
    store = await open_store(database)

    terms = [await database.write(actions.hold_place, asked(store)) for _ in range(3)]

    assert terms[0].slot_held
    assert terms[0] == terms[1] == terms[2]
    assert database.query("SELECT starts_at, taken FROM slots") == [(SLOT, 1)]


async def test_a_full_slot_refuses_and_keeps_nothing(database: OpenDatabase) -> None:
    store = await open_store(database, capacity=2)
    for order_id in ("one", "two"):
        await database.write(actions.hold_place, asked(store, order_id))

    with pytest.raises(SlotFull):
        await database.write(actions.hold_place, asked(store, "three"))

    assert places(database) == [("one", 1, "untied"), ("two", 1, "untied")]
    assert [job.key for job in database.jobs() if job.kind == actions.LAPSE] == ["one:1", "two:1"]
    await database.write(actions.hold_place, asked(store, "three", scheduled_for=NOON + DAY))


async def test_fifty_orders_at_once_for_the_last_five_places_get_exactly_five(database: OpenDatabase) -> None:
    store = await open_store(database, capacity=5)

    answers: Sequence[object] = await asyncio.gather(
        *(database.write(actions.hold_place, asked(store, f"order-{at}")) for at in range(50)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, SlotFull) for answer in answers) == 45
    assert taken(database) == 5
    assert_consistent(database)


async def test_a_scheduled_order_takes_its_place_in_its_own_slot(database: OpenDatabase) -> None:
    store = await open_store(database)

    await database.write(actions.hold_place, asked(store, scheduled_for=NOON + DAY + 31 * MINUTE))

    assert await database.read(repository.taken_between, store.id, NOON, NOON + 2 * DAY) == {
        NOON + DAY + 30 * MINUTE: 1
    }


async def test_a_place_given_back_is_free_again_once(database: OpenDatabase) -> None:
    store = await open_store(database)
    await database.write(actions.hold_place, asked(store))

    assert await database.write(actions.release_place, "order", 1)
    assert not await database.write(actions.release_place, "order", 1)

    assert taken(database) == 0
    assert not [job for job in database.jobs() if job.kind == actions.LAPSE]


async def test_a_place_given_back_before_it_was_taken_is_never_taken(database: OpenDatabase) -> None:
    store = await open_store(database)

    assert not await database.write(actions.release_place, "order", 1)
    with pytest.raises(SlotGone):
        await database.write(actions.hold_place, asked(store))

    assert taken(database) == 0


async def test_a_later_attempt_has_a_place_of_its_own(database: OpenDatabase) -> None:
    store = await open_store(database)
    await database.write(actions.hold_place, asked(store))
    await database.write(hear, cancelled(store))

    await database.write(actions.hold_place, asked(store, attempt=2))
    await database.write(hear, cancelled(store))

    assert places(database) == [("order", 1, "released"), ("order", 2, "untied")]
    assert taken(database) == 1


async def test_an_order_ties_its_place_and_no_timer_takes_it_back(database: OpenDatabase) -> None:
    store = await open_store(database)
    await database.write(actions.hold_place, asked(store))

    for _ in range(2):
        await database.write(hear, created(store))
    released = await database.write(actions.release_place, "order", 1)

    assert not released
    assert places(database) == [("order", 1, "tied")]
    assert taken(database) == 1
    assert not [job for job in database.jobs() if job.kind == actions.LAPSE]


async def test_an_order_that_has_no_place_is_counted_past_the_capacity(database: OpenDatabase) -> None:
    store = await open_store(database, capacity=1)
    await database.write(actions.hold_place, asked(store, "first"))

    for _ in range(2):
        await database.write(hear, created(store, "second"))

    assert taken(database) == 2
    assert_consistent(database)


async def test_a_cancelled_order_frees_its_place_once(database: OpenDatabase) -> None:
    store = await open_store(database)
    await database.write(actions.hold_place, asked(store))
    await database.write(hear, created(store))

    for _ in range(2):
        await database.write(hear, cancelled(store))

    assert taken(database) == 0
    assert places(database) == [("order", 1, "released")]


async def test_a_cancellation_that_comes_first_leaves_nothing_for_the_order(database: OpenDatabase) -> None:
    store = await open_store(database)

    await database.write(hear, cancelled(store))
    await database.write(hear, created(store))

    assert taken(database) == 0
    assert places(database) == [("order", 1, "released")]


async def test_a_cancellation_frees_every_attempt_up_to_its_own(database: OpenDatabase) -> None:
    store = await open_store(database)
    for attempt in (1, 2):
        await database.write(actions.hold_place, asked(store, attempt=attempt))

    await database.write(hear, cancelled(store, attempt=2))

    assert taken(database) == 0


async def test_of_orders_that_come_together_those_count_whose_store_has_slots(database: OpenDatabase) -> None:
    slotted = await open_store(database)
    free = await database.write(actions.create_store, make_particulars(name="Elsewhere"))

    await database.write(hear, created(free, "a"), created(slotted, "b"), created(free, "c"), created(slotted, "d"))

    assert [place[0] for place in places(database)] == ["b", "d"]
    assert taken(database) == 2


async def test_an_event_of_a_store_that_is_not_there_does_nothing(database: OpenDatabase) -> None:
    store = await open_store(database)
    nowhere = created(store)
    await database.write(
        hear,
        OrderCreated(**{name: getattr(nowhere, name) for name in nowhere.__struct_fields__} | {"store_id": "x"}),
    )

    assert places(database) == []
    with pytest.raises(StoreNotFound):
        await database.read(
            actions.serving_terms, AskServingTerms(order_id="o", store_id="x", fulfilment="pickup", at=0)
        )


async def test_a_place_waits_twenty_minutes_for_its_order(database: OpenDatabase) -> None:
    store = await open_store(database)

    await database.write(actions.hold_place, asked(store))

    (planned,) = (job for job in database.jobs() if job.kind == actions.LAPSE)
    assert planned.due_at == NOON + 20 * MINUTE
    assert planned.payload == {"order_id": "order", "attempt": 1, "taken_at": NOON}


@pytest.mark.parametrize(
    ("owner", "state", "left"),
    [
        (HoldOwner(written=True, never=False), "tied", 1),
        (HoldOwner(written=False, never=True), "released", 0),
    ],
)
async def test_an_untied_place_is_settled_by_what_the_order_service_says(
    database: OpenDatabase, owner: HoldOwner, state: str, left: int
) -> None:
    store = await open_store(database)
    await database.write(actions.hold_place, asked(store))
    job = await database.write(lease)

    await database.write(actions.settle_place, job, job.load(PlaceKey), owner)

    assert places(database) == [("order", 1, state)]
    assert taken(database) == left
    assert not [planned for planned in database.jobs() if planned.kind == actions.LAPSE]


async def test_an_order_that_comes_while_its_place_lapses_wins(database: OpenDatabase) -> None:
    store = await open_store(database)
    await database.write(actions.hold_place, asked(store))
    job = await database.write(lease)

    await database.write(hear, created(store))
    with pytest.raises(LeaseLost):
        await database.write(actions.settle_place, job, job.load(PlaceKey), HoldOwner(written=False, never=True))

    assert places(database) == [("order", 1, "tied")]
    assert taken(database) == 1


def lease(tx: Tx) -> Job:
    """As a worker does before it runs a job."""
    rows = tx.execute(
        sa.update(kit.jobs)
        .where(kit.jobs.c.kind == actions.LAPSE)
        .values(lease="mine")
        .returning(kit.jobs.c.key, kit.jobs.c.due_at, kit.jobs.c.payload, kit.jobs.c.plan)
    )
    ((key, due_at, payload, plan),) = rows
    return Job(actions.LAPSE, key, due_at, payload, 1, "mine", plan)


async def test_places_of_long_past_slots_are_thrown_away(database: OpenDatabase) -> None:
    store = await open_store(database)
    await database.write(actions.hold_place, asked(store))
    await database.write(actions.release_place, "tombstone", 1)
    database.clock.advance(61 * DAY)
    await database.write(actions.hold_place, asked(store, "new", at=NOON + 61 * DAY))

    await database.write(actions.purge_slots)

    assert places(database) == [("new", 1, "untied")]
    assert_consistent(database)
