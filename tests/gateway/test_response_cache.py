"""Answers from memory: anonymous content, some seconds long, fetched once however many wait."""

import asyncio

import pytest

from shikanji.gateway.response_cache import Content, ResponseCache, normalised
from shikanji.kit.asgi import Receive, Send
from shikanji.kit.cache.memory import MemoryCache
from shikanji.kit.clock import SECOND, ManualClock
from tests.gateway.door import NOON, Asked, Door, always, answer, assert_problem, open_door

MENU = "/api/v1/products"
PRODUCT = f"{MENU}/0190b5c0-1234-7123-8123-123456789012"


async def test_a_kept_answer_asks_the_service_no_more(either_door: Door) -> None:
    first = await either_door.get(MENU)
    second = await either_door.get(MENU)

    assert first.body == second.body
    assert len(either_door.shop.asked) == 1
    assert second.headers["Cache-Control"] == "public, max-age=5"
    assert second.headers["Vary"] == "Accept-Encoding, Authorization, Cookie"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


async def test_it_is_kept_for_as_long_as_the_route_says(door: Door) -> None:
    await door.get(MENU)

    door.clock.advance(5 * SECOND - 1)
    await door.get(MENU)
    assert len(door.shop.asked) == 1
    door.clock.advance(1)
    await door.get(MENU)
    assert len(door.shop.asked) == 2


async def test_queries_that_mean_the_same_share_an_answer(door: Door) -> None:
    for query in ("?a=1&b=x+y", "?b=x%20y&a=1", "?b=%78+y&a=%31"):
        await door.get(MENU + query)
    await door.get(MENU + "?a=1&b=x")

    assert len(door.shop.asked) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [("a=1&a=2", "a=2&a=1"), ("a=%ff", "a=%fe"), ("a=", ""), ("a=1%262", "a=1&2"), ("A=1", "a=1")],
)
def test_queries_that_may_mean_something_else_do_not(one: str, other: str) -> None:
    assert normalised("/", one.encode()) != normalised("/", other.encode())


async def test_customers_share_what_anonymous_callers_get(door: Door) -> None:
    await door.get(MENU, token="customer", headers={"X-Personal": "1", "Cookie": "lang=hi"})
    await door.get(MENU)

    (asked,) = door.shop.asked
    assert asked.headers.keys() == {"x-request-id"}


@pytest.mark.parametrize("token", ["manager", "admin"])
async def test_staff_always_see_what_is(door: Door, token: str) -> None:
    await door.get(MENU)

    reply = await door.get(MENU, token=token)

    assert len(door.shop.asked) == 2
    assert door.shop.asked[1].headers["authorization"] == f"Bearer {token}"
    assert reply.headers["Cache-Control"] == "no-store"


async def test_a_bad_token_is_401_also_when_the_answer_is_there(door: Door) -> None:
    await door.get(MENU)

    assert_problem(await door.get(MENU, token="forged"), 401, "unauthorized")


async def test_many_who_ask_at_once_ask_the_service_once(door: Door) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: Asked, receive: Receive, send: Send) -> None:
        asked.set()
        await go_on.wait()
        await answer(send, 200, {"data": []})

    door.shop.answers[MENU] = slow
    waiting = [asyncio.create_task(door.get(MENU)) for _ in range(20)]
    await asked.wait()
    waiting[0].cancel()  # the one who asked first leaves
    go_on.set()

    replies = await asyncio.gather(*waiting[1:])

    assert {reply.status for reply in replies} == {200}
    assert len(door.shop.asked) == 1


@pytest.mark.parametrize(
    ("status", "headers"),
    [(404, {}), (422, {}), (500, {}), (201, {}), (200, {"set-cookie": "a=b"}), (200, {"vary": "accept-language"})],
)
async def test_only_a_plain_answer_is_kept(door: Door, status: int, headers: dict[str, str]) -> None:
    door.shop.answers[MENU] = always(status, {"data": 1}, headers)

    replies = [await door.get(MENU) for _ in range(2)]

    assert [reply.status for reply in replies] == [status, status]
    assert replies[1].headers["Cache-Control"] == "no-store"
    assert all(replies[1].headers[name.title()].startswith(value) for name, value in headers.items())
    assert len(door.shop.asked) == 4  # each asked to share, and then for itself


async def test_a_purge_forgets_by_path(door: Door) -> None:
    await door.get(MENU)
    await door.get(PRODUCT)

    door.gateway.purge(PRODUCT)

    await door.get(MENU)
    await door.get(PRODUCT)
    assert [asked.path for asked in door.shop.asked] == [MENU, PRODUCT, PRODUCT]


async def test_a_purge_reaches_every_gateway() -> None:
    cache = MemoryCache()
    async with open_door(cache=cache) as one, open_door(cache=cache) as other:
        await one.get(MENU)
        await other.get(MENU)

        one.gateway.purge("/api/v1/stores")
        one.gateway.purge("/api/v1/products")

        await one.get(MENU)
        await other.get(MENU)
    assert len(one.shop.asked) == len(other.shop.asked) == 2


async def test_what_was_fetched_before_a_purge_is_not_kept_after_it() -> None:
    cache, asked, go_on = ResponseCache(ManualClock(NOON), bytes_max=100_000), asyncio.Event(), asyncio.Event()

    async def old() -> Content:
        asked.set()
        await go_on.wait()
        return Content(b"old", b"text/plain")

    async def new() -> Content:
        return Content(b"new", b"text/plain")

    fetching = asyncio.create_task(cache.fetch(MENU, b"", 5, old))
    await asked.wait()
    cache.purge(MENU)
    fresh = await cache.fetch(MENU, b"", 5, new)
    go_on.set()
    await fetching

    assert fresh is not None
    assert cache.get(MENU, b"") is fresh


async def test_a_failed_fetch_fails_all_who_waited_and_nobody_after() -> None:
    cache = ResponseCache(ManualClock(NOON), bytes_max=100_000)

    async def failing() -> Content:
        raise ConnectionError

    async def working() -> Content:
        return Content(b"tea", b"text/plain")

    failed = await asyncio.gather(*(cache.fetch(MENU, b"", 5, failing) for _ in range(2)), return_exceptions=True)

    assert [type(error) for error in failed] == [ConnectionError, ConnectionError]
    assert await cache.fetch(MENU, b"", 5, working) is not None


async def test_old_answers_make_room_for_new_ones() -> None:
    cache = ResponseCache(ManualClock(NOON), bytes_max=2 * Content(b"x" * 40, b"text/plain").size)

    async def load(size: int) -> Content:
        return Content(b"x" * size, b"text/plain")

    for name, size in (("/a", 40), ("/b", 40), ("/c", 40), ("/too-big", 10_000)):
        await cache.fetch(name, b"", 5, lambda size=size: load(size))  # type: ignore[misc]

    assert [name for name in ("/a", "/b", "/c", "/too-big") if cache.get(name, b"")] == ["/b", "/c"]


async def test_a_flood_of_different_queries_stays_within_bounds() -> None:
    cache = ResponseCache(ManualClock(NOON), bytes_max=100_000)

    async def nothing_found() -> Content:
        return Content(b"[]", b"application/json")

    for number in range(10_000):
        await cache.fetch(MENU, b"q=%d" % number, 5, nothing_found)
    await cache.fetch(MENU, b"q=" + b"x" * 5_000, 5, nothing_found)

    assert sum(cache.get(MENU, b"q=%d" % number) is not None for number in range(10_000)) <= 100_000 // 4_096
    assert cache.get(MENU, b"q=" + b"x" * 5_000) is not None


@pytest.mark.parametrize("kept", [True, False])
async def test_what_the_client_has_already_is_304(door: Door, kept: bool) -> None:
    tag = (await door.get(MENU)).headers["ETag"]
    if not kept:
        door.clock.advance(5 * SECOND)
        door.shop.answers[MENU] = always(200, {"success": True, "data": {"shop": "shop", "asked": 1}})

    same = await door.get(MENU, headers={"If-None-Match": f'"other", {tag}'})
    other = await door.get(MENU, headers={"If-None-Match": '"other"'})
    any_at_all = await door.get(MENU, headers={"If-None-Match": "*"})

    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag)
    assert (other.status, any_at_all.status) == (200, 304)


async def test_the_services_own_tag_is_kept(door: Door) -> None:
    door.shop.answers[PRODUCT] = always(200, {"data": 1}, {"etag": '"7"'})

    first, second = await door.get(PRODUCT), await door.get(PRODUCT, headers={"If-None-Match": 'W/"7"'})

    assert (first.headers["ETag"], second.status) == ('"7"', 304)


async def test_head_of_a_kept_answer(door: Door) -> None:
    whole = await door.get(MENU)
    head = await door.ask("HEAD", MENU)

    assert (head.body, head.headers["Content-Length"]) == (b"", whole.headers["Content-Length"])
    assert len(door.shop.asked) == 1


@pytest.mark.parametrize("accept", ["image/png", "text/html, application/json;q=0"])
async def test_a_form_that_is_not_there_is_406(door: Door, accept: str) -> None:
    await door.get(MENU)

    assert_problem(await door.get(MENU, headers={"Accept": accept}), 406, "not-acceptable")


async def test_hits_and_misses_are_counted(door: Door) -> None:
    for _ in range(3):
        await door.get(MENU)

    metrics = (await door.get("/metrics")).body.decode()
    assert 'shikanji_gateway_cache_total{result="hit"} 2.0' in metrics
    assert 'shikanji_gateway_cache_total{result="miss"} 1.0' in metrics
