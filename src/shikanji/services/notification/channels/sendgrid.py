"""Mail through SendGrid: v3 mail send, and its signed event webhook."""

import base64
import json
from collections.abc import Iterable, Mapping

import aiohttp
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from shikanji.kit.clock import SECOND
from shikanji.services.notification.actions.sending import Report
from shikanji.services.notification.channels.asking import ask, refusal
from shikanji.services.notification.channels.port import Letter

SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature"
TIME_HEADER = "x-twilio-email-event-webhook-timestamp"
OURS = "shikanji_delivery"
"""Under this name SendGrid gives our id back with every event."""
DELIVERED = frozenset({"delivered"})
UNDELIVERED = frozenset({"bounce", "dropped"})
EVENTS_MAX = 1_000


class SendGrid:
    name = "sendgrid"

    def __init__(self, http: aiohttp.ClientSession, *, url: str, key: str, sender: str, seconds: int) -> None:
        self._http, self._url, self._key, self._sender, self._seconds = http, url, key, sender, seconds

    async def post(self, letter: Letter) -> str | None:
        content = [{"type": "text/plain", "value": letter.text}]
        if letter.html is not None:
            content.append({"type": "text/html", "value": letter.html()})
        answer = await ask(
            self._http,
            f"{self._url}/v3/mail/send",
            seconds=self._seconds,
            headers={"Authorization": f"Bearer {self._key}"},
            json={
                "personalizations": [{"to": [{"email": letter.to}], "custom_args": {OURS: letter.key}}],
                "from": {"email": self._sender},
                "subject": letter.title,
                "content": content,
                "headers": {"X-Entity-Ref-ID": letter.key},
            },
        )
        if answer.status == 202:
            return answer.headers.get("X-Message-Id")
        raise refusal(answer)


def is_signed(key: str, headers: Mapping[str, str], raw: bytes, *, now: int, tolerance_seconds: int) -> bool:
    """Whether SendGrid signed this body, not long ago. `now` in µs."""
    time = headers.get(TIME_HEADER, "")
    if not (time.isascii() and time.isdigit() and len(time) <= 12):
        return False
    if abs(now // SECOND - int(time)) > tolerance_seconds:
        return False
    try:
        public = load_der_public_key(base64.b64decode(key))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        signature = base64.b64decode(headers.get(SIGNATURE_HEADER, ""), validate=True)
        public.verify(signature, time.encode() + raw, ec.ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def read_events(raw: bytes) -> list[Report]:
    """What the events say of deliveries; those about nothing of ours are left out. Raises ValueError."""
    events = json.loads(raw)
    if not isinstance(events, list) or len(events) > EVENTS_MAX or not all(isinstance(each, dict) for each in events):
        raise ValueError("not a list of events")
    return list(_reports(events))


def _reports(events: Iterable[dict[str, object]]) -> Iterable[Report]:
    for event in events:
        ours, what = event.get(OURS), event.get("event")
        if isinstance(ours, str) and what in DELIVERED | UNDELIVERED:
            yield Report(delivery_id=ours[:64], delivered=what in DELIVERED, reason=f"sendgrid: {what}")
