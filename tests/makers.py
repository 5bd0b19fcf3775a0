"""What the tests of many rooms are made with: a service's room, and who may come to its door."""

from collections.abc import Mapping
from typing import Any, cast

from shikanji.kit.auth import Principal, Role
from shikanji.kit.clock import Clock
from shikanji.kit.errors import Unauthorized
from shikanji.kit.ids import Ids
from shikanji.kit.service import Room
from tests.kit.databases import OpenDatabase

PORTS = ("db", "calls", "cache", "files", "messages", "secrets", "verifier", "http")


class KnownTokens:
    """A verifier that knows its tokens by heart."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        self._principals = principals

    async def verify(self, token: str) -> Principal:
        if token not in self._principals:
            raise Unauthorized
        return self._principals[token]


class SpokenTokens:
    """A token is what it says: `manager`, `chef of other`, `admin`, `customer`."""

    def __init__(self, here: str, other: str) -> None:
        self._stores = {"": here, "other": other}

    async def verify(self, token: str) -> Principal:
        role, _, store = token.partition(" of ")
        if role in ("customer", "admin"):
            return Principal(account_id=role, session_id="s", admin=role == "admin")
        if role in ("manager", "chef", "cashier", "delivery", "support") and store in self._stores:
            return Principal(account_id=role, session_id="s", roles={self._stores[store]: cast(Role, role)})
        raise Unauthorized


def make_room(name: str, clock: Clock, ids: Ids, *, settings: Any = None, **given: Any) -> Room:
    """A room with the ports that are given; the others are absent, for nobody uses them."""
    fields: dict[str, Any] = {
        **dict.fromkeys(PORTS),
        "production": False,
        "rate_limits": True,
        "public_url": "http://shop.test",
    }
    return Room(name=name, clock=clock, ids=ids, _settings=settings, **(fields | given))


def make_room_of(database: OpenDatabase, **given: Any) -> Room:
    """The room of the service whose database this is."""
    ground = database.ground
    stands_on = {"db": database.db, "secrets": ground.secrets, "settings": ground.settings}
    return make_room(ground.service, database.clock, database.ids, **(stands_on | given))
