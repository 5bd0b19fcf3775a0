"""Requests without sockets: handed to the gateway as an ASGI server would, by clients and by the platform itself."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from shikanji.kit.asgi import ASGIApp, Message
from tests.simulation.turns import Turns

FROM = ("127.0.0.1", 40_000)


class Broke(aiohttp.ClientError):
    """The connection ended before the answer did: what was asked may have been done or not."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body) if self.body else None

    @property
    def data(self) -> Any:
        return self.json["data"]

    async def read(self) -> bytes:
        return self.body


async def send(
    app: ASGIApp, method: str, target: str, headers: Mapping[str, str], body: bytes = b"", host: str = "sim.test"
) -> Answer:
    """One request and its answer. Raises Broke when the answer is not whole."""
    exchange = _Exchange(body)
    path, _, query = target.partition("?")
    given = {"host": host, "content-length": str(len(body)), **headers}
    await app(
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": FROM,
            "server": (host, 80),
        },
        exchange.receive,
        exchange.send,
    )
    return exchange.answer()


class _Exchange:
    def __init__(self, body: bytes) -> None:
        self._messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = b""
        self._whole = False

    async def receive(self) -> Message:
        if not self._messages:
            # The client stays: it has nothing more to say.
            await asyncio.get_running_loop().create_future()
        return self._messages.pop()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self._body += message.get("body", b"")
            self._whole = not message.get("more_body", False)

    def answer(self) -> Answer:
        if not self._whole:
            raise Broke("the answer broke off")
        return Answer(self._status, self._headers, self._body)


class WireSession:
    """As much of aiohttp's session as the platform uses to speak to other companies; all of them live behind the one
    gateway. `broken` says, before and after a request, whether the connection breaks there."""

    def __init__(self, app: Callable[[], ASGIApp], turns: Turns, broken: Callable[[str], bool]) -> None:
        self._app, self._turns, self._broken = app, turns, broken

    def post(self, url: str, *, data: bytes, headers: Mapping[str, str], timeout: aiohttp.ClientTimeout) -> Any:
        return self._ask("POST", url, data, headers, timeout)

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
        allow_redirects: bool,
    ) -> Any:
        body = b"" if json is None else msgspec.json.encode(json)
        return self._ask(method, url, body, {"content-type": "application/json", **headers}, timeout)

    async def close(self) -> None:
        return

    @asynccontextmanager
    async def _ask(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> Any:
        where = urlsplit(url)
        place = "/".join(where.path.split("/")[:4])
        async with asyncio.timeout(timeout.total):
            await self._turns.turn(f"send {place}")
            self._break(f"before {place}")
            answer = await send(self._app(), method, where.path, headers, body)
            await self._turns.turn(f"sent {place}")
            self._break(f"after {place}")
        yield answer

    def _break(self, place: str) -> None:
        if self._broken(place):
            raise Broke(f"the connection broke {place}")
