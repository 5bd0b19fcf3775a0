"""Why the review service refuses."""

from shikanji.kit.errors import Conflict, Invalid, NotFound, TooLarge, TooManyRequests


class ReviewNotFound(NotFound):
    type, title = "review-not-found", "No such review"


class OrderNotFound(NotFound):
    type, title = "order-not-found", "No such order"


class PhotoNotFound(NotFound):
    type, title = "photo-not-found", "No such photo"


class NotReceivedYet(Conflict):
    type, title = "not-received-yet", "Only what was received can be reviewed"


class NotBought(Conflict):
    type, title = "not-bought", "Only what was bought can be reviewed"


class TooLate(Conflict):
    type, title = "review-window-over", "The time for this is over"


class AlreadyReviewed(Conflict):
    type, title = "already-reviewed", "This was reviewed already"


class TooManyPhotos(Conflict):
    type, title = "too-many-photos", "No more photos fit to this review"


class NoResponse(NotFound):
    type, title = "response-not-found", "Nobody has responded"


class ManyReviews(TooManyRequests):
    type, title = "too-many-reviews", "Too many reviews in a day"


class ManyPhotos(TooManyRequests):
    type, title = "too-many-photos-today", "Too many photos in a day"


class NoPicture(Invalid):
    type, title = "no-picture", "This is not a picture that can be read"


class PictureTooLarge(TooLarge):
    type, title = "picture-too-large", "The picture has too many pixels"
