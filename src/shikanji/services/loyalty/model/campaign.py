"""Campaigns: what they take off an order, and why they do not."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shikanji.contracts.inventory import PricedLine
from shikanji.contracts.loyalty import CampaignType
from shikanji.kit.clock import from_rfc3339, to_rfc3339
from shikanji.kit.errors import Invalid, Problem
from shikanji.kit.money import shares
from shikanji.kit.web.fields import Id, Paise
from shikanji.services.loyalty.errors import (
    CouponBelowMinimum,
    CouponElsewhere,
    CouponNotForThis,
    CouponNotForYou,
    CouponNotYet,
    CouponOver,
)

DiscountType = Literal["percentage", "fixed", "free_delivery", "free_item"]
Segment = Literal["new", "returning", "bronze", "silver", "gold", "platinum"]
"""`new`: nothing ordered yet; a tier: its members."""

NAMES = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S", extra={"pattern": "more than blanks"})]
CODE_PATTERN = "^[A-Z0-9][A-Z0-9-]{2,31}$"
Code = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=32,
        pattern=CODE_PATTERN,
        extra={"form": "3 to 32 capital letters, digits and hyphens"},
    ),
]
Ids = Annotated[list[Id], Meta(max_length=200)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Few = Annotated[int, Meta(ge=1, le=20)]
PERCENT_MAX, BONUS_PERCENT_MAX = 100, 1_000
FIRST_TIME, LAST_TIME = from_rfc3339("2000-01-01T00:00:00Z"), from_rfc3339("3000-01-01T00:00:00Z")
"""A time at the edge of the calendar is none any more in another zone."""

DISCOUNTS: dict[CampaignType, tuple[DiscountType, ...]] = {
    "discount": ("percentage", "fixed", "free_item"),
    "bogo": ("percentage", "free_item"),
    "free_delivery": ("free_delivery",),
    "loyalty_bonus": ("percentage", "fixed"),
    "referral": ("percentage", "fixed"),
}
"""Which discounts a campaign of each type can have."""


class CampaignDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A campaign as head office writes it. `value`: percent, paise, or for a loyalty bonus points. Empty lists: all.
    Without a code it is `automatic`: it applies by itself; a referral's codes are its members' own. `usageLimit` null:
    any number. A bogo gives `getQuantity` for each `buyQuantity` paid for."""

    name: NAMES
    type: CampaignType
    discount_type: DiscountType
    value: Annotated[int, Meta(ge=0, le=10**9)] = 0
    code: Code | None = None
    automatic: bool = False
    listed: bool = True
    """Shown to customers."""
    combinable: bool = True
    """Counts beside others, as far as the stacking rules let it."""
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
    reward_points: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """What the member who brought a new customer gets."""
    starts_at: int
    ends_at: int | None = None

    @property
    def uses_each(self) -> int | None:
        """How often it counts for one customer: one comes for the first time once, however many orders wait then."""
        return 1 if self.type == "referral" else self.usage_limit_per_customer


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    draft: CampaignDraft
    used: int
    version: int
    created_at: int


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What is ordered, by whom; amounts in paise."""

    store_id: str
    lines: Sequence[PricedLine]
    delivery_fee: int
    segments: frozenset[Segment]
    at: int

    @property
    def subtotal(self) -> int:
        return sum(line.unit_price * line.quantity for line in self.lines)


class Benefit(msgspec.Struct, frozen=True, kw_only=True):
    """What one campaign gives this basket. `discounts`: paise off each line."""

    campaign: Campaign
    discounts: list[int]
    free_delivery: bool = False
    bonus_points: int = 0
    bonus_percent: int = 0
    worth: int = 0
    """Paise, to compare; points count for nothing."""

    @property
    def discount(self) -> int:
        return sum(self.discounts)


def check_draft(draft: CampaignDraft) -> None:
    """Raises Invalid, naming the field."""
    allowed = DISCOUNTS[draft.type]
    if draft.discount_type not in allowed:
        raise Invalid.field("discountType", f"a {draft.type} campaign has {' or '.join(allowed)}")
    if draft.automatic and draft.code is not None:
        raise Invalid.field("code", "an automatic campaign has none")
    if not draft.automatic and draft.code is None and draft.type != "referral":
        raise Invalid.field("code", "is needed where the campaign is not automatic")
    if draft.type == "referral" and (draft.automatic or draft.code is not None):
        raise Invalid.field("automatic", "a referral applies by the members' own codes")
    for field, at in (("startsAt", draft.starts_at), ("endsAt", draft.ends_at)):
        if at is not None and not FIRST_TIME <= at <= LAST_TIME:
            raise Invalid.field(field, "is from the year 2000 to 2999")
    if draft.ends_at is not None and draft.ends_at <= draft.starts_at:
        raise Invalid.field("endsAt", "is after startsAt")
    if draft.reward_points and draft.type != "referral":
        raise Invalid.field("rewardPoints", "belongs to a referral")
    if draft.maximum_discount is not None and draft.type in ("free_delivery", "loyalty_bonus"):
        raise Invalid.field("maximumDiscount", "belongs to a discount on goods")
    _check_value(draft)


def _check_value(draft: CampaignDraft) -> None:
    if draft.discount_type == "percentage":
        most = BONUS_PERCENT_MAX if draft.type == "loyalty_bonus" else PERCENT_MAX
        if not 1 <= draft.value <= most:
            raise Invalid.field("value", f"is a percentage from 1 to {most}")
    if draft.discount_type == "fixed" and draft.value < 1:
        raise Invalid.field("value", "is at least 1")
    if draft.discount_type == "free_item" and not (draft.product_ids or draft.category_ids):
        raise Invalid.field("productIds", "says which item is free")


def in_force(draft: CampaignDraft, at: int) -> bool:
    return draft.active and draft.starts_at <= at and (draft.ends_at is None or at < draft.ends_at)


def benefit(campaign: Campaign, basket: Basket) -> Benefit:
    """What it gives. Raises the reason why it does not, most general first."""
    refusal = refusal_of(campaign, basket)
    if refusal is not None:
        raise refusal
    return _given(campaign, basket)


def refusal_of(campaign: Campaign, basket: Basket) -> Problem | None:
    draft = campaign.draft
    if not draft.active or (draft.ends_at is not None and basket.at >= draft.ends_at):
        return CouponOver()
    if basket.at < draft.starts_at:
        return CouponNotYet(f"It counts from {to_rfc3339(draft.starts_at)} on.")
    if draft.store_ids and basket.store_id not in draft.store_ids:
        return CouponElsewhere()
    if draft.segments and not basket.segments & set(draft.segments):
        return CouponNotForYou(f"It is for customers who are {' or '.join(draft.segments)}.")
    if basket.subtotal < draft.minimum_order:
        return CouponBelowMinimum(f"It counts from {draft.minimum_order} paise on; this is {basket.subtotal}.")
    if not any(_eligible(draft, line) for line in basket.lines):
        return CouponNotForThis()
    given = _given(campaign, basket)
    if not (given.discount or given.free_delivery or given.bonus_points or given.bonus_percent):
        return CouponNotForThis()
    return None


def _given(campaign: Campaign, basket: Basket) -> Benefit:
    draft, none = campaign.draft, [0] * len(basket.lines)
    match draft.type:
        case "free_delivery":
            return Benefit(
                campaign=campaign,
                discounts=none,
                free_delivery=basket.delivery_fee > 0,
                worth=basket.delivery_fee,
            )
        case "loyalty_bonus":
            fixed = draft.discount_type == "fixed"
            return Benefit(
                campaign=campaign,
                discounts=none,
                bonus_points=draft.value if fixed else 0,
                bonus_percent=0 if fixed else draft.value,
            )
        case _:
            discounts = _discounts(draft, basket)
            return Benefit(campaign=campaign, discounts=discounts, worth=sum(discounts))


def _discounts(draft: CampaignDraft, basket: Basket) -> list[int]:
    """Paise off each line: never more than the line, in all never more than the maximum."""
    costs = [line.unit_price * line.quantity if _eligible(draft, line) else 0 for line in basket.lines]
    if draft.type == "bogo":
        exact = _free_units(draft, basket)
    elif draft.discount_type == "free_item":
        exact = _one_free(costs, basket)
    else:
        wanted = sum(costs) * draft.value // 100 if draft.discount_type == "percentage" else draft.value
        exact = shares(min(wanted, sum(costs)), costs)
    most = draft.maximum_discount
    return exact if most is None or sum(exact) <= most else shares(most, exact)


def _one_free(costs: list[int], basket: Basket) -> list[int]:
    """The cheapest of the items that can be free, once."""
    free = [0] * len(costs)
    there = [(line.unit_price, place) for place, line in enumerate(basket.lines) if costs[place]]
    if there:
        price, place = min(there)
        free[place] = price
    return free


def _free_units(draft: CampaignDraft, basket: Basket) -> list[int]:
    """Of each `buy + get` units the cheapest `get` cost less, over all eligible lines."""
    free = [0] * len(basket.lines)
    places = [place for place, line in enumerate(basket.lines) if _eligible(draft, line)]
    units = sum(basket.lines[place].quantity for place in places)
    left = units // (draft.buy_quantity + draft.get_quantity) * draft.get_quantity
    percent = draft.value if draft.discount_type == "percentage" else PERCENT_MAX
    for place in sorted(places, key=lambda place: (basket.lines[place].unit_price, place)):
        line = basket.lines[place]
        count = min(left, line.quantity)
        free[place] = count * line.unit_price * percent // 100
        left -= count
    return free


def _eligible(draft: CampaignDraft, line: PricedLine) -> bool:
    if not draft.product_ids and not draft.category_ids:
        return True
    return line.product_id in draft.product_ids or line.category_id in draft.category_ids
