"""The manual says of every table that forgets how many days it keeps, as it is set."""

import re
from collections.abc import Iterator, Mapping

import pytest

from bench.history.rules import DAYS_KEPT, LEFT_OUT
from shikanji.house import SERVICES
from shikanji.kit.clock import DAY
from shikanji.kit.db.retention import INBOX_DAYS, OUTBOX_DAYS
from shikanji.kit.service import Service
from shikanji.kit.web.idempotency import KEPT
from shikanji.sandbox import service as sandbox
from shikanji.sandbox.actions import NOTICE_DAYS
from shikanji.services.analytics.actions.visits import VISIT_DAYS
from shikanji.services.analytics.settings import AnalyticsSettings
from shikanji.services.customer.settings import CustomerSettings
from shikanji.services.notification.settings import NotificationSettings
from shikanji.services.order.settings import OrderSettings
from shikanji.services.payment.settings import PaymentSettings
from shikanji.services.review.settings import ReviewSettings
from shikanji.services.store.settings import StoreSettings
from tests.house.sources import ROOT

CODES = CustomerSettings().forgotten_after_days
SLOTS = StoreSettings().slot_keep_days
REVIEWED = ReviewSettings().window_days
MESSAGES = NotificationSettings()
IS_KEPT: Mapping[str, int] = {
    "outbox": OUTBOX_DAYS,
    "inbox": INBOX_DAYS,
    "idempotency": KEPT // DAY,
    "customer.sessions": CODES,
    "customer.refresh_tokens": CODES,
    "customer.challenges": CODES,
    "customer.counters": CODES,
    "store.slots": SLOTS,
    "store.slot_places": SLOTS,
    "order.order_tracking": OrderSettings().tracking_days,
    "payment.webhooks": PaymentSettings().webhook_days,
    "review.purchases": REVIEWED,
    "review.refused": REVIEWED,
    "notification.notifications": MESSAGES.inbox_days,
    "notification.notification_logs": MESSAGES.log_days,
    "notification.known_orders": MESSAGES.order_days,
    "analytics.client_events": AnalyticsSettings().client_event_days,
    "analytics.visits": VISIT_DAYS,
    "sandbox.notices": NOTICE_DAYS,
}
ARCHIVED = {"analytics_events"}
"""Left out of histories that are made, where those of a month are enough."""


def said(manual: str) -> dict[str, int]:
    """Table → days, of the manual's table."""
    (chapter,) = re.findall(r"^## What is kept how long\n(.*?)^## ", manual, re.MULTILINE | re.DOTALL)
    return dict(_rows(chapter))


def _rows(chapter: str) -> Iterator[tuple[str, int]]:
    for names, days in re.findall(r"^\| ([^|]*`) \| (\d+) \|", chapter, re.MULTILINE):
        yield from ((name, int(days)) for name in re.findall(r"`([\w.]+)`", names))


MANUAL = (ROOT / "docs/operations.md").read_text()


def test_the_manual_says_how_long_everything_is_kept_that_goes() -> None:
    assert said(MANUAL) == IS_KEPT


@pytest.mark.parametrize("offence", ["| `payment.webhooks` | 91 |", "| `order.orders` | 90 |"])
def test_another_figure_and_another_table_are_noticed(offence: str) -> None:
    assert said(MANUAL.replace("| `payment.webhooks` | 90 |", offence)) != IS_KEPT


def test_every_table_that_goes_is_one() -> None:
    tables = {f"{one.name}.{table}" for one in (*SERVICES, sandbox) for table in _tables(one)}

    assert {name for name in IS_KEPT if "." in name} <= tables
    assert {name for name in IS_KEPT if "." not in name} <= set(_tables(sandbox))


def _tables(service: Service) -> list[str]:
    return list(service.metadata.tables)


def test_a_made_history_keeps_as_long_as_the_platform() -> None:
    by_table = {name.rpartition(".")[2]: days for name, days in IS_KEPT.items()}

    assert {name: by_table.get(name) for name in DAYS_KEPT if name not in ARCHIVED} == {
        name: days for name, days in DAYS_KEPT.items() if name not in ARCHIVED
    }
    assert {"sessions", "refresh_tokens", "challenges", "counters"} <= LEFT_OUT
