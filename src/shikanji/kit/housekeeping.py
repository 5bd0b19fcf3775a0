"""What the kit itself does by the clock in every service. Published events and inbox ids are kept: only the audit has
them forgotten, for it has matched them with every subscriber (`kit.db.retention`)."""

from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.kit.web.idempotency import forget_expired

FORGET_ANSWERS = "kit.forget-answers"
PERIOD_SECONDS = 3_600


def with_housekeeping(jobs: Jobs) -> Jobs:
    """A service's jobs and the kit's own; the declaration that the service made stays as it is."""
    joined = Jobs()
    joined.timers.update(jobs.timers)
    joined.works.update(jobs.works)
    joined.periods.update(jobs.periods)
    joined.every(FORGET_ANSWERS, seconds=PERIOD_SECONDS)(_forget_answers)
    return joined


async def _forget_answers(room: Room, job: Job) -> None:
    """Stored answers to idempotency keys live seven days."""
    while await room.db.write(forget_expired):
        pass
