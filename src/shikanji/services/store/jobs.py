"""What the store service does by the clock."""

from shikanji.contracts.order import AskHoldOwner
from shikanji.kit.errors import Unavailable
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.store import actions
from shikanji.services.store.model.slots import PlaceKey

jobs = Jobs()


@jobs.work(actions.LAPSE)
async def lapse_place(room: Room, job: Job) -> None:
    """A place that no order claimed lapses, but only on a definite answer; without one the job comes again."""
    key = job.load(PlaceKey)
    owner = await room.calls.ask(AskHoldOwner(order_id=key.order_id, attempt=key.attempt, held_at=key.taken_at))
    if not owner.written and not owner.never:
        raise Unavailable("the order may still be written")
    await room.db.write(actions.settle_place, job, key, owner)


@jobs.every("purge-slots", seconds=6 * 3600)
async def purge_slots(room: Room, job: Job) -> None:
    """Places of long past slots are nobody's business any more."""
    await room.db.write(actions.purge_slots)
