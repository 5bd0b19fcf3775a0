"""Answers kept in memory for some seconds: anonymous content only, each compressed once per encoding."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import parse_qsl, urlencode

from shikanji.gateway.compression import SIZE_MIN, compress, compressible, negotiate
from shikanji.gateway.problems import Header
from shikanji.kit.clock import SECOND, Clock

ALIASES_MAX = 8_192
ALIAS_BYTES_MAX = 256
"""A longer query is not worth remembering how it is spelled."""
ENTRY_BYTES_MAX = 2_097_152
OVERHEAD_BYTES = 4_096


class Content:
    """A body with its headers, and what it looks like in each encoding asked for so far."""

    __slots__ = ("_variants", "body", "content_type", "etag", "headers", "status")

    def __init__(self, body: bytes, content_type: bytes, *, headers: Sequence[Header] = (), etag: bytes = b"") -> None:
        self.status = 200
        self.body = body
        self.content_type = content_type
        self.etag = etag or b'W/"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        self.headers = [*headers, (b"etag", self.etag)]
        self._variants: dict[bytes, Variant] = {}

    @property
    def size(self) -> int:
        """What it may weigh in memory, its encodings and its bookkeeping included."""
        return 2 * len(self.body) + OVERHEAD_BYTES

    def variant(self, accept_encoding: bytes | None) -> "Variant":
        """For a client that accepts these encodings."""
        encoding = negotiate(accept_encoding) if accept_encoding else b""
        kept = self._variants.get(encoding)
        if kept is None:
            kept = self._variants[encoding] = self._make(encoding)
        return kept

    def unchanged_for(self, if_none_match: bytes) -> bool:
        """Weak comparison: a tag names the content, whatever its encoding."""
        ours = self.etag.removeprefix(b"W/")
        return if_none_match == b"*" or ours in (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))

    def _make(self, encoding: bytes) -> "Variant":
        headers = [*self.headers, (b"content-type", self.content_type)]
        body = self.body
        if encoding and len(body) >= SIZE_MIN and compressible(self.content_type):
            body = compress(body, encoding, kept=True)
            headers.append((b"content-encoding", encoding))
        headers.append((b"content-length", b"%d" % len(body)))
        return Variant(headers, body)


class Variant:
    """Content in one encoding; `block` is its headers as they are sent."""

    __slots__ = ("block", "body", "headers")

    def __init__(self, headers: list[Header], body: bytes) -> None:
        self.headers = headers
        self.body = body
        self.block = b"".join(b"%b: %b\r\n" % header for header in headers)


class _Entry:
    __slots__ = ("content", "until")

    def __init__(self, content: Content, until: int) -> None:
        self.content = content
        self.until = until


Load = Callable[[], Awaitable[Content | None]]


class ResponseCache:
    """Bounded: the oldest entries make room, which in a cache of some seconds is as good as the least used."""

    def __init__(self, clock: Clock, *, bytes_max: int) -> None:
        self._clock = clock
        self._bytes_max = bytes_max
        self._bytes = 0
        self._entries: dict[str, _Entry] = {}
        self._keys: dict[tuple[str, bytes], str] = {}
        self._flights: dict[str, asyncio.Task[Content | None]] = {}

    def get(self, path: str, query: bytes) -> Content | None:
        entry = self._entries.get(self._key(path, query))
        return entry.content if entry is not None and entry.until > self._clock.now() else None

    async def fetch(self, path: str, query: bytes, seconds: int, load: Load) -> Content | None:
        """What `load` brings, asked for once however many wait for it. None: it may not be shared."""
        key = self._key(path, query)
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.get_running_loop().create_task(self._load(key, seconds, load))
            self._flights[key] = flight
        # Shielded: the one who asked first may leave while others wait.
        return await asyncio.shield(flight)

    def purge(self, *prefixes: str) -> None:
        """Forgets every answer whose path starts with one of `prefixes`; what is being fetched now will not be kept."""
        for key in [key for key in self._entries if key.startswith(prefixes)]:
            self._forget(key)
        for key in [key for key in self._flights if key.startswith(prefixes)]:
            del self._flights[key]

    async def _load(self, key: str, seconds: int, load: Load) -> Content | None:
        asked_at = self._clock.now()
        task = asyncio.current_task()
        try:
            content = await load()
            if content is not None and self._flights.get(key) is task:
                self._keep(key, content, asked_at + seconds * SECOND)
            return content
        finally:
            if self._flights.get(key) is task:
                del self._flights[key]

    def _keep(self, key: str, content: Content, until: int) -> None:
        self._forget(key)
        if content.size > min(ENTRY_BYTES_MAX, self._bytes_max):
            return
        while self._bytes + content.size > self._bytes_max:
            self._forget(next(iter(self._entries)))
        self._entries[key] = _Entry(content, until)
        self._bytes += content.size

    def _forget(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.content.size

    def _key(self, path: str, query: bytes) -> str:
        key = self._keys.get((path, query))
        if key is None:
            key = normalised(path, query)
            if len(self._keys) >= ALIASES_MAX:
                self._keys.clear()
            if len(path) + len(query) <= ALIAS_BYTES_MAX:
                self._keys[path, query] = key
        return key


def normalised(path: str, query: bytes) -> str:
    """One key for queries that mean the same: parameters sorted by name, repeated ones in their order, escapes written
    alike. Latin-1 keeps every byte apart from every other."""
    if not query:
        return path
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return f"{path}?{urlencode(sorted(pairs, key=lambda pair: pair[0]), encoding='latin-1')}"
