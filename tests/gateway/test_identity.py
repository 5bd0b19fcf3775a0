"""Who asks, what the service is told about it, and what nobody can pretend."""

import pytest

from tests.gateway.door import ORIGIN, Door, always, assert_problem, open_door

COOKIE = {"Cookie": "theme=dark; shikanji_access=customer; lang=hi"}


async def test_a_good_token_goes_on_to_the_service(either_door: Door) -> None:
    await either_door.get("/api/v1/orders", token="customer")

    assert either_door.shop.asked[0].headers["authorization"] == "Bearer customer"


@pytest.mark.parametrize("authorization", ["Bearer forged", "Bearer", "Basic Y3VzdG9tZXI=", "customer", ""])
@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/echo", "/api/v1/products", "/nothing"])
async def test_a_token_that_is_none_is_401_right_here(door: Door, authorization: str, path: str) -> None:
    reply = await door.get(path, headers={"Authorization": authorization})

    assert_problem(reply, 401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert reply.json["detail"] == "Sign in to do this"
    assert door.shop.asked == []


async def test_who_signs_in_is_nobody_yet(door: Door) -> None:
    reply = await door.post("/api/v1/auth/login", headers={"Authorization": "Bearer expired"}, data=b"{}")

    assert reply.status == 200


async def test_a_webhook_signs_in_its_own_way(door: Door) -> None:
    reply = await door.post("/api/v1/payments/webhooks/sandbox", headers={"Authorization": "Basic abc"}, data=b"{}")

    assert reply.status == 200
    assert door.shop.asked[0].headers["authorization"] == "Basic abc"


async def test_a_browsers_cookie_becomes_the_token_that_services_read(either_door: Door) -> None:
    await either_door.get("/api/v1/orders", headers=COOKIE)

    seen = either_door.shop.asked[0].headers
    assert seen["authorization"] == "Bearer customer"
    assert seen["cookie"] == "theme=dark; lang=hi"


@pytest.mark.parametrize("origin", [ORIGIN, ORIGIN.upper(), "https://admin.shop.test"])
async def test_a_write_by_cookie_is_fine_from_our_own_pages(origin: str) -> None:
    async with open_door(allowed_origins=("https://admin.shop.test",)) as door:
        reply = await door.post("/api/v1/orders", headers={**COOKIE, "Origin": origin}, data=b"{}")

    assert reply.status == 200


async def test_the_host_that_was_asked_is_our_own_page_too(door: Door) -> None:
    reply = await door.post("/api/v1/orders", headers={**COOKIE, "Origin": door.url}, data=b"{}")

    assert reply.status == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.test", "http://shop.test.evil.test", "https://shop.test"]
)
async def test_a_write_by_cookie_from_elsewhere_is_403(door: Door, origin: str | None) -> None:
    headers = COOKIE if origin is None else {**COOKIE, "Origin": origin}

    assert_problem(await door.post("/api/v1/orders", headers=headers, data=b"{}"), 403, "cross-origin")
    assert door.shop.asked == []


async def test_a_stale_cookie_is_401_where_one_must_sign_in_and_nothing_where_not(door: Door) -> None:
    stale = {"Cookie": "shikanji_access=expired"}

    assert_problem(await door.get("/api/v1/orders", headers=stale), 401, "unauthorized")
    assert (await door.get("/api/v1/echo", headers=stale)).status == 200
    assert "authorization" not in door.shop.asked[0].headers
    assert "cookie" not in door.shop.asked[0].headers


async def test_a_bearer_token_wins_over_the_cookie(door: Door) -> None:
    await door.post("/api/v1/orders", token="manager", headers=COOKIE, data=b"{}")

    assert door.shop.asked[0].headers["authorization"] == "Bearer manager"


@pytest.mark.parametrize(
    "name",
    [
        *("X-User-Id", "X-Store-Id", "X-Forwarded-For", "X-Forwarded-User", "X-Real-Ip", "Forwarded"),
        *("X-Correlation-Id", "X-Shikanji-Seal", "X-Shikanji-Signature"),
    ],
)
async def test_what_only_we_may_say_is_stripped(either_door: Door, name: str) -> None:
    await either_door.get("/api/v1/echo", headers={name: "6.6.6.6"})

    assert "6.6.6.6" not in either_door.shop.asked[0].headers.values()


async def test_the_service_is_told_the_clients_address(either_door: Door) -> None:
    await either_door.get("/api/v1/echo")

    seen = either_door.shop.asked[0].headers
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-host"] in either_door.url


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("203.0.113.9, rubbish", "127.0.0.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
async def test_a_trusted_proxy_is_believed_up_to_the_first_stranger(forwarded: str, client: str) -> None:
    async with open_door(trusted_proxies=("127.0.0.0/8", "10.0.0.0/8")) as door:
        await door.get("/api/v1/echo", headers={"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"})

    assert door.shop.asked[0].client == client
    assert door.shop.asked[0].headers["x-forwarded-for"] == client
    assert door.shop.asked[0].headers["x-forwarded-proto"] == "https"


async def test_headers_of_this_connection_go_no_further(either_door: Door) -> None:
    await either_door.get(
        "/api/v1/echo", headers={"Connection": "keep-alive, X-Private", "X-Private": "1", "TE": "gzip"}
    )

    assert not {"te", "x-private"} & either_door.shop.asked[0].headers.keys()


async def test_headers_of_the_services_connection_do_not_come_back(either_door: Door) -> None:
    hop = {"keep-alive": "timeout=5", "server": "secret/1.0", "x-powered-by": "tea", "x-kept": "yes"}
    either_door.shop.answers["/api/v1/echo"] = always(200, headers=hop)

    reply = await either_door.get("/api/v1/echo")

    assert reply.headers["X-Kept"] == "yes"
    assert not {"Keep-Alive", "Server", "X-Powered-By"} & set(reply.headers)


@pytest.mark.parametrize("given", ["0190b5c0-1234-7123-8123-123456789012", "0190B5C0-1234-7123-8123-123456789012"])
async def test_a_request_id_from_outside_is_kept(either_door: Door, given: str) -> None:
    reply = await either_door.get("/api/v1/echo", headers={"X-Request-Id": given})

    assert reply.headers["X-Request-Id"] == given.lower()
    assert either_door.shop.asked[0].headers["x-request-id"] == given.lower()


@pytest.mark.parametrize("given", ["", "1", "x" * 36, "0190b5c0-1234-7123-8123-12345678901g", "a b"])
async def test_a_request_id_that_is_none_is_replaced(door: Door, given: str) -> None:
    reply = await door.get("/api/v1/echo", headers={"X-Request-Id": given})

    assert reply.headers["X-Request-Id"] != given
    assert reply.headers["X-Request-Id"] == door.shop.asked[0].headers["x-request-id"]


async def test_a_trace_context_is_passed_on_when_it_is_one(either_door: Door) -> None:
    good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    await either_door.get("/api/v1/echo", headers={"traceparent": good})
    await either_door.get("/api/v1/echo", headers={"traceparent": "00-00000000000000000000000000000000-1-01"})

    assert either_door.shop.asked[0].headers["traceparent"] == good
    assert "traceparent" not in either_door.shop.asked[1].headers


@pytest.mark.parametrize("cookie", ["theme=dark", "shikanji_access=", "shikanji_access", "shikanji_refresh=r; a=b"])
async def test_other_cookies_are_nobodys_token(door: Door, cookie: str) -> None:
    reply = await door.post("/api/v1/echo", headers={"Cookie": cookie, "Origin": "https://evil.test"}, data=b"{}")

    assert reply.status == 200
    assert "authorization" not in door.shop.asked[0].headers
