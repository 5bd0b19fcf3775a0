"""The door: who reads what, what can be chosen, and what head office sends and writes."""

from pathlib import Path
from typing import Any

import pytest

from tests.services.notification.desk import Desk, open_desk
from tests.services.notification.makers import ASHA, MANAGER, ORDER, RAVI, make_order, step
from tests.services.notification.test_channels import BROWSER_AUTH, BROWSER_KEY, VAPID_PEM, b64


async def test_an_inbox_shows_what_happened_newest_first_page_by_page(desk: Desk) -> None:
    await desk.hear(make_order())
    for new in ("preparing", "ready"):
        await desk.hear(step(new))

    first = await desk.ask("GET", f"/user/{ASHA}?limit=2")
    second = await desk.ask("GET", f"/user/{ASHA}?limit=2&cursor={first.json['meta']['nextCursor']}")

    assert [each["kind"] for each in first.data] == ["order-ready", "order-preparing"]
    assert [each["kind"] for each in second.data] == ["order-confirmed"]
    assert second.json["meta"]["nextCursor"] is None
    assert first.data[0]["title"] == "Your order MGR-261122-0042 is ready"
    assert first.data[0]["body"] == "It is ready at MG Road."
    assert first.data[0]["orderId"] == ORDER


async def test_an_inbox_speaks_its_owners_language_or_the_one_that_is_asked_for(desk: Desk) -> None:
    desk.others.change(language="hi")
    await desk.hear(make_order())

    own = (await desk.ask("GET", f"/user/{ASHA}")).data[0]["title"]
    english = (await desk.ask("GET", f"/user/{ASHA}?language=en")).data[0]["title"]

    assert own == "आपका ऑर्डर MGR-261122-0042 पक्का हो गया है"
    assert english == "Your order MGR-261122-0042 is confirmed"


async def test_an_inbox_can_be_read_while_nobody_else_answers(desk: Desk) -> None:
    await desk.hear(make_order())
    desk.others.away = True

    assert (await desk.ask("GET", f"/user/{ASHA}")).data[0]["title"] == "Your order MGR-261122-0042 is confirmed"


async def test_what_was_read_is_counted_as_such(desk: Desk) -> None:
    await desk.hear(make_order(), step("preparing"), step("ready"))
    newest = (await desk.ask("GET", f"/user/{ASHA}")).data[0]
    assert (await desk.ask("GET", f"/user/{ASHA}/unread")).data == {"unread": 3}

    read = await desk.ask("PUT", f"/{newest['id']}/read")
    again = await desk.ask("PUT", f"/{newest['id']}/read")

    assert read.data["readAt"] == again.data["readAt"] is not None
    assert len((await desk.ask("GET", f"/user/{ASHA}?unread=true")).data) == 2
    assert (await desk.ask("PUT", f"/user/{ASHA}/read")).data == {"unread": 0}


@pytest.mark.parametrize("path", [f"/user/{ASHA}", f"/user/{ASHA}/unread", f"/preferences/{ASHA}"])
async def test_what_is_somebodys_own_is_nobody_elses(desk: Desk, path: str) -> None:
    assert (await desk.ask("GET", path, token="ravi")).status == 404
    assert (await desk.ask("GET", path, token=None)).status == 401
    assert (await desk.ask("GET", path, token="admin")).status == 200


async def test_nobody_marks_anothers_message_as_read(desk: Desk) -> None:
    await desk.hear(make_order())
    (mine,) = (await desk.ask("GET", f"/user/{ASHA}")).data

    assert (await desk.ask("PUT", f"/{mine['id']}/read", token="ravi")).status == 404
    assert (await desk.ask("PUT", f"/{mine['id']}/read", token="admin")).status == 404


async def test_messages_are_switched_off_and_on_again(desk: Desk) -> None:
    off = {"preferences": [{"channel": "email", "topic": "reviews", "enabled": False}]}
    changed = (await desk.ask("PUT", f"/preferences/{ASHA}", off)).data["preferences"]
    kept = (await desk.ask("GET", f"/preferences/{ASHA}")).data["preferences"]

    assert changed == kept
    assert [(each["channel"], each["topic"]) for each in kept if not each["enabled"]] == [("email", "reviews")]
    off["preferences"][0]["enabled"] = True
    back = (await desk.ask("PUT", f"/preferences/{ASHA}", off)).data["preferences"]
    assert all(each["enabled"] for each in back)


@pytest.mark.parametrize(("channel", "topic"), [("in-app", "orders"), ("in-app", "payments"), ("email", "account")])
async def test_what_happens_to_ones_orders_always_stands_in_the_app(desk: Desk, channel: str, topic: str) -> None:
    off = {"preferences": [{"channel": channel, "topic": topic, "enabled": False}]}

    refused = await desk.ask("PUT", f"/preferences/{ASHA}", off)

    assert (refused.status, refused.json["type"].rpartition(":")[2]) == (422, "cannot-be-declined")
    locked = (await desk.ask("GET", f"/preferences/{ASHA}")).data["preferences"]
    assert next(each["locked"] for each in locked if (each["channel"], each["topic"]) == (channel, topic))


async def test_head_office_writes_to_customers_once_for_a_key(desk: Desk) -> None:
    said = {"customerIds": [ASHA, RAVI, ASHA], "title": "We are closed", "text": "Until {{ noon }}."}
    key = "a-key-of-head-office"

    first = await desk.ask("POST", "/send", said, token="admin", idempotency_key=key)
    again = await desk.ask("POST", "/send", said, token="admin", idempotency_key=key)
    await desk.settle()

    assert (first.status, first.data["customers"]) == (201, 2)
    assert again.data == first.data
    assert desk.box.of("email") == ["We are closed"] * 2
    assert "Until {{ noon }}." in desk.box.sent[0].text
    assert (await desk.ask("POST", "/send", said, token="asha")).status == 403


async def test_head_office_writes_to_everybody_in_their_own_language(desk: Desk) -> None:
    desk.others.change(RAVI, language="hi")
    said = {"customerIds": [ASHA, RAVI], "title": "We are closed", "text": "Until noon."}

    await desk.ask("POST", "/send", said | {"titleHi": "हम बंद हैं", "textHi": "दोपहर तक।"}, token="admin")
    await desk.settle()

    by_recipient = {message.to[:7]: (message.subject, message.text) for message in desk.box.sent}
    assert sorted(by_recipient.values()) == [("We are closed", "Until noon."), ("हम बंद हैं", "दोपहर तक।")]
    assert (await desk.ask("GET", f"/user/{RAVI}", token="ravi")).data[0]["title"] == "हम बंद हैं"
    half = await desk.ask("POST", "/send", said | {"titleHi": "हम बंद हैं"}, token="admin")
    assert (half.status, half.field) == (422, "textHi")


async def test_a_way_that_a_kind_does_not_have_is_refused(desk: Desk) -> None:
    said = {"customerIds": [ASHA], "title": "x", "text": "y", "channels": ["sms"]}

    assert (await desk.ask("POST", "/send", said, token="admin")).status == 422


async def test_head_office_sees_what_became_of_messages_but_no_address(desk: Desk) -> None:
    await desk.hear(make_order(), make_order(ORDER[:-1] + "0", RAVI))
    await desk.settle()

    every = (await desk.ask("GET", "/log", token="admin")).data
    ashas = (await desk.ask("GET", f"/log?customerId={ASHA}", token="admin")).data
    paged = await desk.ask("GET", "/log?limit=1", token="admin")

    assert len(every) == 2
    assert [(each["kind"], each["recipient"], each["attempts"]) for each in ashas] == [
        ("order-confirmed", "as…@shop.test", 1)
    ]
    assert paged.json["meta"]["nextCursor"] is not None
    assert (await desk.ask("GET", "/log?state=failed", token="admin")).data == []
    assert (await desk.ask("GET", "/log")).status == 403


async def test_a_device_is_kept_once_and_goes_when_its_owner_says_so(tmp_path: Path) -> None:
    async with open_desk(tmp_path, vapid_private_key=VAPID_PEM, devices_max=2) as desk:
        browser = {"endpoint": "https://fcm.googleapis.com/fcm/x", "p256dh": BROWSER_KEY, "auth": b64(BROWSER_AUTH)}
        first = await desk.ask("POST", "/push/subscriptions", browser)
        again = await desk.ask("POST", "/push/subscriptions", browser)
        app = await desk.ask("POST", "/push/subscriptions", {"token": "device-token"})
        third = await desk.ask("POST", "/push/subscriptions", {"token": "another"})

        assert first.data["id"] == again.data["id"]
        assert (app.status, app.data["provider"]) == (201, "fcm")
        assert third.status == 409
        assert (await desk.ask("GET", "/push/key", token=None)).data["key"]
        path = f"/push/subscriptions/{first.data['id']}"
        assert (await desk.ask("DELETE", path, token="ravi")).status == 404
        assert (await desk.ask("DELETE", path)).status == 204
        assert [each["provider"] for each in (await desk.ask("GET", "/push/subscriptions")).data] == ["fcm"]


async def test_a_device_that_changes_hands_is_its_new_owners(desk: Desk) -> None:
    await desk.ask("POST", "/push/subscriptions", {"token": "shared-device"})
    await desk.ask("POST", "/push/subscriptions", {"token": "shared-device"}, token="ravi")

    await desk.hear(make_order())
    await desk.settle()

    assert (await desk.ask("GET", "/push/subscriptions")).data == []
    assert desk.box.of("push") == []


@pytest.mark.parametrize(
    ("p256dh", "auth", "field"),
    [
        (BROWSER_KEY[:-4], b64(BROWSER_AUTH), "p256dh"),
        ("A" * len(BROWSER_KEY), b64(BROWSER_AUTH), "p256dh"),
        ("A", b64(BROWSER_AUTH), "p256dh"),
        (BROWSER_KEY, "AAAA", "auth"),
    ],
    ids=["cut short", "no point", "one sign", "auth of three bytes"],
)
async def test_a_browser_whose_keys_are_none_is_refused_by_their_field(
    desk: Desk, p256dh: str, auth: str, field: str
) -> None:
    browser = {"endpoint": "https://fcm.googleapis.com/fcm/x", "p256dh": p256dh, "auth": auth}

    refused = await desk.ask("POST", "/push/subscriptions", browser)

    assert (refused.status, refused.field) == (422, field)


@pytest.mark.parametrize(
    "body",
    [
        {"endpoint": "https://127.0.0.1/x", "p256dh": BROWSER_KEY, "auth": "AAAA"},
        {"endpoint": "http://fcm.googleapis.com/x", "p256dh": BROWSER_KEY, "auth": "AAAA"},
        {"endpoint": "https://fcm.googleapis.com/x"},
        {"endpoint": "https://fcm.googleapis.com/x", "p256dh": BROWSER_KEY, "auth": "AAAA", "token": "t"},
        {},
    ],
)
async def test_a_push_address_that_is_none_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    assert (await desk.ask("POST", "/push/subscriptions", body)).status == 422


async def test_head_office_writes_words_and_every_version_is_kept(desk: Desk) -> None:
    path = "/templates/order-confirmed/en"
    for number in (1, 2):
        written = await desk.ask("PUT", path, {"title": f"Version {number}", "body": "Hi {{ name }}"}, token="admin")
        assert written.data["version"] == number
    await desk.hear(make_order())
    await desk.settle()

    assert desk.box.of("email") == ["Version 2"]
    assert desk.box.sent[0].text == "Hi Asha"
    kept = (await desk.ask("GET", f"{path}/versions", token="admin")).data
    assert [(each["version"], each["by"]) for each in kept] == [(2, MANAGER), (1, MANAGER)]
    listed = (await desk.ask("GET", "/templates", token="admin")).data
    versions = {(each["kind"], each["language"]): each["version"] for each in listed}
    assert (versions["order-confirmed", "en"], versions["order-confirmed", "hi"]) == (2, 0)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/templates/order-ready/en", {"title": "x", "body": "{{ name.__class__ }}"}, 422),
        ("/templates/order-ready/en", {"title": "x", "body": "{% for x in name %}{% endfor %}"}, 422),
        ("/templates/order-ready/en", {"title": "x", "body": "{% if name %}" * 60 + "y" + "{% endif %}" * 60}, 422),
        ("/templates/code-sign-in/en", {"title": "x", "body": "your code"}, 422),
        ("/templates/code-sign-in/en", {"title": "x", "body": "It is {{ code }}."}, 422),
        ("/templates/code-sign-in/en", {"title": "x", "body": "It is {{ code }}.", "sms": "Your code"}, 422),
        ("/templates/code-sign-in/en", {"title": "x", "body": "{% if name %}{{ code }}{% endif %}x", "sms": "x"}, 422),
        ("/templates/order-ready/en", {"title": "", "body": "y"}, 422),
        ("/templates/order-ready/fr", {"title": "x", "body": "y"}, 404),
        ("/templates/unknown/en", {"title": "x", "body": "y"}, 404),
    ],
)
async def test_words_that_cannot_be_used_are_refused(desk: Desk, path: str, body: dict[str, str], status: int) -> None:
    assert (await desk.ask("PUT", path, body, token="admin")).status == status
    assert (await desk.ask("POST", f"{path}/preview", body, token="admin")).status == status


async def test_a_preview_shows_sample_facts_and_keeps_nothing(desk: Desk) -> None:
    body = {"title": "Ready: {{ order }}", "body": "Hi {{ name }}", "sms": "Order {{ order }} is ready."}

    shown = (await desk.ask("POST", "/templates/order-ready/en/preview", body, token="admin")).data

    assert shown["title"] == "Ready: MGR-261122-0042"
    assert shown["sms"] == "Order MGR-261122-0042 is ready."
    assert "Hi Asha" in shown["html"]
    assert (await desk.ask("GET", "/templates/order-ready/en/versions", token="admin")).data == []


async def test_a_test_goes_to_who_asks_for_it(desk: Desk) -> None:
    sent = await desk.ask("POST", "/templates/order-confirmed/test", {"channel": "email"}, token="admin")
    await desk.settle()

    assert sent.status == 202
    assert [message.to for message in desk.box.sent] == [desk.others.contacts[MANAGER].email]
    wrong = await desk.ask("POST", "/templates/order-confirmed/test", {"channel": "sms"}, token="admin")
    assert wrong.status == 422
