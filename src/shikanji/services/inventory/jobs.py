"""What the inventory service does by the clock."""

from shikanji.contracts.order import AskHoldOwner
from shikanji.kit.clock import MINUTE
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.inventory import actions
from shikanji.services.inventory.model.holds import Hold
from shikanji.services.inventory.repository import holds

SWEEP_SECONDS = 60
SWEPT_MAX = 200
ASKED_AGAIN_AFTER = MINUTE

jobs = Jobs()


@jobs.every("sweep-holds", seconds=SWEEP_SECONDS)
async def sweep_holds(room: Room, job: Job) -> None:
    """Holds whose order did not come in time. One sweep looks at the longest waiting; one per order would cost every
    order two rows for what hardly ever happens."""
    for hold in await room.db.read(holds.lapsed, SWEPT_MAX):
        await _lapse(room, hold)


async def _lapse(room: Room, hold: Hold) -> None:
    """Lets it go only on a definite answer that no order will come; an order service that does not answer ends the
    sweep, and the next one begins again."""
    owner = await room.calls.ask(AskHoldOwner(order_id=hold.order_id, attempt=hold.attempt, held_at=hold.held_at))
    if owner.never:
        await room.db.write(actions.lapse, hold.order_id, hold.attempt)
    else:
        until = room.clock.now() + ASKED_AGAIN_AFTER
        await room.db.write(actions.postpone, hold.order_id, hold.attempt, until)
