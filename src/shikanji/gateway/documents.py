"""The gateway's own pages: the landing page, the API's description and its reader, health, metrics."""

import html
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files

import msgspec
from prometheus_client import CollectorRegistry

from shikanji.gateway.exchange import Exchange
from shikanji.gateway.headers import API_POLICY, security_headers, vary
from shikanji.gateway.problems import Header
from shikanji.gateway.readiness import NotReady, Readiness
from shikanji.gateway.request import is_internal
from shikanji.gateway.response_cache import Content
from shikanji.gateway.table import Target
from shikanji.kit.errors import NotFound
from shikanji.kit.telemetry import metrics
from shikanji.kit.web.content_policy import page_policy
from shikanji.kit.web.envelope import problem_response
from shikanji.kit.web.routes import RateClass

Answer = Callable[[Exchange], Awaitable[None]]

HTML = b"text/html; charset=utf-8"
JSON = b"application/json"


class Documents:
    def __init__(
        self,
        *,
        readiness: Readiness,
        registry: CollectorRegistry,
        openapi: Callable[[], bytes],
        asyncapi: Callable[[], bytes],
        version: str,
        production: bool,
        mounts: Iterable[str] = (),
    ) -> None:
        self._mounts = sorted(mounts)
        self._readiness = readiness
        self._registry = registry
        self._version = version
        self._production = production
        self._openapi = cache(lambda: self._document(openapi(), JSON))
        self._asyncapi = cache(lambda: self._document(asyncapi(), JSON))
        self._docs = cache(lambda: self._document(_page("docs.html"), HTML, page_policy(_page("docs.html"))))
        self._plain = [*security_headers(production=production), (b"cache-control", b"no-store")]

    def targets(self) -> list[Target]:
        answers: Mapping[str, Answer] = {
            "/": self.landing,
            "/docs": self.docs,
            "/openapi.json": self.openapi,
            "/asyncapi.json": self.asyncapi,
            "/health/live": self.live,
            "/health/ready": self.ready,
            "/metrics": self.metrics,
        }
        return [self._target(path, answer) for path, answer in answers.items()]

    async def landing(self, exchange: Exchange) -> None:
        parts = await self._readiness.parts()
        page = _page("landing.html")
        filled = page.replace(b"{{version}}", html.escape(self._version).encode())
        filled = filled.replace(b"{{parts}}", _part_rows(parts)).replace(b"{{state}}", _state(parts))
        filled = filled.replace(b"{{mounts}}", _mount_links(self._mounts))
        await exchange.reply_content(self._document(filled, HTML, page_policy(page), b"no-cache"))

    async def docs(self, exchange: Exchange) -> None:
        await exchange.reply_content(self._docs())

    async def openapi(self, exchange: Exchange) -> None:
        await exchange.reply_content(self._openapi())

    async def asyncapi(self, exchange: Exchange) -> None:
        await exchange.reply_content(self._asyncapi())

    async def live(self, exchange: Exchange) -> None:
        await self._json(exchange, {"status": "live", "version": self._version})

    async def ready(self, exchange: Exchange) -> None:
        """200 only when every part is ready; otherwise the parts that are not are named."""
        try:
            await self._json(exchange, {**await self._readiness.answer(), "version": self._version})
        except NotReady as problem:
            await self._not_ready(exchange, problem)

    async def _not_ready(self, exchange: Exchange, problem: NotReady) -> None:
        response = problem_response(problem, exchange.request_id)
        length = (b"content-length", b"%d" % len(response.body))
        await exchange.reply(503, [*response.headers, *self._plain, length], response.body)

    async def metrics(self, exchange: Exchange) -> None:
        """In production for our own networks only."""
        if self._production and not is_internal(exchange.client):
            raise NotFound
        await self._bytes(exchange, metrics.render(self._registry), metrics.CONTENT_TYPE.encode())

    async def _json(self, exchange: Exchange, data: object) -> None:
        await self._bytes(exchange, msgspec.json.encode({"success": True, "data": data}), JSON)

    async def _bytes(self, exchange: Exchange, body: bytes, content_type: bytes) -> None:
        headers = [*self._plain, (b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        await exchange.reply(200, headers, body)

    def _document(
        self, body: bytes, content_type: bytes, policy: bytes = API_POLICY, caching: bytes = b"public, max-age=60"
    ) -> Content:
        security = security_headers(production=self._production, policy=policy)
        headers: list[Header] = [*security, (b"cache-control", caching), vary(cors=False)]
        return Content(body, content_type, headers=headers)

    def _target(self, path: str, answer: Answer) -> Target:
        watched = path.startswith("/health/") or path == "/metrics"
        rate = None if watched else RateClass.NORMAL
        return Target(service="gateway", method="GET", path=path, rate=rate, identify=False, own=answer)


@cache
def _page(name: str) -> bytes:
    return (files("shikanji.gateway") / "pages" / name).read_bytes()


def _state(parts: Mapping[str, str]) -> bytes:
    waiting = sum(1 for reason in parts.values() if reason)
    if not waiting:
        return b"<p class='state ok'>Everything is running</p>"
    return f"<p class='state wait'>{waiting} of {len(parts)} parts not ready</p>".encode()


def _mount_links(prefixes: Iterable[str]) -> bytes:
    return "".join(_mount_link(html.escape(prefix)) for prefix in prefixes).encode()


def _mount_link(prefix: str) -> str:
    name = prefix.strip("/").replace("/", " ").capitalize()
    return f"<li><a href='{prefix}'><b>{name}</b><span>Here for demos: <code>{prefix}</code></span></a></li>"


def _part_rows(parts: Mapping[str, str]) -> bytes:
    return "".join(_part_row(name, reason) for name, reason in parts.items()).encode()


def _part_row(name: str, reason: str) -> str:
    kind, text = ("wait", reason) if reason else ("ok", "ready")
    return f"<li class='{kind}'><b>{html.escape(name)}</b><span>{html.escape(text)}</span></li>"
