"""Webhooks: nothing unsigned comes in, nothing signed gets lost."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from shikanji.kit.clock import DAY, MINUTE, SECOND
from shikanji.kit.jobs import Job
from shikanji.services.payment.jobs import forget_webhooks
from shikanji.services.payment.settings import PaymentSettings
from shikanji.services.payment.tables import payments
from tests.services.payment.makers import NOWHERE, ORDER, TOTAL
from tests.services.payment.till import Till, open_till

TICK = Job("forget-webhooks", "forget-webhooks", 0, b"{}", 1, "lease", 0, "")


def make_notice(payment_id: str, provider_order_id: str, *, id: str = "evt_1", type: str = "payment.captured") -> bytes:
    return msgspec.json.encode(
        {
            "id": id,
            "type": type,
            "createdAt": "2026-11-22T06:30:00.000000Z",
            "data": {
                "reference": payment_id,
                "payment": {
                    "id": "pay_1",
                    "orderId": provider_order_id,
                    "amount": TOTAL,
                    "currency": "INR",
                    "status": "captured",
                    "method": "card",
                    "failure": None,
                    "refunded": 0,
                    "createdAt": "2026-11-22T06:30:00.000000Z",
                },
                "refund": None,
            },
        }
    )


async def started_notice(till: Till, **changes: Any) -> bytes:
    started = await till.initiate()
    return make_notice(started["id"], started["checkout"]["providerOrderId"], **changes)


async def post(till: Till, raw: bytes) -> int:
    return (await till.post_webhook(raw, x_sandbox_signature=till.sign(raw))).status


def stored(till: Till) -> list[tuple[Any, ...]]:
    return till.database.query("SELECT type, state, attempts FROM webhooks ORDER BY received_at, id")


async def test_the_very_bytes_are_stored_before_the_answer(till: Till) -> None:
    raw = await started_notice(till)

    assert await post(till, raw) == 200

    ((kept, kept_hash, state),) = till.database.query("SELECT raw, raw_hash, state FROM webhooks")
    assert kept == raw
    assert kept_hash == hashlib.sha256(raw).hexdigest()
    assert state == "waiting"
    await till.run_jobs()
    assert till.payments()[0][:3] == (1, "completed", TOTAL)


async def test_a_repeated_webhook_is_taken_and_changes_nothing(till: Till) -> None:
    raw = await started_notice(till)

    assert [await post(till, raw) for _ in range(3)] == [200] * 3
    await till.run_jobs()
    assert await post(till, raw) == 200
    await till.run_jobs()

    assert stored(till) == [("payment.captured", "processed", 1)]
    assert till.told().count("PaymentCompleted") == 1


async def test_a_body_that_was_written_anew_is_refused(till: Till) -> None:
    raw = await started_notice(till)
    anew = msgspec.json.format(raw, indent=2)

    answer = await till.post_webhook(anew, x_sandbox_signature=till.sign(raw))

    assert answer.status == 401
    assert stored(till) == []


@pytest.mark.parametrize(
    "signature",
    ["", "t=,v1=", "v1=00", "t=1,v1=00", "t=²,v1=00", "t=99999999999999999999,v1=00", "nonsense", "t=-1,v1=0", "=,="],
)
async def test_a_webhook_without_a_good_signature_is_refused(till: Till, signature: str) -> None:
    raw = await started_notice(till)

    answer = await till.post_webhook(raw, x_sandbox_signature=signature)

    assert answer.status == 401
    assert answer.json["type"].endswith("webhook-refused")
    assert stored(till) == []


async def test_a_webhook_without_any_signature_is_refused(till: Till) -> None:
    assert (await till.post_webhook(await started_notice(till))).status == 401


@pytest.mark.parametrize(("seconds", "status"), [(-300, 200), (300, 200), (-301, 401), (301, 401)])
async def test_a_webhook_is_fresh_for_five_minutes(till: Till, seconds: int, status: int) -> None:
    raw = await started_notice(till)
    at = till.room.clock.now() // SECOND + seconds

    answer = await till.post_webhook(raw, x_sandbox_signature=till.sign(raw, at=at))

    assert answer.status == status


@pytest.mark.parametrize(
    ("secret", "status"), [("the-current-secret", 200), ("the-previous-secret", 200), ("some-other-secret", 401)]
)
async def test_the_previous_secret_is_accepted_while_it_changes(tmp_path: Path, secret: str, status: int) -> None:
    settings = PaymentSettings(
        sandbox_webhook_secret="the-current-secret", sandbox_webhook_secret_previous="the-previous-secret"
    )
    async with open_till(tmp_path, settings=settings) as till:
        raw = await started_notice(till)
        answer = await till.post_webhook(raw, x_sandbox_signature=till.sign(raw, secret=secret.encode()))

    assert answer.status == status


async def test_a_type_that_we_do_not_know_is_stored_and_left(till: Till) -> None:
    raw = b'{"id":"evt_9","type":"dispute.created","data":{"anything":[1,2,3]}}'

    assert await post(till, raw) == 200
    await till.run_jobs()

    assert stored(till) == [("dispute.created", "ignored", 0)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"[]",
        b'{"id":"evt_9"}',
        b'{"id":"","type":"payment.captured"}',
        b'{"id":"evt_9","type":"payment.captured","data":{"reference":"x"}}',
        b'{"id":"evt_9","type":"\xff"}',
    ],
)
async def test_a_signed_webhook_that_cannot_be_read_is_a_bad_request(till: Till, raw: bytes) -> None:
    assert await post(till, raw) == 400
    assert stored(till) == []


async def test_a_webhook_has_a_limit_of_size(till: Till) -> None:
    assert await post(till, b" " * 65_537) == 413


async def test_a_webhook_of_an_unknown_provider_is_not_found(till: Till) -> None:
    answer = await till.client.ask("POST", "/api/v1/payments/webhooks/somebody", b"{}")

    assert answer.status == 404


async def test_a_webhook_that_is_ahead_of_its_payment_is_heard_again(till: Till) -> None:
    """The company has the order, and our answer to the customer is still being written."""
    await till.plan_fault("create-order", "reset")
    await till.ask("POST", "/initiate", {"orderId": till.orders.standings.copy().popitem()[0]})
    ((provider_order_id, payment_id),) = till.company_database.query("SELECT id, reference FROM orders")
    raw = make_notice(payment_id, provider_order_id)

    await post(till, raw)
    await till.run_jobs()

    assert till.payments()[0][:3] == (1, "completed", TOTAL)
    assert till.told() == ["PaymentInitiated", "PaymentCompleted"]


async def test_a_webhook_about_nothing_is_looked_at_for_a_while_and_laid_aside(till: Till) -> None:
    await post(till, make_notice(NOWHERE, "order_of_another_account"))

    await till.run_jobs()
    assert stored(till) == [("payment.captured", "waiting", 1)]
    for _ in range(20):
        till.advance(5 * MINUTE)
        await till.run_jobs()

    assert stored(till) == [("payment.captured", "dead", 12)]
    assert till.told() == []


async def test_head_office_has_a_webhook_that_was_laid_aside_looked_at_again(till: Till) -> None:
    await till.plan_fault("create-order", "dead")
    await till.ask("POST", "/initiate", {"orderId": ORDER})
    (payment_id,) = till.database.query("SELECT id FROM payments")[0]
    await rename_payment(till, payment_id, NOWHERE)
    await post(till, make_notice(payment_id, "order_of_a_lost_payment"))
    for _ in range(20):
        till.advance(5 * MINUTE)
        await till.run_jobs()
    (listed,) = (await till.ask("GET", "/webhooks", token="admin")).data
    assert (listed["type"], listed["attempts"]) == ("payment.captured", 12)
    await rename_payment(till, NOWHERE, payment_id)

    answer = await till.ask("POST", f"/webhooks/{listed['id']}/retry", token="admin")
    await till.run_jobs()

    assert answer.status == 202
    assert till.payments()[0][:3] == (1, "completed", TOTAL)
    assert (await till.ask("GET", "/webhooks", token="admin")).data == []
    again = await till.ask("POST", f"/webhooks/{listed['id']}/retry", token="admin")
    assert (again.status, again.json["type"].rpartition(":")[2]) == (409, "webhook-not-dead")
    assert (await till.ask("POST", f"/webhooks/{NOWHERE}/retry", token="admin")).status == 404


async def test_webhooks_that_are_done_with_are_forgotten_after_their_days_and_dead_ones_stay(till: Till) -> None:
    await post(till, await started_notice(till))
    await post(till, make_notice(NOWHERE, "order_x", id="evt_2"))
    await post(till, make_notice(NOWHERE, "order_x", id="evt_3", type="customer.smiled"))
    for _ in range(20):
        till.advance(5 * MINUTE)
        await till.run_jobs()
    assert sorted(state for _, state, _ in stored(till)) == ["dead", "ignored", "processed"]
    till.advance((PaymentSettings().webhook_days - 1) * DAY)
    await forget_webhooks(till.room, TICK)
    assert len(stored(till)) == 3

    till.advance(DAY)
    for _ in range(2):
        await forget_webhooks(till.room, TICK)

    assert [state for _, state, _ in stored(till)] == ["dead"]


async def rename_payment(till: Till, old: str, new: str) -> None:
    """As if its row were not there, or came back from a backup."""
    rename = sa.update(payments).where(payments.c.id == old).values(id=new)
    await till.database.write(lambda tx: tx.execute(rename))


async def test_a_webhook_with_the_order_of_another_payment_is_not_believed(till: Till) -> None:
    started = await till.initiate()

    await post(till, make_notice(started["id"], "order_of_somebody_else"))
    await till.run_jobs()

    assert till.payments()[0][1] == "pending"


async def test_a_webhook_with_another_amount_is_not_believed(till: Till) -> None:
    started = await till.initiate()
    notice = msgspec.json.decode(make_notice(started["id"], started["checkout"]["providerOrderId"]))
    notice["data"]["payment"]["amount"] = 1

    await post(till, msgspec.json.encode(notice))
    await till.run_jobs()

    assert till.payments()[0][1] == "pending"


async def test_a_wrong_amount_does_not_stand_in_the_way_of_the_right_one(till: Till) -> None:
    started = await till.initiate()
    raw = make_notice(started["id"], started["checkout"]["providerOrderId"])
    wrong = msgspec.json.decode(raw)
    wrong["id"], wrong["data"]["payment"]["amount"] = "evt_of_the_wrong_amount", 1
    await post(till, msgspec.json.encode(wrong))
    await till.run_jobs()

    await post(till, raw)
    await till.run_jobs()

    assert till.payments()[0][:3] == (1, "completed", TOTAL)


async def test_the_company_repeats_a_webhook_until_it_is_taken(till: Till) -> None:
    started = await till.initiate()
    await till.check_out(started)
    till.database.clock.advance(10 * MINUTE)
    await till.run_company_jobs()
    assert stored(till) == []

    till.company_database.clock.advance(10 * MINUTE)
    await till.settle()

    assert stored(till) == [("payment.captured", "processed", 1)]
    assert till.company_database.query("SELECT delivered FROM notices") == [(1,)]
