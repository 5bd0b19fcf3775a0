"""The notification room with a real database; customers, stores and products as others say; messages that leave are
kept, and fail on demand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from shikanji.contracts.customer import (
    AskChallenge,
    AskContacts,
    ChallengeFound,
    Contacts,
    ContactsFound,
    OpenChallenge,
)
from shikanji.contracts.inventory import AskProductNames, ProductName, ProductNames
from shikanji.contracts.store import AskStaff, AskStores, StaffFound, StoreBrief, StoresFound
from shikanji.kit.calls import Call
from shikanji.kit.errors import Unavailable
from shikanji.kit.events import Event
from shikanji.kit.jobs_worker import JobsWorker
from shikanji.kit.messages import Message
from shikanji.kit.service import Room
from shikanji.kit.web.app import service_app
from shikanji.services.notification import service
from shikanji.services.notification.actions.telling import tell
from shikanji.services.notification.model.messages import Draft
from shikanji.services.notification.settings import NotificationSettings
from tests.engines.postgres import PostgresServer
from tests.kit.databases import OpenDatabase, open_database, open_postgres
from tests.kit.delivering import hearing
from tests.kit.web.edge import Answer, Client
from tests.makers import KnownTokens, make_room_of
from tests.services.notification.makers import ASHA, MANAGER, PRINCIPALS, RAVI, STORE, make_contacts

ROUNDS_MAX = 50


@dataclass
class Others:
    """What the other services say."""

    contacts: dict[str, Contacts] = field(
        default_factory=lambda: {each: make_contacts(each) for each in (ASHA, RAVI, MANAGER)}
    )
    challenges: dict[str, OpenChallenge] = field(default_factory=dict)
    time_zone: str = "Asia/Kolkata"
    away: bool = False
    asked: list[Call[Any]] = field(default_factory=list)

    async def ask(self, call: Call[Any]) -> Any:
        self.asked.append(call)
        if self.away:
            raise Unavailable
        if isinstance(call, AskContacts):
            return ContactsFound(contacts=[self.contacts[one] for one in call.account_ids if one in self.contacts])
        if isinstance(call, AskChallenge):
            return ChallengeFound(challenge=self.challenges.get(call.challenge_id))
        if isinstance(call, AskStores):
            return StoresFound(stores=[StoreBrief(store_id=STORE, name="MG Road", time_zone=self.time_zone)])
        if isinstance(call, AskStaff):
            return StaffFound(account_ids=[MANAGER])
        assert isinstance(call, AskProductNames)
        return ProductNames(products=[_product(one) for one in call.product_ids])

    def change(self, account_id: str = ASHA, **changes: Any) -> None:
        self.contacts[account_id] = msgspec.structs.replace(self.contacts[account_id], **changes)


def _product(product_id: str) -> ProductName:
    return ProductName(product_id=product_id, name="Masala Chaas", name_hi="मसाला छाछ", category_id="c")


class Letterbox:
    """The `messages` port: keeps what leaves; `trouble` is raised instead, for what it is given for."""

    takes_html = True
    sender = "shop@shikanji.test"

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.trouble: Callable[[Message], Exception | None] = lambda message: None

    async def send(self, message: Message) -> None:
        if (error := self.trouble(message)) is not None:
            raise error
        self.sent.append(message)

    def of(self, channel: str) -> list[str]:
        """Subjects of what left this way."""
        return [message.subject for message in self.sent if message.channel == channel]


@dataclass
class Desk:
    room: Room
    database: OpenDatabase
    others: Others
    box: Letterbox
    client: Client

    async def hear(self, *events: Event) -> None:
        await self.database.write(hearing(service.subscribers), *events)

    async def tell(self, *drafts: Draft) -> None:
        await self.database.write(tell, list(drafts))

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = "asha", **headers: str
    ) -> Answer:
        """Under `/api/v1/notifications`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.ask(method, f"/api/v1/notifications{path}", body, token=token, headers=sent)

    async def run_jobs(self) -> int:
        worker = JobsWorker(self.room, service.jobs, jitter=lambda: 0.0)
        started = await worker.step()
        await worker.drain()
        return started

    async def settle(self) -> None:
        for _ in range(ROUNDS_MAX):
            if not await self.run_jobs():
                return
        raise AssertionError("it never settles")

    def log(self) -> list[tuple[Any, ...]]:
        """Kind, channel, state of every delivery."""
        return self.database.query("SELECT kind, channel, state FROM notification_logs ORDER BY kind, channel, id")

    def told(self) -> list[str]:
        return [event.type for event in self.database.events()]

    def inbox(self) -> list[str]:
        rows = self.database.query("SELECT kind FROM notifications WHERE shown = 1 ORDER BY id")
        return [row[0] for row in rows]


@asynccontextmanager
async def open_desk(folder: Path, *, server: PostgresServer | None = None, **settings: Any) -> AsyncIterator[Desk]:
    """On an SQLite file in `folder`, or on PostgreSQL."""
    chosen = NotificationSettings(**settings)
    opening = (
        open_database(service, folder, settings=chosen)
        if server is None
        else open_postgres(service, server, settings=chosen)
    )
    others, box = Others(), Letterbox()
    async with opening as database, aiohttp.ClientSession() as http:
        room = make_room_of(
            database,
            calls=others,
            http=http,
            messages=box,
            verifier=KnownTokens(PRINCIPALS),
            public_url="https://shop.test",
        )
        await JobsWorker(room, service.jobs, jitter=lambda: 0.0).start(alone=True)
        yield Desk(room, database, others, box, Client(service_app(room, service)))
