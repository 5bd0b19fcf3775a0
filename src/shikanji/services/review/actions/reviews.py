"""Writing, changing and judging reviews. The rating that follows is moved in the same transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from shikanji.kit.clock import DAY, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.ids import made_at
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.review.errors import ManyReviews, NoResponse, OrderNotFound, TooLate
from shikanji.services.review.model.rating import steps
from shikanji.services.review.model.review import Purchase, Refusal, Review, Said
from shikanji.services.review.model.screening import Finding, clean, fingerprint, look_at
from shikanji.services.review.repository import photos, purchases, ratings, refused, reviews
from shikanji.services.review.repository.reviews import Response
from shikanji.services.review.settings import ReviewSettings


def submit_review(
    tx: Tx, customer_id: str, purchase: Purchase, product_id: str | None, said: Said, *, limited: bool
) -> Review:
    """`purchase`: what was received, as it is known here or as the order service says. Raises OrderNotFound for another
    customer's, TooLate, ManyReviews, NotBought, AlreadyReviewed."""
    if purchase.customer_id != customer_id:
        raise OrderNotFound
    settings = tx.settings(ReviewSettings)
    if tx.now > reviewable_until(tx, purchase.order_id):
        raise TooLate(f"An order can be reviewed for {settings.window_days} days.")
    if limited and not ratings.take_review(tx, customer_id, settings.reviews_per_day):
        raise ManyReviews(retry_after_seconds=seconds_of_day_left(tx))
    why_wait = _why_wait(tx, said, "")
    if refused.is_there(tx, purchase.order_id, product_id):
        why_wait.append("refused")
    review = Review.submit(tx.new_id(), purchase, product_id, _cleaned(said), why_wait, tx.now)
    reviews.add(tx, review)
    tx.record(*review.told)
    move_rating(tx, review, None)
    failpoint("review.submit.before_commit")
    return review


def edit_review(tx: Tx, review_id: str, said: Said, if_match: str | None) -> Review:
    """By its author. Raises ReviewNotFound, PreconditionFailed, TooLate."""
    with _changing(tx, review_id, if_match) as review:
        review.check_editable(tx.now, tx.settings(ReviewSettings).edit_time)
        review.edit(_cleaned(said), _why_wait(tx, said, review_id), tx.now)
    return review


def moderate_review(
    tx: Tx,
    review_id: str,
    status: Literal["approved", "rejected"],
    reason: Refusal | None,
    note: str,
    by: str,
    if_match: str | None,
) -> Review:
    """Raises ReviewNotFound, PreconditionFailed."""
    with _changing(tx, review_id, if_match) as review:
        review.moderate(status, reason, note, by, tx.now)
        failpoint("review.moderate.before_commit")
    return review


def delete_review(tx: Tx, review_id: str, by: str, if_match: str | None) -> None:
    """With all that belongs to it; its photos' files are deleted later. That it was refused is remembered: written
    again it waits. Raises ReviewNotFound, PreconditionFailed."""
    review = reviews.locked(tx, review_id)
    require_match(if_match, etag(review.version))
    if review.distrusted or by != review.customer_id:
        refused.add(tx, review.order_id, review.product_id)
    photos.let_go_of_review(tx, review_id)
    reviews.delete(tx, review_id)
    _move(tx, review, review.counted, None)


def respond(tx: Tx, review_id: str, text: str, by: str, if_match: str | None) -> Review:
    """What the store says to it, in place of what it said before. Raises ReviewNotFound, PreconditionFailed."""
    with _changing(tx, review_id, if_match) as review:
        reviews.respond(tx, Response(review_id, clean(text), by, tx.now))
        review.be_answered()
    return review


def take_response_back(tx: Tx, review_id: str, if_match: str | None) -> None:
    """Raises ReviewNotFound, NoResponse, PreconditionFailed."""
    with _changing(tx, review_id, if_match) as review:
        if not reviews.take_response_back(tx, review_id):
            raise NoResponse
        review.be_answered()


def keep_purchases(tx: Tx, received: list[Purchase]) -> None:
    """Those that can still be reviewed."""
    purchases.add(tx, [each for each in received if tx.now <= reviewable_until(tx, each.order_id)])


def reviewable_until(tx: Tx, order_id: str) -> int:
    return made_at(order_id) + tx.settings(ReviewSettings).window


def seconds_of_day_left(tx: Tx) -> int:
    return (DAY - tx.now % DAY) // SECOND + 1


def move_rating(tx: Tx, review: Review, counted: int | None) -> None:
    """`counted`: the stars that counted before the review changed."""
    _move(tx, review, counted, review.counted)


@contextmanager
def _changing(tx: Tx, review_id: str, if_match: str | None) -> Iterator[Review]:
    """The review, locked; saved, and its rating moved, where it has changed at the end."""
    review = reviews.locked(tx, review_id)
    require_match(if_match, etag(review.version))
    version, counted = review.version, review.counted
    yield review
    if review.version != version:
        reviews.save(tx, review)
        move_rating(tx, review, counted)


def _move(tx: Tx, review: Review, before: int | None, after: int | None) -> None:
    if before != after:
        tx.record(ratings.move(tx, review.subject, steps(before, after)).updated())


def _cleaned(said: Said) -> Said:
    return Said(rating=said.rating, text=clean(said.text))


def _why_wait(tx: Tx, said: Said, review_id: str) -> list[Finding]:
    findings = look_at(said.text)
    mark = fingerprint(said.text)
    if mark and reviews.is_alike(tx, mark, review_id):
        findings.append("repeated")
    if not findings and not tx.settings(ReviewSettings).approve_clean:
        findings.append("unread")
    return findings
