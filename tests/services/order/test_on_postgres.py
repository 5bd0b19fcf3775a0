"""The same orders on PostgreSQL: one way through every statement, and two races for one row."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shikanji.services.order import actions, service
from shikanji.services.order.errors import IllegalStep
from tests.engines.postgres import PostgresServer
from tests.kit.databases import open_postgres
from tests.services.order.makers import CUSTOMER, MANAGER, OWNER, PAYMENT, SECOND_PAYMENT, STORE
from tests.services.order.shop import Shop, make_shop
from tests.services.order.test_answers import NEVER, WRITTEN, ask
from tests.services.order.test_late_money import refunds, timed_out
from tests.services.order.test_routes import PICKUP, Edge, forgets_where_couriers_were
from tests.services.order.test_subscribers import failed, lost, paid


@pytest.fixture
async def postgres_shop(postgres_server: PostgresServer) -> AsyncIterator[Shop]:
    async with open_postgres(service, postgres_server) as database:
        yield make_shop(database)


async def test_an_order_from_placing_to_completion(postgres_shop: Shop) -> None:
    edge = Edge(postgres_shop)
    order_id = (await edge.place(paymentMethod="cod"))["id"]

    await edge.move(order_id, "preparing", "ready", "dispatched")
    path = f"/api/v1/orders/{order_id}/tracking"
    for _ in range(2):
        point = await edge.ask("delivery", "POST", path, {"latitude": 12.9, "longitude": 77.6})
        assert point.status == 201
    await edge.move(order_id, "delivered", "completed")

    seen = (await edge.ask("owner", "GET", f"/api/v1/orders/{order_id}")).data
    assert (seen["status"], len(seen["timeline"])) == ("completed", 7)
    assert len((await edge.ask("owner", "GET", path)).data) == 2
    assert postgres_shop.jobs() == []


async def test_where_couriers_were_is_forgotten_after_its_days(postgres_shop: Shop) -> None:
    await forgets_where_couriers_were(Edge(postgres_shop))


async def test_lists_and_their_filters(postgres_shop: Shop) -> None:
    edge = Edge(postgres_shop)
    first, second = (await edge.place())["id"], (await edge.place(**PICKUP))["id"]
    await edge.ask("owner", "POST", f"/api/v1/orders/{first}/cancel", {"reason": "no"})

    async def find(token: str, query: str) -> list[str]:
        return [order["id"] for order in (await edge.ask(token, "GET", f"/api/v1/orders?{query}")).data]

    assert await find("owner", "") == await find("admin", "") == [second, first]
    assert await find("manager", "status=confirmed&from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z") == [second]
    assert await find("manager", "status=cancelled") == [first]
    assert await find("manager", f"customerId={CUSTOMER}&storeId={STORE}") == [second, first]
    assert await find("manager", "q=MGR-261122-0002&fulfilment=pickup") == [second]


async def test_late_money_brings_one_back_and_another_not(postgres_shop: Shop) -> None:
    back, gone = await timed_out(postgres_shop), await timed_out(postgres_shop, number=1)
    assert await ask(postgres_shop, back) == WRITTEN

    for _ in range(2):
        await postgres_shop.deliver(failed(back))
        await postgres_shop.deliver(paid(back))
    await postgres_shop.deliver(paid(gone, SECOND_PAYMENT))
    await postgres_shop.deliver(lost(gone, attempt=2))
    await postgres_shop.run_jobs()
    await postgres_shop.run_jobs()

    assert postgres_shop.status(back) == ("confirmed", None)
    assert postgres_shop.status(gone) == ("cancelled", "payment_timeout")
    assert refunds(postgres_shop) == [SECOND_PAYMENT]
    assert await ask(postgres_shop, gone, 2) == NEVER


async def test_one_key_at_once_from_many_makes_one_order(postgres_shop: Shop) -> None:
    outcomes = await asyncio.gather(*(postgres_shop.check_out() for _ in range(20)), return_exceptions=True)

    assert len({bytes(each.data) for each in outcomes if not isinstance(each, BaseException)}) == 1
    assert postgres_shop.database.query("SELECT count(*) FROM orders") == [(1,)]


async def test_numbers_are_unique_under_contention(postgres_shop: Shop) -> None:
    await asyncio.gather(*(postgres_shop.check_out(number) for number in range(15)))

    numbers = [number for (number,) in postgres_shop.database.query("SELECT order_number FROM orders")]
    assert sorted(numbers) == [f"MGR-261122-{number:04}" for number in range(1, 16)]


async def test_of_money_and_cancellation_at_once_each_is_answered_as_if_alone(postgres_shop: Shop) -> None:
    orders = [await postgres_shop.place(number) for number in range(10)]

    def cancel(order_id: str) -> object:
        return postgres_shop.database.write(actions.cancel_order, order_id, OWNER, "no", [])

    await asyncio.gather(
        *(postgres_shop.deliver(paid(order_id, PAYMENT)) for order_id in orders),
        *(cancel(order_id) for order_id in orders),
    )

    assert {postgres_shop.status(order_id) for order_id in orders} == {("cancelled", "customer")}
    versions = postgres_shop.database.query("SELECT order_id, version FROM order_timeline ORDER BY order_id, version")
    for order_id in orders:
        taken = [version for written_id, version in versions if written_id == order_id]
        assert taken == list(range(1, len(taken) + 1))


async def test_one_step_is_taken_once(postgres_shop: Shop) -> None:
    order_id = await postgres_shop.place(payment_method="cod")

    outcomes = await asyncio.gather(
        *(postgres_shop.database.write(actions.cancel_order, order_id, MANAGER, "no", []) for _ in range(5)),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, IllegalStep) for outcome in outcomes) == 4
    assert postgres_shop.told().count("OrderCancelled") == 1
