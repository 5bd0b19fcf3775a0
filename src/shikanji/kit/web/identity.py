"""Who is asking: the token of a request, and the coarse guard of a route."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from shikanji.kit.auth import ANONYMOUS, Principal
from shikanji.kit.auth_tokens import Verifier
from shikanji.kit.errors import Forbidden, Unauthorized
from shikanji.kit.web.guards import HEAD_OFFICE_ONLY, STAFF_ONLY
from shikanji.kit.web.headers import Headers
from shikanji.kit.web.routes import RateClass, Route, Who

ACCESS_COOKIE = "shikanji_access"
SAFE_METHODS = frozenset({"GET", "HEAD"})


class CrossOrigin(Forbidden):
    type, title = "cross-origin", "This request must come from our own pages"


async def identify(route: Route, headers: Headers, verifier: Verifier, public_url: str) -> Principal:
    """The caller. A bearer token must be good wherever it is shown; a stale cookie, which browsers send by themselves,
    makes the caller a stranger where strangers are welcome. Who is about to sign in is nobody yet: there a token that
    has run out must not stand in the way of a new one."""
    open_to_all = route.who is Who.ANYONE
    if open_to_all and route.rate is RateClass.AUTH:
        return ANONYMOUS
    authorization = headers.raw(b"authorization")
    if authorization is not None:
        principal = await verifier.verify(_bearer(authorization))
    else:
        principal = await _from_cookie(route, headers, verifier, public_url)
    if not open_to_all:
        _check(route.who, principal)
    return principal


def _bearer(authorization: bytes) -> str:
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized
    return token.strip()


async def _from_cookie(route: Route, headers: Headers, verifier: Verifier, public_url: str) -> Principal:
    cookies = headers.raw(b"cookie")
    token = None if cookies is None else read_cookie(cookies.decode("latin-1"), ACCESS_COOKIE)
    if token is None:
        return ANONYMOUS
    try:
        if route.method not in SAFE_METHODS:
            require_same_origin(headers, public_url)
        return await verifier.verify(token)
    except (CrossOrigin, Unauthorized):
        if route.who is Who.ANYONE:
            return ANONYMOUS
        raise


def read_cookie(cookies: str, name: str) -> str | None:
    """The value of one cookie of a Cookie header."""
    for pair in cookies.split(";"):
        found, _, value = pair.strip().partition("=")
        if found == name:
            return value.strip('"') or None
    return None


def require_same_origin(headers: Mapping[str, str], public_url: str) -> None:
    """A browser sends our cookies along with what other sites make it ask; their Origin gives them away."""
    scheme, separator, host = headers.get("origin", "").partition("://")
    ours = (urlsplit(public_url).netloc, headers.get("host", ""))
    if not separator or scheme not in {"http", "https"} or host not in ours or not host:
        raise CrossOrigin("a write with cookies needs the Origin header of our own pages")


def _check(who: Who, principal: Principal) -> None:
    if principal.anonymous:
        raise Unauthorized
    if principal.admin or who is Who.SIGNED_IN:
        return
    if who is Who.STAFF and principal.staff:
        return
    raise Forbidden(STAFF_ONLY if who is Who.STAFF else HEAD_OFFICE_ONLY)
