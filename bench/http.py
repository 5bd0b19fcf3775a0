"""A client that costs little beside what it measures: HTTP/1.1 kept alive on loopback, one request at a time a
connection, answers of a declared length."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes

    @property
    def data(self) -> Any:
        """What the envelope carries; None in a refusal."""
        return _decode(self.body).get("data")


class Http:
    """As many connections as requests are under way at once; each is used again and again."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._idle: list[_Connection] = []
        self._all: list[_Connection] = []

    async def get(self, path: str, token: str = "") -> Answer:
        return await self._send(_head("GET", path, token))

    async def send(self, method: str, path: str, body: Any, *, token: str = "", key: str = "") -> Answer:
        content = _encode(body)
        head = _head(method, path, token)
        if key:
            head += f"Idempotency-Key: {key}\r\n"
        return await self._send(head + f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n", content)

    def close(self) -> None:
        for connection in self._all:
            connection.transport.close()

    async def _send(self, head: str, content: bytes = b"") -> Answer:
        connection = self._take() or await self._open()
        answer = await connection.exchange(head.encode() + b"\r\n" + content)
        self._idle.append(connection)
        return answer

    def _take(self) -> "_Connection | None":
        """One that the server has not closed meanwhile."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    async def _open(self) -> "_Connection":
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, self._host, self._port)
        self._all.append(connection)
        return connection


@asynccontextmanager
async def client(url: str) -> AsyncIterator[Http]:
    http = Http(url)
    try:
        yield http
    finally:
        http.close()


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[Answer] | None = None

    async def exchange(self, request: bytes) -> Answer:
        self._received = b""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a stream has a Transport
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        head_end = received.find(b"\r\n\r\n") + 4
        if head_end < 4:
            return
        body_end = head_end + _length(received[:head_end])
        if len(received) >= body_end and self._answer is not None:
            answer, self._answer = self._answer, None
            if answer.done():
                return
            answer.set_result(Answer(int(received[9:12]), received[head_end:body_end]))

    def connection_lost(self, exc: Exception | None) -> None:
        # One that is done is of a request that its client has given up.
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server closed the connection"))


def _head(method: str, path: str, token: str) -> str:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}"


def _length(head: bytes) -> int:
    """The answer's declared length; an answer without one is beyond this client."""
    start = head.lower().find(b"\r\ncontent-length:")
    if start < 0:
        raise ValueError("an answer without a length")
    return int(head[start + 17 : head.index(b"\r\n", start + 17)])
