"""The front door: every request passes the same few steps, and what no step refuses is passed on to its service."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from prometheus_client import CollectorRegistry

from shikanji.gateway.documents import Documents
from shikanji.gateway.exchange import CLIENT_LEFT, Exchange
from shikanji.gateway.forwarding import Forwarding
from shikanji.gateway.headers import Cors
from shikanji.gateway.identity import Identity
from shikanji.gateway.limits import RateLimits
from shikanji.gateway.observations import Observations, RequestLog
from shikanji.gateway.problems import Header
from shikanji.gateway.purging import Purging
from shikanji.gateway.readiness import Readiness, Source
from shikanji.gateway.remote import Copies
from shikanji.gateway.request import ClientAddresses, read_headers
from shikanji.gateway.response_cache import ResponseCache
from shikanji.gateway.settings import GatewaySettings
from shikanji.gateway.table import RouteTable, Target
from shikanji.gateway.targets import TargetMaker
from shikanji.gateway.upstreams import InProcess, Upstream
from shikanji.kit.asgi import ASGIApp, Receive, Scope, Send
from shikanji.kit.auth import ANONYMOUS, Principal
from shikanji.kit.auth_tokens import Verifier
from shikanji.kit.cache import Cache
from shikanji.kit.clock import Clock
from shikanji.kit.errors import NotFound, Problem, Unauthorized
from shikanji.kit.ids import Ids, is_uuid
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.telemetry.traces import span, tracing, valid_traceparent
from shikanji.kit.web.envelope import problem_response
from shikanji.kit.web.negotiation import MethodNotAllowed
from shikanji.kit.web.routes import RateClass, Route

MEETING_SECONDS = 0.1
"""How often a copy that was never ready yet is asked."""

_LONG_WAY = frozenset({b"authorization", b"cookie", b"if-none-match", b"content-length", b"transfer-encoding"})
_ANY_JSON = frozenset({b"*/*", b"application/json", b"application/json, text/plain, */*"})
_UNMOUNTABLE = frozenset({"CONNECT", "TRACE"})
_log = logger("gateway")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the gateway is given. `routes` and `upstreams` go by the service's name; `mounts` are plain prefixes
    (`/sandbox`) whose paths no route describes; `readiness` says why a part is not ready, `impaired` what is told
    besides."""

    routes: Sequence[tuple[str, Route]]
    upstreams: Mapping[str, Upstream]
    mounts: Mapping[str, ASGIApp]
    verifier: Verifier
    cache: Cache
    clock: Clock
    ids: Ids
    registry: CollectorRegistry
    readiness: Mapping[str, Source]
    impaired: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    openapi: Callable[[], bytes]
    asyncapi: Callable[[], bytes]
    version: str
    public_url: str
    production: bool = False
    rate_limits: bool = True


class Gateway:
    """An ASGI app. `start` and `stop` frame its life."""

    def __init__(self, given: Surroundings, settings: GatewaySettings) -> None:
        self._given = given
        self._settings = settings
        self._copies = {name: upstream for name, upstream in given.upstreams.items() if isinstance(upstream, Copies)}
        self._addresses = ClientAddresses(settings.trusted_proxies)
        mounted = {
            prefix: InProcess(app, seconds_max=settings.upstream_seconds_max) for prefix, app in given.mounts.items()
        }
        self._forwarding = Forwarding({**given.upstreams, **mounted}, self._addresses, settings)
        self._cors = Cors(settings.allowed_origins, given.public_url)
        self._identity = Identity(given.verifier, self._cors)
        self._limits = RateLimits(given.cache, settings, enabled=given.rate_limits)
        self._responses = ResponseCache(given.clock, bytes_max=settings.cache_bytes_max)
        self._purging = Purging(self._responses, given.cache)
        self.readiness = Readiness(given.readiness, given.impaired)
        targets = TargetMaker(production=given.production, cors=self._cors.enabled)
        self._nowhere = targets.nowhere()
        self._table = self._make_table(targets)
        states = {name: copies.states for name, copies in self._copies.items()}
        self._observations = Observations(given.registry, states, lambda: self._limits.counted_alone)
        self._request_log = RequestLog() if settings.request_log else None
        self._health: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._purging.start()
        if self._copies:
            await self._ask_health()
            self._health = asyncio.create_task(self._keep_asking_health())

    async def stop(self) -> None:
        if self._health is not None:
            self._health.cancel()
        await self._purging.stop()
        if self._request_log is not None:
            self._request_log.flush()

    def purge(self, *prefixes: str) -> None:
        """Forgets kept answers by the beginning of their path, here and at every other gateway:
        `purge("/api/v1/products")`."""
        self._purging.everywhere(*prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _refuse_protocol(scope, receive, send)
            return
        started = perf_counter()
        exchange = Exchange(scope, send, self._nowhere)
        self._observations.in_flight += 1
        try:
            await (self._traced(exchange, receive) if tracing() else self._answer(exchange, receive))
        finally:
            self._observations.in_flight -= 1
            self._observe(
                exchange.target,
                scope["method"],
                exchange.status or CLIENT_LEFT,
                perf_counter() - started,
                exchange.principal_key,
                exchange.request_id,
            )

    def at_once(self, scope: Scope) -> bytes | None:
        """The commonest answer of all without a task for it: what an anonymous reader gets from memory, as it is sent
        after the status line. None: the request goes the long way, which comes to the same answer."""
        started = perf_counter()
        target = self._simple_target(scope)
        if target is None:
            return None
        content = self._responses.get(scope["path"], scope["query_string"])
        if content is None:
            return None
        try:
            known = read_headers(scope)
        except Problem:
            return None
        if not _LONG_WAY.isdisjoint(known) or known.get(b"accept", b"*/*") not in _ANY_JSON:
            return None
        if tracing() or not self._limits.admits_now(self._addresses.client(scope, known)):
            return None
        variant = content.variant(known.get(b"accept-encoding"))
        request_id = self._request_id(known.get(b"x-request-id"))
        self._observations.cache_hits += 1
        self._observe(target, "GET", 200, perf_counter() - started, "", request_id)
        return b"%bx-request-id: %b\r\n\r\n%b" % (variant.block, request_id.encode(), variant.body)

    def _simple_target(self, scope: Scope) -> Target | None:
        if scope["method"] != "GET" or self._cors.enabled:
            return None
        found = self._table.find(scope["path"])
        target = None if found is None or isinstance(found, Target) else found.get("GET")
        return target if target is not None and target.cache_seconds and target.rate is RateClass.NORMAL else None

    async def _traced(self, exchange: Exchange, receive: Receive) -> None:
        method = exchange.scope["method"]
        given = next((value for name, value in exchange.scope["headers"] if name == b"traceparent"), b"")
        with span(method, "server", traceparent=valid_traceparent(given.decode("latin-1"))) as current:
            await self._answer(exchange, receive)
            if current is not None:
                current.update_name(f"{method} {exchange.target.path}")
                current.set_attribute("http.route", exchange.target.path)
                current.set_attribute("http.response.status_code", exchange.status or CLIENT_LEFT)
                current.set_attribute("shikanji.correlation_id", exchange.request_id)

    async def _answer(self, exchange: Exchange, receive: Receive) -> None:
        try:
            await self._serve(exchange, receive)
        except Problem as problem:
            await self._refuse(exchange, problem)
        except Exception:
            _log.exception("unhandled", route=exchange.target.path, correlation_id=exchange.request_id)
            await self._refuse(exchange, Problem("it has been logged under this correlation id"))

    async def _serve(self, exchange: Exchange, receive: Receive) -> None:
        known = exchange.known = read_headers(exchange.scope)
        exchange.request_id = self._request_id(known.get(b"x-request-id"))
        exchange.client = self._addresses.client(exchange.scope, known)
        if self._cors.enabled:
            exchange.cors = self._cors.headers(known)
        await self._admit(exchange, receive)

    async def _admit(self, exchange: Exchange, receive: Receive) -> None:
        """Who asks, how often, and for what."""
        method = exchange.scope["method"]
        found = self._table.find(exchange.scope["path"])
        if found is None or isinstance(found, Target):
            target = None if method in _UNMOUNTABLE else found
        elif method == "OPTIONS":
            await self._options(exchange, found)
            return
        else:
            target = found.get("GET" if method == "HEAD" else method)
        exchange.target = target or self._nowhere
        principal = await self._identify(exchange)
        if exchange.target.rate is not None:
            await self._limits.take(exchange.target.rate, principal, exchange.client)
        if target is None:
            raise NotFound("there is nothing at this address") if found is None else _not_allowed(found)
        await self._dispatch(exchange, receive, target, principal)

    async def _dispatch(self, exchange: Exchange, receive: Receive, target: Target, principal: Principal) -> None:
        if target.own is not None:
            await target.own(exchange)
        elif not target.cache_seconds or principal.staff or principal.admin:
            await self._forwarding.pass_on(exchange, receive)
        else:
            target.produced.require_acceptable(exchange.known.get(b"accept"))
            if not await self._shared(exchange, receive):
                await self._forwarding.pass_on(exchange, receive)

    async def _identify(self, exchange: Exchange) -> Principal:
        known, target = exchange.known, exchange.target
        if not target.identify or (b"authorization" not in known and b"cookie" not in known):
            return ANONYMOUS
        scheme = self._addresses.scheme(exchange.scope, known)
        try:
            principal = await self._identity.principal(known, exchange.scope["method"], scheme, open=target.open)
        except Unauthorized:
            # Guessing tokens draws from the bucket of the anonymous.
            await self._limits.take(RateClass.NORMAL, ANONYMOUS, exchange.client)
            raise
        exchange.principal_key = principal.key
        return principal

    async def _shared(self, exchange: Exchange, receive: Receive) -> bool:
        """Answers from memory, or from what is now being fetched for everybody. False: this one is not to be shared."""
        path, query = exchange.scope["path"], exchange.scope["query_string"]
        content = self._responses.get(path, query)
        if content is not None:
            self._observations.cache_hits += 1
        else:
            self._observations.cache_misses += 1
            seconds = exchange.target.cache_seconds
            content = await self._responses.fetch(
                path, query, seconds, lambda: self._forwarding.fetch(exchange, receive)
            )
            if content is None:
                return False
        await exchange.reply_content(content)
        return True

    async def _options(self, exchange: Exchange, methods: Mapping[str, Target]) -> None:
        allow = _not_allowed(methods).headers["Allow"].encode()
        headers: list[Header] = [(b"allow", allow), *self._nowhere.headers]
        if b"access-control-request-method" in exchange.known:
            headers.extend(self._cors.preflight(exchange.known, allow))
            exchange.cors = ()
        await exchange.reply(204, headers)

    async def _refuse(self, exchange: Exchange, problem: Problem) -> None:
        if exchange.started:
            # The server closes the connection of an answer that never ends: the client sees that it is not whole.
            _log.error("an answer broke off", reason=problem.detail, correlation_id=exchange.request_id)
            return
        exchange.request_id = exchange.request_id or self._given.ids.new()
        response = problem_response(problem, exchange.request_id)
        length = (b"content-length", b"%d" % len(response.body))
        await exchange.reply(response.status, [*response.headers, *self._nowhere.headers, length], response.body)

    def _request_id(self, given: bytes | None) -> str:
        if given is not None:
            text = given.decode("latin-1").lower()
            if is_uuid(text):
                return text
        return self._given.ids.new()

    def _observe(
        self, target: Target, method: str, status: int, seconds: float, principal: str, request_id: str
    ) -> None:
        self._observations.request(target, method, status, seconds)
        if self._request_log is not None:
            now = self._given.clock.now()
            self._request_log.add(now, method, target.path, status, seconds, principal, request_id)

    def _make_table(self, targets: TargetMaker) -> RouteTable:
        given = self._given
        documents = Documents(
            readiness=self.readiness,
            registry=given.registry,
            openapi=given.openapi,
            asyncapi=given.asyncapi,
            version=given.version,
            production=given.production,
            mounts=given.mounts,
        )
        routes = [targets.route(service, route) for service, route in given.routes]
        return RouteTable([*routes, *documents.targets()], {prefix: targets.mount(prefix) for prefix in given.mounts})

    async def _keep_asking_health(self) -> None:
        while True:
            met = all(copies.met for copies in self._copies.values())
            await asyncio.sleep(self._settings.health_seconds if met else MEETING_SECONDS)
            await self._ask_health()

    async def _ask_health(self) -> None:
        await asyncio.gather(*(copies.check_health() for copies in self._copies.values()))


def _not_allowed(found: Mapping[str, Target] | Target) -> MethodNotAllowed:
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE") if isinstance(found, Target) else found
    return MethodNotAllowed([*methods, "OPTIONS"])


async def _refuse_protocol(scope: Scope, receive: Receive, send: Send) -> None:
    """WebSockets are closed before they open; a server that speaks of its life span gets no answer to that."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    raise RuntimeError(f"the gateway does not speak {scope['type']}")
