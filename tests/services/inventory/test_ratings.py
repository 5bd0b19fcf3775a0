"""What customers think of a product stands on the menu: the newest that is known, in whatever order it was told."""

from shikanji.contracts.review import RatingUpdated
from shikanji.services.inventory import service
from tests.kit.databases import OpenDatabase
from tests.kit.delivering import hearing
from tests.services.inventory.edge import Door, make_room
from tests.services.inventory.makers import SHIKANJI, STORE

ENGINES = ["sqlite", "postgres"]
hear = hearing(service.subscribers)


def rated(version: int, *stars: int, store_id: str | None = None) -> RatingUpdated:
    return RatingUpdated(
        subject_id=store_id or SHIKANJI,
        product_id=None if store_id else SHIKANJI,
        store_id=store_id,
        version=version,
        count=len(stars),
        sum=sum(stars),
        mean_hundredths=round(100 * sum(stars) / len(stars)) if stars else 0,
    )


async def test_a_product_shows_its_rating_everywhere(shelf: OpenDatabase) -> None:
    door = Door(shelf, make_room(shelf))
    before = (await door.ask("GET", f"/products/{SHIKANJI}")).data["rating"]
    await shelf.write(hear, rated(1, 5, 4, 4))

    one = (await door.ask("GET", f"/products/{SHIKANJI}")).data
    in_store = (await door.ask("GET", f"/products/{SHIKANJI}?storeId={STORE}")).data
    card = (await door.ask("GET", f"/products?storeId={STORE}")).data + (await door.ask("GET", "/products")).data

    assert before is None
    assert one["rating"] == in_store["rating"] == {"average": 4.33, "count": 3}
    assert {each["id"]: each["rating"] for each in card if each["rating"]} == {SHIKANJI: one["rating"]}


async def test_an_older_rating_changes_nothing(shelf: OpenDatabase) -> None:
    await shelf.write(hear, rated(3, 1))
    await shelf.write(hear, rated(2, 5, 5), rated(3, 1), rated(1, 5))

    assert shelf.query("SELECT version, count, sum FROM product_ratings") == [(3, 1, 1)]


async def test_a_rating_without_a_review_any_more_is_none(shelf: OpenDatabase) -> None:
    await shelf.write(hear, rated(1, 1), rated(2))

    door = Door(shelf, make_room(shelf))
    assert (await door.ask("GET", f"/products/{SHIKANJI}")).data["rating"] is None


async def test_the_rating_of_a_store_is_none_of_a_product(shelf: OpenDatabase) -> None:
    await shelf.write(hear, rated(1, 5, store_id=STORE))

    assert shelf.query("SELECT count(*) FROM product_ratings") == [(0,)]


async def test_a_new_rating_is_news_to_who_reads_and_none_to_who_edits(shelf: OpenDatabase) -> None:
    door = Door(shelf, make_room(shelf))
    unrated = (await door.ask("GET", f"/products/{SHIKANJI}")).headers["etag"]
    await shelf.write(hear, rated(1, 5))
    body = (await door.ask("GET", f"/products/{SHIKANJI}/definition", who="admin")).data

    read = await door.ask("GET", f"/products/{SHIKANJI}", if_none_match=unrated)
    again = await door.ask("GET", f"/products/{SHIKANJI}", if_none_match=read.headers["etag"])
    await shelf.write(hear, rated(2, 5, 5))
    names = {name: body[name] for name in body if name not in ("id", "slug")}
    edited = await door.ask(
        "PUT", f"/products/{SHIKANJI}", names | {"price": 9_900}, "admin", if_match=read.headers["etag"]
    )
    stale = await door.ask(
        "PUT", f"/products/{SHIKANJI}", names | {"price": 9_800}, "admin", if_match=read.headers["etag"]
    )

    assert (read.status, again.status, edited.status, stale.status) == (200, 304, 200, 412)
