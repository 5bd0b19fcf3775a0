"""Which encoding a client takes, and the three we give: zstd, brotli, gzip."""

import asyncio
import sys
import zlib
from functools import lru_cache
from typing import Any, Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SIZE_MIN = 600
"""Below this the headers weigh more than what is saved."""
THREAD_SIZE_MIN = 262_144
"""From here on compressing would hold up everybody else on the event loop."""

PREFERRED = (b"zstd", b"br", b"gzip")

_COMPRESSIBLE = (
    b"application/json",
    b"application/problem+json",
    b"text/",
    b"application/javascript",
    b"image/svg+xml",
)


def compressible(content_type: bytes) -> bool:
    return content_type.startswith(_COMPRESSIBLE)


@lru_cache(maxsize=1_024)
def negotiate(accept_encoding: bytes) -> bytes:
    """The encoding to answer in: the caller's best weight, ours on a tie; empty for none."""
    weights = _weights(accept_encoding)
    wildcard = weights.get(b"*", 0.0)
    best = max(PREFERRED, key=lambda name: weights.get(name, wildcard))
    return best if weights.get(best, wildcard) > 0 else b""


def compress(body: bytes, encoding: bytes, *, kept: bool = False) -> bytes:
    """`kept`: the result serves many requests, so it may cost more to make."""
    if encoding == b"zstd":
        return zstd.compress(body, level=9 if kept else 1)
    if encoding == b"br":
        compressed: bytes = brotli.compress(body, quality=6 if kept else 2)
        return compressed
    return zlib.compress(body, level=6 if kept else 1, wbits=31)


async def compress_once(body: bytes, encoding: bytes) -> bytes:
    if len(body) >= THREAD_SIZE_MIN:
        return await asyncio.to_thread(compress, body, encoding)
    return compress(body, encoding)


class Stream(Protocol):
    """Compresses a body that comes in pieces; each piece can be read by the client when it arrives."""

    def feed(self, data: bytes, *, last: bool) -> bytes: ...


def stream(encoding: bytes) -> Stream:
    kinds: dict[bytes, type[Stream]] = {b"zstd": _Zstd, b"br": _Brotli, b"gzip": _Gzip}
    return kinds[encoding]()


class _Zstd:
    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(level=1)

    def feed(self, data: bytes, *, last: bool) -> bytes:
        if last:
            return self._compressor.compress(data, zstd.ZstdCompressor.FLUSH_FRAME)
        return self._compressor.compress(data, zstd.ZstdCompressor.FLUSH_BLOCK)


class _Brotli:
    def __init__(self) -> None:
        self._compressor: Any = brotli.Compressor(quality=2)

    def feed(self, data: bytes, *, last: bool) -> bytes:
        out: bytes = self._compressor.process(data)
        rest: bytes = self._compressor.finish() if last else self._compressor.flush()
        return out + rest


class _Gzip:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj(level=1, wbits=31)

    def feed(self, data: bytes, *, last: bool) -> bytes:
        return self._compressor.compress(data) + self._compressor.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def _weights(accept_encoding: bytes) -> dict[bytes, float]:
    weights: dict[bytes, float] = {}
    for part in accept_encoding.lower().split(b","):
        name, _, parameter = part.strip().partition(b";")
        key, _, value = parameter.strip().partition(b"=")
        weights[name.strip()] = _weight(value) if key.strip() == b"q" else 1.0
    return weights


def _weight(text: bytes) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
