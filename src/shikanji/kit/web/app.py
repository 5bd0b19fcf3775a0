"""The HTTP edge of a service: from an ASGI request to its endpoint and back."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from shikanji.kit.asgi import ASGIApp, Receive, Scope, Send
from shikanji.kit.auth import Principal
from shikanji.kit.context import bind
from shikanji.kit.errors import BadRequest, NotFound, Problem
from shikanji.kit.ids import is_uuid
from shikanji.kit.service import Room, Service
from shikanji.kit.telemetry.logs import logger
from shikanji.kit.web.body import check_kind, check_media_type, read_body
from shikanji.kit.web.decode import BODY_BYTES_MAX, BodyDecoder
from shikanji.kit.web.envelope import JSON, HeaderPairs, Response, bare, header, problem_response, success
from shikanji.kit.web.etags import matches
from shikanji.kit.web.headers import Headers
from shikanji.kit.web.identity import identify
from shikanji.kit.web.negotiation import MethodNotAllowed, Produced
from shikanji.kit.web.query import QueryDecoder
from shikanji.kit.web.router import Router
from shikanji.kit.web.routes import PATH_TEXT_PATTERN, Idempotency, Incoming, Reply, Route

_log = logger("web")

_PATH_TEXT = re.compile(PATH_TEXT_PATTERN)
_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_KEY = re.compile(r"[A-Za-z0-9._:-]{16,128}")


class KeyMissing(BadRequest):
    type, title = "idempotency-key-missing", "The Idempotency-Key header is missing"


class KeyMalformed(BadRequest):
    type, title = "idempotency-key-malformed", "The Idempotency-Key header is malformed"


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


def service_app(room: Room, service: Service, *, body_bytes_max: int = BODY_BYTES_MAX) -> ASGIApp:
    """The ASGI app of one service."""
    return ServiceApp(room, service, body_bytes_max)


class Target:
    """A route with what it needs at run time, made once."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.method, self.path, self.name = route.method, route.path, route.name
        self.body = None if route.body is None else BodyDecoder(route.body)
        self.query = QueryDecoder(route.query)
        self.produced = Produced(*route.media_types)
        self.names = tuple(parameter.name for parameter in route.parameters)
        self.uuids = frozenset(place for place, parameter in enumerate(route.parameters) if parameter.uuid)

    def path_parameters(self, values: list[str]) -> dict[str, str]:
        for place, value in enumerate(values):
            if not (is_uuid(value) if place in self.uuids else _PATH_TEXT.fullmatch(value)):
                raise NotFound
        return dict(zip(self.names, values, strict=True))


class ServiceApp:
    def __init__(self, room: Room, service: Service, body_bytes_max: int) -> None:
        self._room = room
        self._router = Router(Target(route) for route in service.routes.all)
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"a service app speaks HTTP only, not {scope['type']}")
        headers = Headers(scope["headers"])
        correlation_id = headers.get("x-request-id", "")
        if not _CORRELATION.fullmatch(correlation_id):
            correlation_id = self._room.ids.new()
        with bind(correlation_id, traceparent=headers.get("traceparent", "")):
            try:
                response = await self._answer(scope, receive, headers, correlation_id)
            except ClientGone:
                return
            except Problem as problem:
                response = problem_response(problem, correlation_id)
            except Exception:
                _log.exception(
                    "unhandled", service=self._room.name, correlation_id=correlation_id, method=scope["method"]
                )
                response = problem_response(Problem("it has been logged under this correlation id"), correlation_id)
        await _send(send, scope["method"], response)

    async def _answer(self, scope: Scope, receive: Receive, headers: Headers, correlation_id: str) -> Response:
        target, values = self._find(scope["method"], scope["path"])
        route = target.route
        principal = await identify(route, headers, self._room.verifier, self._room.public_url)
        path = target.path_parameters(values)
        target.produced.require_acceptable(headers.raw(b"accept"))
        incoming = await self._incoming(scope, receive, headers, target, path, principal, correlation_id)
        answer = await route.endpoint(self._room, incoming)
        reply = answer if type(answer) is Reply else Reply(data=answer)
        return _response(route, incoming, reply)

    def _find(self, method: str, path: str) -> tuple[Target, list[str]]:
        found = self._router.find(path)
        if found is None:
            raise NotFound
        methods, values = found
        target = methods.get("GET" if method == "HEAD" else method)
        if target is None:
            raise MethodNotAllowed(methods)
        return target, values

    async def _incoming(
        self,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        target: Target,
        path: Mapping[str, str],
        principal: Principal,
        correlation_id: str,
    ) -> Incoming[Any, Any]:
        route = target.route
        key = _idempotency_key(route, headers)
        query = target.query.decode(scope["query_string"])
        if route.consumes:
            check_kind(headers, route.consumes)
        raw = await self._read(receive, headers, route) if target.body is not None or route.raw_body else b""
        body = None if target.body is None else _decode(target.body, raw, headers)
        return Incoming(
            body=body,
            query=query,
            path=path,
            principal=principal,
            headers=headers,
            raw=raw,
            correlation_id=correlation_id,
            client_ip=_client_ip(scope, headers),
            idempotency_key=key,
            route=target.name,
            body_hash="" if key is None else _body_hash(path, raw if body is None else body),
        )

    async def _read(self, receive: Receive, headers: Headers, route: Route) -> bytes:
        raw = await read_body(receive, headers, route.body_bytes_max or self._body_bytes_max)
        if raw is None:
            raise ClientGone
        return raw


def _decode(decoder: BodyDecoder, raw: bytes, headers: Headers) -> msgspec.Struct:
    if not raw and decoder.empty is not None:
        return decoder.empty
    check_media_type(headers)
    return decoder.decode(raw)


def _idempotency_key(route: Route, headers: Headers) -> str | None:
    if route.idempotency is Idempotency.IGNORED:
        return None
    key = headers.get("idempotency-key")
    if key is None:
        if route.idempotency is Idempotency.REQUIRED:
            raise KeyMissing("send a fresh UUID, and the same one with every repeat of this request")
        return None
    if not _KEY.fullmatch(key):
        raise KeyMalformed("a UUID, or 16 to 128 of A-Z a-z 0-9 . _ : -")
    return key


def _body_hash(path: Mapping[str, str], body: msgspec.Struct | bytes) -> str:
    """Two requests with the same meaning have the same hash: written in one order, with what was left out filled in."""
    return hashlib.sha256(msgspec.json.encode((path, body), order="sorted")).hexdigest()


def _client_ip(scope: Scope, headers: Headers) -> str:
    """As the gateway says, which puts its own X-Forwarded-For in the place of what came from outside."""
    forwarded = headers.get("x-forwarded-for")
    if forwarded:
        return forwarded.rpartition(",")[2].strip()
    client = scope.get("client")
    return str(client[0]) if client else ""


def _response(route: Route, incoming: Incoming[Any, Any], reply: Reply) -> Response:
    headers: HeaderPairs = [JSON]
    if reply.etag is not None:
        headers.append(header("etag", reply.etag))
        if route.method == "GET" and matches(incoming.headers.get("if-none-match", ""), reply.etag):
            return Response(304, headers[1:], b"")
    if reply.headers:
        headers += [header(name, value) for name, value in reply.headers.items()]
    if reply.cookies:
        headers += [header("set-cookie", cookie) for cookie in reply.cookies]
    status = reply.status or route.status
    if status == 204:
        return Response(status, headers[1:], b"")
    if reply.content_type is not None:
        headers[0] = (b"content-type", reply.content_type.encode("latin-1"))
        return Response(status, headers, reply.data)
    if route.bare:
        return Response(status, headers, bare(reply.data))
    return Response(status, headers, success(reply.data, page=reply.page, next_cursor=reply.next_cursor))


async def _send(send: Send, method: str, response: Response) -> None:
    headers = response.headers
    if response.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})
