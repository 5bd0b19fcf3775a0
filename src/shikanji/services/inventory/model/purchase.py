"""Purchase orders: what a store wants of a supplier, and what has come of it.

pending    written down; may still be changed
confirmed  the supplier has it; what comes is received in as many parts as it comes in
received   nothing more is awaited, and something came; what was left may have been cancelled
cancelled  nothing came, and nothing will"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from shikanji.contracts.inventory import PurchasedLine, PurchaseOrderCreated, PurchaseOrderReceived
from shikanji.kit.errors import Invalid
from shikanji.kit.money import divide_half_up
from shikanji.kit.web.fields import Id
from shikanji.services.inventory.errors import IllegalPurchaseStep, NotOrdered, TooMuchReceived
from shikanji.services.inventory.model.product import Amount

LINES_MAX = 200
QUANTITY_MAX = 1_000_000

Status = Literal["pending", "confirmed", "received", "cancelled"]
EDGES: dict[Status, tuple[Status, ...]] = {
    "pending": ("confirmed", "cancelled"),
    "confirmed": ("received", "cancelled"),
    "received": (),
    "cancelled": (),
}

Quantity = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
Note = Annotated[str, Meta(max_length=500)]
Batch = Annotated[str, Meta(min_length=1, max_length=60)]
Reference = Annotated[
    str,
    Meta(
        max_length=60,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]*$(?!\n)",
        extra={"pattern": "letters, digits, blanks and . _ / - after the first"},
    ),
]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Written as in the API, with every limit of it."""


class WantedLine(_Shape, frozen=True, kw_only=True):
    """`unit_cost` in paise, without tax; left out: what the supplier is known to take."""

    product_id: Id
    quantity: Quantity
    unit_cost: Amount | None = None


class PurchaseFields(_Shape, frozen=True, kw_only=True):
    lines: Annotated[tuple[WantedLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    expected_on: date | None = None
    note: Note = ""


class PurchaseDraft(PurchaseFields, frozen=True, kw_only=True):
    store_id: Id
    supplier_id: Id


class ReceivedLine(_Shape, frozen=True, kw_only=True):
    """`unit_cost` in paise as billed; left out: as ordered."""

    product_id: Id
    quantity: Quantity
    unit_cost: Amount | None = None
    batch: Batch | None = None
    expires_on: date | None = None


class ReceiptDraft(_Shape, frozen=True, kw_only=True):
    """One delivery. `reference`: the number of the supplier's note; the same one is not received twice."""

    lines: Annotated[tuple[ReceivedLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    reference: Reference | None = None


class Line(msgspec.Struct, frozen=True):
    """In the order of its table's columns, less the order's id. What is neither received nor cancelled is awaited."""

    product_id: str
    place: int
    name: str
    sku: str
    quantity: int
    unit_cost: int
    received: int = 0
    cancelled: int = 0

    @property
    def awaited(self) -> int:
        return self.quantity - self.received - self.cancelled

    @property
    def total(self) -> int:
        return self.quantity * self.unit_cost


class Purchase(msgspec.Struct, frozen=True):
    """One purchase order, in the order of its table's columns, and its lines. Amounts in paise, times in µs."""

    id: str
    number: str
    store_id: str
    supplier_id: str
    supplier_name: str
    status: Status
    expected_on: str | None
    note: str
    cancel_reason: str | None
    total: int
    version: int
    created_by: str
    created_at: int
    updated_at: int
    lines: tuple[Line, ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """One delivery, in the order of its table's columns, and what came."""

    id: str
    purchase_order_id: str
    reference: str | None
    at: int
    by: str
    lines: tuple["Came", ...] = ()


class Came(msgspec.Struct, frozen=True):
    """In the order of its table's columns, less the receipt's id. `movement_id`: what it did to the stock."""

    place: int
    product_id: str
    stock_id: str
    movement_id: str
    quantity: int
    unit_cost: int
    batch: str | None
    expires_on: str | None


class Noted(NamedTuple):
    """What a shelf says of what stands on it."""

    unit_cost: int | None
    batch: str | None
    expires_on: str | None


def check_products(lines: Sequence[WantedLine]) -> None:
    if len({line.product_id for line in lines}) < len(lines):
        raise Invalid.field("lines", "names a product twice")


def created(purchase: Purchase) -> PurchaseOrderCreated:
    return PurchaseOrderCreated(
        purchase_order_id=purchase.id,
        number=purchase.number,
        store_id=purchase.store_id,
        supplier_id=purchase.supplier_id,
        lines=[PurchasedLine(line.product_id, line.quantity, line.unit_cost) for line in purchase.lines],
        total=purchase.total,
        by=purchase.created_by,
    )


def edited(purchase: Purchase, fields: PurchaseFields, lines: tuple[Line, ...], now: int) -> Purchase:
    """With other lines, as long as the supplier does not have it; the very same where nothing is different."""
    if purchase.status != "pending":
        raise IllegalPurchaseStep(f"it is {purchase.status}: only a pending one can be changed")
    expected_on = None if fields.expected_on is None else fields.expected_on.isoformat()
    after = replace(purchase, lines=lines, expected_on=expected_on, note=fields.note, total=total_of(lines))
    return purchase if after == purchase else _next(after, now)


def confirmed(purchase: Purchase, now: int) -> Purchase:
    if purchase.status == "confirmed":
        return purchase
    _check_edge(purchase, "confirmed")
    return _next(replace(purchase, status="confirmed"), now)


def cancelled(purchase: Purchase, reason: str | None, now: int) -> Purchase:
    """What is still awaited will not come. With something received the order is done, else it is cancelled."""
    if purchase.status == "cancelled" or any(line.cancelled for line in purchase.lines):
        return purchase
    _check_edge(purchase, "cancelled")
    lines = tuple(replace(line, cancelled=line.awaited) for line in purchase.lines)
    came = any(line.received for line in lines)
    return _next(replace(purchase, lines=lines, status="received" if came else "cancelled", cancel_reason=reason), now)


def received(purchase: Purchase, came: Sequence[ReceivedLine], now: int) -> Purchase:
    """After a delivery. Raises NotOrdered and TooMuchReceived naming the product."""
    if purchase.status != "confirmed":
        raise IllegalPurchaseStep(f"it is {purchase.status}: only a confirmed one is received")
    quantities: dict[str, int] = {}
    for line in came:
        quantities[line.product_id] = quantities.get(line.product_id, 0) + line.quantity
    lines = tuple(_with(line, quantities.pop(line.product_id, 0)) for line in purchase.lines)
    if quantities:
        raise NotOrdered.field("lines", f"{min(quantities)} is not in this order")
    done = not any(line.awaited for line in lines)
    return _next(replace(purchase, lines=lines, status="received" if done else purchase.status), now)


def came_in(purchase: Purchase, receipt: Receipt) -> PurchaseOrderReceived:
    return PurchaseOrderReceived(
        purchase_order_id=purchase.id,
        receipt_id=receipt.id,
        store_id=purchase.store_id,
        supplier_id=purchase.supplier_id,
        lines=[PurchasedLine(line.product_id, line.quantity, line.unit_cost) for line in receipt.lines],
        complete_order=purchase.status == "received",
    )


def noted(before: Noted, on_hand: int, came: Sequence[Came]) -> Noted:
    """What the shelf says afterwards: the mean cost of a piece, and of the batches that may stand there the one that
    ends first."""
    value, pieces = (before.unit_cost or 0) * on_hand, on_hand if before.unit_cost is not None else 0
    value += sum(line.quantity * line.unit_cost for line in came)
    pieces += sum(line.quantity for line in came)
    kept = [(before.expires_on, before.batch)] if on_hand else []
    batches = [*kept, *((line.expires_on, line.batch) for line in came)]
    expires_on, batch = min(batches, key=lambda each: (each[0] or NEVER, each[1] is None))
    return Noted(divide_half_up(value, pieces), batch, expires_on)


def total_of(lines: Sequence[Line]) -> int:
    return sum(line.total for line in lines)


def number_of(year: int, place: int) -> str:
    """`PO-2627-000042`: the 42nd of the financial year that begins in April 2026."""
    return f"PO-{year % 100:02d}{(year + 1) % 100:02d}-{place:06d}"


def financial_year(on: date) -> int:
    """The year in whose April it began."""
    return on.year if on.month >= APRIL else on.year - 1


def _check_edge(purchase: Purchase, new: Status) -> None:
    if new not in EDGES[purchase.status]:
        legal = " or ".join(EDGES[purchase.status]) or "nothing else"
        raise IllegalPurchaseStep(f"it is {purchase.status} and can become {legal}")


def _with(line: Line, quantity: int) -> Line:
    if quantity > line.awaited:
        raise TooMuchReceived(f"of {line.name} ({line.product_id}) {line.awaited} are awaited, {quantity} came")
    return replace(line, received=line.received + quantity)


def _next(purchase: Purchase, now: int) -> Purchase:
    return replace(purchase, version=purchase.version + 1, updated_at=now)


APRIL = 4
NEVER = "9999-12-31"
