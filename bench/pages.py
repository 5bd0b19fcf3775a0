"""First pages, as those see them who look at them most: what a long history must not slow down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from bench.history.living import EMAIL, PASSWORD
from bench.load import Result, closed_loop
from bench.process import Running
from bench.report import Row
from bench.shop import DEMO_PASSWORD, Shop

READS = 200
ONE_OF_MANY = 7
"""A customer of the history."""

PAGES: Mapping[str, tuple[str, str]] = {
    "dashboard, all stores": ("admin", "/api/v1/analytics/dashboard"),
    "dashboard of a store": ("manager", "/api/v1/analytics/dashboard?storeId={store}"),
    "sales by day": ("admin", "/api/v1/analytics/sales?storeId={store}&grain=day"),
    "sales of a year by month": ("admin", "/api/v1/analytics/sales?grain=month&from={year_ago}&to={yesterday}"),
    "customers in figures": ("manager", "/api/v1/analytics/customers?storeId={store}"),
    "best customers": ("admin", "/api/v1/analytics/customers/best"),
    "products in figures": ("manager", "/api/v1/analytics/products?storeId={store}"),
    "hours and times of orders": ("manager", "/api/v1/analytics/orders?storeId={store}"),
    "funnel": ("admin", "/api/v1/analytics/funnel"),
    "own orders": ("customer", "/api/v1/orders/customer/{customer}"),
    "own orders, all of the caller's": ("customer", "/api/v1/orders"),
    "an order": ("customer", "/api/v1/orders/{order}"),
    "orders of a store": ("manager", "/api/v1/orders?storeId={store}"),
    "confirmed orders of a store": ("manager", "/api/v1/orders?storeId={store}&status=confirmed"),
    "cancelled orders of a store": ("manager", "/api/v1/orders?storeId={store}&status=cancelled"),
    "completed orders of a store": ("manager", "/api/v1/orders?storeId={store}&status=completed"),
    "dine-in orders of a store": ("manager", "/api/v1/orders?storeId={store}&fulfilment=dine-in"),
    "orders of all stores": ("admin", "/api/v1/orders"),
    "orders of a customer": ("admin", "/api/v1/orders?customerId={customer}"),
    "products": ("customer", "/api/v1/products?storeId={store}&limit=20"),
    "a product": ("customer", "/api/v1/products/{product}?storeId={store}"),
    "stores": ("customer", "/api/v1/stores"),
    "slots": ("customer", "/api/v1/stores/{store}/slots?fulfilment=pickup&date={tomorrow}"),
    "stock of a store": ("manager", "/api/v1/inventory?storeId={store}"),
    "stock that runs low": ("manager", "/api/v1/inventory?storeId={store}&low=true"),
    "movements of a product": ("manager", "/api/v1/inventory/{product}/movements?storeId={store}"),
    "purchase orders": ("manager", "/api/v1/purchase-orders?storeId={store}"),
    "what to order again": ("manager", "/api/v1/purchase-orders/suggestions?storeId={store}"),
    "suppliers": ("manager", "/api/v1/suppliers"),
    "customers": ("admin", "/api/v1/customers"),
    "customers by mail": ("admin", "/api/v1/customers?q={email}"),
    "own account": ("customer", "/api/v1/customers/{customer}"),
    "payments of a store": ("manager", "/api/v1/payments?storeId={store}"),
    "payments in cash of a store": ("manager", "/api/v1/payments?storeId={store}&provider=cash"),
    "payments of all stores": ("admin", "/api/v1/payments"),
    "payments of an order": ("customer", "/api/v1/payments/order/{order}"),
    "webhooks that were laid aside": ("admin", "/api/v1/payments/webhooks"),
    "invoices of a store": ("manager", "/api/v1/payments/invoices?storeId={store}"),
    "credit notes of a store": ("manager", "/api/v1/payments/invoices?storeId={store}&kind=credit_note"),
    "invoices of all stores": ("admin", "/api/v1/payments/invoices"),
    "campaigns": ("customer", "/api/v1/campaigns"),
    "points": ("customer", "/api/v1/loyalty/customer/{customer}"),
    "points, their transactions": ("customer", "/api/v1/loyalty/customer/{customer}/transactions"),
    "points, changes of tier": ("customer", "/api/v1/loyalty/customer/{customer}/tiers"),
    "own notifications": ("customer", "/api/v1/notifications/user/{customer}"),
    "own notifications, how many unread": ("customer", "/api/v1/notifications/user/{customer}/unread"),
    "messages sent": ("admin", "/api/v1/notifications/log"),
    "messages that failed": ("admin", "/api/v1/notifications/log?state=failed"),
    "messages to a customer": ("admin", "/api/v1/notifications/log?customerId={customer}"),
    "reviews of a product": ("customer", "/api/v1/reviews/product/{product}"),
    "rating of a product": ("customer", "/api/v1/reviews/product/{product}/summary"),
    "what of an order can be reviewed": ("customer", "/api/v1/reviews/order/{order}"),
    "own reviews": ("customer", "/api/v1/reviews/customer/{customer}"),
    "reviews of a store that wait": ("manager", "/api/v1/reviews?storeId={store}"),
    "reviews of all stores that wait": ("admin", "/api/v1/reviews"),
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
    email = EMAIL.format(ONE_OF_MANY)
    customer = await shop.sign_in(email, PASSWORD)
    tokens = {
        "customer": customer["accessToken"],
        "manager": (await shop.sign_in("manager.mgroad@demo.test", DEMO_PASSWORD))["accessToken"],
        "admin": (await shop.sign_in("admin@demo.test", DEMO_PASSWORD))["accessToken"],
    }
    own = (await shop.http.get(f"/api/v1/orders/customer/{customer['customer']['id']}", tokens["customer"])).data
    today = datetime.now(UTC).date()
    names = {
        "store": shop.store_id,
        "product": shop.products[0],
        "customer": customer["customer"]["id"],
        "email": quote(email),
        "order": own[0]["id"],
        "year_ago": str(today - timedelta(days=364)),
        "yesterday": str(today - timedelta(days=1)),
        "tomorrow": str(today + timedelta(days=1)),
    }
    return Readers(shop, tokens, names)


async def rows(platform: Running, shop: Shop) -> list[Row]:
    looking = await readers(shop)
    return [row for page in PAGES for row in await _read(platform, looking, page)]


async def _read(platform: Running, looking: Readers, page: str) -> list[Row]:
    before = platform.cpu_seconds()
    result = await looking.read(page)
    spent_ms = (platform.cpu_seconds() - before) * 1_000 / READS
    if result.good < READS:
        raise RuntimeError(f"{page}: {result.statuses}")
    return [
        Row(f"{page}, p95", result.percentile_ms(0.95), "ms", 10, 10, more_is_better=False),
        Row(f"{page}, CPU", spent_ms, "ms", more_is_better=False),
    ]
