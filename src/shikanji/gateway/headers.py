"""Header rules: what every answer carries, what a service gets to see, who may call from a browser elsewhere."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from shikanji.gateway.problems import Header
from shikanji.gateway.request import Known
from shikanji.kit.web.routes import Route

API_POLICY = b"default-src 'none'; frame-ancestors 'none'"
PREFLIGHT_SECONDS = 600

_HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
_NEVER_FROM_OUTSIDE = frozenset(
    {
        b"forwarded", b"traceparent", b"tracestate", b"x-client-ip", b"x-cluster-client-ip", b"x-correlation-id",
        b"x-forwarded", b"x-real-ip", b"x-request-id", b"x-role", b"x-store-id", b"x-user-id", b"x-user-role",
    }
)  # fmt: skip
_DROPPED = _HOP_BY_HOP | _NEVER_FROM_OUTSIDE | {b"accept-encoding", b"expect", b"authorization", b"cookie"}

_OURS = _HOP_BY_HOP | {
    b"cache-control", b"date", b"referrer-policy", b"server", b"strict-transport-security",
    b"x-api-version", b"x-content-type-options", b"x-correlation-id", b"x-powered-by", b"x-request-id",
}  # fmt: skip


def security_headers(*, production: bool, policy: bytes = API_POLICY) -> list[Header]:
    headers = [
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", policy),
        (b"referrer-policy", b"no-referrer"),
    ]
    if production:
        headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
    return headers


def vary(*names: str, cors: bool) -> Header:
    return b"vary", ", ".join(["Accept-Encoding", *names, *(["Origin"] if cors else [])]).encode()


def deprecation_headers(route: Route) -> list[Header]:
    """RFC 9745 and RFC 8594, with the blueprint's own names beside them. The route gives dates, `2026-12-31`."""
    headers: list[Header] = []
    if route.deprecated_since:
        since = int(_midnight(route.deprecated_since).timestamp())
        headers += [(b"deprecation", b"@%d" % since), (b"x-api-deprecated", b"true")]
    if route.sunset:
        at = format_datetime(_midnight(route.sunset), usegmt=True)
        headers += [(b"sunset", at.encode()), (b"x-api-sunset", route.sunset.encode())]
    return headers


def forwarded(headers: Iterable[Header], added: Sequence[Header], known: Known) -> list[Header]:
    """What a service gets to see: the caller's headers without those of this connection and those that only we may
    set, and then ours."""
    kept = [
        header
        for header in headers
        if header[0] not in _DROPPED and not header[0].startswith((b"x-forwarded-", b"x-original-", b"x-shikanji-"))
    ]
    named = _named_by_connection(headers)
    if named:
        kept = [header for header in kept if header[0] not in named]
    kept.extend(added)
    if known.get(b"cookie"):
        kept.append((b"cookie", known[b"cookie"]))
    return kept


def returned(headers: Iterable[Header], ours: Sequence[Header], *, own_caching: bool = False) -> list[Header]:
    """What the caller gets to see: the service's own headers, then ours. A page of a service has its own content
    policy; `Vary` is of both; where the route may, the service says how long its answer is kept."""
    dropped = _OURS - {b"cache-control"} if own_caching else _OURS
    kept = [header for header in headers if header[0] not in dropped]
    for name, value in kept:
        if name == b"vary":
            ours = [(b"vary", value + b", " + also) if name == b"vary" else (name, also) for name, also in ours]
            kept = [header for header in kept if header[0] != b"vary"]
        elif name in (b"content-security-policy", b"cache-control"):
            ours = [header for header in ours if header[0] != name]
    kept.extend(ours)
    return kept


def hop_by_hop(name: bytes) -> bool:
    return name in _HOP_BY_HOP


class Cors:
    """Which other origins' pages may read our answers. Credentials are allowed to them; `*` is never said."""

    def __init__(self, allowed_origins: tuple[str, ...], public_url: str) -> None:
        self._origins = frozenset(origin.rstrip("/").lower().encode() for origin in allowed_origins)
        self._own = public_url.rstrip("/").lower().encode()
        self.enabled = bool(self._origins)

    def headers(self, known: Known) -> Sequence[Header]:
        origin = known.get(b"origin")
        if origin is None or origin.lower() not in self._origins:
            return ()
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (
                b"access-control-expose-headers",
                b"ETag, Location, X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, "
                b"Deprecation, Sunset, X-API-Version, X-API-Deprecated, X-API-Sunset",
            ),
        ]

    def preflight(self, known: Known, allow: bytes) -> list[Header]:
        granted = [header for header in self.headers(known) if header[0] != b"access-control-expose-headers"]
        if not granted:
            return []
        return [
            *granted,
            (b"access-control-allow-methods", allow),
            (
                b"access-control-allow-headers",
                b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, Traceparent",
            ),
            (b"access-control-max-age", b"%d" % PREFLIGHT_SECONDS),
        ]

    def same_site(self, origin: bytes, scheme: str, known: Known) -> bool:
        """Whether a page of this origin may write with the browser's cookie. The Host header may stand in for our own
        name: a page elsewhere that makes both say its own name gets none of our cookies sent."""
        given = origin.lower()
        host = known.get(b"host", b"").lower()
        return given == self._own or given in self._origins or given == b"%s://%s" % (scheme.encode(), host)


def _named_by_connection(headers: Iterable[Header]) -> frozenset[bytes]:
    for name, value in headers:
        if name == b"connection" and value not in (b"keep-alive", b"close"):
            return frozenset(token.strip().lower() for token in value.split(b","))
    return frozenset()


def _midnight(date: str) -> datetime:
    return datetime.fromisoformat(date).replace(tzinfo=UTC)
