"""What the audit has written down of the platform is what the platform says of itself."""

import msgspec
import pytest

from shikanji import sandbox
from shikanji.audit import facts
from shikanji.house import SERVICES
from shikanji.kit.clock import DAY, MINUTE
from shikanji.services.notification.model.kinds import KINDS
from shikanji.services.notification.settings import NotificationSettings
from shikanji.services.order.model.edges import EDGES
from shikanji.services.order.settings import OrderSettings
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


def test_it_knows_how_long_messages_are_kept_at_least() -> None:
    shortest = NotificationSettings(inbox_days=facts.INBOX_DAYS_MIN)

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"inbox_days": shortest.inbox_days - 1}, NotificationSettings)
    assert msgspec.convert({"inbox_days": shortest.inbox_days}, NotificationSettings) == shortest


def test_it_knows_how_long_an_order_can_wait_for_its_money() -> None:
    longest = {"payment_window_minutes": 7 * DAY // MINUTE, "revival_window_minutes": 7 * DAY // MINUTE}
    settings = msgspec.convert(longest, OrderSettings)

    for name in longest:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({name: longest[name] + 1}, OrderSettings)
    assert settings.payment_window + settings.revival_window < facts.CONFIRMED_DAYS_MAX * DAY
