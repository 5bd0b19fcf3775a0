"""How uvicorn is run in front of the gateway: what is refused before there is a request to speak of, and how answers
are written."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from functools import lru_cache
from math import inf
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from shikanji.gateway.headers import security_headers
from shikanji.gateway.problems import HeadersTooLarge, RequestTimeout
from shikanji.gateway.request import HEADER_BYTES_MAX
from shikanji.kit.errors import BadRequest, Problem
from shikanji.kit.web.envelope import problem_response

KEEP_ALIVE_SECONDS = 75
HEAD_SECONDS_MAX = 15.0
"""For the head of a request to arrive, and for the rest of a body that has been answered already."""
CHECK_SECONDS = 5.0
HEAD_BYTES_MAX = 8 * HEADER_BYTES_MAX
"""Where reading ends. What is smaller and still too large gets its 414 or 431 with all that belongs to an answer."""


def server_options() -> dict[str, Any]:
    """For `uvicorn.Config(gateway, **server_options(), host=..., port=...)`. Proxy headers are the gateway's to judge;
    requests are logged by the gateway."""
    return {
        "http": FrontDoorProtocol,
        "ws": "none",
        "lifespan": "off",
        "loop": "none",
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "timeout_graceful_shutdown": 30,
        "backlog": 2_048,
    }


class DoorState(ServerState):
    """What all connections of one server share."""

    draining = False
    """No connection outlives the answer that it is waiting for."""


class Cycle(RequestResponseCycle):
    """uvicorn's request and answer, with an answer that costs less: a header line that is sent again and again is
    checked once, and head and body leave in one write."""

    async def send(self, message: Any) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start":
            self._begin(message["status"], message["headers"])
        else:
            self._continue(message.get("body", b""), more=message.get("more_body", False))

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self.response_started:
            raise RuntimeError("an answer has one start")
        lines = [STATUS_LINE[status]]
        lines += [_line(name, value) for name, value in self.default_headers]
        lines += [_checked(name, value) if name == b"set-cookie" else _line(name, value) for name, value in headers]
        self.response_started = True
        self.waiting_for_100_continue = False
        for name, value in headers:
            if name == b"content-length":
                self.expected_content_length = int(value)
                self.chunked_encoding = False
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if self.scope["method"] == "HEAD" or status in (204, 304):
            self.expected_content_length = 0
        elif self.chunked_encoding is None:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        self._head = b"".join(lines)

    def _continue(self, body: bytes, *, more: bool) -> None:
        if not self.response_started or self.response_complete:
            raise RuntimeError("an answer has a start, then a body, then an end")
        if self.scope["method"] == "HEAD":
            body = b""
        if self.chunked_encoding:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0 or (self.expected_content_length and not more):
                raise RuntimeError("an answer has the length that it declares")
        if self._head:
            body, self._head = self._head + body, b""
        self.transport.write(body)
        if not more:
            self._end()

    def _end(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class Phase(Enum):
    """Of the request that is being read: before its first byte, in its head, in its body."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()


class FrontDoorProtocol(HttpToolsProtocol):
    """HTTP/1.1 that limits the size and the time of a request's head, refuses what is no HTTP with problem+json, and
    sends an answer that the app has at once without making a task for it. One timer a connection minds all times."""

    head_seconds_max = HEAD_SECONDS_MAX
    check_seconds = CHECK_SECONDS

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._at_once: Callable[[Any], bytes | None] | None = getattr(self.app, "at_once", None)
        self._shared = self.server_state if isinstance(self.server_state, DoorState) else DoorState()
        self._head_bytes = 0
        self._phase = Phase.IDLE
        self._since = self.loop.time()
        self._check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a stream has a Transport
        super().connection_made(transport)
        self._check = self.loop.call_later(self.check_seconds, self._check_times)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._check is not None:
            self._check.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._phase = Phase.HEAD
        self._since = self.loop.time()
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value))
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """As uvicorn's, without its WebSocket upgrade and with our cycle."""
        self._phase = Phase.BODY
        scope: Any = self.scope
        target = httptools.parse_url(self.url)
        path = target.path.decode("ascii")
        version = self.parser.get_http_version()
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = target.path
        scope["query_string"] = target.query or b""
        keep_alive = version != "1.0" and self.parser.should_keep_alive() and not self._shared.draining
        if not (keep_alive and self._answered_at_once(scope)):
            self._begin_cycle(scope, keep_alive=keep_alive)

    def on_body(self, body: bytes) -> None:
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = Phase.IDLE
        if self.cycle is not None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, without a timer of its own for every answer."""
        self.server_state.total_requests += 1
        self._since = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _answered_at_once(self, scope: Any) -> bool:
        if self._at_once is None or self._answering or self.flow.write_paused:
            return False
        answer = self._at_once(scope)
        if answer is None:
            return False
        lines = [STATUS_LINE[200], *(_line(name, value) for name, value in self.server_state.default_headers), answer]
        self.transport.write(b"".join(lines))
        self.server_state.total_requests += 1
        return True

    def _begin_cycle(self, scope: Any, *, keep_alive: bool) -> None:
        waits_its_turn = self._answering
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if waits_its_turn:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to warn of: a request to upgrade is answered as the plain one that it also is."""

    def send_400_response(self, msg: str) -> None:
        """Called for whatever the parser stumbles over; our own refusals stop it too."""
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(HeadersTooLarge(f"more than {HEAD_BYTES_MAX} bytes"))
        else:
            self._refuse(BadRequest("this is not HTTP as we know it"))

    def _grow(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            raise ValueError("the head is too large")

    def _check_times(self) -> None:
        if self.transport.is_closing():
            return
        if self.loop.time() - self._since <= self._seconds_max():
            self._check = self.loop.call_later(self.check_seconds, self._check_times)
        elif self._phase is Phase.HEAD:
            self._refuse(RequestTimeout(f"the head must arrive within {self.head_seconds_max:g} s"))
        else:
            self.transport.close()

    def _seconds_max(self) -> float:
        """How long what is going on may last: a head, the rest of a body that is answered already, or nothing at all.
        What is being answered has the gateway's own limits."""
        if self._answering:
            return inf
        return self.timeout_keep_alive if self._phase is Phase.IDLE else self.head_seconds_max

    def _refuse(self, problem: Problem) -> None:
        """Written past any answer in the making: the connection ends here."""
        response = problem_response(problem, "")
        lines = [STATUS_LINE[response.status]]
        for name, value in [*response.headers, *security_headers(production=False), (b"connection", b"close")]:
            lines.append(_line(name, value))
        lines.append(b"content-length: %d\r\n\r\n" % len(response.body))
        self.transport.write(b"".join([*lines, response.body]))
        self.transport.close()


def _checked(name: bytes, value: bytes) -> bytes:
    """Raises for what would let a value write headers of its own."""
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("a header that must not be sent")
    return b"%b: %b\r\n" % (name, value)


_line = lru_cache(maxsize=4_096)(_checked)
"""For headers that come again and hold no secret."""
