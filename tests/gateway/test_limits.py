"""How often, and how much."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from yarl import URL

from tests.gateway.door import AwayCache, Door, assert_problem, open_door


async def _until_refused(door: Door, path: str, *, times: int, **options: object) -> list[int]:
    return [(await door.get(path, **options)).status for _ in range(times)]


@pytest.mark.parametrize("path", ["/api/v1/echo", "/api/v1/products", "/nothing", "/docs"])
async def test_anonymous_callers_share_the_bucket_of_their_address(path: str) -> None:
    async with open_door(anonymous_per_minute=3) as door:
        statuses = await _until_refused(door, path, times=3)
        refused = await door.get("/api/v1/echo")

    assert 429 not in statuses
    assert_problem(refused, 429, "too-many-requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert refused.headers["RateLimit-Policy"] == '"anonymous";q=3;w=60'
    assert refused.headers["RateLimit"].startswith('"anonymous";r=0;t=')


async def test_who_signed_in_has_a_bucket_of_their_own_and_admins_a_larger_one() -> None:
    async with open_door(anonymous_per_minute=1, signed_in_per_minute=2, admin_per_minute=3) as door:
        customer = await _until_refused(door, "/api/v1/echo", times=3, token="customer")
        manager = await _until_refused(door, "/api/v1/echo", times=3, token="manager")
        admin = await _until_refused(door, "/api/v1/echo", times=4, token="admin")

    assert customer == [200, 200, 429]
    assert manager == [200, 200, 429]
    assert admin == [200, 200, 200, 429]


async def test_signing_in_is_limited_by_address_whoever_asks() -> None:
    async with open_door(auth_per_minute=2) as door:
        statuses = [
            (await door.post("/api/v1/auth/login", token=token, data=b"{}")).status
            for token in ("", "customer", "admin")
        ]

    assert statuses == [200, 200, 429]


async def test_webhooks_have_a_bucket_of_their_own() -> None:
    async with open_door(anonymous_per_minute=1, webhook_per_minute=2) as door:
        statuses = [(await door.post("/api/v1/payments/webhooks/sandbox", data=b"{}")).status for _ in range(3)]

    assert statuses == [200, 200, 429]


async def test_guessing_tokens_draws_from_the_bucket_of_the_anonymous() -> None:
    async with open_door(anonymous_per_minute=2) as door:
        statuses = await _until_refused(door, "/api/v1/orders", times=3, token="forged")

    assert statuses == [401, 401, 429]


async def test_an_ipv6_network_is_one_caller() -> None:
    async with open_door(anonymous_per_minute=1, trusted_proxies=("127.0.0.1",)) as door:
        addresses = ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1", "::ffff:203.0.113.1", "203.0.113.1"]
        statuses = [
            (await door.get("/api/v1/echo", headers={"X-Forwarded-For": address})).status for address in addresses
        ]

    assert statuses == [200, 429, 200, 200, 429]


async def test_health_and_metrics_are_never_limited() -> None:
    async with open_door(anonymous_per_minute=1) as door:
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert await _until_refused(door, path, times=3) == [200, 200, 200]


async def test_limits_can_be_lifted() -> None:
    async with open_door(anonymous_per_minute=1, rate_limits=False) as door:
        assert await _until_refused(door, "/api/v1/products", times=3) == [200, 200, 200]


async def test_without_the_cache_each_gateway_counts_by_itself() -> None:
    async with (
        open_door(cache=AwayCache(), anonymous_per_minute=2, auth_per_minute=1) as one,
        open_door(cache=AwayCache(), anonymous_per_minute=2, auth_per_minute=1) as other,
    ):
        browsing = await _until_refused(one, "/api/v1/products", times=3)
        signing_in = [(await one.post("/api/v1/auth/login", data=b"{}")).status for _ in range(2)]
        elsewhere = await other.get("/api/v1/products")
        metrics = (await one.get("/metrics")).body.decode()

    assert browsing == [200, 200, 429]
    assert signing_in == [200, 429]
    assert elsewhere.status == 200
    assert "shikanji_gateway_counted_alone_total 5.0" in metrics


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_beyond_the_limit_is_413_and_reaches_nobody(chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 300

    async with open_door(body_bytes_max=1_000) as door:
        reply = await door.post("/api/v1/echo", data=pieces() if chunked else b"x" * 1_001)
        after = await door.post("/api/v1/echo", data=b"x" * 1_000)

    assert_problem(reply, 413, "body-too-large")
    assert after.status == 200
    assert len(door.shop.asked) == 1


async def test_a_route_may_take_a_larger_body_than_the_others() -> None:
    async with open_door(body_bytes_max=1_000) as door:
        large = await door.post("/api/v1/photo", data=b"x" * 2_000)
        too_large = await door.post("/api/v1/photo", data=b"x" * 2_001)

    assert large.status == 200
    assert_problem(too_large, 413, "body-too-large")


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate, gzip"])
async def test_a_compressed_request_is_415(door: Door, encoding: str) -> None:
    reply = await door.post("/api/v1/echo", data=b"\x1f\x8b", headers={"Content-Encoding": encoding})

    assert_problem(reply, 415, "unsupported-media-type")
    assert door.shop.asked == []


async def test_headers_beyond_8_kb_are_431(door: Door) -> None:
    reply = await door.get("/api/v1/echo", headers={"X-Long": "x" * 8_200})

    assert_problem(reply, 431, "headers-too-large")


@pytest.mark.parametrize("address", ["/api/v1/echo?q=" + "x" * 8_192, "/" + "x" * 8_192])
async def test_an_address_beyond_8_kb_is_414(door: Door, address: str) -> None:
    assert_problem(await door.get(address), 414, "uri-too-long")


@pytest.mark.parametrize("address", ["/api/v1/echo?q=%00", "/api/v1/orders/%00", "/api/v1/orders/%ff"])
async def test_an_address_that_no_database_can_hold_is_400(door: Door, address: str) -> None:
    async with door.session.get(URL(door.url + address, encoded=True)) as response:
        assert response.status == 400
    assert door.shop.asked == []


async def test_a_body_that_does_not_come_is_408() -> None:
    waiting = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        await waiting.wait()
        yield b"}"

    async with open_door(body_seconds_max=0.05) as door:
        reply = await door.post("/api/v1/echo", data=pieces())
        waiting.set()

    assert_problem(reply, 408, "request-timeout")
    assert door.shop.asked == []


async def test_a_service_that_does_not_answer_is_504(door: Door) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    async with open_door(upstream_seconds_max=0.05) as slow:
        slow.shop.answers["/api/v1/orders"] = never
        reply = await slow.post("/api/v1/orders", token="customer", data=b"{}")

    assert_problem(reply, 504, "gateway-timeout")
    assert "Idempotency-Key" in reply.json["detail"]
