"""What the audit has written down of the platform is what the platform says of itself."""

from shikanji import sandbox
from shikanji.audit import facts
from shikanji.house import SERVICES
from shikanji.services.notification.model.kinds import KINDS
from shikanji.services.order.model.edges import EDGES
from tests.harness import ALL

NAMES = [service.name for service in ALL]


def test_it_knows_every_service() -> None:
    assert tuple(service.name for service in SERVICES) == facts.SERVICES
    assert sandbox.service.name == facts.SANDBOX


def test_it_knows_who_hears_of_which_event_and_from_whom() -> None:
    publisher = {kind.__name__: service.name for service in ALL for kind in service.publishes}

    assert facts.subscriptions(NAMES) == {
        service.name: {kind: publisher[kind] for kind in service.subscribers.kinds}
        for service in ALL
        if service.subscribers.kinds
    }


def test_of_services_that_are_not_there_nobody_hears() -> None:
    assert facts.subscriptions(["order", "store"]) == {
        "order": {},
        "store": {"OrderCreated": "order", "OrderCancelled": "order"},
    }


def test_it_knows_every_legal_step_of_an_order() -> None:
    assert {step: {*places.split()} for step, places in facts.LEGAL_STEPS.items()} == {
        (edge.old, edge.new): {*edge.fulfilments} for edge in EDGES
    }


def test_it_knows_which_messages_need_consent_and_which_an_order_has_once() -> None:
    once = {name for name in KINDS if name.startswith("order-") and name != "order-cancelled"}

    assert {*facts.WITH_CONSENT} == {kind.name for kind in KINDS.values() if kind.needs_consent}
    assert {*facts.ONCE_AN_ORDER} == once | {"review-prompt"}
