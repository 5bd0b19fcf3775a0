"""The shapes of the loyalty service's HTTP edge. Points are whole, amounts in paise."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shikanji.contracts.loyalty import CampaignType, Tier
from shikanji.kit.clock import from_datetime, to_rfc3339
from shikanji.kit.web.fields import Id, Paise
from shikanji.kit.web.pages import PageQuery
from shikanji.services.loyalty.actions.campaigns import Verdict
from shikanji.services.loyalty.actions.points import Standing
from shikanji.services.loyalty.model.campaign import (
    NAMES,
    Campaign,
    CampaignDraft,
    Code,
    Count,
    DiscountType,
    Few,
    Ids,
    Segment,
)
from shikanji.services.loyalty.model.ledger import Kind
from shikanji.services.loyalty.model.tiers import TierRule, next_rule
from shikanji.services.loyalty.repository.members import TierChange, Transaction
from shikanji.services.loyalty.settings import LoyaltySettings

Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", extra={"pattern": "more than blanks"})]
Points = Annotated[int, Meta(ge=1, le=1_000_000)]
MoreOrLess = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
Moment = Annotated[datetime, Meta(tz=True)]
Value = Annotated[int, Meta(ge=0, le=10**9)]
Reward = Annotated[int, Meta(ge=0, le=1_000_000)]
ENDINGS_SHOWN = 20


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What goes out."""


class MovePoints(In, frozen=True, kw_only=True):
    customer_id: Id
    points: Points
    reason: Reason


class AdjustPoints(In, frozen=True, kw_only=True):
    """More, or with a minus fewer."""

    customer_id: Id
    points: MoreOrLess
    reason: Reason


class CampaignIn(In, frozen=True, kw_only=True):
    """`value`: percent, paise, or for a loyalty bonus points. Empty lists: all. Without a code it is `automatic`: it
    applies by itself; a referral's codes are its members' own. A bogo gives `getQuantity` for each `buyQuantity`."""

    name: NAMES
    type: CampaignType
    discount_type: DiscountType
    value: Value = 0
    code: Code | None = None
    automatic: bool = False
    listed: bool = True
    combinable: bool = True
    active: bool = True
    minimum_order: Paise = 0
    maximum_discount: Paise | None = None
    product_ids: Ids = []
    category_ids: Ids = []
    store_ids: Ids = []
    segments: Annotated[list[Segment], Meta(max_length=6)] = []
    usage_limit: Count | None = None
    usage_limit_per_customer: Count | None = None
    buy_quantity: Few = 1
    get_quantity: Few = 1
    reward_points: Reward = 0
    starts_at: Moment
    ends_at: Moment | None = None


class FindCampaigns(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`all`: also those that customers are not shown; for head office."""

    all: bool = False


class ValidateCoupon(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What is in the cart, as far as it is to count."""

    store_id: Id | None = None
    subtotal: Paise | None = None
    product_ids: Annotated[list[Id], Meta(max_length=50)] = []


class NextTier(Out, frozen=True, kw_only=True):
    tier: Tier
    points_to_go: int


class Ending(Out, frozen=True, kw_only=True):
    points: int
    at: str


class MemberView(Out, frozen=True, kw_only=True):
    """`points` can be spent; `pending` will, when their orders are completed; `held` are taken for orders that wait for
    their payment; `debt` was taken back after it had been spent, and comes off what is earned next. `earned`: in the
    last twelve months, which is what the tier goes by. `pointValue` in paise."""

    customer_id: str
    points: int
    tier: Tier
    pending: int
    held: int
    debt: int
    earned: int
    next_tier: NextTier | None
    point_value: int
    endings: list[Ending]
    referral_code: str


class TransactionView(Out, frozen=True, kw_only=True):
    """`points` that could be spent more after it, or fewer; `pending` likewise. `balance`: what could be spent then."""

    number: int
    kind: Kind
    points: int
    pending: int
    balance: int
    order_id: str | None
    reason: str
    at: str


class TierView(Out, frozen=True, kw_only=True):
    """`threshold`: points in twelve months; `percent`: what an order earns of its points."""

    tier: Tier
    threshold: int
    percent: int


class TierChangeView(Out, frozen=True, kw_only=True):
    old: Tier
    new: Tier
    earned: int
    reason: str
    at: str


class CampaignView(Out, frozen=True, kw_only=True):
    id: str
    name: str
    type: CampaignType
    discount_type: DiscountType
    value: int
    code: str | None
    automatic: bool
    minimum_order: int
    maximum_discount: int | None
    product_ids: list[str]
    category_ids: list[str]
    store_ids: list[str]
    segments: list[Segment]
    usage_limit_per_customer: int | None
    buy_quantity: int
    get_quantity: int
    starts_at: str
    ends_at: str | None


class CampaignDefinition(CampaignView, frozen=True, kw_only=True):
    listed: bool
    combinable: bool
    active: bool
    usage_limit: int | None
    reward_points: int
    used: int


class CouponVerdict(Out, frozen=True, kw_only=True):
    """`reason` is the type of the refusal that an order would get. `discount`: paise, where the subtotal tells it."""

    valid: bool
    reason: str | None
    detail: str | None
    discount: int | None
    campaign: CampaignView


def draft_of(given: CampaignIn) -> CampaignDraft:
    fields = {name: getattr(given, name) for name in given.__struct_fields__}
    times = {
        "starts_at": from_datetime(given.starts_at),
        "ends_at": None if given.ends_at is None else from_datetime(given.ends_at),
    }
    return CampaignDraft(**(fields | times))


def member_view(standing: Standing, rules: list[TierRule], settings: LoyaltySettings) -> MemberView:
    member = standing.member
    above = next_rule(rules, member.tier)
    return MemberView(
        customer_id=member.customer_id,
        points=standing.available,
        tier=member.tier,
        pending=member.pending,
        held=member.held,
        debt=member.debt,
        earned=standing.earned,
        next_tier=None
        if above is None
        else NextTier(tier=above.tier, points_to_go=max(above.threshold - standing.earned, 0)),
        point_value=settings.point_value_paise,
        endings=[Ending(points=lot.remaining, at=to_rfc3339(lot.expires_at)) for lot in standing.lots[:ENDINGS_SHOWN]],
        referral_code=member.referral_code,
    )


def transaction_view(done: Transaction) -> TransactionView:
    return TransactionView(
        number=done.number,
        kind=done.kind,
        points=_change(done, "available"),
        pending=_change(done, "pending"),
        balance=done.balance,
        order_id=done.order_id,
        reason=done.reason,
        at=to_rfc3339(done.at),
    )


def tier_view(rule: TierRule) -> TierView:
    return TierView(tier=rule.tier, threshold=rule.threshold, percent=rule.percent)


def tier_change_view(change: TierChange) -> TierChangeView:
    return TierChangeView(
        old=change.old, new=change.new, earned=change.earned, reason=change.reason, at=to_rfc3339(change.at)
    )


def campaign_view(campaign: Campaign) -> CampaignView:
    return CampaignView(**_fields(campaign, CampaignView))


def definition_view(campaign: Campaign) -> CampaignDefinition:
    return CampaignDefinition(**_fields(campaign, CampaignDefinition))


def verdict_view(verdict: Verdict) -> CouponVerdict:
    refusal = verdict.refusal
    return CouponVerdict(
        valid=refusal is None,
        reason=None if refusal is None else refusal.type,
        detail=None if refusal is None else refusal.detail,
        discount=verdict.discount,
        campaign=campaign_view(verdict.campaign),
    )


def _fields(campaign: Campaign, view: type[CampaignView]) -> dict[str, Any]:
    draft = msgspec.structs.asdict(campaign.draft)
    given = draft | {
        "id": campaign.id,
        "used": campaign.used,
        "starts_at": to_rfc3339(campaign.draft.starts_at),
        "ends_at": None if campaign.draft.ends_at is None else to_rfc3339(campaign.draft.ends_at),
    }
    return {name: given[name] for name in view.__struct_fields__}


def _change(done: Transaction, account: str) -> int:
    return done.points * ((done.target == account) - (done.source == account))
