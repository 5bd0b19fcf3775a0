"""Bad input over the whole platform, a sample of each kind: a clear refusal that names the field, and nothing changed.

What the edge and the door do with each kind in detail is tested in tests/kit/web and tests/gateway."""

import base64
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from shikanji.kit.clock import MINUTE, SECOND
from shikanji.sandbox.settings import SandboxSettings
from shikanji.sandbox.signing import SIGNATURE_HEADER, webhook_secret, webhook_signature
from shikanji.services.customer import tokens
from shikanji.services.customer.repository.access import CURRENT_KEY
from tests.fuzz.state import changed, state
from tests.harness import PASSWORD, Client, Response, open_shop
from tests.house.people import People, assemble, fresh_name, fresh_phone
from tests.house.requests import filled
from tests.services.review.pictures import bomb, picture, with_notes

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDERS = "/api/v1/orders"
WEBHOOKS = "/api/v1/payments/webhooks/sandbox"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    async with open_shop(tmp_path_factory.mktemp("shop") / "data") as shop:
        yield await assemble(shop, shop.platform)


async def refuse(people: People, who: str, method: str, path: str, **request: Any) -> Response:
    """The refusal, checked to be a problem and to have changed nothing."""
    client = await people.client(who)
    before = await state(people.operator)
    if "data" in request:
        request["data"] = io.BytesIO(request["data"])
    answer = await client.request(method, path.format_map(people.things), **request)
    assert 400 <= answer.status < 500, answer.body
    assert answer.problem["correlationId"]
    assert changed(before, await state(people.operator)) == set()
    return answer


def fields(answer: Response) -> list[str]:
    return [error["field"] for error in answer.problem.get("errors", [])]


def order(people: People, **changes: Any) -> dict[str, Any]:
    item = {"productId": people.things["product"], "quantity": 1}
    fixed = {"storeId": people.things["store"], "fulfilment": "pickup", "paymentMethod": "cod", "items": [item]}
    return {**fixed, **changes}


async def test_a_change_would_be_seen(people: People) -> None:
    before = await state(people.operator)

    await (await people.client("owner")).post(ORDERS, order(people))

    assert {"order.orders", "inventory.holds", "order.outbox"} <= changed(before, await state(people.operator))


# syntax ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"quantity=1", 400),
        (b'{"storeId": ', 400),
        (b'{"quantity": NaN}', 400),
        (b'{"quantity": -Infinity}', 400),
        (b'{"quantity": 1e400}', 400),
        (b'{"storeId": "a", "storeId": "b"}', 400),
        (b'\xef\xbb\xbf{"storeId": "a"}', 400),
        ('{"storeId": "a"}'.encode("utf-16"), 400),
        (b'{"notes": "a\\u0000b"}', 400),
        (b'{"notes": "\\ud800"}', 400),
        (b'{"notes": "\xff"}', 400),
        (b"[" * 10_000 + b"]" * 10_000, 413),
        (b'{"notes": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
    ids=lambda value: value[:16] if isinstance(value, bytes) else None,
)
async def test_what_is_no_json_is_400_and_what_is_too_much_413(people: People, data: bytes, status: int) -> None:
    answer = await refuse(people, "owner", "POST", ORDERS, data=data, headers={"Content-Type": "application/json"})

    assert answer.status == status


# type and range, unknown fields ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("item", "field"),
    [
        *(({"quantity": quantity}, "items[0].quantity") for quantity in (0, -1, 1.5, 2**63, 10**400, "1", True, None)),
        ({"price": 1}, "items[0].price"),
        ({"unitPrice": 1}, "items[0].unitPrice"),
        ({"productId": "1"}, "items[0].productId"),
        ({"options": "all"}, "items[0].options"),
        ({"notes": "x" * 10_000}, "items[0].notes"),
    ],
    ids=str,
)
async def test_a_wrong_line_is_422_and_named(people: People, item: dict[str, Any], field: str) -> None:
    line = {"productId": people.things["product"], "quantity": 1, **item}

    answer = await refuse(people, "owner", "POST", ORDERS, json=order(people, items=[line]))

    assert (answer.status, fields(answer)) == (422, [field])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items": []}, "items"),
        ({"fulfilment": "drone"}, "fulfilment"),
        ({"paymentMethod": "crypto"}, "paymentMethod"),
        ({"scheduledFor": "tomorrow"}, "scheduledFor"),
        ({"total": 1}, "total"),
        ({"isPaid": True}, "isPaid"),
        ({"status": "confirmed"}, "status"),
        ({"couponCode": " "}, "couponCode"),
        ({"currency": "USD"}, "currency"),
        ({"__proto__": {}}, "__proto__"),
    ],
    ids=str,
)
async def test_a_wrong_order_is_422_and_named(people: People, change: dict[str, Any], field: str) -> None:
    answer = await refuse(people, "owner", "POST", ORDERS, json=order(people, **change))

    assert (answer.status, fields(answer)) == (422, [field])


async def test_a_cart_of_ten_thousand_lines_is_422(people: People) -> None:
    line = {"productId": people.things["product"], "quantity": 1}

    answer = await refuse(people, "owner", "POST", ORDERS, json=order(people, items=[line] * 10_000))

    assert (answer.status, fields(answer)) == (422, ["items"])


@pytest.mark.parametrize("field", ["role", "admin", "isVerified", "points", "id", "totalSpent"])
async def test_nobody_makes_himself_more_than_he_is(people: People, field: str) -> None:
    answer = await refuse(people, "owner", "PUT", "/api/v1/customers/{owner}", json={"name": "Me", field: True})

    assert (answer.status, fields(answer)) == (422, [field])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/v1/products?limit=0", "limit"),
        ("/api/v1/products?limit=1e9", "limit"),
        ("/api/v1/products?limit=ten", "limit"),
        ("/api/v1/products?dietary=paleo", "dietary"),
        ("/api/v1/products?cursor=%00", "cursor"),
        ("/api/v1/products?cursor=eyJhIjoxfQ", "cursor"),
        ("/api/v1/products?sort=price;drop", "sort"),
        ("/api/v1/stores?postalCode=560001%27", "postalCode"),
        ("/api/v1/orders?from=yesterday", "from"),
    ],
)
async def test_a_wrong_query_is_refused_and_named(people: People, path: str, field: str) -> None:
    answer = await refuse(people, "owner", "GET", path)

    assert answer.status in (400, 422)
    assert answer.status == 400 or fields(answer) == [field]


# method, media, size --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["PATCH", "DELETE", "TRACE"])
async def test_a_method_that_is_not_there_is_405_and_says_which_are(people: People, method: str) -> None:
    answer = await refuse(people, "owner", method, f"{ORDERS}/{{order}}")

    assert (answer.status, "GET" in answer.headers["Allow"]) == (405, True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json", "Accept": "image/png"}, 406),
        ({"Content-Type": "application/json", "X-Long": "x" * 40_000}, 431),
    ],
    ids=str,
)
async def test_what_cannot_be_read_or_written_is_said(people: People, headers: dict[str, str], status: int) -> None:
    data = json.dumps(order(people)).encode()

    answer = await refuse(people, "owner", "POST", ORDERS, data=data, headers=headers)

    assert answer.status == status


async def test_an_endless_address_is_414(people: People) -> None:
    assert (await refuse(people, "owner", "GET", f"/api/v1/products?q={'x' * 20_000}")).status == 414


# identity -------------------------------------------------------------------------------------------------------------
async def forgeries(people: People) -> dict[str, str]:
    """Tokens of head office that are none, made with all that an attacker could have, and some with more."""
    room = people.operator.rooms["customer"]
    kid, sealed = (await room.db.read(lambda tx: tx.run(CURRENT_KEY).first())) or ("", b"")
    ours = tokens.unseal(room.secrets.derive(tokens.SIGNING_PURPOSE), tokens.SealedKey(kid, sealed))
    right = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": _text(ours.seed), "x": await _public(people, kid)})
    good = str((await people.client("admin")).token)
    header = json.loads(_bytes(good.split(".")[0]))
    claims = json.loads(_bytes(good.split(".")[1]))

    def signed(key: Any = right, *, algorithm: str = header["alg"], head: Any = None, **changes: Any) -> str:
        protected = {**header, "alg": algorithm, **(head or {})}
        return jws.serialize_compact(protected, json.dumps({**claims, **changes}), key, algorithms=[algorithm])

    public = OctKey.import_key(_bytes(await _public(people, kid)))
    now = people.operator.clock.now() // SECOND
    body = good.split(".")[1]
    return {
        "nothing": "",
        "no token": "token",
        "two parts": good.rpartition(".")[0],
        "no signature": good.rpartition(".")[0] + ".",
        "alg none": f"{_text(json.dumps({**header, 'alg': 'none'}).encode())}.{body}.",
        "HS256 under the public key": signed(public, algorithm="HS256"),
        "another key of the same name": signed(OKPKey.generate_key("Ed25519")),
        "a key from a path": signed(head={"kid": "../../secret"}),
        "a key it brings along": signed(head={"jwk": header, "kid": "mine"}),
        "expired": signed(exp=now - 1),
        "not yet": signed(nbf=now + 600),
        "for others": signed(aud="another-api"),
        "by others": signed(iss="elsewhere"),
        "of another type": signed(head={"typ": "JWT"}),
        "a refresh token": await _refresh_token(people),
    }


async def _public(people: People, kid: str) -> str:
    keys = (await people.shop.anonymous.get("/.well-known/jwks.json")).body["keys"]
    return str(next(key["x"] for key in keys if key["kid"] == kid))


async def _refresh_token(people: People) -> str:
    credentials = {"identifier": people.identifiers["owner"], "password": PASSWORD}
    return str((await people.shop.anonymous.post("/api/v1/auth/login", credentials)).data["refreshToken"])


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_a_forged_token_opens_nothing_and_every_one_hears_the_same(people: People) -> None:
    answers = {}
    for name, token in (await forgeries(people)).items():
        before = await state(people.operator)
        answer = await Client(people.shop.http, people.shop.url, token).get("/api/v1/customers")
        answers[name] = (answer.status, answer.type, answer.problem["detail"], "WWW-Authenticate" in answer.headers)
        assert changed(before, await state(people.operator)) == set()

    assert {name: answer[0] for name, answer in answers.items() if answer[0] != 401} == {}
    assert len(set(answers.values())) == 1
    assert next(iter(answers.values()))[3]


# objects, functions, order of work ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "method", "path", "body", "status"),
    [
        ("customer", "GET", "/api/v1/orders/{order}", None, 404),
        ("customer", "POST", "/api/v1/orders/{order}/cancel", {"reason": "mine now"}, 404),
        ("other_manager", "PUT", "/api/v1/orders/{order}/status", {"status": "preparing"}, 404),
        ("owner", "GET", "/api/v1/orders/1", None, 404),
        ("owner", "GET", "/api/v1/orders/{product}", None, 404),
        ("owner", "DELETE", "/api/v1/customers/{owner}/addresses/{order}", None, 404),
        ("manager", "PUT", "/api/v1/stores/{other_store}/status", {"active": False}, 403),
        ("owner", "POST", "/api/v1/payments/{payment}/refund", {"amount": 1, "reason": "for me"}, 403),
        ("chef", "POST", "/api/v1/payments/{payment}/refund", {"amount": 1, "reason": "for me"}, 403),
        ("manager", "POST", "/api/v1/stores/{store}/staff", {"identifier": "{owner_email}", "role": "manager"}, 403),
    ],
)
async def test_what_is_not_ones_own_is_left_alone(
    people: People, who: str, method: str, path: str, body: Any, status: int
) -> None:
    assert (await refuse(people, who, method, path, json=filled(body, people.things))).status == status


@pytest.mark.parametrize(
    ("who", "method", "path", "body", "status"),
    [
        ("manager", "PUT", "/api/v1/orders/{order}/status", {"status": "ready"}, 409),
        ("manager", "PUT", "/api/v1/orders/{order}/status", {"status": "completed"}, 409),
        ("manager", "PUT", "/api/v1/orders/{unpaid}/status", {"status": "confirmed"}, 409),
        ("manager", "PUT", "/api/v1/orders/{order}/status", {"status": "cancelled"}, 409),
        ("manager", "POST", "/api/v1/orders/{order}/tracking", {"latitude": 12.9, "longitude": 77.6}, 409),
        ("owner", "POST", "/api/v1/orders/{underway}/cancel", {"reason": "too late"}, 403),
        ("owner", "POST", "/api/v1/payments/initiate", {"orderId": "{order}"}, 409),
        ("owner", "POST", "/api/v1/payments/initiate", {"orderId": "{paid}"}, 409),
        ("manager", "POST", "/api/v1/payments/{payment}/refund", {"amount": 10**9, "reason": "more"}, 409),
        ("admin", "DELETE", "/api/v1/categories/{category}", None, 409),
    ],
)
async def test_a_step_out_of_order_is_refused(
    people: People, who: str, method: str, path: str, body: Any, status: int
) -> None:
    answer = await refuse(people, who, method, path, json=filled(body, people.things))

    assert answer.status == status


async def test_a_stale_edit_is_412(people: People) -> None:
    answer = await refuse(
        people,
        "manager",
        "PUT",
        "/api/v1/stores/{store}/settings",
        json={"prepMinutes": 45},
        headers={"If-Match": '"long-ago"'},
    )

    assert answer.status == 412


# idempotency ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", [None, "", "short", "x" * 200, "with spaces in the key", "नमस्ते-नमस्ते-नमस्ते"])
async def test_an_order_without_a_good_key_is_400(people: People, key: str | None) -> None:
    assert (await refuse(people, "owner", "POST", ORDERS, json=order(people), key=key)).status == 400


async def test_a_key_means_one_request_only(people: People) -> None:
    owner, key = await people.client("owner"), fresh_name("one-and-the-same")
    first = await owner.post(ORDERS, order(people), key=key)
    before = await state(people.operator)

    again = await owner.post(ORDERS, order(people), key=key)
    other = await owner.post(ORDERS, order(people, notes="and a straw"), key=key)

    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert changed(before, await state(people.operator)) == set()


# guessing -------------------------------------------------------------------------------------------------------------
async def test_nobody_learns_who_is_a_customer(people: People) -> None:
    ask = people.shop.anonymous.post
    known, unknown = {"identifier": people.identifiers["owner"]}, {"identifier": "nobody@shop.test"}

    logins = [await ask("/api/v1/auth/login", {**who, "password": "wrong horse"}) for who in (known, unknown)]
    resets = [await ask("/api/v1/auth/password/reset", who) for who in (known, unknown)]
    codes = [await ask("/api/v1/auth/otp", {"phone": phone}) for phone in ("+919000000001", fresh_phone())]

    for known_answer, unknown_answer in (logins, resets, codes):
        assert known_answer.status == unknown_answer.status
        assert _without_id(known_answer.body) == _without_id(unknown_answer.body)


def _without_id(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "correlationId"}


async def test_a_code_is_burnt_by_five_guesses(people: People) -> None:
    phone, ask = fresh_phone(), people.shop.anonymous.post
    await ask("/api/v1/auth/otp", {"phone": phone})
    code = await people.code_sent_to(phone)
    wrong = f"{(int(code) + 1) % 10**6:06}"

    for _ in range(5):
        assert (await ask("/api/v1/auth/otp/verify", {"phone": phone, "code": wrong})).status == 401

    assert (await ask("/api/v1/auth/otp/verify", {"phone": phone, "code": code})).status in (401, 429)


async def test_a_password_is_not_tried_for_ever(people: People) -> None:
    attempt = {"identifier": people.identifiers["spare"], "password": "wrong horse"}

    answers = [await people.shop.anonymous.post("/api/v1/auth/login", attempt) for _ in range(11)]

    assert [answer.status for answer in answers[:10]] == [401] * 10
    assert answers[10].status == 429
    assert int(answers[10].headers["Retry-After"]) > 0


# webhooks -------------------------------------------------------------------------------------------------------------
def signature(people: People, body: bytes, *, late: int = 0, secret: bytes | None = None) -> dict[str, str]:
    room = people.operator.rooms["sandbox"]
    ours = webhook_secret(room.settings(SandboxSettings), room.secrets)
    return {SIGNATURE_HEADER: webhook_signature(secret or ours, body, people.operator.clock.now() - late)}


def notice(kind: str = "subscription.renewed") -> bytes:
    return json.dumps({"id": fresh_name("evt"), "type": kind, "data": {}}).encode()


async def test_a_webhook_that_nobody_signed_is_401(people: People) -> None:
    body = notice()
    respelled = body.replace(b": ", b":")
    wrong = {
        "unsigned": (body, {}),
        "another secret": (body, signature(people, body, secret=b"a secret of somebody else's")),
        "spelled otherwise": (respelled, signature(people, body)),
        "old": (body, signature(people, body, late=6 * MINUTE)),
        "from tomorrow": (body, signature(people, body, late=-6 * MINUTE)),
        "no time": (body, {SIGNATURE_HEADER: "v1=00"}),
        "nonsense": (body, {SIGNATURE_HEADER: "t=١٢٣,v1=é"}),
    }
    for name, (data, headers) in wrong.items():
        answer = await refuse(people, "anonymous", "POST", WEBHOOKS, data=data, headers=headers)
        assert answer.status in (400, 401), name


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b'{"id": 1}', 400), (b"x" * 70_000, 413), (b"x" * 5_000_000, 413)]
)
async def test_a_signed_webhook_that_says_nothing_is_refused(people: People, body: bytes, status: int) -> None:
    answer = await refuse(people, "anonymous", "POST", WEBHOOKS, data=body, headers=signature(people, body))

    assert answer.status == status


async def test_a_webhook_of_an_unknown_kind_is_kept_once_and_does_nothing(people: People) -> None:
    body = notice()
    before = await state(people.operator)

    answers = [
        await people.shop.anonymous.request("POST", WEBHOOKS, data=body, headers=signature(people, body))
        for _ in range(2)
    ]
    await people.shop.settle()

    after = await state(people.operator)
    assert [answer.status for answer in answers] == [200, 200]
    assert changed(before, after) <= {"payment.webhooks", "payment.jobs"}
    assert len(after["payment.webhooks"]) == len(before["payment.webhooks"]) + 1


# text that means something elsewhere ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "Robert'); DROP TABLE customers;--",
        "<script>alert(1)</script>",
        "{0.__class__} %s ${jndi:ldap://x} {{7*7}}",
        "=cmd|' /C calc'!A0",
        "\u202eafihsA",
        "आशा मेहता 🥤",
    ],
)
async def test_text_is_kept_as_text(people: People, name: str) -> None:
    customer = await people.client("customer")

    answer = await customer.put(f"/api/v1/customers/{customer.id}", {"name": name})

    assert answer.data["name"] == name
    assert (await customer.get(f"/api/v1/customers/{customer.id}")).data["name"] == name


@pytest.mark.parametrize("name", ["Asha\r\nSet-Cookie: a=b", "Asha\tMehta", "   ", "\u2028"])
async def test_a_name_is_one_line_with_something_in_it(people: People, name: str) -> None:
    answer = await refuse(people, "owner", "PUT", "/api/v1/customers/{owner}", json={"name": name})

    assert (answer.status, fields(answer)) == (422, ["name"])


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%' UNION SELECT", "%25%5F", "\\", "लस्सी"])
async def test_a_search_is_for_words(people: People, text: str) -> None:
    answer = await people.shop.anonymous.request("GET", f"/api/v1/products?q={text.replace('%', '%25')}")

    assert answer.status == 200
    assert len(answer.data) < 20


# files ----------------------------------------------------------------------------------------------------------------
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (SVG, "image/svg+xml", 415),
        (SVG, "image/png", 422),
        (picture("GIF"), "image/webp", 422),
        (b"%PDF-1.7 %EOF", "image/jpeg", 422),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "image/jpeg", 422),
        (b"SIMPLE  =                    T", "image/png", 422),
        (picture("PNG")[:-40], "image/png", 422),
        (bomb(50_000, 50_000), "image/png", 413),
        (bomb(9_000, 9_000), "image/png", 413),
        (b"\xff" * ((8 << 20) + 1), "image/jpeg", 413),
        (picture(), "multipart/form-data; boundary=x", 415),
        (picture(), "application/json", 415),
    ],
    ids=range(12),
)
async def test_a_file_that_is_no_picture_is_kept_nowhere(people: People, data: bytes, kind: str, status: int) -> None:
    path = "/api/v1/reviews/{review}/photos"

    answer = await refuse(people, "owner", "POST", path, data=data, headers={"Content-Type": kind})

    assert answer.status == status


async def test_what_is_kept_of_a_picture_is_a_picture(people: People) -> None:
    """Whatever else was in the file, or would like to be."""
    polyglot = picture("PNG") + SVG + b"PK\x03\x04"
    review = await people.review()
    owner, sent = await people.client("owner"), {"Content-Type": "image/png"}
    for came in (polyglot, with_notes(6)):
        added = await owner.request("POST", f"/api/v1/reviews/{review}/photos", data=came, headers=sent)
        for form in ("avif", "webp"):
            kept = await owner.get(added.data[form])
            assert kept.headers["Content-Type"] == f"image/{form}"
            assert kept.headers["X-Content-Type-Options"] == "nosniff"
            assert not [left for left in (b"script", b"PK\x03\x04", b"Phone of Asha", b"Exif") if left in kept.body]


# messages, reviews, reports -------------------------------------------------------------------------------------------
WORDS = "/api/v1/notifications/templates/notice/en"
PHOTOS = "/api/v1/reviews/{review}/photos"
DEVICES = "/api/v1/notifications/push/subscriptions"
KEYS = {"p256dh": "B" * 87, "auth": "a" * 22}


@pytest.mark.parametrize(
    "injected",
    [
        "{{ name.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% for a in range(10**9) %}x{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{{ 7*7 }}",
        "{{",
    ],
)
@pytest.mark.parametrize(("method", "path"), [("PUT", WORDS), ("POST", f"{WORDS}/preview")])
async def test_words_of_a_message_name_facts_and_do_nothing_else(
    people: People, method: str, path: str, injected: str
) -> None:
    answer = await refuse(people, "admin", method, path, json={"title": "Hello", "body": injected})

    assert (answer.status, fields(answer)) == (422, ["body"])


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1/push",
        "https://[::ffff:127.0.0.1]/push",
        "https://0x7f000001/push",
        "https://169.254.169.254/latest/meta-data",
        "https://fcm.googleapis.com.example.in/push",
        "https://fcm.googleapis.com@127.0.0.1/push",
        "http://fcm.googleapis.com/push",
        "file:///etc/passwd",
    ],
)
async def test_push_messages_go_to_push_services_only(people: People, endpoint: str) -> None:
    answer = await refuse(people, "owner", "POST", DEVICES, json={"endpoint": endpoint, **KEYS})

    assert (answer.status, fields(answer)) == (422, ["endpoint"])


@pytest.mark.parametrize("path", ["sendgrid", "twilio/{order}"])
async def test_a_callback_that_nobody_signed_is_401(people: People, path: str) -> None:
    body = b'[{"event": "delivered", "sg_message_id": "1"}]'

    for headers in ({}, {"X-Twilio-Signature": "AAAA"}, {"X-Twilio-Email-Event-Webhook-Signature": "AAAA"}):
        at = f"/api/v1/notifications/callbacks/{path}"
        assert (await refuse(people, "anonymous", "POST", at, data=body, headers=headers)).status == 401


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/png", 422),
        (b"GIF89a\x01\x00\x01\x00/*<script>*/=alert(1);", "image/gif", 415),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, "image/png", 422),
        (b"\xff\xd8\xff\xe0 <?php system('id');", "image/jpeg", 422),
        (b"%PDF-1.7", "image/webp", 422),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "image/jpeg", 422),
        (b"", "image/png", 422),
        (b'{"url": "http://127.0.0.1"}', "application/json", 415),
    ],
    ids=str,
)
async def test_a_photo_is_a_picture(people: People, data: bytes, kind: str, status: int) -> None:
    answer = await refuse(people, "owner", "POST", PHOTOS, data=data, headers={"Content-Type": kind})

    assert answer.status == status


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rating": 6}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": 5, "status": "approved"}, "status"),
        ({"rating": 5, "storeId": "{store}"}, "storeId"),
        ({"rating": 5, "customerId": "{customer}"}, "customerId"),
        ({"rating": 5, "text": "x" * 100_000}, "text"),
    ],
    ids=str,
)
async def test_a_wrong_review_is_422_and_named(people: People, body: dict[str, Any], field: str) -> None:
    about = {"orderId": "{order}", "productId": "{product}"}

    answer = await refuse(people, "owner", "POST", "/api/v1/reviews", json=filled({**about, **body}, people.things))

    assert (answer.status, fields(answer)) == (422, [field])


@pytest.mark.parametrize(
    "query",
    ["from=2026-13-01", "from=2026-02-01&to=2026-01-01", "from=0001-01-01&to=9999-12-31", "grain=second", "by=x"],
)
async def test_a_report_of_days_that_are_none_is_422(people: People, query: str) -> None:
    answer = await refuse(people, "manager", "GET", f"/api/v1/analytics/sales?storeId={{store}}&{query}")

    assert answer.status == 422


# proxies --------------------------------------------------------------------------------------------------------------
async def test_nobody_becomes_another_by_a_header(people: People) -> None:
    claimed = {
        "X-User-Id": people.things["owner"],
        "X-Store-Id": people.things["store"],
        "X-Roles": "admin",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-User": "admin",
        "X-Original-URL": "/api/v1/customers",
        "X-HTTP-Method-Override": "GET",
        "Forwarded": "for=127.0.0.1;host=localhost",
    }

    assert (await refuse(people, "customer", "GET", "/api/v1/orders/{order}", headers=claimed)).status == 404
    assert (await refuse(people, "customer", "GET", "/api/v1/customers", headers=claimed)).status == 403
    assert (await refuse(people, "anonymous", "GET", "/api/v1/orders", headers=claimed)).status == 401


# what people in India write -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("spelled", ["{}", "+91 {}", "+91-{}", "0{}", "+91 ({})"])
async def test_a_phone_is_one_however_it_is_written(people: People, spelled: str) -> None:
    number = fresh_phone().removeprefix("+91")
    person = {"name": "आशा", "email": f"{fresh_name('a')}@shop.test", "password": "correct horse battery"}

    answer = await people.shop.anonymous.post("/api/v1/auth/register", {**person, "phone": spelled.format(number)})

    assert answer.data["customer"]["phone"] == f"+91{number}"


@pytest.mark.parametrize(
    ("who", "method", "path", "body", "field"),
    [
        ("anonymous", "POST", "/api/v1/auth/otp", {"phone": "12345"}, "phone"),
        ("anonymous", "POST", "/api/v1/auth/otp", {"phone": "+91 22 2222 2222 22"}, "phone"),
        ("owner", "PUT", "/api/v1/customers/{owner}", {"email": "asha@"}, "email"),
        ("owner", "PUT", "/api/v1/customers/{owner}", {"dateOfBirth": "2026-02-30"}, "dateOfBirth"),
        ("admin", "PUT", "/api/v1/stores/{store}", {"gstin": "29ABCDE1234F1Z0"}, "gstin"),
        ("admin", "PUT", "/api/v1/stores/{store}", {"timeZone": "Asia/Delhi"}, "timeZone"),
    ],
)
async def test_what_cannot_be_is_422_and_named(
    people: People, who: str, method: str, path: str, body: Any, field: str
) -> None:
    answer = await refuse(people, who, method, path, json=body)

    assert (answer.status, fields(answer)) == (422, [field])


@pytest.mark.parametrize("postal_code", ["56000", "060001", "५६०००१", "5600012", "ABCDEF"])
async def test_a_pin_code_has_six_digits(people: People, postal_code: str) -> None:
    address = {"line1": "1 Residency Road", "city": "Bengaluru", "state": "Karnataka", "postalCode": postal_code}

    answer = await refuse(people, "owner", "POST", "/api/v1/customers/{owner}/addresses", json=address)

    assert (answer.status, fields(answer)) == (422, ["postalCode"])
