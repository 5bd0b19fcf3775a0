"""A store: what it is, and every rule of changing it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from shikanji.contracts.store import (
    DeliveryZoneUpdated,
    Fulfilment,
    StoreCreated,
    StoreStatusChanged,
    StoreUpdated,
)
from shikanji.kit.errors import FieldError, Invalid
from shikanji.kit.events import Event
from shikanji.kit.india import STATES, gstin_fault
from shikanji.services.store.errors import ClosureNotFound, HeadOfficeOnly, ZoneNotFound
from shikanji.services.store.model.hours import DAY_MINUTES, Calendar, Closure, Hours, overlap
from shikanji.services.store.model.zones import Zone, encloses_area

FULFILMENTS: tuple[Fulfilment, ...] = get_args(Fulfilment)
STATUS_FIELDS = frozenset({"active", "accepting_orders"})
MANAGER_FIELDS = frozenset(
    {"accepting_orders", "phone", "email", "prep_minutes", "delivery_minutes", "capacity_per_slot", "slot_minutes"}
)
"""What a manager may change of the own store; all else is head office's."""
SLOT_MINUTES = (10, 15, 20, 30, 60, 120)
ZONES_MAX = 100
CLOSURES_MAX = 200


class Address(msgspec.Struct, frozen=True, kw_only=True):
    line1: str
    line2: str | None = None
    city: str
    state: str
    postal_code: str


class Particulars(msgspec.Struct, frozen=True, kw_only=True):
    """What one says of a store when it is opened. Amounts in paise, distances in metres. Slug and code are made from
    the name where they are empty."""

    name: str
    slug: str = ""
    code: str = ""
    """Short and upper-case, for order and invoice numbers."""
    active: bool = True
    accepting_orders: bool = True
    phone: str | None = None
    email: str | None = None
    address: Address
    latitude: float
    longitude: float
    time_zone: str = "Asia/Kolkata"
    legal_name: str | None = None
    """As registered for GST, where that is not the store's name."""
    gstin: str | None = None
    fssai: str | None = None
    delivery_radius_m: int = 0
    minimum_order: int = 0
    """Least subtotal of a delivery."""
    delivery_fee: int = 0
    free_delivery_above: int | None = None
    prep_minutes: int = 20
    delivery_minutes: int = 30
    capacity_per_slot: int | None = None
    """Orders per slot; None: no limit."""
    slot_minutes: int = 30
    fee_tax_class: str = "delivery"
    round_to: int = 0


class Store(Particulars, frozen=True, kw_only=True):
    """One store, whole. Times in µs."""

    id: str
    version: int = 1
    created_at: int
    updated_at: int
    hours: tuple[Hours, ...] = ()
    closures: tuple[Closure, ...] = ()
    zones: tuple[Zone, ...] = ()

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.time_zone, self.hours, self.closures)

    @property
    def serving(self) -> bool:
        return self.active and self.accepting_orders

    def is_open(self, at: int) -> bool:
        """Whether one could order now, by any fulfilment method."""
        return self.serving and any(self.calendar.is_open(fulfilment, at) for fulfilment in FULFILMENTS)

    def postal_codes(self) -> set[str]:
        """The PIN codes to which it delivers whatever the point on the map."""
        return {self.address.postal_code}.union(*(zone.postal_codes for zone in self.zones))


class Changed(NamedTuple):
    """A store after a change, and what is to be told."""

    store: Store
    events: tuple[Event, ...]


def open_store(store: Store) -> Changed:
    """A new store as it is to be; raises Invalid naming every wrong field."""
    check(store)
    created = StoreCreated(
        store_id=store.id,
        name=store.name,
        slug=store.slug,
        city=store.address.city,
        state=store.address.state,
        postal_code=store.address.postal_code,
        time_zone=store.time_zone,
    )
    return Changed(store, (created,))


def change(store: Store, wanted: Mapping[str, Any], now: int) -> Changed:
    """The store with the wanted fields; nothing happens and nothing is told where they are as they were."""
    different = {name: value for name, value in wanted.items() if getattr(store, name) != value}
    if not different:
        return Changed(store, ())
    after = _next(store, now, **different)
    check(after)
    return Changed(after, tuple(_events_of(after, different.keys())))


def manager_may(wanted: Iterable[str]) -> None:
    """Raises HeadOfficeOnly naming the first field that is not a manager's to change."""
    for name in sorted(wanted):
        if name not in MANAGER_FIELDS:
            raise HeadOfficeOnly(f"{camel(name)} is changed by head office")


def set_hours(store: Store, hours: Iterable[Hours], now: int) -> Changed:
    """All weekly hours anew."""
    return change(store, {"hours": tuple(sorted(hours, key=lambda each: (each.fulfilment, each.day, each.opens)))}, now)


def add_closure(store: Store, closure: Closure, now: int) -> Changed:
    if len(store.closures) >= CLOSURES_MAX:
        raise Invalid.field("closures", f"at most {CLOSURES_MAX} in a store")
    if closure.last < closure.first:
        raise Invalid.field("last", "must not be before first")
    ordered = sorted((*store.closures, closure), key=lambda each: (each.first, each.id))
    return change(store, {"closures": tuple(ordered)}, now)


def remove_closure(store: Store, closure_id: str, now: int) -> Changed:
    left = tuple(closure for closure in store.closures if closure.id != closure_id)
    if len(left) == len(store.closures):
        raise ClosureNotFound
    return change(store, {"closures": left}, now)


def put_zone(store: Store, zone: Zone, now: int) -> Changed:
    """Adds the zone, or takes it for the one with its id."""
    _check_zone(zone)
    others = tuple(each for each in store.zones if each.id != zone.id)
    if len(others) >= ZONES_MAX:
        raise Invalid.field("zones", f"at most {ZONES_MAX} in a store")
    zones = tuple(sorted((*others, zone), key=lambda each: each.id))
    return _with_zones(store, zones, zone.id, removed=False, now=now)


def remove_zone(store: Store, zone_id: str, now: int) -> Changed:
    left = tuple(zone for zone in store.zones if zone.id != zone_id)
    if len(left) == len(store.zones):
        raise ZoneNotFound
    return _with_zones(store, left, zone_id, removed=True, now=now)


def find_zone(store: Store, zone_id: str) -> Zone:
    for zone in store.zones:
        if zone.id == zone_id:
            return zone
    raise ZoneNotFound


def check(store: Store) -> None:
    """Raises Invalid naming every field that is wrong, as the API calls it."""
    faults = [FieldError(field, message) for field, message in _faults(store)]
    if faults:
        raise Invalid("; ".join(f"{fault.field}: {fault.message}" for fault in faults), errors=faults)


def slug_of(name: str) -> str:
    """`Jain Shikanji – MG Road` → `jain-shikanji-mg-road`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-")


def codes_for(slug: str) -> Iterator[str]:
    """Codes that a store with this slug could have, the nicest first: `KOR1`, `KOR2`, …"""
    words = [word for word in reversed(slug.split("-")) if word[:1].isalpha()]
    stem = (words[0] if words else "s")[:3].upper()
    for mark in "123456789ABCDEFGHJKLMNPQRSTUVWXYZ":
        yield stem + mark


def camel(name: str) -> str:
    """The API's name of a field."""
    if name == "delivery_radius_m":
        return "deliveryRadiusKm"
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _next(store: Store, now: int, **fields: Any) -> Store:
    return replace(store, **fields, version=store.version + 1, updated_at=now)


def _with_zones(store: Store, zones: tuple[Zone, ...], zone_id: str, *, removed: bool, now: int) -> Changed:
    if zones == store.zones:
        return Changed(store, ())
    told = DeliveryZoneUpdated(store_id=store.id, zone_id=zone_id, removed=removed)
    return Changed(_next(store, now, zones=zones), (told,))


def _events_of(after: Store, changed: Iterable[str]) -> Iterator[Event]:
    facts = sorted(camel(name) for name in changed if name not in STATUS_FIELDS)
    if facts:
        new = {name: getattr(after, name) for name in ("name", "time_zone") if name in changed}
        yield StoreUpdated(store_id=after.id, changed=facts, **new)
    if STATUS_FIELDS & set(changed):
        yield StoreStatusChanged(store_id=after.id, active=after.active, accepting_orders=after.accepting_orders)


def _faults(store: Store) -> Iterator[tuple[str, str]]:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", store.slug):
        yield "slug", "is made of a-z and 0-9, with single dashes between"
    # Of digits alone it would make an order number that looks like a card's.
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,3}", store.code):
        yield "code", "begins with one of A-Z and has 2 to 4 of A-Z and 0-9"
    if not known_zone(store.time_zone):
        yield "timeZone", "is no IANA time zone such as Asia/Kolkata"
    yield from _particulars_faults(store)
    if store.slot_minutes not in SLOT_MINUTES:
        yield "slotMinutes", f"is one of {', '.join(map(str, SLOT_MINUTES))}"
    if store.round_to not in (0, 50, 100):
        yield "roundTo", "is 0, 50 or 100 paise"
    yield from _hours_faults(store.hours)


def _particulars_faults(store: Store) -> Iterator[tuple[str, str]]:
    if store.address.state not in STATES:
        yield "address.state", "is no Indian state or union territory"
    if not re.fullmatch(r"[1-9][0-9]{5}", store.address.postal_code, re.ASCII):
        yield "address.postalCode", "is a PIN code of six digits"
    if store.gstin is not None and (fault := gstin_fault(store.gstin, store.address.state)):
        yield "gstin", fault
    if store.fssai is not None and not re.fullmatch(r"[0-9]{14}", store.fssai, re.ASCII):
        yield "fssai", "is a licence number of 14 digits"


def _hours_faults(hours: tuple[Hours, ...]) -> Iterator[tuple[str, str]]:
    for at, each in enumerate(hours):
        if not (0 <= each.day <= 6 and 0 <= each.opens < DAY_MINUTES and 0 <= each.closes <= DAY_MINUTES):
            yield f"hours[{at}]", "is no interval of a day"
    if overlap(hours):
        yield "hours", "intervals of one fulfilment method overlap"


def _check_zone(zone: Zone) -> None:
    if bool(zone.postal_codes) == bool(zone.polygon):
        raise Invalid.field("postalCodes", "a zone has either postal codes or a polygon")
    if zone.polygon and not encloses_area(zone.polygon):
        raise Invalid.field("polygon", "needs three corners that enclose an area")


def known_zone(name: str) -> bool:
    """Whether it names a place's time zone: `Asia/Kolkata` does, `posixrules` and a folder of zones do not."""
    if not re.fullmatch(r"UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2}", name, re.ASCII):
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True
