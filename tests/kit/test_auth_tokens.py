"""Access tokens: what is signed comes back as it was, and everything else gets one and the same refusal."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey

from shikanji.kit.auth import Principal
from shikanji.kit.auth_tokens import AUDIENCE, ISSUER, TokenSigner, TokenVerifier
from shikanji.kit.clock import MINUTE, SECOND, ManualClock
from shikanji.kit.errors import Unauthorized, Unavailable

NOON = 1_795_000_000 * SECOND
LIFE_SECONDS = 900
SEED = bytes(range(32))

MANAGER = Principal(account_id="a1", session_id="s1", version=3, roles={"store-1": "manager", "store-2": "chef"})


class Accounts:
    """Publishes keys and knows who is still good; can be away."""

    def __init__(self, *signers: TokenSigner) -> None:
        self.keys = [signer.public_jwk() for signer in signers]
        self.asked = 0
        self.away = False
        self.bad_sessions: set[str] = set()

    async def signing_keys(self) -> Sequence[Mapping[str, str]]:
        self.asked += 1
        if self.away:
            raise Unavailable
        return self.keys

    async def good(self, principal: Principal) -> bool:
        return principal.session_id not in self.bad_sessions


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def signer() -> TokenSigner:
    return TokenSigner("key-1", SEED)


@pytest.fixture
def accounts(signer: TokenSigner) -> Accounts:
    return Accounts(signer)


@pytest.fixture
def verifier(accounts: Accounts, clock: ManualClock) -> TokenVerifier:
    return TokenVerifier(accounts.signing_keys, accounts, clock)


@pytest.mark.parametrize(
    "principal",
    [MANAGER, Principal(account_id="a2", session_id="s2"), Principal(account_id="x", session_id="y", admin=True)],
)
async def test_a_token_names_the_principal_it_was_made_for(
    signer: TokenSigner, verifier: TokenVerifier, principal: Principal
) -> None:
    token = signer.sign(principal, now=NOON, seconds=LIFE_SECONDS)

    assert await verifier.verify(token) == principal
    assert await verifier.verify(token) == principal


async def test_a_token_ends_with_its_time_also_when_it_is_remembered(
    signer: TokenSigner, verifier: TokenVerifier, clock: ManualClock
) -> None:
    token = signer.sign(MANAGER, now=NOON, seconds=LIFE_SECONDS)

    clock.advance(LIFE_SECONDS * SECOND - 1)
    assert await verifier.verify(token) == MANAGER
    clock.advance(1)
    with pytest.raises(Unauthorized):
        await verifier.verify(token)
    with pytest.raises(Unauthorized):
        await verifier.verify(token)


async def test_a_revoked_token_is_refused_at_once_also_when_it_is_remembered(
    signer: TokenSigner, verifier: TokenVerifier, accounts: Accounts
) -> None:
    token = signer.sign(MANAGER, now=NOON, seconds=LIFE_SECONDS)
    await verifier.verify(token)

    accounts.bad_sessions.add("s1")

    with pytest.raises(Unauthorized):
        await verifier.verify(token)


def claims(**change: Any) -> dict[str, Any]:
    now = NOON // SECOND
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "a1",
        "sid": "s1",
        "ver": 1,
        "iat": now,
        "nbf": now,
        "exp": now + 900,
    }
    return {name: value for name, value in (good | change).items() if value is not ...}


def forge(payload: Mapping[str, Any], header: Mapping[str, Any] | None = None, seed: bytes = SEED) -> str:
    """A token properly signed with `seed`, of whatever header and payload."""
    key = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": TokenSigner("", seed).public_jwk()["x"], "d": _b64(seed)}
    )
    head = {"alg": "Ed25519", "kid": "key-1", "typ": "at+jwt"} | dict(header or {})
    head = {name: value for name, value in head.items() if value is not ...}
    registry = jws.JWSRegistry(algorithms=["Ed25519"], strict_check_header=False)
    return jws.serialize_compact(head, msgspec.json.encode(payload), key, registry=registry)


def unsigned(header: Mapping[str, Any], signature: Callable[[bytes], bytes] = lambda _: b"") -> str:
    signed = f"{_b64(msgspec.json.encode(header))}.{_b64(msgspec.json.encode(claims()))}"
    return f"{signed}.{_b64(signature(signed.encode()))}"


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


async def test_the_forger_of_these_tests_can_make_good_ones(verifier: TokenVerifier) -> None:
    assert (await verifier.verify(forge(claims()))).account_id == "a1"


NOW_SECONDS = NOON // SECOND
PUBLIC = urlsafe_b64decode(TokenSigner("", SEED).public_jwk()["x"] + "=")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("tea", id="no token"),
        pytest.param("a.b.c", id="no JSON"),
        pytest.param("é.é.é", id="no ASCII"),
        pytest.param("x" * 9_000, id="too long"),
        pytest.param(forge(claims(exp=NOW_SECONDS)), id="expired"),
        pytest.param(forge(claims(nbf=NOW_SECONDS + 60)), id="not yet good"),
        pytest.param(forge(claims(iss="evil")), id="wrong issuer"),
        pytest.param(forge(claims(aud="other")), id="wrong audience"),
        pytest.param(forge(claims(sub="")), id="nobody"),
        pytest.param(forge(claims(sid=...)), id="no session"),
        pytest.param(forge(claims(exp=...)), id="no end"),
        pytest.param(forge(claims(exp="never")), id="strange end"),
        pytest.param(forge(claims(roles={"store": "owner"})), id="unknown role"),
        pytest.param(forge(claims(), {"typ": "refresh"}), id="refresh token"),
        pytest.param(forge(claims(), {"typ": ...}), id="no type"),
        pytest.param(forge(claims(), {"kid": "../../etc/passwd"}), id="key name as a path"),
        pytest.param(forge(claims(), {"kid": ...}), id="no key name"),
        pytest.param(forge(claims(), {"kid": "key-2"}), id="unknown key"),
        pytest.param(forge(claims(), seed=bytes(32)), id="key of another environment"),
        pytest.param(forge(claims(), {"jku": "http://evil.test/keys"}, seed=bytes(32)), id="key from elsewhere"),
        pytest.param(
            forge(claims(), {"jwk": TokenSigner("key-1", bytes(32)).public_jwk()}, seed=bytes(32)), id="own key"
        ),
        pytest.param(unsigned({"alg": "none", "kid": "key-1", "typ": "at+jwt"}), id="alg none"),
        pytest.param(unsigned({"alg": "Ed25519", "kid": "key-1", "typ": "at+jwt"}), id="no signature"),
        pytest.param(
            unsigned(
                {"alg": "HS256", "kid": "key-1", "typ": "at+jwt"},
                lambda signed: hmac.new(PUBLIC, signed, sha256).digest(),
            ),
            id="HS256 with the public key",
        ),
        pytest.param(forge(claims())[:-8] + "AAAAAAAA", id="signature changed"),
    ],
)
async def test_every_bad_token_gets_the_same_refusal(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(Unauthorized) as refusal:
        await verifier.verify(token)

    assert (refusal.value.type, refusal.value.detail) == (
        "unauthorized",
        "the access token is not valid; sign in again",
    )


@given(
    st.text(max_size=60)
    | st.binary(max_size=90).map(lambda raw: f"{_b64(raw[:30])}.{_b64(raw[30:60])}.{_b64(raw[60:])}")
)
@settings(max_examples=200, deadline=None)
async def test_any_text_is_refused_and_breaks_nothing(token: str) -> None:
    accounts = Accounts(TokenSigner("key-1", SEED))

    with pytest.raises(Unauthorized):
        await TokenVerifier(accounts.signing_keys, accounts, ManualClock(NOON)).verify(token)


async def test_a_new_key_is_fetched_when_a_token_names_it(
    accounts: Accounts, verifier: TokenVerifier, clock: ManualClock, signer: TokenSigner
) -> None:
    await verifier.verify(signer.sign(MANAGER, now=NOON, seconds=LIFE_SECONDS))
    successor = TokenSigner("key-2", bytes(32))
    accounts.keys.append(successor.public_jwk())
    clock.advance(SECOND)

    assert await verifier.verify(successor.sign(MANAGER, now=NOON, seconds=LIFE_SECONDS)) == MANAGER


async def test_unknown_keys_make_nobody_ask_more_than_once_a_second(
    accounts: Accounts, verifier: TokenVerifier, clock: ManualClock
) -> None:
    for place in range(50):
        with pytest.raises(Unauthorized):
            await verifier.verify(forge(claims(), {"kid": f"guess-{place}"}))

    assert accounts.asked == 1


async def test_a_withdrawn_key_stops_counting(
    accounts: Accounts, verifier: TokenVerifier, clock: ManualClock, signer: TokenSigner
) -> None:
    await verifier.verify(signer.sign(MANAGER, now=NOON, seconds=LIFE_SECONDS))
    accounts.keys.clear()
    clock.advance(5 * MINUTE)

    with pytest.raises(Unauthorized):
        await verifier.verify(signer.sign(MANAGER, now=NOON + 1, seconds=LIFE_SECONDS + 1))


async def test_known_keys_serve_on_while_nobody_can_be_asked(
    accounts: Accounts, verifier: TokenVerifier, clock: ManualClock, signer: TokenSigner
) -> None:
    await verifier.verify(signer.sign(MANAGER, now=NOON, seconds=LIFE_SECONDS))
    accounts.away = True
    clock.advance(5 * MINUTE)

    assert await verifier.verify(signer.sign(MANAGER, now=NOON, seconds=LIFE_SECONDS + 1)) == MANAGER


async def test_without_any_key_nobody_can_say_whether_a_token_is_good(
    accounts: Accounts, verifier: TokenVerifier
) -> None:
    accounts.away = True

    with pytest.raises(Unavailable):
        await verifier.verify(forge(claims()))


async def test_only_so_many_tokens_are_remembered(accounts: Accounts, clock: ManualClock, signer: TokenSigner) -> None:
    verifier = TokenVerifier(accounts.signing_keys, accounts, clock, remembered_max=3)

    for place in range(10):
        await verifier.verify(signer.sign(MANAGER, now=NOON, seconds=LIFE_SECONDS + place))

    assert len(verifier._remembered) == 3


def test_the_public_key_tells_no_secret(signer: TokenSigner) -> None:
    assert set(signer.public_jwk()) == {"kty", "crv", "x", "kid", "alg", "use"}
