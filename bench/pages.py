"""First pages, as those see them who look at them most: what a long history must not slow down."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.history.living import EMAIL, PASSWORD
from bench.load import Result, closed_loop
from bench.report import Row
from bench.shop import DEMO_PASSWORD, Shop

READS = 200
ONE_OF_MANY = 7
"""A customer of the history."""

PAGES: Mapping[str, tuple[str, str]] = {
    "dashboard, all stores": ("admin", "/api/v1/analytics/dashboard"),
    "dashboard of a store": ("manager", "/api/v1/analytics/dashboard?storeId={store}"),
    "sales by day": ("admin", "/api/v1/analytics/sales?storeId={store}&grain=day"),
    "best customers": ("admin", "/api/v1/analytics/customers/best"),
    "own orders": ("customer", "/api/v1/orders/customer/{customer}"),
    "orders of a store": ("manager", "/api/v1/orders?storeId={store}"),
    "cancelled orders of a store": ("manager", "/api/v1/orders?storeId={store}&status=cancelled"),
    "completed orders of a store": ("manager", "/api/v1/orders?storeId={store}&status=completed"),
    "orders of all stores": ("admin", "/api/v1/orders"),
    "products": ("customer", "/api/v1/products?storeId={store}&limit=20"),
    "stock of a store": ("manager", "/api/v1/inventory?storeId={store}"),
    "movements of a product": ("manager", "/api/v1/inventory/{product}/movements?storeId={store}"),
    "customers": ("admin", "/api/v1/customers"),
    "payments of a store": ("manager", "/api/v1/payments?storeId={store}"),
    "payments of all stores": ("admin", "/api/v1/payments"),
    "invoices of a store": ("manager", "/api/v1/payments/invoices?storeId={store}"),
    "points": ("customer", "/api/v1/loyalty/customer/{customer}"),
    "points, their transactions": ("customer", "/api/v1/loyalty/customer/{customer}/transactions"),
    "own notifications": ("customer", "/api/v1/notifications/user/{customer}"),
    "messages sent": ("admin", "/api/v1/notifications/log"),
    "reviews of a product": ("customer", "/api/v1/reviews/product/{product}"),
    "reviews of a store": ("manager", "/api/v1/reviews?storeId={store}"),
    "reviews of all stores": ("admin", "/api/v1/reviews"),
}
"""Page → who looks at it, and where it is."""


@dataclass(frozen=True)
class Readers:
    shop: Shop
    tokens: Mapping[str, str]
    names: Mapping[str, str]

    async def read(self, page: str) -> Result:
        """One after another: what counts is what one waits for."""
        who, path = PAGES[page]
        path = path.format(**self.names)

        async def request(_: int) -> int:
            return (await self.shop.http.get(path, self.tokens[who])).status

        return await closed_loop(request, clients=1, requests=READS)


async def readers(shop: Shop) -> Readers:
    customer = await shop.sign_in(EMAIL.format(ONE_OF_MANY), PASSWORD)
    tokens = {
        "customer": customer["accessToken"],
        "manager": (await shop.sign_in("manager.mgroad@demo.test", DEMO_PASSWORD))["accessToken"],
        "admin": (await shop.sign_in("admin@demo.test", DEMO_PASSWORD))["accessToken"],
    }
    names = {"store": shop.store_id, "product": shop.products[0], "customer": customer["customer"]["id"]}
    return Readers(shop, tokens, names)


async def rows(shop: Shop) -> list[Row]:
    looking = await readers(shop)
    found = []
    for page in PAGES:
        result = await looking.read(page)
        if result.good < READS:
            raise RuntimeError(f"{page}: {result.statuses}")
        found.append(Row(f"p95 of {page}", result.percentile_ms(0.95), "ms", 10, 10, more_is_better=False))
    return found
