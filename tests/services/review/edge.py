"""The review service behind its HTTP edge, with the order service as it hears it, and a store of files."""

from typing import Any

from obstore.store import MemoryStore

from shikanji.contracts.order import AskOrderStanding, OrderStanding, OrderStatus, PaidLine
from shikanji.kit.auth import Principal
from shikanji.kit.calls import Call
from shikanji.kit.errors import RemoteProblem
from shikanji.kit.files.store import ObjectFiles
from shikanji.kit.service import Room
from shikanji.kit.web.app import service_app
from shikanji.services.review import service
from tests.kit.databases import OpenDatabase
from tests.kit.web.edge import Answer, Client
from tests.makers import KnownTokens, make_room_of
from tests.services.review.makers import ASHA, HERE, OTHER, RAVI, SHIKANJI, order

PEOPLE = {
    "asha": Principal(account_id=ASHA, session_id="s"),
    "ravi": Principal(account_id=RAVI, session_id="s"),
    "admin": Principal(account_id="admin", session_id="s", admin=True),
    "manager": Principal(account_id="manager", session_id="s", roles={HERE: "manager"}),
    "support": Principal(account_id="support", session_id="s", roles={HERE: "support"}),
    "chef": Principal(account_id="chef", session_id="s", roles={HERE: "chef"}),
    "manager of other": Principal(account_id="elsewhere", session_id="s", roles={OTHER: "manager"}),
}


class OrderService:
    """Knows orders that the review service has not heard of yet."""

    def __init__(self) -> None:
        self.known: dict[str, OrderStanding] = {}
        self.asked = 0

    def know(self, order_id: str, status: OrderStatus, customer_id: str = ASHA) -> None:
        self.known[order_id] = OrderStanding(
            order_id=order_id,
            order_number="MGR1-1",
            customer_id=customer_id,
            store_id=HERE,
            status=status,
            cancel_cause=None,
            payment_method="cod",
            total=8_400,
            delivery_paid=0,
            payment_deadline=None,
            lines=[PaidLine(line_id="1", product_id=SHIKANJI, quantity=1, paid=8_400)],
        )

    async def ask(self, call: Call[Any]) -> Any:
        assert isinstance(call, AskOrderStanding)
        self.asked += 1
        if call.order_id not in self.known:
            raise RemoteProblem(404, "order-not-found", "No such order", "No such order")
        return self.known[call.order_id]


class Door:
    def __init__(self, base: OpenDatabase) -> None:
        self.base = base
        self.orders = OrderService()
        self.store = MemoryStore()
        self.room: Room = make_room_of(
            base, calls=self.orders, verifier=KnownTokens(PEOPLE), files=ObjectFiles(self.store, "files in memory")
        )
        self._client = Client(service_app(self.room, service))

    async def ask(
        self, method: str, path: str = "", body: Any = None, who: str | None = None, **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.ask(method, f"/api/v1/reviews{path}", body, token=who, headers=named)

    async def submit(self, number: int = 1, who: str = "asha", **fields: Any) -> dict[str, Any]:
        self.orders.know(order(number), "completed", str(PEOPLE[who].account_id))
        body = {"orderId": order(number), "productId": SHIKANJI, "rating": 5, **fields}
        answer = await self.ask("POST", "", {name: value for name, value in body.items() if value is not None}, who)
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.data
        return made

    @property
    def files(self) -> set[str]:
        return {found["path"] for batch in self.store.list() for found in batch}


async def ids_of(door: Door, path: str, who: str | None = None) -> list[str]:
    answer = await door.ask("GET", path, who=who)
    assert answer.status == 200, answer.body
    return [each["id"] for each in answer.data]
