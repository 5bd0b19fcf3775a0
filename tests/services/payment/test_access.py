"""This room's part of tests/house/authorization.yaml, cell by cell, and the sandbox company's."""

from typing import Any

import pytest

from shikanji import sandbox
from shikanji.services.payment import service
from tests.house.matrix import cells, read_table
from tests.services.payment.makers import NOWHERE, ORDER, PRINCIPALS, make_cancelled
from tests.services.payment.till import Till

TABLE = read_table()
OURS = {route.name: cells(TABLE[route.name]) for route in service.routes.all}
THEIRS = {route.name: cells(TABLE[route.name]) for route in sandbox.service.routes.all}
JANUARY = "since=2026-01-01T00:00:00Z&until=2026-01-31T00:00:00Z"
THEIR_BODIES: dict[str, Any] = {
    "POST /sandbox/checkout/{providerOrderId}": {"outcome": "failure"},
    "POST /sandbox/merchant/orders": {"amount": 100, "reference": "mine"},
    "POST /sandbox/merchant/refunds": {"amount": 100, "paymentId": "pay_1"},
    "PUT /sandbox/faults": {"operation": "checkout", "kind": "dead"},
}


@pytest.mark.parametrize("name", OURS)
async def test_every_cell_is_as_it_stands_in_the_table(till: Till, name: str) -> None:
    method, path = name.split()
    payment_id = await invoiced(till) if "invoice" in path or "notes" in path else (await till.initiate())["id"]
    body: Any = {
        "POST /api/v1/payments/initiate": {"orderId": ORDER},
        "POST /api/v1/payments/verify": {"paymentId": payment_id, "providerPaymentId": "pay_1", "signature": "s"},
        "POST /api/v1/payments/{id}/refund": {"amount": 1, "reason": "spilt"},
    }.get(name)
    refund_id = await refused_refund(till) if "{refundId}" in path else ""
    webhook_id = await taken_webhook(till) if "webhooks/{id}" in path else ""
    path = path.replace("webhooks/{id}", f"webhooks/{webhook_id}")
    path = path.replace("invoices/{id}", f"invoices/{invoice_id(till)}").replace("export", f"export?{JANUARY}")
    filled = path.removeprefix("/api/v1/payments").replace("{id}", payment_id).replace("{orderId}", ORDER)
    target = filled.replace("{refundId}", refund_id).replace("{provider}", "sandbox")

    for principal in ("anonymous", *PRINCIPALS):
        expected, token = OURS[name][principal], None if principal == "anonymous" else principal
        if "{provider}" in path and token is not None:
            continue
        status = (await till.ask(method, target, body, token=token)).status
        assert status not in (401, 403, 404) if expected == "allow" else status == expected, principal


async def invoiced(till: Till) -> str:
    payment_id = await till.pay()
    till.orders.confirm()
    assert (await till.ask("GET", f"/{payment_id}/invoice")).status == 200
    return payment_id


def invoice_id(till: Till) -> str:
    rows = till.database.query("SELECT id FROM invoices")
    return str(rows[0][0]) if rows else ""


async def taken_webhook(till: Till) -> str:
    await till.pay()
    ((webhook_id,),) = till.database.query("SELECT id FROM webhooks")
    return str(webhook_id)


async def refused_refund(till: Till) -> str:
    await till.pay()
    await till.plan_fault("create-refund", "decline")
    await till.deliver(make_cancelled())
    await till.settle()
    ((refund_id,),) = till.database.query("SELECT id FROM refunds")
    return str(refund_id)


@pytest.mark.parametrize("name", THEIRS)
async def test_the_company_opens_its_checkout_to_all_and_the_rest_to_its_merchant(till: Till, name: str) -> None:
    method, path = name.split()
    started = await till.initiate()
    target = path.replace("{providerOrderId}", started["checkout"]["providerOrderId"])
    target = target.replace("{providerPaymentId}", "pay_1").replace("{key}", "refund:1")

    answer = await till.company.ask(
        method, target, THEIR_BODIES.get(name), headers={"idempotency-key": "a-key-of-some-stranger"}
    )

    expected = THEIRS[name]["anonymous"]
    assert answer.status == (200 if expected == "allow" else expected)


async def test_strangers_hear_of_a_payment_what_they_hear_of_none(till: Till) -> None:
    payment_id = (await till.initiate())["id"]

    for path in ("/{}", "/{}/refunds"):
        there = await till.ask("GET", path.format(payment_id), token="customer")
        nowhere = await till.ask("GET", path.format(NOWHERE), token="customer")
        assert (
            (there.status, there.json["type"]) == (nowhere.status, nowhere.json["type"]) == (404, nowhere.json["type"])
        )


async def test_strangers_hear_of_an_order_what_they_hear_of_none(till: Till) -> None:
    await till.initiate()

    there = await till.ask("POST", "/initiate", {"orderId": ORDER}, token="customer")
    nowhere = await till.ask("POST", "/initiate", {"orderId": NOWHERE}, token="customer")

    assert (there.status, there.json["type"]) == (nowhere.status, nowhere.json["type"])
