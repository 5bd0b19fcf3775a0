"""Design, §5: each step of an order, who may take it, and what is said of the others."""

from itertools import product
from typing import get_args

import pytest

from shikanji.contracts.order import OrderStatus
from shikanji.contracts.store import Fulfilment
from shikanji.kit.auth import ANONYMOUS, Principal
from shikanji.services.order.errors import IllegalStep, OrderNotFound, StepNotAllowed
from shikanji.services.order.model.edges import EDGES, Actor, Capacity, cancelling, check_staff_step
from tests.services.order.makers import ADMIN, CHEF, CUSTOMER, OTHER, OTHER_MANAGER, OWNER, STORE, acting

STATUSES: tuple[OrderStatus, ...] = get_args(OrderStatus)
FULFILMENTS: tuple[Fulfilment, ...] = get_args(Fulfilment)
PEOPLE: tuple[Capacity, ...] = ("owner", "manager", "chef", "cashier", "delivery", "support", "admin")

# As the table of the design has it, written a second time.
BY_STAFF: dict[tuple[str, str], tuple[str, str]] = {
    ("confirmed", "preparing"): ("delivery pickup dine-in", "chef manager admin"),
    ("preparing", "ready"): ("delivery pickup dine-in", "chef manager admin"),
    ("ready", "dispatched"): ("delivery", "delivery cashier manager admin"),
    ("dispatched", "delivered"): ("delivery", "delivery manager admin"),
    ("ready", "completed"): ("pickup dine-in", "cashier manager admin"),
    ("delivered", "completed"): ("delivery", "cashier manager admin"),
}
CANCELLING: dict[str, tuple[str, str]] = {
    "pending": ("delivery pickup dine-in", "owner support manager admin"),
    "confirmed": ("delivery pickup dine-in", "owner support manager admin"),
    "preparing": ("delivery pickup dine-in", "support manager admin"),
    "ready": ("delivery pickup dine-in", "support manager admin"),
    "dispatched": ("delivery", "manager admin"),
}
EVER: dict[str, str] = {
    "preparing": "chef manager admin",
    "ready": "chef manager admin",
    "dispatched": "delivery cashier manager admin",
    "delivered": "delivery manager admin",
    "completed": "cashier manager admin",
}


@pytest.mark.parametrize("who", PEOPLE)
def test_every_step_by_put_is_allowed_forbidden_or_illegal_as_the_table_says(who: Capacity) -> None:
    for old, new, fulfilment in product(STATUSES, STATUSES, FULFILMENTS):
        assert _step(who, old, new, fulfilment) == _expected_step(who, old, new, fulfilment), (old, new, fulfilment)


def _step(who: Capacity, old: OrderStatus, new: OrderStatus, fulfilment: Fulfilment) -> str:
    try:
        check_staff_step(acting(who), old, new, fulfilment)
    except StepNotAllowed:
        return "403"
    except IllegalStep:
        return "409"
    return "allowed"


def _expected_step(who: str, old: str, new: str, fulfilment: str) -> str:
    if who == "owner":
        return "403"
    if new not in EVER:
        return "409"
    if who not in EVER[new].split():
        return "403"
    fulfilments, roles = BY_STAFF.get((old, new), ("", ""))
    return "allowed" if fulfilment in fulfilments.split() and who in roles.split() else "409"


@pytest.mark.parametrize("who", PEOPLE)
def test_every_cancellation_is_allowed_forbidden_or_illegal_as_the_table_says(who: Capacity) -> None:
    for old, fulfilment in product(STATUSES, FULFILMENTS):
        assert _cancel(who, old, fulfilment) == _expected_cancel(who, old, fulfilment), (old, fulfilment)


def _cancel(who: Capacity, old: OrderStatus, fulfilment: Fulfilment) -> str:
    try:
        cancelling(acting(who), old, fulfilment)
    except StepNotAllowed:
        return "403"
    except IllegalStep:
        return "409"
    return "allowed"


def _expected_cancel(who: str, old: str, fulfilment: str) -> str:
    if who in ("chef", "cashier", "delivery"):
        return "403"
    fulfilments, roles = CANCELLING.get(old, ("", ""))
    if fulfilment not in fulfilments.split():
        return "409"
    return "allowed" if who in roles.split() else "403"


def test_the_system_takes_exactly_these_steps() -> None:
    steps = {(edge.old, edge.new) for edge in EDGES if "system" in edge.who}

    assert steps == {
        ("pending", "confirmed"),
        ("delivered", "completed"),
        ("pending", "cancelled"),
        ("confirmed", "cancelled"),
        ("cancelled", "confirmed"),
    }


def test_the_table_has_no_step_twice_and_none_out_of_completed() -> None:
    steps = [(edge.old, edge.new) for edge in EDGES]

    assert len(steps) == len(set(steps))
    assert "completed" not in {old for old, _ in steps}


def test_an_illegal_step_names_the_legal_ones() -> None:
    with pytest.raises(IllegalStep, match=r"From ready it can become: dispatched, cancelled \(by its own route\)\."):
        check_staff_step(acting("manager"), "ready", "completed", "delivery")
    with pytest.raises(IllegalStep, match="What is completed stays so"):
        check_staff_step(acting("manager"), "completed", "preparing", "pickup")


@pytest.mark.parametrize("new", ["pending", "confirmed", "cancelled"])
def test_no_person_confirms_or_cancels_by_put(new: OrderStatus) -> None:
    with pytest.raises(IllegalStep, match=f"No order becomes {new} this way"):
        check_staff_step(acting("admin"), "pending", new, "delivery")


@pytest.mark.parametrize("principal", [ANONYMOUS, OTHER, OTHER_MANAGER])
def test_a_stranger_does_not_learn_that_the_order_exists(principal: Principal) -> None:
    with pytest.raises(OrderNotFound):
        Actor.of(principal, customer_id=CUSTOMER, store_id=STORE)


def test_one_person_may_act_in_several_capacities() -> None:
    chef_who_ordered = Principal(account_id=CUSTOMER, roles={STORE: "chef"})

    assert Actor.of(chef_who_ordered, customer_id=CUSTOMER, store_id=STORE).capacities == {"owner", "chef"}
    assert Actor.of(OWNER, customer_id=CUSTOMER, store_id=STORE).staff is False
    assert Actor.of(CHEF, customer_id=CUSTOMER, store_id=STORE).staff is True
    assert Actor.of(ADMIN, customer_id=CUSTOMER, store_id=STORE).capacities == {"admin"}
