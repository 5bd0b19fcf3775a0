"""Push messages to browsers: RFC 8030, encrypted by RFC 8291, signed by VAPID (RFC 8292)."""

import asyncio
import base64
import binascii
from collections.abc import Collection
from urllib.parse import urlsplit

import aiohttp

from shikanji.kit.clock import DAY, HOUR, SECOND, Clock
from shikanji.services.notification.channels.asking import ask, refusal
from shikanji.services.notification.channels.port import Letter
from shikanji.services.notification.channels.push_text import fitting, spoken
from shikanji.services.notification.errors import Gone, Refused

KEPT = DAY
"""How long the push service keeps it for a device that is off."""
SIGNED_FOR = 12 * HOUR
AUTH_BYTES = 16


class WebPush:
    """A repeat replaces what still waits for the device: both have one topic."""

    name = "webpush"

    def __init__(
        self, http: aiohttp.ClientSession, *, private_key: str, contact: str, clock: Clock, seconds: int
    ) -> None:
        self._http, self._private_key, self._contact = http, private_key, contact
        self._clock, self._seconds = clock, seconds

    async def post(self, letter: Letter) -> str | None:
        body, headers = await asyncio.to_thread(self._seal, letter)
        answer = await ask(self._http, letter.to, seconds=self._seconds, data=body, headers=headers)
        if answer.status in (200, 201, 202):
            return answer.headers.get("Location")
        if answer.status in (404, 410):
            raise Gone
        raise refusal(answer)

    def _seal(self, letter: Letter) -> tuple[bytes, dict[str, str]]:
        from py_vapid import Vapid02, VapidException
        from pywebpush import WebPusher, WebPushException

        place = {"endpoint": letter.to, "keys": {"p256dh": letter.p256dh, "auth": letter.auth}}
        try:
            body: bytes = WebPusher(place).encode(spoken(letter, fitting(letter)))["body"]
            signed = Vapid02.from_pem(self._private_key.encode()).sign(self._claims(letter.to))
        except (WebPushException, VapidException, ValueError, binascii.Error) as unfit:
            raise Refused(f"the device's keys cannot be used: {type(unfit).__name__}") from unfit
        headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT // SECOND),
            "Topic": letter.key.replace("-", ""),
            "Urgency": "high" if letter.urgent else "normal",
            **signed,
        }
        return body, headers

    def _claims(self, address: str) -> dict[str, str | int]:
        parts = urlsplit(address)
        expires = (self._clock.now() + SIGNED_FOR) // SECOND
        return {"aud": f"{parts.scheme}://{parts.netloc}", "exp": expires, "sub": self._contact}


def public_key(private_key: str) -> str:
    """What browsers are told when they subscribe: the uncompressed point, base64url."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from py_vapid import Vapid02, b64urlencode

    point = Vapid02.from_pem(private_key.encode()).public_key.public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    return str(b64urlencode(point))


def is_point(p256dh: str) -> bool:
    """Whether it is a public key of a browser (RFC 8291): an uncompressed point of P-256, base64url."""
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(p256dh))
    except ValueError:
        return False
    return True


def is_secret(auth: str) -> bool:
    """Whether it is a browser's authentication secret (RFC 8291): 16 bytes, base64url."""
    try:
        return len(_decoded(auth)) == AUTH_BYTES
    except ValueError:
        return False


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def is_push_service(address: str, hosts: Collection[str]) -> bool:
    """Whether an address that a browser names belongs to a push service that we know: we call nobody else."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or port not in (None, 443) or parts.username is not None:
        return False
    return any(host == known or host.endswith(f".{known}") for known in hosts)
