"""A day in which everything happens that can happen to orders, and how it is audited."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shikanji.audit.invariant import Report
from shikanji.audit.run import Audit
from shikanji.kit.clock import HOUR, SystemClock
from tests.harness import ALL, Counter
from tests.house.people import PICTURE


def audit(folder: Path, *, ahead: int = HOUR, quiet: int = 0, since: int | None = None) -> Report:
    """As of `ahead` µs from now: everything has had its time to settle."""
    databases = {service.name: folder / f"{service.name}.db" for service in ALL}
    return audit_of(databases, ahead=ahead, quiet=quiet, since=since)


def audit_of(
    databases: Mapping[str, Path | str], *, ahead: int = HOUR, quiet: int = 0, since: int | None = None
) -> Report:
    """The same of databases wherever they are."""
    look = Audit(databases, since=since)
    try:
        return look.run(now=SystemClock().now() + ahead, quiet=quiet)
    finally:
        look.close()


def violated(report: Report) -> set[str]:
    return {finding.key for finding in report.findings if finding.count}


async def live_a_day(shop: Counter) -> None:
    """An order of every kind, each to another end; at the end everything is settled and nothing waits."""
    customer, manager = await shop.customer(), await shop.staff("manager")
    cod = await shop.order()
    await shop.advance_status(cod["id"], "preparing", "ready", "completed")
    refunded = await shop.order(paymentMethod="online")
    payment = await shop.pay(refunded["id"])
    await shop.advance_status(refunded["id"], "preparing", "ready", "completed")
    partial = {"lines": [{"lineId": refunded["items"][0]["id"], "quantity": 1}], "reason": "cold"}
    assert (await manager.post(f"/api/v1/payments/{payment['id']}/refund", partial)).status in (200, 201, 202)
    cancelled = await shop.order(paymentMethod="online")
    given_back = await shop.initiate(cancelled["id"])
    await shop.check_out(given_back, webhook="twice")
    await shop.settle()
    (cash,) = (await customer.get(f"/api/v1/payments/order/{cod['id']}")).data
    for paid in (cash, payment, given_back):
        assert (await customer.get(f"/api/v1/payments/{paid['id']}/invoice")).status == 200
    await customer.post(f"/api/v1/orders/{cancelled['id']}/cancel", {"reason": "changed my mind"})
    await shop.settle()
    for paid in (payment, given_back):
        assert len((await customer.get(f"/api/v1/payments/{paid['id']}/credit-notes")).data) == 1
    await live_with_benefits(shop)
    await live_with_suppliers(shop)
    await live_with_reviews(shop, cod)
    await live_with_messages(shop)
    await shop.order()
    await customer.post("/api/v1/auth/logout")
    await shop.anonymous.post("/api/v1/auth/otp", {"phone": "+919845012345"})
    await shop.settle()


async def live_with_messages(shop: Counter) -> None:
    """Advertising for one who agreed to it."""
    admin, customer = await shop.admin(), await shop.customer()
    agreed = await customer.put(f"/api/v1/customers/{customer.id}/preferences", {"marketing": True})
    assert agreed.status == 200
    said = {"customerIds": [customer.id], "kind": "announcement", "title": "Mango week", "text": "All week"}
    assert (await admin.post("/api/v1/notifications/send", said)).status == 201
    await shop.settle()


async def live_with_benefits(shop: Counter) -> None:
    """A coupon and points on one order that is made and one that is not."""
    admin, customer = await shop.admin(), await shop.customer()
    campaign = {"name": "Diwali", "type": "discount", "discountType": "percentage", "value": 10, "code": "DIWALI"}
    limits = {"usageLimit": 5, "usageLimitPerCustomer": 2, "startsAt": "2020-01-01T00:00:00Z"}
    assert (await admin.post("/api/v1/campaigns", {**campaign, **limits})).status == 201
    await shop.settle()
    await shop.order(couponCode="diwali", redeemPoints=10)
    dropped = await shop.order(couponCode="DIWALI", redeemPoints=5)
    await shop.settle()
    await customer.post(f"/api/v1/orders/{dropped['id']}/cancel", {"reason": "changed my mind"})
    await shop.settle()


async def live_with_reviews(shop: Counter, received: dict[str, Any]) -> None:
    """One that is shown, one of the order as a whole, one with a photo that somebody let be shown, one rejected."""
    customer, manager = await shop.customer(), await shop.staff("manager")
    made = []
    for number, item in enumerate([*received["items"], None]):
        product = {} if item is None else {"productId": item["productId"]}
        body = {"orderId": received["id"], "rating": 5 - number, "text": "Very good", **product}
        answer = await customer.post("/api/v1/reviews", body)
        assert answer.status == 201, answer.body
        made.append(f"/api/v1/reviews/{answer.data['id']}")
    photo = await customer.request("POST", f"{made[0]}/photos", data=PICTURE, headers={"Content-Type": "image/png"})
    assert photo.status == 201, photo.body
    assert (await manager.put(f"{made[0]}/moderation", {"status": "approved"})).status == 200
    assert (await manager.put(f"{made[1]}/moderation", {"status": "rejected", "reason": "fake"})).status == 200
    assert (await manager.put(f"{made[0]}/response", {"text": "Thank you!"})).status == 200


async def live_with_suppliers(shop: Counter) -> None:
    """A purchase order that came in two parts, of which the rest was cancelled, and one that nobody brought."""
    admin, store = await shop.admin(), (await shop.store())["id"]
    product = (await shop.products(store))[0]["id"]
    supplied = {"name": "Modinagar Masala", "products": [{"productId": product, "unitCost": 500}]}
    supplier = (await admin.post("/api/v1/suppliers", supplied)).data["id"]
    wanted = {"storeId": store, "supplierId": supplier, "lines": [{"productId": product, "quantity": 10}]}
    for deliveries in ((4, 3), ()):
        path = f"/api/v1/purchase-orders/{(await admin.post('/api/v1/purchase-orders', wanted)).data['id']}"
        await admin.put(f"{path}/status", {"status": "confirmed"})
        for quantity in deliveries:
            came = {"lines": [{"productId": product, "quantity": quantity}]}
            assert (await admin.post(f"{path}/receipts", came)).status == 201
        assert (await admin.put(f"{path}/status", {"status": "cancelled", "reason": "enough"})).status == 200
