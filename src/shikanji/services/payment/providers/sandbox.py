"""The sandbox company, spoken to over HTTP as its documentation says."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from shikanji.contracts.payment import Method
from shikanji.kit.clock import SECOND
from shikanji.services.payment.model.reports import Notice, ProviderOrder, RefundReport, Try
from shikanji.services.payment.providers.port import Checkout, OutcomeUnknown, Refused

T = TypeVar("T", bound=msgspec.Struct)

DEFINITE_NO = frozenset({400, 402, 404, 409, 413, 415, 422})
"""Every other status than 2xx leaves open what happened: 429 and 5xx come from anywhere on the way, and a refused
credential is our fault, not an answer about money."""
SIGNATURE_HEADER = "x-sandbox-signature"
KNOWN_TYPES = frozenset({"payment.captured", "payment.failed", "refund.processed"})


Word = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class _Payment(msgspec.Struct, rename="camel"):
    id: str
    order_id: str
    amount: int
    status: Literal["captured", "failed"]
    method: Method
    failure: str | None
    refunded: int

    def to_try(self) -> Try:
        return Try(
            provider_payment_id=self.id,
            status=self.status,
            amount=self.amount,
            method=self.method,
            failure=self.failure,
            refunded=self.refunded,
        )


class _Order(msgspec.Struct, rename="camel"):
    id: str
    payments: list[_Payment]

    def to_order(self) -> ProviderOrder:
        return ProviderOrder(provider_order_id=self.id, tries=[payment.to_try() for payment in self.payments])


class _Refund(msgspec.Struct, rename="camel"):
    id: str
    key: str
    amount: int
    status: Literal["pending", "processed"]

    def to_report(self) -> RefundReport:
        return RefundReport(key=self.key, provider_refund_id=self.id, amount=self.amount, status=self.status)


class _Data(msgspec.Struct, rename="camel"):
    reference: str
    payment: _Payment
    refund: _Refund | None = None


class _Event(msgspec.Struct):
    id: Word
    type: Word
    data: msgspec.Raw = msgspec.Raw(b"{}")


class SandboxCredentials(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    """Without a slash at its end."""
    checkout_url: str
    """Where customers' browsers reach it, likewise."""
    key_id: str
    key_secret: bytes
    webhook_secrets: tuple[bytes, ...]
    """The current one, and the one before while the company changes over."""
    timeout_seconds: int
    tolerance_seconds: int


class Sandbox:
    name = "sandbox"

    def __init__(self, http: aiohttp.ClientSession, credentials: SandboxCredentials) -> None:
        self._http = http
        self._with = credentials

    async def open_order(self, *, key: str, amount: int) -> ProviderOrder:
        body = {"amount": amount, "reference": key}
        return (await self._ask("POST", "orders", _Order, key=key, body=body)).to_order()

    async def fetch_order(self, provider_order_id: str) -> ProviderOrder:
        return (await self._ask("GET", f"orders/{_in_path(provider_order_id)}", _Order)).to_order()

    async def refund(self, *, key: str, provider_payment_id: str, amount: int) -> RefundReport:
        body = {"paymentId": provider_payment_id, "amount": amount}
        return (await self._ask("POST", "refunds", _Refund, key=key, body=body)).to_report()

    async def find_refund(self, key: str) -> RefundReport | None:
        try:
            return (await self._ask("GET", f"refunds/{_in_path(key)}", _Refund)).to_report()
        except Refused:
            return None

    def checkout(self, provider_order_id: str) -> Checkout:
        url = f"{self._with.checkout_url}/sandbox/checkout/{_in_path(provider_order_id)}"
        return Checkout(provider_order_id=provider_order_id, checkout_url=url)

    def confirms(self, *, provider_order_id: str, provider_payment_id: str, signature: str) -> bool:
        expected = _hmac(self._with.key_secret, f"{provider_order_id}|{provider_payment_id}".encode())
        return hmac.compare_digest(expected.encode(), signature.encode())

    def is_signed(self, headers: Mapping[str, str], raw: bytes, now: int) -> bool:
        parts = dict(part.partition("=")[::2] for part in headers.get(SIGNATURE_HEADER, "").split(","))
        time, given = parts.get("t", ""), parts.get("v1", "")
        if not (time.isascii() and time.isdigit() and len(time) <= 12):
            return False
        if abs(now // SECOND - int(time)) > self._with.tolerance_seconds:
            return False
        signed = time.encode() + b"." + raw
        # All of them are compared, so that the time taken says nothing.
        fitting = [
            hmac.compare_digest(_hmac(key, signed).encode(), given.encode()) for key in self._with.webhook_secrets
        ]
        return any(fitting)

    def read_notice(self, raw: bytes) -> Notice:
        try:
            event = msgspec.json.decode(raw, type=_Event)
            if event.type not in KNOWN_TYPES:
                return Notice(event_id=event.id, type=event.type)
            data = msgspec.json.decode(event.data, type=_Data)
        except (msgspec.DecodeError, UnicodeDecodeError) as unreadable:
            raise ValueError(str(unreadable)) from unreadable
        order = ProviderOrder(provider_order_id=data.payment.order_id, tries=[data.payment.to_try()])
        refund = data.refund.to_report() if data.refund is not None else None
        return Notice(event_id=event.id, type=event.type, payment_id=data.reference, order=order, refund=refund)

    async def _ask(
        self, method: str, path: str, kind: type[T], *, key: str | None = None, body: dict[str, Any] | None = None
    ) -> T:
        headers = {"X-Client-Id": self._with.key_id, "X-Client-Secret": self._with.key_secret.decode()}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            async with self._http.request(
                method,
                f"{self._with.url}/sandbox/merchant/{path}",
                json=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._with.timeout_seconds),
                allow_redirects=False,
            ) as answer:
                return _understand(answer.status, await answer.read(), kind)
        except (aiohttp.ClientError, TimeoutError) as lost:
            raise OutcomeUnknown(f"{method} {path}: {lost or 'no answer in time'}") from lost


class _Envelope(msgspec.Struct):
    data: msgspec.Raw


def _understand(status: int, body: bytes, kind: type[T]) -> T:
    if status in DEFINITE_NO:
        raise Refused(f"{status}: {_reason(body)}")
    try:
        if 200 <= status < 300:
            return msgspec.json.decode(msgspec.json.decode(body, type=_Envelope).data, type=kind)
    except msgspec.DecodeError as garbled:
        raise OutcomeUnknown(f"an answer that cannot be read: {garbled}") from garbled
    raise OutcomeUnknown(f"answered {status}")


def _reason(body: bytes) -> str:
    try:
        problem = json.loads(body)
        return str(problem.get("detail", ""))[:200] if isinstance(problem, dict) else ""
    except ValueError:
        return ""


def _in_path(text: str) -> str:
    return quote(text, safe="")


def _hmac(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, hashlib.sha256).hexdigest()
