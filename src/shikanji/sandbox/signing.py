"""How the fake payment company proves that a message is its own."""

import hashlib
import hmac

from shikanji.kit.clock import SECOND
from shikanji.kit.service import Secrets
from shikanji.sandbox.settings import SandboxSettings

SIGNATURE_HEADER = "X-Sandbox-Signature"


def key_secret(settings: SandboxSettings, secrets: Secrets) -> bytes:
    return _secret(settings.key_secret, secrets, "sandbox-key")


def webhook_secret(settings: SandboxSettings, secrets: Secrets) -> bytes:
    return _secret(settings.webhook_secret, secrets, "sandbox-webhook")


def _secret(given: str | None, secrets: Secrets, purpose: str) -> bytes:
    return given.encode() if given is not None else secrets.derive(purpose).hex().encode()


def callback_signature(secret: bytes, order_id: str, payment_id: str) -> str:
    """What the customer's browser brings back from the checkout."""
    return hmac.new(secret, f"{order_id}|{payment_id}".encode(), hashlib.sha256).hexdigest()


def webhook_signature(secret: bytes, body: bytes, now: int) -> str:
    """Over the time and the raw bytes; `now` in µs."""
    seconds = now // SECOND
    return f"t={seconds},v1={hmac.new(secret, b'%d.%b' % (seconds, body), hashlib.sha256).hexdigest()}"
