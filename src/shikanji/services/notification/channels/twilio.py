"""SMS through Twilio: its Messages resource, and signed status callbacks. It knows the texts that are registered for
DLT by themselves: what is sent must be one of them word for word."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

import aiohttp

from shikanji.services.notification.actions.sending import Report
from shikanji.services.notification.channels.asking import ask, refusal
from shikanji.services.notification.channels.port import Letter

SIGNATURE_HEADER = "x-twilio-signature"
CALLBACK_PATH = "/api/v1/notifications/callbacks/twilio/"
DELIVERED = frozenset({"delivered", "read"})
UNDELIVERED = frozenset({"undelivered", "failed", "canceled"})
FIELDS_MAX = 100


class Twilio:
    """It has no key that makes a repeat harmless: what may have been sent is counted."""

    name = "twilio"

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        url: str,
        account: str,
        token: str,
        sender: str,
        public_url: str,
        seconds: int,
    ) -> None:
        self._http, self._seconds = http, seconds
        self._url = f"{url}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
        credential = base64.b64encode(f"{account}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credential}"}
        self._sender, self._public_url = sender, public_url

    async def post(self, letter: Letter) -> str | None:
        form = {"To": letter.to, "From": self._sender, "Body": letter.text}
        if self._public_url.startswith("https://"):
            # It refuses to call back anywhere else.
            form["StatusCallback"] = f"{self._public_url}{CALLBACK_PATH}{letter.key}"
        answer = await ask(self._http, self._url, seconds=self._seconds, headers=self._headers, data=form)
        said = answer.json()
        said = said if isinstance(said, dict) else {}
        if answer.status == 201:
            return str(said.get("sid", "")) or None
        raise refusal(answer, f"code {said['code']}" if isinstance(said.get("code"), int) else "")


def is_signed(token: str, url: str, headers: Mapping[str, str], raw: bytes) -> bool:
    """Whether Twilio signed this form for this address."""
    try:
        fields = _fields(raw)
    except ValueError:
        return False
    signed = url + "".join(name + value for name, value in sorted(fields))
    expected = base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1))
    return hmac.compare_digest(expected, headers.get(SIGNATURE_HEADER, "").encode())


def read_status(delivery_id: str, raw: bytes) -> Report | None:
    """None: it says nothing that is final. Raises ValueError."""
    fields = dict(_fields(raw))
    status = fields.get("MessageStatus", "")
    if status not in DELIVERED | UNDELIVERED:
        return None
    code = fields.get("ErrorCode", "")
    reason = f"twilio: {status}{f', code {code[:10]}' if code else ''}"
    return Report(delivery_id=delivery_id, delivered=status in DELIVERED, reason=reason)


def _fields(raw: bytes) -> list[tuple[str, str]]:
    return parse_qsl(
        raw.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=FIELDS_MAX
    )
