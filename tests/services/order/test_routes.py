"""The HTTP edge: shapes, refusals, and who sees and does what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from shikanji.contracts.inventory import HoldStock
from shikanji.kit.clock import DAY, HOUR, MINUTE, to_rfc3339
from shikanji.kit.jobs import Job
from shikanji.kit.web.app import service_app
from shikanji.services.order import service
from shikanji.services.order.jobs import forget_tracking
from shikanji.services.order.repository.tracking import FORGET_POINTS
from shikanji.services.order.settings import OrderSettings
from tests.kit.databases import NOON
from tests.kit.test_db_plans import plan_of
from tests.kit.web.edge import Answer, Client
from tests.services.order.makers import CASHIER, CHEF, COURIER, CUSTOMER, OTHER_STORE, SAMOSA, SHIKANJI, STORE, STRANGER
from tests.services.order.others import refusal, say
from tests.services.order.shop import Shop, open_shop

UNKNOWN = "0199d2a0-0000-7000-8000-0000000000ff"
ADDRESS = {"line1": "12 Church Street", "city": "Bengaluru", "state": "Karnataka", "postalCode": "560001"}
BODY: dict[str, Any] = {
    "storeId": STORE,
    "fulfilment": "delivery",
    "items": [{"productId": SHIKANJI, "quantity": 2, "notes": "no ice"}],
    "deliveryAddress": ADDRESS,
    "paymentMethod": "online",
}
PICKUP = BODY | {"fulfilment": "pickup", "paymentMethod": "cod"}


class Edge:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._client = Client(service_app(shop.room, service))
        self._keys = 0

    async def ask(self, token: str | None, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
        self._keys += 1
        key = key or f"key-{self._keys:016}"
        return await self._client.ask(method, path, body, token=token, headers={"idempotency-key": key})

    async def place(self, token: str = "owner", **changes: Any) -> Any:
        answer = await self.ask(token, "POST", "/api/v1/orders", BODY | changes)
        assert answer.status == 201, answer.body
        return answer.data

    async def move(self, order_id: str, *statuses: str, token: str = "manager") -> Answer:
        for status in statuses:
            answer = await self.ask(token, "PUT", f"/api/v1/orders/{order_id}/status", {"status": status})
        return answer


@asynccontextmanager
async def open_edge(folder: Path, **options: Any) -> AsyncIterator[Edge]:
    async with open_shop(folder, **options) as shop:
        yield Edge(shop)


async def test_a_placed_order_has_the_shape_that_is_promised(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        placed = await edge.place()

        assert placed["orderNumber"] == "MGR-261122-0001"
        sums = ("subtotal", "discount", "pointsDiscount", "deliveryFee", "tax", "roundOff", "total")
        assert [placed[name] for name in sums] == [16_000, 0, 0, 3_000, 950, 0, 19_950]
        assert (placed["status"], placed["timeline"]) == ("pending", [{"status": "pending", "at": to_rfc3339(NOON)}])
        assert placed["paymentDeadline"] == to_rfc3339(NOON + 15 * MINUTE)
        (item,) = placed["items"]
        assert (item["productId"], item["quantity"], item["unitPrice"], item["lineTotal"]) == (
            SHIKANJI,
            2,
            8000,
            16_000,
        )
        assert item["options"] == [{"id": "large", "name": "Large", "priceDelta": 1000}]
        assert item["notes"] == "no ice"
        assert placed["contact"] == {"name": "Asha", "phone": "+919812345678", "email": "asha@shop.test"}
        assert placed["deliveryAddress"]["postalCode"] == "560001"
        assert placed["cancellation"] is None


async def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        key = "5f0c8a52-1111-4222-8333-444455556666"
        first = await edge.ask("owner", "POST", "/api/v1/orders", BODY, key)
        again = await edge.ask("owner", "POST", "/api/v1/orders", BODY, key)
        other = await edge.ask("owner", "POST", "/api/v1/orders", PICKUP, key)

        assert (first.status, again.status, other.status) == (201, 201, 422)
        assert first.data == again.data
        assert again.headers["idempotency-replayed"] == "true"
        assert other.json["type"].endswith("idempotency-key-reused")


async def test_keys_of_two_people_do_not_meet(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        key = "5f0c8a52-1111-4222-8333-444455556666"
        mine = await edge.ask("owner", "POST", "/api/v1/orders", BODY, key)
        theirs = await edge.ask("customer", "POST", "/api/v1/orders", BODY, key)

        assert mine.data["id"] != theirs.data["id"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"items": []}, "items"),
    ({"items": [{"productId": SHIKANJI, "quantity": 1}] * 51}, "items"),
    ({"items": [{"productId": SHIKANJI, "quantity": 0}]}, "items[0].quantity"),
    ({"items": [{"productId": SHIKANJI, "quantity": 100}]}, "items[0].quantity"),
    ({"items": [{"productId": SHIKANJI, "quantity": 1.5}]}, "items[0].quantity"),
    ({"items": [{"productId": SHIKANJI, "quantity": "1"}]}, "items[0].quantity"),
    ({"items": [{"productId": SHIKANJI, "quantity": True}]}, "items[0].quantity"),
    ({"items": [{"productId": "tea", "quantity": 1}]}, "items[0].productId"),
    ({"items": [{"productId": SHIKANJI, "quantity": 1, "price": 1}]}, "items[0].price"),
    ({"items": [{"productId": SHIKANJI, "quantity": 1, "notes": "x" * 501}]}, "items[0].notes"),
    ({"fulfilment": "drone"}, "fulfilment"),
    ({"paymentMethod": "iou"}, "paymentMethod"),
    ({"storeId": "mg-road"}, "storeId"),
    ({"notes": "x" * 501}, "notes"),
    ({"scheduledFor": "tomorrow"}, "scheduledFor"),
    ({"scheduledFor": "2026-11-23T12:00:00"}, "scheduledFor"),
    ({"scheduledFor": "0001-01-01T00:00:00+14:00"}, "scheduledFor"),
    ({"scheduledFor": "9999-12-31T23:59:59-14:00"}, "scheduledFor"),
    ({"couponCode": " "}, "couponCode"),
    ({"redeemPoints": -5}, "redeemPoints"),
    ({"total": 1}, "total"),
    ({"deliveryAddress": None}, "deliveryAddress"),
    ({"addressId": UNKNOWN}, "deliveryAddress"),
    ({"deliveryAddress": ADDRESS | {"postalCode": "012345"}}, "deliveryAddress.postalCode"),
    ({"deliveryAddress": ADDRESS | {"line1": " "}}, "deliveryAddress.line1"),
    ({"deliveryAddress": ADDRESS | {"latitude": 91}}, "deliveryAddress.latitude"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD)
async def test_a_wrong_order_is_refused_naming_the_field_and_asks_nobody(
    tmp_path: Path, wrong: dict[str, Any], field: str
) -> None:
    async with open_edge(tmp_path) as edge:
        answer = await edge.ask("owner", "POST", "/api/v1/orders", BODY | wrong)

        assert (answer.status, answer.field) == (422, field)
        assert edge.shop.others.asked == []


async def test_refusals_of_others_arrive_with_their_type(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        edge.shop.others.before[HoldStock] = say(refusal(409, "insufficient-stock"))

        answer = await edge.ask("owner", "POST", "/api/v1/orders", BODY)

        assert (answer.status, answer.json["type"].rpartition(":")[2]) == (409, "insufficient-stock")


async def test_too_many_open_orders_are_refused_unless_limits_are_off(tmp_path: Path) -> None:
    for limits, expected in ((True, 429), (False, 201)):
        folder = tmp_path / str(limits)
        folder.mkdir()
        async with open_edge(folder, rate_limits=limits, settings=OrderSettings(open_orders_max=1)) as edge:
            await edge.place()
            answer = await edge.ask("owner", "POST", "/api/v1/orders", BODY)
            assert answer.status == expected


@pytest.mark.parametrize("token", ["cashier", "support", "manager", "admin"])
async def test_staff_order_for_a_customer_and_as_many_as_they_need(tmp_path: Path, token: str) -> None:
    async with open_edge(tmp_path, settings=OrderSettings(open_orders_max=1)) as edge:
        for _ in range(2):
            placed = await edge.place(token, customerId=CUSTOMER)

        assert placed["customerId"] == CUSTOMER
        assert (await edge.ask("owner", "GET", f"/api/v1/orders/{placed['id']}")).status == 200


@pytest.mark.parametrize("token", ["customer", "chef", "delivery", "other_manager"])
async def test_others_do_not_order_for_a_customer(tmp_path: Path, token: str) -> None:
    async with open_edge(tmp_path) as edge:
        answer = await edge.ask(token, "POST", "/api/v1/orders", BODY | {"customerId": CUSTOMER})

        assert answer.status == 403
        assert edge.shop.others.asked == []


async def test_what_is_picked_up_needs_no_address_and_keeps_none(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        placed = await edge.place(**PICKUP)

        assert (placed["deliveryAddress"], placed["deliveryFee"], placed["status"]) == (None, 0, "confirmed")
        assert [entry["status"] for entry in placed["timeline"]] == ["pending", "confirmed"]


async def test_what_a_form_left_blank_is_nothing(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        items = [{"productId": SHIKANJI, "quantity": 2, "notes": ""}]
        placed = await edge.place(notes=" ", items=items, deliveryAddress=ADDRESS | {"line2": "", "landmark": ""})

        assert (placed["notes"], placed["items"][0]["notes"]) == (None, None)
        assert (placed["deliveryAddress"]["line2"], placed["deliveryAddress"]["landmark"]) == (None, None)


async def test_a_scheduled_order_says_for_when(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        placed = await edge.place(scheduledFor="2026-11-22T20:00:00+05:30", paymentMethod="cod")
        early = await edge.move(placed["id"], "preparing")

        assert placed["scheduledFor"] == to_rfc3339(NOON + 8 * HOUR)
        assert (early.status, early.json["type"].rpartition(":")[2]) == (409, "too-early")


async def test_the_kitchen_sees_no_contact(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        order_id = (await edge.place())["id"]
        seen = {
            token: (await edge.ask(token, "GET", f"/api/v1/orders/{order_id}")).data
            for token in ("owner", "chef", "delivery")
        }

        assert (seen["chef"]["contact"]["phone"], seen["chef"]["deliveryAddress"]) == (None, None)
        for token in ("owner", "delivery"):
            assert seen[token]["contact"]["phone"] == "+919812345678"
            assert seen[token]["deliveryAddress"]["line1"] == "12 Church Street"


async def test_an_order_goes_its_way_step_by_step(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        order_id = (await edge.place(paymentMethod="cod"))["id"]
        path = f"/api/v1/orders/{order_id}"

        await edge.move(order_id, "preparing", "ready", token="chef")
        await edge.move(order_id, "dispatched", "delivered", token="delivery")
        again = await edge.move(order_id, "delivered", token="delivery")
        illegal = await edge.move(order_id, "ready", token="chef")
        by_put = await edge.move(order_id, "cancelled")
        done = await edge.move(order_id, "completed", token="cashier")

        assert (again.status, again.data["status"]) == (200, "delivered")
        assert (illegal.status, by_put.status, done.status) == (409, 409, 200)
        assert "completed" in illegal.json["detail"]
        seen = (await edge.ask("owner", "GET", path)).data
        assert [entry["status"] for entry in seen["timeline"]] == [
            "pending",
            "confirmed",
            "preparing",
            "ready",
            "dispatched",
            "delivered",
            "completed",
        ]
        assert (seen["cookId"], seen["courierId"]) == (CHEF.account_id, COURIER.account_id)


async def test_an_unknown_status_is_refused(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        answer = await edge.move(UNKNOWN, "eaten")

        assert (answer.status, answer.field) == (422, "status")


async def test_cancelling_says_who_and_why_and_repeats_its_answer(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        path = f"/api/v1/orders/{(await edge.place())['id']}/cancel"
        key = "5f0c8a52-1111-4222-8333-444455556666"

        first = await edge.ask("owner", "POST", path, {"reason": "changed my mind"}, key)
        again = await edge.ask("owner", "POST", path, {"reason": "changed my mind"}, key)
        other = await edge.ask("owner", "POST", path, {"reason": "changed my mind"})

        assert first.data["cancellation"] == {"cause": "customer", "reason": "changed my mind"}
        assert (first.data, first.status, other.status) == (again.data, 200, 409)
        assert edge.shop.told() == ["OrderCreated", "OrderCancelled"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x", "restock": ["a"]}, "restock[0]"),
    ],
)
async def test_cancelling_needs_a_reason_and_known_lines(tmp_path: Path, body: Any, field: str) -> None:
    async with open_edge(tmp_path) as edge:
        path = f"/api/v1/orders/{(await edge.place())['id']}/cancel"

        answer = await edge.ask("owner", "POST", path, body)

        assert (answer.status, answer.field) == (422, field)


async def test_of_a_begun_order_staff_say_what_goes_back(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        items = [{"productId": SHIKANJI, "quantity": 2}, {"productId": SAMOSA, "quantity": 1}]
        placed = await edge.place(**(PICKUP | {"items": items}))
        await edge.move(placed["id"], "preparing")
        path, back = f"/api/v1/orders/{placed['id']}/cancel", placed["items"][1]["id"]

        by_owner = await edge.ask("owner", "POST", path, {"reason": "no"})
        unknown = await edge.ask("manager", "POST", path, {"reason": "no", "restock": [UNKNOWN]})
        done = await edge.ask("manager", "POST", path, {"reason": "spilt", "restock": [back]})

        assert (by_owner.status, unknown.status, done.status) == (403, 422, 200)
        cancelled = edge.shop.database.events()[-2].data
        assert cancelled["restock"] == [{"lineId": back, "productId": SAMOSA, "quantity": 1}]


async def test_customers_list_their_own_orders_newest_first_in_pages(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        placed = []
        for _ in range(5):
            placed.append((await edge.place())["id"])
            edge.shop.database.clock.advance(MINUTE)
        await edge.place("customer")

        first = await edge.ask("owner", "GET", "/api/v1/orders?limit=3")
        cursor = first.json["meta"]["nextCursor"]
        second = await edge.ask("owner", "GET", f"/api/v1/orders?limit=3&cursor={cursor}")

        listed = [order["id"] for order in first.data + second.data]
        assert listed == placed[::-1]
        assert second.json["meta"]["nextCursor"] is None
        assert "timeline" not in first.data[0]


async def test_lists_are_filtered(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        online = await edge.place()
        edge.shop.database.clock.advance(DAY)
        cash = await edge.place(**PICKUP)
        await edge.move(cash["id"], "preparing")
        elsewhere = await edge.place(storeId=OTHER_STORE)

        async def find(token: str, query: str) -> list[str]:
            answer = await edge.ask(token, "GET", f"/api/v1/orders?{query}")
            return [order["id"] for order in answer.data]

        assert await find("owner", f"storeId={STORE}") == [cash["id"], online["id"]]
        assert await find("manager", "") == [cash["id"], online["id"]]
        assert await find("admin", "") == [elsewhere["id"], cash["id"], online["id"]]
        assert await find("other_manager", "") == [elsewhere["id"]]
        assert await find("manager", "status=preparing") == [cash["id"]]
        assert await find("manager", "status=preparing&status=pending") == [cash["id"], online["id"]]
        assert await find("manager", "status=cancelled") == []
        assert await find("manager", "status=cancelled&status=pending") == [online["id"]]
        assert await find("manager", "fulfilment=pickup") == [cash["id"]]
        assert await find("manager", "q=mgr-261123-0001") == [cash["id"]]
        assert await find("manager", f"customerId={CUSTOMER}") == [cash["id"], online["id"]]
        assert await find("manager", f"customerId={STRANGER}") == []
        assert await find("manager", "from=2026-11-22T18:00:00Z") == [cash["id"]]
        assert await find("manager", "to=2026-11-22T18:00:00Z") == [online["id"]]
        assert await find("manager", "to=0001-01-01T00:00:00%2B14:00") == []
        assert await find("manager", "from=9999-12-31T23:59:59-14:00") == []
        assert await find("owner", f"customerId={CUSTOMER}&from=2026-11-22T00:00:00Z&to=2026-11-23T18:00:00Z") == [
            elsewhere["id"],
            cash["id"],
            online["id"],
        ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=eaten", "status"),
        ("storeId=x", "storeId"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=%20", "cursor"),
        ("from=yesterday", "from"),
        ("from=2026-11-22T18:00:00", "from"),
        ("sort=total", "sort"),
        ("q=", "q"),
    ],
)
async def test_wrong_filters_are_refused(tmp_path: Path, query: str, field: str) -> None:
    async with open_edge(tmp_path) as edge:
        answer = await edge.ask("owner", "GET", f"/api/v1/orders?{query}")

        assert answer.status == 422
        assert answer.field.startswith(field)


async def test_nobody_lists_what_is_not_theirs(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        await edge.place()

        others = await edge.ask("customer", "GET", f"/api/v1/orders?customerId={CUSTOMER}")
        store = await edge.ask("manager", "GET", f"/api/v1/orders?storeId={OTHER_STORE}")
        mine = await edge.ask("customer", "GET", "/api/v1/orders")

        assert (others.status, store.status, mine.data) == (403, 403, [])


async def test_the_orders_of_a_customer(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        here = (await edge.place())["id"]
        there = (await edge.place(storeId=OTHER_STORE))["id"]
        path = f"/api/v1/orders/customer/{CUSTOMER}"

        seen = {
            token: [order["id"] for order in (await edge.ask(token, "GET", path)).data]
            for token in ("owner", "manager", "other_manager", "admin")
        }
        stranger = await edge.ask("customer", "GET", path)

        assert seen == {
            "owner": [there, here],
            "manager": [here],
            "other_manager": [there],
            "admin": [there, here],
        }
        assert stranger.status == 404


async def test_who_cooks_and_who_delivers(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        path = f"/api/v1/orders/{(await edge.place(paymentMethod='cod'))['id']}/assignment"
        ravi, devi, asha = UNKNOWN, STRANGER, CUSTOMER
        edge.shop.others.roles |= {ravi: "chef", devi: "delivery"}

        named = await edge.ask("manager", "PUT", path, {"cookId": ravi, "courierId": devi})
        kept = await edge.ask("manager", "PUT", path, {"courierId": None})
        wrong = await edge.ask("manager", "PUT", path, {"cookId": devi})
        nobody = await edge.ask("manager", "PUT", path, {"courierId": asha})
        by_chef = await edge.ask("chef", "PUT", path, {"courierId": devi})

        assert (named.data["cookId"], named.data["courierId"]) == (ravi, devi)
        assert (kept.data["cookId"], kept.data["courierId"]) == (ravi, None)
        assert (wrong.status, wrong.field) == (422, "cookId")
        assert (nobody.status, nobody.field) == (422, "courierId")
        assert by_chef.status == 403


async def test_a_chef_takes_an_order_without_anyone_being_asked(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        path = f"/api/v1/orders/{(await edge.place(paymentMethod='cod'))['id']}/assignment"
        asked = len(edge.shop.others.asked)

        taken = await edge.ask("chef", "PUT", path, {"cookId": CHEF.account_id})
        wrong = await edge.ask("cashier", "PUT", path, {"cookId": CASHIER.account_id})

        assert (taken.data["cookId"], wrong.status, wrong.field) == (CHEF.account_id, 422, "cookId")
        assert len(edge.shop.others.asked) == asked


async def test_a_courier_says_where_the_order_is(tmp_path: Path) -> None:
    async with open_edge(tmp_path, settings=OrderSettings(tracking_points_max=3)) as edge:
        order_id = (await edge.place(paymentMethod="cod"))["id"]
        path = f"/api/v1/orders/{order_id}/tracking"
        too_soon = await edge.ask("delivery", "POST", path, {"latitude": 12.9, "longitude": 77.6})
        await edge.move(order_id, "preparing", "ready", "dispatched")

        for step in range(5):
            answer = await edge.ask("delivery", "POST", path, {"latitude": 12.9716 + step / 1000, "longitude": 77})
        assert (too_soon.status, answer.status) == (409, 201)

        first = await edge.ask("owner", "GET", f"{path}?limit=2")
        second = await edge.ask("owner", "GET", f"{path}?limit=2&cursor={first.json['meta']['nextCursor']}")
        points = first.data + second.data
        assert [point["latitude"] for point in points] == [12.9756, 12.9746, 12.9736]
        assert points[0]["longitude"] == 77.0
        assert second.json["meta"]["nextCursor"] is None


async def test_where_couriers_were_is_forgotten_after_its_days(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        await forgets_where_couriers_were(edge)


async def forgets_where_couriers_were(edge: Edge) -> None:
    """Of an older order, and not of a younger one."""
    database, paths = edge.shop.database, []
    for _ in range(2):
        order_id = (await edge.place(paymentMethod="cod"))["id"]
        paths.append(f"/api/v1/orders/{order_id}/tracking")
        await edge.move(order_id, "preparing", "ready", "dispatched")
        for _ in range(2):
            await edge.ask("delivery", "POST", paths[-1], {"latitude": 12.9, "longitude": 77.6})
        database.clock.advance(HOUR)
    database.clock.advance(OrderSettings().tracking_days * DAY - 90 * MINUTE)

    for _ in range(2):
        await forget_tracking(edge.shop.room, Job("forget-tracking", "forget-tracking", 0, b"{}", 1, "lease", 0, ""))

    assert [len((await edge.ask("owner", "GET", path)).data) for path in paths] == [0, 2]


async def test_forgetting_where_couriers_were_looks_at_the_oldest_only(tmp_path: Path) -> None:
    async with open_edge(tmp_path):
        plan = plan_of(tmp_path / "order.db", FORGET_POINTS)

    assert "SEARCH order_tracking USING PRIMARY KEY (order_id<?)" in plan
    assert "SCAN" not in plan


@pytest.mark.parametrize("body", [{"latitude": 91, "longitude": 0}, {"latitude": 0}, {"latitude": "1", "longitude": 0}])
async def test_no_place_outside_the_world(tmp_path: Path, body: Any) -> None:
    async with open_edge(tmp_path) as edge:
        answer = await edge.ask("delivery", "POST", f"/api/v1/orders/{UNKNOWN}/tracking", body)

        assert answer.status == 422


ROUTES = [
    ("POST", "/api/v1/orders", BODY),
    ("GET", "/api/v1/orders", None),
    ("GET", f"/api/v1/orders/customer/{CUSTOMER}", None),
    ("GET", f"/api/v1/orders/{UNKNOWN}", None),
    ("PUT", f"/api/v1/orders/{UNKNOWN}/status", {"status": "preparing"}),
    ("POST", f"/api/v1/orders/{UNKNOWN}/cancel", {"reason": "no"}),
    ("PUT", f"/api/v1/orders/{UNKNOWN}/assignment", {"cookId": None}),
    ("POST", f"/api/v1/orders/{UNKNOWN}/tracking", {"latitude": 1, "longitude": 1}),
    ("GET", f"/api/v1/orders/{UNKNOWN}/tracking", None),
]


def test_every_route_is_tried_below() -> None:
    assert len(ROUTES) == len(service.routes.all)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_nobody_without_a_token(tmp_path: Path, method: str, path: str, body: Any) -> None:
    async with open_edge(tmp_path) as edge:
        assert (await edge.ask(None, method, path, body)).status == 401


@pytest.mark.parametrize(("method", "path", "body"), ROUTES[3:])
async def test_an_order_that_is_not_there_is_not_found(tmp_path: Path, method: str, path: str, body: Any) -> None:
    async with open_edge(tmp_path) as edge:
        assert (await edge.ask("manager", method, path, body)).status == 404


@pytest.mark.parametrize(("method", "path", "body"), ROUTES[3:])
async def test_an_order_of_another_store_is_not_found(tmp_path: Path, method: str, path: str, body: Any) -> None:
    async with open_edge(tmp_path) as edge:
        order_id = (await edge.place())["id"]

        answer = await edge.ask("other_manager", method, path.replace(UNKNOWN, order_id), body)

        assert answer.status == 404
        assert "MGR" not in answer.body.decode()
