"""Invoices on paper and in lists: in two languages, as figures, and never as somebody's markup."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import pytest

from shikanji.contracts.store import Seller
from shikanji.kit.clock import SECOND
from shikanji.services.payment.model.invoice import Invoice, Series, document_of, figures_of
from shikanji.services.payment.printing import Language, print_invoice
from shikanji.services.payment.printing.wording import in_words, rupees
from tests.kit.databases import NOON
from tests.services.payment.makers import CUSTOMER, ORDER, OTHER_STORE, STORE, Sold, make_bill, make_seller
from tests.services.payment.till import Till

MARKUP = '#eval("1/0") #panic("x") $a^2$ `raw` *bold* @ref <label> \\ // /* "} ]]) #import "x.typ"'
LANGUAGES: Sequence[Language] = ("en", "hi")


def make_invoice(**changes: Any) -> Invoice:
    bill = make_bill(**changes)
    content = document_of(bill)
    return Series.new("29AAGCB7383J1Z4", "2627", "MGR1", "invoice").issue(
        at=NOON,
        content=content,
        figures=figures_of(content.lines),
        id="invoice-1",
        order_id=ORDER,
        payment_id="payment-1",
        refund_id=None,
        invoice_id=None,
        store_id=STORE,
        customer_id=CUSTOMER,
        seller_id="seller",
    )


def pdf_of(invoice: Invoice, seller: Seller | None = None, language: Language = "en") -> bytes:
    return print_invoice(invoice, seller or make_seller(), language)


def pages(pdf: bytes) -> int:
    return int(re.findall(rb"/Count (\d+)", pdf)[0])


async def invoiced(till: Till) -> str:
    payment_id = await till.pay()
    till.orders.confirm()
    assert (await till.ask("GET", f"/{payment_id}/invoice")).status == 200
    return payment_id


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_invoice_is_the_same_paper_whenever_it_is_printed(language: Language) -> None:
    invoice = make_invoice()

    first = pdf_of(invoice, language=language)

    assert first.startswith(b"%PDF-")
    assert first == pdf_of(invoice, language=language)
    assert pages(first) == 1


def test_a_long_order_goes_over_several_pages() -> None:
    assert pages(pdf_of(make_invoice(sold=[Sold(8_000)] * 90))) > 2


@pytest.mark.parametrize(
    "text",
    [MARKUP, "W" * 10_000, "नमस्ते " * 2_000, "\u202e\x00\n\t😀", " ", "#[" * 5_000, "$(" * 5_000, "*_" * 5_000],
    ids=range(8),
)
def test_what_people_write_is_printed_and_never_run(text: str) -> None:
    invoice = make_invoice(customer_name=text, address=[text] * 3)
    seller = make_seller(name=text, legal_name=text, line1=text, phone=text)

    for language in LANGUAGES:
        assert pages(pdf_of(invoice, seller, language)) <= 3
    assert invoice.content.buyer == text


@pytest.mark.parametrize(
    ("paise", "english", "hindi"),
    [
        (0, "Rupees zero only", "शून्य रुपये मात्र"),
        (105, "Rupees one and paise five only", "एक रुपये पाँच पैसे मात्र"),
        (
            19_950,
            "Rupees one hundred ninety-nine and paise fifty only",
            "एक सौ निन्यानवे रुपये पचास पैसे मात्र",
        ),
        (
            1_23_45_678_00,
            "Rupees one crore twenty-three lakh forty-five thousand six hundred seventy-eight only",
            "एक करोड़ तेईस लाख पैंतालीस हज़ार छह सौ अठहत्तर रुपये मात्र",
        ),
        (100_000_000_000_00, "Rupees ten thousand crore only", "दस हज़ार करोड़ रुपये मात्र"),
    ],
)
def test_an_amount_is_told_in_words(paise: int, english: str, hindi: str) -> None:
    assert (in_words(paise, "en"), in_words(paise, "hi")) == (english, hindi)


def test_every_number_below_a_hundred_has_a_word_of_its_own() -> None:
    for language in LANGUAGES:
        assert len({in_words(100 * amount, language) for amount in range(100)}) == 100


@pytest.mark.parametrize(
    ("paise", "shown"),
    [
        (0, "₹0.00"),
        (99_999, "₹999.99"),
        (1_00_000_00, "₹1,00,000.00"),
        (12_34_56_789_01, "₹12,34,56,789.01"),
        (-40, "−₹0.40"),
    ],
)
def test_an_amount_is_shown_in_lakhs_and_crores(paise: int, shown: str) -> None:
    assert rupees(paise) == shown


async def test_an_invoice_is_paper_in_the_language_that_is_asked_for(till: Till) -> None:
    payment_id = await invoiced(till)

    plain = await till.ask("GET", f"/{payment_id}/invoice")
    by_query = await till.ask("GET", f"/{payment_id}/invoice?language=hi")
    by_header = await till.ask("GET", f"/{payment_id}/invoice", accept_language="hi-IN,en;q=0.5")

    assert plain.headers["content-type"] == "application/pdf"
    assert plain.headers["content-disposition"] == 'inline; filename="MGR1-2627-000001.pdf"'
    assert [answer.headers["content-language"] for answer in (plain, by_query, by_header)] == ["en", "hi", "hi"]
    assert plain.body != by_query.body == by_header.body


async def test_who_has_the_paper_is_not_sent_it_again(till: Till) -> None:
    payment_id = await invoiced(till)
    tag = (await till.ask("GET", f"/{payment_id}/invoice")).headers["etag"]

    again = await till.ask("GET", f"/{payment_id}/invoice", if_none_match=tag)
    other = await till.ask("GET", f"/{payment_id}/invoice?language=hi", if_none_match=tag)

    assert (again.status, again.body, other.status) == (304, b"", 200)


async def test_figures_are_given_to_who_prefers_json_and_nothing_to_who_wants_a_picture(till: Till) -> None:
    payment_id = await invoiced(till)

    figures = (await till.ask("GET", f"/{payment_id}/invoice", accept="application/json")).data
    picture = await till.ask("GET", f"/{payment_id}/invoice", accept="image/png")

    assert (figures["taxable"], figures["cgst"], figures["sgst"], figures["total"]) == (19_000, 475, 475, 19_950)
    assert figures["seller"]["gstin"] == "29AAGCB7383J1Z4"
    assert picture.status == 406


async def test_a_language_that_we_do_not_print_is_refused(till: Till) -> None:
    payment_id = await invoiced(till)

    assert (await till.ask("GET", f"/{payment_id}/invoice?language=fr")).status == 422


async def test_an_invoice_is_found_by_its_own_id_and_nothing_by_another(till: Till) -> None:
    payment_id = await invoiced(till)
    figures = (await till.ask("GET", f"/{payment_id}/invoice", accept="application/json")).data

    assert (await till.ask("GET", f"/invoices/{figures['id']}", accept="application/json")).data == figures
    assert (await till.ask("GET", f"/invoices/{payment_id}")).status == 404


async def test_head_office_lists_invoices_of_a_store_and_a_time(till: Till) -> None:
    payment_id = await invoiced(till)
    day = "since=2026-11-22T00:00:00Z&until=2026-11-23T00:00:00Z"

    for query, found in (
        ("", [payment_id]),
        (f"?storeId={STORE}&kind=invoice&{day}", [payment_id]),
        (f"?storeId={OTHER_STORE}", []),
        ("?kind=credit_note", []),
        ("?since=2026-11-23T00:00:00Z", []),
        ("?until=2026-11-22T00:00:00Z", []),
        ("?until=1960-01-01T00:00:00Z", []),
    ):
        listed = (await till.ask("GET", f"/invoices{query}", token="admin")).data
        assert [invoice["paymentId"] for invoice in listed] == found, query
    assert (await till.ask("GET", "/invoices", token="other_manager")).data == []


async def test_the_table_for_the_return_has_a_line_for_each_rate_and_takes_credit_notes_off(till: Till) -> None:
    payment_id = await till.pay()
    till.orders.bills[ORDER] = make_bill([Sold(3_000, 3), Sold(7_500, rate_bp=1_200)], fee=2_000)
    till.orders.confirm()
    assert till.orders.bills[ORDER].total == 19_950
    await till.ask("GET", f"/{payment_id}/invoice")
    await till.ask("POST", f"/{payment_id}/refund", {"amount": 19_950, "reason": "=cmd()"}, token="manager")
    await till.settle()
    till.advance(5 * SECOND)
    await till.settle()

    answer = await till.ask(
        "GET", "/invoices/export?since=2026-11-01T00:00:00Z&until=2026-12-01T00:00:00Z", token="manager"
    )
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert [(row["Kind"], row["Rate %"]) for row in rows] == [
        ("Credit note", "5"),
        ("Credit note", "12"),
        ("Invoice", "5"),
        ("Invoice", "12"),
    ]
    assert sum(float(row["Taxable"]) for row in rows) == 0
    assert {row["On invoice"] for row in rows if row["Kind"] == "Credit note"} == {"MGR1/2627/000001"}
    assert {row["Place of supply"] for row in rows} == {"29-Karnataka"}


@pytest.mark.parametrize(
    "span",
    [
        "since=2026-11-01T00:00:00Z&until=2026-11-01T00:00:00Z",
        "since=2026-11-01T00:00:00Z&until=2026-12-03T00:00:00Z",
        "since=2026-11-01T00:00:00Z",
    ],
)
async def test_the_table_is_of_a_month_at_most(till: Till, span: str) -> None:
    assert (await till.ask("GET", f"/invoices/export?{span}", token="admin")).status == 422
