"""The sandbox company alone, with a merchant who listens for webhooks on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from shikanji import sandbox
from shikanji.kit.jobs_worker import JobsWorker
from shikanji.kit.service import Room
from shikanji.sandbox.settings import SandboxSettings
from tests.kit.databases import OpenDatabase, open_database
from tests.kit.web.edge import Answer, Client
from tests.makers import KnownTokens, make_room_of
from tests.serving import serving

KEY_SECRET = "the key secret of a test"
WEBHOOK_SECRET = "the webhook secret of a test"


@dataclass
class Merchant:
    """Takes webhooks, or refuses them."""

    status: int = 200
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.taken.append((headers | {"path": scope["path"]}, body))
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Company:
    room: Room
    database: OpenDatabase
    merchant: Merchant
    client: Client

    async def ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> Answer:
        """As the merchant, under its own credentials."""
        headers = {"x-client-id": "sandbox", "x-client-secret": KEY_SECRET}
        if key:
            headers["idempotency-key"] = key
        return await self.client.ask(method, f"/sandbox{path}", body, headers=headers)

    async def open_order(self, amount: int = 19_950, *, key: str = "key-of-payment-1", reference: str = "one") -> str:
        answer = await self.ask("POST", "/merchant/orders", {"amount": amount, "reference": reference}, key=key)
        return str(answer.data["id"])

    async def check_out(self, order_id: str, outcome: str = "success", **more: Any) -> Answer:
        return await self.client.ask("POST", f"/sandbox/checkout/{order_id}", {"outcome": outcome, **more})

    async def paid(self) -> str:
        """The id of a payment that was captured."""
        answer = await self.check_out(await self.open_order(), webhook="none")
        return str(answer.data["providerPaymentId"])

    async def refund(self, payment_id: str, amount: int, *, key: str = "refund:payment-1:late") -> Answer:
        return await self.ask("POST", "/merchant/refunds", {"paymentId": payment_id, "amount": amount}, key=key)

    async def plan_fault(self, operation: str, kind: str, **more: Any) -> None:
        answer = await self.ask("PUT", "/faults", {"operation": operation, "kind": kind, **more})
        assert answer.status == 200, answer.body

    async def run_jobs(self) -> int:
        worker = JobsWorker(self.room, sandbox.service.jobs, jitter=lambda: 0.0)
        started = await worker.step()
        await worker.drain()
        return started


@asynccontextmanager
async def open_company(folder: Path) -> AsyncIterator[Company]:
    settings = SandboxSettings(key_secret=KEY_SECRET, webhook_secret=WEBHOOK_SECRET)
    merchant = Merchant()
    async with (
        open_database(sandbox.service, folder, settings=settings) as database,
        serving(merchant) as url,
        aiohttp.ClientSession() as http,
    ):
        room = make_room_of(database, http=http, verifier=KnownTokens({}), public_url=url)
        yield Company(room, database, merchant, Client(sandbox.app(room)))
