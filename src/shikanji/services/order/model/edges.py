"""The steps of an order, as a table: from where to where, who may take them, and for which fulfilment."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from shikanji.contracts.order import OrderStatus
from shikanji.contracts.store import Fulfilment
from shikanji.kit.auth import Principal
from shikanji.services.order.errors import IllegalStep, OrderNotFound, StepNotAllowed

Capacity = Literal["manager", "chef", "cashier", "delivery", "support", "owner", "admin", "system"]
"""In what capacity someone acts: a staff role in the order's store, or its customer, head office, the clock."""

SYSTEM_ID = "system"
STAFF: frozenset[Capacity] = frozenset({"manager", "chef", "cashier", "delivery", "support"})
ANY: frozenset[Fulfilment] = frozenset({"delivery", "pickup", "dine-in"})
AT_THE_DOOR: frozenset[Fulfilment] = frozenset({"delivery"})
AT_THE_STORE: frozenset[Fulfilment] = frozenset({"pickup", "dine-in"})


class Actor(msgspec.Struct, frozen=True):
    """Who acts on an order, and in which capacities: one person can be its owner and its store's manager."""

    id: str
    capacities: frozenset[Capacity]

    @classmethod
    def of(cls, principal: Principal, *, customer_id: str, store_id: str) -> "Actor":
        """Raises OrderNotFound for those who may not know that the order exists."""
        capacities: set[Capacity] = set()
        if principal.account_id and principal.account_id == customer_id:
            capacities.add("owner")
        if role := principal.role_in(store_id):
            capacities.add(role)
        if principal.admin:
            capacities.add("admin")
        if not capacities:
            raise OrderNotFound
        return cls(principal.account_id, frozenset(capacities))

    @property
    def staff(self) -> bool:
        return bool(self.capacities & STAFF) or "admin" in self.capacities

    def may(self, allowed: frozenset[Capacity]) -> bool:
        """Head office may do whatever some staff may."""
        return bool(self.capacities & allowed) or ("admin" in self.capacities and bool(allowed & STAFF))


SYSTEM = Actor(SYSTEM_ID, frozenset({"system"}))


class Edge(msgspec.Struct, frozen=True):
    old: OrderStatus
    new: OrderStatus
    who: frozenset[Capacity]
    fulfilments: frozenset[Fulfilment] = ANY


def _edge(old: OrderStatus, new: OrderStatus, *who: Capacity, only: frozenset[Fulfilment] = ANY) -> Edge:
    return Edge(old, new, frozenset(who), only)


EDGES: tuple[Edge, ...] = (
    _edge("pending", "confirmed", "system"),
    _edge("confirmed", "preparing", "chef", "manager"),
    _edge("preparing", "ready", "chef", "manager"),
    _edge("ready", "dispatched", "delivery", "cashier", "manager", only=AT_THE_DOOR),
    _edge("dispatched", "delivered", "delivery", "manager", only=AT_THE_DOOR),
    _edge("ready", "completed", "cashier", "manager", only=AT_THE_STORE),
    _edge("delivered", "completed", "cashier", "manager", "system", only=AT_THE_DOOR),
    _edge("pending", "cancelled", "owner", "support", "manager", "system"),
    _edge("confirmed", "cancelled", "owner", "support", "manager", "system"),
    _edge("preparing", "cancelled", "support", "manager"),
    _edge("ready", "cancelled", "support", "manager"),
    _edge("dispatched", "cancelled", "manager", only=AT_THE_DOOR),
    _edge("cancelled", "confirmed", "system"),
)

NOT_BY_PUT: frozenset[OrderStatus] = frozenset({"pending", "confirmed", "cancelled"})
"""The system confirms; cancelling has its own route, with a reason."""


def steps_from(status: OrderStatus, fulfilment: Fulfilment) -> Iterator[Edge]:
    return (edge for edge in EDGES if edge.old == status and fulfilment in edge.fulfilments)


def check_staff_step(actor: Actor, old: OrderStatus, new: OrderStatus, fulfilment: Fulfilment) -> None:
    """Whether a person of the store may take this edge by PUT. Refuses first those whose role never takes such a step
    (StepNotAllowed), then steps that the order cannot take from here (IllegalStep, naming the legal ones)."""
    if not actor.staff:
        raise StepNotAllowed("Only the store's staff moves an order on.")
    if new in NOT_BY_PUT:
        raise IllegalStep(f"No order becomes {new} this way. {_legal(old, fulfilment)}")
    ever = [edge for edge in EDGES if edge.new == new and actor.may(edge.who)]
    if not ever:
        raise StepNotAllowed(f"Only {_who_ever(new)} may make an order {new}.")
    if not any(edge in ever for edge in steps_from(old, fulfilment)):
        raise IllegalStep(f"An order that is {old} cannot become {new}. {_legal(old, fulfilment)}")


def cancelling(actor: Actor, old: OrderStatus, fulfilment: Fulfilment) -> Edge:
    """The edge by which `actor` cancels; refusals as in `check_staff_step`."""
    ever = [edge for edge in EDGES if edge.new == "cancelled" and actor.may(edge.who)]
    if not ever:
        raise StepNotAllowed(f"Only {_who_ever('cancelled')} may cancel orders.")
    for edge in steps_from(old, fulfilment):
        if edge.new == "cancelled":
            if edge not in ever:
                raise StepNotAllowed(f"You may not cancel an order that is {old}.")
            return edge
    raise IllegalStep(f"An order that is {old} cannot be cancelled. {_legal(old, fulfilment)}")


def _legal(old: OrderStatus, fulfilment: Fulfilment) -> str:
    by_put = [edge.new for edge in steps_from(old, fulfilment) if edge.new not in NOT_BY_PUT]
    cancel = any(edge.new == "cancelled" for edge in steps_from(old, fulfilment))
    legal = by_put + (["cancelled (by its own route)"] if cancel else [])
    return f"From {old} it can become: {', '.join(legal)}." if legal else f"What is {old} stays so."


def _who_ever(new: OrderStatus) -> str:
    """Who may take a step to this status, from wherever: `chef or manager`."""
    capacities = {capacity for edge in EDGES if edge.new == new for capacity in edge.who}
    return " or ".join(sorted(capacities - {"system"}))
