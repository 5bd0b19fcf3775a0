"""What happens to orders by the clock, and what is asked outside without a client waiting."""

from shikanji.kit.clock import DAY
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Problem
from shikanji.kit.failpoints import failpoint
from shikanji.kit.ids import first_id
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.order import actions, repository
from shikanji.services.order.actions import RELEASE, REVIVE, Release
from shikanji.services.order.checkout import definite, give_back, hold_again
from shikanji.services.order.model.order import COMPLETION, PAYMENT_WINDOW
from shikanji.services.order.settings import OrderSettings

FORGOTTEN_AT_ONCE = 500

jobs = Jobs()


@jobs.timer(PAYMENT_WINDOW)
def end_payment_window(tx: Tx, job: Job) -> None:
    actions.time_out_order(tx, job.key)


@jobs.timer(COMPLETION)
def complete(tx: Tx, job: Job) -> None:
    actions.complete_order(tx, job.key)


@jobs.work(RELEASE)
async def release(room: Room, job: Job) -> None:
    """What a refused checkout or revival may still hold elsewhere."""
    await give_back(room, job.load(Release))


@jobs.work(REVIVE)
async def revive(room: Room, job: Job) -> None:
    """Late money: the order comes back with all it needs, or its money goes back. Until one of the two is certain the
    job is run again; the number under which it asks stays the same, so that asking twice takes once."""
    found = await room.db.read(actions.find_open_revival, job.key)
    if found is None:
        return
    order, revival = found
    failpoint("order.revive.before_holds")
    if room.clock.now() > revival.until:
        await room.db.write(actions.refuse_revival, job, order.id, "the money came too late")
        return
    try:
        estimated_at = await hold_again(room, order, revival.attempt)
    except Problem as problem:
        if not definite(problem):
            raise
        await room.db.write(actions.refuse_revival, job, order.id, problem.detail)
        return
    failpoint("order.revive.after_holds")
    await room.db.write(actions.revive_order, job, order.id, estimated_at)


@jobs.every("forget-tracking", seconds=3_600)
async def forget_tracking(room: Room, job: Job) -> None:
    """Where couriers were is nobody's business any more; a few orders at a time."""
    before = first_id(room.clock.now() - room.settings(OrderSettings).tracking_days * DAY)
    while await room.db.write(repository.forget_points, before, FORGOTTEN_AT_ONCE):
        pass
