"""What the loyalty service answers when others ask."""

from shikanji.contracts.loyalty import (
    BenefitsHeld,
    BenefitsReleased,
    BenefitsRetaken,
    EarnPoints,
    HoldBenefits,
    PointsMoved,
    RedeemPoints,
    ReleaseBenefits,
    RetakeBenefits,
)
from shikanji.kit.calls import Answers
from shikanji.kit.failpoints import failpoint
from shikanji.kit.service import Room
from shikanji.services.loyalty.actions import benefits, points
from shikanji.services.loyalty.errors import CouponUnknown

answers = Answers()


@answers.to(HoldBenefits)
async def hold_benefits(room: Room, call: HoldBenefits) -> BenefitsHeld:
    """One short read and no write for an order that brings nothing, while no campaign applies by itself."""
    brings_nothing = call.coupon_code is None and not call.redeem_points
    if brings_nothing and not await room.db.read(benefits.any_automatic, call.at):
        return benefits.NOTHING
    held = await room.db.write(benefits.hold_benefits, call, limited=room.rate_limits)
    if held is None:
        raise CouponUnknown
    failpoint("loyalty.hold.after_commit")
    return held


@answers.to(RetakeBenefits)
async def retake_benefits(room: Room, call: RetakeBenefits) -> BenefitsRetaken:
    return await room.db.write(benefits.retake_benefits, call.order_id, call.attempt)


@answers.to(ReleaseBenefits)
async def release_benefits(room: Room, call: ReleaseBenefits) -> BenefitsReleased:
    return BenefitsReleased(await room.db.write(benefits.release_benefits, call.order_id, call.attempt))


@answers.to(EarnPoints)
async def earn_points(room: Room, call: EarnPoints) -> PointsMoved:
    key = f"{call.by}:earn:{call.customer_id}:{call.key}"
    done = await room.db.write(points.earn_points, call.customer_id, call.points, call.reason, call.by, key)
    return PointsMoved(done.available)


@answers.to(RedeemPoints)
async def redeem_points(room: Room, call: RedeemPoints) -> PointsMoved:
    key = f"{call.by}:redeem:{call.customer_id}:{call.key}"
    done = await room.db.write(points.redeem_points, call.customer_id, call.points, call.reason, call.by, key)
    return PointsMoved(done.available)
