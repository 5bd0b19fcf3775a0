"""The rules of one attempt, of what is due, and of giving back, without a database."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shikanji.contracts.order import CancelCause, PaidLine
from shikanji.kit.clock import DAY, HOUR, MINUTE, SECOND
from shikanji.kit.errors import Invalid
from shikanji.services.payment.errors import NothingDue, NothingToRefund, PaidInCash
from shikanji.services.payment.model.dues import open_attempt, require_due, surplus
from shikanji.services.payment.model.payment import Payment, Status
from shikanji.services.payment.model.refund import Refund, WantedLine, line_share, ordered_lines
from shikanji.services.payment.settings import PaymentSettings
from tests.kit.databases import NOON
from tests.services.payment.makers import DEADLINE, SHIKANJI, TOTAL, make_dues, make_payment, make_standing

SETTINGS = PaymentSettings()


def make_refund(amount: int = 500) -> Refund:
    payment = make_payment(captured_at=NOON)
    return Refund.of(payment, id="refund-1", cause="requested", amount=amount, now=NOON)


def payment_that_is(status: Status) -> Payment:
    payment = make_payment(captured_at=NOON if status in {"completed", "refunded"} else None)
    if status == "processing":
        payment.lose_answer(NOON, customer_has_paid=True)
    elif status == "failed":
        payment.fail("declined", NOON)
    elif status == "cancelled":
        payment.cancel(NOON)
    elif status == "refunded":
        payment.reserve(TOTAL, NOON)
        payment.give_back(TOTAL, NOON)
    assert payment.status == status
    return payment


@pytest.mark.parametrize("status", ["pending", "processing", "failed", "cancelled"])
def test_money_completes_an_attempt_whatever_was_thought_of_it(status: Status) -> None:
    payment = payment_that_is(status)

    event = payment.capture("pay_1", "upi", NOON)

    assert payment.status == "completed"
    assert event is not None
    assert (event.amount, event.method, event.captured_at) == (TOTAL, "upi", NOON)


@pytest.mark.parametrize("status", ["completed", "refunded"])
def test_money_completes_an_attempt_once(status: Status) -> None:
    payment = payment_that_is(status)

    assert payment.capture("pay_2", "upi", NOON) is None
    assert payment.provider_payment_id == "pay_1"


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("pending", "failed"),
        ("processing", "failed"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("completed", "completed"),
        ("refunded", "refunded"),
    ],
)
def test_a_failure_ends_only_what_is_open(status: Status, after: Status) -> None:
    payment = payment_that_is(status)

    event = payment.fail("declined", NOON)

    assert payment.status == after
    assert (event is not None) == (status in {"pending", "processing"})


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("pending", "cancelled"),
        ("processing", "cancelled"),
        ("failed", "cancelled"),
        ("cancelled", "cancelled"),
        ("completed", "completed"),
        ("refunded", "refunded"),
    ],
)
def test_a_cancellation_ends_only_what_brought_no_money(status: Status, after: Status) -> None:
    payment = payment_that_is(status)

    changed = payment.cancel(NOON)

    assert payment.status == after
    assert changed == (status != after)


@pytest.mark.parametrize(
    ("status", "customer_has_paid", "after"),
    [
        ("pending", True, "processing"),
        ("pending", False, "pending"),
        ("failed", True, "processing"),
        ("cancelled", True, "cancelled"),
        ("completed", True, "completed"),
    ],
)
def test_a_lost_answer_fails_nothing(status: Status, customer_has_paid: bool, after: Status) -> None:
    payment = payment_that_is(status)

    payment.lose_answer(NOON, customer_has_paid=customer_has_paid)

    assert payment.status == after
    assert payment.unknown == (status != "completed")


def test_an_answer_ends_the_uncertainty() -> None:
    payment = payment_that_is("processing")

    payment.hear(NOON)

    assert (payment.status, payment.unknown) == ("pending", 0)


def test_never_more_is_reserved_than_came() -> None:
    payment = payment_that_is("completed")
    payment.reserve(TOTAL - 1, NOON)

    with pytest.raises(NothingToRefund):
        payment.reserve(2, NOON)

    assert payment.left == 1


def test_never_more_goes_back_than_was_reserved() -> None:
    payment = payment_that_is("completed")
    payment.reserve(10, NOON)

    with pytest.raises(ValueError, match="more paise back"):
        payment.give_back(11, NOON)


def test_a_payment_is_refunded_when_all_of_it_is_back() -> None:
    payment = payment_that_is("completed")
    payment.reserve(TOTAL, NOON)

    seen = []
    for amount in (TOTAL - 1, 1):
        payment.give_back(amount, NOON)
        seen.append(payment.status)

    assert seen == ["completed", "refunded"]


@pytest.mark.parametrize(
    ("age", "status", "unknown", "wait"),
    [
        (0, "pending", 0, 15 * MINUTE),
        (30 * MINUTE, "failed", 0, 15 * MINUTE),
        (30 * MINUTE, "cancelled", 0, 15 * MINUTE),
        (HOUR, "pending", 0, DAY),
        (0, "completed", 0, DAY),
        (3 * DAY, "completed", 0, None),
        (3 * DAY, "pending", 0, None),
        (0, "processing", 1, MINUTE),
        (4 * DAY, "processing", 1, MINUTE),
    ],
)
def test_when_the_books_are_compared_next(age: int, status: Status, unknown: int, wait: int | None) -> None:
    payment = payment_that_is(status)

    at = payment.next_check(SETTINGS, payment.created_at + age)

    assert payment.unknown == unknown
    assert at == (None if wait is None else payment.created_at + age + wait)


def test_cash_has_no_books() -> None:
    assert make_payment(provider="cash").next_check(SETTINGS, NOON) is None


@pytest.mark.parametrize(
    ("cause", "captured", "expected"),
    [
        (None, [], {}),
        (None, [1], {}),
        (None, [1, 2], {2: "excess"}),
        (None, [1, 2, 3], {2: "excess", 3: "excess"}),
        ("payment_timeout", [1], {}),
        ("payment_timeout", [1, 2], {2: "excess"}),
        ("customer", [1], {1: "cancelled"}),
        ("staff", [1, 2], {1: "cancelled", 2: "cancelled"}),
        ("out_of_stock", [], {}),
    ],
)
def test_what_is_too_much(cause: CancelCause | None, captured: list[int], expected: dict[int, str]) -> None:
    dues = make_dues(cancel_cause=cause)
    payments = [make_payment(number, captured_at=NOON + number) for number in captured] + [make_payment(9)]

    for order in itertools.permutations(payments):
        assert {payment.number: why for payment, why in surplus(dues, order)} == expected


def test_the_money_that_came_first_pays_the_order() -> None:
    first, second = make_payment(1, captured_at=NOON + 2), make_payment(2, captured_at=NOON + 1)

    assert surplus(make_dues(), [first, second]) == [(first, "excess")]


def test_money_that_goes_back_already_does_not_count() -> None:
    released, kept = make_payment(1, captured_at=NOON), make_payment(2, captured_at=NOON + 1)
    released.released = "late"

    assert surplus(make_dues(cancel_cause="payment_timeout"), [released, kept]) == []


def test_nothing_is_due_for_an_order_that_a_person_cancelled() -> None:
    assert make_dues(cancel_cause="staff").due == 0
    assert make_dues(cancel_cause="payment_timeout").due == TOTAL


def test_a_customer_may_pay_until_the_deadline() -> None:
    require_due(make_dues(), [], make_standing(), DEADLINE - 1)
    with pytest.raises(NothingDue):
        require_due(make_dues(), [], make_standing(), DEADLINE)


def test_an_order_that_is_paid_in_cash_is_not_paid_online() -> None:
    with pytest.raises(PaidInCash):
        require_due(make_dues(), [], make_standing(payment_method="cod"), NOON)


def test_a_customer_goes_on_with_the_open_attempt() -> None:
    failed, waiting = payment_that_is("failed"), make_payment(2)

    assert open_attempt([failed, waiting], "sandbox") is waiting
    assert open_attempt([failed], "sandbox") is None


def test_an_attempt_that_no_provider_has_heard_of_may_go_to_any() -> None:
    unheard, heard = make_payment(1), make_payment(2)
    heard.initiate("order_2", NOON)

    assert open_attempt([unheard], "other") is unheard
    assert open_attempt([heard], "other") is None


@given(paid=st.integers(0, 10**9), ordered=st.integers(1, 1_000), steps=st.lists(st.integers(1, 50), max_size=30))
def test_shares_of_a_line_sum_to_what_was_paid(paid: int, ordered: int, steps: list[int]) -> None:
    given_back = before = 0
    for step in [*steps, ordered]:
        after = min(before + step, ordered)
        given_back += line_share(paid, ordered, before=before, after=after)
        before = after

    assert given_back == paid


def test_lines_are_found_with_what_was_paid_for_them() -> None:
    line = PaidLine(line_id="line-1", product_id=SHIKANJI, quantity=3, paid=10_000)
    wanted = WantedLine("line-1", 3)

    assert ordered_lines([wanted], [line]) == [(wanted, line)]
    with pytest.raises(Invalid):
        ordered_lines([WantedLine("line-1", 4)], [line])


def test_an_automatic_refund_is_known_to_the_provider_by_its_cause() -> None:
    payment = make_payment(captured_at=NOON)

    automatic = Refund.of(payment, id="refund-1", cause="late", amount=TOTAL, now=NOON)
    requested = Refund.of(payment, id="refund-1", cause="requested", amount=TOTAL, now=NOON)

    assert automatic.provider_key == "refund:payment-1:late"
    assert requested.provider_key == "refund:payment-1:refund-1"


def test_a_refund_is_completed_once() -> None:
    refund = make_refund()
    assert refund.start(NOON)

    assert refund.complete("rfnd_1", NOON) is not None
    assert refund.complete("rfnd_1", NOON) is None
    assert not refund.start(NOON)


def test_what_is_back_is_neither_lost_nor_refused() -> None:
    refund = make_refund()
    refund.complete("rfnd_1", NOON)

    refund.lose_answer(NOON)
    refund.refuse("no", NOON)

    assert (refund.status, refund.unknown, refund.failure) == ("completed", 0, None)


def test_a_lost_answer_is_looked_up_later_and_later() -> None:
    refund = make_refund()
    waits = []
    for _ in range(12):
        refund.start(NOON)
        waits.append((refund.next_try(NOON) - NOON) // SECOND)

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
