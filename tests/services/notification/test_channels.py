"""Every provider's way out against a server that speaks as it does, and fails like it: what is a no, what is not
known, and what may come again."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import http_ece
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import RSAKey
from py_vapid import Vapid02

from shikanji.kit.clock import ManualClock
from shikanji.services.notification.channels.fcm import Fcm
from shikanji.services.notification.channels.port import Channel, Letter
from shikanji.services.notification.channels.sendgrid import OURS, SendGrid
from shikanji.services.notification.channels.twilio import Twilio
from shikanji.services.notification.channels.webpush import WebPush, is_push_service, public_key
from shikanji.services.notification.errors import Gone, OutcomeUnknown, Refused, TryLater
from tests.kit.databases import NOON
from tests.serving import free_port, serving

KEY = "0199d2a0-0000-7000-8000-0000000000ff"
VAPID = ec.generate_private_key(ec.SECP256R1())
VAPID_PEM = VAPID.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
FCM_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
FCM_PEM = FCM_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
BROWSER = ec.generate_private_key(ec.SECP256R1())
BROWSER_AUTH = b"sixteen bytes ok"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


BROWSER_KEY = b64(BROWSER.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


class Company:
    """Answers as it is told, by the end of the path; else 404. It remembers what came. `falls_silent`: it hangs up in
    the middle of its answer."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], Any]] = {}
        self.asked: list[tuple[str, Mapping[str, str], bytes]] = []
        self.falls_silent = False

    def answer(self, path: str, status: int, body: Any = None, **headers: str) -> None:
        self.answers[path] = (status, headers, body)

    def _answer_to(self, asked: str) -> tuple[int, dict[str, str], Any]:
        return next((said for path, said in self.answers.items() if asked.endswith(path)), (404, {}, None))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (part := await receive())["type"] == "http.request":
            body += part["body"]
            if not part["more_body"]:
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((scope["path"], headers, body))
        status, sent, said = self._answer_to(scope["path"])
        raw = b"" if said is None else json.dumps(said).encode()
        lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
        if self.falls_silent:
            lines.append((b"content-length", b"1000"))
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": raw, "more_body": self.falls_silent})
        if self.falls_silent:
            raise ConnectionResetError("planted")


@asynccontextmanager
async def a_company() -> AsyncIterator[tuple[Company, str, aiohttp.ClientSession]]:
    company = Company()
    async with serving(company) as url, aiohttp.ClientSession() as http:
        yield company, url, http


def letter(to: str, **more: Any) -> Letter:
    return Letter(key=KEY, kind="order-ready", to=to, title="Your order is ready", text="It is ready.", **more)


def channel(name: str, url: str, http: aiohttp.ClientSession) -> tuple[Channel, Letter, str]:
    """The adapter, something to send, and where the provider takes it."""
    if name == "sendgrid":
        mail = letter("asha@shop.test", html=lambda: "<p>It is ready.</p>")
        return SendGrid(http, url=url, key="sg-key", sender="shop@shikanji.test", seconds=5), mail, "/v3/mail/send"
    if name == "twilio":
        way = Twilio(
            http, url=url, account="AC1", token="tok", sender="SHKNJI", public_url="https://shop.test", seconds=5
        )
        return way, letter("+919876543210"), "/Messages.json"
    if name == "webpush":
        push = WebPush(http, private_key=VAPID_PEM, contact="mailto:x@shop.test", clock=ManualClock(NOON), seconds=5)
        return push, letter(f"{url}/push/device-1", p256dh=BROWSER_KEY, auth=b64(BROWSER_AUTH)), "/push/device-1"
    fcm = Fcm(
        http,
        url=url,
        token_url=url,
        project="shop",
        client_email="svc@shop.test",
        private_key=FCM_PEM,
        clock=ManualClock(NOON),
        seconds=5,
    )
    return fcm, letter("device-token"), "/messages:send"


WAYS = ["sendgrid", "twilio", "webpush", "fcm"]


def ready(company: Company) -> None:
    company.answer("/token", 200, {"access_token": "ya29.x", "expires_in": 3_600})


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (400, Refused),
        (413, Refused),
        (401, TryLater),
        (403, TryLater),
        (408, TryLater),
        (429, TryLater),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (302, OutcomeUnknown),
    ],
)
async def test_what_an_answer_means(name: str, status: int, raised: type[Exception]) -> None:
    async with a_company() as (company, url, http):
        ready(company)
        way, mail, path = channel(name, url, http)
        company.answer(path, status, {"message": "because"})

        with pytest.raises(raised):
            await way.post(mail)


@pytest.mark.parametrize("name", WAYS)
async def test_who_asks_for_patience_says_how_much(name: str) -> None:
    async with a_company() as (company, url, http):
        ready(company)
        way, mail, path = channel(name, url, http)
        company.answer(path, 429, None, retry_after="120")

        with pytest.raises(TryLater) as refused:
            await way.post(mail)

    assert refused.value.seconds == 120


@pytest.mark.parametrize("name", WAYS)
async def test_an_answer_that_breaks_off_leaves_the_outcome_unknown(name: str) -> None:
    async with a_company() as (company, url, http):
        ready(company)
        way, mail, path = channel(name, url, http)
        if name == "fcm":
            company.answer(path, 404, {"error": {"details": [{"errorCode": "UNREGISTERED"}]}})
            with pytest.raises(Gone):
                await way.post(mail)
        company.falls_silent = True

        with pytest.raises(OutcomeUnknown):
            await way.post(mail)


@pytest.mark.parametrize("name", WAYS)
async def test_who_cannot_be_reached_was_not_asked(name: str) -> None:
    async with aiohttp.ClientSession() as http:
        way, mail, _ = channel(name, f"http://127.0.0.1:{free_port()}", http)

        with pytest.raises(TryLater):
            await way.post(mail)


async def test_a_mail_through_sendgrid_says_which_delivery_it_is() -> None:
    async with a_company() as (company, url, http):
        way, mail, path = channel("sendgrid", url, http)
        company.answer(path, 202, None, x_message_id="sg-1")

        assert await way.post(mail) == "sg-1"

    (_, headers, body) = company.asked[0]
    said = json.loads(body)
    assert headers["authorization"] == "Bearer sg-key"
    assert said["personalizations"] == [{"to": [{"email": "asha@shop.test"}], "custom_args": {OURS: KEY}}]
    assert [part["type"] for part in said["content"]] == ["text/plain", "text/html"]


async def test_an_sms_through_twilio_names_its_sender_and_where_to_report() -> None:
    async with a_company() as (company, url, http):
        way, sms, path = channel("twilio", url, http)
        company.answer(path, 201, {"sid": "SM1"})

        assert await way.post(sms) == "SM1"

    (asked, headers, body) = company.asked[0]
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert asked == "/2010-04-01/Accounts/AC1/Messages.json"
    assert headers["authorization"].startswith("Basic ")
    callback = f"https://shop.test/api/v1/notifications/callbacks/twilio/{KEY}"
    expected = {"To": "+919876543210", "From": "SHKNJI", "Body": "It is ready.", "StatusCallback": callback}
    assert form == expected


async def test_only_the_browser_can_read_its_push_message_and_the_push_service_knows_who_sends() -> None:
    async with a_company() as (company, url, http):
        way, push, path = channel("webpush", url, http)
        company.answer(path, 201, None, location="/m/1")

        assert await way.post(push) == "/m/1"

    (_, headers, body) = company.asked[0]
    opened = http_ece.decrypt(body, private_key=BROWSER, auth_secret=BROWSER_AUTH, version="aes128gcm")
    assert json.loads(opened)["title"] == "Your order is ready"
    assert b"ready" not in body
    assert headers["topic"] == KEY.replace("-", "")
    assert headers["urgency"] == "high"
    assert Vapid02.verify(headers["authorization"])
    assert f"k={public_key(VAPID_PEM)}" in headers["authorization"]


@pytest.mark.parametrize("sign", ["x", "क", "🥤", '"', "\n", "\\"])
@pytest.mark.parametrize("name", ["webpush", "fcm"])
async def test_a_push_message_fits_whatever_is_written_in_it(name: str, sign: str) -> None:
    """Push services take 4,096 bytes."""
    async with a_company() as (company, url, http):
        ready(company)
        way, push, path = channel(name, url, http)
        company.answer(path, 201 if name == "webpush" else 200, {"name": "m"})

        await way.post(msgspec.structs.replace(push, title=sign * 200, text="Begin. " + sign * 4_000))

    body = company.asked[-1][2]
    if name == "webpush":
        assert len(body) <= 4_096
        said = json.loads(http_ece.decrypt(body, private_key=BROWSER, auth_secret=BROWSER_AUTH, version="aes128gcm"))
    else:
        message = json.loads(body)["message"]
        said = message["notification"]
        assert len(json.dumps([said, message["data"]], ensure_ascii=False).encode()) <= 4_096
    assert said["title"] == sign * 200
    assert said["body"].startswith("Begin. " + sign * 100)
    assert said["body"].endswith("…")


async def test_messages_of_one_batch_that_leave_together_buy_one_token() -> None:
    async with a_company() as (company, url, http):
        ready(company)
        way, push, path = channel("fcm", url, http)
        company.answer(path, 200, {"name": "m"})

        await asyncio.gather(*(way.post(push) for _ in range(5)))

    assert [asked for asked, _, _ in company.asked].count("/token") == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_unsubscribed_is_gone(status: int) -> None:
    async with a_company() as (company, url, http):
        way, push, path = channel("webpush", url, http)
        company.answer(path, status)

        with pytest.raises(Gone):
            await way.post(push)


async def test_keys_that_are_none_are_refused() -> None:
    async with a_company() as (_, url, http):
        way, _, _ = channel("webpush", url, http)

        with pytest.raises(Refused):
            await way.post(letter(f"{url}/push/x", p256dh="AAAA", auth="AAAA"))


async def test_firebase_is_asked_with_a_token_that_our_own_signature_buys_once_for_a_batch() -> None:
    async with a_company() as (company, url, http):
        ready(company)
        way, push, path = channel("fcm", url, http)
        company.answer(path, 200, {"name": "projects/shop/messages/1"})

        assert await way.post(push) == "projects/shop/messages/1"
        await way.post(push)

    paths = [asked for asked, _, _ in company.asked]
    assert paths == ["/token", "/v1/projects/shop/messages:send", "/v1/projects/shop/messages:send"]
    assertion = parse_qs(company.asked[0][2].decode())["assertion"][0]
    claims = jwt.decode(assertion, RSAKey.import_key(FCM_PEM), algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"]) == ("svc@shop.test", f"{url}/token")
    assert company.asked[1][1]["authorization"] == "Bearer ya29.x"


@pytest.mark.parametrize("status", [400, 500])
async def test_without_an_access_token_nothing_was_sent(status: int) -> None:
    async with a_company() as (company, url, http):
        way, push, _ = channel("fcm", url, http)
        company.answer("/token", status)

        with pytest.raises(TryLater):
            await way.post(push)


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://db5p.notify.windows.com/w/?token=x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com.evil.test/x", False),
        ("https://evilfcm.googleapis.com.test/x", False),
        ("https://notfcm.googleapis.com@127.0.0.1/x", False),
        ("https://127.0.0.1/x", False),
        ("https://[::ffff:127.0.0.1]/x", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[/x", False),
        ("https://fcm.googleapis.com:99999/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_push_services_that_are_known_are_ever_called(address: str, known: bool) -> None:
    assert is_push_service(address, ("fcm.googleapis.com", "notify.windows.com")) is known
