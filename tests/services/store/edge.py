"""The store service behind its HTTP edge: two open stores, and everyone who may come to the door."""

from dataclasses import dataclass
from typing import Any

from shikanji.contracts.customer import AccountNames, AskAccounts, FindVerifiedAccount, VerifiedAccount
from shikanji.contracts.order import AskHoldOwner, HoldOwner
from shikanji.kit.calls import Call
from shikanji.kit.errors import RemoteProblem
from shikanji.kit.service import Room
from shikanji.kit.web.app import service_app
from shikanji.services.store import actions, service
from shikanji.services.store.model.store import Store
from tests.kit.databases import OpenDatabase
from tests.kit.web.edge import Answer, Client
from tests.makers import SpokenTokens, make_room_of
from tests.services.store.makers import daily, make_particulars

NOWHERE = "0199d2a0-0000-7000-8000-00000000dead"
RAVI = VerifiedAccount(
    account_id="0199d2a0-0000-7000-8000-000000000001", name="Ravi", email="ravi@demo.test", phone=None
)
MEENA = VerifiedAccount(
    account_id="0199d2a0-0000-7000-8000-000000000002", name="Meena", email="meena@demo.test", phone=None
)


class Neighbours:
    """The customer and the order service as this one hears them."""

    def __init__(self) -> None:
        self.people = {person.email: person for person in (RAVI, MEENA)}
        self.owner = HoldOwner(written=False, never=True)
        self.asked: list[Call[Any]] = []

    async def ask(self, call: Call[Any]) -> Any:
        self.asked.append(call)
        match call:
            case FindVerifiedAccount(identifier=identifier) if identifier in self.people:
                return self.people[identifier]
            case FindVerifiedAccount():
                raise RemoteProblem(422, "account-not-verified", "No account has verified this", "none")
            case AskAccounts(account_ids=ids):
                return AccountNames(accounts=[one for one in self.people.values() if one.account_id in ids])
            case AskHoldOwner():
                return self.owner
            case _:
                raise AssertionError(f"nobody answers {call}")


@dataclass
class Shop:
    database: OpenDatabase
    room: Room
    neighbours: Neighbours
    here: Store
    other: Store
    client: Client

    async def ask(self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str) -> Answer:
        """`{here}` and `{other}` in the path stand for the stores' addresses."""
        target = "/api/v1/stores" + path.format(
            here=f"/{self.here.id}", other=f"/{self.other.id}", nowhere=f"/{NOWHERE}"
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.ask(method, target, body, token=token, headers=named)

    def told(self) -> list[str]:
        """Events since both stores were opened."""
        return [event.type for event in self.database.events()][4:]


async def open_shop(database: OpenDatabase) -> Shop:
    here = await _open_store(database, "mg-road", "MGR1")
    other = await _open_store(database, "koramangala", "KOR1")
    neighbours = Neighbours()
    room = make_room_of(database, calls=neighbours, verifier=SpokenTokens(here.id, other.id))
    return Shop(database, room, neighbours, here, other, Client(service_app(room, service)))


async def _open_store(database: OpenDatabase, slug: str, code: str) -> Store:
    store = await database.write(actions.create_store, make_particulars(slug=slug, code=code))
    return await database.write(actions.set_hours, store.id, daily("00:00", "24:00"))
