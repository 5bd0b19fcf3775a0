"""How uvicorn is run in front of the gateway, and what it must refuse before there is a request to speak of."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shikanji.gateway.headers import security_headers
from shikanji.gateway.problems import HeadersTooLarge, RequestTimeout
from shikanji.gateway.request import HEADER_BYTES_MAX
from shikanji.kit.errors import BadRequest, Problem
from shikanji.kit.web.envelope import problem_response

KEEP_ALIVE_SECONDS = 75
HEAD_SECONDS_MAX = 15.0
"""For the head of a request to arrive, and for the rest of a body that has been answered already."""
HEAD_BYTES_MAX = 8 * HEADER_BYTES_MAX
"""Where reading ends. What is smaller and still too large gets its 414 or 431 with all that belongs to an answer."""


class FrontDoorProtocol(HttpToolsProtocol):
    """HTTP/1.1 that limits the size and the time of a request's head, and refuses what is no HTTP with problem+json."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_bytes = 0
        self._head_open = True
        self._message_open = True
        self._overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_open or (self._message_open and self.cycle.response_complete):
            self._watch()
        elif self._overdue is not None:
            self._stop_watching()

    def on_message_begin(self) -> None:
        self._head_open = self._message_open = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_open = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._message_open = False
        super().on_message_complete()

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

    def _watch(self) -> None:
        if self._overdue is None:
            self._overdue = self.loop.call_later(HEAD_SECONDS_MAX, self._too_late)

    def _stop_watching(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _too_late(self) -> None:
        self._overdue = None
        if self.transport.is_closing():
            return
        if self._head_bytes and self._head_open:
            self._refuse(RequestTimeout(f"the head must arrive within {HEAD_SECONDS_MAX:g} s"))
        self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Written past any answer in the making: the connection ends here."""
        response = problem_response(problem, "")
        lines = [STATUS_LINE[response.status]]
        for name, value in [*response.headers, *security_headers(production=False), (b"connection", b"close")]:
            lines.append(b"%b: %b\r\n" % (name, value))
        lines.append(b"content-length: %d\r\n\r\n" % len(response.body))
        self.transport.write(b"".join([*lines, response.body]))
        self.transport.close()


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
