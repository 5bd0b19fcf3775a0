"""What the load does to the platform: customers who order, pay and read the menu."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.load import Request

DEMO_PASSWORD = "shikanji-demo"  # noqa: S105 — the demo accounts' password, printed at every start
STOCK_FOR_EVERYONE = 9_000_000
ADDRESS = {"line1": "1 Residency Road", "city": "Bengaluru", "state": "Karnataka", "postalCode": "560001"}


@dataclass
class Shop:
    """The platform as its clients see it: one HTTP connection pool, a store, a menu, customers with tokens."""

    http: aiohttp.ClientSession
    url: str
    store_id: str
    products: list[str]
    tokens: list[str]

    def place_order(self, payment: str = "cod") -> Request:
        """Three lines for delivery, by another customer each time."""
        chosen = random.Random(7)

        async def request(number: int) -> int:
            status, _ = await self.order(number, payment, chosen.sample(self.products, 3))
            return status

        return request

    async def order(self, number: int, payment: str, products: list[str]) -> tuple[int, Any]:
        body = {
            "storeId": self.store_id,
            "fulfilment": "delivery",
            "items": [{"productId": product, "quantity": 1} for product in products],
            "deliveryAddress": ADDRESS,
            "paymentMethod": payment,
        }
        return await self.post("/api/v1/orders", body, self.tokens[number % len(self.tokens)])

    def pay_online(self) -> Request:
        """An order, its payment at the sandbox, and the verification: four requests."""
        chosen = random.Random(8)

        async def request(number: int) -> int:
            token = self.tokens[number % len(self.tokens)]
            status, order = await self.order(number, "online", chosen.sample(self.products, 3))
            if status != 201:
                return status
            status, payment = await self.post("/api/v1/payments/initiate", {"orderId": order["id"]}, token)
            if status != 201:
                return status
            checkout = f"/sandbox/checkout/{payment['checkout']['providerOrderId']}"
            status, paid = await self.post(checkout, {"outcome": "success", "webhook": "none"}, token)
            if status != 200:
                return status
            status, _ = await self.post("/api/v1/payments/verify", {"paymentId": payment["id"], **paid}, token)
            return status

        return request

    def read_menu(self) -> Request:
        url = f"{self.url}/api/v1/products?storeId={self.store_id}&limit=20"

        async def request(_: int) -> int:
            async with self.http.get(url) as answer:
                await answer.read()
                return answer.status

        return request

    async def post(self, path: str, body: dict[str, Any], token: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
        async with self.http.post(self.url + path, json=body, headers=headers) as answer:
            content = await answer.json()
            return answer.status, content.get("data")


@asynccontextmanager
async def opened(url: str, *, customers: int) -> AsyncIterator[Shop]:
    """The demo data's store around the clock, stocked for the load, with so many customers signed in."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        shop = Shop(http, url, "", [], [])
        shop.store_id = await _store(shop)
        shop.products = await _products(shop)
        shop.tokens = await asyncio.gather(*(_customer(shop, number) for number in range(customers)))
        await _stock(shop)
        yield shop


async def _store(shop: Shop) -> str:
    async with shop.http.get(f"{shop.url}/api/v1/stores") as answer:
        stores = (await answer.json())["data"]
    return str(next(store["id"] for store in stores if "MG Road" in store["name"]))


async def _products(shop: Shop) -> list[str]:
    """Twenty simple products: none that asks for a choice."""
    async with shop.http.get(f"{shop.url}/api/v1/products?storeId={shop.store_id}&limit=100") as answer:
        products = (await answer.json())["data"]
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
    status, data = await shop.post("/api/v1/auth/register", person, "")
    if status != 201:
        raise RuntimeError(f"registering answered {status}")
    return str(data["accessToken"])


async def _stock(shop: Shop) -> None:
    _, admin = await shop.post("/api/v1/auth/login", {"identifier": "admin@demo.test", "password": DEMO_PASSWORD}, "")
    for product in shop.products:
        path = f"{shop.url}/api/v1/inventory/{product}/adjust"
        body = {"storeId": shop.store_id, "delta": STOCK_FOR_EVERYONE, "reason": "load test"}
        async with shop.http.put(
            path, json=body, headers={"Authorization": f"Bearer {admin['accessToken']}"}
        ) as answer:
            if answer.status != 200:
                raise RuntimeError(f"stocking answered {answer.status}: {await answer.text()}")
