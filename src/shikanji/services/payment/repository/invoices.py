"""Invoices and credit notes, their series, and what is still to be issued."""

from collections.abc import Collection, Iterable, Sequence

import msgspec
import sqlalchemy as sa

from shikanji.contracts.payment import InvoiceKind
from shikanji.contracts.store import Seller
from shikanji.kit.clock import HOUR
from shikanji.kit.db.statements import any_of, upsert
from shikanji.kit.db.tx import Tx
from shikanji.kit.ids import first_id
from shikanji.services.payment.errors import InvoiceNotFound
from shikanji.services.payment.model.dues import Dues
from shikanji.services.payment.model.invoice import Invoice, Series, seller_document
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.refund import Refund
from shikanji.services.payment.repository.columns import binds
from shikanji.services.payment.tables import (
    INVOICE,
    dues,
    invoice_series,
    invoices,
    invoices_due,
    payments,
    refunds,
    sellers,
)

ADD_DUE = upsert(invoices_due).values(**binds(invoices_due)).on_conflict_do_nothing(index_elements=["key"])
OF_DUE = any_of(invoices_due.c.key, "keys")
FORGET_DUE = sa.delete(invoices_due).where(OF_DUE)
PUT_OFF = (
    sa.update(invoices_due).where(OF_DUE).values(due_at=sa.bindparam("new_due_at"), waits_for=sa.bindparam("reason"))
)
DUE_NOW = (
    sa.select(invoices_due.c.key)
    .where(
        invoices_due.c.store_id == sa.bindparam("store_id"),
        invoices_due.c.kind == sa.bindparam("kind"),
        invoices_due.c.due_at <= sa.bindparam("now"),
    )
    .order_by(invoices_due.c.due_at)
    .limit(sa.bindparam("at_most", type_=sa.BigInteger))
)
NEXT_PUT_OFF = sa.select(sa.func.min(invoices_due.c.due_at)).where(
    invoices_due.c.store_id == sa.bindparam("store_id"), invoices_due.c.waits_for.is_not(None)
)
IS_DUE = sa.select(invoices_due.c.key).where(invoices_due.c.key == sa.bindparam("key"))

LOCK_ALL_DUES = sa.select(dues).where(any_of(dues.c.order_id, "order_ids")).order_by(dues.c.order_id).with_for_update()
KEPT_PAYMENTS = (
    sa.select(payments)
    .where(any_of(payments.c.order_id, "order_ids"), payments.c.captured > 0, payments.c.released.is_(None))
    .order_by(payments.c.captured_at, payments.c.id)
)
COMPLETED_REFUNDS = sa.select(refunds.c.id).where(
    any_of(refunds.c.payment_id, "payment_ids"), refunds.c.status == "completed"
)
REFUNDS_TO_CREDIT = (
    sa.select(refunds.c.id)
    .join(invoices_due, invoices_due.c.key == refunds.c.id)
    .where(refunds.c.payment_id == sa.bindparam("payment_id"))
    .order_by(refunds.c.id)
)
FIND_REFUNDS = sa.select(refunds).where(any_of(refunds.c.id, "refund_ids")).order_by(refunds.c.completed_at)

ADD_SERIES = upsert(invoice_series).values(**binds(invoice_series)).on_conflict_do_nothing()
LOCK_SERIES = (
    sa.select(invoice_series)
    .where(*(column == sa.bindparam(column.name) for column in invoice_series.primary_key))
    .with_for_update()
)
SAVE_SERIES = (
    sa.update(invoice_series)
    .where(*(column == sa.bindparam(f"of_{column.name}") for column in invoice_series.primary_key))
    .values(
        last=sa.bindparam("new_last"),
        last_issued_at=sa.bindparam("new_last_issued_at"),
        last_hash=sa.bindparam("new_last_hash"),
    )
)
ADD_SELLER = upsert(sellers).values(**binds(sellers)).on_conflict_do_nothing(index_elements=["id"])
FIND_SELLER = sa.select(sellers.c.document).where(sellers.c.id == sa.bindparam("seller_id"))

ADD_INVOICE = sa.insert(invoices)
FIND_INVOICE = sa.select(invoices).where(invoices.c.id == sa.bindparam("invoice_id"))
INVOICE_OF_PAYMENT = sa.select(invoices).where(invoices.c.payment_id == sa.bindparam("payment_id"), INVOICE)
INVOICES_OF_ORDERS = sa.select(invoices).where(any_of(invoices.c.order_id, "order_ids"), INVOICE)
NOTES_ON = (
    sa.select(invoices)
    .where(any_of(invoices.c.invoice_id, "invoice_ids"))
    .order_by(invoices.c.issued_at, invoices.c.id)
)

ID_TO_ISSUE = HOUR
"""An invoice's id is made within this time of its issue, whichever clocks were read."""

_sellers = msgspec.json.Decoder(Seller)


def add_due(tx: Tx, kind: InvoiceKind, keys: Iterable[str], store_id: str, at: int) -> None:
    tx.run_each(
        ADD_DUE,
        [
            {"key": key, "kind": kind, "store_id": store_id, "since": tx.now, "due_at": at, "waits_for": None}
            for key in keys
        ],
    )


def forget_due(tx: Tx, keys: Collection[str]) -> None:
    if keys:
        tx.run(FORGET_DUE, keys=list(keys))


def put_off(tx: Tx, keys: Collection[str], until: int, reason: str) -> None:
    if keys:
        tx.run(PUT_OFF, keys=list(keys), new_due_at=until, reason=reason)


def due_now(tx: Tx, store_id: str, kind: InvoiceKind, limit: int) -> list[str]:
    """Order ids, or refund ids of credit notes."""
    return [key for (key,) in tx.run(DUE_NOW, store_id=store_id, kind=kind, now=tx.now, at_most=limit)]


def next_put_off(tx: Tx, store_id: str) -> int | None:
    """When the first that was put off is to be tried again (µs)."""
    at: int | None = tx.run(NEXT_PUT_OFF, store_id=store_id).scalar()
    return at


def is_due(tx: Tx, key: str) -> bool:
    return tx.run(IS_DUE, key=key).first() is not None


def lock_all_dues(tx: Tx, order_ids: Sequence[str]) -> dict[str, Dues]:
    """By order. From here on nobody else changes the payments of these orders."""
    return {row.order_id: row for row in tx.run(LOCK_ALL_DUES, order_ids=order_ids).all(Dues)}


def kept_payments(tx: Tx, order_ids: Sequence[str]) -> dict[str, Payment]:
    """By order, the payment that came first of those that count for it."""
    found: dict[str, Payment] = {}
    for payment in tx.run(KEPT_PAYMENTS, order_ids=order_ids).all(Payment):
        found.setdefault(payment.order_id, payment)
    return found


def completed_refunds(tx: Tx, payment_ids: Sequence[str]) -> list[str]:
    return [refund_id for (refund_id,) in tx.run(COMPLETED_REFUNDS, payment_ids=payment_ids)]


def refunds_to_credit(tx: Tx, payment_id: str) -> list[str]:
    """Those that a credit note is due for."""
    return [refund_id for (refund_id,) in tx.run(REFUNDS_TO_CREDIT, payment_id=payment_id)]


def find_refunds(tx: Tx, refund_ids: Sequence[str]) -> list[Refund]:
    """As they were completed."""
    return tx.run(FIND_REFUNDS, refund_ids=refund_ids).all(Refund)


def lock_series(tx: Tx, gstin: str, fiscal_year: str, series: str, kind: InvoiceKind) -> Series:
    """Its row, made where it is the first of its year; from here on nobody else gives numbers of it."""
    wanted = {"gstin": gstin, "fiscal_year": fiscal_year, "series": series, "kind": kind}
    found = tx.run(LOCK_SERIES, **wanted).one(Series)
    if found is None:
        tx.run(ADD_SERIES, **msgspec.structs.asdict(Series.new(gstin, fiscal_year, series, kind)))
        found = tx.run(LOCK_SERIES, **wanted).one(Series)
    if found is None:
        raise LookupError(f"series {series} of {gstin} in {fiscal_year} cannot be locked")
    return found


def add_invoices(tx: Tx, series: Series, issued: Sequence[Invoice]) -> None:
    """With their series as it is after them."""
    tx.run_each(ADD_INVOICE, [msgspec.structs.asdict(invoice) for invoice in issued])
    tx.run(
        SAVE_SERIES,
        of_gstin=series.gstin,
        of_fiscal_year=series.fiscal_year,
        of_series=series.series,
        of_kind=series.kind,
        new_last=series.last,
        new_last_issued_at=series.last_issued_at,
        new_last_hash=series.last_hash,
    )


def keep_seller(tx: Tx, seller: Seller) -> str:
    """Its id."""
    seller_id, document = seller_document(seller)
    tx.run(ADD_SELLER, id=seller_id, document=document)
    return seller_id


def find_seller(tx: Tx, seller_id: str) -> Seller:
    return _sellers.decode(tx.run(FIND_SELLER, seller_id=seller_id).scalar())


def find_invoice(tx: Tx, invoice_id: str) -> Invoice:
    found = tx.run(FIND_INVOICE, invoice_id=invoice_id).one(Invoice)
    if found is None:
        raise InvoiceNotFound
    return found


def invoice_of_payment(tx: Tx, payment_id: str) -> Invoice | None:
    return tx.run(INVOICE_OF_PAYMENT, payment_id=payment_id).one(Invoice)


def invoices_of_orders(tx: Tx, order_ids: Sequence[str]) -> dict[str, Invoice]:
    return {invoice.order_id: invoice for invoice in tx.run(INVOICES_OF_ORDERS, order_ids=order_ids).all(Invoice)}


def notes_on(tx: Tx, invoice_ids: Sequence[str]) -> list[Invoice]:
    """The credit notes on these invoices, oldest first."""
    return tx.run(NOTES_ON, invoice_ids=invoice_ids).all(Invoice)


class InvoiceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`store_ids` None: all stores. Times in µs, `until` exclusive."""

    store_ids: Sequence[str] | None
    kind: InvoiceKind | None = None
    since: int | None = None
    until: int | None = None


def list_invoices(tx: Tx, wanted: InvoiceFilter, *, before_id: str | None, limit: int) -> list[Invoice]:
    """Newest first, from before `before_id` on. Each store is asked by itself, for only so does an index give the
    order."""
    if wanted.store_ids is None:
        return tx.execute(_select(wanted, before_id, limit)).all(Invoice)
    rows = [
        invoice
        for store_id in wanted.store_ids
        for invoice in tx.execute(_select(wanted, before_id, limit, store_id)).all(Invoice)
    ]
    return sorted(rows, key=lambda invoice: invoice.id, reverse=True)[:limit]


def _select(
    wanted: InvoiceFilter, before_id: str | None, limit: int, store_id: str | None = None
) -> sa.Select[tuple[object, ...]]:
    statement = sa.select(invoices).order_by(invoices.c.id.desc()).limit(limit)
    exact = ((invoices.c.store_id, store_id), (invoices.c.kind, wanted.kind))
    statement = statement.where(*(column == value for column, value in exact if value is not None))
    if before_id is not None:
        statement = statement.where(invoices.c.id < before_id)
    if wanted.since is not None:
        begins = first_id(max(wanted.since - ID_TO_ISSUE, 0))
        statement = statement.where(invoices.c.issued_at >= wanted.since, invoices.c.id >= begins)
    if wanted.until is not None:
        ends = first_id(max(wanted.until + ID_TO_ISSUE, 0))
        statement = statement.where(invoices.c.issued_at < wanted.until, invoices.c.id < ends)
    return statement
