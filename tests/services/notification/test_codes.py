"""Codes on their way: sent before the answer, once, and kept nowhere."""

import asyncio
from pathlib import Path

import pytest

from shikanji.contracts.customer import OpenChallenge
from shikanji.contracts.notification import SendCode
from shikanji.kit import codes
from shikanji.kit.clock import MINUTE
from shikanji.kit.errors import Unavailable
from shikanji.kit.messages import Message, NoAnswer, Undeliverable
from shikanji.services.notification.actions import sending
from shikanji.services.notification.actions.sending import Report
from shikanji.services.notification.answers import answers
from tests.services.notification.desk import Desk, open_desk
from tests.services.notification.makers import ASHA

ENGINES = ["sqlite", "postgres"]
CHALLENGE = "0199d2a0-0000-7000-8000-0000000000c1"


def open_challenge(desk: Desk, *, language: str = "en", channel: str = "phone") -> str:
    """The code that must arrive."""
    desk.others.challenges[CHALLENGE] = OpenChallenge(
        purpose="sign-in",
        channel="phone" if channel == "phone" else "email",
        recipient="+919876543210" if channel == "phone" else "asha@shop.test",
        account_id=ASHA,
        language="hi" if language == "hi" else "en",
        minutes=10,
    )
    return codes.code(desk.room.secrets.derive(codes.PURPOSE), CHALLENGE)


async def send(desk: Desk) -> bool:
    answer = await answers.handlers["SendCode"](desk.room, SendCode(challenge_id=CHALLENGE))
    return bool(answer.sent)


@pytest.mark.parametrize(("channel", "way"), [("phone", "sms"), ("email", "email")])
async def test_a_code_is_sent_before_the_answer_in_the_language_of_its_account(
    desk: Desk, channel: str, way: str
) -> None:
    code = open_challenge(desk, language="hi", channel=channel)

    assert await send(desk) is True

    (message,) = desk.box.sent
    assert message.channel == way
    assert code in message.text
    assert "आपका कोड" in message.text


async def test_a_code_that_was_sent_is_not_sent_again(desk: Desk) -> None:
    open_challenge(desk)

    assert [await send(desk), await send(desk)] == [True, True]

    assert len(desk.box.sent) == 1
    assert desk.told() == ["NotificationSent"]


async def test_nothing_of_a_code_is_kept(desk: Desk) -> None:
    code = open_challenge(desk)
    await send(desk)

    tables = ("notifications", "notification_logs", "outbox", "jobs")
    kept = " ".join(str(desk.database.query(f"SELECT * FROM {table}")) for table in tables)
    assert code not in kept
    assert "+919876543210" not in kept


async def test_a_code_that_is_over_is_not_sent(desk: Desk) -> None:
    assert await send(desk) is False
    assert desk.box.sent == []


async def test_who_asked_hears_when_it_was_not_taken_and_a_repeat_sends_the_same(desk: Desk) -> None:
    code = open_challenge(desk)
    keys: list[str] = []

    def lost(message: Message) -> Exception:
        keys.append(message.key)
        return NoAnswer("silence")

    desk.box.trouble = lost
    with pytest.raises(Unavailable):
        await send(desk)
    desk.box.trouble = lambda message: None
    desk.database.clock.advance(MINUTE)

    assert await send(desk) is True

    assert code in desk.box.sent[0].text
    assert keys == [desk.box.sent[0].key]
    rows = desk.database.query("SELECT state, attempts, unknowns FROM notification_logs")
    assert [tuple(row) for row in rows] == [("sent", 2, 1)]


async def test_nobody_else_sends_a_code_that_waits(desk: Desk) -> None:
    open_challenge(desk)
    desk.box.trouble = lambda message: NoAnswer("silence")
    with pytest.raises(Unavailable):
        await send(desk)
    desk.box.trouble = lambda message: None

    desk.database.clock.advance(60 * MINUTE)
    await desk.settle()
    assert desk.box.sent == []

    desk.others.challenges.clear()
    assert await send(desk) is False
    assert [state for _, _, state in desk.log()] == ["skipped"]


async def test_two_who_ask_at_once_send_once(desk: Desk) -> None:
    open_challenge(desk)

    said = await asyncio.gather(send(desk), send(desk), return_exceptions=True)

    assert len(desk.box.sent) == 1
    assert True in said
    assert all(each is True or isinstance(each, Unavailable) for each in said)


async def test_what_a_provider_says_of_a_code_is_noted(desk: Desk) -> None:
    open_challenge(desk)
    await send(desk)

    said = Report(delivery_id=desk.box.sent[0].key, delivered=False, reason="twilio: undelivered")
    await desk.database.write(sending.hear, [said])

    assert desk.log() == [("code-sign-in", "sms", "failed")]
    assert desk.told() == ["NotificationSent", "NotificationFailed"]


async def test_a_refused_code_is_not_tried_for_ever(desk: Desk) -> None:
    open_challenge(desk)
    desk.box.trouble = lambda message: Undeliverable("no such phone")

    assert await send(desk) is False
    assert desk.told() == ["NotificationFailed"]


async def test_a_code_fits_the_text_that_is_registered_for_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path, dlt_entity_id="1101234567890", dlt_template_ids="code-sign-in=1107") as desk:
        open_challenge(desk)

        assert await send(desk) is True
