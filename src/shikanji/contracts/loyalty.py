"""What the loyalty service tells and answers."""

from typing import ClassVar, Literal

import msgspec

from shikanji.contracts.inventory import PricedLine
from shikanji.kit.calls import Call
from shikanji.kit.events import Event

Tier = Literal["bronze", "silver", "gold", "platinum"]
EarnedFor = Literal["order", "campaign", "birthday", "referral", "adjustment", "manual"]
CampaignType = Literal["discount", "bogo", "free_delivery", "loyalty_bonus", "referral"]


class PointsEarned(Event, frozen=True, kw_only=True):
    """Points can be spent that could not before."""

    aggregate: ClassVar[str] = "customer_id"
    customer_id: str
    points: int
    balance: int
    """What can be spent now."""
    earned_for: EarnedFor
    order_id: str | None = None


class PointsRedeemed(Event, frozen=True, kw_only=True):
    """Points are gone: for an order that is to be made, or by hand."""

    aggregate: ClassVar[str] = "customer_id"
    customer_id: str
    points: int
    balance: int
    order_id: str | None = None


class TierUpgraded(Event, frozen=True, kw_only=True):
    aggregate: ClassVar[str] = "customer_id"
    customer_id: str
    old: Tier
    new: Tier
    earned: int
    """Points in the last twelve months."""


class CampaignApplied(Event, frozen=True, kw_only=True):
    """An order that is to be made has this campaign's benefit."""

    aggregate: ClassVar[str] = "order_id"
    order_id: str
    customer_id: str
    campaign_id: str
    type: CampaignType
    coupon_code: str | None
    """None: it applied by itself."""
    discount: int
    """Paise off the goods; what a free delivery saves is not in it."""


class PointsMoved(msgspec.Struct, frozen=True):
    balance: int
    """What can be spent now."""


class EarnPoints(Call[PointsMoved], frozen=True, kw_only=True):
    """`POST /api/v1/loyalty/earn` for services: points that count towards the tier, given once for `key`."""

    service: ClassVar[str] = "loyalty"
    returns: ClassVar[type] = PointsMoved
    customer_id: str
    points: int
    reason: str
    key: str
    by: str
    """The service that gives them."""


class RedeemPoints(Call[PointsMoved], frozen=True, kw_only=True):
    """`POST /api/v1/loyalty/redeem` for services: points spent other than for an order, once for `key`. Refusal:
    insufficient-points (409)."""

    service: ClassVar[str] = "loyalty"
    returns: ClassVar[type] = PointsMoved
    customer_id: str
    points: int
    reason: str
    key: str
    by: str
    """The service that spends them."""


class AppliedCampaign(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    campaign_id: str
    name: str
    code: str | None
    discount: int


class BenefitsHeld(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Amounts in paise. `discounts` by line id; what is not in it is 0."""

    held: bool
    """Whether anything was taken that must be given back when no order comes."""
    discounts: dict[str, int] = {}
    free_delivery: bool = False
    points: int = 0
    points_discount: int = 0
    coupon_code: str | None = None
    campaigns: list[AppliedCampaign] = []


class HoldBenefits(Call[BenefitsHeld], frozen=True, kw_only=True):
    """What comes off an order: its coupon, what applies by itself, and the customer's points; all of it is held, or
    nothing, under (order_id, attempt). Asking twice takes once. Refusals: coupon-… (why the code does not count),
    insufficient-points (409), too-many-points (422), benefits-released (409: the hold has ended, or a tombstone was
    first)."""

    service: ClassVar[str] = "loyalty"
    returns: ClassVar[type] = BenefitsHeld
    order_id: str
    attempt: int = 1
    customer_id: str
    store_id: str
    lines: list[PricedLine]
    delivery_fee: int
    coupon_code: str | None
    redeem_points: int
    at: int


class BenefitsRetaken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    held: bool


class RetakeBenefits(Call[BenefitsRetaken], frozen=True, kw_only=True):
    """The same benefits as under the attempts before, now under `attempt`: an order whose sums are frozen comes back.
    Refusals as of HoldBenefits, where a limit was reached or the points are gone."""

    service: ClassVar[str] = "loyalty"
    returns: ClassVar[type] = BenefitsRetaken
    order_id: str
    attempt: int


class BenefitsReleased(msgspec.Struct, frozen=True):
    released: bool


class ReleaseBenefits(Call[BenefitsReleased], frozen=True, kw_only=True):
    """Releases an untied hold; one that never came leaves a tombstone. Does nothing to a tied or spent one."""

    service: ClassVar[str] = "loyalty"
    returns: ClassVar[type] = BenefitsReleased
    order_id: str
    attempt: int = 1
