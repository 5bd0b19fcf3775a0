"""The HTTP edge: who may do what, what shape it has, what is refused."""

from typing import Any

import pytest

from shikanji.services.inventory import actions, service
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import counts
from tests.services.inventory.edge import Door, make_room
from tests.services.inventory.makers import (
    CATEGORY,
    EXTRAS,
    OTHER_STORE,
    SHIKANJI,
    SIZE,
    STORE,
    hold,
    number,
)

PURCHASING = ("/api/v1/suppliers", "/api/v1/purchase-orders")
"""In `test_purchase_routes.py`."""
NOWHERE = "0190dead-0000-7000-8000-000000000000"
SWEET = {
    "name": "Sweet Lassi",
    "nameHi": "मीठी लस्सी",
    "sku": "LAS-1",
    "categoryId": CATEGORY,
    "price": 9_000,
    "taxClass": "food-5",
    "ingredients": ["Curd", "Sugar", "Cardamom"],
}
SNACKS = {"name": "Snacks"}
RATE = {"taxClass": "packaged-12", "name": "Packaged", "rateBp": 1_200, "hsn": "0910"}
COUNTED = {"storeId": STORE, "delta": -2, "reason": "two spilt"}
LEVELS = {"storeId": STORE, "minimum": 5, "reorderPoint": 10, "expiresOn": "2026-12-31"}
SHELF = f"/inventory/{SHIKANJI}"


@pytest.fixture
def door(shelf: OpenDatabase) -> Door:
    return Door(shelf, make_room(shelf))


# method, path, body, who may, who may not (each route has its line; what anyone may do stands in the next list)
GUARDED: list[tuple[str, str, Any, str, tuple[str, ...]]] = [
    ("POST", "/categories", SNACKS, "admin", ("manager", "customer")),
    ("PUT", f"/categories/{CATEGORY}", SNACKS, "admin", ("manager", "customer")),
    ("POST", "/products", SWEET, "admin", ("manager", "customer")),
    ("PUT", f"/products/{SHIKANJI}", SWEET, "admin", ("manager", "customer")),
    ("GET", f"/products/{SHIKANJI}/definition", None, "admin", ("manager", "customer")),
    (
        "PUT",
        f"/products/{SHIKANJI}/stores/{STORE}",
        {"listed": False},
        "manager",
        ("chef", "manager of other", "customer"),
    ),
    ("GET", "/tax-classes", None, "chef", ("customer",)),
    ("POST", "/tax-classes", RATE, "admin", ("manager", "customer")),
    ("GET", f"/inventory?storeId={STORE}", None, "chef", ("manager of other", "customer")),
    ("GET", f"{SHELF}?storeId={STORE}", None, "delivery", ("manager of other", "customer")),
    ("GET", SHELF, None, "support", ("customer",)),
    ("GET", f"{SHELF}/movements?storeId={STORE}", None, "cashier", ("manager of other", "customer")),
    ("PUT", f"{SHELF}/adjust", COUNTED, "manager", ("chef", "support", "manager of other", "customer")),
    ("PUT", f"{SHELF}/levels", LEVELS, "manager", ("cashier", "manager of other", "customer")),
]
OPEN = ["/categories", f"/categories/{CATEGORY}", "/products", f"/products/{SHIKANJI}"]


@pytest.mark.parametrize(("method", "path", "body", "may", "may_not"), GUARDED)
async def test_only_who_may_does(
    door: Door, method: str, path: str, body: Any, may: str, may_not: tuple[str, ...]
) -> None:
    events = len(door.base.events())

    assert (await door.ask(method, path, body)).status == 401
    for who in may_not:
        assert (await door.ask(method, path, body, who)).status == 403
    assert len(door.base.events()) == events

    assert (await door.ask(method, path, body, may)).status in (200, 201)
    assert (await door.ask(method, path, body and {**body, "isPaid": True}, may)).status in ((422,) if body else (200,))


async def test_only_head_office_removes_a_category(door: Door) -> None:
    made = (await door.ask("POST", "/categories", SNACKS, "admin")).data

    assert (await door.ask("DELETE", f"/categories/{made['id']}")).status == 401
    assert (await door.ask("DELETE", f"/categories/{made['id']}", None, "manager")).status == 403
    assert (await door.ask("DELETE", f"/categories/{made['id']}", None, "admin")).status == 204
    assert (await door.ask("DELETE", f"/categories/{CATEGORY}", None, "admin")).status == 409


@pytest.mark.parametrize("path", OPEN)
async def test_the_card_is_open_to_everyone(door: Door, path: str) -> None:
    assert (await door.ask("GET", path)).status == 200


def test_every_route_has_its_line() -> None:
    tested = {(method, path.partition("?")[0]) for method, path, *_ in GUARDED} | {("GET", path) for path in OPEN}
    templates = {
        (method, path.replace(SHIKANJI, "{id}", 1).replace(CATEGORY, "{id}").replace(STORE, "{storeId}"))
        for method, path in tested
    }
    declared = {
        (route.method, route.path.removeprefix("/api/v1").replace("{productId}", "{id}"))
        for route in service.routes.all
        if not route.path.startswith(PURCHASING)
    }

    assert declared - templates == {("DELETE", "/categories/{id}")}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/categories/{NOWHERE}", None),
        ("PUT", f"/categories/{NOWHERE}", SNACKS),
        ("DELETE", f"/categories/{NOWHERE}", None),
        ("GET", f"/products/{NOWHERE}", None),
        ("PUT", f"/products/{NOWHERE}", SWEET),
        ("GET", f"/products/{NOWHERE}/definition", None),
        ("PUT", f"/products/{NOWHERE}/stores/{STORE}", {"listed": True}),
        ("GET", f"/inventory/{NOWHERE}", None),
        ("GET", f"/inventory/{NOWHERE}?storeId={STORE}", None),
        ("GET", f"/inventory/{NOWHERE}/movements?storeId={STORE}", None),
        ("PUT", f"/inventory/{NOWHERE}/adjust", COUNTED),
        ("PUT", f"/inventory/{NOWHERE}/levels", LEVELS),
    ],
)
async def test_what_is_not_there_is_not_found(door: Door, method: str, path: str, body: Any) -> None:
    assert (await door.ask(method, path, body, "admin")).status == 404


async def test_a_product_on_the_card_has_the_shape_that_everyone_knows(door: Door) -> None:
    made = await door.ask("POST", "/products", {**SWEET, "customizations": [SIZE, EXTRAS], "cost": 2_500}, "admin")

    listed = (await door.ask("GET", "/products?q=lassi")).data[0]

    assert made.status == 201
    assert made.data["cost"] == 2_500
    assert {name: listed[name] for name in ("name", "price", "isJain", "isVegan", "available", "slug")} == {
        "name": "Sweet Lassi",
        "price": 9_000,
        "isJain": True,
        "isVegan": False,
        "available": True,
        "slug": "sweet-lassi",
    }
    size = listed["customizations"][0]
    assert {name: size[name] for name in ("name", "required", "min", "max")} == {
        "name": "Size",
        "required": True,
        "min": 1,
        "max": 1,
    }
    assert [(option["name"], option["priceDelta"], option["isDefault"]) for option in size["options"]] == [
        ("Regular", 0, True),
        ("Large", 2_000, False),
    ]
    assert listed["allergens"] == ["milk"]
    assert "cost" not in listed


async def test_a_store_shows_its_own_price_and_whether_one_can_order(door: Door) -> None:
    await door.ask("PUT", f"/products/{SHIKANJI}/stores/{STORE}", {"listed": True, "price": 8_800}, "admin")

    here = (await door.ask("GET", f"/products/{SHIKANJI}?storeId={STORE}")).data
    elsewhere = (await door.ask("GET", f"/products/{SHIKANJI}?storeId={OTHER_STORE}")).data
    anywhere = (await door.ask("GET", f"/products/{SHIKANJI}")).data

    assert (here["price"], here["available"]) == (8_800, True)
    assert (elsewhere["price"], elsewhere["available"]) == (8_000, False)
    assert (anywhere["price"], anywhere["available"]) == (8_000, True)


async def test_what_is_all_held_cannot_be_ordered(door: Door) -> None:
    await door.base.write(actions.hold_stock, hold(number(), (SHIKANJI, 20)), None)

    assert not (await door.ask("GET", f"/products/{SHIKANJI}?storeId={STORE}")).data["available"]


async def test_the_card_can_be_narrowed_and_turned_page_by_page(door: Door) -> None:
    await door.ask("POST", "/products", {**SWEET, "ingredients": ["Curd", "Honey"], "isJain": False}, "admin")

    jain = (await door.ask("GET", "/products?dietary=jain")).data
    first = await door.ask("GET", "/products?limit=3")
    second = await door.ask("GET", f"/products?limit=3&cursor={first.json['meta']['nextCursor']}")

    assert [each["name"] for each in jain] == ["Dhokla", "Samosa", "Traditional Shikanji"]
    assert [each["name"] for each in (*first.data, *second.data)] == [
        "Dhokla",
        "Samosa",
        "Sweet Lassi",
        "Traditional Shikanji",
    ]
    assert second.json["meta"]["nextCursor"] is None


@pytest.mark.parametrize(
    "query", ["dietary=halal", "limit=0", "limit=101", "cursor=x", "storeId=1", "colour=red", f"q={'x' * 101}"]
)
async def test_a_question_that_makes_no_sense_is_refused(door: Door, query: str) -> None:
    assert (await door.ask("GET", f"/products?{query}")).status in (400, 422)


async def test_a_label_that_the_ingredients_contradict_names_the_ingredient(door: Door) -> None:
    refused = await door.ask("POST", "/products", {**SWEET, "ingredients": ["Potato", "Oil"], "isJain": True}, "admin")

    assert (refused.status, refused.json["type"], refused.json["errors"]) == (
        422,
        "urn:shikanji:problem:label-contradicted",
        [{"field": "isJain", "message": "not jain: 'Potato' is or contains a root vegetable"}],
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"price": -1}, "price"),
        ({"price": "80"}, "price"),
        ({"price": 80.5}, "price"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"sku": "a\n"}, "sku"),
        ({"kind": "frozen"}, "kind"),
        ({"categoryId": NOWHERE}, "categoryId"),
        ({"taxClass": "gold"}, "taxClass"),
        ({"images": ["javascript:alert(1)"]}, "images[0]"),
        ({"ingredients": ["x"] * 61}, "ingredients"),
        ({"schedule": [{"days": [7], "opens": "10:00", "closes": "11:00"}]}, "schedule[0].days[0]"),
        ({"customizations": [{**SIZE, "max": 3}]}, "customizations[0].max"),
        ({"id": NOWHERE}, "id"),
    ],
)
async def test_a_wrong_product_is_refused_naming_the_field(door: Door, wrong: dict[str, Any], field: str) -> None:
    refused = await door.ask("POST", "/products", {**SWEET, **wrong}, "admin")

    assert refused.status == 422
    assert field in [error["field"] for error in refused.json["errors"]]


async def test_a_product_is_edited_by_its_etag(door: Door) -> None:
    shown = await door.ask("GET", f"/products/{SHIKANJI}")
    definition = (await door.ask("GET", f"/products/{SHIKANJI}/definition", None, "admin")).data
    sent = {name: value for name, value in definition.items() if name != "id"} | {"price": 8_500}

    saved = await door.ask("PUT", f"/products/{SHIKANJI}", sent, "admin", If_Match=shown.headers["etag"])
    stale = await door.ask("PUT", f"/products/{SHIKANJI}", sent, "admin", If_Match=shown.headers["etag"])
    unconditional = await door.ask("PUT", f"/products/{SHIKANJI}", sent, "admin")

    assert (saved.status, saved.data["price"], stale.status, unconditional.status) == (200, 8_500, 412, 200)
    assert saved.headers["etag"] != shown.headers["etag"]


async def test_a_product_in_a_store_has_no_etag(door: Door) -> None:
    """What is available changes without a new version."""
    assert "etag" not in (await door.ask("GET", f"/products/{SHIKANJI}?storeId={STORE}")).headers


async def test_categories_come_as_a_tree(door: Door) -> None:
    await door.ask("POST", "/categories", {"name": "Cold", "parentId": CATEGORY, "nameHi": "ठंडा"}, "admin")

    top = (await door.ask("GET", "/categories")).data[0]

    assert (top["slug"], [child["nameHi"] for child in top["children"]]) == ("beverages", ["ठंडा"])


async def test_stock_has_the_shape_that_everyone_knows(door: Door) -> None:
    await door.base.write(actions.hold_stock, hold(number(), (SHIKANJI, 3)), None)

    here = await door.ask("GET", f"{SHELF}?storeId={STORE}", None, "manager")
    everywhere = await door.ask("GET", SHELF, None, "manager")

    assert {name: here.data[name] for name in ("onHand", "held", "available", "productId", "storeId")} == {
        "onHand": 20,
        "held": 3,
        "available": 17,
        "productId": SHIKANJI,
        "storeId": STORE,
    }
    assert everywhere.data == [here.data]


async def test_a_list_over_stores_shows_ones_own_only(door: Door) -> None:
    await door.ask("PUT", f"{SHELF}/adjust", {**COUNTED, "storeId": OTHER_STORE, "delta": 7}, "admin")

    async def stores(who: str) -> list[str]:
        return [row["storeId"] for row in (await door.ask("GET", SHELF, None, who)).data]

    assert await stores("chef") == [STORE]
    assert await stores("chef of other") == [OTHER_STORE]
    assert await stores("admin") == [STORE, OTHER_STORE]


async def test_an_adjustment_answers_with_the_stock_and_leaves_its_movement(door: Door) -> None:
    answer = await door.ask("PUT", f"{SHELF}/adjust", COUNTED, "manager")
    movements = (await door.ask("GET", f"{SHELF}/movements?storeId={STORE}", None, "manager")).data

    assert (answer.status, answer.data["onHand"], answer.data["available"]) == (200, 18, 18)
    assert [(each["kind"], each["delta"], each["onHand"], each["reason"], each["by"]) for each in movements] == [
        ("adjustment", -2, 18, "two spilt", "manager"),
        ("opening", 20, 20, "opening stock", "system"),
    ]


async def test_movements_turn_page_by_page(door: Door) -> None:
    for delta in (1, 2, 3):
        await door.ask("PUT", f"{SHELF}/adjust", {**COUNTED, "delta": delta}, "manager")
    path = f"{SHELF}/movements?storeId={STORE}&limit=2"

    first = await door.ask("GET", path, None, "manager")
    second = await door.ask("GET", f"{path}&cursor={first.json['meta']['nextCursor']}", None, "manager")

    assert [each["delta"] for each in (*first.data, *second.data)] == [3, 2, 1, 20]


async def test_an_adjustment_with_a_key_happens_once(door: Door) -> None:
    key = "0190e1d0-aaaa-7000-8000-000000000001"

    first = await door.ask("PUT", f"{SHELF}/adjust", COUNTED, "manager", Idempotency_Key=key)
    again = await door.ask("PUT", f"{SHELF}/adjust", COUNTED, "manager", Idempotency_Key=key)
    other = await door.ask("PUT", f"{SHELF}/adjust", {**COUNTED, "delta": -3}, "manager", Idempotency_Key=key)
    plain = await door.ask("PUT", f"{SHELF}/adjust", COUNTED, "manager")

    assert (first.data["onHand"], again.data, other.status, plain.data["onHand"]) == (18, first.data, 422, 16)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"delta": 10_000_001}, 422),
        ({"delta": -10_000_001}, 422),
        ({"delta": 1.5}, 422),
        ({"delta": "1"}, 422),
        ({"reason": ""}, 422),
        ({"reason": "x" * 201}, 422),
        ({"delta": -21}, 409),
    ],
)
async def test_a_wrong_adjustment_changes_nothing(door: Door, wrong: dict[str, Any], status: int) -> None:
    assert (await door.ask("PUT", f"{SHELF}/adjust", {**COUNTED, **wrong}, "manager")).status == status
    assert counts(door.base, SHIKANJI) == (20, 0)


async def test_levels_are_edited_by_their_etag(door: Door) -> None:
    before = await door.ask("GET", f"{SHELF}?storeId={STORE}", None, "manager")

    saved = await door.ask("PUT", f"{SHELF}/levels", LEVELS, "manager", If_Match=before.headers["etag"])
    stale = await door.ask("PUT", f"{SHELF}/levels", LEVELS, "manager", If_Match=before.headers["etag"])

    assert (saved.data["minimum"], saved.data["reorderPoint"], saved.data["expiresOn"]) == (5, 10, "2026-12-31")
    assert stale.status == 412


@pytest.mark.parametrize("wrong", [{"expiresOn": "2026-02-30"}, {"expiresOn": "soon"}, {"minimum": 9, "maximum": 8}])
async def test_levels_that_make_no_sense_are_refused(door: Door, wrong: dict[str, Any]) -> None:
    assert (await door.ask("PUT", f"{SHELF}/levels", {**LEVELS, **wrong}, "manager")).status == 422


async def test_a_manager_lists_but_head_office_prices(door: Door) -> None:
    path = f"/products/{SHIKANJI}/stores/{STORE}"

    assert (await door.ask("PUT", path, {"listed": False}, "manager")).data["listed"] is False
    assert (await door.ask("PUT", path, {"listed": True, "price": 9_000}, "manager")).status == 403
    assert (await door.ask("PUT", path, {"listed": True, "price": 9_000}, "admin")).data["price"] == 9_000
    assert (await door.ask("PUT", path, {"listed": True}, "manager")).data["price"] == 9_000


async def test_a_list_of_stock_can_be_cut_to_what_is_low(door: Door) -> None:
    await door.ask("PUT", f"{SHELF}/adjust", {**COUNTED, "delta": -20}, "manager")

    low = (await door.ask("GET", f"/inventory?storeId={STORE}&low=true", None, "manager")).data
    page = await door.ask("GET", f"/inventory?storeId={STORE}&limit=2", None, "manager")
    rest = await door.ask(
        "GET", f"/inventory?storeId={STORE}&limit=2&cursor={page.json['meta']['nextCursor']}", None, "manager"
    )

    assert [(each["productName"], each["low"]) for each in low] == [("Traditional Shikanji", True)]
    assert [each["productName"] for each in (*page.data, *rest.data)] == ["Traditional Shikanji", "Samosa", "Dhokla"]


async def test_a_rate_is_added_once(door: Door) -> None:
    made = await door.ask("POST", "/tax-classes", {**RATE, "effectiveFrom": "2030-04-01T00:00:00+05:30"}, "admin")
    again = await door.ask("POST", "/tax-classes", {**RATE, "effectiveFrom": "2030-04-01T00:00:00+05:30"}, "admin")
    listed = (await door.ask("GET", "/tax-classes", None, "manager")).data

    assert (made.status, made.data["effectiveFrom"], again.status) == (201, "2030-03-31T18:30:00.000000Z", 409)
    assert [each["taxClass"] for each in listed] == ["delivery", "food-5", "packaged-12"]
