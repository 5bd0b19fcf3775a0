"""Tax invoices and credit notes: what they say, how they are numbered, and what ties each to the one before it."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from shikanji.contracts.order import Bill, BillLine, OrderStatus, PaymentMethod
from shikanji.contracts.payment import InvoiceIssued, InvoiceKind
from shikanji.contracts.store import Fulfilment, Seller
from shikanji.kit.clock import HOUR, MINUTE, to_datetime
from shikanji.kit.money import gst

DELIVERY = "delivery"
"""The line id of what delivery cost."""
INDIA = 5 * HOUR + 30 * MINUTE
"""What India's clocks are ahead of UTC: its tax year begins at its own midnight, wherever a server stands."""
SUPPLIED: frozenset[OrderStatus] = frozenset(
    {"confirmed", "preparing", "ready", "dispatched", "delivered", "completed"}
)
"""An order in one of these states is what its money was paid for."""
SERIALS_MAX = {"invoice": 10**7, "credit_note": 10**6}
"""So many fit into the sixteen characters of a number."""


class InvoiceLine(msgspec.Struct, frozen=True, array_like=True):
    """Amounts in paise. `price` is of one, `off` both discounts together; `half` is the CGST and also the SGST. What
    `paid` has above taxable and tax is this line's share of the round-off. In a credit note they are what goes back,
    and `quantity` is 0 where no pieces but an amount does."""

    id: str
    name: str
    name_hi: str | None
    options: list[str]
    hsn: str
    quantity: int
    price: int
    off: int
    rate_bp: int
    taxable: int
    half: int
    paid: int

    @property
    def round_off(self) -> int:
        return self.paid - self.taxable - 2 * self.half


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a credit note is about."""

    number: str
    issued_at: int
    reason: str


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What an invoice says besides its row. The place of supply is the seller's own state: food is served where it is
    made."""

    order_number: str
    placed_at: int
    fulfilment: Fulfilment
    payment_method: PaymentMethod
    buyer: str
    address: list[str]
    lines: list[InvoiceLine]
    about: About | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """taxable + cgst + sgst + igst + cess + round_off = total, in paise. Food bears no cess, and no tax between states
    (see Document)."""

    taxable: int
    cgst: int
    sgst: int
    igst: int = 0
    cess: int = 0
    round_off: int
    total: int


class Invoice(msgspec.Struct, frozen=True):
    """The fields stand in the order of the table's columns."""

    id: str
    kind: InvoiceKind
    gstin: str
    fiscal_year: str
    series: str
    serial: int
    number: str
    order_id: str
    payment_id: str
    refund_id: str | None
    invoice_id: str | None
    store_id: str
    customer_id: str
    issued_at: int
    taxable: int
    cgst: int
    sgst: int
    igst: int
    cess: int
    round_off: int
    total: int
    seller_id: str
    document: bytes
    hash: str

    @property
    def content(self) -> Document:
        return _documents.decode(self.document)

    def issued(self) -> InvoiceIssued:
        return InvoiceIssued(
            invoice_id=self.id,
            order_id=self.order_id,
            payment_id=self.payment_id,
            customer_id=self.customer_id,
            store_id=self.store_id,
            kind=self.kind,
            number=self.number,
            total=self.total,
            issued_at=self.issued_at,
        )


_documents = msgspec.json.Decoder(Document)


class Series(msgspec.Struct):
    """The fields stand in the order of the table's columns."""

    gstin: str
    fiscal_year: str
    series: str
    kind: InvoiceKind
    last: int
    last_issued_at: int
    last_hash: str

    @classmethod
    def new(cls, gstin: str, fiscal_year: str, series: str, kind: InvoiceKind) -> "Series":
        return cls(gstin, fiscal_year, series, kind, 0, 0, "")

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.gstin, self.fiscal_year, self.series, self.kind

    def issue(self, *, at: int, content: Document, figures: Figures, **fields: Any) -> Invoice:
        """The next of the series. Its time is never before that of the last one, whichever clock was read."""
        self.last += 1
        self.last_issued_at = max(at, self.last_issued_at)
        invoice = Invoice(
            kind=self.kind,
            gstin=self.gstin,
            fiscal_year=self.fiscal_year,
            series=self.series,
            serial=self.last,
            number=number_of(self.series, self.fiscal_year, self.kind, self.last),
            issued_at=self.last_issued_at,
            document=msgspec.json.encode(content),
            hash="",
            **fields,
            **msgspec.structs.asdict(figures),
        )
        self.last_hash = chained(self.last_hash, invoice)
        return msgspec.structs.replace(invoice, hash=self.last_hash)


def number_of(series: str, fiscal_year: str, kind: InvoiceKind, serial: int) -> str:
    """`KOR1/2627/000123`, and `KOR1/2627/C00123` of credit notes: at most 16 characters. The second slash makes room
    for a seventh digit. Raises ValueError where even that is not enough."""
    if serial >= SERIALS_MAX[kind]:
        raise ValueError(f"series {series} of {fiscal_year} is full")
    shown = f"{serial:06}" if kind == "invoice" else f"C{serial:05}"
    return f"{series}/{fiscal_year}{'/' if len(shown) == 6 else ''}{shown}"


def fiscal_year(at: int) -> str:
    """`2627` from 1 April 2026 to 31 March 2027 in India."""
    day = to_datetime(at + INDIA)
    first = day.year if day.month >= 4 else day.year - 1
    return f"{first % 100:02}{(first + 1) % 100:02}"


def chained(previous: str, invoice: Invoice) -> str:
    """SHA-256 (hex) over what stands in the row and the hash before it."""
    facts = (
        previous,
        invoice.id,
        invoice.kind,
        invoice.number,
        invoice.order_id,
        invoice.payment_id,
        invoice.refund_id or "",
        invoice.invoice_id or "",
        invoice.store_id,
        invoice.customer_id,
        invoice.issued_at,
        invoice.taxable,
        invoice.cgst,
        invoice.sgst,
        invoice.igst,
        invoice.cess,
        invoice.round_off,
        invoice.total,
        invoice.seller_id,
    )
    return hashlib.sha256("|".join(map(str, facts)).encode() + b"|" + invoice.document).hexdigest()


def seller_document(seller: Seller) -> tuple[str, bytes]:
    """Its id and its bytes."""
    document = msgspec.json.encode(seller)
    return hashlib.sha256(document).hexdigest(), document


def document_of(bill: Bill) -> Document:
    return Document(
        order_number=bill.order_number,
        placed_at=bill.placed_at,
        fulfilment=bill.fulfilment,
        payment_method=bill.payment_method,
        buyer=bill.customer_name,
        address=bill.address,
        lines=[*map(_line, bill.lines), *_delivery(bill)],
    )


def figures_of(lines: Sequence[InvoiceLine]) -> Figures:
    half = sum(line.half for line in lines)
    return Figures(
        taxable=sum(line.taxable for line in lines),
        cgst=half,
        sgst=half,
        round_off=sum(line.round_off for line in lines),
        total=sum(line.paid for line in lines),
    )


def check_against(figures: Figures, bill: Bill) -> None:
    """Raises ValueError where the order says something else."""
    if (figures.total, figures.round_off) != (bill.total, bill.round_off):
        raise ValueError(f"order {bill.order_id}: its lines do not make {bill.total} with {bill.round_off} rounded off")


def _line(line: BillLine) -> InvoiceLine:
    net = line.line_total - line.discount - line.points_discount
    tax = gst(net, line.tax_rate_bp, included=line.tax_included)
    if tax.tax != line.tax:
        raise ValueError(f"line {line.line_id}: {line.tax} paise of tax, but {tax.tax} at its rate")
    return InvoiceLine(
        id=line.line_id,
        name=line.name,
        name_hi=line.name_hi,
        options=line.options,
        hsn=line.hsn,
        quantity=line.quantity,
        price=line.unit_price,
        off=line.discount + line.points_discount,
        rate_bp=line.tax_rate_bp,
        taxable=tax.taxable,
        half=tax.cgst,
        paid=line.paid,
    )


def _delivery(bill: Bill) -> list[InvoiceLine]:
    if not bill.delivery_fee:
        return []
    tax = gst(bill.delivery_fee, bill.delivery_fee_rate_bp, included=bill.delivery_fee_included)
    if tax.tax != bill.delivery_fee_tax:
        raise ValueError(f"order {bill.order_id}: {bill.delivery_fee_tax} paise of tax on its delivery, not {tax.tax}")
    return [
        InvoiceLine(
            id=DELIVERY,
            name="Delivery",
            name_hi="डिलीवरी",
            options=[],
            hsn=bill.delivery_fee_hsn,
            quantity=1,
            price=bill.delivery_fee,
            off=0,
            rate_bp=bill.delivery_fee_rate_bp,
            taxable=tax.taxable,
            half=tax.cgst,
            paid=bill.delivery_paid,
        )
    ]
