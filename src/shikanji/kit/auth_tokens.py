"""Access tokens: signed with Ed25519, verified with local keys, remembered until they expire or are revoked."""

import asyncio
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shikanji.kit.auth import Principal, Role
from shikanji.kit.clock import MINUTE, SECOND, Clock
from shikanji.kit.errors import Unauthorized, Unavailable

ALGORITHM = "Ed25519"
TYPE = "at+jwt"
ISSUER = "shikanji"
AUDIENCE = "shikanji-api"

TOKEN_LENGTH_MAX = 8_192
REMEMBERED_MAX = 10_000
NOT_BEFORE_LEEWAY_SECONDS = 5
"""How far the clock of the machine that signs may run ahead of ours."""
KEYS_ASKED_AGAIN_AFTER = SECOND
KEYS_TRUSTED_FOR = 5 * MINUTE


class Verifier(Protocol):
    async def verify(self, token: str) -> Principal:
        """The principal that the token names. Raises Unauthorized, with one message for every reason."""
        ...


class Standing(Protocol):
    async def good(self, principal: Principal) -> bool:
        """Whether the principal's session is still open and its version not outdated."""
        ...


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The payload. `sid` names the session, `ver` the authz version, `adm` head office, `roles` the staff roles."""

    iss: str
    aud: str
    sub: str
    sid: str
    ver: int
    adm: bool = False
    roles: dict[str, Role] = {}
    iat: int
    nbf: int
    exp: int


class TokenSigner:
    """Signs with one Ed25519 key: `seed` is its 32 secret bytes, `kid` the name under which verifiers find it."""

    def __init__(self, kid: str, seed: bytes) -> None:
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        self._kid = kid
        self._public = {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": _base64(public),
            "kid": kid,
            "alg": ALGORITHM,
            "use": "sig",
        }
        self._key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _base64(public), "d": _base64(seed)})

    def public_jwk(self) -> dict[str, str]:
        return dict(self._public)

    def sign(self, principal: Principal, *, now: int, seconds: int) -> str:
        """A token of that principal, good from `now` (µs) for so many seconds."""
        issued = now // SECOND
        claims = Claims(
            iss=ISSUER,
            aud=AUDIENCE,
            sub=principal.account_id,
            sid=principal.session_id,
            ver=principal.version,
            adm=principal.admin,
            roles=principal.roles,
            iat=issued,
            nbf=issued,
            exp=issued + seconds,
        )
        header = {"alg": ALGORITHM, "kid": self._kid, "typ": TYPE}
        return jws.serialize_compact(header, msgspec.json.encode(claims), self._key, algorithms=[ALGORITHM])


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


class TokenVerifier:
    """`keys` asks for the public JWKs. Verifying costs a tenth of a millisecond, so the tokens seen last are
    remembered; what can change under a token (time, revocation) is looked at every time."""

    def __init__(
        self,
        keys: Callable[[], Awaitable[Sequence[Mapping[str, str]]]],
        standing: Standing,
        clock: Clock,
        *,
        remembered_max: int = REMEMBERED_MAX,
    ) -> None:
        self._keys = _KeyRing(keys, clock)
        self._standing = standing
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[Principal, int]] = OrderedDict()
        self._remembered_max = remembered_max

    async def verify(self, token: str) -> Principal:
        remembered = self._remembered.get(token)
        if remembered is None:
            remembered = await self._read(token)
            self._remember(token, remembered)
        else:
            self._remembered.move_to_end(token)
        principal, expires_at = remembered
        if expires_at <= self._clock.now():
            self._remembered.pop(token, None)
            raise refused()
        if not await self._standing.good(principal):
            raise refused()
        return principal

    def _remember(self, token: str, read: tuple[Principal, int]) -> None:
        self._remembered[token] = read
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)

    async def _read(self, token: str) -> tuple[Principal, int]:
        if len(token) > TOKEN_LENGTH_MAX:
            raise refused()
        try:
            signed = jws.extract_compact(token.encode("ascii"))
        except (JoseError, ValueError):
            raise refused() from None
        header = signed.headers()
        kid = header.get("kid")
        # Nothing in the header but these three is looked at: what it says about other keys or places means nothing.
        if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or not isinstance(kid, str):
            raise refused()
        key = await self._keys.find(kid)
        if key is None:
            raise refused()
        try:
            good = jws.validate_compact(signed, key, algorithms=[ALGORITHM])
            claims = msgspec.json.decode(signed.payload, type=Claims)
        except (JoseError, ValueError):
            raise refused() from None
        if not good:
            raise refused()
        return self._accept(claims)

    def _accept(self, claims: Claims) -> tuple[Principal, int]:
        now = self._clock.now() // SECOND
        ours = claims.iss == ISSUER and claims.aud == AUDIENCE and claims.sub != "" and claims.sid != ""
        if not ours or claims.nbf > now + NOT_BEFORE_LEEWAY_SECONDS or claims.exp <= now:
            raise refused()
        principal = Principal(
            account_id=claims.sub,
            session_id=claims.sid,
            version=claims.ver,
            admin=claims.adm,
            roles=claims.roles,
        )
        return principal, claims.exp * SECOND


def refused() -> Unauthorized:
    """One message for every reason: it must not help to forge the next token."""
    return Unauthorized("the access token is not valid; sign in again")


class _KeyRing:
    """The public keys by name. An unknown name asks for them again, but at most once a second; known ones are asked for
    again after some minutes, so that a key that was withdrawn stops counting."""

    def __init__(self, ask: Callable[[], Awaitable[Sequence[Mapping[str, str]]]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._keys: dict[str, OKPKey] = {}
        self._asked_at: int | None = None
        self._asking = asyncio.Lock()

    async def find(self, kid: str) -> OKPKey | None:
        if not self._is_fresh(kid):
            async with self._asking:
                if not self._is_fresh(kid):
                    await self._ask_again(kid)
        return self._keys.get(kid)

    def _is_fresh(self, kid: str) -> bool:
        if self._asked_at is None:
            return False
        age = self._clock.now() - self._asked_at
        return age < (KEYS_TRUSTED_FOR if kid in self._keys else KEYS_ASKED_AGAIN_AFTER)

    async def _ask_again(self, kid: str) -> None:
        try:
            jwks = await self._ask()
        except Unavailable:
            if kid in self._keys:
                return
            raise
        self._keys = {jwk["kid"]: OKPKey.import_key(dict(jwk)) for jwk in jwks}
        self._asked_at = self._clock.now()
