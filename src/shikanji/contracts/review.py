"""What the review service tells."""

from typing import ClassVar, Literal

import msgspec

from shikanji.kit.events import Event

ReviewStatus = Literal["pending", "approved", "rejected"]


class ReviewSubmitted(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "review_id"
    review_id: str
    product_id: str | None
    """None: it is about the order as a whole, and so about its store."""
    order_id: str
    store_id: str
    customer_id: str
    rating: int
    status: ReviewStatus


class RatingUpdated(Event, frozen=True, kw_only=True):
    """What approved reviews make of a product, or of a store: the whole state, so that only the newest counts."""

    aggregate: ClassVar[str] = "subject_id"
    complete: ClassVar[bool] = True
    subject_id: str
    """The product's id or the store's."""
    product_id: str | None
    store_id: str | None
    version: int
    """Counts the changes of this rating."""
    count: int
    sum: int
    mean_hundredths: int
    """467: 4.67 stars; 0 without a review."""
    distribution: list[int] = msgspec.field(default_factory=list)
    """How many gave one star, two, … five."""
