"""The inventory service behind its HTTP edge, with its shelf, its neighbours, and everyone who may come to the door."""

from typing import Any, cast

from shikanji.contracts.order import AskHoldOwner, HoldOwner
from shikanji.kit.auth import Principal, Role
from shikanji.kit.calls import Call
from shikanji.kit.errors import Unauthorized, Unavailable
from shikanji.kit.service import Room
from shikanji.kit.web.app import service_app
from shikanji.services.inventory import service
from shikanji.services.inventory.settings import InventorySettings
from tests.kit.databases import OpenDatabase
from tests.kit.web.edge import Answer, Client
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


class KnownTokens:
    """A token is what it says: `manager`, `chef of other`, `admin`, `customer`."""

    async def verify(self, token: str) -> Principal:
        role, _, store = token.partition(" of ")
        if role in ("customer", "admin"):
            return Principal(account_id=role, session_id="s", admin=role == "admin")
        if role in ("manager", "chef", "cashier", "delivery", "support"):
            roles = {OTHER_STORE if store else STORE: cast(Role, role)}
            return Principal(account_id=role, session_id="s", roles=roles)
        raise Unauthorized


class Door:
    def __init__(self, base: OpenDatabase, room: Room) -> None:
        self.base = base
        self._client = Client(service_app(room, service))

    async def ask(self, method: str, path: str, body: Any = None, who: str | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.ask(method, "/api/v1" + path, body, token=who, headers=named)


def make_room(base: OpenDatabase, orders: OrderService | None = None, *, rate_limits: bool = True) -> Room:
    absent = cast(Any, None)
    return Room(
        name="inventory",
        db=base.db,
        calls=orders or OrderService(),
        clock=base.clock,
        ids=base.ids,
        cache=absent,
        files=absent,
        messages=absent,
        secrets=absent,
        verifier=KnownTokens(),
        http=absent,
        production=False,
        rate_limits=rate_limits,
        public_url="http://shop.test",
        _settings=InventorySettings(),
    )
