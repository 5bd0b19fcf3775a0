"""What a customer hears, from the greeting to the thanks: in the app, and on the page of what would have left."""

from typing import Any

from tests.harness import Client, Counter
from tests.probing import until

API = "/api/v1"


async def told(customer: Client) -> list[dict[str, Any]]:
    """Newest first."""
    answer = await customer.get(f"{API}/notifications/user/{customer.id}?limit=100")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.data
    return found


async def mails_to(counter: Counter, email: str) -> list[str]:
    listed = await counter.anonymous.get("/dev/outbox", headers={"Accept": "application/json"})
    return [each["subject"] for each in listed.data if each["to"] == email]


async def test_a_customer_hears_of_every_step_once(counter: Counter) -> None:
    customer = await counter.register()
    email = (await customer.get(f"{API}/customers/{customer.id}")).data["email"]
    device = await customer.post(f"{API}/notifications/push/subscriptions", {"token": f"device-of-{customer.id}"})
    assert device.status == 201

    order = await counter.order(customer, paymentMethod="online")
    await counter.pay(order["id"], customer)
    await counter.advance_status(order["id"], "preparing", "ready", "completed")

    async def complete() -> bool:
        return len(await told(customer)) == 7 and len(await mails_to(counter, email)) == 3

    await until(complete, "every message has come")
    kinds = [each["kind"] for each in reversed(await told(customer))]
    assert kinds[:2] == ["welcome", "order-placed"]
    steps = ["order-confirmed", "order-preparing", "order-ready", "order-completed"]
    assert [kind for kind in kinds if kind in steps] == steps
    assert kinds.count("payment-receipt") == 1
    number = order["orderNumber"]
    assert f"Your order {number} is confirmed" in await mails_to(counter, email)
    assert "Welcome to Jain Shikanji" in await mails_to(counter, email)
    pushed = await mails_to(counter, f"device-of-{customer.id}")
    assert f"Your order {number} is ready" in pushed
