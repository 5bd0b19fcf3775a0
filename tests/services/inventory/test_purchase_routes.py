"""Suppliers and purchase orders over HTTP: who may, what shape it has, and what a repeat does."""

from typing import Any

import pytest

from shikanji.contracts.inventory import AskProductNames
from shikanji.services.inventory import service
from shikanji.services.inventory.answers import product_names
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import counts
from tests.services.inventory.edge import Door, make_room
from tests.services.inventory.makers import OTHER_STORE, SAMOSA, SHIKANJI, STORE, number

MASALA = {"name": "Modinagar Masala", "phone": "+919876543210", "products": [{"productId": SHIKANJI, "unitCost": 500}]}
OF_STORE = f"?storeId={STORE}"
STRANGERS = ("manager of other", "chef of other")
LINES = [{"productId": SHIKANJI, "quantity": 10}]


@pytest.fixture
def door(shelf: OpenDatabase) -> Door:
    return Door(shelf, make_room(shelf))


async def supplier(door: Door, **fields: Any) -> str:
    return str((await door.ask("POST", "/suppliers", {**MASALA, **fields}, "admin")).data["id"])


async def purchase(door: Door, status: str = "pending", **fields: Any) -> str:
    """The path of a new one."""
    wanted = {"storeId": STORE, "supplierId": await supplier(door), "lines": LINES, **fields}
    made = await door.ask("POST", "/purchase-orders", wanted, "manager", Idempotency_Key=number())
    assert made.status == 201, made.body
    path = f"/purchase-orders/{made.data['id']}"
    if status != "pending":
        assert (await door.ask("PUT", f"{path}/status", {"status": status}, "manager")).status == 200
    return path


# method, the end of a purchase order's path, body
OF_ONE: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PUT", "", {"lines": LINES, "note": "by noon"}),
    ("PUT", "/status", {"status": "confirmed"}),
    ("GET", "/receipts", None),
    ("POST", "/receipts", {"lines": LINES}),
]
# method, path, body, who may, who may not
GUARDED: list[tuple[str, str, Any, tuple[str, ...], tuple[str, ...]]] = [
    ("GET", "/suppliers", None, ("admin", "manager", "manager of other"), ("chef", "customer")),
    ("POST", "/suppliers", MASALA, ("admin",), ("manager", "customer")),
    ("GET", "/purchase-orders" + OF_STORE, None, ("admin", "manager"), ("chef", *STRANGERS, "customer")),
    ("GET", "/purchase-orders/suggestions" + OF_STORE, None, ("admin", "manager"), ("chef", *STRANGERS, "customer")),
    ("POST", "/purchase-orders/suggestions", {"storeId": STORE}, ("admin", "manager"), ("support", *STRANGERS)),
]


@pytest.mark.parametrize(("method", "end", "body"), OF_ONE)
async def test_a_purchase_order_is_its_stores_managers_and_head_offices(
    door: Door, method: str, end: str, body: Any
) -> None:
    answers: dict[str | None, int] = {}
    for who in (None, "customer", "chef", *STRANGERS, "manager", "admin"):
        path = await purchase(door, "confirmed" if "receipts" in end else "pending")
        answers[who] = (await door.ask(method, path + end, body, who, Idempotency_Key=number())).status

    may = 201 if method == "POST" else 200
    assert {who for who, status in answers.items() if status == may} == {"manager", "admin"}
    assert {who for who, status in answers.items() if status == 404} == set(STRANGERS)
    assert (answers["chef"], answers["customer"], answers[None]) == (403, 403, 401)


@pytest.mark.parametrize(("method", "path", "body", "may", "may_not"), GUARDED)
async def test_only_who_may_does(
    door: Door, method: str, path: str, body: Any, may: tuple[str, ...], may_not: tuple[str, ...]
) -> None:
    assert (await door.ask(method, path, body)).status == 401
    for who in may_not:
        assert (await door.ask(method, path, body, who, Idempotency_Key=number())).status == 403
    for who in may:
        assert (await door.ask(method, path, body, who, Idempotency_Key=number())).status in (200, 201)


async def test_head_office_edits_suppliers_and_managers_see_them(door: Door) -> None:
    path = f"/suppliers/{await supplier(door)}"

    assert [(await door.ask("GET", path, None, who)).status for who in ("manager", "chef", None)] == [200, 403, 401]
    assert [(await door.ask("PUT", path, MASALA, who)).status for who in ("admin", "manager", None)] == [200, 403, 401]
    assert [(await door.ask("DELETE", path, None, who)).status for who in ("manager", "admin", "admin")] == [
        403,
        204,
        404,
    ]


def test_every_route_of_purchasing_is_asked_for_here() -> None:
    one, supplier = "/purchase-orders/{id}", "/suppliers/{id}"
    tested = {(method, path.partition("?")[0]) for method, path, *_ in GUARDED}
    tested |= {(method, one + end) for method, end, _ in OF_ONE}
    tested |= {(method, supplier) for method in ("GET", "PUT", "DELETE")}

    declared = {(route.method, route.path.removeprefix("/api/v1")) for route in service.routes.all}

    purchasing = {(method, path) for method, path in declared if path.startswith(("/suppliers", "/purchase-orders"))}
    assert purchasing == tested | {("POST", "/purchase-orders")}


async def test_a_purchase_order_has_the_shape_that_clients_know(door: Door) -> None:
    path = await purchase(door, expectedOn="2026-01-31")

    shown = await door.ask("GET", path, None, "manager")

    assert shown.headers["etag"] == '"1"'
    assert {name: shown.data[name] for name in ("number", "supplierName", "status", "expectedOn", "total")} == {
        "number": "PO-2526-000001",
        "supplierName": "Modinagar Masala",
        "status": "pending",
        "expectedOn": "2026-01-31",
        "total": 5_000,
    }
    (line,) = shown.data["lines"]
    assert (line["name"], line["quantity"], line["lineTotal"], line["awaited"]) == (
        "Traditional Shikanji",
        10,
        5_000,
        10,
    )
    listed = (await door.ask("GET", "/purchase-orders" + OF_STORE, None, "manager")).data
    assert [(each["id"], "lines" in each) for each in listed] == [(shown.data["id"], False)]


async def test_a_repeated_order_or_delivery_happens_once(door: Door) -> None:
    key = number()
    wanted = {"storeId": STORE, "supplierId": await supplier(door), "lines": LINES}
    made = [await door.ask("POST", "/purchase-orders", wanted, "manager", Idempotency_Key=key) for _ in range(2)]
    path = f"/purchase-orders/{made[0].data['id']}"
    await door.ask("PUT", f"{path}/status", {"status": "confirmed"}, "manager")
    came = {"lines": [{"productId": SHIKANJI, "quantity": 4, "batch": "B1"}]}

    taken = [await door.ask("POST", f"{path}/receipts", came, "manager", Idempotency_Key=key) for _ in range(2)]

    assert made[0].data == made[1].data
    assert taken[0].data == taken[1].data
    assert (taken[0].data["status"], taken[0].data["lines"][0]["batch"]) == ("confirmed", "B1")
    assert counts(door.base, SHIKANJI) == (24, 0)
    assert (await door.ask("POST", "/purchase-orders", wanted, "manager")).status == 400
    assert (await door.ask("POST", f"{path}/receipts", came, "manager")).status == 400


async def test_a_stale_edit_is_refused(door: Door) -> None:
    path = await purchase(door)
    other = {"lines": LINES, "note": "by noon"}

    assert (await door.ask("PUT", path, other, "manager", If_Match='"1"')).status == 200
    assert (await door.ask("PUT", path, other, "manager", If_Match='"1"')).status == 412
    assert (await door.ask("PUT", f"{path}/status", {"status": "confirmed"}, "manager", If_Match='"1"')).status == 412


async def test_lists_come_in_pages_and_narrowed(door: Door) -> None:
    await purchase(door, "confirmed")
    await purchase(door, "cancelled")
    ids = [each["supplierId"] for each in (await door.ask("GET", "/purchase-orders" + OF_STORE, None, "admin")).data]

    async def numbers(query: str) -> list[str]:
        found = await door.ask("GET", f"/purchase-orders{OF_STORE}{query}", None, "manager")
        return [each["number"][-1] for each in found.data]

    first = await door.ask("GET", f"/purchase-orders{OF_STORE}&limit=1", None, "manager")
    assert [each["number"][-1] for each in first.data] == ["2"]
    assert await numbers(f"&limit=1&cursor={first.json['meta']['nextCursor']}") == ["1"]
    assert await numbers("&status=confirmed") == ["1"]
    assert await numbers(f"&supplierId={ids[0]}") == ["2"]


async def test_suppliers_are_listed_by_name_and_by_product(door: Door) -> None:
    for name, fields in (("B", {}), ("A", {"active": False}), ("C", {"products": []})):
        await supplier(door, name=name, **fields)

    async def names(query: str) -> list[str]:
        return [each["name"] for each in (await door.ask("GET", f"/suppliers{query}", None, "manager")).data]

    first = await door.ask("GET", "/suppliers?limit=2", None, "manager")
    assert [each["name"] for each in first.data] == ["A", "B"]
    assert await names(f"?limit=2&cursor={first.json['meta']['nextCursor']}") == ["C"]
    assert await names("?active=true") == ["B", "C"]
    assert await names(f"?productId={SHIKANJI}") == ["A", "B"]


async def test_suggestions_say_why_and_become_orders(door: Door) -> None:
    await supplier(door)
    levels = {"storeId": STORE, "reorderPoint": 20, "maximum": 50}
    await door.ask("PUT", f"/inventory/{SHIKANJI}/levels", levels, "manager")

    (shown,) = (await door.ask("GET", "/purchase-orders/suggestions" + OF_STORE, None, "manager")).data
    made = await door.ask(
        "POST", "/purchase-orders/suggestions", {"storeId": STORE}, "manager", Idempotency_Key=number()
    )

    assert (shown["supplier"]["name"], shown["supplier"]["leadDays"], shown["total"]) == ("Modinagar Masala", 1, 15_000)
    (line,) = shown["lines"]
    assert {name: line[name] for name in ("name", "available", "onOrder", "reorderPoint", "maximum", "quantity")} == {
        "name": "Traditional Shikanji",
        "available": 20,
        "onOrder": 0,
        "reorderPoint": 20,
        "maximum": 50,
        "quantity": 30,
    }
    assert [(each["total"], each["status"]) for each in made.data] == [(15_000, "pending")]
    assert (await door.ask("GET", f"/purchase-orders/suggestions?storeId={OTHER_STORE}", None, "admin")).data == []


async def test_products_are_named_to_who_asks(shelf: OpenDatabase) -> None:
    named = await product_names(make_room(shelf), AskProductNames(product_ids=[SAMOSA, SHIKANJI, number()]))

    assert {each.product_id: each.name for each in named.products} == {
        SAMOSA: "Samosa",
        SHIKANJI: "Traditional Shikanji",
    }
