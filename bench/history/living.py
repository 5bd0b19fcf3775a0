"""A few customers live: one order a day each, every kind of order, on a clock that stands in the past."""

import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.http import Answer, Http, client
from shikanji import seed
from shikanji.configuration import Configuration
from shikanji.house import settings_kinds
from shikanji.kit.clock import DAY, HOUR, SystemClock
from shikanji.kit.ids import Ids
from shikanji.main import Platform
from shikanji.world import World

PASSWORD = "history of a shop"  # noqa: S105 — nobody's: the accounts are made up
STAFF_PASSWORD = "shikanji-demo"  # noqa: S105 — the demo accounts' password, printed at every start
STOCK = 9_000_000
MORNING = 4 * HOUR
"""When a day's order is placed: by UTC and in India it is the same date until all is settled."""
EVENING = 6 * HOUR
"""How long after that everything that an order sets going by the clock has happened."""
EMAIL = "history.{:07d}@load.test"
PHONE = "+9170{:08d}"
ADDRESS = {"line1": "1 Residency Road", "city": "Bengaluru", "state": "Karnataka", "postalCode": "560001"}


class PastClock:
    """Goes as the system's does, from another time on."""

    def __init__(self, now: int) -> None:
        self._system = SystemClock()
        self._ahead = now - self._system.now()

    def now(self) -> int:
        return self._system.now() + self._ahead

    def go_to(self, at: int) -> None:
        self._ahead = max(self._ahead, at - self._system.now())


@dataclass
class Lived:
    """`opened`: midnight before the first order; order n of all was placed on day n after it."""

    opened: int
    customers: int
    orders_each: int

    @property
    def days(self) -> int:
        return self.customers * self.orders_each

    @property
    def closed(self) -> int:
        return self.opened + self.days * DAY


@dataclass
class Life:
    http: Http
    clock: PastClock
    settle: Callable[[], Awaitable[None]]
    ids: Ids
    chosen: random.Random
    store_id: str = ""
    products: list[str] = field(default_factory=list)
    token: str = ""
    manager: str = ""

    async def send(self, method: str, path: str, body: Any, token: str) -> Any:
        answer: Answer = await self.http.send(method, path, body, token=token, key=self.ids.new())
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.body.decode()[:500]}")
        return answer.data

    async def sign_in(self, identifier: str, password: str) -> str:
        granted = await self.send("POST", "/api/v1/auth/login", {"identifier": identifier, "password": password}, "")
        return str(granted["accessToken"])

    async def place(self, fulfilment: str, payment: str, **more: Any) -> dict[str, Any]:
        chosen = self.chosen.sample(self.products, self.chosen.randint(1, 4))
        body = {
            "storeId": self.store_id,
            "fulfilment": fulfilment,
            "items": [{"productId": product, "quantity": self.chosen.randint(2, 3)} for product in chosen],
            "paymentMethod": payment,
            **({"deliveryAddress": ADDRESS} if fulfilment == "delivery" else {}),
            **more,
        }
        order: dict[str, Any] = await self.send("POST", "/api/v1/orders", body, self.token)
        await self.settle()
        return order

    async def pay(self, order: dict[str, Any]) -> dict[str, Any]:
        payment: dict[str, Any] = await self.send(
            "POST", "/api/v1/payments/initiate", {"orderId": order["id"]}, self.token
        )
        checkout = f"/sandbox/checkout/{payment['checkout']['providerOrderId']}"
        paid = await self.send("POST", checkout, {"outcome": "success", "webhook": "once"}, self.token)
        await self.send("POST", "/api/v1/payments/verify", {"paymentId": payment["id"], **paid}, self.token)
        await self.settle()
        return payment

    async def advance(self, order: dict[str, Any], *statuses: str) -> None:
        for status in statuses:
            await self.send("PUT", f"/api/v1/orders/{order['id']}/status", {"status": status}, self.manager)
        await self.settle()

    async def cancel(self, order: dict[str, Any]) -> None:
        await self.send("POST", f"/api/v1/orders/{order['id']}/cancel", {"reason": "changed my mind"}, self.token)
        await self.settle()


PICKED_UP = ("preparing", "ready", "completed")
DELIVERED = ("preparing", "ready", "dispatched", "delivered", "completed")


async def _cash_picked_up(life: Life) -> None:
    await life.advance(await life.place("pickup", "cod"), *PICKED_UP)


async def _cash_delivered(life: Life) -> None:
    await life.advance(await life.place("delivery", "cod"), *DELIVERED)


async def _paid_and_delivered(life: Life) -> None:
    order = await life.place("delivery", "online")
    await life.pay(order)
    await life.advance(order, *DELIVERED)


async def _paid_and_refunded_in_part(life: Life) -> None:
    order = await life.place("dine-in", "online")
    payment = await life.pay(order)
    await life.advance(order, *PICKED_UP)
    cold = {"lines": [{"lineId": order["items"][0]["id"], "quantity": 1}], "reason": "cold"}
    await life.send("POST", f"/api/v1/payments/{payment['id']}/refund", cold, life.manager)
    await life.settle()


async def _cancelled(life: Life) -> None:
    await life.cancel(await life.place("pickup", "cod"))


async def _paid_and_cancelled(life: Life) -> None:
    order = await life.place("pickup", "online")
    await life.pay(order)
    await life.cancel(order)


async def _with_points(life: Life) -> None:
    await life.advance(await life.place("pickup", "cod", redeemPoints=5), *PICKED_UP)


EVERY_KIND: tuple[Callable[[Life], Awaitable[None]], ...] = (
    _cash_picked_up,
    _paid_and_delivered,
    _cash_delivered,
    _paid_and_refunded_in_part,
    _cancelled,
    _with_points,
    _paid_and_cancelled,
    _cash_delivered,
)
CONTENT: tuple[Callable[[Life], Awaitable[None]], ...] = (
    _cash_picked_up,
    _paid_and_delivered,
    _cash_delivered,
    _paid_and_delivered,
    _cash_picked_up,
    _with_points,
    _paid_and_delivered,
    _cash_delivered,
)
LIVES = (EVERY_KIND, CONTENT, CONTENT, CONTENT)
"""What a customer's orders come to, in their order, from the first customer on: of four customers' orders two in
thirty-two are cancelled and one is refunded in part."""
ORDERS_EACH = len(EVERY_KIND)


async def live(
    folder: Path, *, opened: int, customers: int, seed_number: int, begin: Callable[[], None], step: Callable[[], None]
) -> Lived:
    """Makes a platform in `folder`, which must be empty, and lets `customers` live in it. `begin` is called when the
    shop is open and nobody has come yet, `step` after every order."""
    given = {"SHIKANJI_DATA_DIR": str(folder), "SHIKANJI_PORT": "0", "SHIKANJI_RATE_LIMITS": "off"}
    clock = PastClock(opened - HOUR)
    platform = Platform(Configuration(given, settings_kinds()), world=World(clock=clock), driven=True)
    await platform.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(platform.stop)
        await seed.seed(platform.rooms)
        platform.is_ready()
        http = await stack.enter_async_context(client(platform.url))
        life = Life(http, clock, platform.settle, Ids(clock), random.Random(seed_number))
        await _open_shop(life)
        begin()
        for day in range(customers * ORDERS_EACH):
            await _live_a_day(life, opened + day * DAY, day, step)
    return Lived(opened, customers, ORDERS_EACH)


async def _open_shop(life: Life) -> None:
    """The demo's store around the clock, with stock for everyone to come."""
    stores = (await life.http.get("/api/v1/stores")).data
    life.store_id = next(store["id"] for store in stores if "MG Road" in store["name"])
    listed = (await life.http.get(f"/api/v1/products?storeId={life.store_id}&limit=100")).data
    life.products = [one["id"] for one in listed if not any(choice["required"] for choice in one["customizations"])]
    admin = await life.sign_in("admin@demo.test", STAFF_PASSWORD)
    for product in life.products:
        body = {"storeId": life.store_id, "delta": STOCK, "reason": "for years to come"}
        await life.send("PUT", f"/api/v1/inventory/{product}/adjust", body, admin)
    await life.settle()


async def _live_a_day(life: Life, midnight: int, day: int, step: Callable[[], None]) -> None:
    customer, number = divmod(day, ORDERS_EACH)
    life.clock.go_to(midnight + MORNING)
    await life.settle()
    life.manager = await life.sign_in("manager.mgroad@demo.test", STAFF_PASSWORD)
    if number == 0:
        life.token = await _register(life, customer)
    else:
        life.token = await life.sign_in(EMAIL.format(customer), PASSWORD)
    await LIVES[customer % len(LIVES)][number](life)
    life.clock.go_to(midnight + MORNING + EVENING)
    await life.settle()
    step()


async def _register(life: Life, customer: int) -> str:
    person = {
        "name": "Asha Mehta",
        "email": EMAIL.format(customer),
        "phone": PHONE.format(customer),
        "password": PASSWORD,
    }
    granted = await life.send("POST", "/api/v1/auth/register", person, "")
    await life.settle()
    return str(granted["accessToken"])
