"""Placing, in one transaction of a real database."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shikanji.kit.clock import DAY, HOUR, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Problem
from shikanji.kit.web.idempotency import LEASE, Claim, ClaimLost, Scope, StoredAnswer
from shikanji.services.order import actions, repository, service
from shikanji.services.order.actions import Release, Whole
from shikanji.services.order.checkout import PATIENCE
from shikanji.services.order.errors import TooManyOpenOrders
from shikanji.services.order.model.lines import lines_hash
from shikanji.services.order.settings import OrderSettings
from tests.kit.databases import NOON, OpenDatabase, open_database
from tests.services.order.makers import CUSTOMER, STRANGER, make_placing


def scope(number: int = 0, principal: str = CUSTOMER) -> Scope:
    return Scope(principal, "POST /api/v1/orders", f"key-{number:016}", "hash")


async def claim(database: OpenDatabase, number: int = 0, capped: str | None = None) -> Claim:
    taken = await database.write(actions.claim_order, scope(number), capped, PATIENCE)
    assert isinstance(taken, Claim)
    return taken


def answer(whole: Whole) -> Any:
    return {"id": whole.order.id, "orderNumber": whole.order.order_number, "status": whole.order.status}


async def place(database: OpenDatabase, number: int = 0, *, capped: str | None = None, **changes: Any) -> Any:
    taken = await claim(database, number, capped)
    placing = make_placing(order_id=taken.effect_id, **changes)
    return msgspec.json.decode(await database.write(actions.place_order, taken, placing, "MGR", capped, answer))


async def test_order_timeline_events_timer_and_answer_are_written_together(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        placed = await place(database)

        order = await database.read(repository.get_order, placed["id"])
        assert (order.status, order.version, order.lines_hash) == ("pending", 1, lines_hash(order.lines_document))
        assert database.query("SELECT version, status, by FROM order_timeline") == [(1, "pending", CUSTOMER)]
        assert [event.type for event in database.events()] == ["OrderCreated", "OrderStatusChanged"]
        assert [(job.kind, job.key, job.due_at) for job in database.jobs()] == [
            ("payment-window", order.id, NOON + 15 * 60 * SECOND)
        ]
        again = await database.write(actions.claim_order, scope(), None, PATIENCE)
        assert isinstance(again, StoredAnswer)
        assert (again.status, msgspec.json.decode(again.data)) == (201, placed)


async def test_a_cash_order_waits_for_nothing(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        placed = await place(database, payment_method="cod")

        assert placed["status"] == "confirmed"
        assert database.jobs() == []
        assert [event.version for event in database.events()] == [1, 2, 3, 4]
        assert database.query("SELECT version, status FROM order_timeline ORDER BY version") == [
            (1, "pending"),
            (2, "confirmed"),
        ]


async def test_numbers_count_up_per_store_and_day(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        numbers = [(await place(database, at))["orderNumber"] for at in range(3)]
        other = (await place(database, 3, store_id=STRANGER))["orderNumber"]
        database.clock.advance(DAY)
        tomorrow = (await place(database, 4))["orderNumber"]

        assert numbers == ["MGR-261122-0001", "MGR-261122-0002", "MGR-261122-0003"]
        assert (other, tomorrow) == ("MGR-261122-0001", "MGR-261123-0001")


async def test_the_day_is_that_of_the_stores_own_calendar(tmp_path: Path) -> None:
    async with open_database(service, tmp_path, now=NOON + 12 * HOUR + 1) as database:
        assert (await place(database))["orderNumber"] == "MGR-261123-0001"


async def test_no_order_is_written_after_its_lease(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        taken = await claim(database)
        database.clock.advance(LEASE)

        with pytest.raises(ClaimLost):
            await database.write(
                actions.place_order, taken, make_placing(order_id=taken.effect_id), "MGR", None, answer
            )

        assert database.query("SELECT count(*) FROM orders") == [(0,)]
        assert (database.events(), database.jobs()) == ([], [])


async def test_a_claim_that_another_took_over_writes_nothing(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        first = await claim(database)
        database.clock.advance(LEASE)
        second = await claim(database)
        assert first.effect_id != second.effect_id

        with pytest.raises(ClaimLost):
            await database.write(
                actions.place_order, first, make_placing(order_id=first.effect_id), "MGR", None, answer
            )
        await database.write(actions.place_order, second, make_placing(order_id=second.effect_id), "MGR", None, answer)

        assert database.query("SELECT id FROM orders") == [(second.effect_id,)]


async def test_a_customer_has_only_so_many_orders_that_nobody_began(tmp_path: Path) -> None:
    async with open_database(service, tmp_path, settings=OrderSettings(open_orders_max=2)) as database:
        await place(database, 0, capped=CUSTOMER)
        cash = await place(database, 1, capped=CUSTOMER, payment_method="cod")

        with pytest.raises(TooManyOpenOrders):
            await claim(database, 2, capped=CUSTOMER)
        await place(database, 3, capped=STRANGER, customer_id=STRANGER)
        await database.write(_set_status, cash["id"], "preparing")
        await place(database, 4, capped=CUSTOMER)

        assert database.query(f"SELECT count(*) FROM orders WHERE customer_id = '{CUSTOMER}'") == [(3,)]


def _set_status(tx: Any, order_id: str, status: str) -> None:
    order = repository.lock_order(tx, order_id)
    order.status = status  # type: ignore[assignment]
    repository.save_order(tx, order)


async def test_the_cap_holds_also_where_many_come_at_once(tmp_path: Path) -> None:
    async with open_database(service, tmp_path, settings=OrderSettings(open_orders_max=1)) as database:
        claims = [await claim(database, at, capped=CUSTOMER) for at in range(3)]
        refused = 0
        for taken in claims:
            try:
                await database.write(
                    actions.place_order, taken, make_placing(order_id=taken.effect_id), "MGR", CUSTOMER, answer
                )
            except TooManyOpenOrders:
                refused += 1

        assert (refused, database.query("SELECT count(*) FROM orders")) == (2, [(1,)])


async def test_giving_up_frees_the_key_and_plans_what_must_be_given_back(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        taken = await claim(database)
        release = Release(order_id=taken.effect_id, attempt=1, stock=True, slot=False)

        assert await database.write(actions.give_up, taken, release, NOON + SECOND) is None

        assert [(job.kind, job.key, job.due_at) for job in database.jobs()] == [
            ("release", f"{taken.effect_id}:1", NOON + SECOND)
        ]
        assert (await claim(database)).effect_id != taken.effect_id


async def test_giving_up_where_nothing_was_taken_plans_nothing(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        taken = await claim(database)
        release = Release(order_id=taken.effect_id, attempt=1, stock=False, slot=False)

        await database.write(actions.give_up, taken, release, NOON)

        assert database.jobs() == []


async def test_giving_up_an_order_whose_commit_was_in_doubt_finds_its_answer(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        taken = await claim(database)
        await database.write(actions.place_order, taken, make_placing(order_id=taken.effect_id), "MGR", None, answer)
        release = Release(order_id=taken.effect_id, attempt=1, stock=True, slot=True)

        written = await database.write(actions.give_up, taken, release, NOON)

        assert isinstance(written, StoredAnswer)
        assert msgspec.json.decode(written.data)["id"] == taken.effect_id
        assert [job.kind for job in database.jobs()] == ["payment-window"]


async def test_an_order_that_changed_under_its_lock_is_not_saved_over(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        order_id = (await place(database))["id"]

        def save_twice(tx: Tx) -> None:
            first, second = (repository.lock_order(tx, order_id) for _ in range(2))
            for order in (first, second):
                order.confirm(tx.now)
                repository.save_order(tx, order)

        with pytest.raises(RuntimeError, match="changed while its row was locked"):
            await database.write(save_twice)
        assert database.query("SELECT status, version FROM orders") == [("pending", 1)]


async def test_a_total_that_is_not_its_parts_is_refused_by_the_database(tmp_path: Path) -> None:
    async with open_database(service, tmp_path) as database:
        taken = await claim(database)
        placing = make_placing(order_id=taken.effect_id)
        wrong = msgspec.structs.replace(placing, sums=msgspec.structs.replace(placing.sums, total=1_000_000))

        with pytest.raises(Exception, match="orders_total") as refused:
            await database.write(actions.place_order, taken, wrong, "MGR", None, answer)

        assert not isinstance(refused.value, Problem)
        assert database.query("SELECT count(*) FROM orders") == [(0,)]
