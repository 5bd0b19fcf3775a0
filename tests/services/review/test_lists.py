"""Lists of reviews: who sees which, in which order, page by page."""

from tests.services.review.edge import Door, ids_of
from tests.services.review.makers import ASHA, HERE, NOWHERE, OTHER, SHIKANJI

ENGINES = ["sqlite", "postgres"]


async def test_each_sees_the_queue_of_the_own_stores(door: Door) -> None:
    waiting = [(await door.submit(number, text=f"www.example{number}.in"))["id"] for number in (1, 2)]
    await door.submit(3)

    assert await ids_of(door, "", "manager") == await ids_of(door, "", "admin") == waiting
    assert await ids_of(door, f"?storeId={HERE}", "support") == waiting
    assert await ids_of(door, "", "manager of other") == []
    assert await ids_of(door, f"?storeId={OTHER}", "admin") == []
    assert len(await ids_of(door, "?status=approved", "manager")) == 1
    for who, path in (("chef", ""), ("asha", ""), ("manager of other", f"?storeId={HERE}")):
        assert (await door.ask("GET", path, who=who)).status == 403
    first = await door.ask("GET", "?limit=1", who="manager")
    rest = await door.ask("GET", f"?limit=1&cursor={first.json['meta']['nextCursor']}", who="manager")
    assert [first.data[0]["id"], rest.data[0]["id"]] == waiting
    assert rest.json["meta"]["nextCursor"] is None


async def test_the_reviews_of_a_product_come_in_pages_as_one_likes(door: Door) -> None:
    stars = [3, 5, 1, 5, 4]
    made = [(await door.submit(number, rating=count))["id"] for number, count in enumerate(stars)]

    async def listed(query: str) -> list[int]:
        found, cursor = [], ""
        while True:
            answer = await door.ask("GET", f"/product/{SHIKANJI}?limit=2{query}{cursor}")
            found += [made.index(each["id"]) for each in answer.data]
            if answer.json["meta"]["nextCursor"] is None:
                return found
            cursor = f"&cursor={answer.json['meta']['nextCursor']}"

    assert await listed("") == [4, 3, 2, 1, 0]
    assert await listed("&sort=highest") == [3, 1, 4, 0, 2]
    assert await listed("&sort=lowest") == [2, 0, 4, 3, 1]
    assert await listed("&rating=5") == [3, 1]
    assert await listed("&withPhotos=true") == []
    assert (await door.ask("GET", f"/product/{SHIKANJI}?sort=helpful")).status == 422
    assert (await door.ask("GET", f"/product/{SHIKANJI}?sort=highest&cursor=WyJhIl0")).status == 422
    summary = (await door.ask("GET", f"/product/{SHIKANJI}/summary")).data
    assert summary == {"average": 3.6, "count": 5, "distribution": [1, 0, 1, 1, 2]}
    nobody = (await door.ask("GET", f"/product/{NOWHERE}/summary")).data
    assert nobody == {"average": 0.0, "count": 0, "distribution": [0] * 5}


async def test_a_review_of_an_order_is_its_stores(door: Door) -> None:
    made = await door.submit(1, productId=None, rating=2)

    assert await ids_of(door, f"/store/{HERE}") == [made["id"]]
    assert (await door.ask("GET", f"/store/{HERE}/summary")).data["average"] == 2.0
    assert await ids_of(door, f"/product/{SHIKANJI}") == []


async def test_a_customer_sees_all_that_he_wrote_and_nobody_else_does(door: Door) -> None:
    shown, waiting = await door.submit(1), await door.submit(2, text="www.example.in")

    assert await ids_of(door, f"/customer/{ASHA}", "asha") == [waiting["id"], shown["id"]]
    assert await ids_of(door, f"/customer/{ASHA}", "admin") == [waiting["id"], shown["id"]]
    for who in ("ravi", "manager"):
        assert (await door.ask("GET", f"/customer/{ASHA}", who=who)).status == 404
