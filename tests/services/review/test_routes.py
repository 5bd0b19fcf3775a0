"""The HTTP edge: who may do what, what is shown to whom, what is refused."""

from typing import Any

import pytest

from shikanji.services.review.settings import ReviewSettings
from tests.services.review.edge import Door, ids_of
from tests.services.review.makers import (
    ASHA,
    LASSI,
    NOWHERE,
    RAVI,
    SHIKANJI,
    check_ratings,
    deliver,
    delivered,
    order,
    rating,
)
from tests.services.review.pictures import bomb, opened, picture

PNG = {"content_type": "image/png"}
REJECT = {"status": "rejected", "reason": "spam"}


async def test_what_was_received_is_reviewed_by_who_bought_it(door: Door) -> None:
    await deliver(door.base, delivered(1))
    body = {"productId": LASSI, "orderId": order(1), "rating": 4, "text": "Thick."}

    stranger = await door.ask("POST", "", body, "ravi")
    made = await door.ask("POST", "", body, "asha")
    again = await door.ask("POST", "", body, "asha")

    assert (stranger.status, made.status, again.status) == (404, 201, 409)
    assert door.orders.asked == 0
    assert made.data["status"] == "approved"
    assert (made.data["customerId"], made.data["orderId"], made.headers["etag"]) == (ASHA, order(1), '"1"')


async def test_an_order_that_is_not_known_yet_is_asked_for(door: Door) -> None:
    door.orders.know(order(1), "delivered")
    door.orders.know(order(2), "dispatched")
    door.orders.know(order(3), "completed", RAVI)

    async def submit(number: int, product: str | None = SHIKANJI) -> tuple[int, str]:
        body = {"orderId": order(number), "rating": 4} | ({"productId": product} if product else {})
        answer = await door.ask("POST", "", body, "asha")
        return answer.status, answer.json.get("type", "").rpartition(":")[2]

    assert await submit(1) == (201, "")
    assert await submit(1, None) == (201, "")
    assert await submit(1, LASSI) == (409, "not-bought")
    assert await submit(2) == (409, "not-received-yet")
    assert await submit(3) == await submit(4) == (404, "order-not-found")


async def test_one_sees_what_of_an_order_can_be_reviewed(door: Door) -> None:
    await deliver(door.base, delivered(1))
    made = await door.ask("POST", "", {"productId": LASSI, "orderId": order(1), "rating": 4}, "asha")

    seen = await door.ask("GET", f"/order/{order(1)}", who="asha")

    assert seen.data["items"] == [
        {"productId": None, "reviewId": None},
        {"productId": SHIKANJI, "reviewId": None},
        {"productId": LASSI, "reviewId": made.data["id"]},
    ]
    assert (await door.ask("GET", f"/order/{order(1)}", who="ravi")).status == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": None}, "rating"),
        ({"orderId": "1"}, "orderId"),
        ({"productId": "x"}, "productId"),
        ({"text": "a\x07b"}, "text"),
        ({"text": "a" * 2_001}, "text"),
        ({"text": "4111 1111 1111 1111"}, "text"),
        ({"status": "approved"}, "status"),
    ],
)
async def test_a_review_of_the_wrong_shape_names_its_field(door: Door, wrong: dict[str, Any], field: str) -> None:
    door.orders.know(order(1), "completed")

    answer = await door.ask("POST", "", {"orderId": order(1), "rating": 4, "text": "Good."} | wrong, "asha")

    assert (answer.status, answer.field) == (422, field)
    assert door.base.events() == []


async def test_what_waits_is_seen_by_its_author_and_its_store_only(door: Door) -> None:
    review = await door.submit(text="www.example.in")
    path = f"/{review['id']}"

    seen = {who: (await door.ask("GET", path, who=who)).status for who in (None, "ravi", "manager of other")}
    assert set(seen.values()) == {404}
    for who in ("asha", "manager", "support", "chef", "admin"):
        assert (await door.ask("GET", path, who=who)).data["reasons"] == ["link"]
    assert await ids_of(door, f"/product/{SHIKANJI}") == []

    approved = await door.ask("PUT", f"{path}/moderation", {"status": "approved"}, "support")

    assert (approved.status, approved.data["status"]) == (200, "approved")
    shown = (await door.ask("GET", path)).data
    assert (shown["rating"], shown["status"], shown["customerId"], shown["orderId"]) == (5, None, None, None)
    assert await ids_of(door, f"/product/{SHIKANJI}") == [review["id"]]


# method, path, body, who may, who may not
GUARDED: list[tuple[str, str, Any, str, tuple[str, ...]]] = [
    ("PUT", "", {"rating": 1}, "asha", ("ravi", "manager", "admin")),
    ("DELETE", "", None, "asha", ("ravi", "manager", "support")),
    ("DELETE", "", None, "admin", ("ravi", "manager", "support")),
    ("PUT", "/moderation", REJECT, "manager", ("asha", "ravi", "chef", "manager of other")),
    ("PUT", "/moderation", REJECT, "admin", ("asha",)),
    ("GET", "/moderation", None, "support", ("asha", "ravi", "chef", "manager of other")),
    ("PUT", "/response", {"text": "Thank you!"}, "manager", ("asha", "ravi", "chef", "manager of other")),
    ("PUT", "/response", {"text": "Thank you!"}, "support", ("asha",)),
    ("POST", "/photos", picture("PNG"), "asha", ("ravi", "manager", "admin")),
]


@pytest.mark.parametrize(("method", "path", "body", "may", "may_not"), GUARDED)
async def test_only_who_may_does(
    door: Door, method: str, path: str, body: Any, may: str, may_not: tuple[str, ...]
) -> None:
    review = await door.submit()
    kind = PNG if path == "/photos" else {}
    told = len(door.base.events())

    assert (await door.ask(method, f"/{review['id']}{path}", body, **kind)).status == 401
    for who in may_not:
        assert (await door.ask(method, f"/{review['id']}{path}", body, who, **kind)).status == 403
        assert (await door.ask(method, f"/{NOWHERE}{path}", body, may, **kind)).status == 404
    assert len(door.base.events()) == told

    assert (await door.ask(method, f"/{review['id']}{path}", body, may, **kind)).status in (200, 201, 204)


async def test_a_rejection_has_a_reason_and_an_approval_none(door: Door) -> None:
    review = await door.submit()

    for body in ({"status": "rejected"}, {"status": "approved", "reason": "spam"}, {"status": "pending"}):
        assert (await door.ask("PUT", f"/{review['id']}/moderation", body, "manager")).status == 422
    rejected = await door.ask("PUT", f"/{review['id']}/moderation", REJECT | {"note": "of a rival"}, "manager")

    assert rejected.data["status"] == "rejected"
    (last, first) = (await door.ask("GET", f"/{review['id']}/moderation", who="admin")).data
    assert (last["by"], last["note"], last["reasons"]) == ("manager", "of a rival", ["spam"])
    assert (first["by"], first["status"]) == ("system", "approved")
    author = (await door.ask("GET", f"/{review['id']}", who="asha")).data
    assert (author["status"], author["reasons"]) == ("rejected", ["spam"])


async def test_the_stores_answer_stands_with_the_review(door: Door) -> None:
    review = await door.submit()
    answered = await door.ask("PUT", f"/{review['id']}/response", {"text": "Thank you!"}, "manager")

    assert answered.data["response"]["text"] == "Thank you!"
    ((shown),) = (await door.ask("GET", f"/product/{SHIKANJI}")).data
    assert shown["response"]["text"] == "Thank you!"
    gone = await door.ask("DELETE", f"/{review['id']}/response", who="manager")
    assert gone.status == 204
    assert (await door.ask("GET", f"/{review['id']}")).data["response"] is None
    assert (await door.ask("DELETE", f"/{review['id']}/response", who="manager")).status == 404


async def test_an_answer_says_something(door: Door) -> None:
    review = await door.submit()

    answered = await door.ask("PUT", f"/{review['id']}/response", {"text": " \n "}, "manager")

    assert (answered.status, answered.field) == (422, "text")


async def test_a_photo_is_shown_once_somebody_has_looked_at_it(door: Door) -> None:
    review = await door.submit()
    added = await door.ask("POST", f"/{review['id']}/photos", picture("PNG"), "asha", **PNG)
    places = [added.data[form].removeprefix("/api/v1/reviews") for form in ("avif", "webp")]

    assert added.status == 201
    assert (added.data["width"], added.data["height"]) == (80, 40)
    assert rating(door.base) == (0, 0)
    for place in places:
        assert (await door.ask("GET", place)).status == 404
        mine = await door.ask("GET", place, who="asha")
        assert (mine.status, mine.headers.get("cache-control")) == (200, None)
    await door.ask("PUT", f"/{review['id']}/moderation", {"status": "approved"}, "manager")

    for place, form in zip(places, ("AVIF", "WEBP"), strict=True):
        shown = await door.ask("GET", place)
        assert shown.headers["content-type"] == f"image/{form.lower()}"
        assert "immutable" in shown.headers["cache-control"]
        assert opened(shown.body).format == form
        assert (await door.ask("GET", place, if_none_match=shown.headers["etag"])).status == 304
    (listed,) = (await door.ask("GET", f"/product/{SHIKANJI}?withPhotos=true")).data
    assert [photo["id"] for photo in listed["photos"]] == [added.data["id"]]
    assert len(door.files) == 2
    check_ratings(door.base)


async def test_photos_have_an_end(door: Door) -> None:
    review, most = await door.submit(), ReviewSettings().photos_per_review
    path = f"/{review['id']}/photos"

    for width in range(most):
        assert (await door.ask("POST", path, picture("PNG", (20 + width, 20)), "asha", **PNG)).status == 201
    more = await door.ask("POST", path, picture("PNG", (90, 20)), "asha", **PNG)
    assert (more.status, more.json["type"]) == (409, "urn:shikanji:problem:too-many-photos")
    photos = (await door.ask("GET", f"/{review['id']}", who="asha")).data["photos"]
    assert (await door.ask("DELETE", f"{path}/{photos[0]['id']}", who="ravi")).status == 404
    assert (await door.ask("DELETE", f"{path}/{photos[0]['id']}", who="asha")).status == 204
    assert (await door.ask("DELETE", f"{path}/{photos[0]['id']}", who="asha")).status == 404
    again = await door.ask("POST", path, picture("PNG", (21, 20)), "asha", **PNG)
    assert (again.status, again.data) == (201, photos[1])
    assert (await door.ask("POST", path, picture("PNG", (90, 20)), "asha", **PNG)).status == 201


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "image/svg+xml", 415),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "image/png", 422),
        (picture("GIF"), "image/png", 422),
        (b"%PDF-1.7", "image/jpeg", 422),
        (bomb(50_000, 50_000), "image/png", 413),
        (b"x" * ((8 << 20) + 1), "image/png", 413),
    ],
)
async def test_a_file_that_lies_about_itself_changes_nothing(door: Door, body: bytes, kind: str, status: int) -> None:
    review = await door.submit()

    answer = await door.ask("POST", f"/{review['id']}/photos", body, "asha", content_type=kind)

    assert answer.status == status
    assert door.files == set()
    assert (await door.ask("GET", f"/{review['id']}", who="asha")).data["status"] == "approved"
