"""How the adapter reads a company that answers strangely: unknown is not failed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from shikanji.services.payment.providers.port import OutcomeUnknown, Refused
from shikanji.services.payment.providers.sandbox import Sandbox, SandboxCredentials
from tests.serving import free_port, serving

ORDER = b'{"success":true,"data":{"id":"order_1","payments":[]}}'


class Scripted:
    """Answers every request with the same bytes, and remembers what was asked."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((scope["method"], scope["raw_path"].decode(), headers))
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"location", b"/elsewhere")]})
        await send({"type": "http.response.body", "body": self.body})


@asynccontextmanager
async def adapter_to(url: str) -> AsyncIterator[Sandbox]:
    async with aiohttp.ClientSession() as http:
        yield Sandbox(
            http,
            SandboxCredentials(
                url=url,
                checkout_url="http://shop.test",
                key_id="me",
                key_secret=b"my secret",
                webhook_secrets=(b"w",),
                timeout_seconds=1,
                tolerance_seconds=300,
            ),
        )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (503, b"{}"),
        (429, b"slow down"),
        (401, b"who are you"),
        (403, b""),
        (302, b""),
        (200, b"<html>"),
        (200, b'{"success":true}'),
        (200, b'{"data":{"id":5}}'),
        (200, b""),
    ],
)
async def test_what_says_nothing_about_the_money_leaves_it_unknown(status: int, body: bytes) -> None:
    async with serving(Scripted(status, body)) as url, adapter_to(url) as at:
        with pytest.raises(OutcomeUnknown):
            await at.refund(key="refund:payment-1:late", provider_payment_id="pay_1", amount=100)


@pytest.mark.parametrize("status", [400, 404, 409, 422])
@pytest.mark.parametrize("body", [b'{"detail":"because"}', b"[]", b"\xff"])
async def test_a_definite_no_is_one(status: int, body: bytes) -> None:
    async with serving(Scripted(status, body)) as url, adapter_to(url) as at:
        with pytest.raises(Refused, match=f"{status}: {'because' if b'because' in body else ''}"):
            await at.open_order(key="payment-1", amount=100)


async def test_nobody_there_is_unknown() -> None:
    async with adapter_to(f"http://127.0.0.1:{free_port()}") as at:
        with pytest.raises(OutcomeUnknown):
            await at.fetch_order("order_1")


async def test_a_refund_that_nobody_heard_of_is_none() -> None:
    async with serving(Scripted(404, b"{}")) as url, adapter_to(url) as at:
        assert await at.find_refund("refund:payment-1:late") is None


async def test_requests_carry_the_credentials_and_the_key_and_nothing_of_ours_in_the_path() -> None:
    company = Scripted(200, ORDER)

    async with serving(company) as url, adapter_to(url) as at:
        await at.open_order(key="payment-1", amount=100)
        await at.fetch_order("../orders?x=1")

    (opened, fetched) = company.asked
    assert opened[:2] == ("POST", "/sandbox/merchant/orders")
    assert opened[2]["idempotency-key"] == "payment-1"
    assert (opened[2]["x-client-id"], opened[2]["x-client-secret"]) == ("me", "my secret")
    assert fetched[1].startswith("/sandbox/merchant/orders/..%2Forders%3Fx")
