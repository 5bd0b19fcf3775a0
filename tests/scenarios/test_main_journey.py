"""The main journey, word for word as clients speak it, in one process on files and in several on engines."""

import asyncio

from tests.harness import ADDRESS, PASSWORD, Counter


async def test_a_customer_orders_and_pays_online_and_the_store_fulfils(counter: Counter) -> None:
    asha = await counter.register("Asha Mehta")
    stores = (await counter.anonymous.get("/api/v1/stores?postalCode=560001")).data
    store = next(store for store in stores if store["name"].endswith("MG Road"))
    assert store["isOpen"]
    products = await counter.products(store["id"])
    body = {
        "storeId": store["id"],
        "fulfilment": "delivery",
        "items": [{"productId": products[0]["id"], "quantity": 2}, {"productId": products[1]["id"], "quantity": 1}],
        "deliveryAddress": ADDRESS,
        "paymentMethod": "online",
    }

    placed = await asha.post("/api/v1/orders", body)
    order = placed.data
    assert placed.status == 201
    assert order["status"] == "pending"
    assert order["subtotal"] == 2 * products[0]["price"] + products[1]["price"]
    assert order["total"] == (
        order["subtotal"]
        - order["discount"]
        - order["pointsDiscount"]
        + order["deliveryFee"]
        + order["tax"]
        + order["roundOff"]
    )

    payment = await counter.initiate(order["id"], asha)
    assert payment["amount"] == order["total"]
    paid = (await counter.check_out(payment, webhook="none")).data
    verified = await asha.post("/api/v1/payments/verify", {"paymentId": payment["id"], **paid})
    assert verified.status == 200
    await counter.settle()

    confirmed = (await asha.get(f"/api/v1/orders/{order['id']}")).data
    assert confirmed["status"] == "confirmed"
    assert [entry["status"] for entry in confirmed["timeline"]] == ["pending", "confirmed"]
    await counter.advance_status(order["id"], "preparing", "ready", "dispatched", "delivered", "completed")
    assert (await asha.get(f"/api/v1/orders/{order['id']}")).data["status"] == "completed"

    invoice = await asha.get(f"/api/v1/payments/{payment['id']}/invoice")
    figures = await asha.get(f"/api/v1/payments/{payment['id']}/invoice", headers={"Accept": "application/json"})
    assert (invoice.status, invoice.headers["Content-Type"], invoice.body[:5]) == (200, "application/pdf", b"%PDF-")
    assert figures.data["total"] == order["total"]


async def test_a_webhook_alone_settles_a_payment(counter: Counter) -> None:
    order = await counter.order(paymentMethod="online")
    payment = await counter.initiate(order["id"])

    await counter.check_out(payment, webhook="twice")
    await counter.settle()

    assert await counter.status_of(order["id"]) == "confirmed"
    payments = (await (await counter.customer()).get(f"/api/v1/payments/order/{order['id']}")).data
    assert [payment["status"] for payment in payments] == ["completed"]


async def test_cash_is_taken_at_the_hand_over(counter: Counter) -> None:
    order = await counter.order(paymentMethod="cod")
    assert order["status"] == "confirmed"

    await counter.advance_status(order["id"], "preparing", "ready", "completed")

    payments = (await (await counter.customer()).get(f"/api/v1/payments/order/{order['id']}")).data
    assert [(payment["provider"], payment["status"]) for payment in payments] == [("cash", "completed")]


async def test_an_order_takes_its_stock_and_a_cancelled_one_gives_it_back(counter: Counter) -> None:
    store, manager = await counter.store(), await counter.staff("manager")
    product = (await counter.products(store["id"]))[0]
    path = f"/api/v1/inventory/{product['id']}?storeId={store['id']}"
    before = (await manager.get(path)).data

    order = await counter.order(items=[{"productId": product["id"], "quantity": 3}])
    sold = (await manager.get(path)).data
    customer = await counter.customer()
    await customer.post(f"/api/v1/orders/{order['id']}/cancel", {"reason": "changed my mind"})
    await counter.settle()

    assert sold["onHand"] == before["onHand"] - 3
    assert sold["held"] == 0
    assert (await manager.get(path)).data == before


async def test_the_last_twenty_of_an_item_go_to_twenty_of_two_hundred_customers(counter: Counter) -> None:
    store, manager = await counter.store(), await counter.staff("manager")
    product = (await counter.products(store["id"]))[0]
    path = f"/api/v1/inventory/{product['id']}"
    on_hand = (await manager.get(f"{path}?storeId={store['id']}")).data["onHand"]
    change = {"storeId": store["id"], "delta": 20 - on_hand, "reason": "counted"}
    assert (await manager.put(f"{path}/adjust", change)).status == 200
    body = await counter.order_body(items=[{"productId": product["id"], "quantity": 1}])
    customers = await counter.crowd(200)

    answers = await asyncio.gather(*(customer.post("/api/v1/orders", body) for customer in customers))
    await counter.settle()

    assert sum(answer.status == 201 for answer in answers) == 20
    assert {answer.type for answer in answers if answer.status != 201} == {"insufficient-stock"}
    left = (await manager.get(f"{path}?storeId={store['id']}")).data
    assert (left["onHand"], left["held"], left["available"]) == (0, 0, 0)


async def test_one_idempotency_key_sent_a_hundred_times_at_once_makes_one_order(counter: Counter) -> None:
    body, customer = await counter.order_body(), await counter.customer()

    answers = await asyncio.gather(*(customer.post("/api/v1/orders", body, key="k" * 20) for _ in range(100)))

    made = {answer.data["id"] for answer in answers if answer.status == 201}
    assert len(made) == 1
    assert {answer.status for answer in answers} <= {201, 409}
    again = await customer.post("/api/v1/orders", body, key="k" * 20)
    assert again.data["id"] in made
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await customer.get("/api/v1/orders")).data) == 1


async def test_demo_accounts_sign_in(counter: Counter) -> None:
    for role in ("manager", "chef", "cashier", "delivery"):
        for store in ("mgroad", "koramangala"):
            answer = await counter.anonymous.post(
                "/api/v1/auth/login", {"identifier": f"{role}.{store}@demo.test", "password": PASSWORD}
            )
            assert answer.status == 200
