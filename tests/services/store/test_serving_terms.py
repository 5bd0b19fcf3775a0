"""Is it open, does it deliver there, at what fee and by when. 2026-11-23 is a Monday."""

from datetime import date
from typing import Any

import pytest

from shikanji.kit.clock import DAY, HOUR, MINUTE
from shikanji.kit.errors import Invalid
from shikanji.services.store.errors import NotDeliveredThere, StoreClosed
from shikanji.services.store.model import serving
from shikanji.services.store.model.selling import seller_of
from shikanji.services.store.model.serving import Wanted
from shikanji.services.store.model.zones import Place
from tests.services.store.makers import daily, hours, local, make_closure, make_store, make_zone

NOON = local("2026-11-23 12:00")
HERE = Place(postal_code="560001")


def wanted(**changes: Any) -> Wanted:
    fields: dict[str, Any] = {"fulfilment": "delivery", "place": HERE, "at": NOON}
    return Wanted(**(fields | changes))


def test_terms_say_who_serves_and_how_sums_are_made() -> None:
    terms = serving.terms(make_store(gstin="29AAGCB7383J1Z4", round_to=100), wanted())

    assert (terms.store_id, terms.store_name, terms.store_code) == ("mg-road", "Jain Shikanji – MG Road", "MGR1")
    assert (terms.state, terms.gstin, terms.time_zone) == ("Karnataka", "29AAGCB7383J1Z4", "Asia/Kolkata")
    assert (terms.fee_tax_class, terms.round_to, terms.slot_held) == ("delivery", 100, False)


def test_a_zone_decides_fee_and_minutes() -> None:
    store = make_store(zones=(make_zone(fee=1_500, minutes=15),), prep_minutes=20)

    terms = serving.terms(store, wanted())

    assert (terms.zone_id, terms.delivery_fee) == ("near", 1_500)
    assert terms.estimated_at == NOON + 35 * MINUTE


def test_beyond_the_zones_the_radius_counts_with_the_stores_own_fee() -> None:
    store = make_store(zones=(make_zone(postal_codes=("560099",)),), delivery_minutes=40)

    terms = serving.terms(store, wanted(place=Place(postal_code="560034", point=(12.9279, 77.6271))))

    assert (terms.zone_id, terms.delivery_fee) == (None, 3_000)
    assert terms.estimated_at == NOON + 60 * MINUTE


def test_the_stores_own_postal_code_is_always_near_enough() -> None:
    assert serving.terms(make_store(delivery_radius_m=0), wanted()).delivery_fee == 3_000


@pytest.mark.parametrize(
    "place",
    [
        Place(),
        Place(postal_code="110001"),
        Place(postal_code="110001", point=(28.6139, 77.2090)),
    ],
)
def test_what_no_zone_and_no_radius_reaches_is_not_delivered(place: Place) -> None:
    with pytest.raises(NotDeliveredThere):
        serving.terms(make_store(), wanted(place=place))


def test_a_store_without_a_radius_does_not_look_at_the_map() -> None:
    with pytest.raises(NotDeliveredThere):
        serving.terms(make_store(delivery_radius_m=0), wanted(place=Place(point=(12.9716, 77.5946))))


def test_a_polygon_on_the_map_is_a_zone() -> None:
    around = ((12.9, 77.5), (12.9, 77.7), (13.1, 77.7), (13.1, 77.5))
    store = make_store(zones=(make_zone(postal_codes=(), polygon=around, fee=0),), delivery_radius_m=0)

    assert serving.terms(store, wanted(place=Place(point=(12.9716, 77.5946)))).zone_id == "near"


@pytest.mark.parametrize("fulfilment", ["pickup", "dine-in"])
def test_who_comes_himself_pays_no_fee_and_owes_no_minimum(fulfilment: str) -> None:
    terms = serving.terms(make_store(), wanted(fulfilment=fulfilment, place=Place()))

    assert (terms.delivery_fee, terms.minimum_order, terms.free_delivery_above) == (0, 0, None)
    assert terms.estimated_at == NOON + 20 * MINUTE


def test_a_delivery_has_a_minimum_and_may_be_free_above_a_sum() -> None:
    terms = serving.terms(make_store(), wanted())

    assert (terms.minimum_order, terms.free_delivery_above) == (10_000, 50_000)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"active": False}, "for good"),
        ({"accepting_orders": False}, "at the moment"),
        ({"hours": (hours("00:00", "24:00"),)}, "does not offer delivery"),
        ({"hours": daily("18:00", "23:00")}, "opens on 23 November at 18:00"),
        ({"closures": (make_closure("2026-11-23", "2026-11-23"),)}, "opens on 24 November at 00:00"),
        ({"closures": (make_closure("2026-01-01", "2030-01-01"),)}, "is closed then"),
    ],
)
def test_a_closed_store_says_why_and_when_it_opens(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(StoreClosed, match=told):
        serving.terms(make_store(**changes), wanted())


def test_a_scheduled_order_counts_at_its_own_time() -> None:
    store = make_store(hours=daily("18:00", "23:00"))
    evening = local("2026-11-23 19:00")

    assert serving.terms(store, wanted(scheduled_for=evening)).estimated_at == evening


def test_a_scheduled_order_stays_inside_that_days_hours() -> None:
    with pytest.raises(StoreClosed):
        serving.terms(make_store(hours=daily("11:00", "23:00")), wanted(scheduled_for=local("2026-11-24 03:00")))


@pytest.mark.parametrize(
    ("ahead", "fine"),
    [
        (20 * MINUTE - 1, False),
        (20 * MINUTE, True),
        (7 * DAY, True),
        (7 * DAY + 1, False),
        (-DAY, False),
        (2**62, False),
    ],
)
def test_a_scheduled_time_is_from_preparation_to_seven_days_ahead(ahead: int, fine: bool) -> None:
    if fine:
        serving.terms(make_store(prep_minutes=20), wanted(scheduled_for=NOON + ahead))
    else:
        with pytest.raises(Invalid, match="scheduledFor"):
            serving.terms(make_store(prep_minutes=20), wanted(scheduled_for=NOON + ahead))


def test_an_outlook_tells_what_terms_would_raise() -> None:
    store = make_store(hours=daily("18:00", "23:00"))

    seen = serving.outlook(store, wanted())

    assert isinstance(seen.refusal, StoreClosed)
    assert not seen.is_open
    assert seen.opens_at == local("2026-11-23 18:00")
    assert seen.delivery is not None
    assert seen.estimated_at is None


def test_an_outlook_of_an_open_store_tells_until_when() -> None:
    seen = serving.outlook(make_store(hours=daily("11:00", "23:00")), wanted())

    assert (seen.refusal, seen.opens_at, seen.closes_at) == (None, None, local("2026-11-23 23:00"))


def test_slots_are_counted_from_the_stores_midnight() -> None:
    store = make_store(slot_minutes=60)

    assert serving.slot_start(store, local("2026-11-23 12:59")) == local("2026-11-23 12:00")
    assert serving.slot_start(store, local("2026-11-23 00:00")) == local("2026-11-23 00:00")


def test_slots_of_a_day_of_25_hours_are_distinct() -> None:
    store = make_store(slot_minutes=60, time_zone="America/New_York")
    first = local("2026-11-01 01:30", "America/New_York", fold=0)

    assert serving.slot_start(store, first + HOUR) == serving.slot_start(store, first) + HOUR


def test_an_order_burdens_the_kitchen_when_it_will_be_ready_or_when_it_is_wanted() -> None:
    store = make_store(prep_minutes=25)

    assert serving.load_at(store, None, NOON) == NOON + 25 * MINUTE
    assert serving.load_at(store, NOON + DAY, NOON) == NOON + DAY


def test_bookable_slots_lie_in_the_hours_and_ahead_of_now() -> None:
    store = make_store(hours=daily("11:00", "14:00"), prep_minutes=20)

    slots = serving.bookable_slots(store, "delivery", date(2026, 11, 23), NOON)

    assert slots == [local(f"2026-11-23 {at}") for at in ("12:30", "13:00", "13:30")]


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2026, 12, 1), date.min, date.max])
def test_no_slot_can_be_booked_on_a_day_out_of_reach(day: date) -> None:
    assert serving.bookable_slots(make_store(), "delivery", day, NOON) == []


def test_a_store_that_takes_no_orders_has_no_slots() -> None:
    assert serving.bookable_slots(make_store(accepting_orders=False), "delivery", date(2026, 11, 23), NOON) == []


def test_an_invoice_names_the_registered_seller_and_the_shop_where_nobody_said_another() -> None:
    shop = make_store(gstin="29AAGCB7383J1Z4")
    registered = make_store(gstin="29AAGCB7383J1Z4", legal_name="Bengaluru Drinks LLP")

    assert (seller_of(shop).legal_name, seller_of(registered).legal_name) == (shop.name, "Bengaluru Drinks LLP")
    assert (seller_of(shop).gstin, seller_of(shop).state_code) == ("29AAGCB7383J1Z4", "29")
