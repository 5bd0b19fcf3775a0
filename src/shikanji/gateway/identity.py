"""Who asks, as far as the gateway must know: for the rate class, and to turn away what is no token at all. Services
verify again."""

from shikanji.gateway.headers import Cors
from shikanji.gateway.request import Known
from shikanji.kit.auth import ANONYMOUS, Principal
from shikanji.kit.auth_tokens import Verifier
from shikanji.kit.errors import Unauthorized
from shikanji.kit.web.identity import ACCESS_COOKIE, SAFE_METHODS, CrossOrigin

_COOKIE = ACCESS_COOKIE.encode()


class Identity:
    def __init__(self, verifier: Verifier, cors: Cors) -> None:
        self._verifier = verifier
        self._cors = cors

    async def principal(self, known: Known, method: str, scheme: str, *, open: bool) -> Principal:
        """Leaves in `known` the one credential that the service is to see: a browser's cookie becomes a bearer token.
        One that is no good is dropped where strangers are welcome, so that the browser can sign in again."""
        authorization = known.get(b"authorization")
        if authorization is not None:
            return await self._verifier.verify(_bearer(authorization))
        cookies = known.get(b"cookie")
        if cookies is None or _COOKIE not in cookies:
            return ANONYMOUS
        token, known[b"cookie"] = _take_cookie(cookies)
        if not token:
            return ANONYMOUS
        try:
            return await self._by_cookie(known, token, method, scheme)
        except (CrossOrigin, Unauthorized):
            if open:
                return ANONYMOUS
            raise

    async def _by_cookie(self, known: Known, token: bytes, method: str, scheme: str) -> Principal:
        if method not in SAFE_METHODS and not self._cors.same_site(known.get(b"origin", b""), scheme, known):
            raise CrossOrigin("a write with cookies needs the Origin header of our own pages")
        principal = await self._verifier.verify(token.decode("latin-1"))
        known[b"authorization"] = b"Bearer " + token
        return principal


def _bearer(authorization: bytes) -> str:
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer":
        raise Unauthorized
    return token.strip().decode("latin-1")


def _take_cookie(cookies: bytes) -> tuple[bytes, bytes]:
    """The access token, and the cookies without it."""
    token, others = b"", []
    for cookie in cookies.split(b";"):
        name, _, value = cookie.strip().partition(b"=")
        if name == _COOKIE:
            token = value.strip(b'"')
        elif name:
            others.append(cookie.strip())
    return token, b"; ".join(others)
