"""Signing in and out over HTTP: shapes, cookies, codes as they arrive, and what strangers can find out."""

import re
from typing import Any

from shikanji.kit.clock import MINUTE, SECOND
from tests.harness import Client, Response, Shop

PASSWORD = "correct horse battery"
PERSON = {"name": "आशा जैन", "email": "Asha@New.test", "phone": "98765 43210", "password": PASSWORD}
NEW_PHONE = "+919811112222"


def session_of(shop: Shop, answer: Response) -> Client:
    return Client(shop.http, shop.platform.url, answer.data["accessToken"], answer.data["customer"]["id"])


def set_cookies(answer: Response) -> dict[str, str]:
    """Name → the whole header."""
    headers: list[str] = answer.headers.getall("Set-Cookie", [])  # type: ignore[attr-defined]
    return {header.partition("=")[0]: header for header in headers}


async def newest_message(shop: Shop) -> dict[str, Any]:
    """The newest that carries a code."""
    await shop.settle()
    outbox = await shop.anonymous.get("/dev/outbox", headers={"Accept": "application/json"})
    message: dict[str, Any] = next(each for each in outbox.data if re.search(r"\b\d{6}\b", each["text"]))
    return message


async def newest_code(shop: Shop) -> str:
    found = re.search(r"\b\d{6}\b", (await newest_message(shop))["text"])
    assert found is not None
    return found.group()


async def login(shop: Shop, identifier: str, password: str = PASSWORD) -> Response:
    return await shop.anonymous.post("/api/v1/auth/login", {"identifier": identifier, "password": password})


async def refresh(shop: Shop, token: str) -> Response:
    return await shop.anonymous.post("/api/v1/auth/refresh", {"refreshToken": token})


async def test_register_login_and_refresh_answer_in_one_shape(shop: Shop) -> None:
    registered = await shop.anonymous.post("/api/v1/auth/register", PERSON)
    logged_in = await login(shop, "asha@new.test")
    refreshed = await refresh(shop, logged_in.data["refreshToken"])

    assert (registered.status, logged_in.status, refreshed.status) == (201, 200, 200)
    customer = {
        "id": registered.data["customer"]["id"],
        "name": "आशा जैन",
        "email": "Asha@new.test",
        "phone": "+919876543210",
    }
    for answer in (registered, logged_in, refreshed):
        assert set(answer.data) == {"customer", "accessToken", "refreshToken", "expiresIn"}
        assert answer.data["customer"] == customer
        assert answer.data["expiresIn"] == 900
    assert (await session_of(shop, refreshed).get(f"/api/v1/customers/{customer['id']}")).status == 200


async def test_tokens_also_come_in_cookies_that_scripts_cannot_read(shop: Shop) -> None:
    answer = await shop.anonymous.post("/api/v1/auth/register", PERSON)

    cookies = set_cookies(answer)

    access, refresh_cookie = cookies["shikanji_access"], cookies["shikanji_refresh"]
    assert access == (f"shikanji_access={answer.data['accessToken']}; Path=/; Max-Age=900; HttpOnly; SameSite=Lax")
    assert refresh_cookie == (
        f"shikanji_refresh={answer.data['refreshToken']}; Path=/api/v1/auth; Max-Age=2592000; HttpOnly; SameSite=Lax"
    )


async def test_a_browser_refreshes_by_cookie_from_our_own_pages_only(shop: Shop) -> None:
    registered = await shop.anonymous.post("/api/v1/auth/register", PERSON)
    cookie = f"shikanji_refresh={registered.data['refreshToken']}"

    async def ask(origin: str | None) -> Response:
        headers = {"Cookie": cookie} | ({"Origin": origin} if origin else {})
        return await shop.anonymous.post("/api/v1/auth/refresh", {}, headers=headers)

    assert (await ask(None)).status == 403
    assert (await ask("https://evil.test")).status == 403
    assert (await ask(shop.platform.url)).status == 200


async def test_registration_names_the_field_that_is_wrong(shop: Shop) -> None:
    wrong: list[tuple[str, object]] = [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "a\nb"),
        ("email", "asha"),
        ("email", "аsha@new.test"),
        ("phone", "12345"),
        ("phone", "+91 00000 00000"),
        ("password", "short"),
        ("password", "password123"),
        ("password", "x" * 129),
        ("password", None),
        ("language", "fr"),
        ("role", "manager"),
        ("admin", True),
    ]
    for field, value in wrong:
        answer = await shop.anonymous.post("/api/v1/auth/register", PERSON | {field: value})
        assert (value, answer.status) == (value, 422)
        assert [error["field"] for error in answer.problem["errors"]] == [field]


async def test_who_registers_again_signs_in_with_either_password(shop: Shop) -> None:
    first = await shop.anonymous.post("/api/v1/auth/register", PERSON)
    second = await shop.anonymous.post("/api/v1/auth/register", PERSON | {"password": "nimbu-pani-2026"})

    by_first = await login(shop, "asha@new.test", PASSWORD)
    by_second = await login(shop, "asha@new.test", "nimbu-pani-2026")

    assert by_first.data["customer"]["id"] == first.data["customer"]["id"]
    assert by_second.data["customer"]["id"] == second.data["customer"]["id"]


async def test_an_unknown_and_a_known_identifier_are_refused_alike(shop: Shop) -> None:
    known = await login(shop, "customer@demo.test", "wrong password")
    unknown = await login(shop, "nobody@demo.test", "wrong password")
    nonsense = await login(shop, "neither email nor phone", "wrong password")

    def shown(answer: Response) -> dict[str, Any]:
        return {name: value for name, value in answer.problem.items() if name != "correlationId"}

    assert known.status == 401
    assert known.type == "invalid-credentials"
    assert known.headers["WWW-Authenticate"]
    assert shown(known) == shown(unknown) == shown(nonsense)


async def test_ten_failures_close_the_door_for_a_quarter_of_an_hour(shop: Shop) -> None:
    for _ in range(10):
        assert (await login(shop, "customer@demo.test", "wrong password")).status == 401

    refused = await login(shop, "customer@demo.test", "shikanji-demo")

    assert (refused.status, refused.type) == (429, "too-many-failures")
    assert 890 <= int(refused.headers["Retry-After"]) <= 900
    shop.clock.advance(15 * MINUTE)
    assert (await login(shop, "customer@demo.test", "shikanji-demo")).status == 200


async def test_a_used_refresh_token_ends_the_session_at_once(shop: Shop) -> None:
    registered = await shop.anonymous.post("/api/v1/auth/register", PERSON)
    first = registered.data["refreshToken"]
    refreshed = await refresh(shop, first)
    assert (await refresh(shop, first)).data["refreshToken"] == refreshed.data["refreshToken"]

    shop.clock.advance(11 * SECOND)
    reused = await refresh(shop, first)

    assert (reused.status, reused.type) == (401, "invalid-refresh-token")
    assert (await refresh(shop, refreshed.data["refreshToken"])).status == 401
    client = session_of(shop, refreshed)
    assert (await client.get(f"/api/v1/customers/{client.id}")).status == 401


async def test_no_and_unknown_refresh_tokens_are_refused(shop: Shop) -> None:
    for body in ({}, {"refreshToken": ""}, {"refreshToken": "x" * 43}):
        assert (await shop.anonymous.post("/api/v1/auth/refresh", body)).status == 401


async def test_an_access_token_is_no_refresh_token_nor_the_other_way(shop: Shop) -> None:
    granted = (await shop.anonymous.post("/api/v1/auth/register", PERSON)).data

    assert (await shop.anonymous.post("/api/v1/auth/refresh", {"refreshToken": granted["accessToken"]})).status in (
        401,
        422,
    )
    stranger = Client(shop.http, shop.platform.url, granted["refreshToken"])
    assert (await stranger.get(f"/api/v1/customers/{granted['customer']['id']}")).status == 401


async def test_an_expired_bearer_does_not_keep_one_from_refreshing(shop: Shop) -> None:
    registered = await shop.anonymous.post("/api/v1/auth/register", PERSON)
    client = session_of(shop, registered)
    shop.clock.advance(16 * MINUTE)
    assert (await client.get(f"/api/v1/customers/{client.id}")).status == 401

    answer = await client.post("/api/v1/auth/refresh", {"refreshToken": registered.data["refreshToken"]})

    assert answer.status == 200


async def test_logging_out_ends_everything_of_this_session_and_nothing_of_another(shop: Shop) -> None:
    registered = await shop.anonymous.post("/api/v1/auth/register", PERSON)
    other = session_of(shop, await login(shop, "asha@new.test"))
    this = session_of(shop, registered)

    answer = await this.post("/api/v1/auth/logout")

    assert answer.status == 200
    assert all("Max-Age=0" in header for header in set_cookies(answer).values())
    assert (await this.get(f"/api/v1/customers/{this.id}")).status == 401
    assert (await refresh(shop, registered.data["refreshToken"])).status == 401
    assert (await other.get(f"/api/v1/customers/{other.id}")).status == 200


async def test_a_phone_signs_in_by_the_code_that_it_is_sent(shop: Shop) -> None:
    asked = await shop.anonymous.post("/api/v1/auth/otp", {"phone": NEW_PHONE})
    message = await newest_message(shop)
    code = await newest_code(shop)

    answer = await shop.anonymous.post("/api/v1/auth/otp/verify", {"phone": "9811112222", "code": code})

    assert asked.data == {"expiresIn": 600}
    assert (message["channel"], message["to"]) == ("sms", NEW_PHONE)
    assert set(answer.data) == {"customer", "accessToken", "refreshToken", "expiresIn"}
    assert answer.data["customer"]["phone"] == NEW_PHONE
    again = await shop.anonymous.post("/api/v1/auth/otp/verify", {"phone": NEW_PHONE, "code": code})
    assert (again.status, again.type) == (401, "invalid-code")


async def test_the_demo_customer_is_known_by_its_phone(shop: Shop) -> None:
    demo = await shop.customer()
    phone = (await demo.get(f"/api/v1/customers/{demo.id}")).data["phone"]

    known = await shop.anonymous.post("/api/v1/auth/otp", {"phone": phone})
    unknown = await shop.anonymous.post("/api/v1/auth/otp", {"phone": NEW_PHONE})
    await shop.settle()

    assert known.body == unknown.body


async def test_the_sixth_guess_and_the_sixth_code_are_too_many(shop: Shop) -> None:
    async def ask() -> Response:
        return await shop.anonymous.post("/api/v1/auth/otp", {"phone": NEW_PHONE})

    async def guess(code: str) -> Response:
        return await shop.anonymous.post("/api/v1/auth/otp/verify", {"phone": NEW_PHONE, "code": code})

    assert (await ask()).status == 200
    code = await newest_code(shop)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [(await guess(wrong)).status for _ in range(5)] == [401] * 5

    burnt = await guess(code)
    assert (burnt.status, burnt.type) == (429, "too-many-failures")
    assert int(burnt.headers["Retry-After"]) > 0

    assert [(await ask()).status for _ in range(5)] == [200] * 4 + [429]


async def test_what_is_no_request_is_refused(shop: Shop) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("otp", {"phone": "nobody"}),
        ("otp", {}),
        ("otp/verify", {"phone": NEW_PHONE, "code": "12345"}),
        ("otp/verify", {"phone": NEW_PHONE, "code": 123456}),
        ("otp/verify", {"phone": NEW_PHONE, "code": "１２３４５６"}),
        ("login", {"identifier": "customer@demo.test"}),
        ("login", {"identifier": "customer@demo.test", "password": ["shikanji-demo"]}),
        ("refresh", {"refreshToken": 1}),
        ("password/reset", {"identifier": "nobody"}),
        ("password/reset/confirm", {"identifier": "a@b.test", "code": "123456", "newPassword": "short"}),
    ]
    for path, body in wrong:
        answer = await shop.anonymous.post(f"/api/v1/auth/{path}", body)
        assert (path, body, answer.status) == (path, body, 422)
        assert answer.problem["errors"]


async def test_a_forgotten_password_is_replaced_by_a_code(shop: Shop) -> None:
    client = await shop.customer()
    asked = await shop.anonymous.post("/api/v1/auth/password/reset", {"identifier": "customer@demo.test"})
    nobody = await shop.anonymous.post("/api/v1/auth/password/reset", {"identifier": "nobody@demo.test"})
    code = await newest_code(shop)

    confirm = {"identifier": "customer@demo.test", "code": code, "newPassword": "nimbu-pani-2026"}
    answer = await shop.anonymous.post("/api/v1/auth/password/reset/confirm", confirm)

    assert asked.body == nobody.body
    assert answer.status == 200
    assert (await client.get(f"/api/v1/customers/{client.id}")).status == 401
    assert (await login(shop, "customer@demo.test", "shikanji-demo")).status == 401
    assert (await login(shop, "customer@demo.test", "nimbu-pani-2026")).status == 200
    again = await shop.anonymous.post("/api/v1/auth/password/reset/confirm", confirm)
    assert (again.status, again.type) == (422, "wrong-code")


async def test_a_password_is_changed_by_who_knows_the_old_one(shop: Shop) -> None:
    other = session_of(shop, await shop.anonymous.post("/api/v1/auth/register", PERSON))
    this = session_of(shop, await login(shop, "asha@new.test"))

    async def change(current: str | None) -> Response:
        body = {"newPassword": "nimbu-pani-2026"} | ({"currentPassword": current} if current is not None else {})
        return await this.put("/api/v1/auth/password", body)

    assert [(await change(current)).type for current in (None, "", "wrong")] == ["wrong-password"] * 3
    assert (await this.put("/api/v1/auth/password", {"currentPassword": PASSWORD, "newPassword": "12345678"})).type == (
        "weak-password"
    )
    assert (await change(PASSWORD)).status == 200

    assert (await this.get(f"/api/v1/customers/{this.id}")).status == 200
    assert (await other.get(f"/api/v1/customers/{other.id}")).status == 401
    assert (await login(shop, "asha@new.test", "nimbu-pani-2026")).status == 200


async def test_guessing_the_current_password_has_an_end(shop: Shop) -> None:
    this = session_of(shop, await shop.anonymous.post("/api/v1/auth/register", PERSON))
    body = {"currentPassword": "wrong", "newPassword": "nimbu-pani-2026"}

    answers = [(await this.put("/api/v1/auth/password", body)).status for _ in range(11)]

    assert answers == [422] * 10 + [429]


async def test_an_account_made_by_code_gets_its_first_password_without_an_old_one(shop: Shop) -> None:
    await shop.anonymous.post("/api/v1/auth/otp", {"phone": NEW_PHONE})
    code = await newest_code(shop)
    client = session_of(shop, await shop.anonymous.post("/api/v1/auth/otp/verify", {"phone": NEW_PHONE, "code": code}))
    assert (await client.get(f"/api/v1/customers/{client.id}")).data["hasPassword"] is False

    assert (await client.put("/api/v1/auth/password", {"newPassword": "nimbu-pani-2026"})).status == 200

    assert (await login(shop, NEW_PHONE, "nimbu-pani-2026")).status == 200


async def test_an_email_is_verified_by_its_code(shop: Shop) -> None:
    client = session_of(shop, await shop.anonymous.post("/api/v1/auth/register", PERSON))
    squatter = session_of(shop, await shop.anonymous.post("/api/v1/auth/register", PERSON | {"phone": "+919800000001"}))
    asked = await client.post("/api/v1/auth/verification", {"channel": "email"})
    message = await newest_message(shop)
    code = await newest_code(shop)
    wrong = f"{(int(code) + 1) % 10**6:06d}"

    refused = await client.post("/api/v1/auth/verification/confirm", {"channel": "email", "code": wrong})
    answer = await client.post("/api/v1/auth/verification/confirm", {"channel": "email", "code": code})

    assert asked.data == {"expiresIn": 600}
    assert (message["channel"], message["to"]) == ("email", "Asha@new.test")
    assert (refused.status, refused.type) == (422, "wrong-code")
    assert answer.status == 200
    assert (await client.get(f"/api/v1/customers/{client.id}")).data["emailVerified"] is True
    assert (await squatter.get(f"/api/v1/customers/{squatter.id}")).status == 401
    again = await client.post("/api/v1/auth/verification", {"channel": "email"})
    assert (again.status, again.type) == (409, "nothing-to-verify")
