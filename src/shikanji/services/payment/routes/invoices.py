"""Tax invoices and credit notes: on paper, as figures, and as a table for the tax return."""

from collections.abc import Sequence

from shikanji.kit.clock import DAY, from_datetime
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Forbidden, Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag, matches
from shikanji.kit.web.negotiation import prefers_json
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.payment import invoicing, printing, repository, schemas
from shikanji.services.payment.errors import InvoiceNotFound, PaymentNotFound
from shikanji.services.payment.model.invoice import Invoice
from shikanji.services.payment.routes.access import readable_stores, require_reader
from shikanji.services.payment.routes.declared import routes

PDF = "application/pdf"
CSV = "text/csv; charset=utf-8"
EXPORT_DAYS_MAX = 31
EXPORT_PAGE = 500
EXPORT_ROWS_MAX = 100_000


@routes.get(
    "/api/v1/payments/{id}/invoice",
    query=schemas.PrintQuery,
    returns=schemas.InvoiceView,
    who=Who.SIGNED_IN,
    produces=PDF,
    or_json=True,
    editable=True,
    raises=(PaymentNotFound, InvoiceNotFound, Forbidden),
)
async def invoice_of_payment(room: Room, incoming: Incoming[None, schemas.PrintQuery]) -> Reply:
    """The tax invoice of what this payment paid for, as PDF, or its figures as JSON (`Accept`).

    It is issued once the money of a confirmed order is there: online at once, in cash at hand-over. In English, or
    Hindi by `language` or `Accept-Language`."""
    payment = await room.db.read(repository.find_payment, incoming.path["id"])
    require_reader(incoming.principal, payment)
    invoice = await invoicing.invoice_of(room, payment)
    if invoice is None:
        raise InvoiceNotFound("There is none for this payment, or not yet.")
    return await _shown(room, incoming, invoice)


@routes.get(
    "/api/v1/payments/{id}/credit-notes",
    returns=list[schemas.InvoiceView],
    who=Who.SIGNED_IN,
    raises=(PaymentNotFound, Forbidden),
)
async def credit_notes_of_payment(room: Room, incoming: Incoming[None, None]) -> list[schemas.InvoiceView]:
    """The credit notes on the invoice of this payment, oldest first: one for each refund that has gone back."""
    payment = await room.db.read(repository.find_payment, incoming.path["id"])
    require_reader(incoming.principal, payment)
    return await room.db.read(_with_sellers, await invoicing.credit_notes_of(room, payment))


@routes.get(
    "/api/v1/payments/invoices",
    query=schemas.InvoicesQuery,
    returns=list[schemas.InvoiceSummary],
    who=Who.STAFF,
    page=True,
    raises=(Forbidden, Invalid),
)
async def list_invoices(room: Room, incoming: Incoming[None, schemas.InvoicesQuery]) -> Reply:
    """Invoices and credit notes, newest first.

    Head office sees those of all stores; managers, cashiers and support those of their own."""
    query = incoming.query
    before = decode_cursor(query.cursor, str)
    rows = await room.db.read(
        repository.list_invoices,
        repository.InvoiceFilter(
            store_ids=readable_stores(incoming.principal, query.store_id),
            kind=query.kind,
            since=None if query.since is None else from_datetime(query.since),
            until=None if query.until is None else from_datetime(query.until),
        ),
        before_id=before[0] if before else None,
        limit=query.limit + 1,
    )
    return page(rows, query.limit, key=lambda invoice: (invoice.id,), view=schemas.InvoiceSummary.of)


@routes.get(
    "/api/v1/payments/invoices/export",
    query=schemas.ExportQuery,
    who=Who.STAFF,
    produces=CSV,
    raises=(Forbidden, Invalid),
)
async def export_invoices(room: Room, incoming: Incoming[None, schemas.ExportQuery]) -> Reply:
    """A line for each rate of each invoice and credit note of at most 31 days, as the tax return asks for them (CSV).

    Amounts in rupees, those of credit notes negative. By whom the list may be read."""
    query = incoming.query
    since, until = from_datetime(query.since), from_datetime(query.until)
    if not since < until <= since + EXPORT_DAYS_MAX * DAY:
        raise Invalid.field("until", f"must be after since, by at most {EXPORT_DAYS_MAX} days")
    wanted = repository.InvoiceFilter(
        store_ids=readable_stores(incoming.principal, query.store_id), since=since, until=until
    )
    table = schemas.InvoiceTable()
    before: str | None = None
    while rows := await room.db.read(repository.list_invoices, wanted, before_id=before, limit=EXPORT_PAGE):
        await room.compute.run(table.add, rows)
        if table.count > EXPORT_ROWS_MAX:
            raise Invalid.field("until", f"these are more than {EXPORT_ROWS_MAX} invoices: ask for fewer days")
        before = rows[-1].id
    return Reply(
        data=await room.compute.run(table.csv),
        content_type=CSV,
        headers={"content-disposition": 'attachment; filename="invoices.csv"'},
    )


@routes.get(
    "/api/v1/payments/invoices/{id}",
    query=schemas.PrintQuery,
    returns=schemas.InvoiceView,
    who=Who.SIGNED_IN,
    produces=PDF,
    or_json=True,
    editable=True,
    raises=(InvoiceNotFound, Forbidden),
)
async def read_invoice(room: Room, incoming: Incoming[None, schemas.PrintQuery]) -> Reply:
    """One invoice or credit note, as PDF, or its figures as JSON (`Accept`)."""
    invoice = await room.db.read(repository.find_invoice, incoming.path["id"])
    require_reader(incoming.principal, invoice, InvoiceNotFound)
    return await _shown(room, incoming, invoice)


async def _shown(room: Room, incoming: Incoming[None, schemas.PrintQuery], invoice: Invoice) -> Reply:
    seller = await room.db.read(repository.find_seller, invoice.seller_id)
    if prefers_json(incoming.headers.get("accept"), PDF):
        return Reply(data=schemas.InvoiceView.of_seller(invoice, seller), etag=etag(f"{invoice.hash}-json"))
    language = incoming.query.language or _language(incoming.headers.get("accept-language", ""))
    tag = etag(f"{invoice.hash}-{language}-{printing.EDITION}")
    if matches(incoming.headers.get("if-none-match", ""), tag):
        return Reply(data=b"", etag=tag, content_type=PDF)
    pdf = await room.compute.run(printing.print_invoice, invoice, seller, language)
    name = invoice.number.replace("/", "-")
    return Reply(
        data=pdf,
        etag=tag,
        content_type=PDF,
        headers={
            "content-disposition": f'inline; filename="{name}.pdf"',
            "content-language": language,
            "vary": "Accept, Accept-Language",
        },
    )


def _language(accepted: str) -> printing.Language:
    """Hindi where it is asked for first."""
    return "hi" if accepted.lstrip().lower().startswith("hi") else "en"


def _with_sellers(tx: Tx, invoices: Sequence[Invoice]) -> list[schemas.InvoiceView]:
    return [
        schemas.InvoiceView.of_seller(invoice, repository.find_seller(tx, invoice.seller_id)) for invoice in invoices
    ]
