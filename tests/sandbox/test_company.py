"""What a merchant and its customers may rely on at the sandbox company."""

import asyncio
import base64
import hashlib
import hmac
from typing import Any

import pytest

from tests.sandbox.company import KEY_SECRET, Company


async def test_an_order_is_opened_once_for_a_key(company: Company) -> None:
    first = await company.open_order()

    assert await company.open_order() == first
    assert await company.open_order(key="key-of-payment-2") != first


async def test_a_key_stands_for_one_request(company: Company) -> None:
    await company.open_order()

    answer = await company.ask(
        "POST", "/merchant/orders", {"amount": 1_000, "reference": "one"}, key="key-of-payment-1"
    )

    assert answer.status == 409


async def test_an_order_remembers_every_try(company: Company) -> None:
    order_id = await company.open_order()
    for outcome in ("failure", "success"):
        await company.check_out(order_id, outcome, method="card")

    data = (await company.ask("GET", f"/merchant/orders/{order_id}")).data

    assert (data["status"], data["amount"], data["reference"]) == ("paid", 19_950, "one")
    assert [(tried["status"], tried["amount"], tried["failure"]) for tried in data["payments"]] == [
        ("failed", 19_950, "declined by the bank"),
        ("captured", 19_950, None),
    ]
    one = (await company.ask("GET", f"/merchant/payments/{data['payments'][1]['id']}")).data
    assert one == data["payments"][1]


async def test_the_callback_is_signed_with_the_merchants_secret(company: Company) -> None:
    order_id = await company.open_order()

    brought = (await company.check_out(order_id)).data

    message = f"{order_id}|{brought['providerPaymentId']}".encode()
    assert brought["signature"] == hmac.new(KEY_SECRET.encode(), message, hashlib.sha256).hexdigest()


async def test_an_order_is_paid_once(company: Company) -> None:
    order_id = await company.open_order()

    answers = await asyncio.gather(*(company.check_out(order_id) for _ in range(10)))

    assert sorted(answer.status for answer in answers) == [200] + [409] * 9
    assert company.database.query("SELECT status FROM payments") == [("captured",)]


async def test_a_failed_try_after_the_money_leaves_the_order_paid(company: Company) -> None:
    order_id = await company.open_order()
    await company.check_out(order_id)
    await company.check_out(order_id, "failure")

    assert (await company.ask("GET", f"/merchant/orders/{order_id}")).data["status"] == "paid"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"outcome": "maybe"},
        {"outcome": "success", "webhook": "thrice"},
        {"outcome": "success", "delaySeconds": -1},
        {"outcome": "success", "delaySeconds": 10**9},
        {"outcome": "success", "amount": 1},
    ],
)
async def test_a_checkout_that_is_none_is_refused(company: Company, body: dict[str, Any]) -> None:
    order_id = await company.open_order()

    answer = await company.client.ask("POST", f"/sandbox/checkout/{order_id}", body)

    assert answer.status == 422
    assert company.database.query("SELECT id FROM payments") == []


async def test_what_is_not_there_is_not_found(company: Company) -> None:
    assert (await company.check_out("order_of_nobody")).status == 404
    for path in ("orders/order_1", "payments/pay_1", "refunds/refund:1"):
        assert (await company.ask("GET", f"/merchant/{path}")).status == 404
    assert (await company.refund("pay_of_nobody", 1)).status == 404


@pytest.mark.parametrize("amount", [0, 99, -1, 10**13, "100", 1.5, None])
async def test_an_order_is_of_a_rupee_or_more(company: Company, amount: Any) -> None:
    answer = await company.ask(
        "POST", "/merchant/orders", {"amount": amount, "reference": "one"}, key="key-of-payment-1"
    )

    assert answer.status == 422


async def test_refunds_never_exceed_what_was_captured(company: Company) -> None:
    payment_id = await company.paid()

    answers = await asyncio.gather(
        *(company.refund(payment_id, 9_000, key=f"refund:payment-1:{number}") for number in range(5))
    )

    assert sorted(answer.status for answer in answers) == [200, 200, 422, 422, 422]
    assert company.database.query("SELECT refunded FROM payments") == [(18_000,)]


async def test_a_refund_is_given_once_for_a_key(company: Company) -> None:
    payment_id = await company.paid()

    first, again = [await company.refund(payment_id, 500) for _ in range(2)]

    assert first.data == again.data
    assert (first.data["status"], first.data["amount"]) == ("processed", 500)
    assert (await company.refund(payment_id, 501)).status == 409
    found = await company.ask("GET", "/merchant/refunds/refund:payment-1:late")
    assert found.data == first.data


async def test_what_failed_is_not_refunded(company: Company) -> None:
    order_id = await company.open_order()
    failed = (await company.check_out(order_id, "failure")).data["providerPaymentId"]

    assert (await company.refund(failed, 1)).status == 422


async def test_the_merchants_api_wants_the_merchants_credentials(company: Company) -> None:
    for headers in (
        {},
        {"x-client-id": "sandbox", "x-client-secret": "wrong"},
        {"x-client-id": "other", "x-client-secret": KEY_SECRET},
    ):
        answer = await company.client.ask("GET", "/sandbox/merchant/orders/order_1", headers=headers)
        assert answer.status == 401


async def test_the_checkout_is_a_page_that_runs_nothing_but_its_own(company: Company) -> None:
    order_id = await company.open_order(reference="<b>one</b>")

    page = await company.client.ask("GET", f"/sandbox/checkout/{order_id}")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "₹199.50" in page.body.decode()
    assert b"<b>one" not in page.body
    assert 'value="success"' in page.body.decode()
    policy = page.headers["content-security-policy"]
    script = page.body.split(b"<script>")[1].split(b"</script>")[0]
    assert base64.b64encode(hashlib.sha256(script).digest()).decode() in policy
    assert "unsafe-inline" not in policy


async def test_the_page_of_a_paid_order_offers_nothing(company: Company) -> None:
    order_id = await company.open_order()
    await company.check_out(order_id)

    page = await company.client.ask("GET", f"/sandbox/checkout/{order_id}")

    assert b"<button" not in page.body
    assert b"This order is paid." in page.body
