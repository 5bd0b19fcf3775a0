"""Several copies of a service: the least loaded is asked, a silent one is left alone, and nothing is asked twice that
must not be."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from shikanji.gateway.remote import Copies
from shikanji.kit.asgi import Receive, Scope, Send
from shikanji.kit.breaker import FAILURES_MAX, State
from shikanji.kit.clock import SECOND
from tests.gateway.door import Asked, Door, Shop, always, answer, assert_problem, open_door
from tests.serving import free_port


class Hangup(Shop):
    """Says that it is ready, and hangs up on every other request, before its answer or in the middle of it."""

    def __init__(self, *, after_bytes: int = 0) -> None:
        super().__init__("hangup")
        self.after_bytes = after_bytes

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._hang_up, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _hang_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /health/"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        else:
            self.asked.append(Asked(head.split()[0].decode(), "", "", {}, "", b""))
            if self.after_bytes:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (self.after_bytes * 2))
                writer.write(b"x" * self.after_bytes)
        writer.close()


async def until(holds: Callable[[], bool]) -> None:
    """Lets the event loop run until the condition holds; gives up after so many turns that something is wrong."""
    for _ in range(100_000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to be")


def copies_of(door: Door) -> Copies:
    assert door.copies is not None
    return door.copies


async def test_each_copy_has_its_turn() -> None:
    shops = [Shop("a"), Shop("b"), Shop("c")]
    async with open_door(over_http=True, shops=shops) as door:
        for _ in range(6):
            await door.get("/api/v1/echo")

    assert [len(shop.asked) for shop in shops] == [2, 2, 2]


async def test_the_copy_with_the_fewest_requests_is_asked() -> None:
    go_on = asyncio.Event()

    async def slow(asked: Asked, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await answer(send, 200)

    shops = [Shop("a"), Shop("b")]
    shops[0].answers["/api/v1/orders/recent"] = shops[1].answers["/api/v1/orders/recent"] = slow
    async with open_door(over_http=True, shops=shops) as door:
        waiting = asyncio.create_task(door.get("/api/v1/orders/recent", token="customer"))
        await until(lambda: any(shop.asked for shop in shops))
        busy, idle = sorted(shops, key=lambda shop: -len(shop.asked))
        for _ in range(3):
            await door.get("/api/v1/echo")
        go_on.set()
        await waiting

    assert (len(busy.asked), len(idle.asked)) == (1, 3)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("after_bytes", [0, 10])
async def test_a_read_without_an_answer_is_asked_of_another_copy(method: str, after_bytes: int) -> None:
    broken = Hangup(after_bytes=after_bytes)
    shops = [broken, Shop("works")]
    async with open_door(over_http=True, shops=shops) as door:
        replies = [await door.ask(method, "/api/v1/echo") for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert broken.asked
    assert len(shops[1].asked) == 2


async def test_a_read_is_asked_twice_at_most() -> None:
    shops = [Hangup(), Hangup(), Hangup()]
    async with open_door(over_http=True, shops=shops) as door:
        reply = await door.get("/api/v1/echo")

    assert_problem(reply, 502, "bad-gateway")
    assert sorted(len(shop.asked) for shop in shops) == [0, 1, 1]


@pytest.mark.parametrize("method", ["POST", "PUT"])  # aiohttp by itself would repeat the PUT
async def test_a_write_without_an_answer_is_the_clients_to_repeat(method: str) -> None:
    path = "/api/v1/orders" if method == "POST" else "/api/v1/products/1"
    shops = [Hangup(), Hangup()]
    async with open_door(over_http=True, shops=shops) as door:
        reply = await door.ask(method, path, token="manager", data=b"{}")

    assert_problem(reply, 502, "bad-gateway")
    assert "Idempotency-Key" in reply.json["detail"]
    assert sum(len(shop.asked) for shop in shops) == 1


async def test_a_copy_that_takes_too_long_is_504() -> None:
    async def never(asked: Asked, receive: Receive, send: Send) -> None:
        await receive()

    shop = Shop()
    shop.answers["/api/v1/orders"] = never
    async with open_door(over_http=True, shops=[shop], upstream_seconds_max=0.1) as door:
        assert_problem(await door.post("/api/v1/orders", token="customer", data=b"{}"), 504, "gateway-timeout")


async def test_a_copy_that_fails_again_and_again_is_left_alone_and_then_tried_once() -> None:
    broken = Hangup()
    async with open_door(over_http=True, shops=[broken]) as door:
        for _ in range(FAILURES_MAX):
            await door.post("/api/v1/echo", data=b"{}")
        left_alone = await door.post("/api/v1/echo", data=b"{}")
        asked_before = len(broken.asked)
        door.clock.advance(SECOND)
        await door.post("/api/v1/echo", data=b"{}")
        again = await door.post("/api/v1/echo", data=b"{}")

    assert_problem(left_alone, 503, "unavailable")
    assert left_alone.headers["Retry-After"] == "1"
    assert asked_before == FAILURES_MAX
    assert len(broken.asked) == FAILURES_MAX + 1
    assert again.status == 503


async def test_a_refusal_of_the_service_is_an_answer_and_no_failure() -> None:
    shop = Shop()
    shop.answers["/api/v1/echo"] = always(503, {"busy": True})
    async with open_door(over_http=True, shops=[shop]) as door:
        replies = [await door.post("/api/v1/echo", data=b"{}") for _ in range(FAILURES_MAX + 1)]
        ((_, healthy, breaker, in_flight),) = copies_of(door).states()

    assert {reply.status for reply in replies} == {503}
    assert replies[-1].json == {"busy": True}
    assert (healthy, breaker, in_flight) == (True, State.CLOSED, 0)


async def test_nobody_at_the_address_is_503_since_nothing_was_done() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    async with open_door(over_http=True) as door:
        copies_of(door).copies[0].url = nowhere
        first = await door.post("/api/v1/echo", data=b"{}")
        for _ in range(2):
            await copies_of(door).check_health()
        second = await door.post("/api/v1/echo", data=b"{}")

    for reply in (first, second):
        assert_problem(reply, 503, "unavailable")
        assert "nothing was done" in reply.json["detail"]


async def test_a_write_that_a_copy_cannot_have_heard_is_asked_of_another() -> None:
    shops = [Shop("gone"), Shop("works")]
    async with open_door(over_http=True, shops=shops) as door:
        copies_of(door).copies[0].url = f"http://127.0.0.1:{free_port()}"
        replies = [await door.post("/api/v1/echo", data=b"{}") for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert len(shops[1].asked) == 2


async def test_a_copy_that_is_not_ready_is_not_asked_until_it_is() -> None:
    ready = {"a": True}

    class Moody(Shop):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"].startswith("/health/"):
                await answer(send, 200 if ready["a"] else 503)
            else:
                await super().__call__(scope, receive, send)

    moody, other = Moody("moody"), Shop("other")
    async with open_door(over_http=True, shops=[moody, other], health_seconds=300) as door:
        copies = copies_of(door)
        ready["a"] = False
        await copies.check_health()
        assert copies.copies[0].usable  # a single silence is forgiven
        await copies.check_health()
        for _ in range(4):
            await door.get("/api/v1/echo")
        asked_while_away = len(moody.asked)
        ready["a"] = True
        await copies.check_health()
        for _ in range(4):
            await door.get("/api/v1/echo")
        metrics = (await door.get("/metrics")).body.decode()

    assert asked_while_away == 0
    assert len(other.asked) == 6
    assert len(moody.asked) == 2
    assert f'shikanji_upstream_up{{copy="{copies.copies[0].url}",service="shop"}} 1.0' in metrics


class Unready(Shop):
    """Says, on being asked, why it is not ready."""

    def __init__(self, said: Any, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.said, self.headers = said, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 503, self.said, self.headers)


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        ([{"detail": "order: cannot say (Unavailable)"}], ": order: cannot say (Unavailable)"),
        ([{"detail": "is starting"}, {"detail": "a\r\nb"}, {"detail": "is starting"}], ": ab; is starting"),
        ([{"detail": "x" * 1_000}], f": {'x' * 200}"),
        ([{"detail": ["no text"]}], ": answers 503"),
        ([{"detail": "x" * 70_000}], ": answers 503"),
        (["no problem"], ": answers 503"),
    ],
    ids=["one", "several", "long", "no text", "endless", "no problem"],
)
async def test_why_no_copy_is_ready_is_what_the_copies_say(said: list[Any], reasons: str) -> None:
    async with open_door(over_http=True, shops=[Unready(one) for one in said], health_seconds=300) as door:
        copies = copies_of(door)
        for _ in range(2):
            await copies.check_health()

        assert await copies.why_not_ready() == f"no copy is ready{reasons}"


async def test_a_copy_that_is_ready_again_has_no_reason_left() -> None:
    async with open_door(over_http=True, health_seconds=300) as door:
        copies = copies_of(door)
        (copy,) = copies.copies
        url, copy.url = copy.url, f"http://127.0.0.1:{free_port()}"
        for _ in range(2):
            await copies.check_health()
        assert await copies.why_not_ready() == "no copy is ready: gives no answer"
        copy.url = url
        await copies.check_health()

        assert (await copies.why_not_ready(), copy.reason) == ("", "")


async def _in_pieces(asked: Asked, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
    asked.headers["left"] = "yes"


async def test_a_piece_reaches_the_client_before_the_next_is_there(either_door: Door) -> None:
    either_door.shop.answers["/api/v1/echo"] = _in_pieces

    async with either_door.session.get(either_door.url + "/api/v1/echo") as response:
        assert await response.content.readuntil(b"\n\n") == b"data: 1\n\n"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_client_that_leaves_frees_the_copys_connection(method: str) -> None:
    shop = Shop()
    shop.answers["/api/v1/echo"] = _in_pieces
    async with open_door(over_http=True, shops=[shop]) as door:
        async with door.session.request(method, door.url + "/api/v1/echo") as response:
            await response.content.readuntil(b"\n\n")
            response.close()

        await until(lambda: "left" in shop.asked[0].headers)
        await until(lambda: copies_of(door).copies[0].in_flight == 0)


async def test_a_client_that_leaves_while_the_service_works_costs_nothing_but_the_work(either_door: Door) -> None:
    go_on, done = asyncio.Event(), asyncio.Event()

    async def slow(asked: Asked, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await answer(send, 200)
        done.set()

    either_door.shop.answers["/api/v1/orders"] = slow
    ordering = asyncio.create_task(either_door.post("/api/v1/orders", token="customer", data=b"{}"))
    await until(lambda: bool(either_door.shop.asked))
    ordering.cancel()
    go_on.set()

    await done.wait()
    assert (await either_door.get("/api/v1/echo")).status == 200


async def test_a_long_answer_that_breaks_off_breaks_off_for_the_client_too() -> None:
    async with open_door(over_http=True, shops=[Hangup(after_bytes=70_000)]) as door:
        with pytest.raises(aiohttp.ClientError):
            await door.get("/api/v1/echo")
        await until(lambda: copies_of(door).copies[0].in_flight == 0)


async def test_a_long_answer_comes_whole() -> None:
    shop = Shop()
    shop.answers["/api/v1/echo"] = always(200, ["x" * 1_000] * 300)
    async with open_door(over_http=True, shops=[shop]) as door:
        reply = await door.get("/api/v1/echo")

    assert len(reply.json) == 300


async def test_a_service_that_raises_is_500_without_a_word_of_why(door: Door) -> None:
    async def failing(asked: Asked, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret=hunter2")

    door.shop.answers["/api/v1/echo"] = failing

    reply = await door.get("/api/v1/echo")

    assert_problem(reply, 500, "internal-error")
    assert b"hunter2" not in reply.body


async def test_a_copy_that_is_back_is_asked_at_once_however_often_it_had_failed() -> None:
    shop = Shop()
    async with open_door(over_http=True, shops=[shop], health_seconds=300) as door:
        (copy,) = copies_of(door).copies
        url, copy.url = copy.url, f"http://127.0.0.1:{free_port()}"
        for _ in range(FAILURES_MAX):
            await door.post("/api/v1/echo", data=b"{}")
        for _ in range(2):
            await copies_of(door).check_health()
        resting = await door.get("/api/v1/echo")
        copy.url = url
        await copies_of(door).check_health()
        back = await door.get("/api/v1/echo")

    assert (resting.status, back.status) == (503, 200)
