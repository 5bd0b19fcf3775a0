"""A gateway on loopback in front of a small service that remembers what it was asked."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy
from prometheus_client import CollectorRegistry

from shikanji.gateway.app import Gateway, Surroundings
from shikanji.gateway.remote import Copies, upstream_session
from shikanji.gateway.server import server_options
from shikanji.gateway.settings import GatewaySettings
from shikanji.gateway.upstreams import InProcess, Upstream
from shikanji.kit.asgi import ASGIApp, Receive, Scope, Send
from shikanji.kit.auth import Principal
from shikanji.kit.cache import Cache, CacheUnavailable
from shikanji.kit.cache.memory import MemoryCache
from shikanji.kit.clock import ManualClock
from shikanji.kit.ids import Ids
from shikanji.kit.telemetry.metrics import new_registry
from shikanji.kit.web.routes import Incoming, RateClass, Routes, Who
from tests.makers import KnownTokens
from tests.serving import serving

NOON = 1_795_000_000_000_000
ORIGIN = "http://shop.test"

PRINCIPALS = {
    "customer": Principal(account_id="c1"),
    "manager": Principal(account_id="m1", roles={"s1": "manager"}),
    "admin": Principal(account_id="a1", admin=True),
}

routes = Routes("shop")


async def _answered_by_shop(room: Any, incoming: Incoming[Any, Any]) -> None:
    """Never called: the Shop answers as a bare ASGI app."""


for _method, _path, _options in (
    ("GET", "/api/v1/products", {"cache_seconds": 5}),
    ("GET", "/api/v1/products/{id}", {"cache_seconds": 5}),
    ("PUT", "/api/v1/products/{id}", {"who": Who.STAFF}),
    ("GET", "/api/v1/orders", {"who": Who.SIGNED_IN}),
    ("POST", "/api/v1/orders", {"who": Who.SIGNED_IN}),
    ("GET", "/api/v1/orders/{id}", {"who": Who.SIGNED_IN}),
    ("GET", "/api/v1/orders/recent", {"who": Who.SIGNED_IN}),
    ("GET", "/api/v1/echo", {}),
    ("POST", "/api/v1/echo", {}),
    ("GET", "/api/v1/photo", {"own_caching": True}),
    ("POST", "/api/v1/photo", {"body_bytes_max": 2_000}),
    ("GET", "/api/v1/old", {"deprecated_since": "2026-01-01", "sunset": "2026-12-31"}),
    ("POST", "/api/v1/auth/login", {"rate": RateClass.AUTH}),
    ("POST", "/api/v1/payments/webhooks/sandbox", {"rate": RateClass.WEBHOOK}),
):
    routes.add(_method, _path, **{"who": Who.ANYONE, **_options})(_answered_by_shop)  # type: ignore[arg-type]


@dataclass
class Asked:
    """One request as the service saw it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    client: str
    body: bytes


Answerer = Callable[[Asked, Receive, Send], Awaitable[None]]


class Shop:
    """Answers what `answers` says for a path, else 200 with what it was asked."""

    def __init__(self, name: str = "shop") -> None:
        self.name = name
        self.asked: list[Asked] = []
        self.answers: dict[str, Answerer] = {}

    def serving(self) -> AbstractAsyncContextManager[str]:
        """As a server of its own; yields its URL."""
        return serving(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/health/"):
            await answer(send, 200)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        asked = Asked(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode(),
            headers={name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
            client=scope["client"][0] if scope["client"] else "",
            body=body,
        )
        self.asked.append(asked)
        answerer = self.answers.get(scope["path"])
        if answerer is not None:
            await answerer(asked, receive, send)
        else:
            await answer(send, 200, {"success": True, "data": {"shop": self.name, "asked": len(self.asked)}})


async def answer(send: Send, status: int, data: Any = None, headers: Mapping[str, str] | None = None) -> None:
    body = json.dumps(data).encode()
    pairs = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


def always(status: int, data: Any = None, headers: Mapping[str, str] | None = None) -> Answerer:
    async def answerer(asked: Asked, receive: Receive, send: Send) -> None:
        await answer(send, status, data, headers)

    return answerer


class AwayCache(MemoryCache):
    """A cache server that went away."""

    take_now = None  # type: ignore[assignment]

    async def take(self, key: str, *, rate_per_minute: int, burst: int) -> float:
        raise CacheUnavailable


@dataclass
class Reply:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Door:
    url: str
    gateway: Gateway
    shop: Shop
    clock: ManualClock
    session: aiohttp.ClientSession
    registry: CollectorRegistry
    copies: Copies | None = None
    readiness: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, *, token: str = "", **options: Any) -> Reply:
        headers = dict(options.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with self.session.request(
            method, self.url + path, headers=headers, allow_redirects=False, **options
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Reply:
        return await self.ask("POST", path, **options)


@asynccontextmanager
async def open_door(
    *,
    over_http: bool = False,
    shops: Sequence[Shop] = (),
    mounts: Mapping[str, ASGIApp] | None = None,
    cache: Cache | None = None,
    production: bool = False,
    rate_limits: bool = True,
    server: Mapping[str, Any] | None = None,
    upstream: Upstream | None = None,
    **settings: Any,
) -> AsyncIterator[Door]:
    """The gateway before one shop in this process, or before several that are servers of their own."""
    configured = GatewaySettings(**{"request_log": False, **settings})
    shops = list(shops) or [Shop()]
    clock = ManualClock(NOON)
    readiness = {"shop": ""}
    registry = new_registry()
    async with AsyncExitStack() as stack:
        copies = None
        if over_http:
            urls = [await stack.enter_async_context(shop.serving()) for shop in shops]
            upstreams = await stack.enter_async_context(upstream_session(seconds_max=configured.upstream_seconds_max))
            upstream = copies = Copies("shop", urls, upstreams, clock)
        gateway = Gateway(
            Surroundings(
                routes=[("shop", route) for route in routes.all],
                upstreams={"shop": upstream or InProcess(shops[0], seconds_max=configured.upstream_seconds_max)},
                mounts=mounts or {},
                verifier=KnownTokens(PRINCIPALS),
                cache=cache or MemoryCache(),
                clock=clock,
                ids=Ids(clock),
                registry=registry,
                readiness={name: _source(readiness, name) for name in readiness},
                openapi=lambda: b'{"openapi":"3.1.0"}',
                asyncapi=lambda: b'{"asyncapi":"3.0.0"}',
                version="1.2.3",
                public_url=ORIGIN,
                production=production,
                rate_limits=rate_limits,
            ),
            configured,
        )
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        url = await stack.enter_async_context(serving(gateway, **{**server_options(), **(server or {})}))
        session = await stack.enter_async_context(
            aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=("Accept-Encoding",))
        )
        yield Door(url, gateway, shops[0], clock, session, registry, copies, readiness)


def _source(readiness: Mapping[str, str], name: str) -> Callable[[], Awaitable[str]]:
    async def source() -> str:
        return readiness[name]

    return source


def assert_problem(reply: Reply, status: int, type: str) -> None:
    """Every refusal is problem+json in the platform's envelope, and names the request."""
    assert reply.status == status, reply.body
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["success"] is False
    assert reply.json["code"] == status
    assert reply.json["type"].endswith(type)
    assert reply.json["correlationId"] == reply.headers["X-Request-Id"]
