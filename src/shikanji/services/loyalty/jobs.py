"""What happens to points and holds by the clock."""

from shikanji.contracts.customer import AskBirthdays
from shikanji.contracts.order import AskHoldOwner
from shikanji.kit.clock import DAY, MINUTE, to_datetime
from shikanji.kit.db.tx import Tx
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.loyalty.actions import benefits, points, referrals
from shikanji.services.loyalty.actions.referrals import REFERRAL, REFERRAL_BACK, Reward
from shikanji.services.loyalty.model.holds import Hold
from shikanji.services.loyalty.repository import members
from shikanji.services.loyalty.repository.orders import lapsed_holds
from shikanji.services.loyalty.settings import LoyaltySettings

SWEEP_SECONDS = 60
SWEPT_MAX = 200
ASKED_AGAIN_AFTER = MINUTE
MEMBERS_MAX = 500
HOURLY = 3_600

jobs = Jobs()


@jobs.timer(REFERRAL)
def reward_referrer(tx: Tx, job: Job) -> None:
    referrals.reward_referrer(tx, job.load(Reward))


@jobs.timer(REFERRAL_BACK)
def take_reward_back(tx: Tx, job: Job) -> None:
    referrals.take_reward_back(tx, job.load(Reward))


@jobs.every("sweep-benefits", seconds=SWEEP_SECONDS)
async def sweep_benefits(room: Room, job: Job) -> None:
    """Holds whose order did not come in time, the longest waiting first."""
    for hold in await room.db.read(lapsed_holds, SWEPT_MAX):
        await _lapse(room, hold)


@jobs.every("expire-points", seconds=HOURLY)
async def expire_points(room: Room, job: Job) -> None:
    """Lots whose time is over; each member in a transaction of its own."""
    while found := await room.db.read(members.members_with_ended_lots, room.clock.now(), MEMBERS_MAX):
        for customer_id in found:
            await room.db.write(points.expire_points, customer_id)


@jobs.every("review-tiers", seconds=HOURLY)
async def review_tiers(room: Room, job: Job) -> None:
    """Once a day each member above the lowest tier: what was earned more than a year ago counts no more."""
    while found := await room.db.read(members.above_bronze, room.clock.now() - DAY, MEMBERS_MAX):
        for customer_id in found:
            await room.db.write(points.review_tier_of, customer_id)


@jobs.every("birthdays", seconds=HOURLY)
async def birthdays(room: Room, job: Job) -> None:
    """Points for everyone whose birthday is today; once a year, however often it is looked."""
    settings = room.settings(LoyaltySettings)
    today = to_datetime(room.clock.now()).astimezone(settings.zone).date()
    after = ""
    while settings.birthday_points:
        found = (await room.calls.ask(AskBirthdays(day=today.isoformat(), after=after))).account_ids
        for customer_id in found:
            await room.db.write(points.give_birthday_points, customer_id, today.year)
        if not found:
            return
        after = found[-1]


async def _lapse(room: Room, hold: Hold) -> None:
    """Lets it go only on a definite answer that no order will come; an order service that does not answer ends the
    sweep, and the next one begins again."""
    owner = await room.calls.ask(AskHoldOwner(order_id=hold.order_id, attempt=hold.attempt, held_at=hold.held_at))
    if owner.never:
        await room.db.write(benefits.lapse, hold.order_id, hold.attempt)
    else:
        until = room.clock.now() + ASKED_AGAIN_AFTER
        await room.db.write(benefits.postpone, hold.order_id, hold.attempt, until)
