"""What the order service tells and answers."""

from typing import Annotated, ClassVar, Literal

import msgspec

from shikanji.contracts.store import Fulfilment
from shikanji.kit.calls import Call
from shikanji.kit.events import Event

OrderStatus = Literal[
    "pending",
    "confirmed",
    "preparing",
    "ready",
    "dispatched",
    "delivered",
    "completed",
    "cancelled",
]
PaymentMethod = Literal["online", "cod"]
CancelCause = Literal["customer", "staff", "payment_timeout", "out_of_stock"]


class EventLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Amounts in paise; `discount` and `points_discount` are this line's shares."""

    line_id: str
    product_id: str
    name: str
    category_id: str
    quantity: int
    unit_price: int
    line_total: int
    discount: int
    points_discount: int
    tax: int
    tax_rate_bp: int
    tax_included: bool
    hsn: str


class OrderCreated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "order_id"
    order_id: str
    order_number: str
    customer_id: str
    store_id: str
    fulfilment: Fulfilment
    payment_method: PaymentMethod
    lines: list[EventLine]
    subtotal: int
    discount: int
    points_discount: int
    delivery_fee: int
    delivery_fee_tax: int
    tax: int
    """What is added to the prices, the fee's included: total = subtotal - discount - points_discount + delivery_fee
    + tax + round_off. Tax that prices contain stands in the lines (and `delivery_fee_tax`) only."""
    round_off: int
    total: int
    attempt: int
    """Under which attempt its holds stand (1)."""
    scheduled_for: int | None
    payment_deadline: int | None
    """µs; None: nothing is to be paid online."""
    placed_at: int
    coupon_code: str | None = None
    points_redeemed: int = 0
    """Whole points; `points_discount` is what they pay."""
    benefits: bool = False
    """Whether loyalty holds anything for it: points, or the use of a campaign."""


class OrderConfirmed(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    store_id: str
    payment_method: PaymentMethod
    total: int
    attempt: int
    """Under which attempt its holds stand; above 1: revived by late money."""
    goods: int = 0
    """Paise paid for goods: after discounts and points, without tax and delivery."""
    benefits: bool = False
    """As in OrderCreated."""


class OrderPreparing(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    store_id: str
    by: str


class OrderReady(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    store_id: str
    by: str


class OrderDispatched(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    store_id: str
    by: str


class OrderDelivered(Event, frozen=True, kw_only=True):
    """Handed over at the door; where the method is cod, the cash was taken."""

    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    store_id: str
    payment_method: PaymentMethod
    total: int
    by: str
    product_ids: list[str] = msgspec.field(default_factory=list)
    """What was in it, each once."""


class OrderCompleted(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    store_id: str
    fulfilment: Fulfilment
    payment_method: PaymentMethod
    total: int
    by: str
    goods: int = 0
    """As in OrderConfirmed."""
    benefits: bool = False
    """As in OrderCreated."""
    product_ids: list[str] = msgspec.field(default_factory=list)
    """As in OrderDelivered."""


class RestockLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    line_id: str
    product_id: str
    quantity: int


class OrderCancelled(Event, frozen=True, kw_only=True):
    """`restock` names what goes back on the shelf: all lines when it was cancelled before preparing, else those marked
    so. `attempt` is the last under which it may have held stock."""

    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    store_id: str
    cause: CancelCause
    reason: str
    """Free text of whoever cancelled."""
    previous: OrderStatus
    payment_method: PaymentMethod
    total: int
    attempt: int
    restock: list[RestockLine]
    by: str


class OrderStatusChanged(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    store_id: str
    old: OrderStatus | None
    new: OrderStatus
    by: str
    """Account id, or `system`."""


class RefundRequested(Event, frozen=True, kw_only=True):
    """Money came for an order that will not be: payment gives it back, once per (payment, cause). It is said of every
    payment that was reported for such an order, also of one that is back already: what is left of it is due."""

    aggregate: ClassVar[str] = "order_id"
    order_id: str
    payment_id: str
    cause: Literal["late"]


class PaidLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    line_id: str
    product_id: str
    quantity: int
    paid: int
    """What the customer pays for this line in all: after its shares of discounts, with tax and its share of the
    round-off (paise)."""


class OrderStanding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What payment must know of an order."""

    order_id: str
    order_number: str
    customer_id: str
    store_id: str
    status: OrderStatus
    cancel_cause: CancelCause | None
    payment_method: PaymentMethod
    total: int
    """Σ `paid` of the lines + `delivery_paid`."""
    delivery_paid: int
    """What is paid for delivery in all, with its tax and its share of the round-off."""
    payment_deadline: int | None
    lines: list[PaidLine]


class AskOrderStanding(Call[OrderStanding], frozen=True, kw_only=True):
    """Refusal: order-not-found."""

    service: ClassVar[str] = "order"
    returns: ClassVar[type] = OrderStanding
    order_id: str


class BillLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line as it was placed. Amounts in paise, rates in basis points of the whole GST. `tax` is in `line_total`
    where `tax_included`, else on top of it; `paid` is what the customer pays for it in all."""

    line_id: str
    name: str
    name_hi: str | None
    options: list[str]
    hsn: str
    quantity: int
    unit_price: int
    line_total: int
    discount: int
    points_discount: int
    tax: int
    tax_rate_bp: int
    tax_included: bool
    paid: int


class Bill(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an order's tax invoice says of it. Σ `paid` of the lines + `delivery_paid` = `total`; times in µs."""

    order_id: str
    order_number: str
    customer_id: str
    store_id: str
    status: OrderStatus
    fulfilment: Fulfilment
    payment_method: PaymentMethod
    placed_at: int
    customer_name: str
    address: list[str]
    """Lines of the address that it goes to; empty where nothing is delivered."""
    lines: list[BillLine]
    delivery_fee: int
    delivery_fee_tax: int
    delivery_fee_rate_bp: int
    delivery_fee_included: bool
    """Whether the fee contains its tax."""
    delivery_fee_hsn: str
    delivery_paid: int
    round_off: int
    total: int


class Bills(msgspec.Struct, frozen=True, kw_only=True):
    bills: list[Bill]


BILLS_MAX = 100


class AskBills(Call[Bills], frozen=True, kw_only=True):
    """The bills of at most BILLS_MAX orders, as of now; those that are not there are left out."""

    service: ClassVar[str] = "order"
    returns: ClassVar[type] = Bills
    order_ids: Annotated[list[str], msgspec.Meta(max_length=BILLS_MAX)]


class HoldOwner(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    written: bool
    """The order is there: its events will tie or end the hold."""
    never: bool
    """It is not there and never will be (its claim has lapsed, or the attempt is over): the hold may go."""


class AskHoldOwner(Call[HoldOwner], frozen=True, kw_only=True):
    """May an untied hold of (order_id, attempt) lapse? Only on a definite `never`."""

    service: ClassVar[str] = "order"
    returns: ClassVar[type] = HoldOwner
    order_id: str
    attempt: int
    held_at: int
