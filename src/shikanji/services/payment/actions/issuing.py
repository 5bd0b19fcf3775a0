"""Issuing invoices and credit notes: numbers are given in the transaction that writes what bears them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import structs

from shikanji.contracts.order import Bill
from shikanji.contracts.payment import InvoiceKind
from shikanji.contracts.store import Seller
from shikanji.kit.clock import HOUR, MINUTE, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.telemetry.logs import logger
from shikanji.services.payment import repository
from shikanji.services.payment.model.credit import credited
from shikanji.services.payment.model.invoice import (
    SUPPLIED,
    About,
    Document,
    Invoice,
    InvoiceLine,
    Series,
    check_against,
    document_of,
    figures_of,
    fiscal_year,
)
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.refund import Refund
from shikanji.services.payment.settings import PaymentSettings

ISSUE = "invoices"
"""The job that issues what is due in one store; its key is the store's id."""
ISSUE_LATER = "invoices-later"
"""The same for what was put off: under a name of its own, so that neither moves the other's time."""

UNCONFIRMED, NO_GSTIN, WRONG = "confirmation", "gstin", "figures"
"""What keeps an invoice from being issued."""

_log = logger("payment")

Paid = tuple[Bill, Payment]
Drawn = tuple[Bill, Payment, Document]
Credit = tuple[Invoice, Refund, list[InvoiceLine]]


def expect_invoices(tx: Tx, payments: Sequence[Payment]) -> None:
    """Money came: an invoice is due for each of their orders, unless it is never confirmed."""
    for store_id, some in groupby(sorted(payments, key=_store_of), _store_of):
        _expect(tx, "invoice", [payment.order_id for payment in some], store_id)


def expect_credit_note(tx: Tx, refund: Refund) -> None:
    """Money went back: where its invoice is issued, a credit note is due. Where it is not yet, whoever issues it finds
    the refund, for both hold the lock of the order's dues."""
    if repository.invoice_of_payment(tx, refund.payment_id) is not None:
        _expect(tx, "credit_note", [refund.id], refund.store_id)


def issue_invoices(tx: Tx, seller: Seller, order_ids: Sequence[str], bills: Iterable[Bill]) -> None:
    """For those of a store's orders that are paid and confirmed, each once. What no money is kept for any more is
    forgotten; what cannot be issued yet is put off."""
    repository.lock_all_dues(tx, order_ids)
    there = repository.invoices_of_orders(tx, order_ids)
    kept = repository.kept_payments(tx, order_ids)
    wanted = [order_id for order_id in order_ids if order_id in kept and order_id not in there]
    repository.forget_due(tx, [order_id for order_id in order_ids if order_id not in wanted])
    supplied = {bill.order_id: bill for bill in bills if bill.status in SUPPLIED}
    repository.put_off(tx, [order_id for order_id in wanted if order_id not in supplied], tx.now + MINUTE, UNCONFIRMED)
    ready = [(supplied[order_id], kept[order_id]) for order_id in wanted if order_id in supplied]
    if seller.gstin is not None:
        _issue(tx, seller, seller.gstin, list(_drawn(tx, ready)))
    elif ready:
        repository.put_off(tx, [bill.order_id for bill, _ in ready], tx.now + HOUR, NO_GSTIN)
        _log.error("a store sells without a GSTIN", alarm="no-gstin", store_id=seller.store_id)
    plan_what_was_put_off(tx, seller.store_id)
    failpoint("payment.issue_invoices.before_commit")


def issue_credit_notes(tx: Tx, refund_ids: Sequence[str]) -> None:
    """For each refund one, under its invoice's GSTIN and store code. What cannot be issued is put off."""
    refunds = repository.find_refunds(tx, refund_ids)
    repository.lock_all_dues(tx, sorted({refund.order_id for refund in refunds}))
    about = repository.invoices_of_orders(tx, [refund.order_id for refund in refunds])
    notes = repository.notes_on(tx, [invoice.id for invoice in about.values()])
    done = {note.refund_id for note in notes}
    wanted = [(about[refund.order_id], refund) for refund in refunds if refund.id not in done]
    ready = list(_credits(tx, wanted, notes))
    for (gstin, name), some in groupby(sorted(ready, key=_series_of), _series_of):
        series = repository.lock_series(tx, gstin, fiscal_year(tx.now), name, "credit_note")
        _write(tx, series, [_note(tx, series, *credit) for credit in some])
    left = {refund.id for _, refund in wanted} - {refund.id for _, refund, _ in ready}
    repository.forget_due(tx, [refund_id for refund_id in refund_ids if refund_id not in left])
    for store_id in sorted({refund.store_id for refund in refunds if refund.id in left}):
        plan_what_was_put_off(tx, store_id)
    failpoint("payment.issue_credit_notes.before_commit")


def plan_what_was_put_off(tx: Tx, store_id: str) -> None:
    """Tries again when the first of it is due. Said after every run too: each plan moves the one before it."""
    at = repository.next_put_off(tx, store_id)
    if at is not None:
        tx.schedule(ISSUE_LATER, store_id, max(at, tx.now + SECOND))


def _expect(tx: Tx, kind: InvoiceKind, keys: Sequence[str], store_id: str) -> None:
    """Due at the end of the span in which now falls: all that come due in it go together."""
    span = tx.settings(PaymentSettings).invoice_batch_seconds * SECOND
    at = (tx.now // span + 1) * span
    repository.add_due(tx, kind, keys, store_id, at)
    tx.schedule(ISSUE, store_id, at)


def _drawn(tx: Tx, ready: Iterable[Paid]) -> Iterator[Drawn]:
    """Those whose figures add up. One that does not is a person's business, and keeps no other from its number."""
    for bill, payment in ready:
        try:
            document = document_of(bill)
            check_against(figures_of(document.lines), bill)
        except ValueError as wrong:
            repository.put_off(tx, [bill.order_id], tx.now + HOUR, WRONG)
            _log.error("an order's figures make no invoice", alarm="invoice-figures", reason=str(wrong))
        else:
            yield bill, payment, document


def _issue(tx: Tx, seller: Seller, gstin: str, drawn: Sequence[Drawn]) -> None:
    if not drawn:
        return
    series = repository.lock_series(tx, gstin, fiscal_year(tx.now), seller.store_code, "invoice")
    seller_id = repository.keep_seller(tx, seller)
    issued = [
        series.issue(
            at=tx.now,
            content=document,
            figures=figures_of(document.lines),
            id=tx.new_id(),
            order_id=bill.order_id,
            payment_id=payment.id,
            refund_id=None,
            invoice_id=None,
            store_id=bill.store_id,
            customer_id=bill.customer_id,
            seller_id=seller_id,
        )
        for bill, payment, document in drawn
    ]
    _write(tx, series, issued)
    repository.forget_due(tx, [invoice.order_id for invoice in issued])
    back = repository.completed_refunds(tx, [invoice.payment_id for invoice in issued])
    if back:
        _expect(tx, "credit_note", back, seller.store_id)


def _credits(tx: Tx, wanted: Iterable[tuple[Invoice, Refund]], notes: Iterable[Invoice]) -> Iterator[Credit]:
    """What each takes back, after the `notes` that are there and those before it. One that its invoice has no room for
    is a person's business, and keeps no other from its number."""
    taken: dict[str | None, list[InvoiceLine]] = {}
    for note in notes:
        taken.setdefault(note.invoice_id, []).extend(note.content.lines)
    for invoice, refund in wanted:
        before = taken.setdefault(invoice.id, [])
        try:
            lines = credited(invoice.content.lines, before, refund.amount, refund.refunded_lines)
        except ValueError as wrong:
            repository.put_off(tx, [refund.id], tx.now + HOUR, WRONG)
            _log.error("a refund makes no credit note", alarm="invoice-figures", reason=str(wrong))
        else:
            before += lines
            yield invoice, refund, lines


def _note(tx: Tx, series: Series, invoice: Invoice, refund: Refund, lines: list[InvoiceLine]) -> Invoice:
    content = invoice.content
    about = About(number=invoice.number, issued_at=invoice.issued_at, reason=refund.reason or refund.cause)
    return series.issue(
        at=tx.now,
        content=structs.replace(content, lines=lines, about=about),
        figures=figures_of(lines),
        id=tx.new_id(),
        order_id=invoice.order_id,
        payment_id=invoice.payment_id,
        refund_id=refund.id,
        invoice_id=invoice.id,
        store_id=invoice.store_id,
        customer_id=invoice.customer_id,
        seller_id=invoice.seller_id,
    )


def _write(tx: Tx, series: Series, issued: Sequence[Invoice]) -> None:
    repository.add_invoices(tx, series, issued)
    tx.record(*(invoice.issued() for invoice in issued))


def _store_of(payment: Payment) -> str:
    return payment.store_id


def _series_of(credit: Credit) -> tuple[str, str]:
    return credit[0].gstin, credit[0].series
