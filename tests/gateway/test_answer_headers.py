"""What every answer carries, and who may read it in a browser."""

import pytest

from tests.gateway.door import Door, always, open_door

ADMIN = "https://admin.shop.test"


@pytest.mark.parametrize("path", ["/api/v1/echo", "/nothing", "/health/ready", "/api/v1/orders"])
async def test_every_answer_is_told_how_to_be_treated(door: Door, path: str) -> None:
    reply = await door.get(path)

    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Request-Id"]
    assert "Server" not in reply.headers
    assert "Strict-Transport-Security" not in reply.headers


async def test_only_where_its_route_may_does_a_service_say_how_long_an_answer_is_kept(door: Door) -> None:
    kept = "public, max-age=60, immutable"
    for path in ("/api/v1/photo", "/api/v1/echo"):
        door.shop.answers[path] = always(200, headers={"cache-control": kept})

    may, may_not = await door.get("/api/v1/photo"), await door.get("/api/v1/echo")
    door.shop.answers["/api/v1/photo"] = always(404)
    says_nothing = await door.get("/api/v1/photo")

    answers = (may, may_not, says_nothing)
    assert [reply.headers.getall("Cache-Control") for reply in answers] == [[kept], ["no-store"], ["no-store"]]


async def test_production_is_https_only() -> None:
    async with open_door(production=True) as door:
        for path in ("/", "/api/v1/echo", "/nothing"):
            assert (await door.get(path)).headers["Strict-Transport-Security"].startswith("max-age=31536000")


async def test_the_version_is_on_every_answer_of_the_api(door: Door) -> None:
    for path in ("/api/v1/echo", "/api/v1/products", "/api/v1/nothing"):
        assert (await door.get(path)).headers["X-API-Version"] == "v1"


async def test_a_deprecated_route_says_so(door: Door) -> None:
    old, current = await door.get("/api/v1/old"), await door.get("/api/v1/echo")

    assert old.headers["Deprecation"] == "@1767225600"
    assert old.headers["Sunset"] == "Thu, 31 Dec 2026 00:00:00 GMT"
    assert (old.headers["X-API-Deprecated"], old.headers["X-API-Sunset"]) == ("true", "2026-12-31")
    assert not {"Deprecation", "Sunset", "X-API-Deprecated", "X-API-Sunset"} & set(current.headers)


async def test_a_page_of_a_service_may_have_its_own_policy(door: Door) -> None:
    door.shop.answers["/api/v1/echo"] = always(200, headers={"content-security-policy": "default-src 'self'"})

    assert (await door.get("/api/v1/echo")).headers.getall("Content-Security-Policy") == ["default-src 'self'"]


async def test_vary_names_what_the_service_and_the_gateway_vary_by(door: Door) -> None:
    door.shop.answers["/api/v1/echo"] = always(200, headers={"vary": "Accept-Language"})

    assert (await door.get("/api/v1/echo")).headers.getall("Vary") == ["Accept-Language, Accept-Encoding"]


async def test_the_services_own_headers_come_back(either_door: Door) -> None:
    sent = {"etag": '"3"', "location": "/api/v1/orders/1", "idempotency-replayed": "true", "retry-after": "3"}
    either_door.shop.answers["/api/v1/echo"] = always(201, headers=sent)

    reply = await either_door.get("/api/v1/echo")

    assert {name: reply.headers[name] for name in sent} == sent


async def test_no_other_origin_may_read_unless_it_is_named(door: Door) -> None:
    plain = await door.get("/api/v1/echo", headers={"Origin": ADMIN})
    asked_before = await door.ask(
        "OPTIONS", "/api/v1/orders", headers={"Origin": ADMIN, "Access-Control-Request-Method": "POST"}
    )

    assert not [name for name in (*plain.headers, *asked_before.headers) if name.startswith("Access-Control")]


@pytest.mark.parametrize("path", ["/api/v1/echo", "/api/v1/products", "/api/v1/nothing"])
async def test_a_named_origin_may_read(path: str) -> None:
    async with open_door(allowed_origins=(ADMIN,)) as door:
        reply = await door.get(path, headers={"Origin": ADMIN})
        stranger = await door.get(path, headers={"Origin": "https://evil.test"})

    assert reply.headers["Access-Control-Allow-Origin"] == ADMIN
    assert reply.headers["Access-Control-Allow-Credentials"] == "true"
    assert "X-Request-Id" in reply.headers["Access-Control-Expose-Headers"]
    assert "Origin" in reply.headers["Vary"]
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert "Origin" in stranger.headers["Vary"]


async def test_a_named_origin_is_told_beforehand_what_it_may_send() -> None:
    async with open_door(allowed_origins=(ADMIN,)) as door:
        reply = await door.ask(
            "OPTIONS",
            "/api/v1/orders",
            headers={
                "Origin": ADMIN,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization, idempotency-key",
            },
        )

    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == ADMIN
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Idempotency-Key"} <= set(reply.headers["Access-Control-Allow-Headers"].split(", "))
    assert reply.headers["Access-Control-Max-Age"] == "600"
    assert door.shop.asked == []
