"""Webhooks of the sandbox company: signed, at least once, late or twice when asked to; and its faults."""

import dataclasses
import hashlib
import hmac

import aiohttp
import msgspec
import pytest

from shikanji import sandbox
from shikanji.kit.clock import DAY, HOUR, MINUTE, SECOND
from shikanji.kit.jobs import Job
from shikanji.sandbox.actions import NOTICE_DAYS
from shikanji.sandbox.jobs import forget_notices
from shikanji.sandbox.settings import SandboxSettings
from tests.sandbox.company import WEBHOOK_SECRET, Company
from tests.serving import free_port, serving

TICK = Job("forget-notices", "forget-notices", 0, b"{}", 1, "lease", 0, "")


async def test_a_webhook_says_what_happened_and_is_signed_over_its_bytes(company: Company) -> None:
    order_id = await company.open_order()
    await company.check_out(order_id)

    await company.run_jobs()

    ((headers, body),) = company.merchant.taken
    assert headers["path"] == "/api/v1/payments/webhooks/sandbox"
    seconds, signature = [part.partition("=")[2] for part in headers["x-sandbox-signature"].split(",")]
    assert int(seconds) == company.room.clock.now() // SECOND
    signed = f"{seconds}.".encode() + body
    assert signature == hmac.new(WEBHOOK_SECRET.encode(), signed, hashlib.sha256).hexdigest()
    told = msgspec.json.decode(body)
    assert told["type"] == "payment.captured"
    assert told["data"]["reference"] == "one"
    assert told["data"]["payment"]["orderId"] == order_id


@pytest.mark.parametrize(("webhook", "times"), [("once", 1), ("twice", 2), ("none", 0)])
async def test_the_customer_chooses_how_often_the_merchant_is_told(company: Company, webhook: str, times: int) -> None:
    await company.check_out(await company.open_order(), webhook=webhook)

    await company.run_jobs()

    bodies = [body for _, body in company.merchant.taken]
    assert len(bodies) == times
    assert len(set(bodies)) <= 1


async def test_a_delayed_webhook_comes_later_and_so_out_of_order(company: Company) -> None:
    order_id = await company.open_order()
    await company.check_out(order_id, "failure", delaySeconds=60)
    await company.check_out(order_id, "success")
    await company.run_jobs()

    company.database.clock.advance(MINUTE)
    await company.run_jobs()

    assert [msgspec.json.decode(body)["type"] for _, body in company.merchant.taken] == [
        "payment.captured",
        "payment.failed",
    ]


async def test_a_webhook_that_is_not_taken_is_repeated_later_and_later_signed_anew(company: Company) -> None:
    company.merchant.status = 500
    await company.check_out(await company.open_order())
    for _ in range(3):
        await company.run_jobs()
        company.database.clock.advance(10 * SECOND)
    assert len(company.merchant.taken) == 3
    assert company.database.query("SELECT delivered FROM notices") == [(0,)]

    company.merchant.status = 200
    await company.run_jobs()
    company.database.clock.advance(HOUR)
    await company.run_jobs()

    assert company.database.query("SELECT delivered FROM notices") == [(1,)]
    assert len({headers["x-sandbox-signature"] for headers, _ in company.merchant.taken}) == 4
    assert len({body for _, body in company.merchant.taken}) == 1


async def test_a_webhook_is_given_up_after_a_day(company: Company) -> None:
    company.merchant.status = 500
    await company.check_out(await company.open_order())

    company.database.clock.advance(24 * HOUR)
    await company.run_jobs()

    assert company.database.jobs() == []
    assert len(company.merchant.taken) == 1


async def test_a_webhook_to_nobody_is_repeated(company: Company) -> None:
    await company.check_out(await company.open_order())
    nobody = msgspec.structs.replace(
        company.room.settings(SandboxSettings), webhook_url=f"http://127.0.0.1:{free_port()}"
    )
    absent = dataclasses.replace(company, room=dataclasses.replace(company.room, _settings=nobody))

    await absent.run_jobs()

    assert [job.kind for job in company.database.jobs()] == ["deliver"]
    company.database.clock.advance(MINUTE)
    await company.run_jobs()
    assert len(company.merchant.taken) == 1


async def test_a_refund_is_told_too(company: Company) -> None:
    await company.refund(await company.paid(), 500)

    await company.run_jobs()

    ((_, body),) = company.merchant.taken
    told = msgspec.json.decode(body)
    assert told["type"] == "refund.processed"
    assert told["data"]["refund"]["key"] == "refund:payment-1:late"


async def test_a_refund_may_take_its_time(company: Company) -> None:
    payment_id = await company.paid()
    await company.plan_fault("create-refund", "pend", delaySeconds=3600)

    assert (await company.refund(payment_id, 500)).data["status"] == "pending"
    company.database.clock.advance(HOUR)
    await company.run_jobs()

    assert (await company.ask("GET", "/merchant/refunds/refund:payment-1:late")).data["status"] == "processed"


async def test_a_dead_company_does_nothing(company: Company) -> None:
    await company.plan_fault("create-order", "dead")

    answer = await company.ask("POST", "/merchant/orders", {"amount": 100, "reference": "one"}, key="key-of-payment-1")

    assert answer.status == 503
    assert company.database.query("SELECT id FROM orders") == []


async def test_a_fault_strikes_as_often_as_planned(company: Company) -> None:
    order_id = await company.open_order()
    await company.plan_fault("fetch-order", "dead", count=2)

    statuses = [(await company.ask("GET", f"/merchant/orders/{order_id}")).status for _ in range(3)]

    assert statuses == [503, 503, 200]


async def test_faults_are_listed_and_cleared(company: Company) -> None:
    answer = await company.ask("PUT", "/faults", {"operation": "checkout", "kind": "dead", "count": 5})
    assert answer.data == [{"operation": "checkout", "kind": "dead", "remaining": 5, "delaySeconds": 0}]

    await company.ask("DELETE", "/faults")

    assert (await company.check_out(await company.open_order())).status == 200


async def test_a_declined_call_is_a_definite_no(company: Company) -> None:
    payment_id = await company.paid()
    await company.plan_fault("create-refund", "decline")

    assert (await company.refund(payment_id, 500)).status == 422
    assert company.database.query("SELECT id FROM refunds") == []


async def test_a_reset_takes_the_money_and_breaks_the_connection(company: Company) -> None:
    order_id = await company.open_order()
    await company.plan_fault("checkout", "reset")

    async with (
        serving(sandbox.app(company.room)) as url,
        company.room.http.post(f"{url}/sandbox/checkout/{order_id}", json={"outcome": "success"}) as answer,
    ):
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()

    assert company.database.query("SELECT status FROM orders") == [("paid",)]


async def test_what_was_told_long_ago_is_forgotten(company: Company) -> None:
    await company.check_out(await company.open_order())
    await company.run_jobs()
    company.database.clock.advance((NOTICE_DAYS - 1) * DAY)
    await company.check_out(await company.open_order(key="key-of-payment-2"))
    await forget_notices(company.room, TICK)
    assert company.database.query("SELECT count(*) FROM notices") == [(2,)]

    company.database.clock.advance(DAY + MINUTE)
    await forget_notices(company.room, TICK)

    assert company.database.query("SELECT count(*) FROM notices") == [(1,)]
