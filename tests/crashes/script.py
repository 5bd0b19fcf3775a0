"""A day at the shop as clients live it: each step can be said again word for word after a crash, with its keys."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from shikanji.kit.clock import HOUR, MINUTE
from shikanji.kit.folder import command_running
from shikanji.kit.secrets import DerivedSecrets
from shikanji.sandbox.settings import SandboxSettings
from shikanji.sandbox.signing import key_secret
from tests.crashes.machine import Machine
from tests.harness import ADDRESS, ADMIN, CUSTOMER, PASSWORD, SECRET, Client, Response
from tests.house.people import PICTURE

PHONE = "+919845099887"


class GaveNoAnswer(Exception):
    """The connection broke: what was asked may have been done or not."""


@dataclass
class Script:
    """What the clients know: their tokens, the answers they got, the keys they used."""

    machine: Machine
    http: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)
    refresh: str = ""
    orders: dict[str, str] = field(default_factory=dict)
    """Name of an order in this script → its id, once a 201 has said so."""
    payments: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    """Name of an order → the last status that an answer has confirmed."""
    store: dict[str, Any] = field(default_factory=dict)
    products: list[str] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)
    friends_code: str = ""

    async def ask(
        self, who: str | None, method: str, path: str, json: Any = None, *, key: str | None = None, **options: Any
    ) -> Response:
        token = self.tokens.get(who) if who else None
        client = Client(self.http, self.machine.url, token)
        try:
            return await client.request(method, path, json=json, key=key, **options)
        except (aiohttp.ClientError, ConnectionError) as broken:
            raise GaveNoAnswer(f"{method} {path}") from broken

    async def settle(self) -> None:
        try:
            await command_running(self.machine.folder, "settle", {})
        except Exception as broken:
            raise GaveNoAnswer("settle") from broken

    async def sign_in(self, who: str, identifier: str) -> None:
        answer = await self.ask(None, "POST", "/api/v1/auth/login", {"identifier": identifier, "password": PASSWORD})
        self.tokens[who], self.accounts[who] = answer.data["accessToken"], answer.data["customer"]["id"]
        if who == "customer":
            self.refresh = answer.data["refreshToken"]

    async def sign_everybody_in(self) -> None:
        for who, identifier in PEOPLE.items():
            await self.sign_in(who, identifier)

    async def place(self, name: str, **changes: Any) -> Response:
        body = {
            "storeId": self.store["id"],
            "fulfilment": "pickup",
            "items": [{"productId": product, "quantity": 2} for product in self.products[:3]],
            "paymentMethod": "online",
            **changes,
        }
        answer = await self.ask("customer", "POST", "/api/v1/orders", body, key=f"order-{name}-0123456789")
        if answer.status == 201:
            self.orders[name] = answer.data["id"]
            self.statuses.setdefault(name, answer.data["status"])
        return answer

    async def initiate(self, name: str) -> dict[str, Any]:
        answer = await self.ask(
            "customer",
            "POST",
            "/api/v1/payments/initiate",
            {"orderId": self.orders[name]},
            key=f"initiate-{name}-0123456789",
        )
        self.payments[name] = answer.data
        payment: dict[str, Any] = answer.data
        return payment

    async def check_out(self, name: str, outcome: str = "success", webhook: str = "none") -> dict[str, Any] | None:
        """None: it was paid before the answer got lost, as the second success tells."""
        path = f"/sandbox/checkout/{self.payments[name]['checkout']['providerOrderId']}"
        answer = await self.ask(None, "POST", path, {"outcome": outcome, "webhook": webhook})
        if answer.status == 409:
            return None
        paid: dict[str, Any] = answer.data
        return paid

    async def move(self, name: str, *statuses: str) -> None:
        for status in statuses:
            await self.expect_status(name, status)

    async def expect_status(self, name: str, status: str) -> None:
        path = f"/api/v1/orders/{self.orders[name]}/status"
        answer = await self.ask("manager", "PUT", path, {"status": status})
        # After a lost answer the order may be there already, or one further; going back is refused.
        assert answer.status in (200, 409), answer.body
        if answer.status == 200:
            self.statuses[name] = status


CRASHES_MAX = 20

PEOPLE = {"customer": CUSTOMER, "manager": "manager.mgroad@demo.test", "admin": ADMIN}
Step = Callable[[Script], Awaitable[None]]


async def open_the_day(script: Script) -> None:
    await script.sign_everybody_in()
    stores = (await script.ask(None, "GET", "/api/v1/stores")).data
    script.store = next(store for store in stores if "MG Road" in store["name"])
    listed = (await script.ask(None, "GET", f"/api/v1/products?storeId={script.store['id']}&limit=100")).data
    simple = [product for product in listed if not any(choice["required"] for choice in product["customizations"])]
    script.products = [product["id"] for product in simple][:12]
    path = f"/api/v1/stores/{script.store['id']}/settings"
    assert (await script.ask("admin", "PUT", path, {"capacityPerSlot": 500})).status == 200
    await campaigns_begin(script)


async def campaigns_begin(script: Script) -> None:
    """A coupon, a referral, and points for both sides of it."""
    since = {"startsAt": "2020-01-01T00:00:00Z", "discountType": "fixed", "value": 100}
    listed = await script.ask("admin", "GET", "/api/v1/campaigns?all=true")
    if not any(campaign["type"] == "referral" for campaign in listed.data):
        referral = {"name": "Friends", "type": "referral", "rewardPoints": 5, **since}
        assert (await script.ask("admin", "POST", "/api/v1/campaigns", referral)).status == 201
    coupon = {"name": "Crash", "type": "discount", "code": "CRASH", **since}
    assert (await script.ask("admin", "POST", "/api/v1/campaigns", coupon)).status in (201, 409)
    for who in ("customer", "admin"):
        gift = {"customerId": script.accounts[who], "points": 200, "reason": "a gift"}
        given = await script.ask("admin", "POST", "/api/v1/loyalty/earn", gift, key=f"gift-for-{who}-0123456789")
        assert given.status == 201, given.body
        script.friends_code = given.data["referralCode"]


async def customers_come(script: Script) -> None:
    person = {"name": "Asha", "email": "asha@crash.test", "phone": "+919845000001", "password": "correct horse 9"}
    assert (await script.ask(None, "POST", "/api/v1/auth/register", person)).status == 201
    answer = await script.ask(None, "POST", "/api/v1/auth/refresh", {"refreshToken": script.refresh})
    if answer.status == 401:
        # The crash came between the rotation and its answer, and the grace has passed: one signs in again.
        await script.sign_in("customer", CUSTOMER)
    else:
        script.tokens["customer"], script.refresh = answer.data["accessToken"], answer.data["refreshToken"]
    assert (await script.ask(None, "POST", "/api/v1/auth/otp", {"phone": PHONE})).status in (200, 202)
    await script.settle()


async def cash_at_the_counter(script: Script) -> None:
    answer = await script.place("cash", paymentMethod="cod", couponCode=script.friends_code)
    assert answer.status == 201, answer.body
    await script.settle()
    await script.move("cash", "preparing", "ready", "completed")
    await script.settle()


async def a_supplier_brings_a_part(script: Script) -> None:
    """However often it is said: one order, one delivery of it."""
    store_id, product = script.store["id"], script.products[3]
    (supplier, *_) = (await script.ask("manager", "GET", f"/api/v1/suppliers?productId={product}")).data
    wanted = {"storeId": store_id, "supplierId": supplier["id"], "lines": [{"productId": product, "quantity": 10}]}
    made = await script.ask("manager", "POST", "/api/v1/purchase-orders", wanted, key="purchase-0123456789012345")
    assert made.status == 201, made.body
    path = f"/api/v1/purchase-orders/{made.data['id']}"
    assert (await script.ask("manager", "PUT", f"{path}/status", {"status": "confirmed"})).status == 200
    came = {"lines": [{"productId": product, "quantity": 4}], "reference": "DN 7"}
    answer = await script.ask("manager", "POST", f"{path}/receipts", came, key="receipt-0123456789012345")
    assert answer.status == 201, answer.body
    await script.settle()
    assert len((await script.ask("manager", "GET", f"{path}/receipts")).data) == 1


async def what_was_received_is_reviewed(script: Script) -> None:
    """With a photo that somebody lets be shown. After a lost answer the review is there already."""
    order_id = script.orders["cash"]
    said = {"orderId": order_id, "productId": script.products[0], "rating": 4, "text": "Very good"}
    answer = await script.ask("customer", "POST", "/api/v1/reviews", said)
    assert answer.status in (201, 409), answer.body
    received = (await script.ask("customer", "GET", f"/api/v1/reviews/order/{order_id}")).data
    path = f"/api/v1/reviews/{received['items'][1]['reviewId']}"
    png = {"Content-Type": "image/png"}
    added = await script.ask("customer", "POST", f"{path}/photos", data=PICTURE, headers=png)
    assert added.status == 201, added.body
    moderated = await script.ask("manager", "PUT", f"{path}/moderation", {"status": "approved"})
    assert moderated.status == 200, moderated.body
    await script.settle()
    shown = (await script.ask(None, "GET", path)).data
    assert [photo["id"] for photo in shown["photos"]] == [added.data["id"]]
    assert (await script.ask(None, "GET", shown["photos"][0]["webp"])).status == 200


async def paid_and_delivered(script: Script) -> None:
    answer = await script.place("delivered", fulfilment="delivery", deliveryAddress=ADDRESS)
    assert answer.status == 201
    await script.initiate("delivered")
    paid = await script.check_out("delivered", webhook="once")
    if paid is not None:
        told = {"paymentId": script.payments["delivered"]["id"], **paid}
        assert (await script.ask("customer", "POST", "/api/v1/payments/verify", told)).status == 200
    await script.settle()
    await script.move("delivered", "preparing", "ready", "dispatched", "delivered")
    await script.settle()


async def paid_by_webhook(script: Script) -> None:
    assert (await script.place("webhook")).status == 201
    await script.initiate("webhook")
    await script.check_out("webhook", "failure", "once")
    await script.check_out("webhook", webhook="twice")
    await script.settle()


async def refunded_in_part(script: Script) -> None:
    lines = (await script.ask("customer", "GET", f"/api/v1/orders/{script.orders['delivered']}")).data["items"]
    payments = await script.ask("manager", "GET", f"/api/v1/payments/order/{script.orders['delivered']}")
    path = f"/api/v1/payments/{payments.data[0]['id']}/refund"
    asked = {"lines": [{"lineId": lines[0]["id"], "quantity": 1}], "reason": "cold"}
    answer = await script.ask("manager", "POST", path, asked, key="refund-0123456789012345")
    assert answer.status in (200, 201, 202), answer.body
    await script.settle()


async def its_papers_are_taken(script: Script) -> None:
    """One invoice and one credit note, however often they are asked for."""
    payments = await script.ask("manager", "GET", f"/api/v1/payments/order/{script.orders['delivered']}")
    path = f"/api/v1/payments/{payments.data[0]['id']}"
    assert (await script.ask("customer", "GET", f"{path}/invoice")).status == 200
    assert len((await script.ask("customer", "GET", f"{path}/credit-notes")).data) == 1


async def the_company_takes_its_time(script: Script) -> None:
    """Its refunds are only pending at first."""
    secret = key_secret(SandboxSettings(), DerivedSecrets(SECRET.encode())).decode()
    answer = await script.ask(
        None,
        "PUT",
        "/sandbox/faults",
        {"operation": "create-refund", "kind": "pend", "delaySeconds": 1},
        headers={"X-Client-Id": SandboxSettings().key_id, "X-Client-Secret": secret},
    )
    assert answer.status == 200, answer.body


async def paid_and_cancelled(script: Script) -> None:
    assert (await script.place("cancelled")).status == 201
    await script.initiate("cancelled")
    await script.check_out("cancelled", webhook="once")
    await script.settle()
    path = f"/api/v1/orders/{script.orders['cancelled']}/cancel"
    answer = await script.ask("customer", "POST", path, {"reason": "changed my mind"}, key="cancel-0123456789012345")
    assert answer.status == 200
    script.statuses["cancelled"] = "cancelled"
    await script.settle()


async def stock_runs_out(script: Script) -> None:
    """The last product of the list is counted down below what an order holds."""
    product = script.products[-1]
    items = [{"productId": product, "quantity": 3}]
    assert (await script.place("unlucky", items=items)).status == 201
    await script.settle()
    path = f"/api/v1/inventory/{product}"
    store_id = script.store["id"]
    found = (await script.ask("manager", "GET", f"{path}?storeId={store_id}")).data
    if found["onHand"] > 1:
        change = {"storeId": store_id, "delta": 1 - found["onHand"], "reason": "counted"}
        answer = await script.ask("manager", "PUT", f"{path}/adjust", change)
        assert answer.status == 200
    await script.settle()
    script.statuses["unlucky"] = "cancelled"


async def refused_after_its_holds(script: Script) -> None:
    """Less than the least amount for a delivery: all that was held is given back."""
    cheap = script.products[0]
    answer = await script.place(
        "refused",
        fulfilment="delivery",
        deliveryAddress=ADDRESS,
        items=[{"productId": cheap, "quantity": 1}],
        couponCode="CRASH",
    )
    assert answer.status == 422, answer.body
    await script.settle()


async def two_wait_for_their_money(script: Script) -> None:
    scarce = script.products[-2]
    assert (await script.place("late", couponCode="CRASH", redeemPoints=5)).status == 201
    assert (await script.place("too-late", items=[{"productId": scarce, "quantity": 2}])).status == 201
    await script.settle()
    await script.initiate("late")
    await script.initiate("too-late")


async def the_window_closes(script: Script) -> None:
    script.machine.pass_time(16 * MINUTE)
    script.machine.restart()
    await script.sign_everybody_in()
    await script.settle()


async def late_money_comes(script: Script) -> None:
    scarce, store_id = script.products[-2], script.store["id"]
    found = (await script.ask("manager", "GET", f"/api/v1/inventory/{scarce}?storeId={store_id}")).data
    if found["onHand"] > 0:
        change = {"storeId": store_id, "delta": -found["onHand"], "reason": "spilt"}
        assert (await script.ask("manager", "PUT", f"/api/v1/inventory/{scarce}/adjust", change)).status == 200
    await script.check_out("late", webhook="once")
    await script.check_out("too-late", webhook="once")
    await script.settle()


async def the_day_ends(script: Script) -> None:
    """Half an hour for the reconciler, then the rest of the day: timers run, holds lapse, deliveries are completed."""
    for by in (20 * MINUTE, 20 * MINUTE, 3 * HOUR):
        script.machine.pass_time(by)
        script.machine.restart()
        await script.settle()


DAY: list[Step] = [
    open_the_day,
    customers_come,
    cash_at_the_counter,
    a_supplier_brings_a_part,
    what_was_received_is_reviewed,
    paid_and_delivered,
    paid_by_webhook,
    refunded_in_part,
    its_papers_are_taken,
    the_company_takes_its_time,
    paid_and_cancelled,
    stock_runs_out,
    refused_after_its_holds,
    two_wait_for_their_money,
    the_window_closes,
    late_money_comes,
    the_day_ends,
]


async def live(script: Script) -> None:
    """Every step until it is done; one that the platform dies in is said again once it is back."""
    for step in DAY:
        await _until_done(script, step)


async def _until_done(script: Script, step: Step) -> None:
    for _ in range(CRASHES_MAX):
        try:
            if script.tokens:
                await script.sign_everybody_in()
            await step(script)
            return
        except GaveNoAnswer:
            script.machine.buried()
            script.machine.start()
    raise AssertionError(f"{step.__name__} was never done: {script.machine.log()}")
