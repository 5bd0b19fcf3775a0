"""Asking a service for an answer that many will get: as nobody in particular, and only if it may be shared."""

from collections.abc import Sequence

from shikanji.gateway.problems import Header
from shikanji.gateway.response_cache import Content
from shikanji.gateway.upstreams import Upstream
from shikanji.kit.asgi import Message, Receive, Scope

_PERSONAL = frozenset({b"set-cookie", b"vary", b"content-encoding"})


async def fetch_shared(
    upstream: Upstream, scope: Scope, receive: Receive, correlation: Sequence[Header], headers: Sequence[Header]
) -> Content | None:
    """The answer that anonymous callers get, with our `headers` on it; None when it is not a plain 200."""
    collected = _Collected()
    await upstream({**scope, "method": "GET", "headers": [*correlation], "client": None}, receive, collected)
    return collected.content(headers)


class _Collected:
    def __init__(self) -> None:
        self._status = 0
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], dict(message["headers"])
        else:
            self._parts.append(message.get("body", b""))

    def content(self, ours: Sequence[Header]) -> Content | None:
        if self._status != 200 or not _PERSONAL.isdisjoint(self._headers):
            return None
        content_type = self._headers.get(b"content-type", b"application/json")
        return Content(b"".join(self._parts), content_type, headers=ours, etag=self._headers.get(b"etag", b""))
