"""Which service answers, and what is said where none does."""

import pytest

from shikanji.gateway.table import RouteTable, Target
from shikanji.kit.asgi import Receive, Scope, Send
from tests.gateway.door import Door, answer, assert_problem, open_door

ORDER = "/api/v1/orders/0190b5c0-1234-7123-8123-123456789012"


async def test_a_request_reaches_its_service_whole(either_door: Door) -> None:
    reply = await either_door.post("/api/v1/echo?b=2&a=%C3%A9+x", data=b'{"tea":1}', headers={"Content-Type": "a/b"})

    (asked,) = either_door.shop.asked
    assert reply.status == 200
    assert (asked.method, asked.path, asked.query) == ("POST", "/api/v1/echo", "b=2&a=%C3%A9+x")
    assert asked.body == b'{"tea":1}'
    assert asked.headers["content-type"] == "a/b"


async def test_a_named_segment_wins_over_a_parameter(door: Door) -> None:
    await door.get("/api/v1/orders/recent", token="customer")
    await door.get(ORDER, token="customer")

    assert [asked.path for asked in door.shop.asked] == ["/api/v1/orders/recent", ORDER]


async def test_head_is_a_get_without_a_body(either_door: Door) -> None:
    reply = await either_door.ask("HEAD", "/api/v1/echo")

    assert reply.status == 200
    assert reply.body == b""
    assert int(reply.headers["Content-Length"]) > 0
    assert either_door.shop.asked[0].method == "GET"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/v1/orders/",
        "/api/v1//orders",
        "/api/v1/orders/x/y",
        "/api",
        "//",
        "/*",
    ],
)
async def test_an_unknown_path_is_404(door: Door, path: str) -> None:
    assert_problem(await door.get(path), 404, "not-found")
    assert door.shop.asked == []


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "TRACE", "PROPFIND"])
async def test_a_method_that_a_path_lacks_is_405_with_allow(door: Door, method: str) -> None:
    reply = await door.ask(method, "/api/v1/orders")

    assert_problem(reply, 405, "method-not-allowed")
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


async def test_options_names_the_methods(door: Door) -> None:
    reply = await door.ask("OPTIONS", "/api/v1/products")

    assert (reply.status, reply.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_a_mounted_prefix_answers_for_itself() -> None:
    async def sandbox(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 201, [scope["method"], scope["path"]])

    async with open_door(mounts={"/sandbox": sandbox}) as door:
        inside = await door.ask("PATCH", "/sandbox/checkout/1", headers={"Authorization": "Basic abc"})
        root = await door.get("/sandbox")
        beside = await door.get("/sandboxes")
        traced = await door.ask("TRACE", "/sandbox")

    assert (inside.status, inside.json) == (201, ["PATCH", "/sandbox/checkout/1"])
    assert root.status == 201
    assert_problem(beside, 404, "not-found")
    assert_problem(traced, 405, "method-not-allowed")


def test_two_services_cannot_answer_one_route() -> None:
    mine = Target(service="order", method="GET", path="/api/v1/orders/{id}")
    theirs = Target(service="store", method="GET", path="/api/v1/orders/{orderId}")

    with pytest.raises(ValueError, match="both order and store"):
        RouteTable([mine, theirs], {})
