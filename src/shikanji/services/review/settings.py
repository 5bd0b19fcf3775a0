"""What an operator may set of the review service: `SHIKANJI_REVIEW_<FIELD>`."""

from typing import Annotated

import msgspec

from shikanji.kit.clock import DAY


class ReviewSettings(msgspec.Struct, frozen=True, kw_only=True):
    window_days: Annotated[int, msgspec.Meta(ge=1, le=730)] = 60
    """How long after it was placed an order can be reviewed."""
    edit_days: Annotated[int, msgspec.Meta(ge=0, le=730)] = 30
    """How long a review that was looked at can still be changed by its author; one that waits always can."""
    approve_clean: bool = True
    """Whether a review is shown at once when the first look at its text finds nothing; no: somebody looks at each."""
    reviews_per_day: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    """How many reviews one customer may write in a day."""
    photos_per_day: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 30
    """How many photos one customer may send in a day."""
    photos_per_review: Annotated[int, msgspec.Meta(ge=0, le=20)] = 5
    """How many photos a review has at most; 0: none."""
    photo_megapixels_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 40
    """Of a photo as it comes."""
    photo_pixels: Annotated[int, msgspec.Meta(ge=200, le=4_000)] = 1_600
    """The longer side of a photo as it is kept."""

    @property
    def window(self) -> int:
        return self.window_days * DAY

    @property
    def edit_time(self) -> int:
        return self.edit_days * DAY
