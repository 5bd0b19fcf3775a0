"""The analytics service behind its HTTP edge: two stores that are known, and everyone who may come to the door."""

from dataclasses import dataclass
from typing import Any

from shikanji.kit.web.app import service_app
from shikanji.services.analytics import service
from tests.kit.databases import OpenDatabase
from tests.kit.web.edge import Answer, Client
from tests.makers import SpokenTokens, make_room_of
from tests.services.analytics.makers import OTHER_STORE, STORE, opened, tell


@dataclass
class Office:
    base: OpenDatabase
    client: Client

    async def ask(self, path: str, token: str | None = "admin", method: str = "GET", body: Any = None) -> Answer:
        return await self.client.ask(method, f"/api/v1/analytics{path}", body, token=token)

    async def get(self, path: str, token: str | None = "admin") -> Any:
        """What a success carries."""
        answer = await self.ask(path, token)
        assert answer.status == 200, answer.json
        return answer.json["data"]


async def open_office(base: OpenDatabase) -> Office:
    await tell(base, opened(STORE), opened(OTHER_STORE, name="Koramangala"))
    room = make_room_of(base, verifier=SpokenTokens(STORE, OTHER_STORE))
    return Office(base, Client(service_app(room, service)))
