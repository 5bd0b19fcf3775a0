"""What approved reviews make of a product, or of a store: counts of whole stars, so that nothing is rounded away."""

from typing import Literal

import msgspec

from shikanji.contracts.review import RatingUpdated

STARS = (1, 2, 3, 4, 5)

Kind = Literal["product", "store"]


class Subject(msgspec.Struct, frozen=True):
    """What a rating is of: a review of a product counts for the product, one of an order for its store."""

    kind: Kind
    id: str


class Rating(msgspec.Struct, frozen=True):
    """The columns of its row, in their order; `sum` adds the stars of all `count` reviews."""

    id: str
    kind: Kind
    version: int
    count: int
    sum: int
    one: int
    two: int
    three: int
    four: int
    five: int

    @property
    def distribution(self) -> list[int]:
        return [self.one, self.two, self.three, self.four, self.five]

    @property
    def mean_hundredths(self) -> int:
        """Rounded half up; 0 without a review."""
        return (200 * self.sum + self.count) // (2 * self.count) if self.count else 0

    def updated(self) -> RatingUpdated:
        return RatingUpdated(
            subject_id=self.id,
            product_id=self.id if self.kind == "product" else None,
            store_id=self.id if self.kind == "store" else None,
            version=self.version,
            count=self.count,
            sum=self.sum,
            mean_hundredths=self.mean_hundredths,
            distribution=self.distribution,
        )


def nothing(subject: Subject) -> Rating:
    """The rating of what nobody has reviewed."""
    return Rating(subject.id, subject.kind, 0, 0, 0, 0, 0, 0, 0, 0)


def steps(before: int | None, after: int | None) -> list[int]:
    """By how much the count of one star, of two, … changes when a review counts otherwise; None: it does not count."""
    return [(stars == after) - (stars == before) for stars in STARS]
