"""What nobody needs any more is forgotten: messages first, then what was sent, and what was known of orders."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from shikanji.kit.clock import DAY, MINUTE
from shikanji.kit.db.sql import KIT
from shikanji.kit.db.tx import Tx
from shikanji.kit.ids import first_id
from shikanji.services.notification import service
from shikanji.services.notification.repository import inbox, logs, orders
from shikanji.services.notification.settings import NotificationSettings
from tests.kit.databases import NOON, open_database
from tests.kit.test_db_plans import plan_of
from tests.services.notification.desk import Desk
from tests.services.notification.makers import ASHA, RAVI, draft, make_order, step

ENGINES = ["sqlite", "postgres"]
KEPT = NotificationSettings()
SHOP_OPENED = first_id(NOON)
"""An order's id of that day."""
EVENTS_ARE_FORGOTTEN = sa.update(KIT.aggregates).values(forgotten=KIT.aggregates.c.version)
NO_EVENTS = sa.delete(KIT.outbox)


async def counts(desk: Desk) -> tuple[int, ...]:
    """Messages, logs, counters of logs' events, known orders."""
    names = ("notifications", "notification_logs", "aggregates", "known_orders")
    (row,) = desk.database.query(f"SELECT {', '.join(f'(SELECT count(*) FROM {name})' for name in names)}")
    return tuple(row)


async def test_an_inbox_forgets_what_is_older_than_its_days_and_pages_and_badges_stay_right(desk: Desk) -> None:
    await desk.hear(make_order(), step("preparing"))
    await desk.tell(draft(key="order-confirmed:2", customer_id=RAVI))
    desk.database.clock.advance(60 * DAY)
    await desk.tell(draft(kind="tier-upgraded", data={"tier": "gold"}))
    first = await desk.ask("GET", f"/user/{ASHA}?limit=1")
    desk.database.clock.advance((KEPT.inbox_days - 60) * DAY + MINUTE)

    await desk.settle()

    assert desk.inbox() == ["tier-upgraded"]
    assert (await desk.ask("GET", f"/user/{ASHA}/unread")).data == {"unread": 1}
    assert (await desk.ask("GET", f"/user/{ASHA}?cursor={first.json['meta']['nextCursor']}")).data == []
    assert [each["kind"] for each in (await desk.ask("GET", f"/user/{ASHA}")).data] == ["tier-upgraded"]
    assert (await desk.ask("GET", f"/user/{RAVI}", token="ravi")).data == []


@pytest.mark.parametrize("published", [True, False])
async def test_logs_and_known_orders_outlive_the_messages_and_counters_go_with_the_last_of_their_events(
    desk: Desk, published: bool
) -> None:
    await desk.hear(make_order(order_id=SHOP_OPENED))
    await desk.settle()
    before = await counts(desk)
    desk.database.clock.advance(KEPT.inbox_days * DAY + MINUTE)
    await desk.settle()
    after_messages = await counts(desk)
    if published:
        await desk.database.write(_forget_events)
    desk.database.clock.advance((KEPT.log_days - KEPT.inbox_days) * DAY)

    await desk.settle()

    assert (before, after_messages) == ((1, 1, 1, 1), (0, 1, 1, 1))
    assert await counts(desk) == (0, 0, 0 if published else 1, 0)


def _forget_events(tx: Tx) -> None:
    """As an audit does that has matched them."""
    tx.run(EVENTS_ARE_FORGOTTEN)
    tx.run(NO_EVENTS)


async def test_why_something_was_not_sent_is_forgotten_with_it(desk: Desk) -> None:
    desk.others.change(phone=None)
    await desk.hear(make_order(), step("ready"))
    await desk.settle()
    assert ("order-ready", "sms", "skipped") in desk.log()
    desk.database.clock.advance(KEPT.inbox_days * DAY + MINUTE)

    await desk.settle()

    assert desk.log() == [("order-confirmed", "email", "sent")]


async def test_what_is_to_be_sent_of_a_forgotten_message_is_let_go(desk: Desk) -> None:
    await desk.hear(make_order())
    await desk.database.write(inbox.forget, first_id(NOON + DAY), 10)

    await desk.settle()

    assert desk.log() == [("order-confirmed", "email", "skipped")]
    assert desk.box.sent == []


async def test_forgetting_goes_by_the_oldest_and_may_be_done_twice(desk: Desk) -> None:
    for number in range(3):
        await desk.tell(draft(key=f"order-confirmed:{number}"))
        desk.database.clock.advance(DAY)

    forgotten = [await desk.database.write(inbox.forget, first_id(NOON + 2 * DAY), 1) for _ in range(3)]

    assert forgotten == [1, 1, 0]
    assert desk.database.query("SELECT key FROM notifications") == [("order-confirmed:2",)]


async def test_forgetting_looks_at_no_more_than_it_deletes(tmp_path: Path) -> None:
    """And an inbox is still read by its owner."""
    async with open_database(service, tmp_path):
        plans = [plan_of(tmp_path / "notification.db", each.FORGET) for each in (inbox, logs, orders)]
        skipped = plan_of(tmp_path / "notification.db", logs.FORGET_SKIPPED)
        unread = plan_of(tmp_path / "notification.db", inbox.COUNT_UNREAD)

    for name, key, plan in zip(
        ("notifications", "notification_logs", "known_orders"), ("id", "id", "order_id"), plans, strict=True
    ):
        assert f"SEARCH {name} USING PRIMARY KEY ({key}<?)" in plan
        assert "SCAN" not in plan
    assert "COVERING INDEX notification_logs_skipped (id<?)" in skipped
    assert "SCAN" not in skipped
    assert "notifications_unread (customer_id=?" in unread
