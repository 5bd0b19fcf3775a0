"""Photos of a review."""

from shikanji.kit.errors import Forbidden
from shikanji.kit.failpoints import failpoint
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.review.actions import photos
from shikanji.services.review.errors import (
    ManyPhotos,
    NoPicture,
    PhotoNotFound,
    PictureTooLarge,
    ReviewNotFound,
    TooLate,
    TooManyPhotos,
)
from shikanji.services.review.model.photo import Format
from shikanji.services.review.pictures import BYTES_MAX, MEDIA_TYPES, digest_of, remake
from shikanji.services.review.repository import photos as kept
from shikanji.services.review.routes.declared import routes
from shikanji.services.review.routes.views import own_review, visible_review
from shikanji.services.review.schemas import PhotoView, photo_view
from shikanji.services.review.settings import ReviewSettings

PIXELS = 1_000_000
KEPT = "public, max-age=604800, immutable"


@routes.post(
    "/api/v1/reviews/{id}/photos",
    raw_body=True,
    consumes=MEDIA_TYPES,
    body_bytes_max=BYTES_MAX,
    returns=PhotoView,
    status=201,
    who=Who.SIGNED_IN,
    raises=[
        ReviewNotFound,
        Forbidden,
        TooLate,
        TooManyPhotos,
        NoPicture,
        PictureTooLarge,
        ManyPhotos,
    ],
)
async def add_photo(room: Room, incoming: Incoming[None, None]) -> PhotoView:
    """Adds a photo to one's review: the body is the picture itself, up to 8 MB.

    It is kept smaller, upright and without what else was in the file; the review waits until somebody has looked at it.
    The same picture again is the same photo."""
    review = await own_review(room, incoming)
    source = await room.compute.run(digest_of, incoming.raw)
    known = await room.db.write(photos.admit_photo, review.id, source, limited=room.rate_limits)
    if known is not None:
        return photo_view(known)
    settings = room.settings(ReviewSettings)
    picture = await room.compute.run(
        remake, incoming.raw, pixels_max=settings.photo_megapixels_max * PIXELS, side=settings.photo_pixels
    )
    photo = await room.db.write(
        photos.begin_photo,
        review.id,
        source=source,
        avif=digest_of(picture.avif),
        webp=digest_of(picture.webp),
        width=picture.width,
        height=picture.height,
    )
    failpoint("review.photo.before_files")
    await room.files.put(photo.key("avif"), picture.avif)
    await room.files.put(photo.key("webp"), picture.webp)
    failpoint("review.photo.after_files")
    await room.db.write(photos.keep_photo, review.id, photo.id)
    return photo_view(photo)


@routes.delete(
    "/api/v1/reviews/{id}/photos/{photoId}",
    status=204,
    who=Who.SIGNED_IN,
    raises=[ReviewNotFound, PhotoNotFound, Forbidden, TooLate],
)
async def remove_photo(room: Room, incoming: Incoming[None, None]) -> None:
    """Takes a photo out of one's review."""
    review = await own_review(room, incoming)
    await room.db.write(photos.remove_photo, review.id, incoming.path["photoId"])


@routes.get(
    "/api/v1/reviews/{id}/photos/{photoId}/avif",
    who=Who.ANYONE,
    produces="image/avif",
    own_caching=True,
    editable=True,
    raises=[ReviewNotFound, PhotoNotFound],
)
async def get_avif(room: Room, incoming: Incoming[None, None]) -> Reply:
    """A photo as AVIF."""
    return await _file(room, incoming, "avif")


@routes.get(
    "/api/v1/reviews/{id}/photos/{photoId}/webp",
    who=Who.ANYONE,
    produces="image/webp",
    own_caching=True,
    editable=True,
    raises=[ReviewNotFound, PhotoNotFound],
)
async def get_webp(room: Room, incoming: Incoming[None, None]) -> Reply:
    """A photo as WebP."""
    return await _file(room, incoming, "webp")


async def _file(room: Room, incoming: Incoming[None, None], form: Format) -> Reply:
    """Everybody may keep it where everybody may see it."""
    review = await visible_review(room, incoming)
    photo = await room.db.read(kept.find, review.id, incoming.path["photoId"])
    content = await room.files.get(photo.key(form))
    if content is None:
        raise PhotoNotFound
    return Reply(
        data=content,
        content_type=f"image/{form}",
        etag=etag(photo.digest(form)),
        headers={"Cache-Control": KEPT} if review.status == "approved" else None,
    )
