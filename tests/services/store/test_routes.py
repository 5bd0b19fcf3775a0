"""The HTTP edge of the store service."""

from typing import Any

import pytest

from shikanji.kit.clock import DAY, MINUTE, to_rfc3339
from shikanji.services.store import actions
from tests.kit.databases import NOON, OpenDatabase
from tests.services.store.edge import MEENA, NOWHERE, RAVI, Shop, open_shop
from tests.services.store.makers import make_closure, make_zone

ADDRESS = {"line1": "1 Brigade Road", "city": "Bengaluru", "state": "Karnataka", "postalCode": "560025"}
NEW_STORE = {"name": "Jain Shikanji – Brigade Road", "address": ADDRESS, "latitude": 12.97, "longitude": 77.6}
ZONE = {"name": "Near", "postalCodes": ["560001"], "fee": 2_000, "minutes": 25}
HOURS = {"hours": [{"fulfilment": "pickup", "day": "friday", "opens": "18:00", "closes": "02:00"}]}
CLOSURE = {"first": "2026-12-25", "last": "2026-12-25"}


@pytest.fixture
async def shop(database: OpenDatabase) -> Shop:
    return await open_shop(database)


async def staff_id(shop: Shop, role: Any = "chef", person: Any = RAVI) -> str:
    member = await shop.database.write(actions.add_staff, shop.here.id, person, role, head_office=True)
    return member.id


# Who may do what: 401 without a token, 403 for who is known and may not, 404 for what is not there.
WRITES: list[tuple[str, str, Any, str, str]] = [
    ("POST", "", NEW_STORE, "admin", "manager"),
    ("PUT", "{here}", {"prepMinutes": 30}, "manager", "chef"),
    ("DELETE", "{here}", None, "admin", "manager"),
    ("PUT", "{here}/status", {"acceptingOrders": False}, "manager", "cashier"),
    ("GET", "{here}/settings", None, "chef", "chef of other"),
    ("PUT", "{here}/settings", {"capacityPerSlot": 10}, "manager", "support"),
    ("PUT", "{here}/hours", HOURS, "manager", "delivery"),
    ("POST", "{here}/closures", CLOSURE, "manager", "chef"),
    ("POST", "{here}/zones", ZONE, "admin", "manager"),
    ("GET", "{here}/staff", None, "manager", "chef"),
    ("POST", "{here}/staff", {"identifier": "ravi@demo.test", "role": "chef"}, "manager", "cashier"),
]


@pytest.mark.parametrize(("method", "path", "body", "may", "may_not"), WRITES)
async def test_only_who_may_does(shop: Shop, method: str, path: str, body: Any, may: str, may_not: str) -> None:
    assert (await shop.ask(method, path, body)).status == 401
    assert (await shop.ask(method, path, body, "customer")).status == 403
    assert (await shop.ask(method, path, body, may_not)).status == 403
    assert (await shop.ask(method, path, body, "manager of other")).status == 403
    assert shop.told() == []

    assert (await shop.ask(method, path, body, may)).status in (200, 201, 204)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "{nowhere}", None),
        ("PUT", "{nowhere}", {"prepMinutes": 30}),
        ("DELETE", "{nowhere}", None),
        ("PUT", "{nowhere}/status", {"active": True}),
        ("GET", "{nowhere}/settings", None),
        ("PUT", "{nowhere}/settings", {}),
        ("GET", "{nowhere}/hours", None),
        ("PUT", "{nowhere}/hours", HOURS),
        ("GET", "{nowhere}/closures", None),
        ("POST", "{nowhere}/closures", CLOSURE),
        ("DELETE", f"{{here}}/closures/{NOWHERE}", None),
        ("GET", "{nowhere}/zones", None),
        ("POST", "{nowhere}/zones", ZONE),
        ("PUT", f"{{here}}/zones/{NOWHERE}", ZONE),
        ("DELETE", f"{{here}}/zones/{NOWHERE}", None),
        ("GET", "{nowhere}/serving", None),
        ("GET", "{nowhere}/slots?date=2026-11-22", None),
        ("GET", "{nowhere}/staff", None),
        ("POST", "{nowhere}/staff", {"identifier": "ravi@demo.test", "role": "chef"}),
        ("GET", f"{{here}}/staff/{NOWHERE}", None),
        ("PUT", f"{{here}}/staff/{NOWHERE}", {"role": "chef"}),
        ("DELETE", f"{{here}}/staff/{NOWHERE}", None),
    ],
)
async def test_what_is_not_there_is_404(shop: Shop, method: str, path: str, body: Any) -> None:
    assert (await shop.ask(method, path, body, "admin")).status == 404
    assert shop.told() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "", NEW_STORE | {"name": " "}, "name"),
        ("POST", "", NEW_STORE | {"name": "Two\nlines"}, "name"),
        ("POST", "", NEW_STORE | {"roundTo": 33}, "roundTo"),
        ("POST", "", NEW_STORE | {"owner": "me"}, "owner"),
        ("POST", "", NEW_STORE | {"latitude": 91}, "latitude"),
        ("POST", "", NEW_STORE | {"phone": "080 4123"}, "phone"),
        ("POST", "", NEW_STORE | {"email": "a@b.test\n"}, "email"),
        ("POST", "", NEW_STORE | {"gstin": "29ABCDE1234F1Z5"}, "gstin"),
        ("POST", "", NEW_STORE | {"timeZone": "Asia/Bengaluru"}, "timeZone"),
        ("POST", "", NEW_STORE | {"minimumOrder": -1}, "minimumOrder"),
        ("POST", "", NEW_STORE | {"address": ADDRESS | {"postalCode": "5600"}}, "address.postalCode"),
        ("POST", "", NEW_STORE | {"address": ADDRESS | {"state": "Bavaria"}}, "address.state"),
        ("PUT", "{here}", {"prepMinutes": "30"}, "prepMinutes"),
        ("PUT", "{here}", {"capacityPerSlot": 0}, "capacityPerSlot"),
        ("PUT", "{here}", {"name": None}, "name"),
        ("PUT", "{here}/status", {"acceptingOrders": 1}, "acceptingOrders"),
        ("PUT", "{here}/settings", {"slotMinutes": 7}, "slotMinutes"),
        ("PUT", "{here}/hours", {"hours": [HOURS["hours"][0] | {"opens": "25:00"}]}, "hours[0].opens"),
        ("PUT", "{here}/hours", {"hours": HOURS["hours"] * 2}, "hours"),
        ("POST", "{here}/closures", {"first": "2026-12-25", "last": "2026-12-24"}, "last"),
        ("POST", "{here}/closures", {"first": "2026-02-30", "last": "2026-12-24"}, "first"),
        ("POST", "{here}/zones", ZONE | {"polygon": [[1, 2], [2, 3], [3, 1]]}, "postalCodes"),
        ("POST", "{here}/zones", ZONE | {"postalCodes": ["56000"]}, "postalCodes[0]"),
        ("POST", "{here}/staff", {"identifier": "ravi@demo.test", "role": "owner"}, "role"),
        ("GET", "?postalCode=ABC", None, "postalCode"),
        ("GET", "?cursor=nonsense", None, "cursor"),
        ("GET", "{here}/serving?at=noon", None, "at"),
        ("GET", "{here}/serving?latitude=12.9", None, "longitude"),
        ("GET", "{here}/slots?date=today", None, "date"),
        ("GET", "{here}/slots", None, "date"),
    ],
)
async def test_what_is_wrong_is_named_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, field: str
) -> None:
    answer = await shop.ask(method, path, body, "admin")

    assert (answer.status, answer.field) == (422, field)
    assert shop.told() == []


async def test_anyone_sees_the_stores_that_are_open(shop: Shop) -> None:
    answer = await shop.ask("GET", "")

    assert [store["slug"] for store in answer.data] == ["mg-road", "koramangala"]
    first = answer.data[0]
    assert (first["id"], first["isOpen"], first["opensAt"]) == (shop.here.id, True, None)
    assert (first["address"]["stateCode"], first["deliveryRadiusKm"]) == ("29", 10.0)
    assert answer.json["meta"] == {"nextCursor": None}


async def test_stores_come_in_pages(shop: Shop) -> None:
    first = await shop.ask("GET", "?limit=1")
    second = await shop.ask("GET", f"?limit=1&cursor={first.json['meta']['nextCursor']}")

    assert [store["slug"] for store in first.data + second.data] == ["mg-road", "koramangala"]
    assert second.json["meta"] == {"nextCursor": None}


async def test_stores_are_found_by_postal_code(shop: Shop) -> None:
    await shop.database.write(actions.add_zone, shop.other.id, make_zone(postal_codes=("560034",)))

    answer = await shop.ask("GET", "?postalCode=560034")

    assert [store["slug"] for store in answer.data] == ["koramangala"]


async def test_only_head_office_lists_closed_stores(shop: Shop) -> None:
    await shop.ask("DELETE", "{here}", token="admin")

    assert [store["slug"] for store in (await shop.ask("GET", "")).data] == ["koramangala"]
    assert (await shop.ask("GET", "?status=all")).status == 401
    assert (await shop.ask("GET", "?status=inactive", token="manager")).status == 403
    closed = await shop.ask("GET", "?status=inactive", token="admin")
    assert [(store["slug"], store["isOpen"], store["opensAt"]) for store in closed.data] == [("mg-road", False, None)]


async def test_a_closed_store_is_there_for_its_staff_only(shop: Shop) -> None:
    await shop.ask("DELETE", "{here}", token="admin")

    for token, status in ((None, 404), ("customer", 404), ("manager of other", 404), ("chef", 200), ("admin", 200)):
        assert (await shop.ask("GET", "{here}", token=token)).status == status
        assert (await shop.ask("GET", "{here}/serving", token=token)).status == status
    assert shop.told() == ["StoreStatusChanged"]


async def test_a_new_store_gets_slug_and_code_from_its_name(shop: Shop) -> None:
    answer = await shop.ask("POST", "", NEW_STORE, "admin")

    assert answer.status == 201
    assert (answer.data["slug"], answer.data["code"]) == ("jain-shikanji-brigade-road", "ROA1")
    assert (answer.data["isOpen"], answer.data["fulfilments"]) == (False, [])
    assert (await shop.ask("GET", f"/{answer.data['id']}")).data == answer.data


async def test_the_same_store_again_is_a_conflict(shop: Shop) -> None:
    again = NEW_STORE | {"slug": "mg-road"}

    answer = await shop.ask("POST", "", again, "admin")

    assert (answer.status, answer.json["type"].rpartition(":")[2]) == (409, "slug-taken")


async def test_head_office_changes_everything_that_it_gives_and_nothing_else(shop: Shop) -> None:
    changes = {"name": "Renamed", "deliveryRadiusKm": 2.5, "freeDeliveryAbove": None, "address": ADDRESS}

    answer = await shop.ask("PUT", "{here}", changes, "admin")

    assert (answer.data["name"], answer.data["deliveryRadiusKm"]) == ("Renamed", 2.5)
    assert (answer.data["freeDeliveryAbove"], answer.data["address"]["postalCode"]) == (None, "560025")
    assert answer.data["minimumOrder"] == shop.here.minimum_order
    assert shop.told() == ["StoreUpdated"]


@pytest.mark.parametrize("body", [{"deliveryFee": 0}, {"active": False}, {"prepMinutes": 5, "name": "Mine"}])
async def test_a_manager_does_not_change_what_is_head_offices(shop: Shop, body: Any) -> None:
    answer = await shop.ask("PUT", "{here}", body, "manager")

    assert (answer.status, answer.json["type"].rpartition(":")[2]) == (403, "head-office-only")
    assert shop.told() == []


async def test_a_stale_edit_is_refused_and_one_of_what_was_read_is_not(shop: Shop) -> None:
    read = await shop.ask("GET", "{here}")

    first = await shop.ask("PUT", "{here}", {"prepMinutes": 30}, "manager", if_match=read.headers["etag"])
    second = await shop.ask("PUT", "{here}", {"prepMinutes": 40}, "manager", if_match=read.headers["etag"])

    assert (first.status, second.status) == (200, 412)


async def test_a_reader_is_told_when_the_store_has_closed_since(shop: Shop) -> None:
    weekly = [
        {"fulfilment": "pickup", "day": "sunday", "opens": "11:00", "closes": "12:30"},
        {"fulfilment": "pickup", "day": "monday", "opens": "11:00", "closes": "12:30"},
    ]
    await shop.ask("PUT", "{here}/hours", {"hours": weekly}, "manager")
    read = await shop.ask("GET", "{here}")

    unchanged = await shop.ask("GET", "{here}", if_none_match=read.headers["etag"])
    shop.database.clock.advance(60 * MINUTE)
    closed = await shop.ask("GET", "{here}", if_none_match=read.headers["etag"])

    assert unchanged.status == 304
    assert (closed.status, closed.data["isOpen"]) == (200, False)
    assert closed.data["opensAt"] == "2026-11-23T05:30:00.000000Z"


async def test_pausing_closes_the_store_until_it_is_lifted(shop: Shop) -> None:
    paused = await shop.ask("PUT", "{here}/status", {"acceptingOrders": False}, "manager")

    assert paused.data == {"active": True, "acceptingOrders": False, "isOpen": False}
    assert (await shop.ask("GET", "{here}/serving?fulfilment=pickup")).data["reason"] == "store-closed"
    assert shop.told() == ["StoreStatusChanged"]


async def test_settings_are_for_those_who_work_there(shop: Shop) -> None:
    changed = await shop.ask("PUT", "{here}/settings", {"capacityPerSlot": 12}, "manager")

    assert changed.data["capacityPerSlot"] == 12
    assert (await shop.ask("GET", "{here}/settings", token="delivery")).data == changed.data
    assert "capacityPerSlot" not in (await shop.ask("GET", "{here}")).data
    assert (await shop.ask("PUT", "{here}/settings", {"roundTo": 100}, "manager")).status == 403
    lifted = await shop.ask("PUT", "{here}/settings", {"capacityPerSlot": None}, "manager")
    assert lifted.data["capacityPerSlot"] is None


async def test_hours_are_set_as_a_whole(shop: Shop) -> None:
    answer = await shop.ask("PUT", "{here}/hours", HOURS, "manager")

    assert answer.data == HOURS["hours"]
    assert (await shop.ask("GET", "{here}/hours")).data == HOURS["hours"]
    assert (await shop.ask("GET", "{here}")).data["fulfilments"] == ["pickup"]
    stale = await shop.ask("PUT", "{here}/hours", {"hours": []}, "manager", if_match='"1"')
    assert stale.status == 412


async def test_hours_until_midnight_are_shown_as_they_were_given(shop: Shop) -> None:
    until_midnight = {"fulfilment": "delivery", "day": "monday", "opens": "00:00", "closes": "24:00"}

    answer = await shop.ask("PUT", "{here}/hours", {"hours": [until_midnight]}, "admin")

    assert answer.data == [until_midnight]


async def test_closures_are_added_listed_and_taken_back(shop: Shop) -> None:
    added = await shop.ask("POST", "{here}/closures", CLOSURE | {"reason": "Christmas"}, "manager")

    assert added.status == 201
    assert (await shop.ask("GET", "{here}/closures")).data == [added.data]
    path = f"{{here}}/closures/{added.data['id']}"
    assert (await shop.ask("DELETE", path, token="chef")).status == 403
    assert (await shop.ask("DELETE", path, token="manager")).status == 204
    assert (await shop.ask("GET", "{here}/closures")).data == []


async def test_zones_are_added_changed_listed_and_removed(shop: Shop) -> None:
    added = await shop.ask("POST", "{here}/zones", ZONE, "admin")
    path = f"{{here}}/zones/{added.data['id']}"

    square = {"name": "Square", "polygon": [[12.9, 77.5], [12.9, 77.7], [13.1, 77.7]], "fee": 0, "minutes": 20}
    changed = await shop.ask("PUT", path, square, "admin", if_match='"3"')

    assert (added.status, changed.status) == (201, 200)
    assert (await shop.ask("GET", "{here}/zones")).data == [changed.data]
    assert (await shop.ask("PUT", path, ZONE, "admin", if_match='"3"')).status == 412
    for token, status in ((None, 401), ("customer", 403), ("manager", 403), ("admin", 204)):
        assert (await shop.ask("DELETE", path, token=token)).status == status
    assert shop.told() == ["DeliveryZoneUpdated"] * 3


async def test_serving_says_fee_and_time_for_a_place(shop: Shop) -> None:
    await shop.database.write(actions.add_zone, shop.here.id, make_zone(fee=1_500, minutes=25))

    answer = await shop.ask("GET", "{here}/serving?postalCode=560001")

    assert answer.data | {"zoneId": "?"} == {
        "serves": True,
        "reason": None,
        "detail": None,
        "isOpen": True,
        "deliversThere": True,
        "deliveryFee": 1_500,
        "freeDeliveryAbove": 50_000,
        "minimumOrder": 10_000,
        "zoneId": "?",
        "estimatedAt": to_rfc3339(NOON + 45 * MINUTE),
        "closesAt": None,
        "opensAt": None,
    }


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("?postalCode=110001", "not-delivered-there"),
        ("?fulfilment=pickup&at=2026-11-22T12:05:00%2B05:30", "invalid"),
        ("?fulfilment=pickup&at=2026-12-22T12:05:00%2B05:30", "invalid"),
        ("?fulfilment=pickup&at=0001-01-01T00:00:00Z", "invalid"),
        ("?fulfilment=pickup&at=9999-12-31T23:59:59Z", "invalid"),
        ("?fulfilment=pickup&at=2026-11-25T12:05:00%2B05:30", "store-closed"),
    ],
)
async def test_serving_says_what_stands_in_the_way(shop: Shop, query: str, reason: str) -> None:
    await shop.database.write(actions.add_closure, shop.here.id, make_closure("2026-11-25", "2026-11-25"))

    answer = await shop.ask("GET", "{here}/serving" + query)

    assert (answer.data["serves"], answer.data["reason"], answer.data["estimatedAt"]) == (False, reason, None)


async def test_serving_by_the_map(shop: Shop) -> None:
    near = await shop.ask("GET", "{here}/serving?latitude=12.93&longitude=77.62")
    far = await shop.ask("GET", "{here}/serving?latitude=28.61&longitude=77.20")

    assert (near.data["deliversThere"], near.data["deliveryFee"]) == (True, 3_000)
    assert (far.data["deliversThere"], far.data["deliveryFee"]) == (False, None)


async def test_slots_of_a_day_and_what_is_left_of_them(shop: Shop) -> None:
    path = "{here}/slots?fulfilment=pickup&date=2026-11-22"
    unlimited = await shop.ask("GET", path)
    await shop.ask("PUT", "{here}/settings", {"capacityPerSlot": 3}, "manager")
    limited = await shop.ask("GET", path)

    assert unlimited.data[0] == {"startsAt": to_rfc3339(NOON + 30 * MINUTE), "left": None}
    assert limited.data[0]["left"] == 3
    assert len(limited.data) == 23
    assert (await shop.ask("GET", "{here}/slots?date=2027-11-22")).data == []


async def test_staff_is_added_by_a_verified_address_and_shown_with_names(shop: Shop) -> None:
    added = await shop.ask("POST", "{here}/staff", {"identifier": "ravi@demo.test", "role": "chef"}, "manager")
    await staff_id(shop, "cashier", MEENA)

    assert (added.status, added.headers["etag"]) == (201, '"1"')
    assert (added.data["name"], added.data["role"], added.data["accountId"]) == ("Ravi", "chef", RAVI.account_id)
    listed = await shop.ask("GET", "{here}/staff?limit=1", token="manager")
    assert listed.data == [added.data]
    rest = await shop.ask("GET", f"{{here}}/staff?cursor={listed.json['meta']['nextCursor']}", token="admin")
    assert [(member["name"], member["role"]) for member in rest.data] == [("Meena", "cashier")]


async def test_staff_whose_account_is_gone_is_still_listed(shop: Shop) -> None:
    member = await staff_id(shop)
    shop.neighbours.people.clear()

    answer = await shop.ask("GET", f"{{here}}/staff/{member}", token="manager")

    assert (answer.data["name"], answer.data["role"]) == (None, "chef")


async def test_an_empty_staff_list_asks_nobody(shop: Shop) -> None:
    assert (await shop.ask("GET", "{here}/staff", token="manager")).data == []
    assert shop.neighbours.asked == []


async def test_staff_needs_an_account_that_is_verified(shop: Shop) -> None:
    answer = await shop.ask("POST", "{here}/staff", {"identifier": "nobody@demo.test", "role": "chef"}, "manager")

    assert (answer.status, answer.json["type"].rpartition(":")[2]) == (422, "account-not-verified")


async def test_the_same_person_twice_is_a_conflict(shop: Shop) -> None:
    await staff_id(shop)

    answer = await shop.ask("POST", "{here}/staff", {"identifier": "ravi@demo.test", "role": "cashier"}, "admin")

    assert (answer.status, answer.json["type"].rpartition(":")[2]) == (409, "already-staff")


async def test_a_manager_decides_below_manager_only(shop: Shop) -> None:
    chef, boss = await staff_id(shop), await staff_id(shop, "manager", MEENA)

    async def may_not(method: str, path: str, body: Any = None) -> None:
        answer = await shop.ask(method, path, body, "manager")
        assert (answer.status, answer.json["type"].rpartition(":")[2]) == (403, "role-not-grantable")

    await may_not("POST", "{here}/staff", {"identifier": "ravi@demo.test", "role": "manager"})
    await may_not("PUT", f"{{here}}/staff/{chef}", {"role": "manager"})
    await may_not("PUT", f"{{here}}/staff/{boss}", {"role": "chef"})
    await may_not("DELETE", f"{{here}}/staff/{boss}")
    assert (await shop.ask("PUT", f"{{here}}/staff/{boss}", {"role": "chef"}, "admin")).status == 200


async def test_a_role_is_changed_and_ended(shop: Shop) -> None:
    chef = f"{{here}}/staff/{await staff_id(shop)}"

    read = await shop.ask("GET", chef, token="manager")
    changed = await shop.ask("PUT", chef, {"role": "support"}, "manager", if_match=read.headers["etag"])
    stale = await shop.ask("PUT", chef, {"role": "chef"}, "manager", if_match=read.headers["etag"])

    assert (changed.data["role"], stale.status) == ("support", 412)
    for token, status in ((None, 401), ("customer", 403), ("chef", 403), ("manager of other", 403), ("manager", 204)):
        assert (await shop.ask("DELETE", chef, token=token)).status == status
    assert (await shop.ask("GET", chef, token="manager")).status == 404
    assert shop.told() == ["StaffAdded", "StaffUpdated", "StaffRemoved"]


async def test_staff_of_another_store_is_not_found_in_the_own(shop: Shop) -> None:
    chef = await staff_id(shop)

    for method, body in (("GET", None), ("PUT", {"role": "chef"}), ("DELETE", None)):
        assert (await shop.ask(method, f"{{other}}/staff/{chef}", body, "manager of other")).status == 404


async def test_no_edit_reaches_another_store(shop: Shop) -> None:
    before = (await shop.ask("GET", "{other}")).data

    await shop.ask("PUT", "{here}", {"prepMinutes": 55}, "manager")
    shop.database.clock.advance(DAY)

    assert (await shop.ask("GET", "{other}")).data == before
