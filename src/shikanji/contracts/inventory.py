"""What the inventory service tells and answers."""

from typing import ClassVar, Literal

import msgspec

from shikanji.kit.calls import Call
from shikanji.kit.events import Event


class ProductCreated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "product_id"
    product_id: str
    name: str
    category_id: str
    price: int


class ProductUpdated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "product_id"
    product_id: str
    changed: list[str]
    """Names of the fields that changed, as in the API."""
    name: str | None = None
    category_id: str | None = None
    """These two as they are now."""


class CategoryUpdated(Event, frozen=True, kw_only=True):
    """A category as it is from now on; the first one says that there is one."""

    aggregate: ClassVar[str] = "category_id"
    complete: ClassVar[bool] = True
    category_id: str
    parent_id: str | None
    name: str


StockReason = Literal["sale", "restock", "adjustment", "opening", "receipt"]


class StockAdjusted(Event, frozen=True, kw_only=True):
    """Every change of what is on hand. What several orders that came together took of one stock is one change, of no
    single order."""

    aggregate: ClassVar[str] = "stock_id"
    stock_id: str
    product_id: str
    store_id: str
    delta: int
    on_hand: int
    held: int
    kind: StockReason
    order_id: str | None = None


class LowStockAlert(Event, frozen=True, kw_only=True):
    """Available fell to the reorder point or below it."""

    aggregate: ClassVar[str] = "stock_id"
    stock_id: str
    product_id: str
    store_id: str
    available: int
    reorder_point: int


class OutOfStock(Event, frozen=True, kw_only=True):
    """Available fell to zero."""

    aggregate: ClassVar[str] = "stock_id"
    stock_id: str
    product_id: str
    store_id: str


class StockUnavailable(Event, frozen=True, kw_only=True):
    """The order's hold was broken, or was gone when the order came: there is no stock for it."""

    aggregate: ClassVar[str] = "order_id"
    order_id: str
    store_id: str
    product_ids: list[str]
    attempt: int = 1
    """Under which attempt the hold stood."""


class PurchasedLine(msgspec.Struct, frozen=True, rename="camel"):
    """`unit_cost` in paise, without tax."""

    product_id: str
    quantity: int
    unit_cost: int


class PurchaseOrderCreated(Event, frozen=True, kw_only=True):
    """A store wants something of a supplier. Its lines may still change until it is confirmed."""

    aggregate: ClassVar[str] = "purchase_order_id"
    purchase_order_id: str
    number: str
    store_id: str
    supplier_id: str
    lines: list[PurchasedLine]
    total: int
    by: str


class PurchaseOrderReceived(Event, frozen=True, kw_only=True):
    """One delivery of a purchase order. `completeOrder`: nothing more is awaited."""

    aggregate: ClassVar[str] = "purchase_order_id"
    purchase_order_id: str
    receipt_id: str
    store_id: str
    supplier_id: str
    lines: list[PurchasedLine]
    complete_order: bool


class WantedLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    line_id: str
    product_id: str
    quantity: int
    options: list[str] = []


class ChosenOption(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    price_delta: int


class PricedLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Amounts in paise. Rates in basis points (500 = 5 %), of the whole GST; prices exclude tax unless
    `tax_included`."""

    line_id: str
    product_id: str
    name: str
    name_hi: str | None
    sku: str
    category_id: str
    quantity: int
    base_price: int
    unit_price: int
    """Base price and options."""
    options: list[ChosenOption]
    tax_class: str
    tax_rate_bp: int
    tax_included: bool
    hsn: str


class TaxRate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    tax_class: str
    rate_bp: int
    hsn: str
    included: bool


class StockHeld(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    lines: list[PricedLine]
    fee_tax: TaxRate
    expires_at: int


class HoldStock(Call[StockHeld], frozen=True, kw_only=True):
    """Holds the stock of all lines, or of none, under (order_id, attempt), and prices them: asking twice takes once and
    gives the same answer, as long as the hold is open. Refusals: insufficient-stock (409, naming items),
    product-not-available (422), invalid (options), too-many-holds (429), hold-released (409: it has ended, or a
    tombstone was first)."""

    service: ClassVar[str] = "inventory"
    returns: ClassVar[type] = StockHeld
    order_id: str
    attempt: int = 1
    store_id: str
    customer_id: str
    lines: list[WantedLine]
    fee_tax_class: str
    at: int
    """The moment whose prices and availability count (µs)."""


class HoldReleased(msgspec.Struct, frozen=True):
    released: bool


class ReleaseHold(Call[HoldReleased], frozen=True, kw_only=True):
    """Releases an untied hold; one that never came leaves a tombstone. Does nothing to a tied, sold or broken one."""

    service: ClassVar[str] = "inventory"
    returns: ClassVar[type] = HoldReleased
    order_id: str
    attempt: int = 1


class ProductName(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    product_id: str
    name: str
    name_hi: str | None
    category_id: str


class ProductNames(msgspec.Struct, frozen=True):
    products: list[ProductName]


class AskProductNames(Call[ProductNames], frozen=True, kw_only=True):
    """What these products (100 at most) are called and where they belong; those that are not there are left out."""

    service: ClassVar[str] = "inventory"
    returns: ClassVar[type] = ProductNames
    product_ids: list[str]
