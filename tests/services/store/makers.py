"""Stores for the tests of this room."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shikanji.contracts.store import Fulfilment
from shikanji.kit.clock import from_datetime
from shikanji.services.store.model.hours import Closure, Hours
from shikanji.services.store.model.store import Address, Particulars, Store
from shikanji.services.store.model.zones import Zone

FULFILMENTS: tuple[Fulfilment, ...] = ("delivery", "pickup", "dine-in")
CHURCH_STREET = Address(line1="12 Church Street", city="Bengaluru", state="Karnataka", postal_code="560001")
KOLKATA = "Asia/Kolkata"


def local(text: str, zone: str = KOLKATA, fold: int = 0) -> int:
    """µs of a wall-clock time such as `2026-11-23 12:00`, a Monday."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold))


def minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def hours(opens: str, closes: str, day: int = 0, fulfilment: Fulfilment = "pickup") -> Hours:
    return Hours(fulfilment=fulfilment, day=day, opens=minutes(opens), closes=minutes(closes))


def daily(opens: str, closes: str) -> tuple[Hours, ...]:
    """Every day, by every method."""
    return tuple(hours(opens, closes, day, fulfilment) for fulfilment in FULFILMENTS for day in range(7))


def make_particulars(**changes: Any) -> Particulars:
    fields: dict[str, Any] = {
        "name": "Jain Shikanji – MG Road",
        "address": CHURCH_STREET,
        "latitude": 12.9716,
        "longitude": 77.5946,
        "delivery_radius_m": 10_000,
        "minimum_order": 10_000,
        "delivery_fee": 3_000,
        "free_delivery_above": 50_000,
    }
    return Particulars(**(fields | changes))


def make_store(**changes: Any) -> Store:
    particulars = make_particulars()
    fields = {name: getattr(particulars, name) for name in particulars.__struct_fields__}
    fields |= {"id": "mg-road", "slug": "mg-road", "code": "MGR1", "created_at": 0, "updated_at": 0}
    fields["hours"] = daily("00:00", "24:00")
    return Store(**(fields | changes))


def make_closure(first: str, last: str, fulfilment: Fulfilment | None = None, id: str = "closure") -> Closure:
    return Closure(
        id=id,
        first=datetime.fromisoformat(first).date(),
        last=datetime.fromisoformat(last).date(),
        fulfilment=fulfilment,
    )


def make_zone(**changes: Any) -> Zone:
    fields: dict[str, Any] = {"id": "near", "name": "Near", "postal_codes": ("560001",), "fee": 2_000, "minutes": 25}
    return Zone(**(fields | changes))
