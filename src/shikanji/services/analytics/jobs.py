"""What happens to figures by the clock."""

from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.analytics.actions import moving, rebuilding, visits
from shikanji.services.analytics.actions.naming import MOVE_ORDERS, MovedStore
from shikanji.services.analytics.repository import customers

ORDERS_MAX = 500
SEGMENTS_SECONDS = 3_600
FORGET_SECONDS = 3_600
REBUILD_SECONDS = 60

jobs = Jobs()


@jobs.every("count-segments", seconds=SEGMENTS_SECONDS)
async def count_segments(room: Room, job: Job) -> None:
    """Customers move between segments by doing nothing, too. The look at all of them holds up nobody."""
    await room.db.write(customers.replace_segments, await room.db.read(customers.count_segments))


@jobs.every("forget-visits", seconds=FORGET_SECONDS)
async def forget_visits(room: Room, job: Job) -> None:
    """What clients told is of use for some time only; the funnel stays."""
    while await room.db.write(visits.forget):
        pass


@jobs.every("rebuild", seconds=REBUILD_SECONDS)
async def rebuild(room: Room, job: Job) -> None:
    """Goes on with what a command has begun and left."""
    while (await room.db.write_patiently(rebuilding.go_on)).reached is not None:
        pass


@jobs.work(MOVE_ORDERS)
async def move_orders(room: Room, job: Job) -> None:
    """A store has told its time zone when orders of it were counted already: they count on the days of its clock."""
    moved: MovedStore | None = job.load(MovedStore)
    while moved is not None:
        moved = await room.db.write(moving.move_orders, moved, ORDERS_MAX)
