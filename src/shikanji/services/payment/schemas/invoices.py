"""Requests and answers about invoices. Amounts in paise, times RFC 3339; in the table for the tax return, rupees."""

import csv
import io
from collections.abc import Sequence

import msgspec

from shikanji.contracts.payment import InvoiceKind
from shikanji.contracts.store import Seller
from shikanji.kit.clock import to_datetime, to_rfc3339
from shikanji.kit.india import STATES
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.payment.model.invoice import INDIA, Invoice, InvoiceLine
from shikanji.services.payment.printing import Language
from shikanji.services.payment.printing.wording import percent
from shikanji.services.payment.schemas.paying import Moment

STATE_NAMES = {code: state for state, code in STATES.items()}
COLUMNS = (
    "Kind",
    "Number",
    "Date",
    "GSTIN",
    "Place of supply",
    "Order",
    "On invoice",
    "Rate %",
    "Taxable",
    "CGST",
    "SGST",
    "IGST",
    "Cess",
    "Document total",
)


class PrintQuery(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True, frozen=True):
    language: Language | None = None
    """Of the PDF; without it, `Accept-Language` decides."""


class InvoicesQuery(PageQuery, forbid_unknown_fields=True, rename="camel", kw_only=True, frozen=True):
    """`since` and `until` (exclusive) are times of issue."""

    store_id: Id | None = None
    kind: InvoiceKind | None = None
    since: Moment | None = None
    until: Moment | None = None


class ExportQuery(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True, frozen=True):
    """`since` and `until` (exclusive) are times of issue."""

    store_id: Id | None = None
    since: Moment
    until: Moment


class InvoiceLineView(msgspec.Struct, rename="camel", kw_only=True):
    """`discount` is that of the whole line, `rateBp` in basis points; `paid` has its share of the round-off."""

    line_id: str
    name: str
    options: list[str]
    hsn: str
    quantity: int
    unit_price: int
    discount: int
    rate_bp: int
    taxable: int
    cgst: int
    sgst: int
    paid: int

    @classmethod
    def of(cls, line: InvoiceLine) -> "InvoiceLineView":
        return cls(
            line_id=line.id,
            name=line.name,
            options=line.options,
            hsn=line.hsn,
            quantity=line.quantity,
            unit_price=line.price,
            discount=line.off,
            rate_bp=line.rate_bp,
            taxable=line.taxable,
            cgst=line.half,
            sgst=line.half,
            paid=line.paid,
        )


class InvoiceSummary(msgspec.Struct, rename="camel", kw_only=True):
    """taxable + cgst + sgst + igst + cess + roundOff = total. `invoiceId` and `refundId`: of a credit note, the invoice
    that it is about and the refund that it is for."""

    id: str
    kind: InvoiceKind
    number: str
    gstin: str
    issued_at: str
    order_id: str
    payment_id: str
    store_id: str
    customer_id: str
    invoice_id: str | None
    refund_id: str | None
    taxable: int
    cgst: int
    sgst: int
    igst: int
    cess: int
    round_off: int
    total: int

    @classmethod
    def of(cls, invoice: Invoice) -> "InvoiceSummary":
        same = {name: getattr(invoice, name) for name in InvoiceSummary.__struct_fields__}
        return cls(**(same | {"issued_at": to_rfc3339(invoice.issued_at)}))


class SellerView(msgspec.Struct, rename="camel", kw_only=True):
    name: str
    legal_name: str
    gstin: str | None
    fssai: str | None
    line1: str
    line2: str | None
    city: str
    state: str
    state_code: str
    postal_code: str


class BuyerView(msgspec.Struct, rename="camel", kw_only=True):
    name: str
    address: list[str]
    """Empty where nothing was delivered."""


class InvoiceView(InvoiceSummary, rename="camel", kw_only=True):
    order_number: str
    seller: SellerView
    buyer: BuyerView
    place_of_supply: str
    lines: list[InvoiceLineView]
    reason: str | None
    """Of a credit note."""
    hash: str
    """SHA-256 over this document and the hash before it in its series."""

    @classmethod
    def of_seller(cls, invoice: Invoice, seller: Seller) -> "InvoiceView":
        content = invoice.content
        return cls(
            **msgspec.structs.asdict(InvoiceSummary.of(invoice)),
            order_number=content.order_number,
            seller=SellerView(**{name: getattr(seller, name) for name in SellerView.__struct_fields__}),
            buyer=BuyerView(name=content.buyer, address=content.address),
            place_of_supply=seller.state,
            lines=[InvoiceLineView.of(line) for line in content.lines],
            reason=None if content.about is None else content.about.reason,
            hash=invoice.hash,
        )


class InvoiceTable:
    """Filled page by page. Nothing that people wrote stands in it, so that no cell can be a formula."""

    def __init__(self) -> None:
        self.count = 0
        self._text = io.StringIO()
        self._writer = csv.writer(self._text)
        self._writer.writerow(COLUMNS)

    def add(self, some: Sequence[Invoice]) -> None:
        self.count += len(some)
        for invoice in some:
            self._writer.writerows(_rows_of(invoice))

    def csv(self) -> bytes:
        return self._text.getvalue().encode()


def _rows_of(invoice: Invoice) -> list[list[str]]:
    content, sign = invoice.content, 1 if invoice.kind == "invoice" else -1
    by_rate: dict[int, list[int]] = {}
    for line in content.lines:
        sums = by_rate.setdefault(line.rate_bp, [0, 0])
        sums[0] += line.taxable
        sums[1] += line.half
    code = invoice.gstin[:2]
    fixed = [
        "Invoice" if invoice.kind == "invoice" else "Credit note",
        invoice.number,
        to_datetime(invoice.issued_at + INDIA).date().isoformat(),
        invoice.gstin,
        f"{code}-{STATE_NAMES.get(code, '')}",
        content.order_number,
        content.about.number if content.about else "",
    ]
    return [
        [
            *fixed,
            percent(10 * rate).rstrip("%"),
            *(_rupees(sign * amount) for amount in (taxable, half, half, 0, 0, invoice.total)),
        ]
        for rate, (taxable, half) in sorted(by_rate.items())
    ]


def _rupees(paise: int) -> str:
    return f"{'-' if paise < 0 else ''}{abs(paise) // 100}.{abs(paise) % 100:02}"
