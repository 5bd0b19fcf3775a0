"""What an invoice says adds up to the paisa, and what credit notes take back of it does too."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from shikanji.contracts.order import Bill
from shikanji.kit.clock import DAY, HOUR, from_rfc3339
from shikanji.services.payment.model.credit import credited
from shikanji.services.payment.model.invoice import (
    Document,
    Figures,
    Invoice,
    InvoiceLine,
    Series,
    chained,
    check_against,
    document_of,
    figures_of,
    fiscal_year,
    number_of,
    seller_document,
)
from shikanji.services.payment.model.refund import RefundedLine
from tests.kit.databases import NOON
from tests.services.payment.makers import ORDER, Sold, make_bill, make_seller

RATES = (0, 500, 1_200, 1_800, 2_800)
SOLD = st.builds(
    lambda price, quantity, off_percent, rate_bp, included: Sold(
        price, quantity, price * quantity * off_percent // 100, rate_bp, included
    ),
    st.integers(0, 200_000),
    st.integers(1, 20),
    st.integers(0, 100),
    st.sampled_from(RATES),
    st.booleans(),
)
BILLS = st.builds(
    lambda sold, fee, round_to: make_bill(sold, fee=fee, round_to=round_to),
    st.lists(SOLD, min_size=1, max_size=8),
    st.sampled_from((0, 1, 2_000, 3_333)),
    st.sampled_from((0, 50, 100)),
)


@settings(max_examples=50)
@given(BILLS)
def test_every_invoice_adds_up_to_what_the_order_cost(bill: Bill) -> None:
    lines = document_of(bill).lines
    figures = figures_of(lines)

    check_against(figures, bill)
    assert figures.taxable + figures.cgst + figures.sgst + figures.round_off == figures.total == bill.total
    assert figures.cgst == figures.sgst


@settings(max_examples=50)
@given(BILLS, st.data())
def test_notes_that_take_everything_back_sum_to_the_invoice_in_every_figure(bill: Bill, data: st.DataObject) -> None:
    lines, notes, left = document_of(bill).lines, list[InvoiceLine](), bill.total
    assume(left)
    while left:
        amount = left if len(notes) > 12 else data.draw(st.integers(1, left))
        named = data.draw(st.sampled_from([None, *lines]))
        note = credited(lines, notes, amount, _pieces_of(named, amount))
        figures = figures_of(note)
        assert figures.taxable + figures.cgst + figures.sgst + figures.round_off == figures.total == amount
        notes, left = [*notes, *note], left - amount

    assert figures_of(notes) == figures_of(lines)


def _pieces_of(line: InvoiceLine | None, amount: int) -> Sequence[RefundedLine]:
    return [] if line is None else [RefundedLine(line.id, 1, min(line.paid, amount))]


def test_a_note_takes_back_the_lines_that_the_refund_names() -> None:
    lines = document_of(make_bill()).lines

    (note,) = credited(lines, [], 3_150, [RefundedLine("line-1", 1, 3_150)])

    assert (note.id, note.quantity, note.taxable, note.half, note.paid) == ("line-1", 1, 3_000, 75, 3_150)


def test_a_note_over_an_amount_takes_from_all_lines_in_proportion() -> None:
    lines = document_of(make_bill()).lines

    note = credited(lines, [], 1_995)

    assert [(line.id, line.quantity, line.paid) for line in note] == [
        ("line-1", 0, 945),
        ("line-2", 0, 840),
        ("delivery", 0, 210),
    ]


def test_what_is_named_of_a_line_that_is_back_already_comes_from_the_others() -> None:
    lines = document_of(make_bill()).lines
    before = credited(lines, [], 9_450, [RefundedLine("line-1", 3, 9_450)])

    note = credited(lines, before, 3_150, [RefundedLine("line-1", 1, 3_150)])

    assert sum(line.paid for line in note) == 3_150
    assert {line.id for line in note} == {"line-2", "delivery"}


def test_no_note_takes_more_than_is_left() -> None:
    lines = document_of(make_bill()).lines
    before = credited(lines, [], 19_000)

    with pytest.raises(ValueError, match="950 are left"):
        credited(lines, before, 951)


def test_prices_that_contain_their_tax_are_taken_apart() -> None:
    (line, _) = document_of(make_bill([Sold(10_500, included=True)])).lines

    assert (line.taxable, line.half, line.paid) == (10_000, 250, 10_500)


def test_a_bill_whose_tax_is_not_that_of_its_rate_makes_no_invoice() -> None:
    bill = make_bill()
    wrong = structs.replace(bill, lines=[structs.replace(bill.lines[0], tax=bill.lines[0].tax + 2), *bill.lines[1:]])

    with pytest.raises(ValueError, match="at its rate"):
        document_of(wrong)


def test_a_bill_whose_lines_do_not_make_its_total_makes_no_invoice() -> None:
    bill = make_bill()

    with pytest.raises(ValueError, match="do not make"):
        check_against(figures_of(document_of(bill).lines), structs.replace(bill, total=bill.total + 1))


@pytest.mark.parametrize(
    ("at", "year"),
    [
        ("2026-03-31T18:29:59.999999Z", "2526"),
        ("2026-03-31T18:30:00Z", "2627"),
        ("2026-12-31T20:00:00Z", "2627"),
        ("2027-03-31T18:29:59Z", "2627"),
        ("2099-11-22T00:00:00Z", "9900"),
    ],
)
def test_the_tax_year_begins_at_midnight_of_the_first_of_april_in_india(at: str, year: str) -> None:
    assert fiscal_year(from_rfc3339(at)) == year


@pytest.mark.parametrize(
    ("kind", "serial", "number"),
    [
        ("invoice", 1, "KOR1/2627/000001"),
        ("invoice", 999_999, "KOR1/2627/999999"),
        ("invoice", 1_000_000, "KOR1/26271000000"),
        ("credit_note", 1, "KOR1/2627/C00001"),
        ("credit_note", 100_000, "KOR1/2627C100000"),
    ],
)
def test_a_number_has_sixteen_characters_at_most(kind: Any, serial: int, number: str) -> None:
    assert number_of("KOR1", "2627", kind, serial) == number
    assert re.fullmatch(r"[A-Za-z0-9/-]{1,16}", number)


@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
def test_a_full_series_gives_no_number_at_all(kind: Any) -> None:
    with pytest.raises(ValueError, match="full"):
        number_of("KOR1", "2627", kind, 10**7)


def test_an_invoice_is_never_earlier_than_the_one_before_it_whichever_clock_was_read() -> None:
    series = Series.new("29AAGCB7383J1Z4", "2627", "MGR1", "invoice")

    first, second = issue(series, at=NOON), issue(series, at=NOON - HOUR)

    assert (first.serial, second.serial) == (1, 2)
    assert second.issued_at == first.issued_at


@pytest.mark.parametrize(
    "change",
    [
        {"number": "MGR1/2627/000009"},
        {"total": 1},
        {"store_id": "another"},
        {"seller_id": "another"},
        {"issued_at": NOON + DAY},
        {"document": b"{}"},
    ],
    ids=str,
)
def test_the_hash_is_over_everything_and_over_what_was_before(change: dict[str, Any]) -> None:
    series = Series.new("29AAGCB7383J1Z4", "2627", "MGR1", "invoice")
    first, second = issue(series), issue(series)

    assert second.hash == chained(first.hash, second)
    assert second.hash != chained(first.hash, structs.replace(second, **change))
    assert second.hash != chained("", second)


def issue(series: Series, at: int = NOON) -> Invoice:
    content: Document = document_of(make_bill())
    figures: Figures = figures_of(content.lines)
    seller_id, _ = seller_document(make_seller())
    return series.issue(
        at=at,
        content=content,
        figures=figures,
        id=f"invoice-{series.last + 1}",
        order_id=ORDER,
        payment_id="payment-1",
        refund_id=None,
        invoice_id=None,
        store_id="store",
        customer_id="customer",
        seller_id=seller_id,
    )
