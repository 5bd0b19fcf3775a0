"""From the wish to pay to the money: attempts, callbacks and checks, with the real sandbox company over HTTP."""

import asyncio
from pathlib import Path

import pytest

from shikanji.kit.clock import DAY, HOUR, MINUTE, SECOND
from shikanji.services.payment.actions.paying import CHECK
from shikanji.services.payment.settings import PaymentSettings
from tests.services.payment.makers import DEADLINE, NOWHERE, ORDER, TOTAL, make_cancelled, make_created
from tests.services.payment.till import Till, open_till

PAID = (1, "completed", TOTAL, 0, 0, None)


async def test_a_webhook_alone_completes_a_payment(till: Till) -> None:
    await till.deliver(make_created())
    started = await till.initiate()

    await till.check_out(started)
    await till.settle()

    assert till.payments() == [PAID]
    assert till.told() == ["PaymentInitiated", "PaymentCompleted"]


async def test_the_callback_alone_completes_a_payment(till: Till) -> None:
    started = await till.initiate()

    brought = await till.check_out(started, webhook="none")
    answer = await till.verify(started, brought)

    assert answer.data["status"] == "completed"
    assert answer.data["providerPaymentId"] == brought["providerPaymentId"]
    assert till.told() == ["PaymentInitiated", "PaymentCompleted"]


@pytest.mark.parametrize("webhook", ["once", "twice"])
async def test_money_is_reported_once_however_often_it_is_told(till: Till, webhook: str) -> None:
    started = await till.initiate()

    brought = await till.check_out(started, webhook=webhook)
    await till.verify(started, brought)
    await till.settle()
    await till.verify(started, brought)

    assert till.told().count("PaymentCompleted") == 1
    assert till.database.query("SELECT state FROM webhooks") == [("processed",)]


async def test_initiating_answers_what_the_checkout_needs(till: Till) -> None:
    started = await till.initiate()

    assert started["status"] == "pending"
    assert started["amount"] == TOTAL
    assert started["provider"] == "sandbox"
    order_id = started["checkout"]["providerOrderId"]
    assert started["checkout"]["checkoutUrl"] == f"{till.room.public_url}/sandbox/checkout/{order_id}"


async def test_an_open_attempt_is_answered_again_to_another_request(till: Till) -> None:
    first = await till.initiate()

    assert await till.initiate() == first
    assert len(till.payments()) == 1
    assert till.told() == ["PaymentInitiated"]


async def test_the_same_key_gets_the_first_answer_again_also_when_the_order_is_paid(till: Till) -> None:
    first = await till.initiate(idempotency_key="one-key-for-this-order")
    await till.check_out(first)
    await till.settle()
    till.orders.change(status="confirmed")

    again = await till.ask("POST", "/initiate", {"orderId": ORDER}, idempotency_key="one-key-for-this-order")

    assert again.status == 201
    assert again.data == first
    assert again.headers["idempotency-replayed"] == "true"


async def test_one_order_initiated_many_times_at_once_has_one_attempt(till: Till) -> None:
    answers = await asyncio.gather(*(till.initiate() for _ in range(8)))

    assert len({answer["checkout"]["providerOrderId"] for answer in answers}) == 1
    assert len(till.payments()) == 1
    assert till.told() == ["PaymentInitiated"]


async def test_the_order_event_and_the_customer_make_one_attempt_in_any_order(till: Till) -> None:
    await till.initiate()
    await till.deliver(make_created())
    await till.deliver(make_created())

    assert [row[:2] for row in till.payments()] == [(1, "pending")]


async def test_after_a_failed_attempt_the_next_is_made(till: Till) -> None:
    first = await till.initiate()
    await till.check_out(first, "failure")
    await till.settle()

    second = await till.initiate()

    assert second["id"] != first["id"]
    assert [row[:2] for row in till.payments()] == [(1, "failed"), (2, "pending")]
    assert till.told() == ["PaymentInitiated", "PaymentFailed", "PaymentInitiated"]


async def test_a_failed_attempt_may_still_bring_its_money(till: Till) -> None:
    started = await till.initiate()
    await till.check_out(started, "failure")
    await till.settle()

    await till.check_out(started, "success")
    await till.settle()

    assert till.payments() == [PAID]
    assert till.told() == ["PaymentInitiated", "PaymentFailed", "PaymentCompleted"]
    tries = (await till.ask("GET", f"/{started['id']}")).data["tries"]
    assert [found["status"] for found in tries] == ["failed", "captured"]


async def test_the_word_of_a_failure_that_comes_late_changes_nothing(till: Till) -> None:
    started = await till.initiate()
    await till.check_out(started, "failure", delaySeconds=60)
    await till.check_out(started, "success")
    await till.settle()

    till.advance(2 * MINUTE)
    await till.settle()

    assert till.payments() == [PAID]
    assert "PaymentFailed" not in till.told()


async def test_of_two_attempts_that_both_bring_money_the_second_is_given_back(till: Till) -> None:
    first = await till.initiate()
    await till.check_out(first, "failure")
    await till.settle()
    second = await till.initiate()

    await till.check_out(second)
    await till.settle()
    till.advance(SECOND)
    await till.check_out(first)
    await till.settle()

    assert till.payments() == [
        (1, "refunded", TOTAL, TOTAL, TOTAL, "excess"),
        (2, "completed", TOTAL, 0, 0, None),
    ]
    assert till.refunds() == [("excess", TOTAL, "completed")]
    assert till.company_refunds() == [(TOTAL, "processed")]
    assert till.told().count("PaymentCompleted") == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"status": "confirmed"}, "nothing-due"),
        ({"status": "cancelled", "cancel_cause": "customer"}, "nothing-due"),
        ({"payment_method": "cod"}, "paid-in-cash"),
        ({"payment_deadline": DEADLINE - 15 * MINUTE}, "nothing-due"),
        ({"total": 0, "lines": []}, "nothing-due"),
    ],
)
async def test_nobody_pays_for_an_order_with_nothing_due(till: Till, change: dict[str, object], problem: str) -> None:
    till.orders.change(**change)

    answer = await till.ask("POST", "/initiate", {"orderId": ORDER})

    assert answer.status == 409
    assert answer.json["type"].endswith(problem)
    assert till.payments() == []


async def test_an_order_that_is_paid_is_not_paid_again(till: Till) -> None:
    await till.pay()

    answer = await till.ask("POST", "/initiate", {"orderId": ORDER})

    assert answer.status == 409
    assert answer.json["detail"] == "The order is paid."


async def test_an_order_that_payment_knows_to_be_cancelled_is_not_paid(till: Till) -> None:
    await till.deliver(make_created())
    await till.deliver(make_cancelled())

    assert (await till.ask("POST", "/initiate", {"orderId": ORDER})).status == 409


async def test_a_refused_key_may_be_used_again(till: Till) -> None:
    till.orders.change(status="confirmed")
    key = "key-that-is-refused-first"
    assert (await till.ask("POST", "/initiate", {"orderId": ORDER}, idempotency_key=key)).status == 409

    till.orders.change(status="pending")

    assert (await till.ask("POST", "/initiate", {"orderId": ORDER}, idempotency_key=key)).status == 201


@pytest.mark.parametrize("signature", ["0" * 64, "ü" * 10])
async def test_a_callback_with_a_wrong_signature_is_refused(till: Till, signature: str) -> None:
    started = await till.initiate()
    brought = await till.check_out(started, webhook="none")

    answer = await till.verify(started, brought | {"signature": signature})

    assert (answer.status, answer.field) == (422, "signature")
    assert till.payments()[0][1] == "pending"


async def test_a_callback_for_another_payment_is_refused(till: Till) -> None:
    started = await till.initiate()
    brought = await till.check_out(started, webhook="none")

    answer = await till.verify(started, brought | {"providerPaymentId": "pay_of_somebody_else"})

    assert answer.status == 422


async def test_a_callback_before_initiating_is_a_conflict(till: Till) -> None:
    await till.deliver(make_created())
    ((payment_id,),) = till.database.query("SELECT id FROM payments")

    answer = await till.ask(
        "POST", "/verify", {"paymentId": payment_id, "providerPaymentId": "pay_1", "signature": "s"}
    )

    assert answer.status == 409


@pytest.mark.parametrize("kind", ["dead", "reset"])
async def test_opening_whose_answer_is_lost_is_found_again_under_the_same_key(till: Till, kind: str) -> None:
    await till.plan_fault("create-order", kind)
    key = "key-of-a-lost-opening"

    lost = await till.ask("POST", "/initiate", {"orderId": ORDER}, idempotency_key=key)
    found = await till.ask("POST", "/initiate", {"orderId": ORDER}, idempotency_key=key)

    assert (lost.status, found.status) == (503, 201)
    assert lost.json["type"].endswith("payment-provider-unavailable")
    assert len(till.company_database.query("SELECT id FROM orders")) == 1
    assert len(till.payments()) == 1


async def test_an_opening_that_nobody_asks_for_again_is_found_by_the_check(till: Till) -> None:
    await till.plan_fault("create-order", "reset")
    await till.ask("POST", "/initiate", {"orderId": ORDER})
    assert till.database.query("SELECT unknown FROM payments") == [(1,)]

    till.advance(MINUTE)
    await till.settle()

    assert till.database.query("SELECT unknown FROM payments") == [(0,)]
    assert till.told() == ["PaymentInitiated"]


@pytest.mark.parametrize("kind", ["reset", "decline"])
async def test_an_opening_that_got_no_answer_is_looked_up_though_its_order_was_cancelled(till: Till, kind: str) -> None:
    await till.plan_fault("create-order", "dead")
    await till.ask("POST", "/initiate", {"orderId": ORDER})
    await till.deliver(make_cancelled())
    await till.plan_fault("create-order", kind)

    for _ in range(2):
        till.advance(MINUTE)
        await till.settle()

    assert till.payments()[0][1] == "cancelled"
    assert till.database.query("SELECT unknown FROM payments") == [(0,)]


async def test_an_opening_that_the_company_declines_fails_the_attempt(till: Till) -> None:
    await till.plan_fault("create-order", "decline")

    answer = await till.ask("POST", "/initiate", {"orderId": ORDER})

    assert answer.status == 503
    assert till.payments()[0][1] == "failed"
    assert (await till.initiate())["number"] == 2


async def test_the_attempts_for_one_order_have_an_end(tmp_path: Path) -> None:
    async with open_till(tmp_path, settings=PaymentSettings(attempts_max=2)) as till:
        await till.plan_fault("create-order", "decline", count=2)
        for _ in range(2):
            await till.ask("POST", "/initiate", {"orderId": ORDER})

        answer = await till.ask("POST", "/initiate", {"orderId": ORDER})

        assert (answer.status, answer.json["type"].rpartition(":")[2]) == (409, "too-many-attempts")
        assert len(till.payments()) == 2


@pytest.mark.parametrize("kind", ["dead", "reset"])
async def test_a_callback_that_cannot_be_checked_leaves_the_payment_processing(till: Till, kind: str) -> None:
    started = await till.initiate()
    brought = await till.check_out(started, webhook="none")
    await till.plan_fault("fetch-order", kind)

    answer = await till.verify(started, brought)
    assert (answer.status, answer.data["status"]) == (200, "processing")

    till.advance(MINUTE)
    await till.settle()
    assert till.payments() == [PAID]


async def test_a_callback_of_one_who_did_not_pay_is_found_out(till: Till) -> None:
    started = await till.initiate()
    brought = await till.check_out(started, "failure", webhook="none")
    await till.plan_fault("fetch-order", "dead")
    await till.verify(started, brought)

    till.advance(MINUTE)
    await till.settle()

    assert till.payments()[0][1] == "failed"


async def test_money_that_nobody_told_of_is_found_after_a_quarter_of_an_hour(till: Till) -> None:
    started = await till.initiate()
    await till.check_out(started, webhook="none")

    till.advance(15 * MINUTE - 1)
    await till.settle()
    assert till.payments()[0][1] == "pending"

    till.advance(1)
    await till.settle()
    assert till.payments() == [PAID]


async def test_every_payment_is_compared_with_the_books_for_three_days(till: Till) -> None:
    started = await till.initiate()
    looks = 0
    for _ in range(5):
        till.advance(DAY)
        looks += len([job for job in till.database.jobs() if job.kind == CHECK])
        await till.settle()

    assert looks == 3
    assert [job for job in till.database.jobs() if job.kind == CHECK] == []
    ((checked_at, created_at),) = till.database.query("SELECT checked_at, created_at FROM payments")
    assert checked_at - created_at == 3 * DAY
    assert started["status"] == "pending"


async def test_an_unknown_outcome_is_looked_up_every_minute(till: Till) -> None:
    started = await till.initiate()
    await till.check_out(started, webhook="none")
    await till.plan_fault("fetch-order", "dead", count=3)
    till.advance(15 * MINUTE)

    for _ in range(3):
        await till.settle()
        assert till.database.query("SELECT unknown FROM payments") == [(1,)]
        till.advance(MINUTE)
    await till.settle()

    assert till.payments() == [PAID]


async def test_money_that_comes_after_the_time_is_over_is_kept_until_the_order_service_decides(till: Till) -> None:
    started = await till.initiate()
    await till.deliver(make_cancelled("payment_timeout"))
    assert till.payments()[0][1] == "cancelled"

    await till.check_out(started)
    await till.settle()

    assert till.payments() == [PAID]
    assert till.refunds() == []


async def test_a_company_that_forgot_an_order_changes_nothing_and_is_looked_at_by_a_person(till: Till) -> None:
    started = await till.initiate()
    await till.plan_fault("fetch-order", "decline")
    till.advance(15 * MINUTE)
    await till.settle()

    assert till.payments()[0][1] == "pending"
    await till.check_out(started)
    await till.settle()
    assert till.payments() == [PAID]


async def test_an_answer_that_comes_too_late_counts_as_none(tmp_path: Path) -> None:
    async with open_till(tmp_path, settings=PaymentSettings(provider_timeout_seconds=1)) as till:
        await till.initiate()
        await till.plan_fault("fetch-order", "slow", delaySeconds=2)
        till.advance(HOUR)
        await till.settle()

        assert till.database.query("SELECT unknown FROM payments") == [(1,)]


async def test_an_unknown_order_is_not_found(till: Till) -> None:
    assert (await till.ask("POST", "/initiate", {"orderId": NOWHERE})).status == 404
    assert (await till.ask("GET", f"/order/{NOWHERE}")).status == 404


async def test_an_unknown_provider_is_refused(till: Till) -> None:
    answer = await till.ask("POST", "/initiate", {"orderId": ORDER, "provider": "cash"})

    assert (answer.status, answer.field) == (422, "provider")
