"""The order room with a real database, and the services that it asks in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shikanji.contracts.inventory import WantedLine
from shikanji.kit.auth import Principal
from shikanji.kit.events import Envelope, Event, Metadata
from shikanji.kit.jobs_worker import JobsWorker
from shikanji.kit.service import Room
from shikanji.kit.web.idempotency import Scope
from shikanji.kit.web.routes import Reply
from shikanji.services.order import service
from shikanji.services.order.actions import Whole
from shikanji.services.order.checkout import Wanted, check_out
from shikanji.services.order.settings import OrderSettings
from tests.kit.databases import OpenDatabase, open_database
from tests.makers import KnownTokens, make_room_of
from tests.services.order.makers import (
    ADMIN,
    CASHIER,
    CHEF,
    CHURCH_STREET,
    COURIER,
    CUSTOMER,
    MANAGER,
    OTHER,
    OTHER_MANAGER,
    OWNER,
    SHIKANJI,
    STORE,
    SUPPORT,
)
from tests.services.order.others import Others

TOKENS: dict[str, Principal] = {
    "owner": OWNER,
    "customer": OTHER,
    "manager": MANAGER,
    "chef": CHEF,
    "cashier": CASHIER,
    "delivery": COURIER,
    "support": SUPPORT,
    "other_manager": OTHER_MANAGER,
    "admin": ADMIN,
}


@dataclass(frozen=True)
class Shop:
    room: Room
    database: OpenDatabase
    others: Others

    async def check_out(self, number: int = 0, **changes: Any) -> Reply:
        scope = Scope(CUSTOMER, "POST /api/v1/orders", f"key-{number:016}", "hash")
        return await check_out(self.room, scope, make_wanted(**changes), _answer)

    async def place(self, number: int = 0, **changes: Any) -> str:
        """The id of a new order."""
        reply = await self.check_out(number, **changes)
        return str(msgspec.json.decode(reply.data)["id"])

    async def deliver(self, event: Event) -> None:
        """Hands the event to its handler, without the inbox's memory: what comes twice is handled twice."""
        await self.database.write(service.subscribers.handle, _envelope(event))

    async def run_jobs(self) -> int:
        """Runs what is due, once each; what fails waits for its next time."""
        worker = JobsWorker(self.room, service.jobs, jitter=lambda: 0.0)
        started = await worker.step()
        await worker.drain()
        return started

    def status(self, order_id: str) -> tuple[str, str | None]:
        ((status, cause),) = self.database.query(f"SELECT status, cancel_cause FROM orders WHERE id = '{order_id}'")
        return status, cause

    def told(self) -> list[str]:
        """The events, without the changes of status that each step tells besides."""
        return [event.type for event in self.database.events() if event.type != "OrderStatusChanged"]

    def jobs(self) -> list[str]:
        return [job.kind for job in self.database.jobs()]


@asynccontextmanager
async def open_shop(
    folder: Path, *, rate_limits: bool = True, settings: OrderSettings | None = None
) -> AsyncIterator[Shop]:
    async with open_database(service, folder, settings=settings) as database:
        yield make_shop(database, rate_limits=rate_limits)


def make_shop(database: OpenDatabase, *, rate_limits: bool = True) -> Shop:
    others = Others()
    room = make_room_of(database, calls=others, verifier=KnownTokens(TOKENS), rate_limits=rate_limits)
    return Shop(room, database, others)


def make_wanted(**changes: Any) -> Wanted:
    """Two drinks, to be delivered."""
    fields: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "store_id": STORE,
        "fulfilment": "delivery",
        "payment_method": "online",
        "lines": [WantedLine(line_id="line-1", product_id=SHIKANJI, quantity=2)],
        "notes_of_lines": {"line-1": "no ice"},
        "address": CHURCH_STREET,
        "address_id": None,
        "scheduled_for": None,
        "notes": None,
        "placed_by": CUSTOMER,
        "capped": True,
    }
    return Wanted(**(fields | changes))


def _answer(whole: Whole) -> dict[str, Any]:
    return {"id": whole.order.id, "status": whole.order.status}


def _envelope(event: Event) -> Envelope:
    data = msgspec.json.encode(event)
    metadata = Metadata("test", "1", "", "", event.aggregate_id, 1)
    return Envelope(type(event).__name__, type(event).__name__, 0, data, "", metadata)
