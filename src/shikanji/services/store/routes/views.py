"""Stores as the API shows them."""

from typing import get_args
from zlib import crc32

import msgspec

from shikanji.contracts.customer import VerifiedAccount
from shikanji.contracts.store import Fulfilment
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.india import STATES
from shikanji.kit.web.etags import etag
from shikanji.services.store.model.hours import WEEKDAYS, Closure, Hours
from shikanji.services.store.model.staff import Member
from shikanji.services.store.model.store import Address, Store
from shikanji.services.store.model.zones import Zone
from shikanji.services.store.schemas import (
    AddressOut,
    ClosureView,
    HoursView,
    SettingsView,
    StaffView,
    StatusView,
    StoreView,
    ZoneView,
)

FULFILMENTS: tuple[Fulfilment, ...] = get_args(Fulfilment)


def store_view(store: Store, now: int) -> StoreView:
    calendar = store.calendar
    offered = [fulfilment for fulfilment in FULFILMENTS if calendar.offers(fulfilment)]
    open_for = [each for each in offered if store.serving and calendar.is_open(each, now)]
    return StoreView(
        id=store.id,
        name=store.name,
        slug=store.slug,
        code=store.code,
        active=store.active,
        accepting_orders=store.accepting_orders,
        is_open=bool(open_for),
        open_for=open_for,
        opens_at=None if open_for else _opens_at(store, offered, now),
        fulfilments=offered,
        phone=store.phone,
        email=store.email,
        address=_address(store.address),
        latitude=store.latitude,
        longitude=store.longitude,
        delivery_radius_km=store.delivery_radius_m / 1_000,
        time_zone=store.time_zone,
        legal_name=store.legal_name,
        gstin=store.gstin,
        fssai=store.fssai,
        minimum_order=store.minimum_order,
        delivery_fee=store.delivery_fee,
        free_delivery_above=store.free_delivery_above,
        prep_minutes=store.prep_minutes,
        delivery_minutes=store.delivery_minutes,
    )


def store_tag(store: Store, view: StoreView) -> str:
    """Its version, and a sum of what is shown: opening and closing change that without an edit."""
    return etag(f"{store.version}-{crc32(msgspec.json.encode(view)):x}")


def version_tag(store: Store) -> str:
    return etag(store.version)


def settings_view(store: Store) -> SettingsView:
    return SettingsView(
        prep_minutes=store.prep_minutes,
        delivery_minutes=store.delivery_minutes,
        capacity_per_slot=store.capacity_per_slot,
        slot_minutes=store.slot_minutes,
        fee_tax_class=store.fee_tax_class,
        round_to=store.round_to,
    )


def status_view(store: Store, now: int) -> StatusView:
    return StatusView(active=store.active, accepting_orders=store.accepting_orders, is_open=store.is_open(now))


def hours_view(hours: Hours) -> HoursView:
    return HoursView(
        fulfilment=hours.fulfilment,
        day=WEEKDAYS[hours.day],
        opens=_clock(hours.opens),
        closes=_clock(hours.closes),
    )


def closure_view(closure: Closure) -> ClosureView:
    return ClosureView(
        id=closure.id,
        first=closure.first,
        last=closure.last,
        fulfilment=closure.fulfilment,
        reason=closure.reason,
    )


def zone_view(zone: Zone) -> ZoneView:
    return ZoneView(
        id=zone.id,
        name=zone.name,
        postal_codes=sorted(zone.postal_codes),
        polygon=list(zone.polygon),
        fee=zone.fee,
        minutes=zone.minutes,
    )


def staff_view(member: Member, account: VerifiedAccount | None) -> StaffView:
    """`account` is None for one that is no more."""
    return StaffView(
        id=member.id,
        store_id=member.store_id,
        account_id=member.account_id,
        name=account.name if account else None,
        email=account.email if account else None,
        phone=account.phone if account else None,
        role=member.role,
        since=to_rfc3339(member.since),
    )


def _address(address: Address) -> AddressOut:
    return AddressOut(
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        state=address.state,
        state_code=STATES[address.state],
        postal_code=address.postal_code,
    )


def _opens_at(store: Store, offered: list[Fulfilment], now: int) -> str | None:
    if not store.serving:
        return None
    openings = [at for each in offered if (at := store.calendar.opens_at(each, now)) is not None]
    return to_rfc3339(min(openings)) if openings else None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
