"""The HTTP edge of the services that a process carries, for gateways and for other processes: their routes, calls,
health and metrics. It is not for clients, but trusts nobody who reaches it: tokens are verified by each service, calls
are signed, and what is said about a request counts only under a gateway's seal."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from shikanji.gateway.readiness import Readiness
from shikanji.gateway.request import is_internal
from shikanji.gateway.seal import Seal
from shikanji.kit.asgi import ASGIApp, Receive, Scope, Send
from shikanji.kit.calls_http import PATH as CALLS_PATH
from shikanji.kit.calls_server import CallsApp
from shikanji.kit.errors import NotFound, Problem
from shikanji.kit.ids import Ids
from shikanji.kit.service import Service
from shikanji.kit.telemetry import metrics
from shikanji.kit.web.envelope import JSON, HeaderPairs, Response, problem_response, success
from shikanji.kit.web.negotiation import MethodNotAllowed
from shikanji.kit.web.router import Router

Own = Callable[[Scope], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Place:
    """One method of one path, and the app that answers it."""

    method: str
    path: str
    app: ASGIApp


class Desk:
    """An ASGI app over the apps of the services here."""

    def __init__(
        self,
        apps: Sequence[tuple[Service, ASGIApp]],
        calls: CallsApp,
        *,
        seal: Seal,
        readiness: Readiness,
        registry: CollectorRegistry,
        ids: Ids,
        production: bool,
    ) -> None:
        self._router = Router(
            _Place(route.method, route.path, app) for service, app in apps for route in service.routes.all
        )
        self._calls = calls
        self._seal = seal
        self._readiness = readiness
        self._registry = registry
        self._ids = ids
        self._production = production
        self._own: dict[str, Own] = {
            "/health/live": self._live,
            "/health/ready": self._ready,
            "/metrics": self._metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the desk speaks HTTP only, not {scope['type']}")
        path = scope["path"]
        if path.startswith(CALLS_PATH):
            await self._calls(scope, receive, send)
            return
        found = self._router.find(path)
        if found is None:
            await _send(send, scope["method"], await self._answer(scope))
            return
        app = found[0].get(scope["method"]) or next(iter(found[0].values()))
        await app.app(self._seal.opened(scope), receive, send)

    async def _answer(self, scope: Scope) -> Response:
        try:
            own = self._own.get(scope["path"])
            if own is None:
                raise NotFound
            if scope["method"] not in ("GET", "HEAD"):
                raise MethodNotAllowed({"GET"})
            return await own(scope)
        except Problem as problem:
            return problem_response(problem, self._ids.new())

    async def _live(self, _: Scope) -> Response:
        return Response(200, [JSON], success({"status": "live"}))

    async def _ready(self, _: Scope) -> Response:
        return Response(200, [JSON], success(await self._readiness.answer()))

    async def _metrics(self, scope: Scope) -> Response:
        """In production for our own networks only."""
        if self._production and not is_internal(scope["client"][0] if scope.get("client") else ""):
            raise NotFound
        headers: HeaderPairs = [(b"content-type", metrics.CONTENT_TYPE.encode())]
        return Response(200, headers, metrics.render(self._registry))


async def _send(send: Send, method: str, response: Response) -> None:
    headers = [*response.headers, (b"content-length", b"%d" % len(response.body))]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})
