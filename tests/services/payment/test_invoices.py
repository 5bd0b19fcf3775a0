"""When invoices and credit notes are issued, and how they are numbered; on SQLite and on PostgreSQL."""

import asyncio
from typing import Any

import sqlalchemy as sa
from msgspec import structs

from shikanji.contracts.order import BILLS_MAX
from shikanji.kit.clock import DAY, HOUR, MINUTE, SECOND, from_rfc3339
from shikanji.services.payment import invoicing, repository
from shikanji.services.payment.tables import refunds
from tests.services.payment.makers import (
    ORDER,
    TOTAL,
    make_bill,
    make_cancelled,
    make_created,
    make_delivered,
    make_seller,
)
from tests.services.payment.till import Till

SPAN = 5 * SECOND


async def paid_and_confirmed(till: Till) -> str:
    payment_id = await till.pay()
    till.orders.confirm()
    return payment_id


async def issue(till: Till) -> None:
    """Lets the time pass after which what is due is issued together."""
    till.advance(SPAN)
    await till.settle()


async def refund(till: Till, payment_id: str, amount: int) -> None:
    answer = await till.ask("POST", f"/{payment_id}/refund", {"amount": amount, "reason": "spilt"}, token="manager")
    assert answer.status == 201, answer.body
    await till.settle()


async def sell_for_cash(till: Till, count: int) -> list[str]:
    """So many orders, handed over one after the other; their ids."""
    made = [f"0199d2a0-0000-7000-8000-{place:012x}" for place in range(1, count + 1)]
    for order_id in made:
        till.orders.bills[order_id] = cash_bill(order_id)
        await till.deliver(make_created("cod", order_id=order_id))
        await till.deliver(make_delivered(order_id=order_id))
    return made


def cash_bill(order_id: str) -> Any:
    return make_bill(order_id=order_id, status="delivered", payment_method="cod")


def amount_of(order_id: str, amount: int) -> sa.Update:
    """Makes the order's refunds be of another amount, as only a fault could."""
    return sa.update(refunds).where(refunds.c.order_id == order_id).values(amount=amount)


def issued(till: Till) -> list[tuple[Any, ...]]:
    """Kind, number and total, in the order of issue."""
    return till.database.query("SELECT kind, number, total FROM invoices ORDER BY issued_at, id")


def numbers(till: Till) -> list[str]:
    return [number for _, number, _ in issued(till)]


def due(till: Till) -> list[tuple[Any, ...]]:
    return till.database.query("SELECT kind, waits_for FROM invoices_due ORDER BY key")


async def test_an_order_that_is_paid_online_and_confirmed_has_one_invoice(each_till: Till) -> None:
    await paid_and_confirmed(each_till)
    await issue(each_till)
    await issue(each_till)

    assert issued(each_till) == [("invoice", "MGR1/2627/000001", TOTAL)]
    assert each_till.told().count("InvoiceIssued") == 1
    assert due(each_till) == []


async def test_a_cash_order_has_its_invoice_at_hand_over_and_not_before(each_till: Till) -> None:
    each_till.orders.bills[ORDER] = cash_bill(ORDER)
    await each_till.deliver(make_created("cod"))
    await issue(each_till)
    before = issued(each_till)
    for _ in range(2):
        await each_till.deliver(make_delivered())
    await issue(each_till)

    assert before == []
    assert issued(each_till) == [("invoice", "MGR1/2627/000001", TOTAL)]


async def test_who_asks_for_an_invoice_has_it_at_once_and_the_job_issues_no_other(each_till: Till) -> None:
    payment_id = await paid_and_confirmed(each_till)
    asked = await each_till.ask("GET", f"/{payment_id}/invoice")
    await issue(each_till)

    assert asked.status == 200
    assert numbers(each_till) == ["MGR1/2627/000001"]


async def test_money_for_an_order_that_is_not_confirmed_yet_waits_for_that(each_till: Till) -> None:
    payment_id = await each_till.pay()
    early = await each_till.ask("GET", f"/{payment_id}/invoice")
    each_till.orders.confirm()
    each_till.advance(MINUTE)
    await each_till.settle()

    assert (early.status, early.json["type"]) == (404, "urn:shikanji:problem:invoice-not-found")
    assert numbers(each_till) == ["MGR1/2627/000001"]


async def test_an_order_that_is_cancelled_before_its_invoice_never_has_one(each_till: Till) -> None:
    await paid_and_confirmed(each_till)
    await each_till.deliver(make_cancelled())
    await each_till.settle()
    await issue(each_till)

    assert (issued(each_till), due(each_till)) == ([], [])


async def test_an_order_that_is_cancelled_after_its_invoice_has_a_credit_note_over_all_of_it(each_till: Till) -> None:
    payment_id = await paid_and_confirmed(each_till)
    await issue(each_till)
    await each_till.deliver(make_cancelled())
    await each_till.settle()
    await issue(each_till)

    assert issued(each_till)[1:] == [("credit_note", "MGR1/2627/C00001", TOTAL)]
    (note,) = (await each_till.ask("GET", f"/{payment_id}/credit-notes")).data
    invoice = (await each_till.ask("GET", f"/{payment_id}/invoice", accept="application/json")).data
    assert note["invoiceId"] == invoice["id"]
    assert [note[name] for name in ("taxable", "cgst", "sgst")] == [
        invoice[name] for name in ("taxable", "cgst", "sgst")
    ]


async def test_each_refund_of_an_invoiced_payment_has_a_credit_note_also_one_from_before_the_invoice(
    each_till: Till,
) -> None:
    payment_id = await paid_and_confirmed(each_till)
    await refund(each_till, payment_id, 1_000)
    await issue(each_till)
    await refund(each_till, payment_id, 2_000)
    await issue(each_till)
    await refund(each_till, payment_id, 16_950)
    notes = (await each_till.ask("GET", f"/{payment_id}/credit-notes")).data
    await issue(each_till)

    assert [(note["number"][-6:], note["total"]) for note in notes] == [
        ("C00001", 1_000),
        ("C00002", 2_000),
        ("C00003", 16_950),
    ]
    assert len(issued(each_till)) == 4
    assert due(each_till) == []


async def test_money_that_came_twice_makes_no_second_invoice_and_its_return_no_credit_note(each_till: Till) -> None:
    first = await each_till.initiate()
    await each_till.check_out(first, "failure")
    await each_till.settle()
    second = await each_till.initiate()
    await each_till.check_out(second)
    await each_till.settle()
    each_till.advance(SECOND)
    await each_till.check_out(first)
    await each_till.settle()
    each_till.orders.confirm()
    await issue(each_till)

    assert [status for _, status, *_ in each_till.payments()] == ["refunded", "completed"]
    assert issued(each_till) == [("invoice", "MGR1/2627/000001", TOTAL)]


async def test_orders_of_a_span_are_numbered_together_without_a_gap(each_till: Till) -> None:
    made = await sell_for_cash(each_till, BILLS_MAX + 5)
    await issue(each_till)

    assert sorted(numbers(each_till)) == [f"MGR1/2627/{serial:06}" for serial in range(1, len(made) + 1)]
    assert each_till.told().count("InvoiceIssued") == len(made)


async def test_numbers_asked_for_at_the_same_moment_leave_no_gap_and_make_no_duplicate(each_till: Till) -> None:
    made = await sell_for_cash(each_till, 12)
    payments = [(await each_till.room.db.read(repository.payments_of, order_id))[0] for order_id in made]

    await asyncio.gather(
        *(invoicing.invoice_of(each_till.room, payment) for payment in payments for _ in range(2)),
        invoicing.issue_due(each_till.room, payments[0].store_id),
    )

    assert sorted(numbers(each_till)) == [f"MGR1/2627/{serial:06}" for serial in range(1, 13)]
    hashes = each_till.database.query("SELECT hash FROM invoices ORDER BY serial DESC")
    assert each_till.database.query("SELECT last, last_hash FROM invoice_series") == [(12, hashes[0][0])]


async def test_a_store_without_a_gstin_issues_nothing_until_it_has_one(each_till: Till) -> None:
    each_till.orders.seller = make_seller(gstin=None)
    await paid_and_confirmed(each_till)
    await issue(each_till)
    waiting = due(each_till)
    each_till.orders.seller = make_seller()
    each_till.advance(HOUR)
    await each_till.settle()

    assert waiting == [("invoice", "gstin")]
    assert numbers(each_till) == ["MGR1/2627/000001"]


async def test_a_bill_that_does_not_add_up_keeps_no_other_from_its_number(each_till: Till) -> None:
    wrong, _ = await sell_for_cash(each_till, 2)
    each_till.orders.bills[wrong] = structs.replace(each_till.orders.bills[wrong], total=TOTAL + 1)
    await issue(each_till)

    assert numbers(each_till) == ["MGR1/2627/000001"]
    assert due(each_till) == [("invoice", "figures")]


async def test_a_refund_that_its_invoice_has_no_room_for_keeps_no_other_from_its_credit_note(each_till: Till) -> None:
    wrong, right = await sell_for_cash(each_till, 2)
    await issue(each_till)
    for order_id in (wrong, right):
        (payment,) = await each_till.room.db.read(repository.payments_of, order_id)
        await refund(each_till, payment.id, 1_000)
    await each_till.database.write(lambda tx: tx.execute(amount_of(wrong, TOTAL + 1)))
    await issue(each_till)

    assert issued(each_till)[2:] == [("credit_note", "MGR1/2627/C00001", 1_000)]
    assert due(each_till) == [("credit_note", "figures")]
    await each_till.database.write(lambda tx: tx.execute(amount_of(wrong, 1_000)))
    each_till.advance(HOUR)
    await each_till.settle()
    assert numbers(each_till)[3:] == ["MGR1/2627/C00002"]


async def test_what_was_put_off_is_not_forgotten_over_what_is_due_before_it(each_till: Till) -> None:
    early, soon = await sell_for_cash(each_till, 2)
    each_till.orders.bills[early] = structs.replace(each_till.orders.bills[early], status="pending")
    (payment,) = await each_till.room.db.read(repository.payments_of, early)
    await invoicing.invoice_of(each_till.room, payment)
    await issue(each_till)
    each_till.orders.bills[early] = cash_bill(early)
    each_till.advance(MINUTE)
    await each_till.settle()

    assert each_till.database.query("SELECT order_id FROM invoices ORDER BY serial") == [(soon,), (early,)]


async def test_a_new_year_of_taxes_and_another_code_begin_at_one(each_till: Till) -> None:
    first, second, third = await sell_for_cash(each_till, 3)
    for order_id, change in ((first, {}), (second, {}), (third, {"store_code": "MGR2"})):
        (payment,) = await each_till.room.db.read(repository.payments_of, order_id)
        each_till.orders.seller = make_seller(**change)
        await invoicing.invoice_of(each_till.room, payment)
        each_till.advance(from_rfc3339("2027-04-01T00:00:00+05:30") - each_till.room.clock.now())

    assert numbers(each_till) == ["MGR1/2627/000001", "MGR1/2728/000001", "MGR2/2728/000001"]


async def test_an_invoice_stays_as_it_was_whatever_becomes_of_the_store_and_the_order(each_till: Till) -> None:
    payment_id = await paid_and_confirmed(each_till)
    first = await each_till.ask("GET", f"/{payment_id}/invoice", accept="application/json")
    each_till.orders.seller = make_seller(name="Another", legal_name="Another", line1="Elsewhere")
    each_till.orders.bills[ORDER] = structs.replace(each_till.orders.bills[ORDER], customer_name="erased")
    each_till.advance(DAY)
    await each_till.settle()

    assert (await each_till.ask("GET", f"/{payment_id}/invoice", accept="application/json")).data == first.data
    assert first.data["buyer"] == {"name": "Asha Mehta", "address": ["1 Residency Road", "Bengaluru, Karnataka 560001"]}
