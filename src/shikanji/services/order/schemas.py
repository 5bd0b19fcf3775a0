"""The shapes of the order service's HTTP edge. Amounts in paise."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shikanji.contracts.order import CancelCause, OrderStatus, PaymentMethod
from shikanji.contracts.store import Fulfilment
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.order.actions import Whole
from shikanji.services.order.model.edges import Actor
from shikanji.services.order.model.lines import Line
from shikanji.services.order.model.order import Order
from shikanji.services.order.repository import Point

_NOT_BLANK = {"pattern": "more than blanks"}

CouponCode = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"\S", extra=_NOT_BLANK)]
OptionId = Annotated[str, Meta(min_length=1, max_length=64)]
Notes = Annotated[str, Meta(max_length=500)]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S", extra=_NOT_BLANK)]
OptionalLine = Annotated[str, Meta(max_length=200)]
AddressLine = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", extra=_NOT_BLANK)]
Place = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S", extra=_NOT_BLANK)]
PostalCode = Annotated[
    str,
    Meta(
        min_length=6,
        max_length=6,
        pattern=r"^[1-9][0-9]{5}$",
        extra={"form": "a PIN code: six digits, the first not 0"},
    ),
]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Moment = Annotated[datetime, Meta(tz=True)]


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What goes out."""


class DeliveryAddress(In, frozen=True, kw_only=True):
    line1: AddressLine
    line2: OptionalLine | None = None
    landmark: OptionalLine | None = None
    city: Place
    state: Place
    postal_code: PostalCode
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class Item(In, frozen=True, kw_only=True):
    product_id: Id
    quantity: Annotated[int, Meta(ge=1, le=99)]
    options: Annotated[list[OptionId], Meta(max_length=50)] = []
    notes: Notes | None = None


class PlaceOrder(In, frozen=True, kw_only=True):
    """A delivery needs an address or the id of one that the customer has stored; other fulfilments ignore both.
    `customerId` is for staff who order for someone; points are the customers' own to redeem."""

    store_id: Id
    customer_id: Id | None = None
    fulfilment: Fulfilment
    items: Annotated[list[Item], Meta(min_length=1, max_length=50)]
    delivery_address: DeliveryAddress | None = None
    address_id: Id | None = None
    payment_method: PaymentMethod
    coupon_code: CouponCode | None = None
    redeem_points: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    scheduled_for: Moment | None = None
    notes: Notes | None = None


class SetStatus(In, frozen=True, kw_only=True):
    status: OrderStatus


class CancelOrder(In, frozen=True, kw_only=True):
    """`restock`: lines of an order that was begun, whose goods go back on the shelf."""

    reason: Reason
    restock: Annotated[list[Id], Meta(max_length=50)] = []


class Assign(In, frozen=True, kw_only=True):
    """What is left out stays; null: nobody."""

    cook_id: Id | UnsetType | None = UNSET
    courier_id: Id | UnsetType | None = UNSET


class AddPoint(In, frozen=True, kw_only=True):
    latitude: Latitude
    longitude: Longitude


class FindOrders(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`from` and `to` say when it was placed; `q` is an order number."""

    status: Annotated[list[OrderStatus], Meta(max_length=8)] = msgspec.field(default_factory=list)
    store_id: Id | None = None
    customer_id: Id | None = None
    fulfilment: Fulfilment | None = None
    placed_from: Moment | None = msgspec.field(name="from", default=None)
    placed_to: Moment | None = msgspec.field(name="to", default=None)
    q: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class OptionView(Out, frozen=True, kw_only=True):
    id: str
    name: str
    price_delta: int


class ItemView(Out, frozen=True, kw_only=True):
    """`unitPrice` contains the options; `discount` and `pointsDiscount` are this item's shares; `tax` stands on top of
    `lineTotal` unless `taxIncluded`."""

    id: str
    product_id: str
    name: str
    name_hi: str | None
    quantity: int
    unit_price: int
    line_total: int
    options: list[OptionView]
    notes: str | None
    discount: int
    points_discount: int
    tax: int
    tax_rate_bp: int
    tax_included: bool


class TimelineEntry(Out, frozen=True, kw_only=True):
    status: OrderStatus
    at: str


class PaymentFailure(Out, frozen=True, kw_only=True):
    payment_id: str
    at: str


class ContactView(Out, frozen=True, kw_only=True):
    name: str
    phone: str | None
    email: str | None


class AddressView(Out, frozen=True, kw_only=True):
    line1: str
    line2: str | None
    landmark: str | None
    city: str
    state: str
    postal_code: str
    latitude: float | None
    longitude: float | None


class Cancellation(Out, frozen=True, kw_only=True):
    cause: CancelCause
    reason: str


class CampaignOfOrder(Out, frozen=True, kw_only=True):
    """`discount`: paise off the goods."""

    name: str
    code: str | None
    discount: int


class OrderSummary(Out, frozen=True, kw_only=True):
    """total = subtotal - discount - pointsDiscount + deliveryFee + tax + roundOff; `tax` is what is added to the
    prices. The kitchen sees no phone, mail or address."""

    id: str
    order_number: str
    status: OrderStatus
    customer_id: str
    store_id: str
    store_name: str
    fulfilment: Fulfilment
    payment_method: PaymentMethod
    contact: ContactView
    delivery_address: AddressView | None
    items: list[ItemView]
    notes: str | None
    subtotal: int
    discount: int
    points_discount: int
    delivery_fee: int
    tax: int
    round_off: int
    total: int
    coupon_code: str | None
    points_redeemed: int
    campaigns: list[CampaignOfOrder]
    placed_at: str
    scheduled_for: str | None
    estimated_at: str
    payment_deadline: str | None
    cook_id: str | None
    courier_id: str | None
    cancellation: Cancellation | None


class OrderView(OrderSummary, frozen=True, kw_only=True):
    timeline: list[TimelineEntry]
    payment_failures: list[PaymentFailure]


class PointView(Out, frozen=True, kw_only=True):
    latitude: float
    longitude: float
    at: str


def order_view(whole: Whole, actor: Actor) -> OrderView:
    return OrderView(
        **_summary(whole.order, actor),
        timeline=[TimelineEntry(status=entry.status, at=to_rfc3339(entry.at)) for entry in whole.timeline],
        payment_failures=[
            PaymentFailure(payment_id=failure.payment_id, at=to_rfc3339(failure.at)) for failure in whole.failures
        ],
    )


def order_summary(order: Order, actor: Actor) -> OrderSummary:
    return OrderSummary(**_summary(order, actor))


def point_view(point: Point) -> PointView:
    return PointView(
        latitude=point.latitude_e6 / 1_000_000, longitude=point.longitude_e6 / 1_000_000, at=to_rfc3339(point.at)
    )


def _summary(order: Order, actor: Actor) -> dict[str, Any]:
    details = order.details
    sees_contact = bool(actor.capacities - {"chef"})
    address = details.address if sees_contact else None
    return {
        "id": order.id,
        "order_number": order.order_number,
        "status": order.status,
        "customer_id": order.customer_id,
        "store_id": order.store_id,
        "store_name": details.store_name,
        "fulfilment": order.fulfilment,
        "payment_method": order.payment_method,
        "contact": ContactView(
            name=details.customer_name,
            phone=details.phone if sees_contact else None,
            email=details.email if sees_contact else None,
        ),
        "delivery_address": AddressView(**msgspec.structs.asdict(address)) if address else None,
        "items": [_item(line) for line in order.lines],
        "notes": details.notes,
        "subtotal": order.subtotal,
        "discount": order.discount,
        "points_discount": order.points_discount,
        "delivery_fee": order.delivery_fee,
        "tax": order.tax,
        "round_off": order.round_off,
        "total": order.total,
        "coupon_code": details.coupon_code,
        "points_redeemed": details.points_redeemed,
        "campaigns": [
            CampaignOfOrder(name=each.name, code=each.code, discount=each.discount) for each in details.campaigns
        ],
        "placed_at": to_rfc3339(order.placed_at),
        "scheduled_for": _time(order.scheduled_for),
        "estimated_at": to_rfc3339(order.estimated_at),
        "payment_deadline": _time(order.payment_deadline),
        "cook_id": order.cook_id,
        "courier_id": order.courier_id,
        "cancellation": Cancellation(cause=order.cancel_cause, reason=order.cancel_reason or "")
        if order.cancel_cause
        else None,
    }


def _item(line: Line) -> ItemView:
    return ItemView(
        id=line.id,
        product_id=line.product_id,
        name=line.name,
        name_hi=line.name_hi,
        quantity=line.quantity,
        unit_price=line.unit_price,
        line_total=line.line_total,
        options=[OptionView(id=option.id, name=option.name, price_delta=option.price_delta) for option in line.options],
        notes=line.notes,
        discount=line.discount,
        points_discount=line.points_discount,
        tax=line.tax,
        tax_rate_bp=line.tax_rate_bp,
        tax_included=line.tax_included,
    )


def _time(at: int | None) -> str | None:
    return None if at is None else to_rfc3339(at)
