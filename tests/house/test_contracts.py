"""The published language: it carries no secret, every event has one author, and the blueprint's is all there."""

import ast
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import pytest

from shikanji.contracts import customer, inventory, loyalty, notification, order, payment, review, store
from shikanji.house import SERVICES
from shikanji.kit.calls import Call
from shikanji.kit.events import Event
from shikanji.kit.service import Service
from tests.house.shapes import Kind, reached, structs_in
from tests.house.sources import python_files

KINDS = structs_in(customer, inventory, loyalty, notification, order, payment, review, store)
EVENTS: list[type[Event]] = [kind for kind in KINDS if issubclass(kind, Event)]
CALLS = [kind for kind in KINDS if issubclass(kind, Call)]

SECRETS = {"token", "password", "otp", "secret", "signature", "card", "pan", "cvv", "pin", "private"}
PERSONAL = {
    "email",
    "phone",
    "address",
    "contact",
    "landmark",
    "line1",
    "line2",
    "birth",
    "code",
    "latitude",
    "longitude",
}
COARSE = {"address_id", "postal_code", "coupon_code"}
"""Names that look personal and say no more than where about, or what is printed on a coupon."""
NAMES_OF_THINGS = {
    "ProductCreated.name",
    "ProductUpdated.name",
    "CategoryUpdated.name",
    "StoreCreated.name",
    "StoreUpdated.name",
    "EventLine.name",
}


def forbidden_fields(events: Iterable[Kind], calls: Iterable[Kind]) -> Iterator[str]:
    """Fields that would carry a secret, and in events also those that say who somebody is or where to reach him."""
    for kinds, words in ((events, SECRETS | PERSONAL), (calls, SECRETS)):
        for kind in dict.fromkeys(inner for outer in kinds for inner in reached(outer)):
            for name in kind.__struct_fields__:
                where = f"{kind.__name__}.{name}"
                personal_name = "name" in name.split("_") and words > SECRETS and where not in NAMES_OF_THINGS
                if (words & set(name.split("_")) and name not in COARSE) or personal_name:
                    yield where


def authors(services: Sequence[Service]) -> Counter[str]:
    return Counter(kind.__name__ for service in services for kind in service.publishes)


def spoken_of(service: str) -> set[str]:
    """The names that this service's code uses, besides declaring what it publishes."""
    return {
        node.id
        for name, tree in python_files(f"src/shikanji/services/{service}/")
        if not name.endswith(f"{service}/__init__.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
    }


def test_contracts_carry_no_secret_and_events_no_contact() -> None:
    replies = [typing.cast(Kind, call.returns) for call in CALLS]

    assert list(forbidden_fields(EVENTS, [*CALLS, *replies])) == []


def test_a_planted_secret_is_seen() -> None:
    class Inner(Event, frozen=True, kw_only=True):
        aggregate: ClassVar[str] = "order_id"
        order_id: str
        customer_name: str
        delivery_address: str
        address_id: str

    class Leaky(Event, frozen=True, kw_only=True):
        aggregate: ClassVar[str] = "order_id"
        order_id: str
        otp: int
        inner: list[Inner | None]

    assert set(forbidden_fields([Leaky], [])) == {"Leaky.otp", "Inner.customer_name", "Inner.delivery_address"}
    assert set(forbidden_fields([], [Leaky])) == {"Leaky.otp"}


def test_every_event_has_one_author() -> None:
    assert authors(SERVICES) == Counter({kind.__name__: 1 for kind in EVENTS})
    assert authors((*SERVICES, SERVICES[0])) != Counter({kind.__name__: 1 for kind in EVENTS})


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_what_a_service_publishes_it_also_makes(service: Service) -> None:
    assert {kind.__name__ for kind in service.publishes} - spoken_of(service.name) == set()


def test_an_event_that_is_declared_only_is_seen() -> None:
    assert "PaymentCompleted" not in spoken_of("store")


def test_whoever_listens_is_told() -> None:
    heard = {name for service in SERVICES if not service.subscribers.every for name in service.subscribers.kinds}

    assert heard - set(authors(SERVICES)) == set()


def test_every_service_answers_what_contracts_ask_of_it() -> None:
    answered = {kind for service in SERVICES for kind in service.answers.kinds}

    assert {call.__name__ for call in CALLS} - answered == set()
