"""The services that order asks, as their contracts promise, in memory."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from shikanji.contracts.customer import AskOrderingCustomer, OrderingCustomer
from shikanji.contracts.inventory import HoldReleased, HoldStock, ReleaseHold, StockHeld
from shikanji.contracts.loyalty import (
    BenefitsHeld,
    BenefitsReleased,
    BenefitsRetaken,
    HoldBenefits,
    ReleaseBenefits,
    RetakeBenefits,
)
from shikanji.contracts.store import AskRoles, AskServingTerms, ReleaseSlot, RolesOfAccount, ServingTerms, SlotReleased
from shikanji.kit.auth import Role
from shikanji.kit.calls import Call
from shikanji.kit.clock import MINUTE
from shikanji.kit.errors import RemoteProblem, Unavailable
from tests.services.order.makers import CHURCH_STREET, FEE_TAX, STORE, make_line, make_terms

R = TypeVar("R")
Key = tuple[str, int]


def refusal(status: int, type: str) -> RemoteProblem:
    return RemoteProblem(status, type, type, type)


class Others:
    """Holds and slots live under (order, attempt): asking twice takes once, and a release leaves a tombstone. Before or
    after a call of some kind something may happen to it: `before[HoldStock]`, `after[HoldStock]`."""

    def __init__(self) -> None:
        self.asked: list[Call[Any]] = []
        self.holds: dict[Key, HoldStock] = {}
        self.slots: set[Key] = set()
        self.released_holds: set[Key] = set()
        self.released_slots: set[Key] = set()
        self.before: dict[type[Call[Any]], Callable[[], None]] = {}
        self.after: dict[type[Call[Any]], Callable[[], None]] = {}
        self.terms: dict[str, Any] = {"slot_held": True}
        self.price = 8000
        self.off = BenefitsHeld(held=False)
        self.benefits: set[Key] = set()
        self.released_benefits: set[Key] = set()
        self.roles: dict[str, Role] = {}

    async def ask(self, call: Call[R]) -> R:
        kind = type(call)
        self.asked.append(call)
        if kind in self.before:
            self.before[kind]()
        reply = self._answer(call)
        if kind in self.after:
            self.after[kind]()
        return cast(R, reply)

    def kinds(self) -> list[str]:
        return [type(call).__name__ for call in self.asked]

    def _answer(self, call: Call[Any]) -> Any:
        match call:
            case AskOrderingCustomer():
                return self._customer(call)
            case AskServingTerms():
                return self._serve(call)
            case HoldStock():
                return self._hold(call)
            case ReleaseHold():
                self.holds.pop((call.order_id, call.attempt), None)
                self.released_holds.add((call.order_id, call.attempt))
                return HoldReleased(True)
            case ReleaseSlot():
                self.slots.discard((call.order_id, call.attempt))
                self.released_slots.add((call.order_id, call.attempt))
                return SlotReleased(True)
            case HoldBenefits():
                if self.off.held:
                    self.benefits.add((call.order_id, call.attempt))
                return self.off
            case RetakeBenefits():
                self.benefits.add((call.order_id, call.attempt))
                return BenefitsRetaken(held=True)
            case ReleaseBenefits():
                self.benefits.discard((call.order_id, call.attempt))
                self.released_benefits.add((call.order_id, call.attempt))
                return BenefitsReleased(True)
            case AskRoles():
                role = self.roles.get(call.account_id)
                return RolesOfAccount(roles={STORE: role} if role else {})
        raise AssertionError(f"nobody is asked {call}")

    def _customer(self, call: AskOrderingCustomer) -> OrderingCustomer:
        return OrderingCustomer(
            customer_id=call.customer_id,
            name="Asha",
            email="asha@shop.test",
            phone="+919812345678",
            language="en",
            address=CHURCH_STREET if call.address_id else None,
        )

    def _serve(self, call: AskServingTerms) -> ServingTerms:
        key = (call.order_id, call.attempt)
        if key in self.released_slots:
            raise refusal(409, "slot-released")
        terms = make_terms(store_id=call.store_id, estimated_at=call.at + 45 * MINUTE, **self.terms)
        if terms.slot_held:
            self.slots.add(key)
        return terms

    def _hold(self, call: HoldStock) -> StockHeld:
        key = (call.order_id, call.attempt)
        if key in self.released_holds:
            raise refusal(409, "hold-released")
        self.holds.setdefault(key, call)
        return StockHeld(
            lines=[
                make_line(line.line_id, product_id=line.product_id, quantity=line.quantity, unit_price=self.price)
                for line in call.lines
            ],
            fee_tax=FEE_TAX,
            expires_at=call.at + 20 * MINUTE,
        )


def say(problem: Exception) -> Callable[[], None]:
    def refuse() -> None:
        raise problem

    return refuse


def silence() -> Callable[[], None]:
    """No answer in time."""
    return say(Unavailable("no answer in time"))
