"""The shapes of purchasing, as they go in and out."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from shikanji.kit.clock import to_rfc3339
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.inventory.model.product import Product
from shikanji.services.inventory.model.purchase import Came, Line, Purchase, Receipt, Status
from shikanji.services.inventory.model.reorder import Suggested, Suggestion
from shikanji.services.inventory.model.stock import Reason
from shikanji.services.inventory.model.supplier import Supplied, Supplier, SupplierFields
from shikanji.services.inventory.schemas import In, Out


class ListSuppliers(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    active: bool | None = None
    product_id: Id | None = None
    """Only those who supply it."""


class ListPurchases(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    store_id: Id
    status: Status | None = None
    supplier_id: Id | None = None


class AskSuggestions(In, frozen=True, kw_only=True):
    store_id: Id


class OrderSuggested(In, frozen=True, kw_only=True):
    store_id: Id
    supplier_ids: Annotated[tuple[Id, ...], Meta(max_length=100)] = ()
    """None: of all for whom something is suggested."""


class MovePurchase(In, frozen=True, kw_only=True):
    status: Literal["confirmed", "cancelled"]
    reason: Reason | None = None


class SupplierView(SupplierFields, frozen=True, kw_only=True, forbid_unknown_fields=False):
    id: str
    products: tuple[Supplied, ...]
    created_at: str
    updated_at: str


class PurchaseLineView(Out, frozen=True, kw_only=True):
    """Amounts in paise, without tax. What is neither received nor cancelled is awaited."""

    product_id: str
    name: str
    sku: str
    quantity: int
    unit_cost: int
    line_total: int
    received: int
    cancelled: int
    awaited: int


class PurchaseSummary(Out, frozen=True, kw_only=True):
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
    created_by: str
    """Account id."""
    created_at: str
    updated_at: str


class PurchaseView(PurchaseSummary, frozen=True, kw_only=True):
    lines: list[PurchaseLineView]


class ReceiptLineView(Out, frozen=True, kw_only=True):
    product_id: str
    quantity: int
    unit_cost: int
    batch: str | None
    expires_on: str | None
    movement_id: str


class ReceiptView(Out, frozen=True, kw_only=True):
    """One delivery."""

    id: str
    purchase_order_id: str
    reference: str | None
    at: str
    by: str
    """Account id."""
    lines: list[ReceiptLineView]


class TakenIn(ReceiptView, frozen=True, kw_only=True):
    status: Status
    """Of the purchase order: `received` when nothing more is awaited."""


class SuggestedLine(Out, frozen=True, kw_only=True):
    """`quantity`: how much to order. `sold`: in the last 28 days, less what came back; `days_left`: how long what is
    there will do at that pace. `unit_cost` in paise; null where nobody knows one."""

    product_id: str
    name: str
    sku: str
    available: int
    on_order: int
    reorder_point: int
    maximum: int | None
    sold: int
    days_left: int | None
    quantity: int
    unit_cost: int | None


class SuggestedSupplier(Out, frozen=True, kw_only=True):
    id: str
    name: str
    lead_days: int


class SuggestionView(Out, frozen=True, kw_only=True):
    """What to order of one supplier; null: what nobody supplies. `total` in paise, of what has a cost."""

    supplier: SuggestedSupplier | None
    total: int
    lines: list[SuggestedLine]


def supplier_view(supplier: Supplier) -> SupplierView:
    fields = {name: getattr(supplier, name) for name in SupplierFields.__struct_fields__}
    return SupplierView(
        **fields,
        id=supplier.id,
        created_at=to_rfc3339(supplier.created_at),
        updated_at=to_rfc3339(supplier.updated_at),
    )


def purchase_summary(purchase: Purchase) -> PurchaseSummary:
    return PurchaseSummary(**_summary(purchase))


def purchase_view(purchase: Purchase) -> PurchaseView:
    return PurchaseView(**_summary(purchase), lines=[_line_view(line) for line in purchase.lines])


def receipt_view(receipt: Receipt) -> ReceiptView:
    return ReceiptView(**_receipt(receipt))


def taken_in(done: tuple[Receipt, Purchase]) -> TakenIn:
    receipt, purchase = done
    return TakenIn(**_receipt(receipt), status=purchase.status)


def suggestion_view(suggestion: Suggestion, products: dict[str, Product]) -> SuggestionView:
    source = suggestion.source
    return SuggestionView(
        supplier=None
        if source is None
        else SuggestedSupplier(id=source.supplier_id, name=source.supplier_name, lead_days=source.lead_days),
        total=suggestion.total,
        lines=[_suggested_line(line, products[line.short.product_id]) for line in suggestion.lines],
    )


def _summary(purchase: Purchase) -> dict[str, Any]:
    fields = {name: getattr(purchase, name) for name in PurchaseSummary.__struct_fields__}
    return fields | {"created_at": to_rfc3339(purchase.created_at), "updated_at": to_rfc3339(purchase.updated_at)}


def _line_view(line: Line) -> PurchaseLineView:
    return PurchaseLineView(
        product_id=line.product_id,
        name=line.name,
        sku=line.sku,
        quantity=line.quantity,
        unit_cost=line.unit_cost,
        line_total=line.total,
        received=line.received,
        cancelled=line.cancelled,
        awaited=line.awaited,
    )


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "id": receipt.id,
        "purchase_order_id": receipt.purchase_order_id,
        "reference": receipt.reference,
        "at": to_rfc3339(receipt.at),
        "by": receipt.by,
        "lines": [_came_view(line) for line in receipt.lines],
    }


def _came_view(line: Came) -> ReceiptLineView:
    return ReceiptLineView(
        product_id=line.product_id,
        quantity=line.quantity,
        unit_cost=line.unit_cost,
        batch=line.batch,
        expires_on=line.expires_on,
        movement_id=line.movement_id,
    )


def _suggested_line(line: Suggested, product: Product) -> SuggestedLine:
    return SuggestedLine(
        product_id=product.id,
        name=product.name,
        sku=product.sku,
        available=line.short.available,
        on_order=line.short.on_order,
        reorder_point=line.short.reorder_point,
        maximum=line.short.maximum,
        sold=line.sold,
        days_left=line.days_left,
        quantity=line.quantity,
        unit_cost=line.unit_cost,
    )
