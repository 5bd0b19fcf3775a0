"""What a store must be, and what changing it tells."""

from itertools import islice
from typing import Any

import pytest
from msgspec.structs import replace

from shikanji.contracts.store import DeliveryZoneUpdated, StoreCreated, StoreStatusChanged, StoreUpdated
from shikanji.kit.errors import Invalid
from shikanji.kit.india import STATES, gstin_check_digit, gstin_fault
from shikanji.services.store.errors import ClosureNotFound, HeadOfficeOnly, RoleNotGrantable, ZoneNotFound
from shikanji.services.store.model import store as rules
from shikanji.services.store.model.staff import Member, manager_may_grant, manager_may_touch
from tests.services.store.makers import CHURCH_STREET, daily, hours, make_closure, make_store, make_zone


def test_opening_a_store_tells_where_it_is() -> None:
    store, events = rules.open_store(make_store())

    assert events == (
        StoreCreated(
            store_id=store.id,
            name="Jain Shikanji – MG Road",
            slug="mg-road",
            city="Bengaluru",
            state="Karnataka",
            postal_code="560001",
            time_zone="Asia/Kolkata",
        ),
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"slug": "MG Road"}, "slug"),
        ({"slug": "-mg"}, "slug"),
        ({"code": "mgr"}, "code"),
        ({"code": "TOOLONG"}, "code"),
        ({"time_zone": "Asia/Bengaluru"}, "timeZone"),
        ({"time_zone": "America/Argentina"}, "timeZone"),
        ({"time_zone": "../../etc/passwd"}, "timeZone"),
        ({"time_zone": "posixrules"}, "timeZone"),
        ({"address": replace(CHURCH_STREET, state="Bavaria")}, "address.state"),
        ({"address": replace(CHURCH_STREET, postal_code="060001")}, "address.postalCode"),
        ({"address": replace(CHURCH_STREET, postal_code="५६०००१")}, "address.postalCode"),
        ({"gstin": "29ABCDE1234F1Z5"}, "gstin"),
        ({"gstin": "27AAPFU0939F1ZV"}, "gstin"),
        ({"fssai": "1234567890123"}, "fssai"),
        ({"slot_minutes": 7}, "slotMinutes"),
        ({"round_to": 33}, "roundTo"),
        ({"hours": (hours("11:00", "15:00"), hours("14:00", "16:00"))}, "hours"),
        ({"hours": (hours("11:00", "15:00", day=7),)}, "hours[0]"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.open_store(make_store(**wrong))

    assert [error.field for error in refused.value.errors] == [field]


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        rules.check(make_store(slug="?", code="?", fssai="?"))

    assert [error.field for error in refused.value.errors] == ["slug", "code", "fssai"]


@pytest.mark.parametrize("gstin", ["27AAPFU0939F1ZV", "24AAACC1206D1ZM", "29AAGCB7383J1Z4"])
def test_a_published_gstin_has_the_check_digit_that_the_sum_gives(gstin: str) -> None:
    assert gstin_check_digit(gstin[:14]) == gstin[14]


def test_a_gstin_must_be_of_the_stores_state() -> None:
    assert gstin_fault("29AAGCB7383J1Z4", "Karnataka") is None
    assert gstin_fault("29AAGCB7383J1Z4", "Kerala") == "begins with 29, but Kerala is 32"


@pytest.mark.parametrize("gstin", ["29AAGCB7383J1Z5", "29aagcb7383j1z4", "29AAGCB7383J1Z", "29AAGCB7383J1X4"])
def test_one_wrong_character_makes_no_gstin(gstin: str) -> None:
    assert gstin_fault(gstin, "Karnataka")


def test_states_have_codes_of_their_own() -> None:
    assert len(set(STATES.values())) == len(STATES) == 36


def test_changing_a_fact_raises_the_version_and_names_the_fields() -> None:
    before = make_store()

    after, events = rules.change(before, {"prep_minutes": 35, "delivery_radius_m": 5_000}, now=7)

    assert (after.version, after.updated_at, after.prep_minutes) == (before.version + 1, 7, 35)
    assert events == (StoreUpdated(store_id=before.id, changed=["deliveryRadiusKm", "prepMinutes"]),)


def test_pausing_tells_the_status_alone() -> None:
    _, events = rules.change(make_store(), {"accepting_orders": False}, now=7)

    assert events == (StoreStatusChanged(store_id="mg-road", active=True, accepting_orders=False),)


def test_status_and_facts_at_once_tell_both() -> None:
    _, events = rules.change(make_store(), {"active": False, "phone": "+918040000000"}, now=7)

    assert [type(event) for event in events] == [StoreUpdated, StoreStatusChanged]


def test_a_change_to_what_is_there_already_is_none() -> None:
    store = make_store()

    assert rules.change(store, {"prep_minutes": store.prep_minutes}, now=7) == (store, ())


def test_a_manager_changes_what_the_day_needs_and_nothing_else() -> None:
    rules.manager_may({"accepting_orders", "prep_minutes", "capacity_per_slot"})

    with pytest.raises(HeadOfficeOnly, match="deliveryFee"):
        rules.manager_may({"prep_minutes", "delivery_fee"})


def test_hours_are_kept_in_the_order_of_the_week() -> None:
    store, (told,) = rules.set_hours(make_store(), [hours("09:00", "10:00", day=3), hours("09:00", "10:00")], now=1)

    assert [each.day for each in store.hours] == [0, 3]
    assert told == StoreUpdated(store_id=store.id, changed=["hours"])


def test_closures_come_and_go() -> None:
    diwali, holi = make_closure("2026-11-08", "2026-11-09", id="diwali"), make_closure("2026-03-04", "2026-03-04")

    store = rules.add_closure(rules.add_closure(make_store(), diwali, 1).store, holi, 2).store
    assert store.closures == (holi, diwali)

    assert rules.remove_closure(store, "diwali", 3).store.closures == (holi,)
    with pytest.raises(ClosureNotFound):
        rules.remove_closure(store, "eid", 3)


def test_a_closure_must_not_end_before_it_begins() -> None:
    with pytest.raises(Invalid, match="last"):
        rules.add_closure(make_store(), make_closure("2026-11-09", "2026-11-08"), 1)


def test_closures_are_limited() -> None:
    full = make_store(closures=(make_closure("2026-11-08", "2026-11-08"),) * rules.CLOSURES_MAX)

    with pytest.raises(Invalid, match="at most"):
        rules.add_closure(full, make_closure("2026-11-09", "2026-11-09"), 1)


def test_adding_changing_and_removing_a_zone_is_told() -> None:
    store, added = rules.put_zone(make_store(), make_zone(), 1)
    store, changed = rules.put_zone(store, make_zone(fee=9_900), 2)
    assert rules.find_zone(store, "near").fee == 9_900
    store, removed = rules.remove_zone(store, "near", 3)

    assert added == changed == (DeliveryZoneUpdated(store_id="mg-road", zone_id="near", removed=False),)
    assert removed == (DeliveryZoneUpdated(store_id="mg-road", zone_id="near", removed=True),)
    assert (store.zones, store.version) == ((), 4)


def test_the_same_zone_again_tells_nothing() -> None:
    store = make_store(zones=(make_zone(),))

    assert rules.put_zone(store, make_zone(), 1) == (store, ())


def test_a_zone_that_is_not_there_cannot_go() -> None:
    with pytest.raises(ZoneNotFound):
        rules.remove_zone(make_store(), "near", 1)
    with pytest.raises(ZoneNotFound):
        rules.find_zone(make_store(), "near")


@pytest.mark.parametrize(
    "wrong",
    [
        {"postal_codes": (), "polygon": ()},
        {"polygon": ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0))},
        {"postal_codes": (), "polygon": ((0.0, 0.0), (1.0, 1.0), (2.0, 2.0))},
    ],
)
def test_a_zone_is_either_postal_codes_or_an_area(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        rules.put_zone(make_store(), make_zone(**wrong), 1)


def test_zones_are_limited() -> None:
    full = make_store(zones=tuple(make_zone(id=str(each)) for each in range(rules.ZONES_MAX)))

    with pytest.raises(Invalid, match="at most"):
        rules.put_zone(full, make_zone(id="one more"), 1)


def test_a_store_delivers_to_its_own_postal_code_and_those_of_its_zones() -> None:
    assert make_store(zones=(make_zone(postal_codes=("560025", "560042")),)).postal_codes() == {
        "560001",
        "560025",
        "560042",
    }


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Jain Shikanji – MG Road", "jain-shikanji-mg-road"), ("  Café & Co. ", "caf-co"), ("शिकंजी", "")],
)
def test_a_slug_is_made_of_the_plain_letters_of_the_name(name: str, slug: str) -> None:
    assert rules.slug_of(name) == slug


def test_codes_are_made_from_the_last_word() -> None:
    assert list(islice(rules.codes_for("jain-shikanji-koramangala"), 2)) == ["KOR1", "KOR2"]


def test_open_means_that_one_could_order_now() -> None:
    store = make_store(hours=daily("00:00", "24:00"))

    assert store.is_open(0)
    assert not replace(store, accepting_orders=False).is_open(0)
    assert not replace(store, active=False).is_open(0)
    assert not replace(store, hours=()).is_open(0)


def test_a_manager_grants_what_is_below_manager() -> None:
    manager_may_grant("chef")

    with pytest.raises(RoleNotGrantable):
        manager_may_grant("manager")


def test_a_manager_changes_neither_himself_nor_another_manager() -> None:
    place = Member("staff", "mg-road", "account", "cashier", 1, 0)
    manager_may_touch(place)

    with pytest.raises(RoleNotGrantable):
        manager_may_touch(replace(place, role="manager"))
