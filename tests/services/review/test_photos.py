"""Photos as rows and files: whatever breaks off on the way, no file is forgotten and none is missing."""

import pytest

from shikanji.kit.clock import MINUTE
from shikanji.kit.jobs import Job
from shikanji.services.review import service
from shikanji.services.review.actions import photos, reviews
from shikanji.services.review.errors import ManyPhotos, PhotoNotFound, ReviewNotFound, TooManyPhotos
from shikanji.services.review.model.photo import Photo
from shikanji.services.review.repository import reviews as stored
from shikanji.services.review.settings import ReviewSettings
from tests.kit.databases import OpenDatabase
from tests.services.review.edge import Door
from tests.services.review.makers import check_ratings, rating, said, submit
from tests.services.review.pictures import picture

ENGINES = ["sqlite", "postgres"]


async def begin(base: OpenDatabase, review_id: str, source: str = "a") -> Photo:
    return await base.write(
        photos.begin_photo, review_id, source=source, avif=f"{source}-a", webp=f"{source}-w", width=8, height=4
    )


async def sweep(door: Door) -> None:
    await service.jobs.works["sweep-photos"](door.room, Job("sweep-photos", "", 0, b"", 1, ""))


async def test_a_photo_sends_its_review_back_to_be_looked_at(base: OpenDatabase) -> None:
    review = await submit(base)

    changed = await base.write(photos.keep_photo, review.id, (await begin(base, review.id)).id)

    assert (changed.status, changed.reasons, changed.photos, rating(base)) == ("pending", ["photo"], 1, (0, 0))
    check_ratings(base)


async def test_why_else_a_review_waits_is_not_lost_over_its_photos(base: OpenDatabase) -> None:
    review = await submit(base, text="www.example.in")
    for source in ("a", "b"):
        review = await base.write(photos.keep_photo, review.id, (await begin(base, review.id, source)).id)

    assert (review.reasons, review.photos) == (["link", "photo"], 2)
    edited = await base.write(reviews.edit_review, review.id, said(5, "Good."), None)
    assert (edited.status, edited.reasons) == ("pending", ["photo"])


@pytest.mark.parametrize(("text", "status"), [("Good.", "approved"), ("www.example.in", "pending")])
async def test_without_its_photos_a_review_waits_for_what_else_it_says_only(
    base: OpenDatabase, text: str, status: str
) -> None:
    review = await submit(base, text=text)
    kept = [await begin(base, review.id, source) for source in ("a", "b")]
    for photo in kept:
        await base.write(photos.keep_photo, review.id, photo.id)

    await base.write(photos.remove_photo, review.id, kept[0].id)
    assert (await base.read(stored.find, review.id)).status == "pending"
    await base.write(photos.remove_photo, review.id, kept[1].id)

    found = await base.read(stored.find, review.id)
    assert (found.status, found.reasons) == (status, [] if status == "approved" else ["link"])
    assert rating(base)[0] == (1 if status == "approved" else 0)
    check_ratings(base)


async def test_what_is_being_stored_counts_too(base: OpenDatabase) -> None:
    review = await submit(base)
    for number in range(ReviewSettings().photos_per_review):
        await begin(base, review.id, str(number))

    with pytest.raises(TooManyPhotos):
        await begin(base, review.id, "one more")


async def test_one_picture_is_taken_once_however_often_it_is_sent(base: OpenDatabase) -> None:
    review = await submit(base)
    photo, again = await begin(base, review.id), await begin(base, review.id)
    for _ in range(2):
        review = await base.write(photos.keep_photo, review.id, photo.id)

    known = await base.write(photos.admit_photo, review.id, "a", limited=True)

    assert photo.id == again.id
    assert known is not None
    assert (known.id, known.state) == (photo.id, "stored")
    assert (review.photos, review.version) == (1, 2)


async def test_who_sends_too_many_in_a_day_goes_on_tomorrow(base: OpenDatabase) -> None:
    review = await submit(base)
    for _ in range(ReviewSettings().photos_per_day):
        await base.write(photos.admit_photo, review.id, "a", limited=True)

    with pytest.raises(ManyPhotos):
        await base.write(photos.admit_photo, review.id, "a", limited=True)
    await base.write(photos.admit_photo, review.id, "a", limited=False)
    await submit(base, 2)


async def test_files_of_what_broke_off_or_went_are_deleted_and_no_others(base: OpenDatabase) -> None:
    door = Door(base)
    kept, deleted = await door.submit(1), await door.submit(2)
    for review in (kept, deleted):
        await door.ask("POST", f"/{review['id']}/photos", picture(), "asha", content_type="image/jpeg")
    broken = await begin(base, kept["id"], "broken")
    await door.room.files.put(broken.key("avif"), b"half of it")
    await base.write(reviews.delete_review, deleted["id"], "asha", None)

    await sweep(door)
    assert len(door.files) == 5
    base.clock.advance(16 * MINUTE)
    await sweep(door)

    (photo,) = (await door.ask("GET", f"/{kept['id']}", who="asha")).data["photos"]
    assert len(door.files) == 2
    assert all(photo["id"] in name for name in door.files)
    assert base.query("SELECT count(*) FROM review_photos") == [(1,)]
    with pytest.raises(PhotoNotFound):
        await base.write(photos.keep_photo, kept["id"], broken.id)


async def test_a_photo_that_is_ready_too_late_is_not_kept(base: OpenDatabase) -> None:
    review = await submit(base)
    photo = await begin(base, review.id)
    await base.write(reviews.delete_review, review.id, "asha", None)

    with pytest.raises(ReviewNotFound):
        await base.write(photos.keep_photo, review.id, photo.id)


async def test_a_photo_that_is_there_is_never_given_up(base: OpenDatabase) -> None:
    review = await submit(base)
    photo = await begin(base, review.id)
    await base.write(photos.keep_photo, review.id, photo.id)

    assert not await base.write(photos.give_up_photo, photo.id)
