"""Which encoding, for what, and that the bytes are the same afterwards."""

import sys
import zlib
from collections.abc import Callable

import brotli
import pytest

from shikanji.gateway.compression import THREAD_SIZE_MIN, negotiate
from shikanji.kit.asgi import Receive, Send
from tests.gateway.door import Asked, Door, always

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstd.decompress,
    "br": brotli.decompress,
    "gzip": lambda data: zlib.decompress(data, wbits=31),
}
LONG = {"data": [{"name": "Shikanji", "price": 8000}] * 40}


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"gzip, br", b"br"),
        (b"gzip;q=1.0, br;q=0.5", b"gzip"),
        (b"GZIP", b"gzip"),
        (b"*", b"zstd"),
        (b"*;q=0.5, gzip", b"gzip"),
        (b"zstd;q=0, *", b"br"),
        (b"identity", b""),
        (b"gzip;q=0", b""),
        (b"*;q=0", b""),
        (b"deflate", b""),
        (b"gzip;q=high", b""),
        (b"gzip;q=7", b""),
        (b";;;,,", b""),
        (b"", b""),
    ],
)
def test_the_callers_weights_decide_and_ours_on_a_tie(accept: bytes, encoding: bytes) -> None:
    assert negotiate(accept) == encoding


@pytest.mark.parametrize("encoding", UNPACK)
@pytest.mark.parametrize("path", ["/api/v1/echo", "/api/v1/products", "/docs"])
async def test_a_long_answer_is_compressed(either_door: Door, encoding: str, path: str) -> None:
    either_door.shop.answers[path] = always(200, LONG)
    plain = await either_door.get(path)

    packed = await either_door.get(path, headers={"Accept-Encoding": encoding})

    assert packed.headers["Content-Encoding"] == encoding
    assert int(packed.headers["Content-Length"]) == len(packed.body) < len(plain.body)
    assert UNPACK[encoding](packed.body) == plain.body
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Content-Encoding" not in plain.headers


async def test_the_service_is_never_asked_for_a_compressed_answer(either_door: Door) -> None:
    await either_door.get("/api/v1/echo", headers={"Accept-Encoding": "gzip"})

    assert "accept-encoding" not in either_door.shop.asked[0].headers


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ("short", {}),
        (LONG, {"content-type": "image/png"}),
        (LONG, {"content-encoding": "gzip"}),
    ],
)
async def test_what_gains_nothing_is_left_as_it_is(door: Door, data: object, headers: dict[str, str]) -> None:
    door.shop.answers["/api/v1/echo"] = always(200, data, headers)

    reply = await door.get("/api/v1/echo", headers={"Accept-Encoding": "gzip"})

    assert reply.headers.get("Content-Encoding") == headers.get("content-encoding")


async def test_an_answer_with_a_token_in_it_is_not_compressed(door: Door) -> None:
    door.shop.answers["/api/v1/auth/login"] = always(200, LONG)

    reply = await door.post("/api/v1/auth/login", headers={"Accept-Encoding": "gzip"}, data=b"{}")

    assert "Content-Encoding" not in reply.headers


@pytest.mark.parametrize("encoding", UNPACK)
async def test_an_answer_in_pieces_is_compressed_in_pieces(either_door: Door, encoding: str) -> None:
    pieces = [b"[" + b"1," * 500, b"2," * 500, b"3]"]

    async def in_pieces(asked: Asked, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    either_door.shop.answers["/api/v1/echo"] = in_pieces

    plain = await either_door.get("/api/v1/echo")
    packed = await either_door.get("/api/v1/echo", headers={"Accept-Encoding": encoding})

    assert plain.body == b"".join(pieces)
    assert packed.headers["Content-Encoding"] == encoding
    assert UNPACK[encoding](packed.body) == plain.body


async def test_a_very_long_answer_is_compressed_beside_the_event_loop(either_door: Door) -> None:
    data = ["shikanji"] * (THREAD_SIZE_MIN // 8)
    either_door.shop.answers["/api/v1/echo"] = always(200, data)

    packed = await either_door.get("/api/v1/echo", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert UNPACK["gzip"](packed.body).count(b"shikanji") == len(data)
