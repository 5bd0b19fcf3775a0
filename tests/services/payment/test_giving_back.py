"""Refunds: by itself after cancellations, by managers, and through every trouble with the company."""

import asyncio

import pytest

from shikanji.contracts.order import PaidLine
from shikanji.kit.clock import DAY, MINUTE, SECOND
from shikanji.services.payment.actions.refunding import report_refund
from shikanji.services.payment.model.reports import RefundReport
from tests.services.payment.makers import (
    NOWHERE,
    OTHER_ORDER,
    SHIKANJI,
    TOTAL,
    make_cancelled,
    make_created,
    make_refund_requested,
    make_standing,
)
from tests.services.payment.till import Till


@pytest.fixture
def till(each_till: Till) -> Till:
    return each_till


RETURNED = ("cancelled", TOTAL, "completed")


async def test_a_cancelled_order_gets_its_money_back(till: Till) -> None:
    await till.pay()

    await till.deliver(make_cancelled())
    await till.settle()

    assert till.payments() == [(1, "refunded", TOTAL, TOTAL, TOTAL, "cancelled")]
    assert till.refunds() == [RETURNED]
    assert till.company_refunds() == [(TOTAL, "processed")]
    assert till.told()[-2:] == ["RefundInitiated", "RefundCompleted"]


async def test_money_that_comes_after_a_cancellation_goes_back(till: Till) -> None:
    started = await till.initiate()
    await till.deliver(make_cancelled())
    assert till.payments()[0][1] == "cancelled"

    await till.check_out(started)
    await till.settle()

    assert till.payments() == [(1, "refunded", TOTAL, TOTAL, TOTAL, "cancelled")]
    assert till.told() == ["PaymentInitiated", "PaymentCompleted", "RefundInitiated", "RefundCompleted"]


async def test_a_cancellation_heard_twice_gives_back_once(till: Till) -> None:
    await till.pay()

    await till.deliver(make_cancelled())
    await till.deliver(make_cancelled("staff"))
    await till.settle()
    await till.deliver(make_cancelled())
    await till.settle()

    assert till.company_refunds() == [(TOTAL, "processed")]


async def test_a_cancellation_heard_before_the_order_leaves_a_tombstone(till: Till) -> None:
    await till.deliver(make_cancelled())
    await till.deliver(make_created())

    assert [row[:2] for row in till.payments()] == [(1, "cancelled")]


async def test_a_person_cancelling_what_the_clock_cancelled_is_final(till: Till) -> None:
    started = await till.initiate()
    await till.deliver(make_cancelled("payment_timeout"))
    await till.check_out(started)
    await till.settle()

    await till.deliver(make_cancelled("customer", attempt=2))
    await till.settle()

    assert till.refunds() == [RETURNED]


async def test_the_clock_heard_after_a_person_takes_nothing_back(till: Till) -> None:
    await till.pay()
    await till.deliver(make_cancelled("customer", attempt=2))
    await till.deliver(make_cancelled("payment_timeout"))
    await till.settle()

    assert till.database.query("SELECT cancel_cause FROM dues") == [("customer",)]
    assert till.refunds() == [RETURNED]


async def test_late_money_goes_back_when_the_order_service_says_so_and_only_once(till: Till) -> None:
    started = await till.initiate()
    await till.deliver(make_cancelled("payment_timeout"))
    await till.check_out(started)
    await till.settle()

    await till.deliver(make_refund_requested(started["id"]))
    await till.deliver(make_refund_requested(started["id"]))
    await till.settle()

    assert till.refunds() == [("late", TOTAL, "completed")]


async def test_late_money_that_went_back_as_too_much_goes_back_once(till: Till) -> None:
    first = await till.initiate()
    await till.check_out(first, "failure")
    await till.settle()
    second = await till.initiate()
    await till.deliver(make_cancelled("payment_timeout"))
    for started in (first, second):
        await till.check_out(started)
        await till.settle()

    for started in (second, first):
        await till.deliver(make_refund_requested(started["id"]))
    await till.settle()

    assert sorted(till.refunds()) == [("excess", TOTAL, "completed"), ("late", TOTAL, "completed")]
    assert till.company_refunds() == [(TOTAL, "processed")] * 2


async def test_two_payments_that_come_at_the_same_moment_leave_one(till: Till) -> None:
    first = await till.initiate()
    await till.check_out(first, "failure")
    await till.settle()
    second = await till.initiate()
    brought = [(started, await till.check_out(started, webhook="none")) for started in (first, second)]

    await asyncio.gather(*(till.verify(*one) for one in brought))
    await till.settle()

    assert till.refunds() == [("excess", TOTAL, "completed")]
    assert sorted(row[5] or "" for row in till.payments()) == ["", "excess"]


async def test_refunds_asked_for_at_the_same_moment_never_exceed_what_is_left(till: Till) -> None:
    payment_id = await till.pay()
    body = {"amount": 9_000, "reason": "spilt"}

    answers = await asyncio.gather(
        *(till.ask("POST", f"/{payment_id}/refund", body, token="manager") for _ in range(6))
    )

    assert sorted(answer.status for answer in answers) == [201, 201, 409, 409, 409, 409]
    assert till.payments()[0][3] == 18_000


async def test_a_manager_gives_back_amounts_until_nothing_is_left(till: Till) -> None:
    payment_id = await till.pay()

    answers = [
        await till.ask("POST", f"/{payment_id}/refund", {"amount": 9_000, "reason": "spilt"}, token="manager")
        for _ in range(3)
    ]
    await till.settle()

    assert [answer.status for answer in answers] == [201, 201, 409]
    assert answers[0].data["status"] == "pending"
    assert till.payments() == [(1, "completed", TOTAL, 18_000, 18_000, None)]
    rest = await till.ask("POST", f"/{payment_id}/refund", {"amount": 1_950, "reason": "all"}, token="admin")
    await till.settle()
    assert rest.status == 201
    assert till.payments() == [(1, "refunded", TOTAL, TOTAL, TOTAL, None)]


async def test_refunds_of_lines_give_back_exactly_what_was_paid_for_them(till: Till) -> None:
    payment_id = await till.pay()

    amounts = []
    for quantity in (1, 1, 1):
        body = {"lines": [{"lineId": "line-1", "quantity": quantity}], "reason": "cold"}
        answer = await till.ask("POST", f"/{payment_id}/refund", body, token="manager")
        amounts.append(answer.data["amount"])

    assert amounts == [3_333, 3_333, 3_334]
    assert sum(amounts) == 10_000


async def test_no_piece_of_a_line_is_refunded_twice(till: Till) -> None:
    payment_id = await till.pay()
    body = {"lines": [{"lineId": "line-1", "quantity": 2}], "reason": "cold"}

    first = await till.ask("POST", f"/{payment_id}/refund", body, token="manager")
    second = await till.ask("POST", f"/{payment_id}/refund", body, token="manager")

    assert (first.status, second.status) == (201, 409)
    assert second.json["type"].endswith("line-refunded")
    assert till.refunds() == [("requested", 6_666, "pending")]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"lines": [{"lineId": "line-9", "quantity": 1}]}, "lines[0].lineId"),
        ({"lines": [{"lineId": "line-1", "quantity": 4}]}, "lines[0].quantity"),
        ({"lines": [{"lineId": "line-1", "quantity": 1}] * 2}, "lines[1].lineId"),
        ({"lines": [{"lineId": "line-1", "quantity": 0}]}, "lines[0].quantity"),
        ({"amount": 0}, "amount"),
    ],
)
async def test_a_refund_names_what_is_wrong_with_it(till: Till, wanted: dict[str, object], field: str) -> None:
    payment_id = await till.pay()

    answer = await till.ask("POST", f"/{payment_id}/refund", {"reason": "why", **wanted}, token="manager")

    assert (answer.status, answer.field) == (422, field)
    assert till.refunds() == []


@pytest.mark.parametrize("wanted", [{}, {"amount": 1, "lines": [{"lineId": "line-1", "quantity": 1}]}])
async def test_a_refund_is_of_an_amount_or_of_lines(till: Till, wanted: dict[str, object]) -> None:
    payment_id = await till.pay()

    answer = await till.ask("POST", f"/{payment_id}/refund", {"reason": "why", **wanted}, token="manager")

    assert answer.status == 422


async def test_the_same_key_gives_back_once(till: Till) -> None:
    payment_id = await till.pay()
    body = {"amount": 500, "reason": "spilt"}

    answers = [
        await till.ask("POST", f"/{payment_id}/refund", body, token="manager", idempotency_key="one-refund-only-please")
        for _ in range(2)
    ]

    assert answers[0].data == answers[1].data
    assert till.refunds() == [("requested", 500, "pending")]


async def test_what_was_not_paid_is_not_refunded(till: Till) -> None:
    started = await till.initiate()

    answer = await till.ask("POST", f"/{started['id']}/refund", {"amount": 1, "reason": "why"}, token="manager")

    assert answer.status == 409


async def test_a_cancellation_gives_back_only_what_is_left(till: Till) -> None:
    payment_id = await till.pay()
    await till.ask("POST", f"/{payment_id}/refund", {"amount": 950, "reason": "spilt"}, token="manager")

    await till.deliver(make_cancelled("staff"))
    await till.settle()

    assert till.refunds() == [("requested", 950, "completed"), ("cancelled", TOTAL - 950, "completed")]
    assert till.payments() == [(1, "refunded", TOTAL, TOTAL, TOTAL, "cancelled")]


async def test_a_second_payment_goes_back_whole_though_the_first_was_refunded_in_part(till: Till) -> None:
    first = await till.initiate()
    await till.check_out(first, "failure")
    await till.settle()
    second = await till.initiate()
    await till.check_out(second)
    await till.settle()
    await till.ask("POST", f"/{second['id']}/refund", {"amount": 950, "reason": "spilt"}, token="manager")

    till.advance(SECOND)
    await till.check_out(first)
    await till.settle()

    assert till.refunds() == [("requested", 950, "completed"), ("excess", TOTAL, "completed")]


@pytest.mark.parametrize("kind", ["dead", "reset"])
async def test_a_refund_whose_answer_is_lost_is_looked_up_and_given_once(till: Till, kind: str) -> None:
    await till.pay()
    await till.plan_fault("create-refund", kind)

    await till.deliver(make_cancelled())
    await till.run_jobs()
    assert till.refunds() == [("cancelled", TOTAL, "processing")]
    till.advance(SECOND)
    await till.settle()

    assert till.refunds() == [RETURNED]
    assert till.company_refunds() == [(TOTAL, "processed")]
    assert till.told().count("RefundCompleted") == 1


async def test_the_webhook_of_a_refund_may_come_before_its_answer(till: Till) -> None:
    await till.pay()
    await till.plan_fault("create-refund", "reset")
    await till.deliver(make_cancelled())
    await till.run_jobs()

    await till.run_company_jobs()
    await till.run_jobs()

    assert till.refunds() == [RETURNED]
    till.advance(MINUTE)
    await till.settle()
    assert till.told().count("RefundCompleted") == 1


async def test_a_refund_that_takes_days_is_told_by_webhook(till: Till) -> None:
    await till.pay()
    await till.plan_fault("create-refund", "pend", delaySeconds=2 * 86_400)
    await till.deliver(make_cancelled())
    await till.settle()
    assert till.refunds() == [("cancelled", TOTAL, "processing")]

    till.advance(2 * DAY)
    await till.settle()

    assert till.refunds() == [RETURNED]


async def test_a_refused_refund_is_owed_and_asked_for_again_the_next_day(till: Till) -> None:
    await till.pay()
    await till.plan_fault("create-refund", "decline")
    await till.deliver(make_cancelled())
    await till.settle()
    assert till.refunds() == [("cancelled", TOTAL, "failed")]
    assert till.payments() == [(1, "completed", TOTAL, TOTAL, 0, "cancelled")]

    till.advance(DAY)
    await till.settle()

    assert till.refunds() == [RETURNED]


async def test_head_office_has_a_refused_refund_asked_for_at_once(till: Till) -> None:
    payment_id = await till.pay()
    await till.plan_fault("create-refund", "decline")
    await till.deliver(make_cancelled())
    await till.settle()
    ((refund_id,),) = till.database.query("SELECT id FROM refunds")

    answer = await till.ask("POST", f"/{payment_id}/refunds/{refund_id}/retry", token="admin")
    await till.settle()

    assert answer.status == 202
    assert till.refunds() == [RETURNED]
    again = await till.ask("POST", f"/{payment_id}/refunds/{refund_id}/retry", token="admin")
    assert again.status == 409


async def test_refunds_are_listed_newest_first(till: Till) -> None:
    payment_id = await till.pay()
    for amount in (100, 200):
        await till.ask("POST", f"/{payment_id}/refund", {"amount": amount, "reason": "spilt"}, token="manager")

    answer = await till.ask("GET", f"/{payment_id}/refunds")

    assert [refund["amount"] for refund in answer.data] == [200, 100]
    assert answer.data[0]["requestedBy"] == "manager"
    assert answer.data[0]["cause"] == "requested"


async def test_the_refunds_of_one_order_do_not_touch_another(till: Till) -> None:
    await till.pay()
    till.orders.standings[OTHER_ORDER] = make_standing(order_id=OTHER_ORDER)
    await till.ask("POST", "/initiate", {"orderId": OTHER_ORDER})

    await till.deliver(make_cancelled(order_id=OTHER_ORDER))
    await till.settle()

    assert [row[:2] for row in till.payments()] == [(1, "completed"), (1, "cancelled")]


async def test_a_late_refund_for_money_that_never_came_is_an_error(till: Till) -> None:
    started = await till.initiate()

    with pytest.raises(LookupError):
        await till.deliver(make_refund_requested(started["id"]))


async def test_a_refund_is_retried_under_its_own_payment_only(till: Till) -> None:
    payment_id = await till.pay()
    await till.ask("POST", f"/{payment_id}/refund", {"amount": 100, "reason": "spilt"}, token="manager")
    ((refund_id,),) = till.database.query("SELECT id FROM refunds")

    for path in (f"/{NOWHERE}/refunds/{refund_id}/retry", f"/{payment_id}/refunds/{NOWHERE}/retry"):
        assert (await till.ask("POST", path, token="admin")).status == 404
    waiting = await till.ask("POST", f"/{payment_id}/refunds/{refund_id}/retry", token="admin")
    assert waiting.status == 409


async def test_lines_that_cost_nothing_give_nothing_back(till: Till) -> None:
    free = PaidLine(line_id="line-1", product_id=SHIKANJI, quantity=1, paid=0)
    till.orders.change(lines=[free])
    payment_id = await till.pay()
    body = {"lines": [{"lineId": "line-1", "quantity": 1}], "reason": "cold"}

    answer = await till.ask("POST", f"/{payment_id}/refund", body, token="manager")

    assert answer.status == 409
    assert till.database.query("SELECT refunded FROM refunded_lines") == []


async def test_a_refund_that_the_provider_gave_up_later_is_owed(till: Till) -> None:
    await till.pay()
    await till.plan_fault("create-refund", "pend", delaySeconds=3600)
    await till.deliver(make_cancelled())
    await till.settle()
    ((key,),) = till.database.query("SELECT provider_key FROM refunds")
    given_up = RefundReport(key=key, provider_refund_id="rfnd_1", amount=TOTAL, status="failed")

    await till.database.write(report_refund, given_up)

    assert till.refunds() == [("cancelled", TOTAL, "failed")]
    assert till.payments()[0][1] == "completed"
