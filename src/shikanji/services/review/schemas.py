"""The shapes of the review service's HTTP edge."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shikanji.contracts.review import ReviewStatus
from shikanji.kit.clock import to_rfc3339
from shikanji.kit.web.fields import Id
from shikanji.kit.web.pages import PageQuery
from shikanji.services.review.model.photo import FORMATS, Photo
from shikanji.services.review.model.rating import Rating
from shikanji.services.review.model.review import Decision, Purchase, Refusal, Review, Said
from shikanji.services.review.repository.reviews import Response, Sort

TEXT_LENGTH_MAX = 2_000
_PLAIN = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$(?!\n)"
_PRINTABLE = {"pattern": "text without control characters; lines end with a line feed"}
_SAID = r"^(?=[\s\S]*\S)[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$(?!\n)"
_PRINTABLE_SAID = {"pattern": "text without control characters, more than blanks; lines end with a line feed"}
Stars = Annotated[int, Meta(ge=1, le=5)]
Text = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX, pattern=_PLAIN, extra=_PRINTABLE)]
Answer = Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX, pattern=_SAID, extra=_PRINTABLE_SAID)]
Note = Annotated[str, Meta(max_length=500, pattern=_PLAIN, extra=_PRINTABLE)]


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What goes out."""


class SubmitReview(In, frozen=True, kw_only=True):
    """Without a product it is about the order as a whole, and counts for its store."""

    order_id: Id
    product_id: Id | None = None
    rating: Stars
    text: Text = ""


class EditReview(In, frozen=True, kw_only=True):
    rating: Stars
    text: Text = ""


class Moderate(In, frozen=True, kw_only=True):
    status: Literal["approved", "rejected"]
    reason: Refusal | None = None
    """For a rejected one, and only there."""
    note: Note = ""
    """For those who moderate."""


class Respond(In, frozen=True, kw_only=True):
    text: Answer


class ListReviews(PageQuery, frozen=True, kw_only=True):
    sort: Sort = "newest"
    rating: Stars | None = None
    with_photos: bool = False


class ListToModerate(PageQuery, frozen=True, kw_only=True):
    status: ReviewStatus = "pending"
    store_id: Id | None = None


class PhotoView(Out, frozen=True, kw_only=True):
    """Where its files are; the name never means another picture."""

    id: str
    width: int
    height: int
    avif: str
    webp: str


class ResponseView(Out, frozen=True, kw_only=True):
    text: str
    at: str


class ReviewView(Out, frozen=True, kw_only=True):
    """What is null from `orderId` on is for its author and those who moderate. Everybody sees approved reviews only."""

    id: str
    product_id: str | None
    store_id: str
    rating: int
    text: str
    photos: list[PhotoView]
    response: ResponseView | None
    created_at: str
    updated_at: str
    order_id: str | None = None
    customer_id: str | None = None
    status: ReviewStatus | None = None
    reasons: list[str] | None = None
    """Why it waits, or why it is rejected."""


class DecisionView(Out, frozen=True, kw_only=True):
    status: ReviewStatus
    reasons: list[str]
    note: str
    by: str
    at: str


class RatingView(Out, frozen=True, kw_only=True):
    average: float
    """Rounded to hundredths; 0 without a review."""
    count: int
    distribution: list[int]
    """How many gave one star, two, … five."""


class ToReview(Out, frozen=True, kw_only=True):
    product_id: str | None
    """null: the order as a whole."""
    review_id: str | None
    """What was written of it already."""


class ReceivedView(Out, frozen=True, kw_only=True):
    order_id: str
    store_id: str
    until: str
    """Till when it can be reviewed."""
    items: list[ToReview]


def said_of(body: SubmitReview | EditReview) -> Said:
    return Said(rating=body.rating, text=body.text)


def review_view(review: Review, photos: list[Photo], response: Response | None, *, whole: bool) -> ReviewView:
    """`whole`: for its author and those who moderate."""
    return ReviewView(
        id=review.id,
        product_id=review.product_id,
        store_id=review.store_id,
        rating=review.rating,
        text=review.text,
        photos=[photo_view(photo) for photo in photos],
        response=None if response is None else ResponseView(text=response.text, at=to_rfc3339(response.at)),
        created_at=to_rfc3339(review.created_at),
        updated_at=to_rfc3339(review.updated_at),
        order_id=review.order_id if whole else None,
        customer_id=review.customer_id if whole else None,
        status=review.status if whole else None,
        reasons=review.reasons if whole else None,
    )


def photo_view(photo: Photo) -> PhotoView:
    places = {form: f"/api/v1/reviews/{photo.review_id}/photos/{photo.id}/{form}" for form in FORMATS}
    return PhotoView(id=photo.id, width=photo.width, height=photo.height, **places)


def decision_view(decision: Decision) -> DecisionView:
    return DecisionView(
        status=decision.status,
        reasons=decision.reasons,
        note=decision.note,
        by=decision.by,
        at=to_rfc3339(decision.at),
    )


def rating_view(rating: Rating) -> RatingView:
    return RatingView(average=rating.mean_hundredths / 100, count=rating.count, distribution=rating.distribution)


def received_view(purchase: Purchase, reviewed: dict[str | None, str], until: int) -> ReceivedView:
    subjects: list[str | None] = [None, *purchase.product_ids]
    return ReceivedView(
        order_id=purchase.order_id,
        store_id=purchase.store_id,
        until=to_rfc3339(until),
        items=[ToReview(product_id=each, review_id=reviewed.get(each)) for each in subjects],
    )
