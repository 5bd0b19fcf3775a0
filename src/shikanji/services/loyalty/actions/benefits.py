"""What comes off an order: held before it is written, let go when it does not come."""

from collections.abc import Iterable

import msgspec

from shikanji.contracts.loyalty import AppliedCampaign, BenefitsHeld, BenefitsRetaken, HoldBenefits
from shikanji.kit.clock import DAY
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.loyalty.actions import coupons
from shikanji.services.loyalty.actions.coupons import Found
from shikanji.services.loyalty.errors import BenefitsGone, CouponUnknown, CouponUsedByYou, CouponUsedUp
from shikanji.services.loyalty.model.campaign import Basket, Campaign
from shikanji.services.loyalty.model.holds import NO_ANSWER, Hold, Use, tombstone
from shikanji.services.loyalty.model.ledger import Cause, Slice
from shikanji.services.loyalty.model.stacking import check_points
from shikanji.services.loyalty.repository import campaigns, members, orders
from shikanji.services.loyalty.repository.members import Member
from shikanji.services.loyalty.settings import LoyaltySettings

NOTHING = BenefitsHeld(held=False)


class RanOut(Exception):
    """A campaign that applies by itself was used up by somebody else at this very moment."""

    def __init__(self, campaign_id: str) -> None:
        super().__init__(campaign_id)
        self.campaign_id = campaign_id


def any_automatic(tx: Tx, at: int) -> bool:
    return bool(campaigns.automatic(tx, at))


def hold_benefits(tx: Tx, call: HoldBenefits, *, limited: bool = True) -> BenefitsHeld | None:
    """Holds all, or nothing; the same answer when it is asked again. None: nobody knows the coupon, and the guess was
    counted, which raising would undo. Raises why the code does not count, TooManyGuesses where they are `limited`,
    TooManyPoints, InsufficientPoints, BenefitsGone."""
    # Under the member's lock: of two askers at once the second finds what the first has taken.
    member = members.locked(tx, call.customer_id)
    there = orders.find_hold(tx, call.order_id, call.attempt)
    if there is not None:
        return _answer_again(there)
    if limited and call.coupon_code is not None:
        coupons.check_guesses(tx, call.customer_id)
    try:
        held = _held(tx, call, member, frozenset())
    except CouponUnknown:
        coupons.count_guess(tx, call.customer_id)
        return None
    failpoint("loyalty.hold.before_commit")
    return held


def retake_benefits(tx: Tx, order_id: str, attempt: int) -> BenefitsRetaken:
    """What stood under an attempt before, with its frozen amounts: moved, or taken again where it was let go."""
    there = orders.locked_holds(tx, order_id)
    if own := [hold for hold in there if hold.attempt == attempt]:
        _require_standing(own[0])
        return BenefitsRetaken(held=True)
    before = [hold for hold in there if hold.attempt < attempt and not hold.is_tombstone]
    if not before:
        return BenefitsRetaken(held=False)
    old = before[-1]
    _take_over(tx, old, attempt) if old.state in ("active", "tied") else _take_again(tx, old, attempt)
    failpoint("loyalty.retake.before_commit")
    return BenefitsRetaken(held=True)


def release_benefits(tx: Tx, order_id: str, attempt: int) -> bool:
    """Lets an untied hold go, or leaves a tombstone where none came yet. False for one that an order has."""
    orders.add_hold(tx, tombstone(order_id, attempt, tx.now))
    hold = next(each for each in orders.locked_holds(tx, order_id) if each.attempt == attempt)
    if hold.state == "active":
        let_go(tx, hold)
    failpoint("loyalty.release.before_commit")
    return hold.state == "released"


def lapse(tx: Tx, order_id: str, attempt: int) -> None:
    """No order will come."""
    for hold in orders.locked_holds(tx, order_id):
        if hold.attempt == attempt and hold.state == "active":
            let_go(tx, hold)


def postpone(tx: Tx, order_id: str, attempt: int, until: int) -> None:
    """The order service could not say that no order will come: ask again later."""
    orders.postpone_hold(tx, order_id, attempt, until)


def let_go(tx: Tx, hold: Hold) -> None:
    """What was held and not spent."""
    if slices := hold.held_slices:
        member = members.locked(tx, hold.customer_id)
        ledger = member.ledger(members.lots_with(tx, hold.customer_id, [each.lot_id for each in slices]))
        until = tx.now + tx.settings(LoyaltySettings).returned_days * DAY
        ledger.give_back(slices, until, tx.new_id(), tx.now, Cause(kind="release", order_id=hold.order_id))
        members.save(tx, ledger)
    release_uses(tx, hold)
    _close(tx, hold)


def release_uses(tx: Tx, hold: Hold) -> None:
    """In the order of the campaigns' ids, as they are taken."""
    for use in sorted(hold.held_uses, key=lambda use: use.campaign_id):
        campaigns.release_usage(tx, use.campaign_id, hold.order_id, hold.attempt, hold.customer_id)


def _held(tx: Tx, call: HoldBenefits, member: Member, without: frozenset[str]) -> BenefitsHeld:
    """Of what is left without those that ran out."""
    basket = coupons.basket_of(call.lines, member, store_id=call.store_id, delivery_fee=call.delivery_fee, at=call.at)
    found = coupons.that_count(tx, call.coupon_code, member, basket, without)
    if not found and not call.redeem_points:
        return NOTHING
    try:
        with tx.savepoint():
            return _hold(tx, call, member, basket, found)
    except RanOut as ran_out:
        return _held(tx, call, member, without | {ran_out.campaign_id})


def _hold(tx: Tx, call: HoldBenefits, member: Member, basket: Basket, found: list[Found]) -> BenefitsHeld:
    discounts = _discounts(basket, found)
    settings = tx.settings(LoyaltySettings)
    points_discount = check_points(
        call.redeem_points,
        value=settings.point_value_paise,
        percent=settings.redeemable_percent,
        subtotal=basket.subtotal,
        discount=sum(discounts.values()),
    )
    for each in sorted(found, key=lambda each: each.campaign.id):
        _take_found(tx, each.campaign, member.customer_id)
    answer = BenefitsHeld(
        held=True,
        discounts=discounts,
        free_delivery=any(each.benefit.free_delivery for each in found),
        points=call.redeem_points,
        points_discount=points_discount,
        coupon_code=call.coupon_code,
        campaigns=[_applied(each, call.coupon_code) for each in found],
    )
    hold = Hold(
        order_id=call.order_id,
        attempt=call.attempt,
        customer_id=member.customer_id,
        state="active",
        points=call.redeem_points,
        returned=0,
        slices=msgspec.json.encode(_take_points(tx, member.customer_id, call.redeem_points, call.order_id)),
        uses=msgspec.json.encode([_use(each, call.coupon_code) for each in found]),
        answer=msgspec.json.encode(answer),
        held_at=tx.now,
        expires_at=tx.now + settings.hold_time,
        ended_at=None,
    )
    _add(tx, hold)
    return answer


def _add(tx: Tx, hold: Hold) -> None:
    if not orders.add_hold(tx, hold):
        # A release was faster: its tombstone stands.
        raise BenefitsGone
    for use in hold.held_uses:
        campaigns.add_usage(tx, use.campaign_id, hold.order_id, hold.attempt, hold.customer_id, use.discount)


def _take_found(tx: Tx, campaign: Campaign, customer_id: str) -> None:
    """Raises CouponUsedUp, CouponUsedByYou; RanOut for what nobody has asked for."""
    try:
        _take_use(tx, campaign.id, customer_id)
    except (CouponUsedUp, CouponUsedByYou):
        if campaign.draft.automatic:
            raise RanOut(campaign.id) from None
        raise


def _take_use(tx: Tx, campaign_id: str, customer_id: str) -> None:
    """Checked and taken in one statement each: no limit is ever passed."""
    if not campaigns.take_one(tx, campaign_id):
        raise CouponUsedUp
    if not campaigns.take_for(tx, campaign_id, customer_id):
        raise CouponUsedByYou


def _take_points(tx: Tx, customer_id: str, points: int, order_id: str) -> list[Slice]:
    if not points:
        return []
    ledger = members.locked(tx, customer_id).ledger(members.open_lots(tx, customer_id))
    slices = ledger.take(points, tx.now, Cause(kind="hold", order_id=order_id))
    members.save(tx, ledger)
    return slices


def _take_over(tx: Tx, old: Hold, attempt: int) -> None:
    fresh = _again(tx, old, attempt, old.slices)
    if not orders.add_hold(tx, fresh):
        raise BenefitsGone
    for use in old.held_uses:
        campaigns.move_usage(tx, use.campaign_id, old.order_id, old.attempt, attempt)
    _close(tx, old)


def _take_again(tx: Tx, old: Hold, attempt: int) -> None:
    slices = _take_points(tx, old.customer_id, old.points, old.order_id)
    for use in sorted(old.held_uses, key=lambda use: use.campaign_id):
        _take_use(tx, use.campaign_id, old.customer_id)
    _add(tx, _again(tx, old, attempt, msgspec.json.encode(slices)))


def _again(tx: Tx, old: Hold, attempt: int, slices: bytes) -> Hold:
    return msgspec.structs.replace(
        old,
        attempt=attempt,
        state="active",
        slices=slices,
        returned=0,
        held_at=tx.now,
        expires_at=tx.now + tx.settings(LoyaltySettings).hold_time,
        ended_at=None,
    )


def _close(tx: Tx, hold: Hold) -> None:
    hold.state, hold.ended_at, hold.slices, hold.answer = "released", tx.now, b"[]", NO_ANSWER
    orders.save_hold(tx, hold)


def _answer_again(hold: Hold) -> BenefitsHeld:
    if not hold.answer:
        raise _gone(hold)
    return hold.held_answer


def _require_standing(hold: Hold) -> None:
    if hold.state not in ("active", "tied", "spent"):
        raise _gone(hold)


def _gone(hold: Hold) -> BenefitsGone:
    return BenefitsGone(f"order {hold.order_id}, attempt {hold.attempt}")


def _discounts(basket: Basket, found: Iterable[Found]) -> dict[str, int]:
    """By line, those above 0."""
    sums = [0] * len(basket.lines)
    for each in found:
        sums = [less + more for less, more in zip(sums, each.benefit.discounts, strict=True)]
    return {line.line_id: discount for line, discount in zip(basket.lines, sums, strict=True) if discount}


def _applied(found: Found, code: str | None) -> AppliedCampaign:
    campaign = found.campaign
    return AppliedCampaign(
        campaign_id=campaign.id,
        name=campaign.draft.name,
        code=_code(found, code),
        discount=found.benefit.discount,
    )


def _use(found: Found, code: str | None) -> Use:
    return Use(
        campaign_id=found.campaign.id,
        type=found.campaign.draft.type,
        code=_code(found, code),
        discount=found.benefit.discount,
        bonus_points=found.benefit.bonus_points,
        bonus_percent=found.benefit.bonus_percent,
        referrer_id=found.referrer_id,
        reward_points=found.campaign.draft.reward_points if found.referrer_id else 0,
    )


def _code(found: Found, code: str | None) -> str | None:
    """The customer's own writing is the coupon's, and nobody's who applied by himself."""
    return None if found.campaign.draft.automatic else code
