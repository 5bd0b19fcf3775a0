"""What the load does to the platform: customers who order, pay and read the menu."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.http import Answer, Http, client
from bench.load import Request

DEMO_PASSWORD = "shikanji-demo"  # noqa: S105 — the demo accounts' password, printed at every start
STOCK_FOR_EVERYONE = 9_000_000
COME_AT_ONCE_MAX = 16
"""More passwords at once than are hashed in a second or two are refused."""
ADDRESS = {"line1": "1 Residency Road", "city": "Bengaluru", "state": "Karnataka", "postalCode": "560001"}


@dataclass
class Shop:
    """The platform as its clients see it: connections, a store, a menu, customers with tokens."""

    http: Http
    store_id: str
    products: list[str]
    tokens: list[str]

    def place_order(self, payment: str = "cod") -> Request:
        """Three lines for delivery, by another customer each time."""
        chosen = random.Random(7)

        async def request(number: int) -> int:
            answer = await self.order(number, payment, chosen.sample(self.products, 3))
            return answer.status

        return request

    async def order(self, number: int, payment: str, products: list[str]) -> Answer:
        body = {
            "storeId": self.store_id,
            "fulfilment": "delivery",
            "items": [{"productId": product, "quantity": 1} for product in products],
            "deliveryAddress": ADDRESS,
            "paymentMethod": payment,
        }
        return await self.post("/api/v1/orders", body, self._token(number))

    def pay_online(self) -> Request:
        """An order, its payment at the sandbox, and the verification: four requests."""
        chosen = random.Random(8)

        async def request(number: int) -> int:
            token = self._token(number)
            order = await self.order(number, "online", chosen.sample(self.products, 3))
            if order.status != 201:
                return order.status
            initiated = await self.post("/api/v1/payments/initiate", {"orderId": order.data["id"]}, token)
            if initiated.status != 201:
                return initiated.status
            payment = initiated.data
            checkout = f"/sandbox/checkout/{payment['checkout']['providerOrderId']}"
            paid = await self.post(checkout, {"outcome": "success", "webhook": "none"}, token)
            if paid.status != 200:
                return paid.status
            verified = await self.post("/api/v1/payments/verify", {"paymentId": payment["id"], **paid.data}, token)
            return verified.status

        return request

    def read_menu(self) -> Request:
        async def request(_: int) -> int:
            return (await self.http.get(self._menu)).status

        return request

    async def menu_bytes(self) -> int:
        return len((await self.http.get(self._menu)).body)

    @property
    def _menu(self) -> str:
        return f"/api/v1/products?storeId={self.store_id}&limit=20"

    async def post(self, path: str, body: dict[str, Any], token: str) -> Answer:
        return await self.http.send("POST", path, body, token=token, key=str(uuid.uuid4()))

    async def sign_in(self, identifier: str, password: str) -> Any:
        """What the login answers. Raises RuntimeError where it refuses."""
        answer = await self.post("/api/v1/auth/login", {"identifier": identifier, "password": password}, "")
        if answer.status != 200:
            raise RuntimeError(f"{identifier}: signing in answered {answer.status}")
        return answer.data

    def _token(self, number: int) -> str:
        return self.tokens[number % len(self.tokens)]


@asynccontextmanager
async def opened(url: str, *, customers: int) -> AsyncIterator[Shop]:
    """The demo data's store around the clock, stocked for the load, with so many customers signed in."""
    async with client(url) as http:
        shop = Shop(http, "", [], [])
        shop.store_id = await _store(shop)
        shop.products = await _products(shop)
        for first in range(0, customers, COME_AT_ONCE_MAX):
            some = range(first, min(first + COME_AT_ONCE_MAX, customers))
            shop.tokens += await asyncio.gather(*(_customer(shop, number) for number in some))
        await _stock(shop)
        yield shop


async def _store(shop: Shop) -> str:
    stores = (await shop.http.get("/api/v1/stores")).data
    return str(next(store["id"] for store in stores if "MG Road" in store["name"]))


async def _products(shop: Shop) -> list[str]:
    """Twenty simple products: none that asks for a choice."""
    products = (await shop.http.get(f"/api/v1/products?storeId={shop.store_id}&limit=100")).data
    simple = [
        product["id"] for product in products if not any(choice["required"] for choice in product["customizations"])
    ]
    return simple[:20]


async def _customer(shop: Shop, number: int) -> str:
    person = {
        "name": f"Customer {number}",
        "email": f"bench{number}@load.test",
        "phone": f"+9198{number:08d}",
        "password": DEMO_PASSWORD,
    }
    answer = await shop.post("/api/v1/auth/register", person, "")
    if answer.status == 409:
        # Measured before on the same data.
        return str((await shop.sign_in(person["email"], DEMO_PASSWORD))["accessToken"])
    if answer.status != 201:
        raise RuntimeError(f"registering answered {answer.status}")
    return str(answer.data["accessToken"])


async def _stock(shop: Shop) -> None:
    token = (await shop.sign_in("admin@demo.test", DEMO_PASSWORD))["accessToken"]
    for product in shop.products:
        body = {"storeId": shop.store_id, "delta": STOCK_FOR_EVERYONE, "reason": "load test"}
        answer = await shop.http.send("PUT", f"/api/v1/inventory/{product}/adjust", body, token=token)
        if answer.status != 200:
            raise RuntimeError(f"stocking answered {answer.status}: {answer.body.decode()}")
