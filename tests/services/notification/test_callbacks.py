"""What providers may say of messages later: signed, once or twice, in any order."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shikanji.kit.clock import MINUTE, SECOND
from shikanji.services.notification.channels.sendgrid import OURS, SIGNATURE_HEADER, TIME_HEADER
from tests.services.notification.desk import Desk, open_desk
from tests.services.notification.makers import ORDER, make_order, step

SENDGRID = ec.generate_private_key(ec.SECP256R1())
SENDGRID_KEY = base64.b64encode(
    SENDGRID.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


@pytest.fixture
async def called(tmp_path: Path) -> AsyncIterator[Desk]:
    """With providers that may call back."""
    given: dict[str, Any] = {"twilio_token": "tok", "sendgrid_callback_key": SENDGRID_KEY}
    async with open_desk(tmp_path, **given) as opened:
        yield opened


async def an_sms(desk: Desk) -> str:
    """The id of a delivery by SMS that was sent."""
    await desk.hear(make_order(), step("ready"))
    await desk.settle()
    (row,) = desk.database.query("SELECT id FROM notification_logs WHERE channel = 'sms'")
    return str(row[0])


def signed_by_twilio(desk: Desk, delivery_id: str, fields: dict[str, str], token: str = "tok") -> str:
    url = f"{desk.room.public_url}/api/v1/notifications/callbacks/twilio/{delivery_id}"
    said = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), said.encode(), hashlib.sha1)).decode()


async def twilio_says(desk: Desk, delivery_id: str, *, signature: str | None = None, **fields: str) -> int:
    raw = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    answer = await desk.ask(
        "POST",
        f"/callbacks/twilio/{delivery_id}",
        raw,
        token=None,
        content_type="application/x-www-form-urlencoded",
        x_twilio_signature=signature or signed_by_twilio(desk, delivery_id, fields),
    )
    return answer.status


async def test_what_twilio_says_of_an_sms_is_noted_in_any_order(called: Desk) -> None:
    sms = await an_sms(called)

    assert await twilio_says(called, sms, MessageSid="SM1", MessageStatus="sent") == 200
    assert await twilio_says(called, sms, MessageSid="SM1", MessageStatus="delivered") == 200
    assert await twilio_says(called, sms, MessageSid="SM1", MessageStatus="undelivered", ErrorCode="30003") == 200

    assert ("order-ready", "sms", "delivered") in called.log()
    assert "NotificationFailed" not in called.told()


async def test_an_sms_that_did_not_arrive_is_said_once(called: Desk) -> None:
    sms = await an_sms(called)

    for _ in range(2):
        assert await twilio_says(called, sms, MessageStatus="undelivered", ErrorCode="30003") == 200

    assert ("order-ready", "sms", "failed") in called.log()
    assert called.told().count("NotificationFailed") == 1


async def test_what_twilio_did_not_sign_is_refused(called: Desk) -> None:
    sms = await an_sms(called)
    other = signed_by_twilio(called, sms, {"MessageStatus": "delivered"}, "another token")
    elsewhere = signed_by_twilio(called, ORDER, {"MessageStatus": "delivered"})

    for signature in (other, elsewhere, "", "####"):
        assert await twilio_says(called, sms, signature=signature or "=", MessageStatus="delivered") == 401

    assert ("order-ready", "sms", "sent") in called.log()


def signed_by_sendgrid(desk: Desk, raw: bytes, *, age: int = 0, key: Any = SENDGRID) -> dict[str, str]:
    time = str((desk.room.clock.now() - age) // SECOND)
    signature = base64.b64encode(key.sign(time.encode() + raw, ec.ECDSA(SHA256()))).decode()
    return {SIGNATURE_HEADER.replace("-", "_"): signature, TIME_HEADER.replace("-", "_"): time}


async def test_what_sendgrid_says_of_mails_is_noted(called: Desk) -> None:
    await called.hear(make_order())
    await called.settle()
    (row,) = called.database.query("SELECT id FROM notification_logs")
    events = [{"event": "open"}, {"event": "delivered", OURS: row[0]}, {"event": "bounce", OURS: "nobody's"}]
    raw = json.dumps(events).encode()

    answer = await called.ask("POST", "/callbacks/sendgrid", raw, token=None, **signed_by_sendgrid(called, raw))

    assert answer.status == 200
    assert called.log() == [("order-confirmed", "email", "delivered")]


async def test_what_sendgrid_did_not_sign_or_long_ago_is_refused(called: Desk) -> None:
    raw = b"[]"
    stranger = ec.generate_private_key(ec.SECP256R1())
    signed = signed_by_sendgrid(called, raw)
    forged = [
        signed_by_sendgrid(called, raw, key=stranger),
        signed_by_sendgrid(called, b"[1]"),
        signed_by_sendgrid(called, raw, age=11 * MINUTE),
        dict.fromkeys(signed, "x"),
        {},
    ]

    for headers in forged:
        assert (await called.ask("POST", "/callbacks/sendgrid", raw, token=None, **headers)).status == 401


@pytest.mark.parametrize(
    ("raw", "status"), [(b"{}", 400), (b"[1]", 400), (b"\xff", 400), (b"[" * 100_000, 400), (b"x" * 300_000, 413)]
)
async def test_a_signed_callback_that_cannot_be_read_is_refused(called: Desk, raw: bytes, status: int) -> None:
    answer = await called.ask("POST", "/callbacks/sendgrid", raw, token=None, **signed_by_sendgrid(called, raw))

    assert answer.status == status


async def test_where_no_provider_is_configured_nobody_may_call_back(desk: Desk) -> None:
    assert (await desk.ask("POST", "/callbacks/sendgrid", b"[]", token=None)).status == 401
    assert (await desk.ask("POST", f"/callbacks/twilio/{ORDER}", b"a=b", token=None)).status == 401
