"""Is it open, does it deliver there, at what fee and by when."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from shikanji.contracts.store import Fulfilment, ServingTerms
from shikanji.kit.clock import DAY, MINUTE, SECOND, to_datetime
from shikanji.kit.errors import Invalid, Problem
from shikanji.services.store.errors import NotDeliveredThere, StoreClosed
from shikanji.services.store.model.hours import moment
from shikanji.services.store.model.store import Store
from shikanji.services.store.model.zones import Place, Zone, best, distance_m

SCHEDULE_DAYS_MAX = 7


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer asks of a store. Times in µs."""

    fulfilment: Fulfilment
    place: Place = Place()
    scheduled_for: int | None = None
    at: int


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What bringing it to one place costs (paise), and how long it takes from the kitchen to the door."""

    zone: Zone | None
    fee: int
    minutes: int


NOTHING_TO_BRING = Delivery(zone=None, fee=0, minutes=0)


def terms(store: Store, wanted: Wanted) -> ServingTerms:
    """On what terms the store serves this. Raises StoreClosed, NotDeliveredThere, or Invalid for a scheduled time that
    is too near or too far."""
    delivery = delivery_to(store, wanted.fulfilment, wanted.place)
    if delivery is None:
        raise NotDeliveredThere(f"{store.name} does not deliver to {_told(wanted.place)}")
    refuse_when_closed(store, wanted)
    by_courier = wanted.fulfilment == "delivery"
    return ServingTerms(
        store_id=store.id,
        store_name=store.name,
        store_code=store.code,
        state=store.address.state,
        gstin=store.gstin,
        time_zone=store.time_zone,
        zone_id=delivery.zone.id if delivery.zone else None,
        delivery_fee=delivery.fee,
        free_delivery_above=store.free_delivery_above if by_courier else None,
        minimum_order=store.minimum_order if by_courier else 0,
        prep_minutes=store.prep_minutes,
        estimated_at=estimated_at(store, wanted, delivery),
        fee_tax_class=store.fee_tax_class,
        round_to=store.round_to,
        slot_held=store.capacity_per_slot is not None,
    )


class Outlook(NamedTuple):
    """What a customer may know before ordering. Times in µs."""

    refusal: Problem | None
    """Why an order as wanted would be refused."""
    is_open: bool
    """At the moment of asking."""
    delivery: Delivery | None
    estimated_at: int | None
    closes_at: int | None
    opens_at: int | None


def outlook(store: Store, wanted: Wanted) -> Outlook:
    """The same rules as `terms`, told and not raised."""
    refusal: Problem | None = None
    estimate: int | None = None
    try:
        estimate = terms(store, wanted).estimated_at
    except Problem as problem:
        refusal = problem
    is_open = store.serving and store.calendar.is_open(wanted.fulfilment, wanted.at)
    return Outlook(
        refusal=refusal,
        is_open=is_open,
        delivery=delivery_to(store, wanted.fulfilment, wanted.place),
        estimated_at=estimate,
        closes_at=store.calendar.closes_at(wanted.fulfilment, wanted.at) if is_open else None,
        opens_at=store.calendar.opens_at(wanted.fulfilment, wanted.at) if store.serving and not is_open else None,
    )


def delivery_to(store: Store, fulfilment: Fulfilment, place: Place) -> Delivery | None:
    """A zone that covers the place decides; else the radius does, and the store's own PIN code; None: not there."""
    if fulfilment != "delivery":
        return NOTHING_TO_BRING
    if zone := best(store.zones, place):
        return Delivery(zone=zone, fee=zone.fee, minutes=zone.minutes)
    if _within_radius(store, place) or place.postal_code == store.address.postal_code:
        return Delivery(zone=None, fee=store.delivery_fee, minutes=store.delivery_minutes)
    return None


def refuse_when_closed(store: Store, wanted: Wanted) -> None:
    """Raises StoreClosed or Invalid unless the store serves at the moment that is wanted."""
    if not store.active:
        raise StoreClosed(f"{store.name} is closed for good")
    if not store.accepting_orders:
        raise StoreClosed(f"{store.name} is not taking orders at the moment")
    if not store.calendar.offers(wanted.fulfilment):
        raise StoreClosed(f"{store.name} does not offer {wanted.fulfilment}")
    if wanted.scheduled_for is not None:
        _refuse_schedule(store, wanted.scheduled_for, wanted.at)
    wanted_at = wanted.at if wanted.scheduled_for is None else wanted.scheduled_for
    if not store.calendar.is_open(wanted.fulfilment, wanted_at):
        raise StoreClosed(_closed_until(store, wanted.fulfilment, wanted_at))


def estimated_at(store: Store, wanted: Wanted, delivery: Delivery) -> int:
    """When it is ready (pickup, dine-in) or at the door (delivery)."""
    if wanted.scheduled_for is not None:
        return wanted.scheduled_for
    return wanted.at + (store.prep_minutes + delivery.minutes) * MINUTE


def load_at(store: Store, scheduled_for: int | None, placed_at: int) -> int:
    """The moment at which an order burdens the kitchen: the scheduled one, else when it will be ready."""
    return placed_at + store.prep_minutes * MINUTE if scheduled_for is None else scheduled_for


def slot_start(store: Store, at: int) -> int:
    """The beginning of the slot that holds `at`: slots are counted from the store's midnight, in time that passes."""
    zone = ZoneInfo(store.time_zone)
    today = datetime.fromtimestamp(at // SECOND, zone).date()
    midnight = moment(zone, today, 0)
    length = store.slot_minutes * MINUTE
    return midnight + (at - midnight) // length * length


def bookable_slots(store: Store, fulfilment: Fulfilment, day: date, now: int) -> list[int]:
    """The beginnings of the slots of a local day for which an order can be scheduled."""
    soonest, latest = now + store.prep_minutes * MINUTE, now + SCHEDULE_DAYS_MAX * DAY
    if not store.serving or not store.calendar.local_date(now) <= day <= store.calendar.local_date(latest):
        return []
    zone = ZoneInfo(store.time_zone)
    midnights = moment(zone, day, 0), moment(zone, day + timedelta(days=1), 0)
    return [
        start
        for start in range(*midnights, store.slot_minutes * MINUTE)
        if soonest <= start <= latest and store.calendar.is_open(fulfilment, start)
    ]


def _within_radius(store: Store, place: Place) -> bool:
    if place.point is None or not store.delivery_radius_m:
        return False
    return distance_m((store.latitude, store.longitude), place.point) <= store.delivery_radius_m


def _refuse_schedule(store: Store, scheduled_for: int, at: int) -> None:
    if scheduled_for < at + store.prep_minutes * MINUTE:
        raise Invalid.field("scheduledFor", f"must be at least {store.prep_minutes} minutes from now")
    if scheduled_for > at + SCHEDULE_DAYS_MAX * DAY:
        raise Invalid.field("scheduledFor", f"must be at most {SCHEDULE_DAYS_MAX} days from now")


def _closed_until(store: Store, fulfilment: Fulfilment, at: int) -> str:
    opens_at = store.calendar.opens_at(fulfilment, at)
    if opens_at is None:
        return f"{store.name} is closed then"
    local = to_datetime(opens_at).astimezone(ZoneInfo(store.time_zone))
    return f"{store.name} is closed then for {fulfilment}; it opens on {local:%d %B at %H:%M}"


def _told(place: Place) -> str:
    return place.postal_code or "that place"
