"""What is no HTTP, or tries to be two requests at once: raw bytes against the door."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from shikanji.gateway.server import HEAD_BYTES_MAX, FrontDoorProtocol
from shikanji.kit.asgi import Receive, Send
from tests.gateway.door import Asked, Door, always, open_door

SECONDS_MAX = 5.0


class Wire:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(SECONDS_MAX):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return int(lines[0].split()[1]), headers, body

    async def closed(self) -> bytes:
        """Everything until the other end hangs up."""
        async with asyncio.timeout(SECONDS_MAX):
            return await self._reader.read()

    def finish(self) -> None:
        self._writer.write_eof()


@asynccontextmanager
async def wire_to(door: Door) -> AsyncIterator[Wire]:
    port = int(door.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def request(line: str = "GET /api/v1/echo HTTP/1.1", *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([line, "Host: shop.test", *headers, "", ""]).encode("latin-1") + body


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,  # TLS spoken to plain HTTP
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        request("GET /\x00 HTTP/1.1"),
        request("GET /caf\xe9 HTTP/1.1"),
        request("GET /api/v1/echo HTTP/1.1", "Bad Name: 1"),
        request("GET /api/v1/echo HTTP/1.1", "X: a\x00b"),
        request("POST /api/v1/echo HTTP/1.1", "Content-Length: -1"),
        request("POST /api/v1/echo HTTP/1.1", "Content-Length: 1e3"),
        request("POST /api/v1/echo HTTP/1.1", "Content-Length: 99999999999999999999999"),
        request("POST /api/v1/echo HTTP/1.1", "Content-Length: 1", "Content-Length: 2", body=b"ab"),
        request("POST /api/v1/echo HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        request("POST /api/v1/echo HTTP/1.1", "Transfer-Encoding: chunked", "Content-Length: 5", body=b"0\r\n\r\n"),
        request("POST /api/v1/echo HTTP/1.1", "Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
        request("POST /api/v1/echo HTTP/1.1", "Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
        request("POST /api/v1/echo HTTP/1.1", "Transfer-Encoding: chunked", body=b"zz\r\nabc\r\n0\r\n\r\n"),
        request("GET /api/v1/echo HTTP/1.1", "Host: other.test"),
        b"GET /api/v1/echo HTTP/1.1\r\n\r\n",
        request("GET /api/v1/echo HTTP/1.1", "Authorization: Bearer customer", "Authorization: Bearer admin"),
    ],
)
async def test_what_is_no_clear_request_is_400_and_reaches_nobody(door: Door, data: bytes) -> None:
    async with wire_to(door) as wire:
        await wire.send(data)
        status, headers, body = await wire.answer()

    assert status == 400
    assert headers["content-type"] == "application/problem+json"
    assert b'"success":false' in body
    assert door.shop.asked == []


@pytest.mark.parametrize("path", ["/api/v1/../v1/echo", "/api/v1/./echo", "/api/v1/echo/..", "/api/v1/echo%2f"])
async def test_a_path_means_what_it_says(door: Door, path: str) -> None:
    async with wire_to(door) as wire:
        await wire.send(request(f"GET {path} HTTP/1.1"))
        status, _, _ = await wire.answer()

    assert status == 404
    assert door.shop.asked == []


async def test_a_head_without_end_is_431(door: Door) -> None:
    async with wire_to(door) as wire:
        await wire.send(request()[:-2] + b"X: " + b"x" * HEAD_BYTES_MAX)
        for _ in range(8):
            await wire.send(b"\r\nY: " + b"y" * 10_000)
        status, headers, _ = await wire.answer()

    assert (status, headers["connection"]) == (431, "close")


async def test_requests_in_one_packet_are_answered_in_their_order(door: Door) -> None:
    kept, passed = "GET /api/v1/products HTTP/1.1", "GET /api/v1/echo?n={} HTTP/1.1"
    await door.get("/api/v1/products")
    async with wire_to(door) as wire:
        await wire.send(
            b"".join(
                [request(kept), request(passed.format(1)), request(kept), request(passed.format(2)), request(kept)]
            )
        )
        answers = [await wire.answer() for _ in range(5)]

    assert [headers["cache-control"] for _, headers, _ in answers] == [
        "public, max-age=5", "no-store", "public, max-age=5", "no-store", "public, max-age=5"
    ]  # fmt: skip
    assert [asked.query for asked in door.shop.asked[1:]] == ["n=1", "n=2"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("path", ["/api/v1/products", "/api/v1/echo"])
async def test_a_connection_that_is_to_close_closes(door: Door, version: str, path: str) -> None:
    await door.get(path)
    async with wire_to(door) as wire:
        await wire.send(request(f"GET {path} HTTP/{version}", "Connection: close"))
        answer = await wire.closed()

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer


async def test_expect_100_continue_is_answered_before_the_body(door: Door) -> None:
    async with wire_to(door) as wire:
        await wire.send(request("POST /api/v1/echo HTTP/1.1", "Content-Length: 2", "Expect: 100-continue"))
        first, _, _ = await wire.answer()
        await wire.send(b"{}")
        second, _, _ = await wire.answer()

    assert (first, second) == (100, 200)
    assert door.shop.asked[0].body == b"{}"


async def test_a_body_that_is_refused_unread_is_thrown_away() -> None:
    async with open_door(body_bytes_max=10) as door, wire_to(door) as wire:
        await wire.send(request("POST /api/v1/echo HTTP/1.1", "Content-Length: 100000"))
        refused, _, _ = await wire.answer()
        await wire.send(b"x" * 100_000 + request())
        after, _, _ = await wire.answer()

    assert (refused, after) == (413, 200)


async def test_a_half_request_that_ends_costs_nothing(door: Door) -> None:
    async with wire_to(door) as wire:
        await wire.send(request("POST /api/v1/echo HTTP/1.1", "Content-Length: 10", body=b"{"))
        wire.finish()
        await wire.closed()

    assert (await door.get("/api/v1/echo")).status == 200


class Impatient(FrontDoorProtocol):
    head_seconds_max = 0.05
    check_seconds = 0.02


@pytest.mark.parametrize("begun", [b"", b"GET /api/v1/echo HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(begun: bytes) -> None:
    async with open_door(server={"http": Impatient, "timeout_keep_alive": 0.05}) as door, wire_to(door) as wire:
        await wire.send(begun)
        answer = await wire.closed()

    assert answer.startswith(b"HTTP/1.1 408") if begun else answer == b""


async def test_the_rest_of_an_answered_body_is_not_waited_for() -> None:
    server = {"http": Impatient}
    async with open_door(server=server, body_bytes_max=10) as door, wire_to(door) as wire:
        await wire.send(request("POST /api/v1/echo HTTP/1.1", "Content-Length: 100000", body=b"x"))
        answer = await wire.closed()

    assert answer.startswith(b"HTTP/1.1 413")


async def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    go_on = asyncio.Event()

    async def slow(asked: object, receive: object, send: object) -> None:
        await go_on.wait()

    async with open_door(server={"http": Impatient, "timeout_keep_alive": 0.01}, upstream_seconds_max=0.3) as door:
        door.shop.answers["/api/v1/echo"] = slow
        async with wire_to(door) as wire:
            await wire.send(request())
            status, _, _ = await wire.answer()

    assert status == 504


async def test_a_websocket_is_not_opened(door: Door) -> None:
    async with wire_to(door) as wire:
        await wire.send(request("GET /api/v1/echo HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"))
        status, _, _ = await wire.answer()

    assert status == 200  # answered as the plain request that it also is


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: evil=1", "a\nb", "a\x00b"])
async def test_a_service_cannot_be_made_to_write_headers(door: Door, value: str) -> None:
    door.shop.answers["/api/v1/echo"] = always(200, headers={"location": value})

    async with wire_to(door) as wire:
        await wire.send(request())
        status, headers, _ = await wire.answer()

    assert status == 500
    assert not {"set-cookie", "location"} & headers.keys()


_PIECES = (
    b"GET ", b"POST ", b"TRACE ", b"/api/v1/echo", b"/api/v1/products", b"/", b"%", b"%00", b"?", b"\x00", b"\xff",
    b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"\r\n", b"\n", b"\r\n\r\n", b"Host: x\r\n", b"Content-Length: 3\r\n",
    b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"{}", b"abc", b": ",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n", b"Accept-Encoding: gzip\r\n",
    b"Authorization: Bearer customer\r\n", b"Cookie: shikanji_access=x\r\n", b"X-Request-Id: \r\n", b"A" * 9_000,
)  # fmt: skip


def _scrambled(seed: int) -> Iterable[bytes]:
    """A request that was right once, then cut, joined, repeated and bent."""
    chance = random.Random(seed)
    for _ in range(12):
        data = bytearray(b"".join(chance.choices(_PIECES, k=chance.randint(1, 12))))
        if chance.random() < 0.5:
            data = bytearray(request("POST /api/v1/echo HTTP/1.1", "Content-Length: 2", body=b"{}")) + data
        for _ in range(chance.randint(0, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        yield bytes(data)


@pytest.mark.parametrize("seed", range(12))
async def test_no_bytes_whatever_make_the_door_fall(door: Door, seed: int) -> None:
    for data in _scrambled(seed):
        async with wire_to(door) as wire:
            await wire.send(data)
            wire.finish()
            answer = await wire.closed()
        statuses = {int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]}
        assert not {status for status in statuses if status >= 500}, (data, answer)
        assert b"Traceback" not in answer

    assert (await door.get("/api/v1/echo")).status == 200


async def test_a_header_that_may_come_twice_counts_as_one(door: Door) -> None:
    door.shop.answers["/api/v1/orders"] = always(200, ["x" * 100] * 10)
    async with wire_to(door) as wire:
        await wire.send(
            request(
                "GET /api/v1/orders HTTP/1.1",
                "Accept-Encoding: identity",
                "Accept-Encoding: br",
                "Cookie: a=1",
                "Cookie: shikanji_access=customer",
                "traceparent: rubbish",
                "traceparent: more",
                "Content-Encoding: identity",
            )
        )
        status, headers, _ = await wire.answer()

    assert (status, headers["content-encoding"]) == (200, "br")
    assert door.shop.asked[0].headers["cookie"] == "a=1"
    assert door.shop.asked[0].headers["authorization"] == "Bearer customer"


@pytest.mark.parametrize("declared", ["1", "100"])
async def test_an_answer_of_another_length_than_it_says_is_broken_off(door: Door, declared: str) -> None:
    door.shop.answers["/api/v1/echo"] = always(200, "tea", {"content-length": declared})

    async with wire_to(door) as wire:
        await wire.send(request())
        await wire.closed()

    assert (await door.get("/api/v1/products")).status == 200


async def test_a_service_that_says_nothing_is_500(door: Door) -> None:
    async def silent(*_: object) -> None:
        """Returns without an answer."""

    door.shop.answers["/api/v1/echo"] = silent

    assert (await door.get("/api/v1/echo")).status == 500


async def test_a_reader_who_stops_reading_holds_up_the_answer_and_nothing_else(either_door: Door) -> None:
    piece, sent = b"x" * 1_000_000, 0

    async def endless(asked: Asked, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while sent < 100:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            sent += 1

    either_door.shop.answers["/api/v1/echo"] = endless
    async with wire_to(either_door) as wire:
        await wire.send(request())
        for _ in range(3):
            assert (await either_door.get("/api/v1/products")).status == 200
        assert sent < 100
