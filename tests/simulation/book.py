"""What the clients know: whom they are, what they asked under which key, what was answered. All of it outlives a crash,
and some answers bind the platform for ever."""

from dataclasses import dataclass, field
from typing import Any

from shikanji.kit.clock import MINUTE
from tests.simulation.template import MORNING, Template
from tests.simulation.wire import Answer

CARRIED_ON = (401, 408, 429, 500, 502, 503, 504)
"""Answers by which nothing is decided."""
ACCESS_LIFE = 59 * MINUTE
"""A little less than an access token is good for."""
ROLES = {"manager": "manager", "chef": "chef", "cashier": "cashier", "delivery": "delivery", "kiosk": "manager"}
PLACES = {"kiosk": "kiosk"}
CUSTOMERS = ("asha", "bela", "chetan")


@dataclass
class Person:
    """`refresh_tokens` are of sessions not yet begun; `ended` is a token of a session that a 200 said is over."""

    name: str
    id: str
    refresh_tokens: list[str]
    access: str = ""
    access_until: int = 0
    refresh: str = ""
    ended: list[tuple[str, int]] = field(default_factory=list)
    """Access tokens after their logout, and until when they would have been good."""

    @property
    def store(self) -> str:
        """Where a member of the staff works."""
        return PLACES.get(self.name, "corner")


@dataclass
class Placing:
    """One attempt to order: the same key and body however often it is said. A 201 binds: from then on it is this
    order and no other."""

    key: str
    person: Person
    body: dict[str, Any]
    customer_id: str
    order_id: str = ""


@dataclass
class KnownOrder:
    """`asked` holds every status that somebody asked for; `timeline` is the longest that was read."""

    id: str
    placing: Placing
    total: int
    lines: list[tuple[str, int]]
    timeline: list[str] = field(default_factory=list)
    payments: dict[str, str] = field(default_factory=dict)
    """Payment id → the order at the payment company."""
    invoices: dict[str, Any] = field(default_factory=dict)
    """Payment id → the invoice as it was first seen."""
    receipts: list[dict[str, str]] = field(default_factory=list)
    """What the company's checkout gave, to be verified."""
    asked: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    """Statuses that a 200 confirmed."""
    declined: bool = False
    """A try to pay failed, and none has succeeded since."""
    left: set[str] = field(default_factory=set)
    """Payments at which one hardly tries again: one has paid there, or had enough of it."""
    paid: bool = False
    """Somebody tried to pay, and may have."""

    reviews: dict[str, str] = field(default_factory=dict)
    """Those that a 201 confirmed: `there`, or `perhaps` once their author may have taken them away."""

    @property
    def online(self) -> bool:
        return bool(self.placing.body["paymentMethod"] == "online")

    @property
    def store(self) -> str:
        return str(self.placing.body["storeId"])

    @property
    def status(self) -> str:
        return self.timeline[-1] if self.timeline else "pending"


@dataclass(frozen=True)
class Kept:
    """What a key was said with, and what was answered."""

    body: bytes
    answer: bytes


class Book:
    def __init__(self, template: Template) -> None:
        self.people = {
            name: Person(
                name,
                account.id,
                list(account.refresh_tokens[1:]),
                account.access_token,
                MORNING + ACCESS_LIFE,
                account.refresh_tokens[0],
            )
            for name, account in template.people.items()
        }
        self.stores = template.stores
        self.products = template.products
        self.placings: list[Placing] = []
        self.orders: dict[str, KnownOrder] = {}
        self.stock: dict[tuple[str, str], int] = {}
        """(store, product) → what was last seen on hand."""
        self.kept: dict[tuple[str, str], Kept] = {}
        """(account, key) → its first 2xx, which is its answer for ever."""
        self.problems: list[str] = []
        self.scarce = False
        """Somebody took goods off a shelf."""

    def wrong(self, what: str) -> None:
        self.problems.append(what)

    def bound_by(self, person: Person | None, key: str | None) -> Kept | None:
        """The answer that a request with this key must get from now on."""
        return None if person is None or key is None else self.kept.get((person.id, key))

    def keep(self, person: Person | None, key: str, bound: Kept | None, body: bytes, answer: Answer) -> None:
        if person is None:
            return
        if answer.status < 300:
            known = self.kept.setdefault((person.id, key), Kept(body, answer.body))
            if (known.body, known.answer) != (body, answer.body):
                self.wrong(f"{key} with {known.body!r} was answered {known.answer!r}, with {body!r} {answer.body!r}")
        elif bound is not None and answer.status not in (*CARRIED_ON, *(() if body == bound.body else (422,))):
            self.wrong(f"{key} had been answered {bound.answer!r}; said again: {answer.status} {answer.body!r}")

    def placed(self, placing: Placing, data: dict[str, Any]) -> None:
        """A 201: the same as every other for this key."""
        if placing.order_id and placing.order_id != data["id"]:
            self.wrong(f"key {placing.key} made order {placing.order_id} and order {data['id']}")
        placing.order_id = data["id"]
        if data["id"] not in self.orders:
            lines = [(item["id"], item["quantity"]) for item in data["items"]]
            self.orders[data["id"]] = KnownOrder(data["id"], placing, data["total"], lines)
        self.read(self.orders[data["id"]], data, [])

    def read(self, order: KnownOrder, data: dict[str, Any], asked_when: list[str]) -> None:
        """A 200: nothing that an earlier answer had shown is gone. Of two reads at once the older may come last."""
        steps = [step["status"] for step in data["timeline"]]
        shorter, longer = sorted((steps, order.timeline), key=len)
        if longer[: len(shorter)] != shorter:
            self.wrong(f"order {order.id} was {order.timeline} and is {steps}")
        if len(steps) < len(asked_when):
            self.wrong(f"order {order.id} had been {asked_when} before it was read as {steps}")
        order.timeline = longer
