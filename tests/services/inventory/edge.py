"""The inventory service behind its HTTP edge, with its shelf, its neighbours, and everyone who may come to the door."""

from typing import Any

from shikanji.contracts.order import AskHoldOwner, HoldOwner
from shikanji.kit.calls import Call
from shikanji.kit.errors import Unavailable
from shikanji.kit.service import Room
from shikanji.kit.web.app import service_app
from shikanji.services.inventory import service
from tests.kit.databases import OpenDatabase
from tests.kit.web.edge import Answer, Client
from tests.makers import SpokenTokens, make_room_of
from tests.services.inventory.makers import OTHER_STORE, STORE


class OrderService:
    """What it answers when asked for the owner of a hold: None is no answer at all."""

    def __init__(self) -> None:
        self.owner: HoldOwner | None = HoldOwner(written=False, never=False)
        self.asked: list[AskHoldOwner] = []

    async def ask(self, call: Call[Any]) -> Any:
        assert isinstance(call, AskHoldOwner)
        self.asked.append(call)
        if self.owner is None:
            raise Unavailable
        return self.owner


class Door:
    def __init__(self, base: OpenDatabase, room: Room) -> None:
        self.base = base
        self._client = Client(service_app(room, service))

    async def ask(self, method: str, path: str, body: Any = None, who: str | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.ask(method, "/api/v1" + path, body, token=who, headers=named)


def make_room(base: OpenDatabase, orders: OrderService | None = None, *, rate_limits: bool = True) -> Room:
    return make_room_of(
        base, calls=orders or OrderService(), verifier=SpokenTokens(STORE, OTHER_STORE), rate_limits=rate_limits
    )
