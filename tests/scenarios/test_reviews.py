"""A review as customers and the store live it, over HTTP: from the hand-over to the stars on the menu."""

from typing import Any

from tests.harness import Client, Counter
from tests.house.people import PICTURE
from tests.probing import until

REVIEWS = "/api/v1/reviews"
PNG = {"Content-Type": "image/png"}


async def test_what_was_received_is_reviewed_and_its_stars_stand_on_the_menu(counter: Counter) -> None:
    customer, manager = await counter.register(), await counter.staff("manager")
    order = await counter.order(customer, lines=1)
    product = order["items"][0]["productId"]
    body = {"orderId": order["id"], "productId": product, "rating": 3, "text": "Could be colder"}
    early = await customer.post(REVIEWS, body)
    assert (early.status, early.problem["type"]) == (409, "urn:shikanji:problem:not-received-yet")
    await counter.advance_status(order["id"], "preparing", "ready", "completed")
    before = await rating(counter, product)

    review = (await customer.post(REVIEWS, body)).data
    await counter.settle()

    assert (await customer.post(REVIEWS, body)).status == 409
    await until(lambda: shows(counter, product, before, +3), "the menu has the new rating")
    place = f"{REVIEWS}/{review['id']}"
    photo = (await customer.request("POST", f"{place}/photos", data=PICTURE, headers=PNG)).data
    await counter.settle()
    await until(lambda: shows(counter, product, before, 0), "what waits does not count")
    assert (await counter.anonymous.get(photo["webp"])).status == 404
    assert review["id"] in await waiting(manager)
    assert (await manager.put(f"{place}/moderation", {"status": "approved"})).status == 200
    assert (await manager.put(f"{place}/response", {"text": "It will be."})).status == 200
    await counter.settle()

    await until(lambda: shows(counter, product, before, +3), "the menu has it again")
    for form in ("webp", "avif"):
        shown = await counter.anonymous.get(photo[form])
        assert (shown.status, shown.headers["Content-Type"]) == (200, f"image/{form}")
        assert "immutable" in shown.headers["Cache-Control"]
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
    read = (await counter.anonymous.get(place)).data
    assert (read["response"]["text"], read["customerId"]) == ("It will be.", None)


async def rating(counter: Counter, product: str) -> tuple[int, float]:
    """Count and sum, as far as a mean in hundredths tells it."""
    store = (await counter.store())["id"]
    listed = (await counter.anonymous.get(f"/api/v1/products?storeId={store}&limit=100")).data
    shown: dict[str, Any] = next(each for each in listed if each["id"] == product)["rating"] or {
        "count": 0,
        "average": 0,
    }
    return shown["count"], round(shown["count"] * shown["average"])


async def shows(counter: Counter, product: str, before: tuple[int, float], stars: int) -> bool:
    """One review more than before with so many stars; none, where `stars` is 0."""
    return await rating(counter, product) == (before[0] + bool(stars), before[1] + stars)


async def waiting(manager: Client) -> list[str]:
    return [each["id"] for each in (await manager.get(f"{REVIEWS}?limit=100")).data]
