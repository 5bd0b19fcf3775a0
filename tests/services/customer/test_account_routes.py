"""Accounts, sessions and what customers keep, over HTTP: for their owner, for strangers, for head office."""

import asyncio
import re
from dataclasses import replace
from typing import Any

from shikanji.kit.clock import DAY, MINUTE, SECOND
from shikanji.services.customer.routes.granting import no_cookies
from tests.harness import PASSWORD, Client, Shop

NOBODY = "0199d2a0-0000-7000-8000-00000000000f"
ADDRESS = {
    "label": "work",
    "line1": "12 Church Street",
    "city": "Bengaluru",
    "state": "Karnataka",
    "postalCode": "560001",
    "latitude": 12.9716,
    "longitude": 77.5946,
}
OWN: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PUT", "", {"name": "Somebody"}),
    ("GET", "/addresses", None),
    ("POST", "/addresses", ADDRESS),
    ("PUT", f"/addresses/{NOBODY}", ADDRESS),
    ("DELETE", f"/addresses/{NOBODY}", None),
    ("GET", "/preferences", None),
    ("PUT", "/preferences", {}),
    ("GET", "/favourites", None),
    ("PUT", f"/favourites/{NOBODY}", None),
    ("DELETE", f"/favourites/{NOBODY}", None),
]
SIGNED_IN: list[tuple[str, str, Any]] = [
    ("POST", "/api/v1/auth/logout", None),
    ("GET", "/api/v1/auth/sessions", None),
    ("DELETE", "/api/v1/auth/sessions", None),
    ("DELETE", f"/api/v1/auth/sessions/{NOBODY}", None),
    ("PUT", "/api/v1/auth/password", {"newPassword": "nimbu-pani-2026"}),
    ("POST", "/api/v1/auth/verification", {"channel": "email"}),
    ("POST", "/api/v1/auth/verification/confirm", {"channel": "email", "code": "123456"}),
]
HEAD_OFFICE: list[tuple[str, str, Any]] = [
    ("GET", "/api/v1/customers", None),
    ("PUT", f"/api/v1/customers/{NOBODY}/access", {"disabled": True}),
    ("POST", "/api/v1/auth/keys", None),
]


async def test_anonymous_callers_are_asked_to_sign_in(shop: Shop) -> None:
    own = [(method, f"/api/v1/customers/{NOBODY}{path}", body) for method, path, body in OWN]

    for method, path, body in [*own, *SIGNED_IN, *HEAD_OFFICE]:
        answer = await shop.anonymous.request(method, path, json=body)
        assert (method, path, answer.status, answer.type) == (method, path, 401, "unauthorized")


async def test_to_strangers_other_accounts_do_not_exist(shop: Shop) -> None:
    owner = await shop.register()
    staff = await shop.staff("manager")
    stranger = await shop.register()

    for caller in (stranger, staff):
        for method, path, body in OWN:
            for customer_id in (owner.id, NOBODY):
                answer = await caller.request(method, f"/api/v1/customers/{customer_id}{path}", json=body)
                assert (method, path, answer.status) == (method, path, 404)


async def test_head_office_sees_accounts_but_does_not_edit_them(shop: Shop) -> None:
    owner, admin = await shop.register(), await shop.admin()

    for method, path, body in OWN:
        answer = await admin.request(method, f"/api/v1/customers/{owner.id}{path}", json=body)
        assert (method, path, answer.status) == (method, path, 200 if method == "GET" else 403)
    assert (await admin.get(f"/api/v1/customers/{NOBODY}")).status == 404


async def test_customers_and_staff_have_no_part_in_head_office(shop: Shop) -> None:
    for caller in (await shop.customer(), await shop.staff("manager")):
        for method, path, body in HEAD_OFFICE:
            answer = await caller.request(method, path, json=body)
            assert (method, path, answer.status) == (method, path, 403)


async def test_a_profile_is_read_and_edited_by_its_owner(shop: Shop) -> None:
    owner = await shop.register()
    path = f"/api/v1/customers/{owner.id}"
    before = await owner.get(path)

    changes = {"name": "आशा", "dateOfBirth": "1990-05-01", "language": "hi", "email": None}
    edited = await owner.put(path, changes, headers={"If-Match": before.headers["ETag"]})
    stale = await owner.put(path, {"name": "B"}, headers={"If-Match": before.headers["ETag"]})

    assert {name: edited.data[name] for name in changes} == changes
    assert edited.data["phone"] == before.data["phone"]
    assert (stale.status, stale.type) == (412, "precondition-failed")
    assert (await owner.get(path)).data == edited.data


async def test_a_wrong_profile_is_refused(shop: Shop) -> None:
    owner = await shop.register()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": "  "}, "name"),
        ({"name": None}, "name"),
        ({"email": "nonsense"}, "email"),
        ({"phone": "12345"}, "phone"),
        ({"email": None, "phone": None}, "email"),
        ({"dateOfBirth": "2999-01-01"}, "dateOfBirth"),
        ({"dateOfBirth": "01/05/1990"}, "dateOfBirth"),
        ({"totalSpent": 5}, "totalSpent"),
        ({"roles": {}}, "roles"),
    ]
    for changes, field in wrong:
        answer = await owner.put(f"/api/v1/customers/{owner.id}", changes)
        assert (changes, answer.status) == (changes, 422)
        assert [error["field"] for error in answer.problem["errors"]] == [field]


async def test_a_verified_email_is_replaced_only_with_the_password(shop: Shop) -> None:
    demo = await shop.customer()
    path = f"/api/v1/customers/{demo.id}"

    refused = await demo.put(path, {"email": "new@demo.test"})
    wrong = await demo.put(path, {"email": "new@demo.test", "currentPassword": "wrong"})
    changed = await demo.put(path, {"email": "new@demo.test", "currentPassword": PASSWORD})

    assert [refused.type, wrong.type] == ["wrong-password"] * 2
    assert (changed.data["email"], changed.data["emailVerified"]) == ("new@demo.test", False)


async def test_who_found_a_session_open_gets_no_code_for_a_new_password(shop: Shop) -> None:
    """An email that is added is a way to the account as good as the phone that was proved."""
    person = {"name": "Ravi Rao", "email": "ravi@shop.test", "phone": "+919812300001", "password": PASSWORD}
    granted = (await shop.anonymous.post("/api/v1/auth/register", person)).data
    ravi = Client(shop.http, shop.platform.url, granted["accessToken"], granted["customer"]["id"])
    await prove(shop, ravi, "phone")
    path = f"/api/v1/customers/{ravi.id}"

    refused = await ravi.put(path, {"email": "thief@shop.test"})
    changed = await ravi.put(path, {"email": "other@shop.test", "currentPassword": PASSWORD})

    assert refused.type == "wrong-password"
    assert changed.data["email"] == "other@shop.test"


async def prove(shop: Shop, client: Client, channel: str) -> None:
    await client.post("/api/v1/auth/verification", {"channel": channel})
    await shop.settle()
    messages = await shop.anonymous.get("/dev/outbox", headers={"Accept": "application/json"})
    found = (re.search(r"\b[0-9]{6}\b", message["text"]) for message in messages.data)
    code = next(code for code in found if code is not None)
    assert (await client.post("/api/v1/auth/verification/confirm", {"channel": channel, "code": code[0]})).status in (
        200,
        204,
    )


async def test_an_address_book_keeps_one_default(shop: Shop) -> None:
    owner = await shop.register()
    path = f"/api/v1/customers/{owner.id}/addresses"

    first = await owner.post(path, ADDRESS)
    second = await owner.post(path, ADDRESS | {"label": "home", "line2": "2nd floor", "isDefault": True})
    moved = await owner.put(f"{path}/{first.data['id']}", ADDRESS | {"city": "Mysuru", "isDefault": True})

    assert first.status == second.status == 201
    assert first.data == ADDRESS | {"id": first.data["id"], "line2": None, "landmark": None, "isDefault": True}
    book = (await owner.get(path)).data
    assert [(one["city"], one["isDefault"]) for one in book] == [("Mysuru", True), ("Bengaluru", False)]
    stale = await owner.put(f"{path}/{first.data['id']}", ADDRESS, headers={"If-Match": first.headers["ETag"]})
    assert stale.status == 412
    assert moved.headers["ETag"] != first.headers["ETag"]

    assert (await owner.delete(f"{path}/{first.data['id']}")).status == 200
    assert [one["isDefault"] for one in (await owner.get(path)).data] == [True]
    assert (await owner.delete(f"{path}/{first.data['id']}")).type == "address-not-found"


async def test_a_wrong_address_is_refused(shop: Shop) -> None:
    owner = await shop.register()
    wrong: list[tuple[str, object]] = [
        ("postalCode", "56001"),
        ("postalCode", "060001"),
        ("postalCode", 560001),
        ("latitude", 90.1),
        ("longitude", -181),
        ("line1", ""),
        ("line1", "a\u0007b"),
        ("city", "x" * 101),
        ("label", "castle"),
        ("customerId", NOBODY),
    ]
    for field, value in wrong:
        answer = await owner.post(f"/api/v1/customers/{owner.id}/addresses", ADDRESS | {field: value})
        assert (value, answer.status) == (value, 422)
        assert [error["field"] for error in answer.problem["errors"]] == [field]


async def test_an_address_book_is_full_at_twenty(shop: Shop) -> None:
    owner = await shop.register()
    path = f"/api/v1/customers/{owner.id}/addresses"

    answers = await asyncio.gather(*(owner.post(path, ADDRESS) for _ in range(21)))

    assert sorted(answer.status for answer in answers) == [201] * 20 + [409]
    assert sum(one["isDefault"] for one in (await owner.get(path)).data) == 1


async def test_preferences_are_replaced_as_a_whole(shop: Shop) -> None:
    owner = await shop.register()
    path = f"/api/v1/customers/{owner.id}/preferences"
    before = await owner.get(path)

    put = await owner.put(
        path, {"spice": "hot", "dietary": ["jain"], "marketing": True, "language": "hi"}, headers={"If-Match": '"0"'}
    )

    assert before.data == {
        "spice": None,
        "dietary": [],
        "categories": [],
        "channels": ["email", "sms"],
        "marketing": False,
        "marketingSince": None,
        "language": "en",
    }
    assert put.data["marketingSince"] is not None
    assert (put.data["dietary"], put.data["language"]) == (["jain"], "hi")
    withdrawn = await owner.put(path, {})
    assert (withdrawn.data["marketing"], withdrawn.data["marketingSince"]) == (False, None)
    assert (await owner.put(path, {"dietary": ["meat"]})).status == 422
    assert (await owner.put(path, {}, headers={"If-Match": '"0"'})).status == 412


async def test_favourites_come_and_go(shop: Shop) -> None:
    owner = await shop.register()
    path = f"/api/v1/customers/{owner.id}/favourites"
    product_id = (await shop.products())[0]["id"]

    for _ in range(2):
        assert (await owner.put(f"{path}/{product_id}")).status == 200
    assert [one["productId"] for one in (await owner.get(path)).data] == [product_id]

    for _ in range(2):
        assert (await owner.delete(f"{path}/{product_id}")).status == 200
    assert (await owner.get(path)).data == []
    assert (await owner.put(f"{path}/not-an-id")).status == 404


async def test_sessions_are_listed_and_ended_one_by_one_and_all_at_once(shop: Shop) -> None:
    this = await shop.customer()
    others = []
    for _ in range(3):
        shop.forget()
        others.append(await shop.customer())
    listed = (await this.get("/api/v1/auth/sessions")).data
    assert [one["current"] for one in listed] == [False, False, False, True]

    assert (await this.delete(f"/api/v1/auth/sessions/{listed[0]['id']}")).status == 200
    assert await statuses(others) == [200, 200, 401]
    again = await this.delete(f"/api/v1/auth/sessions/{listed[0]['id']}")
    assert (again.status, again.type) == (404, "session-not-found")

    assert (await this.delete("/api/v1/auth/sessions")).status == 200
    assert await statuses([*others, this]) == [401, 401, 401, 200]


async def test_nobody_ends_a_session_of_somebody_else(shop: Shop) -> None:
    owner, stranger = await shop.customer(), await shop.register()
    (session,) = (await owner.get("/api/v1/auth/sessions")).data

    assert (await stranger.delete(f"/api/v1/auth/sessions/{session['id']}")).status == 404
    assert await statuses([owner]) == [200]


async def test_head_office_finds_disables_and_enables_an_account(shop: Shop) -> None:
    admin, demo = await shop.admin(), await shop.customer()
    (found,) = (await admin.get("/api/v1/customers?q=customer@demo.test")).data
    assert found["id"] == demo.id

    disabled = await admin.put(f"/api/v1/customers/{demo.id}/access", {"disabled": True})
    assert disabled.data["disabled"] is True
    assert await statuses([demo]) == [401]
    shop.forget()
    answer = await shop.anonymous.post("/api/v1/auth/login", {"identifier": "customer@demo.test", "password": PASSWORD})
    assert (answer.status, answer.type) == (403, "account-disabled")

    assert (await admin.put(f"/api/v1/customers/{demo.id}/access", {"disabled": False})).data["disabled"] is False
    assert await statuses([demo]) == [401]
    assert await statuses([await shop.customer()]) == [200]
    own = await admin.put(f"/api/v1/customers/{admin.id}/access", {"disabled": True})
    assert (own.status, own.type) == (409, "own-account")


async def test_head_office_pages_through_all_accounts(shop: Shop) -> None:
    admin = await shop.admin()
    for _ in range(3):
        await shop.register()

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        suffix = f"&cursor={cursor}" if cursor else ""
        page = await admin.get(f"/api/v1/customers?limit=4{suffix}")
        seen += [one["id"] for one in page.data]
        cursor = page.cursor

    assert len(seen) == len(set(seen)) >= 13
    assert seen == sorted(seen, reverse=True)
    for query in ("limit=0", "limit=101", "cursor=nonsense", "q=", "unknown=1", "disabled=maybe"):
        assert (await admin.get(f"/api/v1/customers?{query}")).status == 422


async def test_staff_roles_reach_the_next_token(shop: Shop) -> None:
    chef = await shop.staff("chef")

    profile = (await chef.get(f"/api/v1/customers/{chef.id}")).data

    assert list(profile["roles"].values()) == ["chef"]
    assert profile["admin"] is False


async def test_a_new_signing_key_signs_and_the_old_one_is_still_trusted(shop: Shop) -> None:
    admin, customer = await shop.admin(), await shop.customer()
    (old,) = (await shop.anonymous.get("/.well-known/jwks.json")).body["keys"]

    rotated = await admin.post("/api/v1/auth/keys")

    keys = (await shop.anonymous.get("/.well-known/jwks.json")).body["keys"]
    assert rotated.status == 201
    assert rotated.data["keys"] == keys
    assert [key["kid"] for key in keys][1:] == [old["kid"]]
    assert all(set(key) == {"kty", "crv", "x", "kid", "alg", "use"} for key in keys)
    assert await statuses([customer]) == [200]

    shop.clock.advance(2 * SECOND)  # Verifiers ask for keys that they do not know once a second.
    shop.forget()
    assert await statuses([await shop.customer()]) == [200]

    shop.clock.advance(17 * MINUTE)
    assert [key["kid"] for key in (await shop.anonymous.get("/.well-known/jwks.json")).body["keys"]] == [keys[0]["kid"]]


async def test_signing_keys_are_replaced_by_the_clock(shop: Shop) -> None:
    (old,) = (await shop.anonymous.get("/.well-known/jwks.json")).body["keys"]

    shop.clock.advance(91 * DAY)
    await shop.settle()

    (new, retired) = (await shop.anonymous.get("/.well-known/jwks.json")).body["keys"]
    assert retired == old
    assert new["kid"] != old["kid"]


async def test_orders_and_payments_are_counted(shop: Shop) -> None:
    buyer = await shop.register()
    order = await shop.order(buyer, paymentMethod="online")
    await shop.pay(order["id"], buyer)

    profile = (await buyer.get(f"/api/v1/customers/{buyer.id}")).data

    assert (profile["orderCount"], profile["totalSpent"]) == (1, order["total"])


async def statuses(clients: list[Client]) -> list[int]:
    return [(await client.get(f"/api/v1/customers/{client.id}")).status for client in clients]


async def test_a_new_role_is_in_the_next_token_and_the_old_one_is_worthless(shop: Shop) -> None:
    demo, manager = await shop.customer(), await shop.staff("manager")
    store = await shop.store()
    path = f"/api/v1/stores/{store['id']}/staff"

    added = await manager.post(path, {"identifier": "customer@demo.test", "role": "cashier"})
    assert added.status == 201
    await shop.settle()
    assert await statuses([demo]) == [401]

    shop.forget()
    cashier = await shop.customer()
    assert (await cashier.get(f"/api/v1/customers/{cashier.id}")).data["roles"] == {store["id"]: "cashier"}

    await manager.delete(f"{path}/{added.data['id']}")
    await shop.settle()
    assert await statuses([cashier]) == [401]
    shop.forget()
    assert (await (await shop.customer()).get(f"/api/v1/customers/{demo.id}")).data["roles"] == {}


async def test_cookies_go_over_https_only_in_production(shop: Shop) -> None:
    room = shop.platform.rooms["customer"]

    assert not any("Secure" in cookie for cookie in no_cookies(room))
    assert all(cookie.endswith("; Secure") for cookie in no_cookies(replace(room, production=True)))
