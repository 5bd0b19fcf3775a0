"""Looking at payments: one, those of an order, the history of a store; and what is no request at all."""

from typing import Any

import pytest

from shikanji.kit.clock import DAY, to_rfc3339
from tests.services.payment.makers import NOWHERE, ORDER, OTHER_STORE, STORE, TOTAL, make_created, make_standing
from tests.services.payment.till import Till


def order_id(number: int) -> str:
    return f"0199d2a0-0000-7000-8000-0000000000{number:02}"


async def three_orders(till: Till) -> None:
    """Two of the store, one paid and one in cash; one of another store."""
    await till.deliver(make_created(order_id=order_id(1)))
    till.advance(DAY)
    await till.deliver(make_created("cod", order_id=order_id(2)))
    till.advance(DAY)
    await till.deliver(make_created(order_id=order_id(3), store_id=OTHER_STORE))
    till.orders.standings[order_id(1)] = make_standing(
        order_id=order_id(1), payment_deadline=till.room.clock.now() + DAY
    )
    answer = await till.ask("POST", "/initiate", {"orderId": order_id(1)})
    await till.check_out(answer.data)
    await till.settle()


async def listed(till: Till, query: str = "", token: str = "manager") -> list[str]:
    answer = await till.ask("GET", f"{query}", token=token)
    return [payment["orderId"][-1] for payment in answer.data]


async def test_the_history_is_of_the_own_stores_newest_first(till: Till) -> None:
    await three_orders(till)

    assert await listed(till) == ["2", "1"]
    assert await listed(till, token="other_manager") == ["3"]
    assert await listed(till, token="admin") == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=completed", ["1"]),
        ("provider=cash", ["2"]),
        (f"orderId={order_id(3)}", ["3"]),
        (f"storeId={OTHER_STORE}", ["3"]),
        (f"customerId={NOWHERE}", []),
        ("limit=1", ["3"]),
    ],
)
async def test_the_history_is_filtered(till: Till, query: str, expected: list[str]) -> None:
    await three_orders(till)

    assert await listed(till, f"?{query}", "admin") == expected


async def test_the_history_of_one_day(till: Till) -> None:
    await three_orders(till)
    today = till.room.clock.now()

    since, until = to_rfc3339(today - DAY), to_rfc3339(today)

    assert await listed(till, f"?since={since}&until={until}", "admin") == ["2"]


async def test_the_history_comes_in_pages_without_gap_or_repeat(till: Till) -> None:
    await three_orders(till)

    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        answer = await till.ask("GET", f"?limit=1{cursor}", token="admin")
        seen += [payment["orderId"][-1] for payment in answer.data]
        cursor = f"&cursor={answer.json['meta']['nextCursor']}"

    assert seen == ["3", "2", "1"]
    assert cursor == "&cursor=None"


async def test_a_manager_asks_for_no_other_store(till: Till) -> None:
    assert (await till.ask("GET", f"?storeId={OTHER_STORE}", token="manager")).status == 403
    assert (await till.ask("GET", f"?storeId={STORE}", token="manager")).status == 200


@pytest.mark.parametrize(
    "query", ["status=lost", "since=yesterday", "since=2026-11-22T00:00:00", "limit=0", "storeId=x", "cursor=x", "a=b"]
)
async def test_a_query_that_says_nothing_is_refused(till: Till, query: str) -> None:
    assert (await till.ask("GET", f"?{query}", token="admin")).status == 422


async def test_the_payments_of_an_order_are_listed_newest_first(till: Till) -> None:
    first = await till.initiate()
    await till.check_out(first, "failure")
    await till.settle()
    await till.initiate()

    answer = await till.ask("GET", f"/order/{ORDER}")

    assert [(payment["number"], payment["status"]) for payment in answer.data] == [(2, "pending"), (1, "failed")]
    assert answer.data[1]["failure"] == "declined by the bank"


async def test_an_order_that_nobody_told_of_yet_has_no_payments(till: Till) -> None:
    answer = await till.ask("GET", f"/order/{ORDER}")

    assert (answer.status, answer.data) == (200, [])


async def test_a_payment_says_everything_about_itself(till: Till) -> None:
    payment_id = await till.pay()

    data = (await till.ask("GET", f"/{payment_id}")).data

    assert data["amount"] == data["captured"] == TOTAL
    assert (data["refunded"], data["refunding"], data["method"]) == (0, 0, "upi")
    assert data["tries"][0]["source"] == "webhook"
    assert data["capturedAt"] == to_rfc3339(till.room.clock.now())


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/initiate", {"orderId": "1"}, 422),
        ("/initiate", {"orderId": ORDER, "amount": 1}, 422),
        ("/initiate", {}, 422),
        ("/verify", {"paymentId": NOWHERE, "providerPaymentId": "p", "signature": "s"}, 404),
        ("/verify", {"paymentId": NOWHERE, "providerPaymentId": "", "signature": "s"}, 422),
        (f"/{NOWHERE}/refund", {"amount": 1, "reason": "why"}, 404),
        (f"/{NOWHERE}/refund", {"amount": 10**13, "reason": "why"}, 422),
        (f"/{NOWHERE}/refund", {"amount": 1, "reason": ""}, 422),
    ],
)
async def test_a_body_that_is_no_request_is_refused(till: Till, path: str, body: Any, status: int) -> None:
    assert (await till.ask("POST", path, body, token="admin")).status == status


@pytest.mark.parametrize("path", ["/initiate", f"/{NOWHERE}/refund"])
async def test_what_moves_money_wants_an_idempotency_key(till: Till, path: str) -> None:
    body = {"orderId": ORDER} if path == "/initiate" else {"amount": 1, "reason": "why"}

    answer = await till.client.ask("POST", f"/api/v1/payments{path}", body, token="admin")

    assert answer.status == 400
