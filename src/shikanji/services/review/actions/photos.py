"""Photos of a review. Their row says what lies in the files store before anything does, so that nothing is forgotten
there."""

from shikanji.kit.clock import MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.services.review.actions.reviews import move_rating, seconds_of_day_left
from shikanji.services.review.errors import ManyPhotos, PhotoNotFound, TooManyPhotos
from shikanji.services.review.model.photo import Photo
from shikanji.services.review.model.review import Review
from shikanji.services.review.repository import photos, ratings, reviews
from shikanji.services.review.settings import ReviewSettings

SETTLED_AFTER = 15 * MINUTE
"""No request lives so long: whose files are not all there by then, or went then, has none that is being written."""


def admit_photo(tx: Tx, review_id: str, source: str, *, limited: bool) -> Photo | None:
    """Before any work is put into it: the photo itself where the review has it already. Raises ReviewNotFound, TooLate,
    TooManyPhotos, ManyPhotos."""
    review, known = _with_room(tx, review_id, source)
    if known is not None and known.state == "stored":
        return known
    if limited and not ratings.take_photo(tx, review.customer_id, tx.settings(ReviewSettings).photos_per_day):
        raise ManyPhotos(retry_after_seconds=seconds_of_day_left(tx))
    return None


def begin_photo(tx: Tx, review_id: str, *, source: str, avif: str, webp: str, width: int, height: int) -> Photo:
    """Its files may be written from now on. One that broke off on its way goes on. Raises as `admit_photo`."""
    _, known = _with_room(tx, review_id, source)
    if known is not None and (known.avif, known.webp) == (avif, webp):
        if known.state == "storing":
            photos.come_to(tx, known, "storing")
        return known
    photo = Photo(tx.new_id(), review_id, source, avif, webp, width, height, "storing", tx.now)
    photos.add(tx, photo)
    return photo


def keep_photo(tx: Tx, review_id: str, photo_id: str) -> Review:
    """Its files are written: the review has it, and waits to be looked at. Raises ReviewNotFound, PhotoNotFound."""
    review = reviews.locked(tx, review_id)
    photo = photos.locked(tx, photo_id)
    if photo is None or photo.state == "gone":
        raise PhotoNotFound
    if photo.state == "storing":
        photos.come_to(tx, photo, "stored")
        counted = review.counted
        review.add_photo(tx.now)
        reviews.save(tx, review)
        move_rating(tx, review, counted)
    return review


def remove_photo(tx: Tx, review_id: str, photo_id: str) -> None:
    """By the review's author. Raises ReviewNotFound, TooLate, PhotoNotFound."""
    review = reviews.locked(tx, review_id)
    review.check_editable(tx.now, tx.settings(ReviewSettings).edit_time)
    photos.come_to(tx, photos.find(tx, review_id, photo_id), "gone")
    counted = review.counted
    review.remove_photo(tx.now)
    reviews.save(tx, review)
    move_rating(tx, review, counted)


def give_up_photo(tx: Tx, photo_id: str) -> bool:
    """Whether its files are to be deleted: it went, or has waited for them too long."""
    photo = photos.locked(tx, photo_id)
    if photo is None or photo.state == "stored":
        return False
    if photo.state == "storing":
        photos.come_to(tx, photo, "gone")
    return True


def _with_room(tx: Tx, review_id: str, source: str) -> tuple[Review, Photo | None]:
    """The review, and what it has of this picture."""
    settings = tx.settings(ReviewSettings)
    review = reviews.locked(tx, review_id)
    review.check_editable(tx.now, settings.edit_time)
    there = photos.of_review(tx, review_id)
    known = next((photo for photo in there if photo.source == source), None)
    if known is None and len(there) >= settings.photos_per_review:
        raise TooManyPhotos(f"At most {settings.photos_per_review}.")
    return review, known
