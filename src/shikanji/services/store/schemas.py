"""The shapes of the store service's HTTP edge."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shikanji.contracts.store import Fulfilment
from shikanji.kit.auth import Role
from shikanji.kit.web.pages import PageQuery
from shikanji.services.store.model.hours import Weekday

PAISE_MAX = 10_000_000

_PRINTABLE = r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$(?!\n)"
"""One line that begins with something to see: such text stands in messages and on receipts."""
_ONE_LINE = {"pattern": "one line of text that begins with no blank"}
_SLUG = {"form": "small letters, digits and single hyphens, as in mg-road"}
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PRINTABLE, extra=_ONE_LINE)]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=_PRINTABLE, extra=_ONE_LINE)]
Slug = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$(?!\n)", extra=_SLUG)]
Code = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=4,
        pattern=r"^[A-Z][A-Z0-9]{1,3}$(?!\n)",
        extra={"form": "2 to 4 capital letters or digits, the first a letter"},
    ),
]
Phone = Annotated[
    str,
    Meta(
        max_length=13, pattern=r"^\+91[0-9]{10}$(?!\n)", extra={"form": "an Indian phone number such as +918000000001"}
    ),
]
Email = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$(?!\n)",
        extra={"form": "an email address such as mgroad@example.in"},
    ),
]
PostalCode = Annotated[
    str,
    Meta(max_length=6, pattern=r"^[1-9][0-9]{5}$(?!\n)", extra={"form": "a PIN code: six digits, the first not 0"}),
]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
TimeZone = Annotated[str, Meta(min_length=1, max_length=64)]
Gstin = Annotated[str, Meta(min_length=15, max_length=15, extra={"form": "a GSTIN: 15 characters"})]
Fssai = Annotated[str, Meta(min_length=14, max_length=14, extra={"form": "an FSSAI licence: 14 digits"})]
Kilometres = Annotated[float, Meta(ge=0, le=200)]
Paise = Annotated[int, Meta(ge=0, le=PAISE_MAX)]
Minutes = Annotated[int, Meta(ge=0, le=720)]
SlotMinutes = Literal[10, 15, 20, 30, 60, 120]
RoundTo = Literal[0, 50, 100]
Capacity = Annotated[int, Meta(ge=1, le=100_000)]
TaxClass = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z0-9-]+$(?!\n)",
        extra={"pattern": "small letters, digits and hyphens"},
    ),
]
Clock = Annotated[
    str,
    Meta(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)", extra={"form": "a time of day such as 07:30"}),
]
ClockOrMidnight = Annotated[
    str,
    Meta(
        max_length=5,
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$(?!\n)",
        extra={"form": "a time of day such as 07:30, or 24:00"},
    ),
]
Moment = Annotated[str, Meta(min_length=1, max_length=40)]


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What goes out."""


class AddressIn(In, frozen=True, kw_only=True):
    line1: Line
    line2: Line | None = None
    city: Name
    state: Name
    postal_code: PostalCode


class CreateStore(In, frozen=True, kw_only=True):
    """Slug and code are made from the name where they are left out."""

    name: Name
    slug: Slug | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    active: bool = True
    accepting_orders: bool = True
    phone: Phone | None = None
    email: Email | None = None
    address: AddressIn
    latitude: Latitude
    longitude: Longitude
    delivery_radius_km: Kilometres = 0
    time_zone: TimeZone = "Asia/Kolkata"
    legal_name: Name | None = None
    """As registered for GST, where that is not the store's name."""
    gstin: Gstin | None = None
    fssai: Fssai | None = None
    minimum_order: Paise = 0
    delivery_fee: Paise = 0
    free_delivery_above: Paise | None = None
    prep_minutes: Minutes = 20
    delivery_minutes: Minutes = 30
    capacity_per_slot: Capacity | None = None
    slot_minutes: SlotMinutes = 30
    fee_tax_class: TaxClass = "delivery"
    round_to: RoundTo = 0


class UpdateStore(In, frozen=True, kw_only=True):
    """What is left out stays as it is."""

    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    accepting_orders: bool | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    address: AddressIn | UnsetType = UNSET
    latitude: Latitude | UnsetType = UNSET
    longitude: Longitude | UnsetType = UNSET
    delivery_radius_km: Kilometres | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    legal_name: Name | UnsetType | None = UNSET
    gstin: Gstin | UnsetType | None = UNSET
    fssai: Fssai | UnsetType | None = UNSET
    minimum_order: Paise | UnsetType = UNSET
    delivery_fee: Paise | UnsetType = UNSET
    free_delivery_above: Paise | UnsetType | None = UNSET
    prep_minutes: Minutes | UnsetType = UNSET
    delivery_minutes: Minutes | UnsetType = UNSET
    capacity_per_slot: Capacity | UnsetType | None = UNSET
    slot_minutes: SlotMinutes | UnsetType = UNSET
    fee_tax_class: TaxClass | UnsetType = UNSET
    round_to: RoundTo | UnsetType = UNSET


class UpdateStatus(In, frozen=True, kw_only=True):
    active: bool | UnsetType = UNSET
    accepting_orders: bool | UnsetType = UNSET


class UpdateSettings(In, frozen=True, kw_only=True):
    """What is left out stays as it is; no capacity (null) means no limit."""

    prep_minutes: Minutes | UnsetType = UNSET
    delivery_minutes: Minutes | UnsetType = UNSET
    capacity_per_slot: Capacity | UnsetType | None = UNSET
    slot_minutes: SlotMinutes | UnsetType = UNSET
    fee_tax_class: TaxClass | UnsetType = UNSET
    round_to: RoundTo | UnsetType = UNSET


class HoursIn(In, frozen=True, kw_only=True):
    """One interval of the store's local time; a closing time at or before the opening time is on the next day."""

    fulfilment: Fulfilment
    day: Weekday
    opens: Clock
    closes: ClockOrMidnight


class SetHours(In, frozen=True, kw_only=True):
    hours: Annotated[list[HoursIn], Meta(max_length=168)]


class AddClosure(In, frozen=True, kw_only=True):
    """Both dates are included; without a fulfilment method all of them are closed."""

    first: date
    last: date
    fulfilment: Fulfilment | None = None
    reason: Annotated[
        str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)", extra={"pattern": "one line of text"})
    ] = ""


class PutZone(In, frozen=True, kw_only=True):
    """Either postal codes or a polygon of [latitude, longitude] corners; the fee in paise, the minutes from the kitchen
    to the door."""

    name: Name
    postal_codes: Annotated[list[PostalCode], Meta(max_length=1_000)] = []
    polygon: Annotated[list[tuple[Latitude, Longitude]], Meta(max_length=200)] = []
    fee: Paise
    minutes: Minutes


class AddStaff(In, frozen=True, kw_only=True):
    identifier: Annotated[str, Meta(min_length=3, max_length=254)]
    """Verified email or phone of the person's account."""
    role: Role


class ChangeRole(In, frozen=True, kw_only=True):
    role: Role


class ListStores(PageQuery, frozen=True, kw_only=True):
    """Only head office asks for other than active stores."""

    postal_code: PostalCode | None = None
    status: Literal["active", "inactive", "all"] = "active"


class AskServing(In, frozen=True, kw_only=True):
    fulfilment: Fulfilment = "delivery"
    postal_code: PostalCode | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    at: Moment | None = None
    """A later moment for which an order would be scheduled (RFC 3339); without it, now."""


class AskSlots(In, frozen=True, kw_only=True):
    fulfilment: Fulfilment = "delivery"
    date: date
    """In the store's time zone."""


class AddressOut(Out, frozen=True, kw_only=True):
    line1: str
    line2: str | None
    city: str
    state: str
    state_code: str
    """GST code of the state."""
    postal_code: str


class StoreView(Out, frozen=True, kw_only=True):
    id: str
    name: str
    slug: str
    code: str
    active: bool
    accepting_orders: bool
    is_open: bool
    """Whether one could order now, by any fulfilment method."""
    open_for: list[Fulfilment]
    opens_at: str | None
    """When it opens next, where it is closed and will open within three months."""
    fulfilments: list[Fulfilment]
    phone: str | None
    email: str | None
    address: AddressOut
    latitude: float
    longitude: float
    delivery_radius_km: float
    time_zone: str
    legal_name: str | None
    gstin: str | None
    fssai: str | None
    minimum_order: int
    delivery_fee: int
    free_delivery_above: int | None
    prep_minutes: int
    delivery_minutes: int


class SettingsView(Out, frozen=True, kw_only=True):
    prep_minutes: int
    delivery_minutes: int
    capacity_per_slot: int | None
    slot_minutes: int
    fee_tax_class: str
    round_to: int


class StatusView(Out, frozen=True, kw_only=True):
    active: bool
    accepting_orders: bool
    is_open: bool


class HoursView(Out, frozen=True, kw_only=True):
    fulfilment: Fulfilment
    day: Weekday
    opens: str
    closes: str


class ClosureView(Out, frozen=True, kw_only=True):
    id: str
    first: date
    last: date
    fulfilment: Fulfilment | None
    reason: str


class ZoneView(Out, frozen=True, kw_only=True):
    id: str
    name: str
    postal_codes: list[str]
    polygon: list[tuple[float, float]]
    fee: int
    minutes: int


class ServingView(Out, frozen=True, kw_only=True):
    """`reason` says what stands in the way where `serves` is false."""

    serves: bool
    reason: str | None
    detail: str | None
    is_open: bool
    delivers_there: bool
    delivery_fee: int | None
    free_delivery_above: int | None
    minimum_order: int
    zone_id: str | None
    estimated_at: str | None
    closes_at: str | None
    opens_at: str | None


class SlotView(Out, frozen=True, kw_only=True):
    """A time for which one can order; `left` is null where the store sets no limit."""

    starts_at: str
    left: int | None


class StaffView(Out, frozen=True, kw_only=True):
    id: str
    store_id: str
    account_id: str
    name: str | None
    email: str | None
    phone: str | None
    role: Role
    since: str


def given(body: In) -> Mapping[str, Any]:
    """The fields that the client sent."""
    return {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}
