"""What the review service does by the clock."""

from shikanji.kit.ids import first_id
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.review.actions import photos
from shikanji.services.review.actions.photos import SETTLED_AFTER
from shikanji.services.review.model.photo import FORMATS
from shikanji.services.review.repository import photos as kept
from shikanji.services.review.repository import purchases, refused
from shikanji.services.review.settings import ReviewSettings

HOURLY = 3_600
SWEEP_SECONDS = 600
ROWS_MAX = 500

jobs = Jobs()


@jobs.every("forget-purchases", seconds=HOURLY)
async def forget_purchases(room: Room, job: Job) -> None:
    """What cannot be reviewed any more, a few at a time."""
    before = first_id(room.clock.now() - room.settings(ReviewSettings).window)
    for forget in (purchases.forget_before, refused.forget_before):
        while await room.db.write(forget, before, ROWS_MAX) == ROWS_MAX:
            pass


@jobs.every("sweep-photos", seconds=SWEEP_SECONDS)
async def sweep_photos(room: Room, job: Job) -> None:
    """Deletes the files that no review has: removed ones, and those of a request that broke off."""
    for photo in await room.db.read(kept.to_settle, room.clock.now() - SETTLED_AFTER, ROWS_MAX):
        if await room.db.write(photos.give_up_photo, photo.id):
            for form in FORMATS:
                await room.files.delete(photo.key(form))
            await room.db.write(kept.delete, photo.id)
