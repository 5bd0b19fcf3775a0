"""Photos of a review. Their row says what lies in the files store before anything does, so that nothing is forgotten
there."""

from shikanji.kit.clock import MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.services.review.actions.reviews import seconds_of_day_left
from shikanji.services.review.errors import ManyPhotos, PhotoNotFound, SamePhoto, TooManyPhotos
from shikanji.services.review.model.photo import Photo
from shikanji.services.review.model.rating import steps
from shikanji.services.review.model.review import Review
from shikanji.services.review.repository import photos, ratings, reviews
from shikanji.services.review.settings import ReviewSettings

SETTLED_AFTER = 15 * MINUTE
"""No request lives so long: whose files are not all there by then, or went then, has none that is being written."""


def admit_photo(tx: Tx, review_id: str, *, limited: bool) -> None:
    """Before any work is put into it. Raises ReviewNotFound, TooLate, TooManyPhotos, ManyPhotos."""
    review = _with_room(tx, review_id)
    if limited and not ratings.take_photo(tx, review.customer_id, tx.settings(ReviewSettings).photos_per_day):
        raise ManyPhotos(retry_after_seconds=seconds_of_day_left(tx))


def begin_photo(tx: Tx, review_id: str, *, source: str, avif: str, webp: str, width: int, height: int) -> Photo:
    """Its files may be written from now on. Raises ReviewNotFound, TooLate, TooManyPhotos, SamePhoto."""
    _with_room(tx, review_id)
    if any(photo.source == source for photo in photos.of_review(tx, review_id)):
        raise SamePhoto
    photo = Photo(tx.new_id(), review_id, source, avif, webp, width, height, "storing", tx.now)
    photos.add(tx, photo)
    return photo


def keep_photo(tx: Tx, review_id: str, photo_id: str) -> Review:
    """Its files are written: the review has it, and waits to be looked at. Raises ReviewNotFound, PhotoNotFound."""
    review = reviews.locked(tx, review_id)
    photo = photos.locked(tx, photo_id)
    if photo is None or photo.state != "storing":
        raise PhotoNotFound
    photos.come_to(tx, photo, "stored")
    counted = review.counted
    review.add_photo(tx.now)
    reviews.save(tx, review)
    if counted is not None:
        tx.record(ratings.move(tx, review.subject, steps(counted, review.counted)).updated())
    return review


def remove_photo(tx: Tx, review_id: str, photo_id: str) -> None:
    """By the review's author. Raises ReviewNotFound, TooLate, PhotoNotFound."""
    review = reviews.locked(tx, review_id)
    review.check_editable(tx.now, tx.settings(ReviewSettings).edit_time)
    photos.come_to(tx, photos.find(tx, review_id, photo_id), "gone")
    review.remove_photo(tx.now)
    reviews.save(tx, review)


def give_up_photo(tx: Tx, photo_id: str) -> bool:
    """Whether its files are to be deleted: it went, or has waited for them too long."""
    photo = photos.locked(tx, photo_id)
    if photo is None or photo.state == "stored":
        return False
    if photo.state == "storing":
        photos.come_to(tx, photo, "gone")
    return True


def _with_room(tx: Tx, review_id: str) -> Review:
    settings = tx.settings(ReviewSettings)
    review = reviews.locked(tx, review_id)
    review.check_editable(tx.now, settings.edit_time)
    if len(photos.of_review(tx, review_id)) >= settings.photos_per_review:
        raise TooManyPhotos(f"At most {settings.photos_per_review}.")
    return review
