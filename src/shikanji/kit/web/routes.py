"""How a service declares its HTTP routes: one declaration drives the dispatcher, the OpenAPI document, the gateway's
table and the authorization tests."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, Required, TypedDict, TypeVar, Unpack, overload

import msgspec

from shikanji.kit.auth import Principal
from shikanji.kit.errors import Problem

if TYPE_CHECKING:
    from shikanji.kit.service import Room

B = TypeVar("B")
Q = TypeVar("Q")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Who(StrEnum):
    """The coarse guard of a route, checked before its handler; the handler checks owner and store scope."""

    ANYONE = "anyone"
    SIGNED_IN = "signed-in"
    STAFF = "staff"
    """Any staff role in any store, or admin."""
    ADMIN = "admin"


class RateClass(StrEnum):
    """Which token bucket of the gateway a route draws from."""

    NORMAL = "normal"
    AUTH = "auth"
    """Login, OTP, reset: tight, per IP prefix."""
    WEBHOOK = "webhook"


class Idempotency(StrEnum):
    IGNORED = "ignored"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Incoming(msgspec.Struct, Generic[B, Q], frozen=True, kw_only=True):
    """One request, checked: the body as `B`, the query as `Q` (None where the route has none)."""

    body: B
    query: Q
    path: Mapping[str, str]
    principal: Principal
    headers: Mapping[str, str]
    """Lower-case names."""
    raw: bytes
    """The body as it came, for signatures."""
    correlation_id: str
    client_ip: str
    idempotency_key: str | None = None
    route: str = ""
    """`POST /api/v1/orders`: method and template."""
    body_hash: str = ""
    """SHA-256 (hex) of path parameters and canonical body, for idempotency; empty where no key came."""

    @property
    def if_match(self) -> str | None:
        """What the client believes it edits; `web.etags.require_match` compares it."""
        return self.headers.get("if-match")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler returns when data alone does not say it all. A plain struct or list is `Reply(data=...)`."""

    data: Any = None
    status: int | None = None
    """None: the route's declared status."""
    etag: str | None = None
    headers: Mapping[str, str] | None = None
    cookies: Sequence[str] = ()
    """Whole Set-Cookie values."""
    next_cursor: str | None = None
    page: bool = False
    """True: a page of a list; `meta.nextCursor` is present, null on the last page."""
    content_type: str | None = None
    """Set: `data` is bytes that go out as they are, with this type; the route says so in `produces`."""


Endpoint = Callable[["Room", Incoming[Any, Any]], Awaitable[Any]]
TypedEndpoint = Callable[["Room", Incoming[B, Q]], Awaitable[Any]]
Registers = Callable[[TypedEndpoint[B, Q]], TypedEndpoint[B, Q]]


PATH_TEXT_PATTERN = "[A-Za-z0-9._~:-]{1,200}"


class PathParameter(msgspec.Struct, frozen=True):
    """`{id}` and `{…Id}` are UUIDs; `{name}` and `{anythingId:text}` are text without
    spaces or slashes. A path with anything else leads nowhere (404)."""

    name: str
    uuid: bool


@dataclass(frozen=True, kw_only=True)
class Route:
    method: Method
    path: str
    """`/api/v1/orders/{id}`."""
    parameters: tuple[PathParameter, ...]
    endpoint: Endpoint
    tag: str
    summary: str
    description: str
    who: Who
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    returns: Any = None
    status: int = 200
    raises: Sequence[type[Problem]] = ()
    idempotency: Idempotency = Idempotency.IGNORED
    rate: RateClass = RateClass.NORMAL
    cache_seconds: int = 0
    """> 0: the gateway may answer from memory for that long (anonymous content only)."""
    raw_body: bool = False
    """True: any bytes are accepted (webhooks); `Incoming.raw` has them."""
    consumes: Sequence[str] = ()
    """The media types of a raw body; none: whatever comes."""
    body_bytes_max: int | None = None
    """None: as for all other routes."""
    deprecated_since: str | None = None
    sunset: str | None = None
    page: bool = False
    editable: bool = False
    """True: answers with an ETag, honours If-Match."""
    bare: bool = False
    """True: answers with `data` itself, without the envelope, where another standard fixes the shape (JWKS)."""
    produces: str = "application/json"
    """The media type of the success answer."""
    or_json: bool = False
    """True: whoever prefers JSON to `produces` is given `returns` in the envelope instead."""
    own_caching: bool = False
    """True: a Cache-Control of the answer reaches the client; else nobody but the gateway keeps any."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def media_types(self) -> tuple[str, ...]:
        """Of its success answers."""
        return (self.produces, "application/json") if self.or_json else (self.produces,)


class RouteOptions(TypedDict, total=False):
    """What a declaration may say besides method, path, body and query; its meanings and defaults are `Route`'s."""

    who: Required[Who]
    returns: Any
    status: int
    raises: Sequence[type[Problem]]
    idempotency: Idempotency
    rate: RateClass
    cache_seconds: int
    raw_body: bool
    consumes: Sequence[str]
    body_bytes_max: int | None
    deprecated_since: str | None
    sunset: str | None
    page: bool
    editable: bool
    bare: bool
    produces: str
    or_json: bool
    own_caching: bool


class _AllOptions(RouteOptions, total=False):
    body: type[msgspec.Struct] | None
    query: type[msgspec.Struct] | None


class Verb:
    """`routes.post` and its like: registers an endpoint whose `Incoming[B, Q]` names the declared body and query."""

    def __init__(self, routes: "Routes", method: Method) -> None:
        self._routes = routes
        self._method = method

    @overload
    def __call__(
        self, path: str, *, body: type[B], query: type[Q], **options: Unpack[RouteOptions]
    ) -> Registers[B, Q]: ...

    @overload
    def __call__(self, path: str, *, body: type[B], **options: Unpack[RouteOptions]) -> Registers[B, None]: ...

    @overload
    def __call__(self, path: str, *, query: type[Q], **options: Unpack[RouteOptions]) -> Registers[None, Q]: ...

    @overload
    def __call__(self, path: str, **options: Unpack[RouteOptions]) -> Registers[None, None]: ...

    def __call__(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        return self._routes.add(self._method, path, **options)


class Routes:
    """The routes of one service. The endpoint's docstring is the documentation: first line the summary.

    `@routes.post("/api/v1/orders", body=PlaceOrder, returns=OrderView, status=201, who=Who.SIGNED_IN)` over
    `async def place(room: Room, incoming: Incoming[PlaceOrder, None]) -> OrderView`.

    `returns` is the type of `data`: a Struct, `list[Struct]` or None (no data). With `page=True` it is the item list
    and the endpoint returns `Reply(page=True, data=..., next_cursor=...)`."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Route] = []
        self.get = Verb(self, "GET")
        self.post = Verb(self, "POST")
        self.put = Verb(self, "PUT")
        self.patch = Verb(self, "PATCH")
        self.delete = Verb(self, "DELETE")

    def add(self, method: Method, path: str, **options: Unpack[_AllOptions]) -> Callable[[Endpoint], Endpoint]:
        template, parameters = _parse(path)

        def register(endpoint: Endpoint) -> Endpoint:
            summary, _, description = (endpoint.__doc__ or "").strip().partition("\n")
            route = Route(
                method=method,
                path=template,
                parameters=parameters,
                endpoint=endpoint,
                tag=self.tag,
                summary=summary,
                description=inspect.cleandoc(description),
                **options,
            )
            if any(route.name == other.name for other in self.all):
                raise ValueError(f"{route.name} is declared already")
            self.all.append(route)
            return endpoint

        return register


_PARAMETER = re.compile(r"\{([a-zA-Z]+)(:text)?\}")


def _parse(path: str) -> tuple[str, tuple[PathParameter, ...]]:
    """The template without types, and what its parameters are."""
    parameters = tuple(
        PathParameter(name, uuid=not text and (name == "id" or name.endswith("Id")))
        for name, text in _PARAMETER.findall(path)
    )
    return _PARAMETER.sub(r"{\1}", path), parameters
