"""Handing a request on to its service: the body read, the headers rewritten, the answer sent through."""

from collections.abc import Mapping

from shikanji.gateway.exchange import CLIENT_LEFT, Exchange, Outlet, Replay
from shikanji.gateway.headers import forwarded
from shikanji.gateway.problems import Header, RequestTimeout
from shikanji.gateway.request import ClientAddresses, has_body
from shikanji.gateway.response_cache import Content
from shikanji.gateway.settings import GatewaySettings
from shikanji.gateway.sharing import fetch_shared
from shikanji.gateway.upstreams import Upstream
from shikanji.kit.asgi import Receive
from shikanji.kit.context import bind
from shikanji.kit.deadlines import Deadlines
from shikanji.kit.telemetry.traces import current_traceparent, tracing, valid_traceparent
from shikanji.kit.web.body import read_body
from shikanji.kit.web.headers import Headers


class Forwarding:
    def __init__(
        self, upstreams: Mapping[str, Upstream], addresses: ClientAddresses, settings: GatewaySettings
    ) -> None:
        self._upstreams = upstreams
        self._addresses = addresses
        self._settings = settings
        self._deadlines = Deadlines()

    async def pass_on(self, exchange: Exchange, receive: Receive) -> None:
        scope, known = exchange.scope, exchange.known
        body = await self._body(exchange, receive) if has_body(known) else b""
        if body is None:
            exchange.status = CLIENT_LEFT
            return
        inner = {
            **scope,
            "method": "GET" if scope["method"] == "HEAD" else scope["method"],
            "headers": forwarded(scope["headers"], self._added(exchange), known),
            "client": (exchange.client, 0),
        }
        with bind(exchange.request_id, traceparent=current_traceparent()):
            await self._upstreams[exchange.target.service](inner, Replay(body, receive), Outlet(exchange))

    async def fetch(self, exchange: Exchange, receive: Receive) -> Content | None:
        """The answer for everybody, or None when it may not be shared."""
        target = exchange.target
        with bind(exchange.request_id, traceparent=current_traceparent()):
            return await fetch_shared(
                self._upstreams[target.service],
                exchange.scope,
                Replay(b"", receive),
                [(b"x-request-id", exchange.request_id.encode())],
                target.shared_headers,
            )

    async def _body(self, exchange: Exchange, receive: Receive) -> bytes | None:
        """The whole body, so that a slow or endless one never occupies a service. None: the client left."""
        bytes_max = exchange.target.body_bytes_max or self._settings.body_bytes_max
        try:
            with self._deadlines.within(self._settings.body_seconds_max):
                return await read_body(receive, Headers(exchange.scope["headers"]), bytes_max)
        except TimeoutError:
            raise RequestTimeout(f"the body must arrive within {self._settings.body_seconds_max:g} s") from None

    def _added(self, exchange: Exchange) -> list[Header]:
        known = exchange.known
        added = [
            (b"x-request-id", exchange.request_id.encode()),
            (b"x-forwarded-for", exchange.client.encode()),
            (b"x-forwarded-proto", self._addresses.scheme(exchange.scope, known).encode()),
            (b"x-forwarded-host", known.get(b"host", b"")),
        ]
        if tracing() or b"traceparent" in known:
            traceparent = current_traceparent() or valid_traceparent(known.get(b"traceparent", b"").decode("latin-1"))
            if traceparent:
                added.append((b"traceparent", traceparent.encode()))
        if b"authorization" in known:
            added.append((b"authorization", known[b"authorization"]))
        return added
