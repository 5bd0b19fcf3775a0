"""What the store service tells and answers."""

from typing import ClassVar, Literal

import msgspec

from shikanji.kit.auth import Role
from shikanji.kit.calls import Call
from shikanji.kit.events import Event

Fulfilment = Literal["delivery", "pickup", "dine-in"]


class StoreCreated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "store_id"
    store_id: str
    name: str
    slug: str
    city: str
    state: str
    postal_code: str
    time_zone: str


class StoreUpdated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "store_id"
    store_id: str
    changed: list[str]
    """Names of the fields that changed, as in the API."""
    time_zone: str | None = None
    name: str | None = None
    """These two: the new one, where it changed."""


class StoreStatusChanged(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "store_id"
    store_id: str
    active: bool
    accepting_orders: bool


class StaffAdded(Event, frozen=True, kw_only=True):
    """The aggregate is one person's place in one store; `version` grows with each change of that place."""

    aggregate: ClassVar[str] = "staff_id"
    complete: ClassVar[bool] = True
    staff_id: str
    account_id: str
    store_id: str
    role: Role
    version: int


class StaffUpdated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "staff_id"
    complete: ClassVar[bool] = True
    staff_id: str
    account_id: str
    store_id: str
    role: Role
    version: int


class StaffRemoved(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "staff_id"
    complete: ClassVar[bool] = True
    staff_id: str
    account_id: str
    store_id: str
    version: int


class DeliveryZoneUpdated(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "store_id"
    store_id: str
    zone_id: str
    removed: bool


class ServingTerms(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """On what terms a store serves one order. Amounts in paise, times in µs since 1970."""

    store_id: str
    store_name: str
    store_code: str
    """Short upper-case code, at most 4 characters, for order and invoice numbers."""
    state: str
    gstin: str | None
    time_zone: str
    zone_id: str | None
    delivery_fee: int
    free_delivery_above: int | None
    """Subtotal from which the fee is waived; None: never."""
    minimum_order: int
    """Least subtotal for this fulfilment (0: none)."""
    prep_minutes: int
    estimated_at: int
    """When the order will be ready (pickup, dine-in) or at the door (delivery)."""
    fee_tax_class: str
    round_to: int
    """Totals are rounded to a multiple of this many paise; 0: not at all."""
    slot_held: bool = True
    """A place in a slot was taken under the order's id; false where the store sets no capacity."""


class AskServingTerms(Call[ServingTerms], frozen=True, kw_only=True):
    """Does the store serve this? Takes a place in the slot under `order_id` where the store sets a capacity:
    asking twice takes once. Refusals: store-not-found, store-closed, not-delivered-there, slot-full, invalid
    (scheduled time)."""

    service: ClassVar[str] = "store"
    returns: ClassVar[type] = ServingTerms
    order_id: str
    attempt: int = 1
    """As with holds of stock: an order revived by late money asks again under the next attempt."""
    store_id: str
    fulfilment: Fulfilment
    postal_code: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    scheduled_for: int | None = None
    at: int
    """The moment for which to answer, µs."""


class SlotReleased(msgspec.Struct, frozen=True):
    released: bool


class ReleaseSlot(Call[SlotReleased], frozen=True, kw_only=True):
    """Gives the untied slot place of an order back; one that never came leaves a tombstone: it comes to nothing then.
    Does nothing to a tied one: that ends with `OrderCancelled`."""

    service: ClassVar[str] = "store"
    returns: ClassVar[type] = SlotReleased
    order_id: str
    attempt: int = 1


class Seller(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who sells, as a tax invoice names them."""

    store_id: str
    store_code: str
    """2 to 4 of A-Z and 0-9; no two stores have the same."""
    name: str
    legal_name: str
    """As registered for GST; the store's name where nobody has said another."""
    gstin: str | None
    fssai: str | None
    line1: str
    line2: str | None
    city: str
    state: str
    state_code: str
    """GST code of the state, two digits."""
    postal_code: str
    phone: str | None


class AskSeller(Call[Seller], frozen=True, kw_only=True):
    """Refusal: store-not-found."""

    service: ClassVar[str] = "store"
    returns: ClassVar[type] = Seller
    store_id: str


class RolesOfAccount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    roles: dict[str, Role]


class AskRoles(Call[RolesOfAccount], frozen=True, kw_only=True):
    """The staff roles of an account, as of now."""

    service: ClassVar[str] = "store"
    returns: ClassVar[type] = RolesOfAccount
    account_id: str


class StaffFound(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    account_ids: list[str]


class AskStaff(Call[StaffFound], frozen=True, kw_only=True):
    """Who works in a store in this role: accounts, by id."""

    service: ClassVar[str] = "store"
    returns: ClassVar[type] = StaffFound
    store_id: str
    role: Role


class StoreBrief(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    store_id: str
    name: str
    time_zone: str


class StoresFound(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    stores: list[StoreBrief]
    """Those that exist, in no order."""


class AskStores(Call[StoresFound], frozen=True, kw_only=True):
    """Name and time zone of up to 100 stores."""

    service: ClassVar[str] = "store"
    returns: ClassVar[type] = StoresFound
    store_ids: list[str]
