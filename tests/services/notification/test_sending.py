"""Attempts: never lost, never repeated once their outcome is known, given up in the end, and not made at night."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shikanji.kit.clock import HOUR, MINUTE, SECOND, from_datetime, from_rfc3339, to_rfc3339
from shikanji.kit.errors import Unavailable
from shikanji.kit.messages import Message, NoAnswer, NoChannel, Undeliverable
from shikanji.services.notification.actions import sending
from shikanji.services.notification.model.messages import Outcome
from tests.services.notification.desk import Desk, open_desk
from tests.services.notification.makers import ASHA, RAVI, STORE, draft, make_order, step

ENGINES = ["sqlite", "postgres"]
SAID = {"title": "Mango week", "text": "All week"}


async def test_what_a_provider_did_not_take_is_sent_again_with_doubling_patience(desk: Desk) -> None:
    desk.box.trouble = lambda message: Unavailable("busy")
    await desk.hear(make_order())
    waits = []
    for _ in range(4):
        await desk.settle()
        due_at = int(desk.database.query("SELECT due_at FROM notification_logs")[0][0])
        waits.append(due_at - desk.database.clock.now())
        desk.database.clock.advance(waits[-1])
    desk.box.trouble = lambda message: None

    await desk.settle()

    assert len(desk.box.sent) == 1
    assert all(later > 1.2 * sooner for sooner, later in pairwise(waits))
    (row,) = desk.database.query("SELECT state, attempts, unknowns FROM notification_logs")
    assert tuple(row) == ("sent", 5, 0)
    assert desk.told() == ["NotificationSent"]


async def test_an_outcome_that_nobody_knows_is_counted_and_tried_again_under_the_same_key(desk: Desk) -> None:
    keys: list[str] = []

    def lost(message: Message) -> Exception:
        keys.append(message.key)
        return NoAnswer("silence")

    desk.box.trouble = lost
    await desk.hear(make_order())
    await desk.settle()
    desk.box.trouble = lambda message: None
    desk.database.clock.advance(HOUR)

    await desk.settle()

    (row,) = desk.database.query("SELECT state, unknowns FROM notification_logs")
    assert tuple(row) == ("sent", 1)
    assert keys == [desk.box.sent[0].key]


@pytest.mark.parametrize("attempts_max", [1, 20])
async def test_what_nobody_knew_is_sent_when_the_provider_says_so_later(tmp_path: Path, attempts_max: int) -> None:
    """Also where it was given up meanwhile; and it is not sent again."""
    async with open_desk(tmp_path, attempts_max=attempts_max) as desk:
        desk.box.trouble = lambda message: NoAnswer("silence")
        await desk.hear(make_order())
        await desk.settle()
        (row,) = desk.database.query("SELECT id FROM notification_logs")
        desk.box.trouble = lambda message: None

        for _ in range(2):
            await desk.database.write(sending.hear, [sending.Report(delivery_id=row[0], delivered=True)])
        desk.database.clock.advance(HOUR)
        await desk.settle()

        assert desk.log() == [("order-confirmed", "email", "delivered")]
        assert desk.told() == ["NotificationFailed", "NotificationSent"][attempts_max > 1 :]
        assert desk.box.sent == []


async def test_what_is_refused_for_good_is_not_tried_again_and_said(desk: Desk) -> None:
    desk.box.trouble = lambda message: Undeliverable("no such mailbox")
    await desk.hear(make_order())
    await desk.settle()
    desk.database.clock.advance(24 * HOUR)
    await desk.settle()

    (row,) = desk.database.query("SELECT state, attempts FROM notification_logs")
    assert tuple(row) == ("failed", 1)
    assert desk.told() == ["NotificationFailed"]


async def test_where_there_is_no_way_nothing_fails(desk: Desk) -> None:
    desk.box.trouble = lambda message: NoChannel("none")
    await desk.hear(make_order())
    await desk.settle()

    assert desk.log() == [("order-confirmed", "email", "skipped")]
    assert desk.told() == []


async def test_one_that_fails_does_not_hold_up_the_others_of_its_batch(desk: Desk) -> None:
    ravis = desk.others.contacts[RAVI].email
    desk.box.trouble = lambda message: Unavailable("busy") if message.to == ravis else None
    await desk.hear(make_order(), make_order(STORE, RAVI))

    await desk.settle()

    states = [state for _, _, state in desk.log()]
    assert sorted(states) == ["sent", "waiting"]


async def test_while_nobody_says_whom_to_write_to_nothing_is_lost(desk: Desk) -> None:
    desk.others.away = True
    await desk.hear(make_order())
    await desk.settle()
    assert desk.log() == [("order-confirmed", "email", "waiting")]

    desk.others.away = False
    desk.database.clock.advance(HOUR)
    await desk.settle()

    assert desk.log() == [("order-confirmed", "email", "sent")]


async def test_an_attempt_that_died_is_made_again_after_its_lease_and_counted_as_unknown(desk: Desk) -> None:
    await desk.hear(make_order())
    begun = await desk.database.write(sending.begin, "email")
    assert len(begun.deliveries) == 1
    await desk.settle()
    assert desk.box.sent == []

    desk.database.clock.advance(2 * MINUTE)
    await desk.settle()

    (row,) = desk.database.query("SELECT state, attempts, unknowns FROM notification_logs")
    assert tuple(row) == ("sent", 2, 1)


async def test_who_was_overtaken_changes_nothing_any_more(desk: Desk) -> None:
    await desk.hear(make_order())
    first = (await desk.database.write(sending.begin, "email")).deliveries[0]
    desk.database.clock.advance(2 * MINUTE)
    await desk.settle()

    late = {first.id: (first.attempts, Outcome(state="failed", error="too late"))}
    await desk.database.write(sending.end, late, "email", False)

    assert desk.log() == [("order-confirmed", "email", "sent")]
    assert desk.told() == ["NotificationSent"]


@pytest.mark.parametrize(
    ("zone", "hour", "morning"),
    [("Asia/Kolkata", 22, "2026-11-23T10:00:00+05:30"), ("Asia/Tokyo", 4, "2026-11-22T10:00:00+09:00")],
)
async def test_advertising_waits_for_the_morning_on_the_stores_clock(
    desk: Desk, zone: str, hour: int, morning: str
) -> None:
    desk.others.time_zone = zone
    desk.others.change(marketing_since=1)
    now = from_datetime(datetime(2026, 11, 22, hour, tzinfo=ZoneInfo(zone)))
    desk.database.clock.advance(now - desk.database.clock.now())

    await desk.tell(draft("announcement", store_id=STORE, data=SAID, channels=("in-app", "email")))
    await desk.settle()

    assert desk.inbox() == ["announcement"]
    (row,) = desk.database.query("SELECT state, due_at FROM notification_logs WHERE channel = 'email'")
    assert (row[0], to_rfc3339(row[1])) == ("waiting", to_rfc3339(from_rfc3339(morning)))
    desk.database.clock.advance(row[1] - desk.database.clock.now())
    await desk.settle()
    assert desk.box.of("email") == ["Mango week"]


async def test_orders_and_codes_go_out_at_night(desk: Desk) -> None:
    desk.database.clock.advance(10 * HOUR)

    await desk.hear(make_order(), step("ready"))
    await desk.settle()

    assert sorted(message.channel for message in desk.box.sent) == ["email", "sms"]


async def test_consent_that_was_withdrawn_while_a_message_waited_counts(desk: Desk) -> None:
    desk.others.change(marketing_since=1)
    desk.database.clock.advance(10 * HOUR)
    await desk.tell(draft("announcement", data=SAID, channels=("email",)))
    await desk.settle()

    desk.others.change(marketing_since=None)
    desk.database.clock.advance(14 * HOUR)
    await desk.settle()

    assert desk.log() == [("announcement", "email", "skipped")]
    assert desk.box.sent == []


async def test_no_contact_stands_in_rows_or_events(desk: Desk) -> None:
    await desk.hear(make_order(), step("ready"))
    await desk.settle()

    contact = desk.others.contacts[ASHA]
    tables = ("notifications", "notification_logs", "known_orders", "outbox", "jobs", "inbox")
    kept = " ".join(str(desk.database.query(f"SELECT * FROM {table}")) for table in tables)
    recipients = [row[0] for row in desk.database.query("SELECT recipient FROM notification_logs ORDER BY channel")]
    assert str(contact.email) not in kept
    assert str(contact.phone) not in kept
    assert "Asha" not in kept
    assert recipients == ["as…@shop.test", "+91…01"]


async def test_after_many_attempts_a_message_is_given_up(tmp_path: Path) -> None:
    async with open_desk(tmp_path, attempts_max=2) as desk:
        desk.box.trouble = lambda message: Unavailable("busy")
        await desk.hear(make_order())
        for _ in range(3):
            await desk.settle()
            desk.database.clock.advance(10 * SECOND)

        (row,) = desk.database.query("SELECT state, attempts, error FROM notification_logs")
        assert (row[0], row[1]) == ("failed", 2)
        assert row[2].startswith("given up: ")


async def test_an_sms_that_is_not_registered_is_not_sent(tmp_path: Path) -> None:
    given: dict[str, Any] = {"dlt_entity_id": "1101234567890", "dlt_template_ids": "order-ready=1107"}
    async with open_desk(tmp_path, **given) as desk:
        await desk.hear(make_order(), step("ready"), step("dispatched"))
        await desk.settle()

        states = {kind: state for kind, channel, state in desk.log() if channel == "sms"}
        assert states == {"order-ready": "sent", "order-dispatched": "failed"}
