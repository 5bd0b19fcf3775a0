"""One request and its answer, on their way through the gateway."""

from collections.abc import Sequence

from shikanji.gateway.compression import SIZE_MIN, Stream, compress_once, compressible, negotiate, stream
from shikanji.gateway.headers import returned
from shikanji.gateway.problems import Header
from shikanji.gateway.request import Known
from shikanji.gateway.response_cache import Content
from shikanji.gateway.table import Target
from shikanji.kit.asgi import Message, Receive, Scope, Send

CLIENT_LEFT = 499
"""Never sent: the status in logs and metrics when nobody waited for the answer."""


class Exchange:
    __slots__ = ("client", "cors", "known", "principal_key", "request_id", "scope", "send", "status", "target")

    def __init__(self, scope: Scope, send: Send, target: Target) -> None:
        self.scope = scope
        self.send = send
        self.target = target
        self.known: Known = {}
        self.client = ""
        self.cors: Sequence[Header] = ()
        self.principal_key = ""
        self.request_id = ""
        self.status = 0

    @property
    def started(self) -> bool:
        """Whether any of an answer went out; from then on a failure can only break off."""
        return self.status != 0

    async def reply(self, status: int, headers: list[Header], body: bytes = b"") -> None:
        """A whole answer; `headers` is ours to keep."""
        headers.append((b"x-request-id", self.request_id.encode()))
        headers.extend(self.cors)
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        self.status = status
        await self.send({"type": "http.response.body", "body": body})

    async def reply_content(self, content: Content) -> None:
        """The content in the client's encoding, or 304 when it has it already."""
        known = self.known
        if b"if-none-match" in known and content.unchanged_for(known[b"if-none-match"]):
            await self.reply(304, list(content.headers))
            return
        variant = content.variant(known.get(b"accept-encoding"))
        await self.reply(200, [*variant.headers], variant.body)


class Outlet:
    """The `send` that a service gets: puts our headers on its answer and compresses it where that pays."""

    __slots__ = ("_encoding", "_exchange", "_start", "_stream")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._encoding = b""
        self._start: Message | None = None
        self._stream: Stream | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._start is not None:
            await self._first(message)
        elif self._stream is not None:
            await self._piece(self._stream, message)
        else:
            await self._exchange.send(message)

    async def _begin(self, message: Message) -> None:
        exchange = self._exchange
        ours = [*exchange.target.headers, (b"x-request-id", exchange.request_id.encode()), *exchange.cors]
        headers = returned(message["headers"], ours, own_caching=exchange.target.own_caching)
        message = {"type": "http.response.start", "status": message["status"], "headers": headers}
        self._encoding = self._choose_encoding(message["status"], headers)
        if self._encoding:
            self._start = message  # held back: its length is known with the body
        else:
            await self._send_start(message)

    def _choose_encoding(self, status: int, headers: list[Header]) -> bytes:
        accept_encoding = self._exchange.known.get(b"accept-encoding")
        if accept_encoding is None or not self._exchange.target.compress or status in (204, 304):
            return b""
        names = dict(headers)
        if b"content-encoding" in names or not compressible(names.get(b"content-type", b"")):
            return b""
        length = names.get(b"content-length")
        if length is not None and int(length) < SIZE_MIN:
            return b""
        return negotiate(accept_encoding)

    async def _first(self, message: Message) -> None:
        start, self._start = self._start, None
        assert start is not None
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            self._stream = stream(self._encoding)
            _encoded(start, self._encoding, None)
            await self._send_start(start)
            await self._piece(self._stream, message)
            return
        if len(body) >= SIZE_MIN:
            body = await compress_once(body, self._encoding)
            _encoded(start, self._encoding, len(body))
        await self._send_start(start)
        await self._exchange.send({"type": "http.response.body", "body": body})

    async def _piece(self, out: Stream, message: Message) -> None:
        more = bool(message.get("more_body"))
        body = out.feed(message.get("body", b""), last=not more)
        if body or not more:
            await self._exchange.send({"type": "http.response.body", "body": body, "more_body": more})

    async def _send_start(self, message: Message) -> None:
        await self._exchange.send(message)
        self._exchange.status = message["status"]


class Replay:
    """The `receive` that a service gets: the body, read before, in one message; then only the client's leaving."""

    __slots__ = ("_body", "_receive", "_told")

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body = body
        self._receive = receive
        self._told = False

    async def __call__(self) -> Message:
        if not self._told:
            self._told = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return message


def _encoded(start: Message, encoding: bytes, length: int | None) -> None:
    headers = [header for header in start["headers"] if header[0] != b"content-length"]
    headers.append((b"content-encoding", encoding))
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    start["headers"] = headers
