"""Refresh tokens and the sealing of signing keys: everything that stands on a secret key."""

import base64
import hashlib
import hmac
import secrets

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

REFRESH_PURPOSE = "customer/refresh-token"
SIGNING_PURPOSE = "customer/signing-key"

TOKEN_BYTES = 32
_NONCE_BYTES = 12


def refresh_token(entropy: bytes) -> str:
    """The first token of a session, of 256 random bits."""
    if len(entropy) != TOKEN_BYTES:
        raise ValueError(f"a refresh token takes {TOKEN_BYTES} random bytes")
    return base64.urlsafe_b64encode(entropy).rstrip(b"=").decode()


def successor(key: bytes, token: str) -> str:
    """The token that follows `token`: computed, so that it can be given again without having been stored."""
    return refresh_token(hmac.digest(key, token.encode(), "sha256"))


def token_hash(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so that a plain hash hides it."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


class SigningKey(msgspec.Struct, frozen=True):
    """`seed` is the private half (Ed25519, 32 bytes)."""

    kid: str
    seed: bytes


class SealedKey(msgspec.Struct, frozen=True):
    """A signing key as it is stored."""

    kid: str
    sealed: bytes


def new_signing_key(kid: str) -> SigningKey:
    return SigningKey(kid, secrets.token_bytes(32))


def seal(secret: bytes, key: SigningKey) -> SealedKey:
    """AES-256-GCM, bound to the key's id."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return SealedKey(key.kid, nonce + AESGCM(secret).encrypt(nonce, key.seed, key.kid.encode()))


def unseal(secret: bytes, stored: SealedKey) -> SigningKey:
    """Raises ValueError when the key was sealed under another secret or its row was changed."""
    nonce, sealed = stored.sealed[:_NONCE_BYTES], stored.sealed[_NONCE_BYTES:]
    try:
        return SigningKey(stored.kid, AESGCM(secret).decrypt(nonce, sealed, stored.kid.encode()))
    except InvalidTag:
        raise ValueError(f"signing key {stored.kid} was sealed under another platform secret") from None
