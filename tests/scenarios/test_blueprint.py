"""The blueprint at work: one story that asks every API of it, and leaves every event of it with all who are to hear it,
in both shapes. The table is tests/house/blueprint.yaml."""

import asyncio
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shikanji.kit.clock import DAY, SystemClock, to_rfc3339
from shikanji.kit.db.copied import copy_together
from shikanji.kit.db.together import open_together, quoted
from tests.harness import ADDRESS, Client, Counter
from tests.house.blueprint import API, APIS, BLUEPRINT, EVENTS
from tests.house.sources import ROOT

NEEDS_A_CHANNEL_THAT_FAILS = "NotificationFailed"
"""Here every message arrives; tests of the notification service have channels that do not."""
PASSWORD = "correct horse battery"


@dataclass
class Story:
    """What has been asked so far; `ids` fill the parameters of the paths."""

    counter: Counter
    asked: set[str] = field(default_factory=set)
    ids: dict[str, str] = field(default_factory=dict)

    async def ask(self, who: Client, api: str, body: Any = None, query: str = "", **ids: str) -> Any:
        """Asks an API by its name in the blueprint; what is not a success fails the story."""
        method, path = api.split()
        answer = await who.request(method, API + path.format_map(self.ids | ids) + query, json=body)
        assert 200 <= answer.status < 300, (api, answer.status, answer.body)
        self.asked.add(api)
        return answer.data if answer.status != 204 else None

    async def put(self, who: Client, path: str, body: Any) -> Any:
        """What the blueprint does not name, but its events follow from."""
        answer = await who.request("PUT", API + path.format_map(self.ids), json=body)
        assert answer.status == 200, (path, answer.body)
        return answer.data


async def test_every_api_works_and_every_event_reaches_whom_it_should(counter: Counter) -> None:
    story = Story(counter)
    manager, admin = await counter.staff("manager"), await counter.admin()

    asha = await a_customer_comes(story)
    await a_store_opens(story, admin)
    await something_new_is_sold(story, admin, manager)
    await points_and_coupons(story, asha, admin)
    await an_order_is_paid_made_and_brought(story, asha, manager)
    await one_is_cancelled_and_one_has_no_stock(story, asha, manager)
    await what_came_is_reviewed(story, asha, manager)
    await everybody_is_told(story, asha, admin)
    await head_office_looks_at_it(story, asha, admin)

    assert set(APIS) - story.asked == set()
    published, heard = await asyncio.to_thread(what_was_told, counter.databases)
    assert set(EVENTS) - published <= {NEEDS_A_CHANNEL_THAT_FAILS}
    for service, boundary in BLUEPRINT.items():
        assert (boundary.hears(EVENTS) & published) - heard[service] == set(), service


def test_the_event_that_needs_a_failure_has_a_test_of_its_own() -> None:
    tests = (file.read_text() for file in (ROOT / "tests/services/notification").glob("test_*.py"))

    assert any(NEEDS_A_CHANNEL_THAT_FAILS in text for text in tests)


async def a_customer_comes(story: Story) -> Client:
    counter, number = story.counter, uuid.uuid4().int % 10**8
    person = {"name": "Asha Mehta", "email": f"asha{number}@shop.test", "phone": f"+9198{number:08d}"}
    granted = await story.ask(counter.anonymous, "POST /auth/register", {**person, "password": PASSWORD})
    asha = Client(counter.http, counter.url, granted["accessToken"], granted["customer"]["id"])
    credentials = {"identifier": person["email"], "password": PASSWORD}
    again = await story.ask(counter.anonymous, "POST /auth/login", credentials)
    await story.ask(Client(counter.http, counter.url, again["accessToken"]), "POST /auth/logout")
    story.ids |= {"customerId": asha.id, "userId": asha.id}

    await story.ask(asha, "PUT /customers/{id}", {"name": "Asha Jain"}, id=asha.id)
    assert (await story.ask(asha, "GET /customers/{id}", id=asha.id))["name"] == "Asha Jain"
    made = await story.ask(asha, "POST /customers/{id}/addresses", ADDRESS, id=asha.id)
    assert [each["id"] for each in await story.ask(asha, "GET /customers/{id}/addresses", id=asha.id)] == [made["id"]]
    return asha


async def a_store_opens(story: Story, admin: Client) -> None:
    counter, name = story.counter, "B" + uuid.uuid4().hex[:3].upper()
    place = {"name": f"Brigade Road {name}", "code": name, "address": ADDRESS, "latitude": 12.97, "longitude": 77.6}
    opened = await story.ask(admin, "POST /stores", place)
    store = story.ids["new_store"] = opened["id"]
    await story.ask(admin, "PUT /stores/{id}", {"prepMinutes": 25}, id=store)
    await story.put(admin, "/stores/{new_store}/status", {"acceptingOrders": False})
    zone = {"name": "Near", "postalCodes": ["560001"], "fee": 2_000, "minutes": 25}
    assert (await admin.post(f"{API}/stores/{store}/zones", zone)).status == 201
    assert (await story.ask(counter.anonymous, "GET /stores/{id}", id=store))["name"] == place["name"]
    listed = await story.ask(counter.anonymous, "GET /stores", query="?limit=100")
    assert store in [each["id"] for each in listed]

    phone = f"+9197{uuid.uuid4().int % 10**8:08d}"
    await proves_a_phone(counter, phone)
    await story.ask(admin, "POST /stores/{id}/staff", {"identifier": phone, "role": "cashier"}, id=store)
    staff = await story.ask(admin, "GET /stores/{id}/staff", id=store)
    assert [member["role"] for member in staff] == ["cashier"]


async def proves_a_phone(counter: Counter, phone: str) -> None:
    """A code comes, and opens an account that is new."""
    assert (await counter.anonymous.post(f"{API}/auth/otp", {"phone": phone})).status in (200, 202)
    await counter.settle()
    sent = (await counter.anonymous.get("/dev/outbox", headers={"Accept": "application/json"})).data
    found = re.search(r"\b\d{6}\b", next(message["text"] for message in sent if message["to"] == phone))
    assert found is not None
    assert (await counter.anonymous.post(f"{API}/auth/otp/verify", {"phone": phone, "code": found[0]})).status == 200


async def something_new_is_sold(story: Story, admin: Client, manager: Client) -> None:
    """At MG Road: 12 pieces, low at 8."""
    counter = story.counter
    story.ids["store"] = store = (await counter.store())["id"]
    some = (await counter.products(store))[0]
    story.ids["other"] = some["id"]
    name = f"Jaljeera {uuid.uuid4().hex[:6]}"
    card = {"name": name, "sku": name[-6:].upper(), "categoryId": some["categoryId"], "price": 9_000}
    card |= {"taxClass": some["taxClass"], "ingredients": ["water", "mint", "roasted cumin powder"]}
    made = await story.ask(admin, "POST /products", card)
    product = story.ids["productId"] = made["id"]
    await story.ask(admin, "PUT /products/{id}", {**card, "price": 9_500}, id=product)
    counted = {"storeId": store, "delta": 12, "reason": "counted"}
    await story.ask(manager, "PUT /inventory/{productId}/adjust", counted)
    await story.put(manager, "/inventory/{productId}/levels", {"storeId": store, "reorderPoint": 8})
    assert (await story.ask(counter.anonymous, "GET /products/{id}", id=product))["price"] == 9_500
    shown = await story.ask(counter.anonymous, "GET /products", query=f"?storeId={store}&q={name[-6:]}")
    assert [each["id"] for each in shown] in ([product], [])
    there = await story.ask(manager, "GET /inventory/{productId}", query=f"?storeId={store}")
    assert (there["onHand"], there["low"]) == (12, False)

    supplied = {"name": "Khus and Jaljeera", "products": [{"productId": product, "unitCost": 2_000}]}
    supplier = (await admin.post(f"{API}/suppliers", supplied)).data["id"]
    wanted = {"storeId": store, "supplierId": supplier, "lines": [{"productId": product, "quantity": 24}]}
    assert (await story.ask(manager, "POST /purchase-orders", wanted))["total"] == 48_000


async def points_and_coupons(story: Story, asha: Client, admin: Client) -> None:
    code = story.ids["code"] = f"BLUE{uuid.uuid4().hex[:6].upper()}"
    begun = to_rfc3339(SystemClock().now() - DAY)
    campaign = {"name": "Blueprint", "type": "discount", "discountType": "percentage", "value": 10, "code": code}
    await story.ask(admin, "POST /campaigns", {**campaign, "startsAt": begun})
    assert code in [each["code"] for each in await story.ask(asha, "GET /campaigns", query="?limit=100")]
    assert (await story.ask(asha, "GET /campaigns/{code}/validate"))["valid"]
    gift = {"customerId": asha.id, "points": 1_200, "reason": "a gift"}
    await story.ask(admin, "POST /loyalty/earn", gift)
    await story.ask(admin, "POST /loyalty/redeem", {**gift, "points": 200})
    member = await story.ask(asha, "GET /loyalty/customer/{customerId}")
    assert (member["points"], member["tier"]) == (1_000, "silver")


async def an_order_is_paid_made_and_brought(story: Story, asha: Client, manager: Client) -> None:
    """With a coupon and points; the first try to pay fails, and in the end a rupee goes back."""
    counter, ids = story.counter, story.ids
    items = [{"productId": ids["productId"], "quantity": 6}, {"productId": ids["other"], "quantity": 1}]
    body = await counter.order_body(items=items, fulfilment="delivery", deliveryAddress=ADDRESS, paymentMethod="online")
    order = await story.ask(asha, "POST /orders", {**body, "couponCode": ids["code"], "redeemPoints": 10})
    assert (order["discount"] > 0, order["pointsDiscount"]) == (True, 1_000)
    payment = await story.ask(asha, "POST /payments/initiate", {"orderId": order["id"]})
    await counter.check_out(payment, "failure", webhook="once")
    await counter.settle()
    paid = (await counter.check_out(payment, webhook="none")).data
    await story.ask(asha, "POST /payments/verify", {"paymentId": payment["id"], **paid})
    await counter.settle()
    for status in ("preparing", "ready", "dispatched", "delivered", "completed"):
        await story.ask(manager, "PUT /orders/{id}/status", {"status": status}, id=order["id"])
        await counter.settle()
    assert (await story.ask(asha, "GET /orders/{id}", id=order["id"]))["status"] == "completed"
    assert (await story.ask(asha, "GET /payments/{id}", id=payment["id"]))["status"] == "completed"
    (told,) = await story.ask(asha, "GET /payments/order/{orderId}", orderId=order["id"])
    assert told["id"] == payment["id"]
    await story.ask(manager, "POST /payments/{id}/refund", {"amount": 100, "reason": "spilt"}, id=payment["id"])
    await counter.settle()
    story.ids["order"] = order["id"]


async def one_is_cancelled_and_one_has_no_stock(story: Story, asha: Client, manager: Client) -> None:
    """Six pieces are left; five are promised when the store finds that there are none."""
    counter, ids = story.counter, story.ids
    items = [{"productId": ids["other"], "quantity": 1}]
    cancelled = (await counter.order(asha, items=items))["id"]
    await story.ask(asha, "POST /orders/{id}/cancel", {"reason": "changed my mind"}, id=cancelled)
    unlucky = await counter.order(asha, items=[{"productId": ids["productId"], "quantity": 5}], paymentMethod="online")
    gone = {"storeId": ids["store"], "delta": -6, "reason": "spilt"}
    await story.ask(manager, "PUT /inventory/{productId}/adjust", gone)
    await counter.settle()
    mine = {each["id"]: each["status"] for each in await story.ask(asha, "GET /orders")}
    assert (mine[cancelled], mine[unlucky["id"]]) == ("cancelled", "cancelled")
    listed = await story.ask(manager, "GET /orders/customer/{customerId}")
    assert {each["id"] for each in listed} == set(mine)


async def what_came_is_reviewed(story: Story, asha: Client, manager: Client) -> None:
    said = {"productId": story.ids["productId"], "orderId": story.ids["order"], "rating": 5, "text": "As in Modinagar"}
    review = await story.ask(asha, "POST /reviews", said)
    await manager.put(f"{API}/reviews/{review['id']}/moderation", {"status": "approved"})
    await story.ask(manager, "PUT /reviews/{id}/response", {"text": "Thank you!"}, id=review["id"])
    await story.counter.settle()
    (shown,) = await story.ask(story.counter.anonymous, "GET /reviews/product/{productId}")
    assert (shown["rating"], shown["text"]) == (5, "As in Modinagar")
    (own,) = await story.ask(asha, "GET /reviews/customer/{customerId}")
    assert own["id"] == review["id"]


async def everybody_is_told(story: Story, asha: Client, admin: Client) -> None:
    await story.ask(admin, "POST /notifications/send", {"customerIds": [asha.id], "title": "Hello", "text": "Holi!"})
    await story.counter.settle()
    inbox = await story.ask(asha, "GET /notifications/user/{userId}", query="?limit=100")
    kinds = {each["kind"] for each in inbox}
    assert kinds >= {"order-confirmed", "order-delivered", "order-cancelled", "payment-receipt", "notice"}
    await story.ask(asha, "PUT /notifications/{id}/read", id=inbox[0]["id"])
    await story.ask(asha, "GET /notifications/preferences/{userId}")


async def head_office_looks_at_it(story: Story, asha: Client, admin: Client) -> None:
    seen = {"visitId": "visit-of-the-blueprint", "events": [{"name": "menu_viewed"}]}
    await story.ask(asha, "POST /analytics/event", seen)
    await story.counter.settle()
    query = f"?storeId={story.ids['store']}"
    dashboard = await story.ask(admin, "GET /analytics/dashboard", query=query)
    assert dashboard["orders"] >= 1
    for report in ("sales", "customers", "products"):
        await story.ask(admin, f"GET /analytics/{report}", query=query)


def what_was_told(databases: Mapping[str, Path | str]) -> tuple[set[str], dict[str, set[str]]]:
    """The types of all events that were recorded, and service → those that it has taken in."""
    files = {name: place for name, place in databases.items() if isinstance(place, Path)}
    urls = {name: place for name, place in databases.items() if isinstance(place, str)}
    connection = copy_together(urls) if urls else open_together(files)
    try:
        published = {
            row[0] for name in BLUEPRINT for row in connection.execute(f"SELECT type FROM {quoted(name)}.outbox")
        }
        heard = {
            name: {row[0] for row in connection.execute(f"SELECT DISTINCT type FROM {quoted(name)}.inbox")}
            for name in BLUEPRINT
        }
    finally:
        connection.close()
    return published, heard


def _types(connection: Any, service: str, table: str) -> set[str]:
    return {row[0] for row in connection.execute(f"SELECT DISTINCT type FROM {quoted(service)}.{table}")}
