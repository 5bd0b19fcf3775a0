"""Orders among the real others: stock, money and people as the whole platform has them."""

from typing import Any

import pytest

from shikanji.kit.clock import HOUR, MINUTE, to_rfc3339
from tests.harness import ADDRESS, Client, Shop


async def stock(shop: Shop, product_id: str) -> tuple[int, int]:
    """On hand and held at MG Road."""
    store = await shop.store()
    found = (await (await shop.staff("manager")).get(f"/api/v1/inventory/{product_id}?storeId={store['id']}")).data
    return found["onHand"], found["held"]


async def adjust(shop: Shop, product_id: str, delta: int) -> None:
    store = await shop.store()
    manager = await shop.staff("manager")
    body = {"storeId": store["id"], "delta": delta, "reason": "test"}
    assert (await manager.put(f"/api/v1/inventory/{product_id}/adjust", body)).status == 200
    await shop.settle()


async def seen(shop: Shop, order: dict[str, Any], client: Client | None = None) -> dict[str, Any]:
    found: dict[str, Any] = (await (client or await shop.customer()).get(f"/api/v1/orders/{order['id']}")).data
    return found


async def refunds_of(shop: Shop, order: dict[str, Any]) -> list[tuple[str, int]]:
    payments = (await (await shop.customer()).get(f"/api/v1/payments/order/{order['id']}")).data
    return [(payment["status"], payment["amount"]) for payment in payments]


async def timed_out(shop: Shop) -> tuple[dict[str, Any], dict[str, Any]]:
    """An unpaid order whose window has ended, and the payment that it had begun."""
    order = await shop.order(paymentMethod="online", lines=1)
    payment = await shop.initiate(order["id"])
    shop.clock.advance(15 * MINUTE)
    shop.forget()
    await shop.settle()
    return order, payment


async def test_a_paid_order_is_confirmed_and_its_stock_sold(shop: Shop) -> None:
    order = await shop.order(paymentMethod="online", lines=1)
    product = order["items"][0]["productId"]
    before = await stock(shop, product)

    await shop.pay(order["id"])

    assert (await seen(shop, order))["status"] == "confirmed"
    assert await stock(shop, product) == (before[0] - 2, before[1] - 2)


async def test_a_refused_order_leaves_no_hold_behind_even_for_a_moment(shop: Shop) -> None:
    customer = await shop.customer()
    cheap = min(await shop.products(), key=lambda product: int(product["price"]))
    before = await stock(shop, cheap["id"])
    body = await shop.order_body(
        fulfilment="delivery", deliveryAddress=ADDRESS, items=[{"productId": cheap["id"], "quantity": 1}]
    )

    refused = await customer.post("/api/v1/orders", body)

    assert (refused.status, refused.type) == (422, "below-minimum-order")
    assert await stock(shop, cheap["id"]) == before


async def test_what_is_not_there_is_named(shop: Shop) -> None:
    customer = await shop.customer()
    body = await shop.order_body(lines=1)
    await adjust(shop, body["items"][0]["productId"], 1 - (await stock(shop, body["items"][0]["productId"]))[0])

    refused = await customer.post("/api/v1/orders", body)

    assert (refused.status, refused.type) == (409, "insufficient-stock")
    assert refused.problem["errors"][0]["field"].startswith("items[0]")


async def test_an_unpaid_order_gives_its_stock_back_after_its_window(shop: Shop) -> None:
    order, _ = await timed_out(shop)

    assert (await seen(shop, order))["cancellation"]["cause"] == "payment_timeout"
    assert (await stock(shop, order["items"][0]["productId"]))[1] == 0


async def test_late_money_brings_the_order_back(shop: Shop) -> None:
    order, payment = await timed_out(shop)

    await shop.check_out(payment)
    await shop.settle()

    found = await seen(shop, order)
    assert [entry["status"] for entry in found["timeline"]] == ["pending", "cancelled", "confirmed"]
    assert found["cancellation"] is None
    assert await refunds_of(shop, order) == [("completed", order["total"])]
    assert (await stock(shop, order["items"][0]["productId"]))[1] == 0


async def test_money_that_comes_too_late_goes_back(shop: Shop) -> None:
    order, payment = await timed_out(shop)
    shop.clock.advance(30 * MINUTE + 1)
    shop.forget()

    await shop.check_out(payment)
    await shop.settle()

    assert (await seen(shop, order))["status"] == "cancelled"
    assert await refunds_of(shop, order) == [("refunded", order["total"])]


async def test_late_money_without_stock_goes_back(shop: Shop) -> None:
    order, payment = await timed_out(shop)
    product = order["items"][0]["productId"]
    on_hand, _ = await stock(shop, product)
    await adjust(shop, product, 1 - on_hand)

    await shop.check_out(payment)
    await shop.settle()

    assert (await seen(shop, order))["status"] == "cancelled"
    assert await refunds_of(shop, order) == [("refunded", order["total"])]
    assert await stock(shop, product) == (1, 0)


async def test_stock_that_breaks_cancels_the_order_and_returns_its_money(shop: Shop) -> None:
    order = await shop.order(paymentMethod="online", lines=1)
    product = order["items"][0]["productId"]
    on_hand, _ = await stock(shop, product)

    await adjust(shop, product, 1 - on_hand)

    assert (await seen(shop, order))["cancellation"]["cause"] == "out_of_stock"
    assert await stock(shop, product) == (1, 0)


async def test_a_customer_who_cancels_gets_money_and_the_shelf_its_goods(shop: Shop) -> None:
    order = await shop.order(paymentMethod="online", lines=1)
    product = order["items"][0]["productId"]
    on_hand, _ = await stock(shop, product)
    await shop.pay(order["id"])

    customer = await shop.customer()
    assert (await customer.post(f"/api/v1/orders/{order['id']}/cancel", {"reason": "no time"})).status == 200
    await shop.settle()

    assert await stock(shop, product) == (on_hand, 0)
    assert await refunds_of(shop, order) == [("refunded", order["total"])]


async def test_a_delivery_goes_through_all_hands(shop: Shop) -> None:
    order = await shop.order(fulfilment="delivery", deliveryAddress=ADDRESS, lines=3)
    path = f"/api/v1/orders/{order['id']}"
    chef, courier, cashier = await shop.staff("chef"), await shop.staff("delivery"), await shop.staff("cashier")

    named = await (await shop.staff("manager")).put(f"{path}/assignment", {"courierId": courier.id})
    for client, status in ((chef, "preparing"), (chef, "ready"), (courier, "dispatched")):
        assert (await client.put(f"{path}/status", {"status": status})).status == 200
    point = await courier.post(f"{path}/tracking", {"latitude": 12.97, "longitude": 77.59})
    for client, status in ((courier, "delivered"), (cashier, "completed")):
        assert (await client.put(f"{path}/status", {"status": status})).status == 200
    await shop.settle()

    assert (named.status, point.status) == (200, 201)
    found = await seen(shop, order)
    assert (found["status"], found["cookId"], found["courierId"]) == ("completed", chef.id, courier.id)
    assert found["total"] == found["subtotal"] + found["deliveryFee"] + found["tax"] + found["roundOff"]
    assert [payment["status"] for payment in (await cashier.get(f"/api/v1/payments/order/{order['id']}")).data] == [
        "completed"
    ]


async def test_a_scheduled_order_waits_for_its_time(shop: Shop) -> None:
    due = (shop.clock.now() + 5 * HOUR) // MINUTE * MINUTE
    order = await shop.order(scheduledFor=to_rfc3339(due))
    chef = await shop.staff("chef")

    early = await chef.put(f"/api/v1/orders/{order['id']}/status", {"status": "preparing"})
    shop.clock.advance(5 * HOUR - 30 * MINUTE)
    shop.forget()
    now = await (await shop.staff("chef")).put(f"/api/v1/orders/{order['id']}/status", {"status": "preparing"})

    assert (early.status, early.type, now.status) == (409, "too-early", 200)


@pytest.mark.parametrize("when", [MINUTE, 8 * 24 * HOUR])
async def test_not_for_a_time_that_the_store_cannot_keep(shop: Shop, when: int) -> None:
    body = await shop.order_body(scheduledFor=to_rfc3339(shop.clock.now() + when))

    refused = await (await shop.customer()).post("/api/v1/orders", body)

    assert refused.status == 422
