"""Which campaigns count for a customer and a cart, and how many unknown codes somebody may try."""

import re
from collections.abc import Collection

import msgspec

from shikanji.contracts.inventory import PricedLine
from shikanji.kit.clock import HOUR, SECOND
from shikanji.kit.db.tx import Tx
from shikanji.services.loyalty.errors import (
    CouponNewOnly,
    CouponOwn,
    CouponUnknown,
    CouponUsedByYou,
    CouponUsedUp,
    TooManyGuesses,
)
from shikanji.services.loyalty.model.campaign import (
    CODE_PATTERN,
    Basket,
    Benefit,
    Campaign,
    Segment,
    benefit,
    refusal_of,
)
from shikanji.services.loyalty.model.stacking import choose
from shikanji.services.loyalty.repository import campaigns, members
from shikanji.services.loyalty.repository.members import Member
from shikanji.services.loyalty.settings import LoyaltySettings

_FORM = re.compile(CODE_PATTERN)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign that counts; `referrer_id`: whose own code it was."""

    benefit: Benefit
    referrer_id: str | None = None

    @property
    def campaign(self) -> Campaign:
        return self.benefit.campaign


def check_guesses(tx: Tx, customer_id: str) -> None:
    """Raises TooManyGuesses for one who has tried too many unknown coupons within the hour. Under the member's lock:
    of guesses at the same moment each finds those before it."""
    if campaigns.guesses(tx, customer_id, tx.now // HOUR) >= tx.settings(LoyaltySettings).guesses_per_hour:
        raise TooManyGuesses("Try again later.", retry_after_seconds=(HOUR - tx.now % HOUR) // SECOND + 1)


def count_guess(tx: Tx, customer_id: str) -> None:
    campaigns.add_guess(tx, customer_id, tx.now // HOUR)


def basket_of(lines: list[PricedLine], member: Member, *, store_id: str, delivery_fee: int, at: int) -> Basket:
    been: Segment = "returning" if member.ordered else "new"
    return Basket(
        store_id=store_id, lines=lines, delivery_fee=delivery_fee, segments=frozenset({been, member.tier}), at=at
    )


def that_count(tx: Tx, code: str | None, member: Member, basket: Basket, without: Collection[str]) -> list[Found]:
    """The campaigns that count, by the rules of stacking; `without`: ids of those that are just used up. Raises why the
    code does not."""
    coupon = None
    if code is not None:
        campaign, referrer_id = find_coupon(tx, code, member, basket.at)
        check_limits(tx, campaign, member.customer_id)
        coupon = Found(benefit=benefit(campaign, basket), referrer_id=referrer_id)
    automatic = [
        benefit(campaign, basket)
        for campaign in campaigns.automatic(tx, basket.at)
        if campaign.id not in without
        and refusal_of(campaign, basket) is None
        and _within_limits(tx, campaign, member.customer_id)
    ]
    chosen = choose(coupon.benefit if coupon else None, automatic)
    return [coupon if coupon and each is coupon.benefit else Found(benefit=each) for each in chosen]


def find_coupon(tx: Tx, code: str, member: Member, at: int) -> tuple[Campaign, str | None]:
    """The campaign of the code, and who brings a new customer by it. Raises CouponUnknown, and for a member's code why
    it does not count for this one."""
    if not _FORM.fullmatch(code):
        raise CouponUnknown
    campaign = campaigns.find_by_code(tx, code)
    return (campaign, None) if campaign is not None else _referral(tx, code, member, at)


def check_limits(tx: Tx, campaign: Campaign, customer_id: str) -> None:
    draft = campaign.draft
    if draft.usage_limit is not None and campaign.used >= draft.usage_limit:
        raise CouponUsedUp
    most = draft.uses_each
    if most is not None and campaigns.used_by(tx, campaign.id, customer_id) >= most:
        raise CouponUsedByYou(f"It counts {most} time{'s' if most > 1 else ''} for each customer.")


def _within_limits(tx: Tx, campaign: Campaign, customer_id: str) -> bool:
    try:
        check_limits(tx, campaign, customer_id)
    except (CouponUsedUp, CouponUsedByYou):
        return False
    return True


def _referral(tx: Tx, code: str, member: Member, at: int) -> tuple[Campaign, str]:
    referrer, campaign = members.find_by_code(tx, code), campaigns.referral(tx, at)
    if referrer is None or campaign is None:
        raise CouponUnknown
    if referrer.customer_id == member.customer_id:
        raise CouponOwn
    if member.ordered:
        raise CouponNewOnly
    return campaign, referrer.customer_id
