"""The payment room and the sandbox company, each with a real database, speaking real HTTP on loopback; the order
service in memory. One clock for both."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from shikanji import sandbox
from shikanji.contracts.order import AskBills, AskOrderStanding, Bill, Bills, OrderStanding
from shikanji.contracts.store import AskSeller, Seller
from shikanji.kit.calls import Call
from shikanji.kit.errors import RemoteProblem
from shikanji.kit.events import Envelope, Event, Metadata
from shikanji.kit.jobs_worker import JobsWorker
from shikanji.kit.service import Room, Service
from shikanji.kit.web.app import service_app
from shikanji.sandbox.settings import SandboxSettings
from shikanji.services.payment import service
from shikanji.services.payment.settings import PaymentSettings
from tests.engines.postgres import PostgresServer
from tests.kit.databases import OpenDatabase, open_database, open_postgres
from tests.kit.web.edge import Answer, Client
from tests.makers import KnownTokens, make_room_of
from tests.services.payment.makers import ORDER, PRINCIPALS, make_bill, make_seller, make_standing
from tests.serving import serving

ROUNDS_MAX = 50


class Orders:
    """The order service as payment hears it, and who sells as the store service says."""

    def __init__(self) -> None:
        self.standings: dict[str, OrderStanding] = {ORDER: make_standing()}
        self.bills: dict[str, Bill] = {ORDER: make_bill()}
        self.seller: Seller = make_seller()

    async def ask(self, call: Call[Any]) -> Any:
        if isinstance(call, AskSeller):
            return self.seller
        if isinstance(call, AskBills):
            return Bills(bills=[self.bills[order_id] for order_id in call.order_ids if order_id in self.bills])
        assert isinstance(call, AskOrderStanding)
        if call.order_id not in self.standings:
            raise RemoteProblem(404, "order-not-found", "There is no such order", "none")
        return self.standings[call.order_id]

    def confirm(self) -> None:
        self.bills[ORDER] = msgspec.structs.replace(self.bills[ORDER], status="confirmed")

    def change(self, **changes: Any) -> None:
        self.standings[ORDER] = msgspec.structs.replace(self.standings[ORDER], **changes)


class Door:
    """One address for both, as behind the gateway; they move in when it is known."""

    def __init__(self) -> None:
        self.payment: Any = None
        self.company: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        app = self.company if scope["path"].startswith("/sandbox/") else self.payment
        await app(scope, receive, send)


@dataclass
class Till:
    room: Room
    database: OpenDatabase
    company_room: Room
    company_database: OpenDatabase
    orders: Orders
    client: Client
    company: Client
    keys: int = 0

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = "owner", **headers: str
    ) -> Answer:
        """Under `/api/v1/payments`, with a fresh Idempotency-Key unless one is named."""
        self.keys += 1
        sent = {"idempotency-key": f"key-of-request-{self.keys:08}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.ask(method, f"/api/v1/payments{path}", body, token=token, headers=sent)

    async def initiate(self, **headers: str) -> dict[str, Any]:
        answer = await self.ask("POST", "/initiate", {"orderId": ORDER}, **headers)
        assert answer.status == 201, answer.body
        data: dict[str, Any] = answer.data
        return data

    async def check_out(self, started: dict[str, Any], outcome: str = "success", **more: Any) -> dict[str, str]:
        """At the company's checkout, as the customer's browser."""
        answer = await self.try_checkout(started, outcome, **more)
        assert answer.status == 200, answer.body
        data: dict[str, str] = answer.data
        return data

    async def try_checkout(self, started: dict[str, Any], outcome: str = "success", **more: Any) -> Answer:
        path = f"/sandbox/checkout/{started['checkout']['providerOrderId']}"
        return await self.company.ask("POST", path, {"outcome": outcome, **more})

    async def verify(self, started: dict[str, Any], brought: dict[str, str]) -> Answer:
        return await self.ask("POST", "/verify", {"paymentId": started["id"], **brought})

    async def pay(self) -> str:
        """Pays the order and has the webhook heard; the payment's id."""
        started = await self.initiate()
        await self.check_out(started)
        await self.settle()
        return str(started["id"])

    async def plan_fault(self, operation: str, kind: str, **more: Any) -> None:
        credentials = {"x-client-id": "sandbox", "x-client-secret": self.room.secrets.derive("sandbox-key").hex()}
        body = {"operation": operation, "kind": kind, **more}
        answer = await self.company.ask("PUT", "/sandbox/faults", body, headers=credentials)
        assert answer.status == 200, answer.body

    async def post_webhook(self, raw: bytes, **headers: str) -> Answer:
        sent = {"content-type": "application/json"} | {name.replace("_", "-"): headers[name] for name in headers}
        return await self.client.ask("POST", "/api/v1/payments/webhooks/sandbox", raw, headers=sent)

    def sign(self, raw: bytes, *, at: int | None = None, secret: bytes | None = None) -> str:
        """As the company signs; `at` in seconds."""
        seconds = self.room.clock.now() // 1_000_000 if at is None else at
        key = secret or self.room.secrets.derive("sandbox-webhook").hex().encode()
        return f"t={seconds},v1={hmac.new(key, b'%d.%b' % (seconds, raw), hashlib.sha256).hexdigest()}"

    async def deliver(self, event: Event) -> None:
        """Hands the event to its handler, without the inbox's memory: what comes twice is handled twice."""
        metadata = Metadata("test", "1", "", "", event.aggregate_id, 1)
        envelope = Envelope(type(event).__name__, type(event).__name__, 0, msgspec.json.encode(event), "", metadata)
        await self.database.write(service.subscribers.handle, envelope)

    async def run_jobs(self) -> int:
        """Everything of payment that is due, once."""
        return await _run_jobs(self.room, service)

    async def run_company_jobs(self) -> int:
        return await _run_jobs(self.company_room, sandbox.service)

    async def settle(self) -> None:
        """Until neither has anything due."""
        for _ in range(ROUNDS_MAX):
            if not await self.run_jobs() + await self.run_company_jobs():
                return
        raise AssertionError("it never settles")

    def advance(self, by: int) -> None:
        self.database.clock.advance(by)
        self.company_database.clock.advance(by)

    def told(self) -> list[str]:
        return [event.type for event in self.database.events()]

    def payments(self) -> list[tuple[Any, ...]]:
        """Number, status, captured, reserved, refunded, released of each attempt."""
        return self.database.query(
            "SELECT number, status, captured, reserved, refunded, released FROM payments ORDER BY order_id, number"
        )

    def refunds(self) -> list[tuple[Any, ...]]:
        """Cause, amount, status."""
        return self.database.query("SELECT cause, amount, status FROM refunds ORDER BY id")

    def company_refunds(self) -> list[tuple[Any, ...]]:
        return self.company_database.query("SELECT amount, status FROM refunds ORDER BY id")


async def _run_jobs(room: Room, of: Service) -> int:
    worker = JobsWorker(room, of.jobs, jitter=lambda: 0.0)
    started = await worker.step()
    await worker.drain()
    return started


@asynccontextmanager
async def open_till(
    folder: Path,
    *,
    settings: PaymentSettings | None = None,
    company_settings: SandboxSettings | None = None,
    server: PostgresServer | None = None,
) -> AsyncIterator[Till]:
    """On SQLite files in `folder`, or on PostgreSQL."""
    settings = settings or PaymentSettings()
    company_settings = company_settings or SandboxSettings()
    door, orders = Door(), Orders()
    async with (
        _open(service, folder, settings, server) as database,
        _open(sandbox.service, folder, company_settings, server) as company_database,
        serving(door) as url,
        aiohttp.ClientSession() as http,
    ):
        room = make_room_of(database, calls=orders, http=http, verifier=KnownTokens(PRINCIPALS), public_url=url)
        company_room = make_room_of(company_database, http=http, verifier=KnownTokens({}), public_url=url)
        door.payment, door.company = service_app(room, service), sandbox.app(company_room)
        yield Till(room, database, company_room, company_database, orders, Client(door.payment), Client(door.company))


def _open(
    of: Service, folder: Path, settings: msgspec.Struct, server: PostgresServer | None
) -> AbstractAsyncContextManager[OpenDatabase]:
    if server is None:
        return open_database(of, folder, settings=settings)
    return open_postgres(of, server, settings=settings)
