"""Points and coupons as a customer lives them, over HTTP."""

import uuid
from typing import Any

from tests.harness import Client, Counter, Response, Shop

API = "/api/v1"
DIWALI = {
    "name": "Diwali",
    "type": "discount",
    "discountType": "percentage",
    "value": 10,
    "usageLimitPerCustomer": 1,
    "minimumOrder": 5_000,
    "startsAt": "2020-01-01T00:00:00Z",
}


def diwali() -> dict[str, Any]:
    """With a code of its own: other tests have theirs on the same platform."""
    return {**DIWALI, "code": f"D-{uuid.uuid4().hex[:10].upper()}"}


async def member(client: Client) -> dict[str, Any]:
    answer = await client.get(f"{API}/loyalty/customer/{client.id}")
    assert answer.status == 200, answer.body
    seen: dict[str, Any] = answer.data
    return seen


async def by_hand(shop: Counter, what: str, customer: Client, points: int) -> Response:
    body = {"customerId": customer.id, "points": points, "reason": "a test"}
    return await (await shop.admin()).post(f"{API}/loyalty/{what}", body)


async def test_a_customer_earns_redeems_and_gets_back(counter: Counter) -> None:
    customer, admin = await counter.register(), await counter.admin()
    campaign = diwali()
    code = campaign["code"]
    assert (await admin.post(f"{API}/campaigns", campaign)).status == 201

    first = await counter.order(customer)
    await counter.settle()
    promised = (await member(customer))["pending"]
    assert promised == first["subtotal"] // 1_000
    await counter.advance_status(first["id"], "preparing", "ready", "completed")
    await counter.settle()
    assert (await member(customer))["points"] == promised

    told = (await customer.get(f"{API}/campaigns/{code.lower()}/validate?subtotal={first['subtotal']}")).data
    assert (told["valid"], told["discount"]) == (True, first["subtotal"] // 10)
    second = await counter.order(customer, couponCode=code.lower(), redeemPoints=10)
    less = second["subtotal"] // 10
    assert (second["discount"], second["pointsDiscount"], second["couponCode"]) == (less, 1_000, code)
    assert sum(item["discount"] for item in second["items"]) == less
    assert sum(item["pointsDiscount"] for item in second["items"]) == 1_000
    assert second["total"] == (
        second["subtotal"] - less - 1_000 + second["deliveryFee"] + second["tax"] + second["roundOff"]
    )
    await counter.settle()
    assert (await member(customer))["points"] == promised - 10
    told = (await customer.get(f"{API}/campaigns/{code}/validate")).data
    assert (told["valid"], told["reason"]) == (False, "coupon-used-by-you")

    await customer.post(f"{API}/orders/{second['id']}/cancel", {"reason": "changed my mind"})
    await counter.settle()
    seen = await member(customer)
    assert (seen["points"], seen["pending"], seen["held"]) == (promised, 0, 0)
    assert (await customer.get(f"{API}/campaigns/{code}/validate")).data["valid"]
    history = (await customer.get(f"{API}/loyalty/customer/{customer.id}/transactions?limit=100")).data
    assert history[0]["balance"] == promised == sum(done["points"] for done in history)


async def test_a_refused_order_leaves_points_coupons_and_stock_alone(counter: Counter) -> None:
    customer = await counter.register()
    await by_hand(counter, "earn", customer, 1_000)
    body = await counter.order_body()

    refusals: dict[str, dict[str, Any]] = {
        "coupon-unknown": {"couponCode": "NO-SUCH-CODE"},
        "too-many-points": {"redeemPoints": 1_000},
        "insufficient-points": {"redeemPoints": 1_001, "items": [{**body["items"][0], "quantity": 60}]},
    }
    for type_, changes in refusals.items():
        answer = await customer.post(f"{API}/orders", {**body, **changes})
        assert (answer.status, answer.body["type"].rpartition(":")[2]) in ((422, type_), (409, type_)), answer.body

    await counter.settle()
    seen = await member(customer)
    assert (seen["points"], seen["held"], seen["tier"]) == (1_000, 0, "silver")


async def test_staff_do_not_spend_a_customers_points(counter: Counter) -> None:
    customer, cashier = await counter.register(), await counter.staff("cashier")
    await by_hand(counter, "earn", customer, 100)

    answer = await cashier.post(
        f"{API}/orders", {**await counter.order_body(), "customerId": customer.id, "redeemPoints": 10}
    )

    assert answer.status == 403


async def test_points_by_hand_have_a_reason_and_happen_once(counter: Counter) -> None:
    customer, admin = await counter.register(), await counter.admin()
    gift = {"customerId": customer.id, "points": 100, "reason": "a gift"}

    for _ in range(2):
        assert (await admin.post(f"{API}/loyalty/earn", gift, key="gift-0123456789abcdef")).status == 201
    assert (await by_hand(counter, "redeem", customer, 30)).data["points"] == 70
    assert (await by_hand(counter, "adjust", customer, -20)).data["points"] == 50
    assert (await by_hand(counter, "redeem", customer, 51)).status == 409
    assert (await by_hand(counter, "adjust", customer, 0)).status == 422

    history = (await customer.get(f"{API}/loyalty/customer/{customer.id}/transactions")).data
    assert [(done["kind"], done["points"], done["balance"], done["reason"]) for done in history] == [
        ("adjustment", -20, 50, "a test"),
        ("redeem", -30, 70, "a test"),
        ("earn", 100, 100, "a gift"),
    ]


async def test_a_free_delivery_and_a_bonus_apply_by_themselves(shop: Shop) -> None:
    customer, admin = await shop.customer(), await shop.admin()
    since = {"startsAt": "2020-01-01T00:00:00Z", "automatic": True}
    near = {"name": "Near", "type": "free_delivery", "discountType": "free_delivery", **since}
    double = {"name": "Double", "type": "loyalty_bonus", "discountType": "percentage", "value": 100, **since}
    for campaign in (near, double):
        assert (await admin.post(f"{API}/campaigns", campaign)).status == 201

    order = await shop.order()
    await shop.settle()
    await shop.advance_status(order["id"], "preparing", "ready", "completed")
    await shop.settle()

    assert sorted(each["name"] for each in order["campaigns"]) == ["Double"]
    assert (await member(customer))["points"] == 2 * (order["subtotal"] // 1_000)


async def test_a_campaign_is_edited_as_it_was_read(shop: Shop) -> None:
    admin, campaign = await shop.admin(), diwali()
    made = await admin.post(f"{API}/campaigns", campaign)
    path = f"{API}/campaigns/{made.data['id']}"

    changed = await admin.request("PUT", path, json={**campaign, "value": 20}, headers={"If-Match": '"1"'})
    stale = await admin.request("PUT", path, json=campaign, headers={"If-Match": '"1"'})

    assert (changed.status, changed.data["value"], stale.status) == (200, 20, 412)
    assert (await admin.post(f"{API}/campaigns", campaign)).status == 409
    shown = (await shop.anonymous.get(f"{API}/campaigns")).data
    assert shown[0]["name"] == "Diwali"
    assert "used" not in shown[0]
