"""The store service among the others: slots that fill with orders, roles that reach tokens, stores that pause."""

import asyncio
from typing import Any

from shikanji.contracts.store import AskServingTerms
from shikanji.kit.clock import HOUR, MINUTE, to_rfc3339
from shikanji.services.store import repository
from tests.harness import Client, Shop


async def set_capacity(shop: Shop, capacity: int | None) -> None:
    store, manager = await shop.store(), await shop.staff("manager")
    answer = await manager.put(f"/api/v1/stores/{store['id']}/settings", {"capacityPerSlot": capacity})
    assert answer.status == 200, answer.body


async def tomorrow(shop: Shop) -> str:
    """The first slot that begins a day from now."""
    return to_rfc3339((shop.clock.now() // HOUR + 25) * HOUR)


async def taken(shop: Shop) -> int:
    db, now = shop.platform.rooms["store"].db, shop.clock.now()
    store = await shop.store()
    return sum((await db.read(repository.taken_between, store["id"], now - 48 * HOUR, now + 48 * HOUR)).values())


async def customers(shop: Shop, count: int) -> list[Client]:
    return [await shop.register() for _ in range(count)]


async def test_a_slot_takes_as_many_orders_as_it_has_places(shop: Shop) -> None:
    await set_capacity(shop, 2)
    when = await tomorrow(shop)
    buyers = await customers(shop, 4)
    body = await shop.order_body(scheduledFor=when)

    answers = await asyncio.gather(*(buyer.post("/api/v1/orders", body) for buyer in buyers))
    await shop.settle()

    assert sorted(answer.status for answer in answers) == [201, 201, 409, 409]
    assert {answer.type for answer in answers if answer.status == 409} == {"slot-full"}
    assert await taken(shop) == 2


async def test_a_cancelled_order_makes_room_for_another(shop: Shop) -> None:
    await set_capacity(shop, 1)
    buyer = await shop.customer()
    body: dict[str, Any] = {"scheduledFor": await tomorrow(shop)}
    first = await shop.order(buyer, **body)

    full = await buyer.post("/api/v1/orders", await shop.order_body(**body))
    await buyer.post(f"/api/v1/orders/{first['id']}/cancel", {"reason": "Changed my mind"})
    await shop.settle()
    second = await buyer.post("/api/v1/orders", await shop.order_body(**body))
    await shop.settle()

    assert (full.status, second.status) == (409, 201)
    assert await taken(shop) == 1


async def test_an_order_that_is_refused_later_gives_its_place_back(shop: Shop) -> None:
    await set_capacity(shop, 1)
    buyer = await shop.customer()
    body = await shop.order_body(scheduledFor=await tomorrow(shop))
    too_much: list[dict[str, Any]] = [{**body["items"][0], "quantity": 99} for _ in range(9)]

    refused = await buyer.post("/api/v1/orders", {**body, "items": too_much})
    await shop.settle()

    assert refused.status in (409, 422)
    assert await taken(shop) == 0
    assert (await buyer.post("/api/v1/orders", body)).status == 201


async def test_a_place_that_no_order_came_for_lapses(shop: Shop) -> None:
    await set_capacity(shop, 1)
    store = await shop.store()
    room = shop.platform.rooms["order"]
    call = AskServingTerms(order_id=room.ids.new(), store_id=store["id"], fulfilment="pickup", at=shop.clock.now())
    await room.calls.ask(call)
    assert await taken(shop) == 1

    shop.clock.advance(25 * MINUTE)
    await shop.settle()

    assert await taken(shop) == 0


async def test_a_paused_store_takes_no_order(shop: Shop) -> None:
    store, manager, buyer = await shop.store(), await shop.staff("manager"), await shop.customer()
    await manager.put(f"/api/v1/stores/{store['id']}/status", {"acceptingOrders": False})

    refused = await buyer.post("/api/v1/orders", await shop.order_body())
    await manager.put(f"/api/v1/stores/{store['id']}/status", {"acceptingOrders": True})
    taken_now = await buyer.post("/api/v1/orders", await shop.order_body())

    assert (refused.status, refused.type, taken_now.status) == (409, "store-closed", 201)


async def test_a_new_role_reaches_the_token_and_its_end_ends_it(shop: Shop) -> None:
    store, admin = await shop.store(), await shop.admin()
    settings = f"/api/v1/stores/{store['id']}/settings"
    before = await shop.customer()
    assert (await before.get(settings)).status == 403

    added = await admin.post(
        f"/api/v1/stores/{store['id']}/staff", {"identifier": "customer@demo.test", "role": "support"}
    )
    await shop.settle()
    shop.forget()
    hired = await shop.customer()
    assert (await hired.get(settings)).status == 200

    admin = await shop.admin()
    await admin.delete(f"/api/v1/stores/{store['id']}/staff/{added.data['id']}")
    await shop.settle()
    assert (await hired.get(settings)).status == 401
    shop.forget()
    assert (await (await shop.customer()).get(settings)).status == 403


async def test_a_managers_list_shows_who_works_there(shop: Shop) -> None:
    store, manager = await shop.store(), await shop.staff("manager")

    listed = (await manager.get(f"/api/v1/stores/{store['id']}/staff")).data

    assert [(one["email"], one["role"]) for one in listed] == [
        ("manager.mgroad@demo.test", "manager"),
        ("chef.mgroad@demo.test", "chef"),
        ("cashier.mgroad@demo.test", "cashier"),
        ("delivery.mgroad@demo.test", "delivery"),
    ]


async def test_an_account_that_is_not_verified_is_not_hired(shop: Shop) -> None:
    store, admin = await shop.store(), await shop.admin()
    stranger = {"name": "Nobody", "email": "nobody@shop.test", "phone": "+919812345678", "password": "long enough pw"}
    assert (await shop.anonymous.post("/api/v1/auth/register", stranger)).status == 201

    answer = await admin.post(f"/api/v1/stores/{store['id']}/staff", {"identifier": "nobody@shop.test", "role": "chef"})

    assert (answer.status, answer.type) == (422, "account-not-verified")
